//! The network: messages on their way.

use crate::Envelope;
use quorate_core::ServerId;
use std::collections::{BTreeMap, BTreeSet};

/// What a network does with messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NetworkKind {
    /// A set that only grows: delivering removes nothing. Loss (never delivered), duplication (delivered
    /// again), delay and reordering need no action of their own.
    Facts,
    /// A set from which delivery removes. Equal messages in flight are one, so it shows less than
    /// [`NetworkKind::Facts`]; a message never delivered is a lost one.
    InFlight,
    /// A bag, with loss, duplication and one-way cuts as actions: for scenarios and simulations.
    Faulty,
}

impl NetworkKind {
    /// All kinds.
    pub const ALL: [NetworkKind; 3] =
        [NetworkKind::Facts, NetworkKind::InFlight, NetworkKind::Faulty];

    /// The name of this kind.
    pub const fn name(self) -> &'static str {
        match self {
            NetworkKind::Facts => "facts",
            NetworkKind::InFlight => "in-flight",
            NetworkKind::Faulty => "faulty",
        }
    }
}

/// The messages on their way, in the order of their content, and the directions that are cut.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Network {
    /// What this network does with messages.
    pub kind: NetworkKind,
    /// Every message on its way, and how many equal ones there are.
    pub in_flight: BTreeMap<Envelope, usize>,
    /// The directions in which nothing arrives: from the first server to the second.
    pub cuts: BTreeSet<(ServerId, ServerId)>,
}

impl Network {
    /// A network without messages and cuts.
    pub const fn new(kind: NetworkKind) -> Network {
        Network { kind, in_flight: BTreeMap::new(), cuts: BTreeSet::new() }
    }

    /// Sends a message. A cut does not stop it from being sent, only from arriving while it lasts.
    pub fn send(&mut self, envelope: Envelope) {
        let count = self.in_flight.entry(envelope).or_default();
        match self.kind {
            NetworkKind::Facts | NetworkKind::InFlight => *count = 1,
            NetworkKind::Faulty => *count += 1,
        }
    }

    /// Whether such a message is on its way.
    pub fn carries(&self, envelope: &Envelope) -> bool {
        self.in_flight.contains_key(envelope)
    }

    /// Whether nothing arrives in the direction of this message.
    pub fn is_cut(&self, envelope: &Envelope) -> bool {
        self.cuts.contains(&(envelope.from, envelope.to))
    }

    /// The messages that can arrive: those in a direction that is not cut.
    pub fn arriving(&self) -> impl Iterator<Item = &Envelope> {
        self.in_flight.keys().filter(|envelope| !self.is_cut(envelope))
    }

    /// Takes one such message from the network, as delivery and loss do; in a network of facts it stays. Whether
    /// one was on its way.
    pub fn take(&mut self, envelope: &Envelope) -> bool {
        if self.kind == NetworkKind::Facts {
            return self.carries(envelope);
        }
        let Some((taken, count)) = self.in_flight.remove_entry(envelope) else { return false };
        if count > 1 {
            self.in_flight.insert(taken, count - 1);
        }
        true
    }
}
