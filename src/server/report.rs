//! Everything that a server says of itself, at one moment.
//!
//! The runtime, the mesh and the threads for clients each count what is theirs. Here it comes together, for
//! whoever shows it: nothing is counted twice, and whoever asks takes no lock that a request needs for long.

use crate::clients::Clients;
use quorate_net::peers::PeerStatus;
use quorate_runtime::{Limits, Queues, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a server says of itself.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the runtime says.
    pub status: Status,
    /// What waits in its mailbox.
    pub queues: Queues,
    /// How much may wait or be kept.
    pub limits: Limits,
    /// The connections to the other servers.
    pub peers: Vec<PeerStatus>,
    /// The connections of clients.
    pub clients: ClientFigures,
    /// For how long this server has served clients.
    pub uptime: Duration,
}

/// The connections of clients, and what they have this server do besides its own requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientFigures {
    /// How many are connected.
    pub connected: usize,
    /// How many may be.
    pub limit: usize,
    /// How many were let in since the start.
    pub accepted: u64,
    /// How many were not, because there were too many.
    pub refused: u64,
    /// How many were given up, because they read nothing of what was there for them.
    pub given_up: u64,
    /// Requests forwarded to another server, once for every attempt.
    pub forwarded: u64,
    /// Requests that other servers forwarded to this one.
    pub taken_over: u64,
}

/// What threads count together. Each is added to once for a connection or a run of requests.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) given_up: AtomicU64,
    pub(crate) forwarded: AtomicU64,
    pub(crate) taken_over: AtomicU64,
}

/// Adds to a counter on which nothing else depends.
pub(crate) fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

/// Looks at a server. A clone looks at the same one, and can go on after it has stopped.
#[derive(Clone)]
pub struct Watcher {
    pub(crate) clients: Arc<Clients>,
    pub(crate) limits: Limits,
}

impl Watcher {
    /// What the server says of itself now.
    pub fn look(&self) -> Report {
        let known = &self.clients.known;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &known.links.counters;
        Report {
            status: known.client.status(),
            queues: known.client.queues(),
            limits: self.limits,
            peers: known.links.status(),
            clients: ClientFigures {
                connected: self.clients.connected(),
                limit: known.settings.connections,
                accepted: read(&counters.accepted),
                refused: read(&counters.refused),
                given_up: read(&counters.given_up),
                forwarded: read(&counters.forwarded),
                taken_over: read(&counters.taken_over),
            },
            uptime: self.clients.uptime(),
        }
    }
}
