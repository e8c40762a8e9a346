//! Which guards have had something to say.
//!
//! A core that follows the protocol performs an action only where its guards hold. So that a guard held says no more
//! than that its action happened, and a run can be full of actions and never have met what a guard is there for. This
//! is the measure of it:
//!
//! > An action that happens *exercises* each of its guards, but for one that holds for want of what it speaks of.
//!
//! A guard that forbids something of a vote holds while there is no vote; one that compares with an entry holds while
//! there is no entry. Such a guard holds *vacuously*, whatever else it would say: what is wanting ([`Vacuity`], with
//! its relation) implies the guard. A guard without a vacuity demands that something be there, or compares what always
//! is, and every action exercises it.
//!
//! It is a set and no count. Where steps are remembered, each is looked at once however often it happens, so that a
//! count would tell how many different steps there were; whether there was one is what it is asked for.

use super::guards::{COUNTS, GUARDS, Guard};
use super::{Abstract, logs};
use quorate_core::{AbstractAction, Index, Term};

/// For want of what a guard holds, whatever it would say otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vacuity {
    /// The server has never entered a term.
    InNoTerm,
    /// The voter has not voted in the term.
    NoVote,
    /// The voter's log is empty.
    EmptyLog,
    /// The term has no leader.
    NoLeader,
    /// No entry precedes those that are taken.
    NothingBefore,
}

impl Vacuity {
    /// What is wanting, in words.
    pub const fn reading(self) -> &'static str {
        match self {
            Vacuity::InNoTerm => "the server has never entered a term",
            Vacuity::NoVote => "the voter has not voted in this term",
            Vacuity::EmptyLog => "the voter's log is empty",
            Vacuity::NoLeader => "the term has no leader",
            Vacuity::NothingBefore => "no entry precedes those taken",
        }
    }

    /// The same in the relations of the abstract protocol.
    pub const fn relation(self) -> &'static str {
        match self {
            Vacuity::InNoTerm => "(forall ((u term)) (not (left n u)))",
            Vacuity::NoVote => "(forall ((d node)) (not (voted n t d)))",
            Vacuity::EmptyLog => "(log_empty n)",
            Vacuity::NoLeader => "(not (started t))",
            Vacuity::NothingBefore => "(not hp)",
        }
    }
}

/// A set of guards, those that have been exercised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exercised(u64);

const _: () = assert!(GUARDS.len() <= 64, "a set of guards is 64 bits");

impl Exercised {
    /// Every guard.
    pub const ALL: Exercised = Exercised(u64::MAX >> (64 - GUARDS.len()));

    /// The set with these bits, those of the guards in the order of [`GUARDS`].
    pub const fn from_bits(bits: u64) -> Exercised {
        Exercised(bits & Exercised::ALL.0)
    }

    /// The bits of the set.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Adds the guards of another set.
    pub const fn add(&mut self, other: Exercised) {
        self.0 |= other.0;
    }

    /// The guards that have been exercised, in the order of [`GUARDS`].
    pub fn guards(self) -> impl Iterator<Item = &'static Guard> {
        let places = GUARDS.iter().enumerate();
        places.filter(move |(place, _)| self.0 & 1 << place != 0).map(|(_, guard)| guard)
    }

    /// The abstract actions that have happened. Each exercises a guard, for each has one without a vacuity.
    pub fn actions(self) -> impl Iterator<Item = &'static str> {
        let happened = move |name: &&str| self.guards().any(|guard| guard.action == *name);
        AbstractAction::NAMES.into_iter().filter(happened)
    }

    /// The abstract actions that never happened.
    pub fn idle_actions(self) -> impl Iterator<Item = &'static str> {
        let happened = move |name: &&str| self.guards().any(|guard| guard.action == *name);
        AbstractAction::NAMES.into_iter().filter(move |name| !happened(name))
    }

    /// The guards that were never exercised although their actions happened.
    pub fn silent_guards(self) -> impl Iterator<Item = &'static Guard> {
        let others = Exercised(Exercised::ALL.0 & !self.0).guards();
        others.filter(move |guard| self.actions().any(|name| name == guard.action))
    }
}

/// Where an abstract action stands in the list of their names.
pub const fn place_of(action: &AbstractAction) -> usize {
    match action {
        AbstractAction::BumpTerm { .. } => 0,
        AbstractAction::BecomeCandidate { .. } => 1,
        AbstractAction::GrantVote { .. } => 2,
        AbstractAction::BecomeLeader { .. } => 3,
        AbstractAction::LeaderAppend { .. } => 4,
        AbstractAction::Replicate { .. } => 5,
        AbstractAction::Commit { .. } => 6,
        AbstractAction::Apply { .. } => 7,
    }
}

impl<C> Abstract<C> {
    /// The guards that an action exercises if it happens in this state.
    pub fn exercised_by(&self, action: &AbstractAction) -> Exercised {
        let place = place_of(action);
        let first: usize = COUNTS[..place].iter().sum();
        let guards = GUARDS[first..first + COUNTS[place]].iter().zip(first..);
        let speaking = guards.filter(|(guard, _)| {
            guard.vacuity.is_none_or(|vacuity| !self.is_wanting(vacuity, action))
        });
        Exercised(speaking.fold(0, |bits, (_, place)| bits | 1 << place))
    }

    /// Whether what a guard of an action speaks of is not there.
    fn is_wanting(&self, vacuity: Vacuity, action: &AbstractAction) -> bool {
        let node = |server| self.nodes.get(&server);
        match (vacuity, *action) {
            (
                Vacuity::InNoTerm,
                AbstractAction::BumpTerm { server, .. }
                | AbstractAction::GrantVote { server, .. }
                | AbstractAction::Replicate { server, .. },
            ) => node(server).is_none_or(|node| node.term == Term::ZERO),
            (Vacuity::NoVote, AbstractAction::GrantVote { server, term, .. }) => {
                !self.voted.contains_key(&(term, server))
            }
            (Vacuity::EmptyLog, AbstractAction::GrantVote { server, .. }) => {
                node(server).is_none_or(|node| logs::last_index(&node.log) == Index::ZERO)
            }
            (Vacuity::NoLeader, AbstractAction::BecomeLeader { term, .. }) => {
                !self.leaders.contains_key(&term)
            }
            (Vacuity::NothingBefore, AbstractAction::Replicate { previous, .. }) => {
                previous == Index::ZERO
            }
            (vacuity, action) => unreachable!("no guard of {action:?} has the vacuity {vacuity:?}"),
        }
    }
}
