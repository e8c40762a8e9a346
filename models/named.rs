//! The models that have a name: what each is for, how far it goes, and what it must reach.
//!
//! A named model records how many states it has. A search that finds another number has found a change of
//! the protocol or of the model, and says so; the change is then explained where it was made, and the new
//! number recorded.

use crate::{ANY, Bounds, Mode};

/// A model with a name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    /// How far it goes.
    pub bounds: Bounds,
    /// The reachability witnesses that it must reach, or its properties may hold for want of anything
    /// happening.
    pub required: &'static [&'static str],
}

/// How many states a model has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Distinct states.
    pub distinct: u64,
    /// Generated states: the initial one, and one for every action in every state.
    pub generated: u64,
}

/// The named models. The first is the one that is checked when none is named.
pub const NAMED: &[Named] = &[
    Named {
        name: "smoke",
        purpose: "one election, one command, one crash at any point: the shortest look at everything",
        bounds: Bounds { max_log: 2, crashes: 1, commands: 1, ..Bounds::LEAST },
        required: &[
            "leader_elected",
            "noop_committed",
            "command_committed",
            "follower_learned_commit",
            "crash_lost_writes",
            "write_done",
        ],
    },
    Named {
        name: "elections",
        purpose: "two elections and a crash: votes across terms and restarts",
        bounds: Bounds { max_term: 2, max_log: 2, elections: 2, crashes: 1, ..Bounds::LEAST },
        required: &["leader_elected", "leader_after_leader", "crash_lost_writes"],
    },
    Named {
        name: "single",
        purpose: "one server alone: it answers nobody before its own disk has",
        bounds: Bounds {
            servers: 1,
            max_term: 3,
            max_log: 5,
            elections: 3,
            crashes: 2,
            commands: 2,
            reads: 1,
            sync: quorate_cluster::SyncGranularity::AnyPrefix,
            leader_timeouts: true,
            refinement: true,
            ..Bounds::LEAST
        },
        required: &["leader_elected", "command_committed", "read_served", "crash_lost_writes"],
    },
    Named {
        name: "pair",
        purpose: "two servers, where a majority is both: nothing is committed by one alone",
        bounds: Bounds {
            servers: 2,
            max_term: 2,
            max_log: 3,
            elections: 2,
            crashes: 1,
            commands: 1,
            refinement: true,
            ..Bounds::LEAST
        },
        required: &[
            "leader_elected",
            "leader_after_leader",
            "command_committed",
            "crash_lost_writes",
        ],
    },
    Named {
        name: "standard",
        purpose: "two elections, two commands, one crash; messages lost and repeated without end",
        bounds: Bounds {
            network: quorate_cluster::NetworkKind::Facts,
            max_term: 2,
            max_log: 3,
            elections: 2,
            crashes: 1,
            commands: 2,
            ..Bounds::LEAST
        },
        required: &[
            "leader_after_leader",
            "two_leaders_at_once",
            "command_committed",
            "older_term_committed",
            "entries_truncated",
            "durable_entry_overwritten",
            "append_rejected",
            "stale_append_answered",
            "crash_lost_writes",
            "crash_kept_some",
            "write_done",
            "write_unknown",
        ],
    },
    Named {
        name: "unbounded",
        purpose: "elections, crashes, losses and repetitions without end: only terms and logs are bounded",
        bounds: Bounds {
            network: quorate_cluster::NetworkKind::Facts,
            max_term: 2,
            max_log: 2,
            elections: ANY,
            crashes: ANY,
            commands: 2,
            ..Bounds::LEAST
        },
        required: &[
            "leader_after_leader",
            "two_leaders_at_once",
            "command_committed",
            "entries_truncated",
            "durable_entry_overwritten",
            "stale_append_answered",
            "crash_lost_writes",
            "crash_kept_some",
            "restart_with_vote",
            "write_unknown",
        ],
    },
];

/// The recorded counts, one line for each model and mode.
const RECORDED: &str = include_str!("counts.txt");

/// The named model of this name.
pub fn find(name: &str) -> Option<&'static Named> {
    NAMED.iter().find(|named| named.name == name)
}

impl Named {
    /// The counts recorded for this model in a mode, if any are.
    pub fn recorded(&self, mode: Mode) -> Option<Counts> {
        let lines = RECORDED.lines().filter(|line| !line.starts_with('#'));
        let mut words = lines
            .map(|line| line.split_whitespace().collect::<Vec<&str>>())
            .filter(|words| words.starts_with(&[self.name, mode.name()]));
        match words.next()?[..] {
            [_, _, distinct, generated] => Some(Counts {
                distinct: distinct.parse().ok()?,
                generated: generated.parse().ok()?,
            }),
            _ => None,
        }
    }
}

/// The line that records the counts of a model in a mode.
pub fn counts_line(name: &str, mode: Mode, counts: Counts) -> String {
    format!("{name} {} {} {}", mode.name(), counts.distinct, counts.generated)
}
