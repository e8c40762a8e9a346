//! The search for an order that explains one part of a history.
//!
//! Depth first along the events, placing an operation only when it must be: when it completes and has not
//! been placed ("just in time" \[Lowe17\]). Then any sequence of open operations that ends with it may be
//! placed; shorter ones are tried first, since what is placed without need may be missing later.

use super::configuration::{Configuration, Slots, States, Visited};
use super::object::Object;
use super::timeline::{Event, Timeline};
use std::collections::VecDeque;

/// How a search ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// This order explains the part.
    Explained(Vec<u32>),
    /// No order does.
    Unexplained(Stuck),
    /// So many placements have been tried, and there are more.
    GaveUp,
}

/// How far a search without success came.
#[derive(Debug)]
pub(super) struct Stuck {
    /// The longest order found: it explains all operations that completed before `forced`.
    pub(super) order: Vec<u32>,
    /// The operation that cannot be placed by the time it completes.
    pub(super) forced: u32,
    /// The other operations that were open then and are not in the order.
    pub(super) open: Vec<u32>,
    /// The state that the order leads to.
    pub(super) state: String,
}

/// An operation that was placed after another.
struct Placement {
    op: u32,
    after: Option<usize>,
}

/// Where an operation must be placed, and the configurations from which it has not been.
struct Choice {
    /// The place of its completion.
    place: usize,
    /// The operation.
    forced: u32,
    /// Configurations in which it has not been placed, and how many candidates have been tried in each; those
    /// with fewer other operations first.
    queue: VecDeque<(Configuration, usize)>,
    /// What may be placed before it, and how many of these, the first, must be; found out when it is
    /// first needed.
    candidates: Option<(Vec<u32>, usize)>,
}

/// What comes after a configuration.
enum Reached {
    /// The end: every operation of known outcome is placed.
    End,
    /// An operation that must be placed.
    Forced(usize, u32),
}

/// The operations that are open at one place in the events.
struct Open {
    place: usize,
    known: Vec<Option<u32>>,
    unknown: Vec<Option<u32>>,
}

pub(super) struct Search<'a, O: Object> {
    timeline: &'a Timeline<'a, O>,
    open: Open,
    states: States<O::State>,
    visited: Visited,
    placements: Vec<Placement>,
    /// How many placements may still be tried.
    budget: u64,
}

