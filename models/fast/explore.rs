//! The exploration: which actions a state has, and which state each leads to.

use super::dead::Future;
use super::memo::{Known, Outcome};
use super::model::{ANY_PROPERTY, FastAction, FastModel};
use super::parts::RoleKind;
use super::recent::{RecentDeaths, RecentlyMet};
use super::state::{FastState, SpentCounts};
use crate::ANY;
use quorate_cluster::{ActionKind, Cluster, NetworkKind};
use smallvec::SmallVec;
use stateright::{Model, Property};
use std::sync::atomic::Ordering;

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// Whether every property of states holds.
    fn holds(&self, state: &FastState<N, P>) -> bool {
        if state.violated.is_none() {
            let hash = RecentlyMet::hash(&state.nodes, state.ghost);
            if self.recently_held.contains(hash) {
                return true;
            }
            let holds_in =
                |cluster: &Cluster| self.checked.iter().all(|it| (it.state)(cluster).is_ok());
            let holds = self.ask_silent(state, holds_in);
            if holds && self.is_coupled(state) {
                self.recently_held.insert(hash);
                return true;
            }
        }
        // One violation is enough, and the first is the one to keep.
        self.is_reported.swap(true, Ordering::Relaxed)
    }

    /// Drops the messages that have died because the node at a place looks different, or, with the last crash,
    /// any. No other message can have died: what the rules read of it and of its ends is as it was.
    fn drop_dead(&self, state: &mut FastState<N, P>, changed: Option<usize>) {
        let mut place = 0;
        while place < state.network.len() {
            let number = u32::from(state.network[place]);
            let concerns = changed.is_none_or(|changed| self.ends.concerns(number, changed));
            if concerns && self.has_died(state, number) {
                state.network.remove(place);
                state.subtract_keys(&self.messages.get(number).keys);
            } else {
                place += 1;
            }
        }
    }

    /// Whether a message can never have an effect again.
    fn has_died(&self, state: &FastState<N, P>, number: u32) -> bool {
        let future = self.future(u64::from(state.spent.crashes));
        let ends = self.ends.of(number);
        let nodes = ends.map(|at| state.nodes[at]);
        let question = RecentDeaths::question(number, nodes, future.can_crash);
        let known = question.and_then(|question| self.recent_deaths.get(question));
        known.unwrap_or_else(|| {
            let [from, to] = nodes.map(|node| &self.nodes.get(node).glance);
            let is_dead = (self.is_dead)(&self.messages.get(number).heading, from, to, future);
            let has_died = is_dead && self.is_inert(state, number, future);
            let is_lasting = !is_dead || self.concerns_its_ends_alone(state, number);
            if let Some(question) = question.filter(|_| is_lasting) {
                self.recent_deaths.set(question, has_died);
            }
            has_died
        })
    }

    /// Whether what the arrival of a message does is a matter of the two servers that it is from and for, and
    /// neither of the facts nor of a third server.
    fn concerns_its_ends_alone(&self, state: &FastState<N, P>, number: u32) -> bool {
        let ends = self.ends.of(number);
        let stays = |sent: &u16| self.ends.of(u32::from(*sent)).iter().all(|at| ends.contains(at));
        let arrival = self.arrival(state, number);
        !self.compares && arrival.is_none_or(|outcome| outcome.sends.iter().all(stays))
    }

    /// Whether the arrival of a message would now change nothing and send nothing that is not dead. The rules
    /// for dead messages are argued from the protocol; a core that breaks it must not profit from them, so
    /// what they say is checked on the core itself, and remembered only for the nodes it was checked with.
    fn is_inert(&self, state: &FastState<N, P>, number: u32, future: Future) -> bool {
        let glance = |at: usize| &self.nodes.get(state.nodes[at]).glance;
        let Some(outcome) = self.arrival(state, number) else { return false };
        let changes_nothing = |outcome: &Outcome, message: u32| {
            let receiver = usize::from(self.ends.receiver(message));
            outcome.violated.is_none() && outcome.node == state.nodes[receiver]
        };
        changes_nothing(outcome, number)
            && (!outcome.concerns_facts || self.arrives_true(state, number))
            && outcome.sends.iter().all(|sent| {
                let sent = u32::from(*sent);
                let heading = &self.messages.get(sent).heading;
                let (from, to) = (glance(heading.sender), glance(heading.receiver));
                let arrived = self.arrival(state, sent);
                (self.is_dead)(heading, from, to, future)
                    && arrived.is_some_and(|o| changes_nothing(o, sent) && o.sends.is_empty())
            })
    }

    /// What the arrival of a message leads to, if it stays within the bounds.
    fn arrival(&self, state: &FastState<N, P>, message: u32) -> Option<&Outcome> {
        let place = self.ends.receiver(message);
        let action = FastAction { kind: ActionKind::Deliver, place, argument: message };
        self.outcome(state, action).map(|(_, outcome)| outcome)
    }

    /// What the acting node does upon an action, and its number, if it stays within the bounds: remembered, or
    /// found out.
    pub(super) fn outcome(
        &self,
        state: &FastState<N, P>,
        action: FastAction,
    ) -> Option<(u32, &Outcome)> {
        let memo = &self.nodes.get(state.nodes[usize::from(action.place)]).memo;
        let input = Self::input_of(action);
        loop {
            match memo.get(input) {
                Known::Outcome(number) => return Some((number, self.outcomes.get(number))),
                Known::Outside => return None,
                Known::Not => memo.set(input, &self.outcomes, self.find_outcome(state, action)),
            }
        }
    }

    /// Adds a message that has been sent, unless it is there already.
    pub(super) fn add_message(&self, state: &mut FastState<N, P>, message: u32) {
        // Fewer than MAX_MESSAGES, so it fits.
        let number = message as u16;
        if let Err(place) = state.network.binary_search(&number) {
            state.network.insert(place, number);
            state.add_keys(&self.messages.get(message).keys);
        }
    }

    fn spend(&self, spent: &mut SpentCounts, kind: ActionKind, stood: bool) -> bool {
        match kind {
            ActionKind::ElectionTimeout => {
                spent.elections += u8::from(stood && self.bounds.elections != ANY);
            }
            ActionKind::Crash => spent.crashes += u8::from(self.bounds.crashes != ANY),
            ActionKind::Propose => spent.commands += 1,
            ActionKind::Read => spent.reads += 1,
            ActionKind::Duplicate => spent.duplicates += 1,
            ActionKind::HeartbeatTimeout => spent.heartbeats += 1,
            ActionKind::Wipe => spent.wipes += 1,
            ActionKind::Deliver
            | ActionKind::Drop
            | ActionKind::Sync
            | ActionKind::Cut
            | ActionKind::Heal => {}
        }
        u64::from(spent.elections) <= self.bounds.elections
    }
}

