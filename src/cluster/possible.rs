//! Which actions can happen in a state.

use crate::{Action, ActionKind, Cluster, NetworkKind, Server};
use core::ops::RangeInclusive;
use quorate_core::Role;

/// Which actions are offered. What is left out never happens; nothing that can happen otherwise is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Choices {
    /// For each kind of action, in the order of declaration, whether it is offered.
    kinds: [bool; ActionKind::COUNT],
    /// How many unfinished writes become durable at once.
    pub sync: SyncGranularity,
    /// Whether the election timer of a leader runs out.
    pub leader_timeouts: bool,
    /// Whether requests reach servers other than leaders, to be refused.
    pub ask_anyone: bool,
}

/// How many unfinished writes become durable at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SyncGranularity {
    /// All of them.
    WholeQueue,
    /// The oldest one.
    OneWrite,
    /// Any number, from the oldest one to all of them.
    AnyPrefix,
    /// All of them, before anything else happens: a disk that never owes a write.
    AtOnce,
}

impl SyncGranularity {
    /// All granularities.
    pub const ALL: [SyncGranularity; 4] = [
        SyncGranularity::WholeQueue,
        SyncGranularity::OneWrite,
        SyncGranularity::AnyPrefix,
        SyncGranularity::AtOnce,
    ];

    /// The name of this granularity.
    pub const fn name(self) -> &'static str {
        match self {
            SyncGranularity::WholeQueue => "whole-queue",
            SyncGranularity::OneWrite => "one-write",
            SyncGranularity::AnyPrefix => "any-prefix",
            SyncGranularity::AtOnce => "at-once",
        }
    }

    /// How many of so many unfinished writes can become durable.
    pub const fn counts(self, unfinished: usize) -> RangeInclusive<usize> {
        match self {
            SyncGranularity::WholeQueue | SyncGranularity::AtOnce => {
                (if unfinished == 0 { 1 } else { unfinished })..=unfinished
            }
            SyncGranularity::OneWrite => 1..=(if unfinished == 0 { 0 } else { 1 }),
            SyncGranularity::AnyPrefix => 1..=unfinished,
        }
    }
}

impl Choices {
    /// Everything but wiping a disk.
    pub fn all() -> Choices {
        let mut choices = Choices {
            kinds: [true; ActionKind::COUNT],
            sync: SyncGranularity::AnyPrefix,
            leader_timeouts: true,
            ask_anyone: true,
        };
        choices.offer(ActionKind::Wipe, false);
        choices
    }

    /// Everything of one kind, and nothing else.
    pub fn only(kind: ActionKind) -> Choices {
        let mut choices = Choices { kinds: [false; ActionKind::COUNT], ..Choices::all() };
        choices.offer(kind, true);
        choices
    }

    /// Offers actions of this kind, or offers them no longer.
    pub const fn offer(&mut self, kind: ActionKind, offered: bool) {
        self.kinds[kind as usize] = offered;
    }

    /// Whether actions of this kind are offered.
    pub const fn offers(&self, kind: ActionKind) -> bool {
        self.kinds[kind as usize]
    }
}

impl Cluster {
    /// The sync that comes before anything else, if disks finish their writes at once and one has not.
    pub fn due_sync(&self, sync: SyncGranularity) -> Option<Action> {
        let due = |server: &&Server| !server.disk.unfinished.is_empty();
        let server = self.servers.iter().find(due).filter(|_| sync == SyncGranularity::AtOnce)?;
        Some(Action::Sync { server: server.state.id, count: server.disk.unfinished.len() })
    }

    /// Adds every action that can happen in this state and is among the choices, in an order that
    /// depends on nothing else.
    pub fn possible_actions(&self, choices: &Choices, out: &mut Vec<Action>) {
        if let Some(sync) = self.due_sync(choices.sync) {
            out.push(sync);
            return;
        }
        for server in &self.servers {
            self.add_server_actions(server, choices, out);
        }
        self.add_network_actions(choices, out);
    }

    fn add_server_actions(&self, server: &Server, choices: &Choices, out: &mut Vec<Action>) {
        let offers = |kind| choices.offers(kind);
        let (id, unfinished) = (server.state.id, server.disk.unfinished.len());
        let is_leader = matches!(server.state.role, Role::Leader(_));
        if offers(ActionKind::ElectionTimeout) && (!is_leader || choices.leader_timeouts) {
            out.push(Action::ElectionTimeout(id));
        }
        if offers(ActionKind::HeartbeatTimeout) && is_leader {
            out.push(Action::HeartbeatTimeout(id));
        }
        if offers(ActionKind::Sync) {
            let counts = choices.sync.counts(unfinished);
            out.extend(counts.map(|count| Action::Sync { server: id, count }));
        }
        if offers(ActionKind::Crash) {
            out.extend((0..=unfinished).map(|keep| Action::Crash { server: id, keep }));
        }
        if offers(ActionKind::Wipe) {
            out.push(Action::Wipe(id));
        }
        let request = self.next_request();
        let is_asked = is_leader || choices.ask_anyone;
        if offers(ActionKind::Propose) && is_asked {
            out.push(Action::Propose { server: id, requests: vec![request] });
        }
        if offers(ActionKind::Read) && is_asked {
            out.push(Action::Read { server: id, request });
        }
    }

    fn add_network_actions(&self, choices: &Choices, out: &mut Vec<Action>) {
        let offers = |kind| choices.offers(kind);
        let is_faulty = self.network.kind == NetworkKind::Faulty;
        if offers(ActionKind::Deliver) {
            out.extend(self.network.arriving().cloned().map(Action::Deliver));
        }
        // In a network of facts a message that has arrived is still there.
        if offers(ActionKind::Duplicate) && self.network.kind != NetworkKind::Facts {
            out.extend(self.network.arriving().cloned().map(Action::Duplicate));
        }
        if offers(ActionKind::Drop) && is_faulty {
            out.extend(self.network.in_flight.keys().cloned().map(Action::Drop));
        }
        if offers(ActionKind::Cut) && is_faulty {
            let ids = || self.servers.iter().map(|server| server.state.id);
            for from in ids() {
                let others = ids().filter(|to| *to != from);
                let uncut = others.filter(|to| !self.network.cuts.contains(&(from, *to)));
                out.extend(uncut.map(|to| Action::Cut { from, to }));
            }
        }
        if offers(ActionKind::Heal) && is_faulty && !self.network.cuts.is_empty() {
            out.push(Action::Heal);
        }
    }
}