impl<'a, O: Object> Search<'a, O> {
    pub(super) fn new(timeline: &'a Timeline<'a, O>, budget: u64) -> Search<'a, O> {
        let (known, unknown) = timeline.widths;
        Search {
            timeline,
            open: Open { place: 0, known: vec![None; known], unknown: vec![None; unknown] },
            states: States::new(),
            visited: Visited::default(),
            placements: Vec::new(),
            budget,
        }
    }

    /// Searches from a state.
    pub(super) fn run(mut self, initial: O::State) -> Ending {
        let (known, unknown) = self.timeline.widths;
        let mut next = Some((
            0,
            Configuration {
                state: self.states.number(initial),
                known: Slots::empty(known),
                unknown: Slots::empty(unknown),
                last: None,
            },
        ));
        let mut choices: Vec<Choice> = Vec::new();
        let mut furthest: Option<(usize, u32, Configuration)> = None;
        loop {
            if let Some((place, mut configuration)) = next.take() {
                match self.advance(place, &mut configuration) {
                    Reached::End => return Ending::Explained(self.order(configuration.last)),
                    Reached::Forced(place, forced) => {
                        if furthest.as_ref().is_none_or(|(known, _, _)| *known < place) {
                            furthest = Some((place, forced, configuration.clone()));
                        }
                        if self.visited.visit(place, &configuration) {
                            let queue = VecDeque::from([(configuration, 0)]);
                            choices.push(Choice { place, forced, queue, candidates: None });
                        }
                    }
                }
            }
            let Some(choice) = choices.last_mut() else { break };
            next = self.choose(choice).map(|configuration| (choice.place, configuration));
            if self.budget == 0 {
                return Ending::GaveUp;
            }
            if next.is_none() {
                choices.pop();
            }
        }
        let (place, forced, configuration) = furthest.expect("without a choice the end is reached");
        Ending::Unexplained(self.stuck(place, forced, &configuration))
    }

    /// Follows the events until an operation completes that has not been placed.
    fn advance(&mut self, place: usize, configuration: &mut Configuration) -> Reached {
        self.open.seek(self.timeline, place);
        while let Some(event) = self.timeline.events.get(self.open.place) {
            match *event {
                Event::Invoke(op) => self.place_if_free(configuration, op),
                Event::Complete(op) => {
                    let slot = self.timeline.slots[op as usize];
                    if !configuration.known.contains(slot) {
                        return Reached::Forced(self.open.place, op);
                    }
                    configuration.known.remove(slot);
                }
                Event::Retire(op) => configuration.unknown.remove(self.timeline.slots[op as usize]),
            }
            self.open.seek(self.timeline, self.open.place + 1);
        }
        Reached::End
    }

    /// The next configuration in which the operation of a choice has been placed.
    fn choose(&mut self, choice: &mut Choice) -> Option<Configuration> {
        self.open.seek(self.timeline, choice.place);
        let slot = self.timeline.slots[choice.forced as usize];
        let forced_answer = self.timeline.answer(choice.forced)?;
        let forced_op = &self.timeline.operations[choice.forced as usize].op;
        while let Some((configuration, tried)) = choice.queue.pop_front() {
            let Some((op, is_required)) = self.candidate(choice, &configuration, tried) else {
                continue;
            };
            if self.budget == 0 {
                return None;
            }
            self.budget -= 1;
            let child = self.place(&configuration, op);
            choice.queue.push_front((configuration, tried + 1));
            let Some(child) = child else { continue };
            if child.known.contains(slot) {
                return Some(child);
            }
            let is_possible = O::reaches(self.states.get(child.state), forced_op, forced_answer);
            if is_possible && self.visited.visit(choice.place, &child) {
                // What must come before in any case is no detour.
                if is_required {
                    choice.queue.push_front((child, 0));
                } else {
                    choice.queue.push_back((child, 0));
                }
            }
        }
        None
    }

    /// What to try in a choice after so many candidates, and whether it must come before in any case. First
    /// the operation that must be placed.
    fn candidate(
        &self,
        choice: &mut Choice,
        configuration: &Configuration,
        tried: usize,
    ) -> Option<(u32, bool)> {
        let Some(tried) = tried.checked_sub(1) else { return Some((choice.forced, false)) };
        let (candidates, required) =
            choice.candidates.get_or_insert_with(|| self.candidates(choice.forced, configuration));
        candidates.get(tried).map(|op| (*op, tried < *required))
    }

    /// The other operations to try where one must be placed, and how many of them must come before it. These
    /// are the first; then come those that complete soon before those that complete late, and those of unknown
    /// outcome last.
    ///
    /// Operations without a common key commute. So if an order continues from here, whatever it
    /// places before the forced operation can be moved behind it, unless it has a key in common with that, or
    /// with something else that is not moved. Only what keys join to the forced operation is a candidate.
    fn candidates(&self, forced: u32, configuration: &Configuration) -> (Vec<u32>, usize) {
        let open = || self.open.known.iter().chain(&self.open.unknown).flatten().copied();
        let mut rest: Vec<u32> =
            open().filter(|op| *op != forced && !self.is_placed(configuration, *op)).collect();
        let joined = |a: u32, b: u32| {
            let (a, b) = (&self.timeline.keys[a as usize], &self.timeline.keys[b as usize]);
            a.iter().any(|key| b.contains(key))
        };
        let before = |a: u32, b: u32| self.timeline.before[b as usize].contains(&a);
        let required = closure(forced, &mut rest.clone(), before);
        let mut others = closure(forced, &mut rest, joined);
        others.retain(|op| !required.contains(op));
        let is_unknown = |op: &u32| !self.timeline.is_known(*op);
        others.sort_by_key(|op| (is_unknown(op), self.timeline.ends[*op as usize]));
        let how_many = required.len();
        (required.into_iter().chain(others).collect(), how_many)
    }

    /// Places an operation, and whatever is free then. Nothing if it was placed already, or its answer is
    /// not what the state gives.
    fn place(&mut self, configuration: &Configuration, op: u32) -> Option<Configuration> {
        let answer = self.timeline.answer(op);
        if self.is_placed(configuration, op) {
            return None;
        }
        // What must come before it must have been placed.
        let is_missing = |earlier: &u32| {
            let is_open = self.is_open(*earlier);
            let is_to_come = self.timeline.begins[*earlier as usize] >= self.open.place;
            is_to_come || (is_open && !self.is_placed(configuration, *earlier))
        };
        if self.timeline.before[op as usize].iter().any(is_missing) {
            return None;
        }
        let state = self.states.get(configuration.state);
        let (next, given) = O::apply(state, &self.timeline.operations[op as usize].op);
        if answer.is_some_and(|answer| *answer != given) {
            return None;
        }
        let mut child = configuration.clone();
        self.note(&mut child, op);
        if let Some(next) = next {
            child.state = self.states.number(next);
            for slot in 0..self.open.known.len() {
                if let Some(op) = self.open.known[slot].filter(|_| !child.known.contains(slot)) {
                    self.place_if_free(&mut child, op);
                }
            }
        }
        Some(child)
    }

    /// Whether an open operation has been placed.
    fn is_placed(&self, configuration: &Configuration, op: u32) -> bool {
        let Configuration { known, unknown, .. } = configuration;
        let placed = if self.timeline.is_known(op) { known } else { unknown };
        placed.contains(self.timeline.slots[op as usize])
    }

    fn is_open(&self, op: u32) -> bool {
        let open = if self.timeline.is_known(op) { &self.open.known } else { &self.open.unknown };
        open[self.timeline.slots[op as usize]] == Some(op)
    }

    /// Places an operation that changes nothing, wherever it stands, if it has its answer in this state:
    /// nothing can be lost by that.
    fn place_if_free(&mut self, configuration: &mut Configuration, op: u32) {
        let Some(answer) = self.timeline.answer(op) else { return };
        if !self.timeline.is_free[op as usize] {
            return;
        }
        let operation = self.timeline.operations[op as usize];
        let (_, given) = O::apply(self.states.get(configuration.state), &operation.op);
        if *answer == given {
            self.note(configuration, op);
        }
    }

    fn note(&mut self, configuration: &mut Configuration, op: u32) {
        let slot = self.timeline.slots[op as usize];
        let set = if self.timeline.is_known(op) {
            &mut configuration.known
        } else {
            &mut configuration.unknown
        };
        set.insert(slot);
        self.placements.push(Placement { op, after: configuration.last });
        configuration.last = Some(self.placements.len() - 1);
    }

    /// The operations placed up to one of them, the first first.
    fn order(&self, mut last: Option<usize>) -> Vec<u32> {
        let mut order = Vec::new();
        while let Some(place) = last {
            let Placement { op, after } = self.placements[place];
            order.push(op);
            last = after;
        }
        order.reverse();
        order
    }

    fn stuck(mut self, place: usize, forced: u32, configuration: &Configuration) -> Stuck {
        self.open.seek(self.timeline, place);
        let open = self.open.known.iter().chain(&self.open.unknown).flatten().copied();
        Stuck {
            order: self.order(configuration.last),
            forced,
            open: open.filter(|op| *op != forced && !self.is_placed(configuration, *op)).collect(),
            state: self.states.get(configuration.state).to_string(),
        }
    }
}

