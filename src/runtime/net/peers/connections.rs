//! Which connections are open, so that all can be closed; and which start of a peer was the last.

use crate::handshake::{Identity, Refusal};
use quorate_core::ServerId;
use std::collections::{BTreeMap, VecDeque};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many earlier starts of servers are remembered.
const REMEMBERED: usize = 256;

/// All connections of a mesh.
#[derive(Default)]
pub(super) struct Connections {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    is_stopping: bool,
    next: u64,
    open: BTreeMap<u64, TcpStream>,
    /// For each peer, the connection from it that counts, and which start of it that is.
    from: BTreeMap<ServerId, (u64, u64)>,
    /// Starts of servers that a later start has replaced.
    superseded: VecDeque<(ServerId, u64)>,
}

/// One open connection; it leaves the list when this is dropped.
pub(super) struct Open<'a> {
    connections: &'a Connections,
    number: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.number);
    }
}

impl Connections {
    /// Enters a connection; nothing when the mesh stops, or the system has no handle left for it.
    pub(super) fn enter(&self, stream: &TcpStream) -> Option<Open<'_>> {
        let second = stream.try_clone().ok()?;
        let mut inside = self.lock();
        if inside.is_stopping {
            return None;
        }
        let number = inside.next;
        inside.next += 1;
        inside.open.insert(number, second);
        Some(Open { connections: self, number })
    }

    /// Lets a peer in, whose connection replaces an earlier one from it.
    pub(super) fn admit(&self, who: &Identity, open: &Open<'_>) -> Result<(), Refusal> {
        let mut inside = self.lock();
        let start = (who.server, who.incarnation);
        if inside.superseded.contains(&start) {
            return Err(Refusal::Superseded(who.server));
        }
        let before = inside.from.insert(who.server, (open.number, who.incarnation));
        if let Some((number, incarnation)) = before {
            if let Some(stream) = inside.open.get(&number) {
                let _ = stream.shutdown(Shutdown::Both);
            }
            if incarnation != who.incarnation {
                inside.superseded.push_back((who.server, incarnation));
                if inside.superseded.len() > REMEMBERED {
                    inside.superseded.pop_front();
                }
            }
        }
        Ok(())
    }

    /// Whether a later connection from the peer has replaced this one.
    pub(super) fn is_replaced(&self, peer: ServerId, open: &Open<'_>) -> bool {
        self.lock().from.get(&peer).is_none_or(|(number, _)| *number != open.number)
    }

    /// Closes all connections, and keeps new ones from being entered.
    pub(super) fn stop(&self) {
        let mut inside = self.lock();
        inside.is_stopping = true;
        for stream in inside.open.values() {
            // A connection that is closed already needs no closing.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.lock().is_stopping
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
