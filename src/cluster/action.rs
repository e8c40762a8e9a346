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

/// The kinds of actions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ActionKind {
    /// [`Action::ElectionTimeout`].
    ElectionTimeout,
    /// [`Action::HeartbeatTimeout`].
    HeartbeatTimeout,
    /// [`Action::Deliver`].
    Deliver,
    /// [`Action::Duplicate`].
    Duplicate,
    /// [`Action::Drop`].
    Drop,
    /// [`Action::Sync`].
    Sync,
    /// [`Action::Crash`].
    Crash,
    /// [`Action::Propose`].
    Propose,
    /// [`Action::Read`].
    Read,
    /// [`Action::Cut`].
    Cut,
    /// [`Action::Heal`].
    Heal,
    /// [`Action::Wipe`].
    Wipe,
}

impl ActionKind {
    /// How many kinds there are.
    pub const COUNT: usize = 12;

    /// Every kind with its name, in the order of declaration.
    const NAMED: [(ActionKind, &'static str); ActionKind::COUNT] = [
        (ActionKind::ElectionTimeout, "election_timeout"),
        (ActionKind::HeartbeatTimeout, "heartbeat_timeout"),
        (ActionKind::Deliver, "deliver"),
        (ActionKind::Duplicate, "duplicate"),
        (ActionKind::Drop, "drop"),
        (ActionKind::Sync, "sync"),
        (ActionKind::Crash, "crash"),
        (ActionKind::Propose, "propose"),
        (ActionKind::Read, "read"),
        (ActionKind::Cut, "cut"),
        (ActionKind::Heal, "heal"),
        (ActionKind::Wipe, "wipe"),
    ];

    /// Every kind, in the order of declaration.
    pub fn all() -> impl Iterator<Item = ActionKind> {
        ActionKind::NAMED.into_iter().map(|(kind, _)| kind)
    }

    /// The name of this kind: the verb of its notation.
    pub const fn name(self) -> &'static str {
        ActionKind::NAMED[self as usize].1
    }
}

impl Action {
    /// The kind of this action.
    pub const fn kind(&self) -> ActionKind {
        match self {
            Action::ElectionTimeout(_) => ActionKind::ElectionTimeout,
            Action::HeartbeatTimeout(_) => ActionKind::HeartbeatTimeout,
            Action::Deliver(_) => ActionKind::Deliver,
            Action::Duplicate(_) => ActionKind::Duplicate,
            Action::Drop(_) => ActionKind::Drop,
            Action::Sync { .. } => ActionKind::Sync,
            Action::Crash { .. } => ActionKind::Crash,
            Action::Propose { .. } => ActionKind::Propose,
            Action::Read { .. } => ActionKind::Read,
            Action::Cut { .. } => ActionKind::Cut,
            Action::Heal => ActionKind::Heal,
            Action::Wipe(_) => ActionKind::Wipe,
        }
    }

    /// The name of this action's kind.
    pub const fn name(&self) -> &'static str {
        self.kind().name()
    }
}
