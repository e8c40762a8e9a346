//! Which actions can happen in a state.

use crate::{Action, ActionKind, Cluster, NetworkKind, Server};
use core::ops::RangeInclusive;
use quorate_core::{Role, ServerId};

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
        let begin = out.len();
        for server in &self.servers {
            let id = server.state.id;
            let is_leader = matches!(server.state.role, Role::Leader(_));
            if !is_leader || choices.leader_timeouts {
                out.push(Action::ElectionTimeout(id));
            }
            if is_leader {
                out.push(Action::HeartbeatTimeout(id));
            }
            self.add_disk_actions(id, server.disk.unfinished.len(), choices.sync, out);
            if is_leader || choices.ask_anyone {
                let request = self.next_request();
                out.push(Action::Propose { server: id, requests: vec![request] });
                out.push(Action::Read { server: id, request });
            }
        }
        self.add_network_actions(choices, out);
        let mut kept = begin;
        for place in begin..out.len() {
            if choices.offers(out[place].kind()) {
                out.swap(kept, place);
                kept += 1;
            }
        }
        out.truncate(kept);
    }

    fn add_disk_actions(
        &self,
        server: ServerId,
        unfinished: usize,
        sync: SyncGranularity,
        out: &mut Vec<Action>,
    ) {
        out.extend(sync.counts(unfinished).map(|count| Action::Sync { server, count }));
        out.extend((0..=unfinished).map(|keep| Action::Crash { server, keep }));
        out.push(Action::Wipe(server));
    }

    fn add_network_actions(&self, choices: &Choices, out: &mut Vec<Action>) {
        let is_faulty = self.network.kind == NetworkKind::Faulty;
        for envelope in self.network.in_flight.keys() {
            if !self.network.is_cut(envelope) {
                if choices.offers(ActionKind::Deliver) {
                    out.push(Action::Deliver(envelope.clone()));
                }
                // In a network of facts a message that has arrived is still there.
                if choices.offers(ActionKind::Duplicate) && self.network.kind != NetworkKind::Facts
                {
                    out.push(Action::Duplicate(envelope.clone()));
                }
            }
            if is_faulty && choices.offers(ActionKind::Drop) {
                out.push(Action::Drop(envelope.clone()));
            }
        }
        if is_faulty && choices.offers(ActionKind::Cut) {
            let ids = || self.servers.iter().map(|server| server.state.id);
            for from in ids() {
                let others = ids().filter(|to| *to != from);
                let uncut = others.filter(|to| !self.network.cuts.contains(&(from, *to)));
                out.extend(uncut.map(|to| Action::Cut { from, to }));
            }
        }
        if is_faulty && !self.network.cuts.is_empty() {
            out.push(Action::Heal);
        }
    }
}
