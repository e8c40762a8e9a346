//! Finding out, once, what a node does upon an input and what becomes of the facts.

use super::memo::{INPUTS, Outcome};
use super::model::{FactStep, FastAction, FastModel, MAX_UNFINISHED};
use super::parts::{Ghost, Node};
use super::refine::concerns_abstract;
use super::state::FastState;
use crate::Bounds;
use quorate_cluster::{Action, ActionKind, Cluster, Envelope, Happening};
use quorate_core::{AbstractAction, Event, Message, Role};
use quorate_spec::properties::PropertyInfo;
use quorate_spec::{ASSERTIONS, Transition, guarded};

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

    /// Lets an action happen to the whole cluster that a state stands for.
    fn perform(
        &self,
        state: &FastState<N, P>,
        action: FastAction,
    ) -> (Cluster, Action, Option<(Cluster, Happening)>) {
        let before = self.cluster_of(state);
        let action = self.action_of(state, action);
        let mut after = before.clone();
        let parameters = &self.setting.parameters;
        let performed = match guarded(|| after.perform(parameters, &action)) {
            Ok(Ok(happening)) => Some((after, happening)),
            Ok(Err(impossible)) => unreachable!("{action} was offered: {impossible}"),
            Err(_) => None,
        };
        (before, action, performed)
    }

    /// Looks whether an action shows a witness that has not been seen. Most are noticed when a step is first
    /// taken; this is for as long as a required one is missing.
    #[cold]
    pub(super) fn look_for_witnesses(&self, state: &FastState<N, P>, action: FastAction) {
        let (before, real, performed) = self.perform(state, action);
        if let Some((after, happening)) = performed {
            self.tracker.note_witnesses(&Transition {
                before: &before,
                action: &real,
                happening: &happening,
                after: &after,
            });
        }
    }

    /// What the acting node does, found out by letting the action happen.
    #[cold]
    pub(super) fn find_outcome(
        &self,
        state: &FastState<N, P>,
        action: FastAction,
    ) -> Option<Outcome> {
        let place = usize::from(action.place);
        let (before, real, performed) = self.perform(state, action);
        let asymmetry = self.asymmetry(state.ghost, &before, &real, performed.as_ref());
        let (Some((after, happening)), None) = (performed, asymmetry) else {
            return Some(Outcome {
                node: state.nodes[place],
                sends: Box::default(),
                concerns_facts: false,
                stood: false,
                violated: asymmetry.or(Some(ASSERTIONS)),
            });
        };
        let Bounds { max_term, max_log, .. } = self.bounds;
        let (was, is) = (&before.servers[place], &after.servers[place]);
        if is.state.current_term.0 > max_term || is.state.log.last_index().0 > max_log {
            return None;
        }
        let transition =
            Transition { before: &before, action: &real, happening: &happening, after: &after };
        self.tracker.note_witnesses(&transition);
        let change = transition.server_changes().nth(place)?;
        let broken = |property: &&&PropertyInfo| (property.server)(&change).is_err();
        let sends = happening.step.iter().flat_map(|step| &step.effects.send);
        Some(Outcome {
            node: self.node_number(is.clone()),
            sends: sends.map(|envelope| self.message_number(envelope)).collect(),
            concerns_facts: concerns_facts(was, is, action.kind, &happening)
                || (self.compares && concerns_abstract(&happening)),
            stood: action.kind == ActionKind::ElectionTimeout
                && is.state.current_term > was.state.current_term,
            violated: self.checked.iter().find(broken).map(|property| property.name),
        })
    }

    /// The facts after an action, and the property it violates.
    pub(super) fn fact_step(
        &self,
        state: &FastState<N, P>,
        action: FastAction,
        input: usize,
    ) -> FactStep {
        let node = state.nodes[usize::from(action.place)];
        let key = (state.ghost, node, u32::try_from(input).unwrap_or(u32::MAX));
        if let Some(known) = self.fact_steps.get(&key) {
            return *known;
        }
        let (before, real, performed) = self.perform(state, action);
        let asymmetry = self.asymmetry(state.ghost, &before, &real, performed.as_ref());
        // A failed assertion has been reported by the step itself.
        let Some((after, happening)) = performed else { return (state.ghost, None) };
        let transition =
            Transition { before: &before, action: &real, happening: &happening, after: &after };
        self.tracker.note_witnesses(&transition);
        let broken = |property: &&&PropertyInfo| (property.step)(&transition).is_err();
        let violated = self.checked.iter().find(broken).map(|property| property.name);
        let (refinement, diverged) = self.refined(state.ghost, &transition);
        let Cluster { history, clients, .. } = after.clone();
        let ghost = self.ghost_number(Ghost { history, clients, refinement });
        let found = (ghost, violated.or(diverged).or(asymmetry));
        self.fact_steps.insert(key, found);
        found
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
