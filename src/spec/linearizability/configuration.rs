//! Configurations: how far a search has come, small enough to be remembered.
//!
//! A configuration is a place in the sequence of events, the open operations that have been placed already,
//! and the state. Operations that are not open need no mention: before the place those with known outcomes
//! have all been placed, and after it none. So a configuration takes a bit for each operation that is open
//! at the same time, not one for each operation of the history.
//!
//! # What is remembered
//! Two configurations at the same place, with the same state and the same placed operations of known
//! outcome, may differ in which operations of unknown outcome they have placed. Whatever continues the one
//! that has placed more also continues the one that has placed fewer of them, for nothing need be placed
//! that has no outcome. So one that has placed a superset of what a visited one has placed need not be
//! visited.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use std::hash::Hash;
use std::rc::Rc;

/// A set of slots.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Slots(SmallVec<[u64; 2]>);

impl Slots {
    /// The empty set, with room for so many slots.
    pub(super) fn empty(width: usize) -> Slots {
        Slots(smallvec![0; width.div_ceil(64)])
    }

    pub(super) fn contains(&self, slot: usize) -> bool {
        self.0[slot / 64] >> (slot % 64) & 1 == 1
    }

    pub(super) fn insert(&mut self, slot: usize) {
        self.0[slot / 64] |= 1 << (slot % 64);
    }

    pub(super) fn remove(&mut self, slot: usize) {
        self.0[slot / 64] &= !(1 << (slot % 64));
    }

    fn is_subset(&self, other: &Slots) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, others)| mine & !others == 0)
    }
}

/// A configuration, without its place.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    /// The number of the state.
    pub(super) state: usize,
    /// Which open operations of known outcome have been placed.
    pub(super) known: Slots,
    /// Which open operations of unknown outcome have been placed.
    pub(super) unknown: Slots,
    /// The last operation that was placed: where it stands among all placements ever tried.
    pub(super) last: Option<usize>,
}

/// States as numbers: equal ones have the same.
pub(super) struct States<S> {
    numbers: FxHashMap<Rc<S>, usize>,
    states: Vec<Rc<S>>,
}

impl<S: Eq + Hash> States<S> {
    pub(super) fn new() -> States<S> {
        States { numbers: FxHashMap::default(), states: Vec::new() }
    }

    /// The number of a state.
    pub(super) fn number(&mut self, state: S) -> usize {
        if let Some(number) = self.numbers.get(&state) {
            return *number;
        }
        let (number, state) = (self.states.len(), Rc::new(state));
        self.states.push(Rc::clone(&state));
        self.numbers.insert(state, number);
        number
    }

    /// The state with a number.
    pub(super) fn get(&self, number: usize) -> &S {
        &self.states[number]
    }
}

/// Place, state, and placed operations of known outcome.
type Known = (usize, usize, Slots);

/// The configurations that have been visited.
#[derive(Default)]
pub(super) struct Visited {
    /// For each the least sets of operations of unknown outcome. Only looked up, never iterated.
    least: FxHashMap<Known, SmallVec<[Slots; 1]>>,
}

impl Visited {
    /// Notes a visit; whether it is worth while.
    pub(super) fn visit(&mut self, place: usize, configuration: &Configuration) -> bool {
        let Configuration { state, known, unknown, last: _ } = configuration;
        let least = self.least.entry((place, *state, known.clone())).or_default();
        if least.iter().any(|visited| visited.is_subset(unknown)) {
            return false;
        }
        least.retain(|visited| !unknown.is_subset(visited));
        least.push(unknown.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Configuration, Slots, States, Visited};

    fn slots(members: &[usize]) -> Slots {
        let mut slots = Slots::empty(130);
        members.iter().for_each(|slot| slots.insert(*slot));
        slots
    }

    #[test]
    fn sets_of_slots_are_sets() {
        let mut set = slots(&[0, 63, 64, 129]);
        set.remove(64);
        let members: Vec<usize> = (0..130).filter(|slot| set.contains(*slot)).collect();
        assert_eq!(members, [0, 63, 129]);
        assert!(slots(&[63]).is_subset(&set) && slots(&[]).is_subset(&set));
        assert!(!slots(&[64]).is_subset(&set) && !set.is_subset(&slots(&[63])));
        assert_eq!(slots(&[]), {
            set.remove(0);
            set.remove(63);
            set.remove(129);
            set
        });
    }

    #[test]
    fn equal_states_have_one_number() {
        let mut states = States::new();
        assert_eq!(["a", "b", "a"].map(|state| states.number(state)), [0, 1, 0]);
        assert_eq!(*states.get(1), "b");
    }

    #[test]
    fn only_a_visit_with_no_less_placed_is_in_vain() {
        let mut visited = Visited::default();
        let mut visit = |place, state, known: &[usize], unknown: &[usize]| {
            let (known, unknown) = (slots(known), slots(unknown));
            visited.visit(place, &Configuration { state, known, unknown, last: None })
        };
        assert!(visit(1, 0, &[3], &[1, 2]));
        assert!(!visit(1, 0, &[3], &[1, 2, 64]), "places more without an outcome");
        assert!(!visit(1, 0, &[3], &[1, 2]), "the same");
        assert!(visit(1, 0, &[3], &[1]), "places less");
        assert!(visit(1, 0, &[3], &[2]), "places something else");
        assert!(visit(1, 0, &[3, 4], &[1]) && visit(1, 0, &[], &[1]), "another obligation");
        assert!(visit(2, 0, &[3], &[1]) && visit(1, 1, &[3], &[1]), "elsewhere");
        assert!(!visit(1, 0, &[3], &[1, 2]), "still remembered");
        assert!(
            !visit(1, 0, &[3], &[1]) && !visit(1, 0, &[3], &[2]),
            "neither in place of the other"
        );
    }
}
