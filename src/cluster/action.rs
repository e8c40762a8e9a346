//! What can happen in a closed system.

use crate::Envelope;
use quorate_core::{RequestId, ServerId};

/// One thing that happens. Nothing else ever changes a [`Cluster`](crate::Cluster).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// The election timer of a server runs out.
    ElectionTimeout(ServerId),
    /// The heartbeat timer of a server runs out.
    HeartbeatTimeout(ServerId),
    /// A message arrives and is gone from the network.
    Deliver(Envelope),
    /// A message arrives, and a copy of it stays in the network.
    Duplicate(Envelope),
    /// A message is lost.
    Drop(Envelope),
    /// The oldest `count` unfinished writes of a server become durable and are reported to it at once.
    Sync {
        /// Whose disk.
        server: ServerId,
        /// How many writes, at least 1.
        count: usize,
    },
    /// A server stops, and starts again with what its disk holds: the oldest `keep` unfinished writes
    /// reached it, the others did not.
    Crash {
        /// Who.
        server: ServerId,
        /// How many unfinished writes survive.
        keep: usize,
    },
    /// Clients ask a server to replicate commands, in this order. Every request proposes the command
    /// that bears its number.
    Propose {
        /// Who is asked.
        server: ServerId,
        /// The requests, numbered on from the last request issued.
        requests: Vec<RequestId>,
    },
    /// A client asks a server for a linearizable read.
    Read {
        /// Who is asked.
        server: ServerId,
        /// The request, numbered on from the last request issued.
        request: RequestId,
    },
    /// Nothing sent from one server reaches the other any more, until healed. The other direction is
    /// not touched.
    Cut {
        /// The sender.
        from: ServerId,
        /// The receiver.
        to: ServerId,
    },
    /// Every cut ends.
    Heal,
    /// **Unsafe**: a server loses everything it ever wrote and starts again under the same id. The
    /// protocol does not survive this; the action exists to show that.
    Wipe(ServerId),
}

impl Action {
    /// The names of all actions, in the order of their declaration.
    pub const NAMES: [&'static str; 12] = [
        "election_timeout",
        "heartbeat_timeout",
        "deliver",
        "duplicate",
        "drop",
        "sync",
        "crash",
        "propose",
        "read",
        "cut",
        "heal",
        "wipe",
    ];

    /// The position of this action's name in [`Action::NAMES`].
    pub const fn kind(&self) -> usize {
        match self {
            Action::ElectionTimeout(_) => 0,
            Action::HeartbeatTimeout(_) => 1,
            Action::Deliver(_) => 2,
            Action::Duplicate(_) => 3,
            Action::Drop(_) => 4,
            Action::Sync { .. } => 5,
            Action::Crash { .. } => 6,
            Action::Propose { .. } => 7,
            Action::Read { .. } => 8,
            Action::Cut { .. } => 9,
            Action::Heal => 10,
            Action::Wipe(_) => 11,
        }
    }

    /// The name of this action.
    pub const fn name(&self) -> &'static str {
        Action::NAMES[self.kind()]
    }
}
