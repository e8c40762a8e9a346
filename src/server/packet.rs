//! What servers say to each other.

use crate::machine::Machine;
use quorate_core::{Envelope, ServerId};
use quorate_kv::{Command, Query, Reply};
use quorate_net::peers::Parcel;
use quorate_runtime::{Ask, Error, Recipient, Request};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Everything that travels on the connections between servers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Packet {
    /// A message of the protocol.
    Protocol(Envelope<Command>),
    /// Requests of a client, for the leader.
    Forward { from: ServerId, to: ServerId, number: u64, asks: Asks },
    /// The outcomes of forwarded requests in their order, from the one at this place on.
    Outcomes { from: ServerId, to: ServerId, number: u64, first: usize, outcomes: Vec<Outcome> },
}

/// A run of requests of one client: all writes, or all reads.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Asks {
    Writes(Vec<Command>),
    Reads(Vec<Query>),
}

impl Asks {
    pub(crate) fn len(&self) -> usize {
        match self {
            Asks::Writes(commands) => commands.len(),
            Asks::Reads(queries) => queries.len(),
        }
    }

    pub(crate) fn are_writes(&self) -> bool {
        matches!(self, Asks::Writes(_))
    }

    /// As requests of the server in this process, in order.
    pub(crate) fn requests(
        self,
        recipient: &Arc<dyn Recipient<Reply>>,
        tag: impl Fn(usize) -> u64,
        into: &mut Vec<Request<Machine>>,
    ) {
        let request =
            |(place, ask)| Request { ask, recipient: Arc::clone(recipient), tag: tag(place) };
        match self {
            Asks::Writes(commands) => {
                into.extend(commands.into_iter().map(Ask::Write).enumerate().map(request));
            }
            Asks::Reads(queries) => {
                into.extend(queries.into_iter().map(Ask::Read).enumerate().map(request));
            }
        }
    }
}

/// How a request ended.
pub(crate) type Outcome = Result<Reply, Failure>;

/// How a request ended without a reply.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Failure {
    /// It had no effect: the server does not lead, but perhaps that one does.
    NotLeader(Option<ServerId>),
    /// It had no effect: there is too much to do.
    Busy,
    /// It had no effect: the log has reached its limit, in bytes.
    OutOfSpace(u64),
    /// It had no effect, for this reason.
    Unavailable(String),
    /// It is done, but the reply of so many bytes is too large to be handed on.
    TooLarge(usize),
    /// It is a write, and may or may not take effect.
    InDoubt,
    /// It is a read, and had no effect: the connection to the server that was asked broke. No server says so to
    /// another.
    #[serde(skip)]
    ConnectionBroke,
}

/// The greatest reply that is handed on, in bytes.
pub(crate) const LARGEST_REPLY: usize = 4 * 1024 * 1024;

/// A reply, unless it is too large.
pub(crate) fn bounded(outcome: Outcome) -> Outcome {
    let reply = outcome?;
    if reply.size() > LARGEST_REPLY { Err(Failure::TooLarge(reply.size())) } else { Ok(reply) }
}

impl Failure {
    /// What becomes of a request whose outcome will not come back: a write is in doubt, and a read has no effect in
    /// any case, and failed for this reason.
    pub(crate) fn cut_off(is_write: bool, why: Failure) -> Failure {
        if is_write { Failure::InDoubt } else { why }
    }

    /// That no outcome came in time.
    pub(crate) fn too_late() -> Failure {
        Failure::Unavailable("no answer in time".into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::NotLeader { hint } => Failure::NotLeader(hint),
            Error::Busy => Failure::Busy,
            Error::OutOfSpace { limit } => Failure::OutOfSpace(limit),
            Error::InDoubt => Failure::InDoubt,
            Error::TimedOut => Failure::too_late(),
            Error::Stopped { why } => Failure::Unavailable(format!("the server stopped: {why}")),
        }
    }
}

/// What the client reads.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotLeader(_) => {
                f.write_str("TRYAGAIN no leader is known; the command had no effect")
            }
            Failure::Busy => f.write_str("TRYAGAIN the server is busy; the command had no effect"),
            Failure::OutOfSpace(limit) => {
                write!(f, "OOM log limit reached: {limit} bytes; the command had no effect")
            }
            Failure::Unavailable(why) => {
                write!(f, "TRYAGAIN {why}; the command had no effect")
            }
            Failure::TooLarge(size) => write!(
                f,
                "ERR a reply of {size} bytes is over the limit of {LARGEST_REPLY} bytes; ask for fewer keys"
            ),
            Failure::ConnectionBroke => f.write_str(
                "TRYAGAIN the connection to the leader broke; the command had no effect",
            ),
            Failure::InDoubt => {
                f.write_str("INDOUBT the write may or may not take effect; read before retrying")
            }
        }
    }
}

impl Parcel for Packet {
    fn sender(&self) -> ServerId {
        match self {
            Packet::Protocol(envelope) => envelope.from,
            Packet::Forward { from, .. } | Packet::Outcomes { from, .. } => *from,
        }
    }

    fn receiver(&self) -> ServerId {
        match self {
            Packet::Protocol(envelope) => envelope.to,
            Packet::Forward { to, .. } | Packet::Outcomes { to, .. } => *to,
        }
    }

    fn halves(&self) -> Option<(Packet, Packet)> {
        match self {
            Packet::Protocol(envelope) => {
                let (first, second) = envelope.halves()?;
                Some((Packet::Protocol(first), Packet::Protocol(second)))
            }
            Packet::Outcomes { from, to, number, first, outcomes } if outcomes.len() > 1 => {
                let (from, to, number) = (*from, *to, *number);
                let (one, two) = outcomes.split_at(outcomes.len() / 2);
                let part = |first: usize, outcomes: &[Outcome]| Packet::Outcomes {
                    from,
                    to,
                    number,
                    first,
                    outcomes: outcomes.to_vec(),
                };
                Some((part(*first, one), part(first + one.len(), two)))
            }
            // A run is kept small enough by whoever forwards it, and so is a reply.
            Packet::Forward { .. } | Packet::Outcomes { .. } => None,
        }
    }
}
