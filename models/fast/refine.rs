//! The abstract protocol beside the fast model.
//!
//! The plain model follows the abstract protocol along every transition and then looks at the whole cluster.
//! Here the same is looked at once for each combination of parts that it can depend on.
//!
//! **A step.** Where the abstract protocol is, is part of the facts ([`Ghost`]), so a step's comparison is
//! remembered for facts, node and input. It reads nothing else. What a step performs and sends follows from
//! node and input; the guards, and the truth of what is sent, from the abstract state beside it. The disks of
//! the *other* servers are compared with their nodes too, but in a state that is coupled they are what the
//! abstract state says, so the facts determine them as well: the comparison ends the same in every state with
//! these facts. A step that performs nothing abstract, sends nothing and applies nothing has nothing to compare
//! but the server itself, which is the next matter.
//!
//! **A state.** Each coupling predicate speaks of the abstract state and one server
//! ([`Coupling`](quorate_spec::Coupling)); a state is coupled if every pair of its facts and one of its nodes
//! is. So pairs are remembered, and a state is looked at when it is visited, like the properties of states.
//!
//! **A message.** What is in flight is compared when it is sent, and not again. A message is true by relations
//! of the abstract state that only grow: who voted for whom, who stands with which log, who leads, and what is
//! acknowledged and chosen. A vote, a standing log and a leadership are never replaced, for the guards of
//! `grant_vote`, `become_candidate` and `become_leader` ask for a term in which there is none yet; a leader's
//! log is only appended to; the index acknowledged never falls; what is chosen stays. Nodes' terms and logs,
//! which do change, are in no message's meaning. A message that is true when it is sent is therefore true
//! whenever it arrives, in every state in which it is in flight. (A disk that loses everything breaks the
//! comparison with that server's node at once, before any message can be wrong.)
//!
//! **A second opinion.** What looks at each abstract action besides the specification is asked when a step's comparison
//! is found out, and sees the abstract states before and after each action. It reads nothing else, so it is asked of
//! every combination of facts, node and input: of each action of every step of the model, though not each time.
//!
//! **Guards.** Which guards a step exercises is read where its comparison is found out, and depends on facts, node and
//! input as that does. So every guard that some step of the model exercises is seen, each time or not.
//!
//! **A dropped message.** It is dropped only if its arrival would compare well, for a core that says something
//! untrue upon it must not profit from its being dropped.

use super::model::{FastAction, FastModel};
use super::parts::{Ghost, place_of};
use super::state::FastState;
use quorate_cluster::{ActionKind, Cluster, Happening};
use quorate_spec::{Exercised, Refinement, StepCheck, Transition, coupled_server, refine_beside};

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// The facts of a cluster that has never run.
    pub(super) fn first_ghost(&self, cluster: &Cluster) -> Ghost {
        let refinement = self.compares.then(|| Refinement::new(cluster));
        Ghost { refinement, ..Ghost::default() }
    }

    /// Whether every node is coupled with the abstract protocol, if there is one beside the state.
    pub(super) fn is_coupled(&self, state: &FastState<N, P>) -> bool {
        let Some(beside) = &self.ghosts.get(state.ghost).ghost.refinement else { return true };
        state.nodes.iter().all(|node| {
            let pair = (state.ghost, *node);
            self.coupled.contains(&pair)
                || coupled_server(&beside.abstract_state, &self.nodes.get(*node).node).is_ok_and(
                    |()| {
                        self.coupled.insert(pair);
                        true
                    },
                )
        })
    }

    /// Whether what the arrival of a message performs and says agrees with the facts.
    pub(super) fn arrives_true(&self, state: &FastState<N, P>, message: u32) -> bool {
        if !self.compares {
            return true;
        }
        let to = place_of(self.messages.get(message).heading.to);
        let place = u8::try_from(to).unwrap_or(u8::MAX);
        let action = FastAction { kind: ActionKind::Deliver, place, argument: message };
        let step = self.outcome(state, action);
        step.is_none_or(|(step, _)| self.fact_step(state, action, step).1.is_none())
    }
}

/// Lets the abstract protocol, if there is one, follow a transition, with a second opinion if there is one: the guards
/// that were exercised, or the property that fails if it cannot.
pub(super) fn follows(
    refinement: Option<&mut Refinement>,
    transition: &Transition<'_>,
    opinion: Option<&dyn StepCheck>,
) -> Result<Exercised, &'static str> {
    let Some(beside) = refinement else { return Ok(Exercised::default()) };
    let refined = refine_beside(&mut beside.abstract_state, transition, opinion);
    refined.map_err(|violation| violation.property)
}

/// Whether a step performs something abstract, or says or applies something that must be true of it.
pub(super) fn concerns_abstract(happening: &Happening) -> bool {
    let tells = happening.step.as_ref().is_some_and(|step| {
        let effects = &step.effects;
        !effects.events.is_empty() || !effects.send.is_empty() || effects.apply.is_some()
    });
    tells || !happening.synced.is_empty()
}
