//! Linearizable reads without writing to the log: ReadIndex [Ongaro14 §6.4].
//!
//! A read may be answered from the state machine of a leader once two things are so. First, everything
//! committed when the read arrived is applied: `read_index` is the commit index at that moment, and at least
//! the no-op of the term, because before the no-op commits the leader does not know how much its
//! predecessors committed. Second, the leader still led after the read arrived: a majority has echoed a round
//! that began later than the read. Each round has its own number, so a late or repeated echo confirms only
//! what it was sent for.
//!
//! At most one round is on its way; reads that arrive meanwhile share the next.

use crate::basic::RequestId;
use crate::effects::{Effects, Outcome, Parameters};
use crate::replication;
use crate::state::{Role, State, WaitingRead};

/// Handles a read: a leader lets it wait for a round of its own time.
pub(crate) fn on_read<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    request: RequestId,
    effects: &mut Effects<C>,
) {
    let hint = state.leader_hint();
    let Role::Leader(leader) = &mut state.role else {
        return effects.answer(request, Outcome::ReadFailed(hint));
    };
    if leader.reads.len() >= parameters.max_reads {
        return effects.answer(request, Outcome::Busy);
    }
    let read_index = state.commit_index.max(leader.first_index);
    let round = leader.round.next();
    leader.reads.push_back(WaitingRead { request, read_index, round });
    if begin_round_if_free(state) {
        replication::tell_everyone(state, effects);
    }
}

/// Begins the round that waiting reads need, unless one is still on its way; whether one has begun, of
/// which the followers are to be told.
pub(crate) fn begin_round_if_free<C>(state: &mut State<C>) -> bool {
    let Role::Leader(leader) = &state.role else { return false };
    let newest_is_confirmed =
        state.configuration.is_quorum(leader.confirmed(state.id, leader.round));
    newest_is_confirmed && begin_round(state)
}

/// Gives the next round its number if a read needs it; whether one did.
pub(crate) fn begin_round<C>(state: &mut State<C>) -> bool {
    let Role::Leader(leader) = &mut state.role else { return false };
    let is_needed = leader.reads.back().is_some_and(|read| read.round > leader.round);
    if is_needed {
        leader.round = leader.round.next();
    }
    is_needed
}

/// Answers the reads whose round is confirmed and whose index is applied.
pub(crate) fn serve<C>(state: &mut State<C>, effects: &mut Effects<C>) {
    let Role::Leader(leader) = &mut state.role else { return };
    while let Some(read) = leader.reads.front() {
        let is_confirmed = state.configuration.is_quorum(leader.confirmed(state.id, read.round));
        if !is_confirmed || state.last_applied < read.read_index {
            return;
        }
        effects.answer(read.request, Outcome::Readable(read.read_index));
        leader.reads.pop_front();
    }
}
