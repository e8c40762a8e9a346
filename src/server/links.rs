//! The mesh as the runtime's transport, and the requests that are under way on it.

use crate::machine::Machine;
use crate::packet::{Asks, Failure, Packet, bounded};
use crate::report::{Counters, count};
use crate::run::Run;
use quorate_core::{Envelope, ServerId};
use quorate_kv::Command;
use quorate_net::peers::{Config, Event, Mesh, PeerStatus};
use quorate_runtime::{Client, Inbox, Transport};
use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

/// What hears of events on the connections between servers.
pub(crate) type Observer = dyn Fn(&Event) + Send + Sync;

/// The connections to the other servers, as transport and client connections share them.
pub(crate) struct Links {
    me: ServerId,
    /// There from the start of the transport to its end.
    mesh: RwLock<Option<Mesh<Packet>>>,
    /// The server of this process; there once it has started.
    client: OnceLock<Client<Machine>>,
    /// The runs forwarded to each server whose outcomes are still to come.
    forwarded: Mutex<BTreeMap<u64, (ServerId, Arc<Run>)>>,
    next: AtomicU64,
    observer: Box<Observer>,
    pub(crate) counters: Counters,
}

impl Links {
    pub(crate) fn new(me: ServerId, observer: Box<Observer>) -> Arc<Links> {
        Arc::new(Links {
            me,
            mesh: RwLock::new(None),
            client: OnceLock::new(),
            forwarded: Mutex::new(BTreeMap::new()),
            next: AtomicU64::new(0),
            observer,
            counters: Counters::default(),
        })
    }

    /// Says which server requests of other servers' clients are for.
    pub(crate) fn serve(&self, client: Client<Machine>) {
        // It is said once.
        let _ = self.client.set(client);
    }

    /// Forwards a run to another server, and says under which number. Nothing if it surely did not leave.
    pub(crate) fn forward(&self, to: ServerId, asks: Asks, run: &Arc<Run>) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, (to, Arc::clone(run)));
        let requests = asks.len();
        let packet = Packet::Forward { from: self.me, to, number, asks };
        if self.is_connected(to) && self.send(&mut vec![packet]) == 0 {
            count(&self.counters.forwarded, requests);
            return Some(number);
        }
        self.forget(number);
        None
    }

    /// Forgets a run that is not waited for any more.
    pub(crate) fn forget(&self, number: u64) {
        self.lock().remove(&number);
    }

    fn is_connected(&self, to: ServerId) -> bool {
        let mesh = self.mesh.read().unwrap_or_else(PoisonError::into_inner);
        mesh.as_ref().is_some_and(|mesh| mesh.is_connected(to))
    }

    /// The figures of the peers.
    pub(crate) fn status(&self) -> Vec<PeerStatus> {
        let mesh = self.mesh.read().unwrap_or_else(PoisonError::into_inner);
        mesh.as_ref().map(Mesh::status).unwrap_or_default()
    }

    /// Sends packets, and says how many were dropped.
    fn send(&self, packets: &mut Vec<Packet>) -> usize {
        let mesh = self.mesh.read().unwrap_or_else(PoisonError::into_inner);
        match mesh.as_ref() {
            Some(mesh) => mesh.send(packets),
            None => packets.drain(..).count(),
        }
    }

    /// Takes what one read brought.
    fn take(self: &Arc<Links>, packets: &mut Vec<Packet>, inbox: &Inbox<Command>) {
        let mut envelopes = Vec::with_capacity(packets.len());
        for packet in packets.drain(..) {
            match packet {
                Packet::Protocol(envelope) => envelopes.push(envelope),
                Packet::Forward { from, number, asks, .. } => self.serve_run(from, number, asks),
                Packet::Outcomes { from, number, first, outcomes, .. } => {
                    let asked = self.lock().get(&number).filter(|(to, _)| *to == from).cloned();
                    if let Some((_, run)) = asked
                        && run.take(first, outcomes)
                    {
                        self.forget(number);
                    }
                }
            }
        }
        if !envelopes.is_empty() {
            inbox.offer_and_stand_in(&mut envelopes);
        }
    }

    /// Makes the requests of another server's client, and sends back their outcomes when all are there.
    fn serve_run(self: &Arc<Links>, from: ServerId, number: u64, asks: Asks) {
        let links = Arc::downgrade(self);
        let run = Run::new(&asks, move |outcomes| {
            if let Some(links) = links.upgrade() {
                let outcomes = outcomes.into_iter().map(bounded).collect();
                let (to, from, first) = (from, links.me, 0);
                let packet = Packet::Outcomes { from, to, number, first, outcomes };
                // What is dropped ends at its own server when its time has passed.
                links.send(&mut vec![packet]);
            }
        });
        // Before the server has started there are no requests that it could have forwarded back.
        if let Some(client) = self.client.get() {
            count(&self.counters.taken_over, asks.len());
            run.submit(asks, client);
        }
    }

    /// Ends what is under way with a server when a connection to or from it ends.
    fn hear(&self, event: &Event) {
        (self.observer)(event);
        let (Event::Lost { peer, .. } | Event::Ended { peer, .. }) = event else { return };
        let broken: Vec<(ServerId, Arc<Run>)> =
            self.lock().extract_if(.., |_, (to, _)| to == peer).map(|(_, run)| run).collect();
        for (_, run) in broken {
            run.cut_off(&Failure::ConnectionBroke);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, (ServerId, Arc<Run>)>> {
        self.forwarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The runtime's way to the other servers.
pub(crate) struct MeshTransport {
    pub(crate) links: Arc<Links>,
    /// What the mesh starts with.
    pub(crate) start: Option<(Config, TcpListener)>,
    pub(crate) packets: Vec<Packet>,
}

impl Transport for MeshTransport {
    type Command = Command;

    fn start(&mut self, inbox: Inbox<Command>) -> io::Result<()> {
        let Some((config, listener)) = self.start.take() else {
            return Err(io::Error::other("the transport has been started before"));
        };
        let (links, hearing) = (Arc::downgrade(&self.links), Arc::downgrade(&self.links));
        let take = move |packets: &mut Vec<Packet>| {
            if let Some(links) = links.upgrade() {
                links.take(packets, &inbox);
            }
        };
        let hear = move |event: Event| {
            if let Some(links) = hearing.upgrade() {
                links.hear(&event);
            }
        };
        let mesh = Mesh::start(config, listener, take, hear).map_err(io::Error::other)?;
        *self.links.mesh.write().unwrap_or_else(PoisonError::into_inner) = Some(mesh);
        Ok(())
    }

    fn send(&mut self, envelopes: &mut Vec<Envelope<Command>>) {
        self.packets.extend(envelopes.drain(..).map(Packet::Protocol));
        // What is dropped is lost, and the protocol sends it again.
        self.links.send(&mut self.packets);
    }

    fn stop(&mut self) {
        let mesh = self.links.mesh.write().unwrap_or_else(PoisonError::into_inner).take();
        // Its threads take the lock that was just given back.
        drop(mesh);
    }
}
