//! Finding out, once, what a node does upon an input and what becomes of the facts.

use super::dead::Future;
use super::memo::{INPUTS, Outcome};
use super::model::{FactStep, FastAction, FastModel, MAX_UNFINISHED};
use super::parts::{Ghost, Node};
use super::recent::RecentlyMet;
use super::refine::{concerns_abstract, follows};
use super::state::FastState;
use crate::Bounds;
use crate::moves::{Done, Move, make_move};
use quorate_cluster::{Action, ActionKind, Cluster, Envelope, Happening};
use quorate_core::{AbstractAction, Event, Message, Role};
use quorate_spec::properties::PropertyInfo;
use quorate_spec::{ASSERTIONS, witnesses};
use smallvec::SmallVec;

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// The slot of an action in the row of its node.
    pub(super) fn input_of(action: FastAction) -> usize {
        let argument = action.argument as usize;
        match action.kind {
            ActionKind::ElectionTimeout => 0,
            ActionKind::HeartbeatTimeout => 1,
            ActionKind::Sync => {
                assert!(argument <= MAX_UNFINISHED, "at most {MAX_UNFINISHED} unfinished writes");
                2 + argument
            }
            ActionKind::Crash => {
                assert!(argument <= MAX_UNFINISHED, "at most {MAX_UNFINISHED} unfinished writes");
                20 + argument
            }
            ActionKind::Propose => 40 + argument,
            ActionKind::Read => 80 + argument,
            ActionKind::Deliver | ActionKind::Duplicate => INPUTS + argument,
            ActionKind::Wipe => 120,
            ActionKind::Drop | ActionKind::Cut | ActionKind::Heal => {
                unreachable!("no model has this action")
            }
        }
    }

    /// Lets an action happen to the cluster that a state stands for. What is in flight beside the message that
    /// arrives is left out: an action does nothing with it, and nothing that looks at one reads it.
    fn perform(&self, state: &FastState<N, P>, action: FastAction) -> Move {
        let mut cluster = self.ask_silent(state, Cluster::clone);
        let action = self.action_of(state, action);
        if let Action::Deliver(envelope) | Action::Duplicate(envelope) = &action {
            cluster.network.send(envelope.clone());
        }
        let parameters = &self.setting.parameters;
        let made = make_move(cluster, parameters, self.bounds.sync, action.clone());
        made.unwrap_or_else(|impossible| unreachable!("{action} was offered: {impossible}"))
    }

    /// Looks whether an action shows a witness that has not been seen and reads more servers than the one that
    /// acts. All others are noticed when the step, or what it does to the facts, is first found out. What one of the
    /// same servers with the same facts has shown of late, it would show again.
    #[cold]
    pub(super) fn look_for_witnesses(
        &self,
        state: &FastState<N, P>,
        action: FastAction,
        step: u32,
    ) {
        let hash = RecentlyMet::hash(&state.nodes, state.ghost);
        let hash = RecentlyMet::hash_with(hash, step);
        if self.recently_shown.contains(hash) {
            return;
        }
        for done in &self.perform(state, action).done {
            self.tracker.note_witnesses(&done.transition());
        }
        self.recently_shown.insert(hash);
    }

    /// What the acting node does, found out by letting the action happen.
    #[cold]
    pub(super) fn find_outcome(
        &self,
        state: &FastState<N, P>,
        action: FastAction,
    ) -> Option<Outcome> {
        let place = usize::from(action.place);
        let made = self.perform(state, action);
        let asymmetry = self.asymmetry(state.ghost, &made);
        let Move { done, failed } = made;
        let mut found = Outcome {
            node: state.nodes[place],
            sends: SmallVec::new(),
            concerns_facts: false,
            looks_different: [false; 2],
            stood: false,
            possible: 0,
            violated: asymmetry.or(failed.map(|_| ASSERTIONS)),
        };
        let Bounds { max_term, max_log, .. } = self.bounds;
        for done in &done {
            let (was, is) = (&done.before.servers[place], &done.after.servers[place]);
            if is.state.current_term.0 > max_term || is.state.log.last_index().0 > max_log {
                return None;
            }
            let transition = done.transition();
            self.tracker.note_witnesses(&transition);
            let change = transition.server_change()?;
            let broken = |property: &&&PropertyInfo| (property.server)(&change).is_err();
            let violated = self.checked.iter().find(broken).map(|property| property.name);
            found.violated = found.violated.or(violated);
            found.possible |= witnesses::possible_in(&transition);
            found.stood |= action.kind == ActionKind::ElectionTimeout
                && is.state.current_term > was.state.current_term;
            found.concerns_facts |= concerns_facts(was, is, done.action.kind(), &done.happening)
                || (self.compares && concerns_abstract(&done.happening));
            let sent = done.happening.step.iter().flat_map(|step| &step.effects.send);
            // Fewer than MAX_MESSAGES, so it fits.
            found.sends.extend(sent.map(|envelope| self.message_number(envelope) as u16));
        }
        if let Some(last) = done.last() {
            found.node = self.node_number(last.after.servers[place].clone());
        }
        let glances = [state.nodes[place], found.node].map(|node| self.nodes.get(node).glance);
        found.looks_different = [true, false].map(|can_crash| {
            let future = Future { can_crash, ..self.future(0) };
            !glances[0].looks_like(&glances[1], future)
        });
        Some(found)
    }

    /// The facts after an action whose outcome has this number, and the property it violates.
    pub(super) fn fact_step(
        &self,
        state: &FastState<N, P>,
        action: FastAction,
        step: u32,
    ) -> FactStep {
        if let Some(ghost) = self.recent_facts.get(state.ghost, step) {
            return (ghost, None);
        }
        let node = state.nodes[usize::from(action.place)];
        let input = Self::input_of(action);
        let key = (state.ghost, node, u32::try_from(input).unwrap_or(u32::MAX));
        let known = self.fact_steps.get(&key).map(|known| *known);
        let found = known.unwrap_or_else(|| {
            let found = self.find_fact_step(state, action);
            self.fact_steps.insert(key, found);
            found
        });
        if let (ghost, None) = found {
            self.recent_facts.set(state.ghost, step, ghost);
        }
        found
    }

    /// The facts after an action, and the property it violates, found out by letting the action happen.
    #[cold]
    fn find_fact_step(&self, state: &FastState<N, P>, action: FastAction) -> FactStep {
        let made = self.perform(state, action);
        let mut violated = self.asymmetry(state.ghost, &made);
        let mut refinement = self.ghosts.get(state.ghost).ghost.refinement.clone();
        for done in &made.done {
            let transition = done.transition();
            self.tracker.note_witnesses(&transition);
            let broken = |property: &&&PropertyInfo| (property.step)(&transition).is_err();
            let broken = self.checked.iter().find(broken).map(|property| property.name);
            let followed = follows(refinement.as_mut(), &transition, self.opinion.as_deref());
            self.tracker.note_exercised(followed.unwrap_or_default());
            violated = violated.or(broken).or(followed.err());
        }
        // A failed assertion has been reported by the step itself.
        let Some(Done { after, .. }) = made.done.into_iter().next_back() else {
            return (state.ghost, None);
        };
        let Cluster { history, clients, .. } = after;
        (self.ghost_number(Ghost { history, clients, refinement }), violated)
    }
}

/// Whether a step may change the facts, or do something that a property compares with them.
fn concerns_facts(was: &Node, is: &Node, kind: ActionKind, happening: &Happening) -> bool {
    let is_asked = matches!(
        kind,
        ActionKind::Crash | ActionKind::Wipe | ActionKind::Propose | ActionKind::Read
    );
    let has_counted_itself = |node: &Node| matches!(&node.state.role, Role::Candidate(c) if c.votes.contains(node.state.id));
    let tells = happening.step.as_ref().is_some_and(|step| {
        let effects = &step.effects;
        let is_fact = |event: &Event| match event {
            Event::Performed(action) => matches!(
                action,
                AbstractAction::BecomeLeader { .. }
                    | AbstractAction::Commit { .. }
                    | AbstractAction::Apply { .. }
            ),
            Event::SteppedDown(_) | Event::Refused { .. } => true,
        };
        let is_vote = |envelope: &Envelope| matches!(envelope.message, Message::VoteGranted);
        !effects.reply.is_empty()
            || effects.apply.is_some()
            || effects.events.iter().any(is_fact)
            || effects.send.iter().any(is_vote)
    });
    is_asked || tells || (has_counted_itself(is) && !has_counted_itself(was))
}
