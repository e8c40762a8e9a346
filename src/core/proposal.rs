//! Writes: how a client's command enters the log.

use crate::effects::{Effects, Outcome, Parameters, Proposal};
use crate::log::{Entry, Payload};
use crate::replication;
use crate::state::{Role, State, WaitingWrite};
use crate::step::leader_append;
use alloc::vec::Vec;

/// Handles commands from clients: a leader appends them, in order, as one write.
pub(crate) fn on_propose<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    proposals: Vec<Proposal<C>>,
    effects: &mut Effects<C>,
) {
    let hint = state.leader_hint();
    let Role::Leader(leader) = &mut state.role else {
        for proposal in proposals {
            effects.answer(proposal.request, Outcome::NotLeader(hint));
        }
        return;
    };
    let mut last = state.log.last_index();
    let mut entries = Vec::with_capacity(proposals.len());
    for Proposal { request, command } in proposals {
        // The tail that is not done yet is bounded: what cannot be done soon is better refused now. What is
        // committed counts until it is applied, or a leader whose disk is slower than its followers' would
        // take requests without end.
        if last.beyond(state.last_applied) >= parameters.max_uncommitted {
            effects.answer(request, Outcome::Busy);
            continue;
        }
        last = last.next();
        leader.writes.push_back(WaitingWrite { index: last, request });
        entries.push(Entry { term: state.current_term, payload: Payload::Command(command) });
    }
    if !entries.is_empty() {
        leader_append(state, entries, effects);
        replication::replicate_to_all(parameters, state, effects);
    }
}
