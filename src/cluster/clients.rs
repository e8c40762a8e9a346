//! Clients: who waits for what.

use quorate_core::{Index, Outcome, Reply, RequestId, ServerId};
use std::collections::BTreeMap;

/// A command. In the closed system it is the number of the request that proposed it: the protocol never
/// looks at commands, so different ones are all that is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Command(pub u64);

/// The clients' side of the system: what was asked, and what has not been answered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Clients {
    /// How many requests have been issued; they are numbered from 1.
    pub issued: u64,
    /// The requests that wait for an outcome.
    pub waiting: BTreeMap<RequestId, Waiting>,
}

/// A request that waits for its outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Waiting {
    /// The server that took it.
    pub server: ServerId,
    /// What was asked.
    pub kind: WaitingKind,
}

/// What a waiting request asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WaitingKind {
    /// A command to be replicated.
    Write,
    /// A linearizable read.
    Read {
        /// How much was committed when the read was issued: the least that its answer must reflect.
        must_see: Index,
    },
}

impl Clients {
    /// Notes that the next request has been issued to a server.
    pub fn issue(&mut self, request: RequestId, server: ServerId, kind: WaitingKind) {
        self.issued = self.issued.max(request.0);
        self.waiting.insert(request, Waiting { server, kind });
    }

    /// Notes the outcome of a request.
    pub fn receive(&mut self, reply: &Reply) {
        self.waiting.remove(&reply.request);
    }

    /// Notes that a server has crashed: what it had taken will not be answered.
    pub fn forget_server(&mut self, server: ServerId) {
        self.waiting.retain(|_, waiting| waiting.server != server);
    }
}

impl WaitingKind {
    /// Whether this is an outcome that such a request can have.
    pub const fn can_end_in(self, outcome: &Outcome) -> bool {
        match self {
            WaitingKind::Write => matches!(
                outcome,
                Outcome::Written(_) | Outcome::NotLeader(_) | Outcome::Busy | Outcome::Unknown
            ),
            WaitingKind::Read { .. } => {
                matches!(outcome, Outcome::Readable(_) | Outcome::Busy | Outcome::ReadFailed(_))
            }
        }
    }
}