impl<const N: usize, const P: usize> Model for FastModel<N, P> {
    type State = FastState<N, P>;
    type Action = FastAction;

    fn init_states(&self) -> Vec<FastState<N, P>> {
        let cluster = Cluster::new(&self.setting);
        let numbers: Vec<u32> =
            cluster.servers.iter().map(|node| self.node_number(node.clone())).collect();
        let mut state = FastState {
            nodes: core::array::from_fn(|place| numbers[place]),
            ghost: self.ghost_number(self.first_ghost(&cluster)),
            spent: SpentCounts::default(),
            violated: None,
            network: SmallVec::new(),
            keys: [0; P],
            fingerprint: 0,
        };
        for node in state.nodes {
            state.add_keys(&self.nodes.get(node).keys);
        }
        state.add_keys(&self.ghosts.get(state.ghost).keys);
        self.settle(&mut state);
        vec![state]
    }

    fn actions(&self, state: &FastState<N, P>, actions: &mut Vec<FastAction>) {
        // What is violated needs no future, and what is stopped has none.
        if state.violated.is_some() || !self.tracker.may_go_on() {
            return;
        }
        let bounds = &self.bounds;
        let spent = state.spent.plain();
        for (place, node) in (0_u8..).zip(&state.nodes) {
            let glance = self.nodes.get(*node).glance;
            let mut add = |kind, argument| actions.push(FastAction { kind, place, argument });
            let is_leader = glance.role == RoleKind::Leader;
            if !is_leader || bounds.leader_timeouts {
                add(ActionKind::ElectionTimeout, 0);
            }
            if is_leader && spent.heartbeats < bounds.heartbeats {
                add(ActionKind::HeartbeatTimeout, 0);
            }
            let argument = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            let counts = bounds.sync.counts(glance.unfinished);
            counts.for_each(|count| add(ActionKind::Sync, argument(count)));
            if spent.crashes < bounds.crashes {
                (0..=glance.unfinished).for_each(|keep| add(ActionKind::Crash, argument(keep)));
            }
            if spent.wipes < bounds.wipes {
                add(ActionKind::Wipe, 0);
            }
            let next_request = u32::try_from(spent.commands + spent.reads + 1).unwrap_or(u32::MAX);
            if is_leader && spent.commands < bounds.commands {
                add(ActionKind::Propose, next_request);
            }
            if is_leader && spent.reads < bounds.reads {
                add(ActionKind::Read, next_request);
            }
        }
        let keeps = self.setting.network == NetworkKind::Facts;
        for number in &state.network {
            let argument = u32::from(*number);
            let place = self.ends.receiver(argument);
            actions.push(FastAction { kind: ActionKind::Deliver, place, argument });
            if spent.duplicates < bounds.duplicates && !keeps {
                actions.push(FastAction { kind: ActionKind::Duplicate, place, argument });
            }
        }
    }

