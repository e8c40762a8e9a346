//! The actions of the abstract protocol: what a step *means*.
//!
//! The core performs concrete steps; the abstract protocol has eight actions over the durable state of
//! the servers and a few histories, without messages, disks or timers. Each write and each event of the
//! core names the abstract action it performs, so that whoever watches can replay it and compare - a
//! refinement check without any search. Nothing in the core reads these names back.

use crate::basic::{Index, ServerId, ServerSet, Term};
use serde::{Deserialize, Serialize};

/// One action of the abstract protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum AbstractAction {
    /// `server` enters `term` without voting.
    BumpTerm {
        /// Who.
        server: ServerId,
        /// Its new term.
        term: Term,
    },
    /// `server` enters `term`, votes for itself and stands with the log it has.
    BecomeCandidate {
        /// Who.
        server: ServerId,
        /// Its new term.
        term: Term,
    },
    /// `server` votes for `candidate` in `term`, entering it if need be.
    GrantVote {
        /// The voter.
        server: ServerId,
        /// For whom.
        candidate: ServerId,
        /// In which term.
        term: Term,
    },
    /// `server`, with the votes of a majority, becomes the leader of `term`.
    BecomeLeader {
        /// The new leader.
        server: ServerId,
        /// Its term.
        term: Term,
        /// Whose votes it counted.
        votes: ServerSet,
    },
    /// The leader of `term` extends its log by the entry at `index`.
    LeaderAppend {
        /// The leader's term, which is the entry's.
        term: Term,
        /// Where the entry stands.
        index: Index,
    },
    /// `server` takes the entries after `previous` up to `last` from the log of the leader of `term`,
    /// and acknowledges everything up to `last`.
    Replicate {
        /// Who.
        server: ServerId,
        /// The leader's term.
        term: Term,
        /// The last index before the first one taken.
        previous: Index,
        /// The last index taken.
        last: Index,
    },
    /// A majority has acknowledged the entry of `term` at `index`: it and all before it are chosen.
    Commit {
        /// The leader's term, which is the entry's.
        term: Term,
        /// Where the entry stands.
        index: Index,
        /// Who acknowledged it.
        acknowledged: ServerSet,
    },
    /// `server` applies the entry at `index` to its state machine.
    Apply {
        /// Who.
        server: ServerId,
        /// Where the entry stands.
        index: Index,
    },
}

impl AbstractAction {
    /// The names of all actions, in the order of their declaration.
    pub const NAMES: [&'static str; 8] = [
        "bump_term",
        "become_candidate",
        "grant_vote",
        "become_leader",
        "leader_append",
        "replicate",
        "commit",
        "apply",
    ];

    /// The name of this action, the same in every description of the abstract protocol.
    pub const fn name(&self) -> &'static str {
        match self {
            AbstractAction::BumpTerm { .. } => "bump_term",
            AbstractAction::BecomeCandidate { .. } => "become_candidate",
            AbstractAction::GrantVote { .. } => "grant_vote",
            AbstractAction::BecomeLeader { .. } => "become_leader",
            AbstractAction::LeaderAppend { .. } => "leader_append",
            AbstractAction::Replicate { .. } => "replicate",
            AbstractAction::Commit { .. } => "commit",
            AbstractAction::Apply { .. } => "apply",
        }
    }
}
