//! What has happened in several runs together, of everything that can.
//!
//! One run says of itself what never happened in it. Most runs are not meant to show everything: a model without reads
//! reads nothing, and chance seldom overwrites what a majority holds. What matters is what *no* run has shown, for all
//! that is claimed of it is claimed of nothing. So what happened is merged over the runs that are named, whether checks
//! or simulations, and what is missing in all of them together is said.
//!
//! Four kinds of things can happen: actions of the closed system, actions of the abstract protocol, its guards, which
//! are *exercised* ([`quorate_spec::Exercised`] says what that means), and reachability witnesses. The last are seen by
//! every run, the second and third by those alone whose steps are compared with the abstract protocol.
//!
//! # What may be missing
//! A few things happen in no run of a core that follows the protocol, or are no part of it. [`EXPLAINED`] lists each
//! with its reason. A test merges some small runs and demands everything else; it fails too when one of these does
//! happen, for then the reason is wrong.
//!
//! # What is not merged
//! A run that ends in a violation: what happened there, no protocol did. Inductive checks: they begin in states that no
//! run need reach, so what happens in them says nothing of what is reached.

use crate::simulation::{Checks, Summary};
use crate::{Report, Verdict};
use quorate_cluster::ActionKind;
use quorate_core::AbstractAction;
use quorate_spec::{Exercised, GUARDS, WITNESSES, witnesses};
use std::collections::BTreeSet;

/// The kinds of things that can happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// An action of the closed system.
    Action,
    /// An action of the abstract protocol.
    Abstract,
    /// A guard of such an action, which is exercised.
    Guard,
    /// A reachability witness.
    Witness,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Action, Kind::Abstract, Kind::Guard, Kind::Witness];

    /// What things of this kind are called.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Action => "actions",
            Kind::Abstract => "abstract",
            Kind::Guard => "guards",
            Kind::Witness => "witnesses",
        }
    }

    /// Everything of this kind.
    pub fn items(self) -> Vec<Item> {
        let names: Vec<&'static str> = match self {
            Kind::Action => ActionKind::all().map(ActionKind::name).collect(),
            Kind::Abstract => AbstractAction::NAMES.to_vec(),
            Kind::Guard => GUARDS.iter().map(|guard| guard.full_name).collect(),
            Kind::Witness => WITNESSES.iter().map(|witness| witness.name).collect(),
        };
        names.into_iter().map(|name| Item { kind: self, name }).collect()
    }
}

/// Something that can happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Item {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its name, by which no other kind has anything.
    pub name: &'static str,
}

impl Item {
    /// The reason for which it need not happen, if there is one.
    pub fn explanation(&self) -> Option<&'static str> {
        EXPLAINED.iter().find(|(name, _)| *name == self.name).map(|(_, reason)| *reason)
    }
}

/// What need not happen anywhere, and why.
pub const EXPLAINED: &[(&str, &str)] = &[
    (
        "wipe",
        "a disk that loses everything breaks the protocol, as it must; no run that must hold has one",
    ),
    (
        "grant_vote.vote_is_free",
        "a vote is written once; whoever asks again is answered from what is durable, and what a crash lost was no vote",
    ),
    (
        "become_leader.not_leader_yet",
        "a server becomes leader of a term once, and a second one of the same term would violate ElectionSafety",
    ),
];

/// What has happened, in one run or in several.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// How many runs.
    pub runs: u64,
    /// In how many of them steps were compared with the abstract protocol.
    pub compared: u64,
    happened: BTreeSet<Item>,
}

impl Coverage {
    /// So many runs, some of them compared with the abstract protocol, in which nothing has happened.
    pub const fn of_nothing(runs: u64, compared: u64) -> Coverage {
        Coverage { runs, compared, happened: BTreeSet::new() }
    }

    /// What happened in a check, unless it found a violation.
    pub fn of_check(report: &Report) -> Option<Coverage> {
        let actions = ActionKind::all().filter(|kind| report.fired[*kind as usize] > 0);
        let coverage = Coverage::of_run(actions, &report.reached, report.exercised);
        (!matches!(report.verdict, Verdict::Violated(_))).then_some(coverage)
    }

    /// What happened in the episodes of a simulation that ended well.
    pub fn of_simulation(summary: &Summary, checks: Checks) -> Coverage {
        let actions = ActionKind::all().filter(|kind| summary.fired[*kind as usize] > 0);
        let reached: Vec<&str> =
            witnesses::in_set(summary.witnesses).map(|witness| witness.name).collect();
        Coverage::of_run(actions, &reached, checks.refine().then_some(summary.exercised))
    }

    fn of_run(
        actions: impl Iterator<Item = ActionKind>,
        reached: &[&'static str],
        exercised: Option<Exercised>,
    ) -> Coverage {
        let mut coverage = Coverage::of_nothing(1, u64::from(exercised.is_some()));
        let exercised = exercised.unwrap_or_default();
        coverage.note_all(Kind::Action, actions.map(ActionKind::name));
        coverage.note_all(Kind::Abstract, exercised.actions());
        coverage.note_all(Kind::Guard, exercised.guards().map(|guard| guard.full_name));
        coverage.note_all(Kind::Witness, reached.iter().copied());
        coverage
    }

    fn note_all(&mut self, kind: Kind, names: impl Iterator<Item = &'static str>) {
        self.happened.extend(names.map(|name| Item { kind, name }));
    }

    /// Notes that something has happened.
    pub fn note(&mut self, item: Item) {
        self.happened.insert(item);
    }

    /// Adds what happened in other runs.
    pub fn add(&mut self, other: &Coverage) {
        self.runs += other.runs;
        self.compared += other.compared;
        self.happened.extend(&other.happened);
    }

    /// What has happened of a kind.
    pub fn happened(&self, kind: Kind) -> Vec<Item> {
        kind.items().into_iter().filter(|item| self.happened.contains(item)).collect()
    }

    /// What has not happened of a kind.
    pub fn never(&self, kind: Kind) -> Vec<Item> {
        kind.items().into_iter().filter(|item| !self.happened.contains(item)).collect()
    }

    /// What has not happened, of any kind, although no reason is known why it need not. An abstract action that never
    /// happened is named once, and not with each of its guards.
    pub fn missing(&self) -> Vec<Item> {
        let idle = self.never(Kind::Abstract);
        let is_of_idle = |item: &Item| {
            let action = item.name.split_once('.').map(|(action, _)| action);
            item.kind == Kind::Guard && idle.iter().any(|idle| Some(idle.name) == action)
        };
        let never = Kind::ALL.into_iter().flat_map(|kind| self.never(kind));
        never.filter(|item| item.explanation().is_none() && !is_of_idle(item)).collect()
    }

    /// What has not happened and need not, with the reason.
    pub fn explained(&self) -> Vec<(Item, &'static str)> {
        let never = Kind::ALL.into_iter().flat_map(|kind| self.never(kind));
        never.filter_map(|item| Some((item, item.explanation()?))).collect()
    }
}

#[cfg(test)]
mod tests;
