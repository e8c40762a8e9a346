//! The models with a name: the whole list.
//!
//! The default comes first, then the quick ones, then one for each thing that can go wrong, and at the end those
//! that go as far as they can.

use super::Named;
use crate::{ANY, Bounds};
use quorate_cluster::{NetworkKind, SyncGranularity};
use quorate_core::Spreading;

/// The named models. The first is the one that is checked when none is named.
pub const NAMED: &[Named] = &[
    Named {
        name: "standard",
        purpose: "two elections, two commands, one crash; messages lost and repeated without end",
        bounds: Bounds {
            network: NetworkKind::Facts,
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
        name: "smoke",
        purpose: "everything once, in a second: election, command, crash, heartbeat, messages repeated without end",
        bounds: Bounds {
            network: NetworkKind::Facts,
            max_log: 2,
            crashes: 1,
            commands: 1,
            heartbeats: 1,
            ..Bounds::LEAST
        },
        required: &[
            "leader_elected",
            "noop_committed",
            "command_committed",
            "follower_learned_commit",
            "follower_applied",
            "repeated_entries_ignored",
            "crash_lost_writes",
            "crash_kept_some",
            "write_done",
        ],
    },
    Named {
        name: "small",
        purpose: "one election, one command, one crash: small enough for whatever compares modes state by state",
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
        name: "single",
        purpose: "one server alone: it answers nobody before its own disk has",
        bounds: Bounds {
            servers: 1,
            max_term: 3,
            max_log: 5,
            elections: 3,
            crashes: 2,
            commands: 2,
            reads: 2,
            sync: SyncGranularity::AnyPrefix,
            leader_timeouts: true,
            refinement: true,
            ..Bounds::LEAST
        },
        required: &[
            "leader_elected",
            "command_committed",
            "read_served",
            "read_busy",
            "crash_lost_writes",
        ],
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
        name: "elections",
        purpose: "two elections and a crash: votes across terms and restarts",
        bounds: Bounds { max_term: 2, max_log: 2, elections: 2, crashes: 1, ..Bounds::LEAST },
        required: &["leader_elected", "leader_after_leader", "crash_lost_writes"],
    },
    Named {
        name: "elections-4",
        purpose: "four servers, where two votes are not enough: votes counted, repeated, split and lost",
        bounds: Bounds {
            servers: 4,
            network: NetworkKind::Facts,
            max_term: 2,
            max_log: 2,
            elections: 2,
            crashes: 1,
            ..Bounds::LEAST
        },
        required: &[
            "leader_after_leader",
            "two_candidates",
            "repeated_vote_ignored",
            "late_vote_ignored",
            "vote_refused_for_vote",
            "vote_refused_for_log",
            "crash_lost_term",
            "restart_with_vote",
        ],
    },
    Named {
        name: "pipeline",
        purpose: "entries sent before earlier ones are acknowledged, and commits told at once",
        bounds: Bounds {
            network: NetworkKind::Facts,
            max_log: 2,
            crashes: 1,
            commands: 1,
            batch: 1,
            window: 2,
            spreading: Spreading::AtOnce,
            ..Bounds::LEAST
        },
        required: &[
            "batches_pipelined",
            "command_committed",
            "follower_learned_commit",
            "commit_ahead_of_durable",
            "late_acknowledgement_ignored",
            "leader_backed_up",
            "crash_kept_some",
        ],
    },
    Named {
        name: "async-disk",
        purpose: "several writes unfinished on a disk that ends them one at a time; a crash keeps any prefix",
        bounds: Bounds {
            max_log: 3,
            crashes: 1,
            commands: 2,
            batch: 1,
            window: 2,
            sync: SyncGranularity::OneWrite,
            ..Bounds::LEAST
        },
        required: &[
            "several_unfinished_writes",
            "batches_pipelined",
            "commit_by_followers_alone",
            "crash_lost_writes",
            "crash_lost_entries",
            "crash_kept_some",
            "crash_kept_unreported",
            "write_done",
        ],
    },
    Named {
        name: "reads",
        purpose: "reads across a change of leaders; confirmations late and repeated; leaders time out",
        bounds: Bounds {
            network: NetworkKind::Facts,
            max_term: 2,
            max_log: 2,
            elections: 2,
            reads: 1,
            sync: SyncGranularity::AtOnce,
            leader_timeouts: true,
            ..Bounds::LEAST
        },
        required: &[
            "read_served",
            "read_served_after_round",
            "read_failed",
            "read_before_noop",
            "read_at_old_leader",
            "two_leaders_at_once",
            "leader_stepped_down_majority_silent",
            "leader_stepped_down_higher_term",
        ],
    },
    Named {
        name: "outcomes",
        purpose: "ways in which requests end: done, unknown, busy, failed (a read that is one too many: see single)",
        bounds: Bounds {
            network: NetworkKind::Facts,
            max_log: 2,
            commands: 2,
            reads: 1,
            sync: SyncGranularity::AtOnce,
            leader_timeouts: true,
            ..Bounds::LEAST
        },
        required: &["write_done", "write_unknown", "write_busy", "read_served", "read_failed"],
    },
    Named {
        name: "refinement",
        purpose: "every step an action of the abstract protocol, every message a fact of it",
        bounds: Bounds {
            network: NetworkKind::Facts,
            max_term: 2,
            max_log: 2,
            elections: 2,
            crashes: 1,
            commands: 1,
            refinement: true,
            ..Bounds::LEAST
        },
        required: &[
            "leader_after_leader",
            "two_leaders_at_once",
            "command_committed",
            "entries_truncated",
            "durable_entry_overwritten",
            "crash_lost_writes",
            "crash_kept_some",
        ],
    },
    Named {
        name: "figure-8",
        purpose: "four elections: an entry of an old term on a majority of disks, and yet overwritten",
        bounds: Bounds {
            max_term: 4,
            max_log: 2,
            elections: 4,
            commands: 1,
            batch: 1,
            sync: SyncGranularity::AtOnce,
            ..Bounds::LEAST
        },
        required: &[
            "majority_entry_overwritten",
            "older_term_committed",
            "vote_for_shorter_log",
            "leader_backed_up",
            "write_unknown",
        ],
    },
    Named {
        name: "five",
        purpose: "five servers, where a majority leaves two out: two elections, messages repeated without end",
        bounds: Bounds {
            servers: 5,
            network: NetworkKind::Facts,
            max_term: 2,
            max_log: 2,
            elections: 2,
            commands: 1,
            sync: SyncGranularity::AtOnce,
            ..Bounds::LEAST
        },
        required: &[
            "leader_after_leader",
            "two_leaders_at_once",
            "command_committed",
            "entries_truncated",
            "repeated_vote_ignored",
            "append_rejected",
        ],
    },
    Named {
        name: "unbounded",
        purpose: "elections, crashes, losses and repetitions without end: only terms and logs are bounded",
        bounds: Bounds {
            network: NetworkKind::Facts,
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
    Named {
        name: "synchronous",
        purpose: "disks that never owe a write: four elections, one entry a message, crashes and messages without end",
        bounds: Bounds {
            network: NetworkKind::Facts,
            max_term: 4,
            max_log: 2,
            elections: 4,
            crashes: ANY,
            commands: 1,
            batch: 1,
            sync: SyncGranularity::AtOnce,
            ..Bounds::LEAST
        },
        required: &[
            "leader_after_leader",
            "two_leaders_at_once",
            "command_committed",
            "entries_truncated",
            "durable_entry_overwritten",
            "stale_append_answered",
            "leader_backed_up",
            "majority_entry_overwritten",
            "restart_with_vote",
            "write_unknown",
        ],
    },
    Named {
        name: "deep",
        purpose: "as far as a few minutes go: two elections, two commands, two duplicates and a crash",
        bounds: Bounds {
            max_term: 2,
            max_log: 4,
            elections: 2,
            crashes: 1,
            commands: 2,
            duplicates: 2,
            sync: SyncGranularity::OneWrite,
            ..Bounds::LEAST
        },
        required: &[
            "leader_after_leader",
            "two_leaders_at_once",
            "command_committed",
            "older_term_committed",
            "entries_truncated",
            "durable_entry_overwritten",
            "stale_append_answered",
            "crash_lost_writes",
            "crash_kept_some",
            "write_done",
            "write_unknown",
        ],
    },
];
