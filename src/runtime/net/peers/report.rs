//! What the mesh tells whoever watches: events as they happen, and counters.

use quorate_core::ServerId;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Something that happened to a connection. Its text is a line for a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A connection to the peer is open, and what is sent goes out on it.
    Dialed {
        /// The peer.
        peer: ServerId,
        /// Which start of it.
        incarnation: u64,
    },
    /// The peer could not be reached, or a side refused. Told when the reason changes, not for every
    /// attempt.
    DialFailed {
        /// The peer.
        peer: ServerId,
        /// Where it was looked for.
        address: String,
        /// Why.
        why: String,
    },
    /// The connection to the peer ended. Whatever was on its way may be lost.
    Lost {
        /// The peer.
        peer: ServerId,
        /// Why.
        why: String,
    },
    /// The peer opened a connection, and what it sends comes in on it.
    Accepted {
        /// The peer.
        peer: ServerId,
        /// Which start of it.
        incarnation: u64,
    },
    /// The connection from the peer ended.
    Ended {
        /// The peer.
        peer: ServerId,
        /// Why.
        why: String,
    },
    /// Somebody connected and was not let in, or gave up.
    NotAdmitted {
        /// Where the connection came from.
        address: SocketAddr,
        /// Why.
        why: String,
    },
    /// A message could not be sent as it is, and was dropped.
    Unsendable {
        /// Whom it was for.
        peer: ServerId,
        /// Why.
        why: String,
    },
    /// Connections cannot be accepted for now. Told once until one has been.
    CannotAccept {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Dialed { peer, incarnation } => {
                write!(f, "connected to {peer}, incarnation {incarnation:016x}")
            }
            Event::DialFailed { peer, address, why } => {
                write!(f, "cannot connect to {peer} at {address}: {why}")
            }
            Event::Lost { peer, why } => write!(f, "lost the connection to {peer}: {why}"),
            Event::Accepted { peer, incarnation } => {
                write!(f, "accepted {peer}, incarnation {incarnation:016x}")
            }
            Event::Ended { peer, why } => write!(f, "the connection from {peer} ended: {why}"),
            Event::NotAdmitted { address, why } => {
                write!(f, "did not admit a connection from {address}: {why}")
            }
            Event::Unsendable { peer, why } => write!(f, "dropped a message for {peer}: {why}"),
            Event::CannotAccept { why } => write!(f, "cannot accept connections: {why}"),
        }
    }
}

/// The figures of one peer, counted since the mesh started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerStatus {
    /// The peer.
    pub peer: ServerId,
    /// Where it is looked for.
    pub address: String,
    /// Whether a connection to it is open.
    pub is_connected: bool,
    /// Messages that wait to be sent.
    pub waiting: usize,
    /// Messages handed to the operating system.
    pub sent: u64,
    /// Messages that were not taken in, because too many waited already or none could be sent.
    pub dropped: u64,
    /// Messages that were taken in, but could not be handed to the operating system.
    pub lost: u64,
    /// Messages received.
    pub received: u64,
    /// Writes to the socket that carried messages; `sent` divided by it says how many went out together.
    pub writes: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) is_connected: AtomicBool,
    pub(super) sent: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) writes: AtomicU64,
}

/// Adds to a counter that nothing else depends on.
pub(super) fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
}
