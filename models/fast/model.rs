//! The fast model itself.

use super::dead::{DeadRule, Future, is_dead};
use super::interner::{Interner, Store};
use super::memo::{MAX_MESSAGES, Outcome, Row};
use super::parts::{
    Ends, Ghost, GhostData, Glance, Heading, MessageData, Node, NodeData, PartKind, Renamings,
};
use super::recent::{RecentDeaths, RecentFacts, RecentlyMet};
use super::silent::SilentClusters;
use super::sorted::RenamedKeys;
use super::state::FastState;
use crate::symmetry::Rename;
use crate::{Bounds, Spent, Tracker};
use dashmap::{DashMap, DashSet};
use quorate_cluster::{Action, ActionKind, Cluster, Envelope, Network, Setting};
use quorate_core::{Renumber, RequestId, Role, ServerSet};
use quorate_spec::StepCheck;
use quorate_spec::properties::{self, PropertyInfo};
use rustc_hash::FxBuildHasher;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the fast model leaves out. Symmetry is left out by the number of keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tricks {
    /// Drops messages that can never have an effect again.
    pub drop_dead_messages: bool,
    /// Forgets fields that nothing reads within the bounds.
    pub drop_dead_fields: bool,
}

impl Tricks {
    /// Everything.
    pub const ALL: Tricks = Tricks { drop_dead_messages: true, drop_dead_fields: true };
    /// Nothing.
    pub const NONE: Tricks = Tricks { drop_dead_messages: false, drop_dead_fields: false };
}

/// What can happen in a state, small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FastAction {
    pub(super) kind: ActionKind,
    /// The place of the server that acts.
    pub(super) place: u8,
    /// How many writes, or the number of the message.
    pub(super) argument: u32,
}

/// A model of `N` servers with `P` keys for each part. With as many as there are ways to rename the servers, or
/// as there are servers, states that differ in names alone are one; with 1 each stands for itself. The first is
/// the faster for up to four servers, the second for more.
#[derive(Debug)]
pub struct FastModel<const N: usize, const P: usize> {
    /// What is explored.
    pub bounds: Bounds,
    pub(super) tracker: Tracker,
    pub(super) tricks: Tricks,
    /// Which messages are dropped.
    pub(super) is_dead: DeadRule,
    pub(super) setting: Setting,
    pub(super) checked: Vec<&'static PropertyInfo>,
    /// Whether steps are compared with the abstract protocol.
    pub(super) compares: bool,
    /// A second opinion on that.
    pub(super) opinion: Option<Arc<dyn StepCheck>>,
    pub(super) renamings: Renamings<P>,
    pub(super) nodes: Interner<Node, NodeData<P>>,
    pub(super) messages: Interner<Envelope, MessageData<P>>,
    pub(super) ends: Ends,
    pub(super) ghosts: Interner<Ghost, GhostData<P>>,
    pub(super) outcomes: Store<Outcome>,
    /// What every step does to the facts.
    pub(super) fact_steps: DashMap<FactInput, FactStep, FxBuildHasher>,
    /// The same for those of late.
    pub(super) recent_facts: RecentFacts,
    /// Which messages were found to be dead of late.
    pub(super) recent_deaths: RecentDeaths,
    /// The nodes and facts for which the properties of states were found to hold of late.
    pub(super) recently_held: RecentlyMet,
    /// The nodes, facts and steps of which witnesses that read other servers were asked of late.
    pub(super) recently_shown: RecentlyMet,
    /// The clusters that were asked of last.
    pub(super) silent_clusters: SilentClusters<N>,
    /// The facts and nodes that are coupled.
    pub(super) coupled: DashSet<(u32, u32), FxBuildHasher>,
    pub(super) is_reported: AtomicBool,
    /// In a validating run, how clusters are renamed.
    pub(super) validates: Option<Rename>,
}

/// The name under which a search finds any violation; the path tells which.
pub(super) const ANY_PROPERTY: &str = "every property";

/// The greatest number of unfinished writes on a disk.
pub(super) const MAX_UNFINISHED: usize = 16;

/// Facts, node and input.
pub(super) type FactInput = (u32, u32, u32);

