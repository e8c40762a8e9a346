//! What was looked at.

use super::case::{Case, TurnedAway};
use super::signs::SIGNS;
use super::step::{Looked, STEPS, place};
use crate::symmetry::permutations;
use quorate_cluster::Action;
use quorate_core::{AbstractAction, Event, Renumber, Role, ServerId};
use quorate_spec::{Exercised, place_of};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The greatest number in the tables of how many states have how many of something; more count as so many.
pub const MOST: usize = 6;

/// How many states have none, one, two, ... of something.
pub type Table = [u64; MOST + 1];

/// What was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// How many states were made up.
    pub made: u64,
    /// How many of them did not satisfy the invariant, or did where it should be broken.
    pub not_invariant: u64,
    /// How many of them were not coupled.
    pub not_coupled: u64,
    /// How many of them were looked at.
    pub states: u64,
    /// Which of them were different, whatever the servers' names: of each a fingerprint, and the [`SIGNS`] that
    /// it shows, as bits in their order.
    pub distinct: BTreeMap<u64, u32>,
    /// How many steps of each kind, in the order of [`STEPS`].
    pub steps: [u64; STEPS.len()],
    /// How many steps of each kind changed a server.
    pub changed: [u64; STEPS.len()],
    /// How often each action of the abstract protocol was performed, in the order of [`AbstractAction::NAMES`].
    pub performed: [u64; AbstractAction::NAMES.len()],
    /// The guards that were exercised.
    pub exercised: Exercised,
    /// How many states have how many terms with a leader.
    pub leaders: Table,
    /// How many states have a longest log of which length.
    pub lengths: Table,
    /// How many states have how many chosen entries.
    pub chosen: Table,
    /// How many states have how many unfinished writes.
    pub unfinished: Table,
    /// How many servers were followers, candidates and leaders.
    pub roles: [u64; 3],
    /// How many states have servers that lead at the same time.
    pub two_leaders: u64,
    /// How many states have servers with different logs.
    pub different_logs: u64,
    /// How many messages were true, in all states together.
    pub messages: u64,
}

impl Summary {
    /// How many steps were taken.
    pub fn all_steps(&self) -> u64 {
        self.steps.iter().sum()
    }

    /// How many of the different states show a sign that no run leads there.
    pub fn unreachable(&self) -> usize {
        self.distinct.values().filter(|shown| **shown != 0).count()
    }

    /// How many of the different states show each sign.
    pub fn shown(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        (0..).zip(SIGNS).map(|(place, sign)| {
            (sign.name, self.distinct.values().filter(|shown| **shown & 1 << place != 0).count())
        })
    }

    /// The kinds of steps and of abstract actions that never happened, and the kinds of steps that never changed
    /// anything.
    pub fn never(&self) -> Vec<String> {
        let steps = STEPS.iter().zip(self.steps.iter().zip(self.changed));
        let steps = steps.filter_map(|(name, (steps, changed))| match (steps, changed) {
            (0, _) => Some((*name).to_owned()),
            (_, 0) => Some(format!("{name} with an effect")),
            _ => None,
        });
        let performed = AbstractAction::NAMES.iter().zip(self.performed);
        let performed =
            performed.filter(|(_, times)| *times == 0).map(|(name, _)| (*name).to_owned());
        steps.chain(performed).collect()
    }

    /// Adds what another thread looked at.
    pub(super) fn add(&mut self, other: Summary) {
        self.made += other.made;
        self.not_invariant += other.not_invariant;
        self.not_coupled += other.not_coupled;
        self.states += other.states;
        self.distinct.extend(other.distinct);
        add_each(&mut self.steps, &other.steps);
        add_each(&mut self.changed, &other.changed);
        add_each(&mut self.performed, &other.performed);
        self.exercised.add(other.exercised);
        add_each(&mut self.leaders, &other.leaders);
        add_each(&mut self.lengths, &other.lengths);
        add_each(&mut self.chosen, &other.chosen);
        add_each(&mut self.unfinished, &other.unfinished);
        add_each(&mut self.roles, &other.roles);
        self.two_leaders += other.two_leaders;
        self.different_logs += other.different_logs;
        self.messages += other.messages;
    }

    /// Notes something made up that is not looked at.
    pub(super) fn note_turned_away(&mut self, why: TurnedAway) {
        self.made += 1;
        match why {
            TurnedAway::Invariant => self.not_invariant += 1,
            TurnedAway::Coupling => self.not_coupled += 1,
        }
    }

    /// Notes a state that is looked at.
    pub(super) fn note_case(&mut self, case: &Case) {
        let Case { histories, cluster, messages, .. } = case;
        self.made += 1;
        self.states += 1;
        let signs = (0..).zip(SIGNS);
        let shown = signs.filter(|(_, sign)| (sign.shows)(histories, cluster));
        let shown = shown.fold(0, |shown, (place, _)| shown | 1 << place);
        self.distinct.insert(fingerprint(case), shown);
        let longest = histories.leaders.values().map(|leader| leader.log.len()).max().unwrap_or(0);
        let unfinished = cluster.servers.iter().map(|server| server.disk.unfinished.len()).sum();
        count(&mut self.leaders, histories.leaders.len());
        count(&mut self.lengths, longest);
        count(&mut self.chosen, histories.chosen.values().map(|indices| indices.len()).sum());
        count(&mut self.unfinished, unfinished);
        let mut roles = [0; 3];
        for server in &cluster.servers {
            roles[match server.state.role {
                Role::Follower(_) => 0,
                Role::Candidate(_) => 1,
                Role::Leader(_) => 2,
            }] += 1;
        }
        add_each(&mut self.roles, &roles);
        self.two_leaders += u64::from(roles[2] > 1);
        let differ = cluster.servers.windows(2).any(|pair| pair[0].state.log != pair[1].state.log);
        self.different_logs += u64::from(differ);
        self.messages += messages.len() as u64;
    }

    /// Notes a step.
    pub(super) fn note_step(&mut self, action: &Action, looked: &Looked) {
        let Looked { happening, changed, exercised } = looked;
        self.steps[place(action)] += 1;
        self.changed[place(action)] += u64::from(*changed);
        self.exercised.add(*exercised);
        let events = happening.step.iter().flat_map(|step| &step.effects.events);
        let performed = events.filter_map(|event| match event {
            Event::Performed(action) => Some(action),
            _ => None,
        });
        for action in happening.synced.iter().chain(performed) {
            self.performed[place_of(action)] += 1;
        }
    }
}

fn count(table: &mut Table, number: usize) {
    table[number.min(MOST)] += 1;
}

fn add_each(ours: &mut [u64], others: &[u64]) {
    for (our, other) in ours.iter_mut().zip(others) {
        *our += other;
    }
}

/// A fingerprint of a state that is the same for all names of its servers: the least of those under each way to
/// rename them.
fn fingerprint(case: &Case) -> u64 {
    let ids: Vec<ServerId> = case.setting.ids().collect();
    let under = |order: Vec<ServerId>| {
        let names = |server: ServerId| order[usize::from(server.get()) - 1];
        let mut hasher = DefaultHasher::new();
        case.histories.renumber(&names).hash(&mut hasher);
        // Which messages are in flight, and the parameters, are no part of what is looked at.
        let mut servers: Vec<_> = case.cluster.servers.iter().map(|s| s.renumber(&names)).collect();
        servers.sort_unstable_by_key(|server| server.state.id);
        servers.hash(&mut hasher);
        hasher.finish()
    };
    permutations(&ids).into_iter().map(under).min().unwrap_or_default()
}
