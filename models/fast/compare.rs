//! Whether the fast model reaches what the plain one reaches: the same states, not only as many.
//!
//! Every trick of the fast mode is a way to be wrong, and a count cannot tell: a state too few and one too
//! many make the same number. So both models are walked, every state of each is written as a whole cluster,
//! and the two sets are compared. What is compared is made of nothing that the fast mode relies on: a cluster
//! is renamed as a whole, not part by part, and the least hash of all ways to rename it stands for all that
//! differ in names alone.
//!
//! A set holds hashes of 128 bits, so that a model of millions of states fits; that two different states are
//! taken for one has odds below 10^-24 for as many.

use super::parts::hash128;
use super::{FastModel, Tricks};
use crate::symmetry::permutations;
use crate::{Bounds, PlainModel, PlainState, Spent, Stopper, Tracker};
use quorate_cluster::Cluster;
use quorate_core::{Renumber, ServerId};
use quorate_spec::Refinement;
use stateright::Model;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

/// How many states two models have that reach the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// What the fast model leaves out.
    pub tricks: Tricks,
    /// The states of the plain model.
    pub plain: usize,
    /// Those of the fast one: of the plain ones, without what the tricks drop, one for all that differ in names
    /// alone.
    pub fast: usize,
}

/// A state without names: the least hash of all ways to rename its servers, and how many different ways there
/// are.
struct Nameless {
    hash: u128,
    orbit: usize,
}

/// What a state is, in either model.
struct Whole<'a> {
    cluster: &'a Cluster,
    refinement: Option<&'a Refinement>,
    spent: Spent,
    is_violated: bool,
}

impl Whole<'_> {
    fn nameless(&self) -> Nameless {
        let ids: Vec<ServerId> = self.cluster.servers.iter().map(|s| s.state.id).collect();
        let hash_under = |order: Vec<ServerId>| {
            let names = |server: ServerId| order[usize::from(server.get()) - 1];
            let refinement = self.refinement.map(|beside| beside.renumber(&names));
            hash128(&(self.cluster.renumber(&names), refinement, self.spent, self.is_violated))
        };
        let hashes: BTreeSet<u128> = permutations(&ids).into_iter().map(hash_under).collect();
        let least = hashes.first().copied();
        Nameless { hash: least.expect("at least one way to name them"), orbit: hashes.len() }
    }
}

/// What a fast model reaches.
pub(super) struct Reached {
    /// For each state, whether the plain model reaches it too, as far as that has been walked.
    pub(super) states: BTreeMap<u128, bool>,
    /// The states in the orbits of these.
    pub(super) in_orbits: usize,
}

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// Walks every state, one for each fingerprint.
    pub(super) fn reached(&self) -> Result<Reached, String> {
        let mut reached = Reached { states: BTreeMap::new(), in_orbits: 0 };
        let mut prints: BTreeSet<u64> = BTreeSet::new();
        let mut open = self.init_states();
        while let Some(state) = open.pop() {
            if !prints.insert(state.fingerprint()) {
                continue;
            }
            let cluster = self.cluster_of(&state);
            let whole = Whole {
                cluster: &cluster,
                refinement: self.ghosts.get(state.ghost).ghost.refinement.as_ref(),
                spent: state.spent.plain(),
                is_violated: state.violated.is_some(),
            };
            let Nameless { hash, orbit } = whole.nameless();
            match reached.states.entry(hash) {
                Entry::Occupied(_) => {
                    return Err(format!("this state has two fingerprints:\n{cluster}"));
                }
                Entry::Vacant(entry) => entry.insert(false),
            };
            reached.in_orbits += orbit;
            open.extend(self.next_states(&state));
        }
        Ok(reached)
    }

    /// Notes that the plain model reaches a state.
    fn meet(&self, reached: &mut Reached, state: &PlainState) -> Result<(), String> {
        let PlainState { cluster, spent, refinement, violated } = state;
        let reduced = self.reduce(cluster, spent);
        let whole = Whole {
            cluster: &reduced,
            refinement: refinement.as_ref(),
            spent: *spent,
            is_violated: violated.is_some(),
        };
        match reached.states.get_mut(&whole.nameless().hash) {
            Some(is_met) => {
                *is_met = true;
                Ok(())
            }
            None => Err(format!("{:?}: the fast model misses\n{reduced}", self.tricks)),
        }
    }
}

/// Compares what fast models reach with what the plain model reaches within the same bounds.
///
/// # Errors
/// The first state that one reaches and the other does not, or that has two fingerprints.
pub fn compare<const N: usize, const P: usize>(
    bounds: Bounds,
    models: &[FastModel<N, P>],
) -> Result<Vec<Comparison>, String> {
    let mut all: Vec<Reached> = models.iter().map(FastModel::reached).collect::<Result<_, _>>()?;
    let model = PlainModel::new(bounds, None, Tracker::new(Stopper::default()));
    let mut seen: BTreeSet<u128> = BTreeSet::new();
    let mut open = model.init_states();
    while let Some(state) = open.pop() {
        if seen.insert(hash128(&state)) {
            let mut pairs = models.iter().zip(&mut all);
            pairs.try_for_each(|(model, reached)| model.meet(reached, &state))?;
            open.extend(model.next_states(&state));
        }
    }
    let judge = |(model, reached): (&FastModel<N, P>, &Reached)| {
        let comparison =
            Comparison { tricks: model.tricks, plain: seen.len(), fast: reached.states.len() };
        let unmet = reached.states.values().filter(|is_met| !**is_met).count();
        if unmet > 0 {
            return Err(format!(
                "{comparison:?}: {unmet} states that the plain model never reaches"
            ));
        }
        // If nothing is dropped, each plain state is one of those that differ from a fast one in names alone.
        if model.tricks == Tricks::NONE && reached.in_orbits != seen.len() {
            return Err(format!("{comparison:?}: {} states in the orbits", reached.in_orbits));
        }
        Ok(comparison)
    };
    models.iter().zip(&all).map(judge).collect()
}
