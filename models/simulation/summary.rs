//! What a simulation did.

use quorate_cluster::{ActionKind, Cluster, Happening};
use quorate_core::{AbstractAction, Event};
use quorate_spec::{Exercised, place_of};

/// What a simulation did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// How many actions happened.
    pub actions: u64,
    /// How many episodes.
    pub episodes: u64,
    /// How often actions of each kind happened, in the order of their declaration.
    pub fired: [u64; ActionKind::COUNT],
    /// How often the actions of the abstract protocol happened, in the order of [`AbstractAction::NAMES`].
    pub performed: [u64; AbstractAction::NAMES.len()],
    /// The guards that were exercised: none, where only steps are checked.
    pub exercised: Exercised,
    /// Which reachability witnesses were seen, as bits in the order of their list.
    pub witnesses: u64,
    /// The greatest term.
    pub greatest_term: u64,
    /// How many requests of clients were answered: commands that were appended, and reads.
    pub answered: u64,
    /// Of how many the outcome stayed unknown.
    pub unknown: u64,
    /// How many entries were committed.
    pub committed: u64,
    /// The greatest number of rounds that a recovery took.
    pub recovery_rounds: u64,
}

impl Summary {
    /// Adds what another part of the simulation did.
    pub fn add(&mut self, other: &Summary) {
        self.actions += other.actions;
        self.episodes += other.episodes;
        add_each(&mut self.fired, &other.fired);
        add_each(&mut self.performed, &other.performed);
        self.exercised.add(other.exercised);
        self.witnesses |= other.witnesses;
        self.greatest_term = self.greatest_term.max(other.greatest_term);
        self.answered += other.answered;
        self.unknown += other.unknown;
        self.committed += other.committed;
        self.recovery_rounds = self.recovery_rounds.max(other.recovery_rounds);
    }

    /// Notes that an action happened.
    pub(super) fn note(&mut self, kind: ActionKind, happening: &Happening) {
        self.actions += 1;
        self.fired[kind as usize] += 1;
        let events = happening.step.iter().flat_map(|step| &step.effects.events);
        let performed = events.filter_map(|event| match event {
            Event::Performed(action) => Some(action),
            _ => None,
        });
        for action in happening.synced.iter().chain(performed) {
            self.performed[place_of(action)] += 1;
        }
    }

    /// Notes where an episode has come to.
    pub(super) fn note_end(&mut self, cluster: &Cluster) {
        self.episodes += 1;
        self.committed += cluster.history.committed.len() as u64;
        let terms = cluster.servers.iter().map(|server| server.state.current_term.0);
        self.greatest_term = self.greatest_term.max(terms.max().unwrap_or(0));
    }
}

fn add_each(ours: &mut [u64], others: &[u64]) {
    for (our, other) in ours.iter_mut().zip(others) {
        *our += other;
    }
}
