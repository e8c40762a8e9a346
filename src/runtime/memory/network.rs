//! A network in memory.

use crate::sync::Mutex;
use crate::transport::{Inbox, Transport};
use quorate_core::{Envelope, ServerId, ServerSet};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// A network in memory: what is sent is at once in the receiver's mailbox. Clones are the same network.
#[derive(Debug)]
pub struct Network<C> {
    inside: Arc<Mutex<Inside<C>>>,
}

#[derive(Debug)]
struct Inside<C> {
    inboxes: BTreeMap<ServerId, Inbox<C>>,
    /// Who neither sends nor receives.
    isolated: ServerSet,
}

impl<C> Clone for Network<C> {
    fn clone(&self) -> Network<C> {
        Network { inside: Arc::clone(&self.inside) }
    }
}

impl<C> Default for Network<C> {
    fn default() -> Network<C> {
        Network::new()
    }
}

impl<C> Network<C> {
    /// A network with nobody on it.
    pub fn new() -> Network<C> {
        let inside = Inside { inboxes: BTreeMap::new(), isolated: ServerSet::EMPTY };
        Network { inside: Arc::new(Mutex::new(inside)) }
    }

    /// The transport of a server on this network.
    pub fn transport(&self, server: ServerId) -> MemoryTransport<C> {
        MemoryTransport { server, network: self.clone(), packet: Vec::new() }
    }

    /// Cuts these servers off, and nobody else: what they send or are sent is lost.
    pub fn isolate(&self, servers: ServerSet) {
        self.inside.lock().isolated = servers;
    }

    /// The receiver's inbox, unless the message is lost.
    fn route(&self, from: ServerId, to: ServerId) -> Option<Inbox<C>> {
        let inside = self.inside.lock();
        let is_cut = inside.isolated.contains(from) || inside.isolated.contains(to);
        if is_cut { None } else { inside.inboxes.get(&to).cloned() }
    }
}

/// The transport of one server on a [`Network`].
#[derive(Debug)]
pub struct MemoryTransport<C> {
    server: ServerId,
    network: Network<C>,
    /// Messages for one receiver.
    packet: Vec<Envelope<C>>,
}

impl<C: Send + 'static> Transport for MemoryTransport<C> {
    type Command = C;

    fn start(&mut self, inbox: Inbox<C>) -> io::Result<()> {
        self.network.inside.lock().inboxes.insert(self.server, inbox);
        Ok(())
    }

    fn send(&mut self, envelopes: &mut Vec<Envelope<C>>) {
        while let Some(to) = envelopes.first().map(|envelope| envelope.to) {
            self.packet.extend(envelopes.extract_if(.., |envelope| envelope.to == to));
            match self.network.route(self.server, to) {
                // A receiver that has stopped is one that does not answer.
                Some(inbox) => {
                    inbox.offer(&mut self.packet);
                }
                None => self.packet.clear(),
            }
        }
    }

    fn stop(&mut self) {
        // The network leads to the server, and the server to this transport.
        self.network.inside.lock().inboxes.remove(&self.server);
    }
}
