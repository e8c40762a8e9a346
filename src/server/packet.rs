//! What servers say to each other.

use quorate_core::{Envelope, ServerId};
use quorate_kv::{Command, Query, Reply};
use quorate_net::peers::Parcel;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Everything that travels on the connections between servers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Packet {
    /// A message of the protocol.
    Protocol(Envelope<Command>),
    /// Requests of a client, for the leader.
    Forward { from: ServerId, to: ServerId, number: u64, asks: Asks },
    /// The outcomes of forwarded requests, in their order.
    Outcomes { from: ServerId, to: ServerId, number: u64, outcomes: Vec<Outcome> },
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
    /// It is a write, and may or may not take effect.
    InDoubt,
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
        let Packet::Protocol(envelope) = self else { return None };
        let (first, second) = envelope.halves()?;
        Some((Packet::Protocol(first), Packet::Protocol(second)))
    }
}
