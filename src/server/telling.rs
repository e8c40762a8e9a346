//! What INFO and ROLE are told of followers and of clients, and what the log is told of one that is given up.

use crate::clients::Clients;
use crate::report::count;
use quorate_kv::{Connections, Follower};
use quorate_runtime::{FollowerStatus, Status};
use std::sync::atomic::Ordering;

impl Clients {
    /// The followers that are connected, if this server leads.
    pub(crate) fn followers(&self, status: &Status) -> Vec<Follower> {
        let peers = self.known.links.status();
        let is_connected = |follower: &&FollowerStatus| {
            peers.iter().any(|peer| peer.peer == follower.server && peer.is_connected)
        };
        let tell = |follower: &FollowerStatus| {
            let (_, host, port) = self.reach(follower.server);
            Follower { host, port, acknowledged: follower.match_index.0 }
        };
        status.followers.iter().filter(is_connected).map(tell).collect()
    }

    /// Counts a client that has read nothing for too long, and tells of it: like Redis, which closes such a
    /// connection too, nobody else hears why.
    pub(crate) fn tell_given_up(&self, number: u64, unread: usize) {
        count(&self.known.links.counters.given_up, 1);
        if let Some(given_up) = self.stalls.happens() {
            let patience = self.known.settings.stalled;
            tracing::warn!(
                client = number,
                unread,
                given_up,
                "gave up clients that read nothing for {patience:?}"
            );
        }
    }

    /// How many clients are connected, may be, were let in and were not.
    pub(crate) fn connections(&self) -> Connections {
        let counters = &self.known.links.counters;
        Connections {
            now: self.connected(),
            limit: self.known.settings.connections,
            accepted: counters.accepted.load(Ordering::Relaxed),
            refused: counters.refused.load(Ordering::Relaxed),
        }
    }
}