/// The facts afterwards, and the property that the step violates.
pub(super) type FactStep = (u32, Option<&'static str>);

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// A model within these bounds that checks one property, those that speak end to end, or all.
    ///
    /// # Panics
    /// When `N` is not the number of servers, or [`Bounds::why_plain`] says why these bounds are none for this
    /// mode.
    pub fn new(
        bounds: Bounds,
        tricks: Tricks,
        property: Option<&str>,
        tracker: Tracker,
    ) -> FastModel<N, P> {
        assert_eq!(bounds.why_plain(), None, "bounds that the fast mode can have");
        assert_eq!(usize::from(bounds.servers), N, "the number of servers is part of the type");
        // The rules for dead messages rest on what a disk keeps. What a server that lost everything says and
        // does a second time, old messages can meet.
        let keeps_messages = bounds.wipes > 0;
        let drop_dead_messages = tricks.drop_dead_messages && !keeps_messages;
        FastModel {
            bounds,
            tracker,
            tricks: Tricks { drop_dead_messages, ..tricks },
            is_dead,
            setting: bounds.setting(),
            checked: properties::PROPERTIES.iter().filter(|p| p.is_asked(property)).collect(),
            compares: bounds.compares(property),
            opinion: None,
            renamings: Renamings::new(bounds.servers),
            nodes: Interner::default(),
            messages: Interner::default(),
            ends: Ends::new(),
            ghosts: Interner::default(),
            outcomes: Store::default(),
            fact_steps: DashMap::default(),
            recent_facts: RecentFacts::default(),
            recent_deaths: RecentDeaths::default(),
            recently_held: RecentlyMet::new(20),
            recently_shown: RecentlyMet::new(14),
            silent_clusters: SilentClusters::default(),
            coupled: DashSet::default(),
            is_reported: AtomicBool::new(false),
            validates: None,
        }
    }

    /// The same model with a second opinion on every abstract action, or without.
    #[must_use]
    pub fn with_opinion(self, opinion: Option<Arc<dyn StepCheck>>) -> FastModel<N, P> {
        FastModel { opinion, ..self }
    }

    /// The same model for a validating run: whatever is remembered is first done under every way to rename the
    /// servers, and compared; a difference is a violation of [`SYMMETRY`](crate::SYMMETRY).
    #[must_use]
    pub fn validating(self) -> FastModel<N, P> {
        FastModel { validates: Some(Renumber::renumber), ..self }
    }

    /// The cluster that a state stands for.
    pub fn cluster_of(&self, state: &FastState<N, P>) -> Cluster {
        let Ghost { history, clients, .. } = &self.ghosts.get(state.ghost).ghost;
        let mut network = Network::new(self.setting.network);
        for message in &state.network {
            network.send(self.messages.get(u32::from(*message)).envelope.clone());
        }
        Cluster {
            servers: state.nodes.iter().map(|node| self.nodes.get(*node).node.clone()).collect(),
            network,
            clients: clients.clone(),
            history: history.clone(),
        }
    }

    /// What a state of the plain model is taken for: without what the tricks drop.
    pub fn reduce(&self, cluster: &Cluster, spent: &Spent) -> Cluster {
        let mut reduced = cluster.clone();
        for node in &mut reduced.servers {
            self.forget_dead_fields(node);
        }
        if self.tricks.drop_dead_messages {
            let future = self.future(spent.crashes);
            let glances: Vec<Glance> = reduced.servers.iter().map(Glance::at).collect();
            reduced.network.in_flight.retain(|envelope, _| {
                let heading = Heading::of(envelope);
                let (from, to) = (&glances[heading.sender], &glances[heading.receiver]);
                !(self.is_dead)(&heading, from, to, future)
            });
        }
        reduced
    }

    /// What may still happen after so many crashes.
    pub(super) fn future(&self, crashes: u64) -> Future {
        let Bounds { crashes: most, leader_timeouts, .. } = self.bounds;
        Future { can_crash: crashes < most, leaders_time_out: leader_timeouts }
    }

    /// The action of the closed system that an action of a state stands for.
    pub fn action_of(&self, state: &FastState<N, P>, action: FastAction) -> Action {
        let server = self.nodes.get(state.nodes[usize::from(action.place)]).node.state.id;
        let writes = usize::try_from(action.argument).unwrap_or(usize::MAX);
        let envelope = || self.messages.get(action.argument).envelope.clone();
        let request = RequestId(u64::from(action.argument));
        match action.kind {
            ActionKind::ElectionTimeout => Action::ElectionTimeout(server),
            ActionKind::HeartbeatTimeout => Action::HeartbeatTimeout(server),
            ActionKind::Deliver => Action::Deliver(envelope()),
            ActionKind::Duplicate => Action::Duplicate(envelope()),
            ActionKind::Drop => Action::Drop(envelope()),
            ActionKind::Sync => Action::Sync { server, count: writes },
            ActionKind::Crash => Action::Crash { server, keep: writes },
            ActionKind::Propose => Action::Propose { server, requests: vec![request] },
            ActionKind::Read => Action::Read { server, request },
            ActionKind::Cut => Action::Cut { from: server, to: server },
            ActionKind::Heal => Action::Heal,
            ActionKind::Wipe => Action::Wipe(server),
        }
    }

    pub(super) fn node_number(&self, mut node: Node) -> u32 {
        self.forget_dead_fields(&mut node);
        self.nodes.number(node, |node| NodeData {
            node: node.clone(),
            keys: self.renamings.keys(PartKind::Node, node),
            renamed: RenamedKeys::default(),
            glance: Glance::at(node),
            memo: Row::new(),
        })
    }

    /// Whom a leader has heard from matters to its election timer alone.
    pub(super) fn forget_dead_fields(&self, node: &mut Node) {
        if let (true, false, Role::Leader(leader)) =
            (self.tricks.drop_dead_fields, self.bounds.leader_timeouts, &mut node.state.role)
        {
            leader.heard = ServerSet::EMPTY;
        }
    }

    pub(super) fn message_number(&self, envelope: &Envelope) -> u32 {
        let number = self.messages.number(envelope.clone(), |envelope| MessageData {
            envelope: envelope.clone(),
            keys: self.renamings.keys(PartKind::Message, envelope),
            renamed: RenamedKeys::default(),
            heading: Heading::of(envelope),
        });
        assert!((number as usize) < MAX_MESSAGES, "at most {MAX_MESSAGES} different messages");
        self.ends.set(number, &self.messages.get(number).heading);
        number
    }

    pub(super) fn ghost_number(&self, ghost: Ghost) -> u32 {
        self.ghosts.number(ghost, |ghost| GhostData {
            ghost: ghost.clone(),
            keys: self.renamings.keys(PartKind::Ghost, ghost),
            renamed: RenamedKeys::default(),
        })
    }
}