impl Open {
    /// Moves to a place in the events: afterwards everything is open that is so just before the event there.
    fn seek<O: Object>(&mut self, timeline: &Timeline<'_, O>, place: usize) {
        while self.place < place {
            let event = timeline.events[self.place];
            self.place += 1;
            match event {
                Event::Invoke(op) => *self.of(timeline, op) = Some(op),
                Event::Complete(op) | Event::Retire(op) => *self.of(timeline, op) = None,
            }
        }
        while self.place > place {
            self.place -= 1;
            match timeline.events[self.place] {
                Event::Invoke(op) => *self.of(timeline, op) = None,
                Event::Complete(op) | Event::Retire(op) => *self.of(timeline, op) = Some(op),
            }
        }
    }

    fn of<O: Object>(&mut self, timeline: &Timeline<'_, O>, op: u32) -> &mut Option<u32> {
        let slots = if timeline.is_known(op) { &mut self.known } else { &mut self.unknown };
        &mut slots[timeline.slots[op as usize]]
    }
}

/// Moves from `rest` whatever is related to the first, or to something moved, and returns it.
fn closure(first: u32, rest: &mut Vec<u32>, is_related: impl Fn(u32, u32) -> bool) -> Vec<u32> {
    let mut moved = Vec::new();
    let mut latest = vec![first];
    while let Some(to) = latest.pop() {
        let found: Vec<u32> = rest.extract_if(.., |op| is_related(*op, to)).collect();
        latest.extend(&found);
        moved.extend(found);
    }
    moved
}