    fn next_state(&self, last: &FastState<N, P>, action: FastAction) -> Option<FastState<N, P>> {
        let place = usize::from(action.place);
        let (step, outcome) = self.outcome(last, action)?;
        let mut spent = last.spent;
        if !self.spend(&mut spent, action.kind, outcome.stood) {
            return None;
        }
        if outcome.possible & !self.tracker.seen() != 0 {
            self.look_for_witnesses(last, action, step);
        }
        let (ghost, violated) = match outcome.concerns_facts {
            true => self.fact_step(last, action, step),
            false => (last.ghost, None),
        };
        self.tracker.note_action(action.kind);
        let violated = outcome.violated.or(violated);
        let is_changed = outcome.node != last.nodes[place];
        let takes =
            action.kind == ActionKind::Deliver && self.setting.network != NetworkKind::Facts;
        let is_sent = |message: &u16| last.network.binary_search(message).is_ok();
        let changes_nothing = !(is_changed || takes || violated.is_some())
            && ghost == last.ghost
            && spent == last.spent
            && outcome.sends.iter().all(is_sent);
        if changes_nothing {
            return None;
        }
        let mut next = last.with(spent, violated);
        if ghost != last.ghost {
            next.subtract_keys(&self.ghosts.get(last.ghost).keys);
            next.add_keys(&self.ghosts.get(ghost).keys);
            next.ghost = ghost;
        }
        if takes {
            let number = action.argument as u16;
            if let Ok(at) = next.network.binary_search(&number) {
                next.network.remove(at);
                next.subtract_keys(&self.messages.get(action.argument).keys);
            }
        }
        if is_changed {
            next.subtract_keys(&self.nodes.get(last.nodes[place]).keys);
            next.add_keys(&self.nodes.get(outcome.node).keys);
            next.nodes[place] = outcome.node;
        }
        let drops = self.tricks.drop_dead_messages;
        if drops {
            let can_crash = self.future(u64::from(spent.crashes)).can_crash;
            if action.kind == ActionKind::Crash && !can_crash {
                self.drop_dead(&mut next, None);
            } else if outcome.looks_different[usize::from(!can_crash)] {
                self.drop_dead(&mut next, Some(place));
            }
        }
        for message in outcome.sends.iter().map(|message| u32::from(*message)) {
            if !(drops && self.has_died(&next, message)) {
                self.add_message(&mut next, message);
            }
        }
        self.settle(&mut next);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<FastModel<N, P>>> {
        vec![Property::always(ANY_PROPERTY, |model: &FastModel<N, P>, state| model.holds(state))]
    }
}
