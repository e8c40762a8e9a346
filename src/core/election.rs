//! Elections [Ongaro14 §3.4], with the restriction on who can win [Ongaro14 §3.6.1].

use crate::action::AbstractAction;
use crate::basic::{Index, LogPosition, Round, ServerId, ServerSet};
use crate::effects::{Effects, Parameters, Refusal, StepDown};
use crate::log::{Entry, Payload};
use crate::message::Message;
use crate::state::{Candidate, Flow, Leader, Progress, Role, State};
use crate::step::{become_follower, leader_append, send};
use crate::{durability, replication};
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

/// Handles the election timer: a follower or candidate stands, a leader looks whether it still leads.
pub(crate) fn on_election_timeout<C: Clone>(state: &mut State<C>, effects: &mut Effects<C>) {
    effects.timers.election = true;
    // The oldest unfinished write has not moved since the last election timeout.
    let disk_hung = state.disk_lagging;
    state.disk_lagging = !state.unfinished.is_empty();

    if let Role::Leader(leader) = &mut state.role {
        let mut heard = core::mem::take(&mut leader.heard);
        heard.insert(state.id);
        // A leader whose disk hangs can commit through others but never answer; a single one neither.
        if disk_hung {
            become_follower(state, StepDown::DiskHung, effects);
        // A leader cut off from its majority would keep its clients for ever [Ongaro14 §6.2]. It counts
        // its voters as heard until its first timeout, so that it gets one whole period.
        } else if !state.configuration.is_quorum(heard) {
            become_follower(state, StepDown::MajoritySilent, effects);
        }
        return;
    }
    // A server whose disk hangs could not cast its own vote.
    if !disk_hung {
        stand(state, effects);
    }
}

/// Enters the next term as a candidate. Nobody is asked before the candidate's own vote is durable.
fn stand<C: Clone>(state: &mut State<C>, effects: &mut Effects<C>) {
    // After the last representable term there are no elections.
    let Some(term) = state.current_term.next() else { return };
    state.current_term = term;
    state.voted_for = Some(state.id);
    state.role = Role::Candidate(Candidate::default());
    let witness = AbstractAction::BecomeCandidate { server: state.id, term };
    durability::write(state, Vec::new(), witness, effects);
}

/// Handles a request for this server's vote in the current term.
pub(crate) fn on_request_vote<C: Clone>(
    state: &mut State<C>,
    candidate: ServerId,
    last: LogPosition,
    effects: &mut Effects<C>,
) {
    // One vote per term, first come first served; the candidate itself may ask again.
    let vote_is_free = state.voted_for.is_none_or(|voted_for| voted_for == candidate);
    // The candidate's log must hold every committed entry, so it must not end before the voter's.
    let log_is_up_to_date = last >= state.log.last_position();
    // Once this server knows the leader of the term, its vote can help nobody.
    let is_undecided = matches!(&state.role, Role::Follower(f) if f.leader.is_none());
    if !vote_is_free || !log_is_up_to_date || !is_undecided {
        return;
    }
    effects.timers.election = true;
    if state.voted_for.is_none() {
        state.voted_for = Some(candidate);
        let (server, term) = (state.id, state.current_term);
        let witness = AbstractAction::GrantVote { server, candidate, term };
        durability::write(state, Vec::new(), witness, effects);
    } else if state.vote_is_durable() {
        send(state, candidate, state.current_term, Message::VoteGranted, effects);
    }
}

/// Casts the vote of the current term, now that it is durable: a voter sends it, a candidate counts it
/// and asks for the others'.
pub(crate) fn cast_vote<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    effects: &mut Effects<C>,
) {
    let term = state.current_term;
    match (&state.role, state.voted_for) {
        (Role::Candidate(_), Some(voted_for)) if voted_for == state.id => {
            let last = state.log.last_position();
            for peer in state.configuration.peers_of(state.id) {
                send(state, peer, term, Message::RequestVote { last }, effects);
            }
            count_vote(parameters, state, voted_for, effects);
        }
        (Role::Follower(_), Some(voted_for)) if voted_for != state.id => {
            send(state, voted_for, term, Message::VoteGranted, effects);
        }
        (Role::Follower(_) | Role::Candidate(_) | Role::Leader(_), _) => {}
    }
}

/// Handles a vote of the current term.
pub(crate) fn on_vote_granted<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    voter: ServerId,
    effects: &mut Effects<C>,
) {
    let Role::Candidate(candidate) = &state.role else { return };
    // Nobody was asked before the candidate had counted itself, and nobody leads without its own vote.
    if !candidate.votes.contains(state.id) {
        return effects.refuse(voter, Refusal::NeverRequested);
    }
    count_vote(parameters, state, voter, effects);
}

/// Counts a vote; with those of a majority the candidate becomes leader.
fn count_vote<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    voter: ServerId,
    effects: &mut Effects<C>,
) {
    let Role::Candidate(candidate) = &mut state.role else { return };
    candidate.votes.insert(voter);
    let votes = candidate.votes;
    if state.configuration.is_quorum(votes) {
        become_leader(parameters, state, votes, effects);
    }
}

/// Becomes leader of the current term, and begins it with a no-op: the entry by which everything before
/// it can be committed [Ongaro14 §3.6.2] and after which reads can be served [Ongaro14 §6.4].
fn become_leader<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    votes: ServerSet,
    effects: &mut Effects<C>,
) {
    let (server, term) = (state.id, state.current_term);
    effects.perform(AbstractAction::BecomeLeader { server, term, votes });
    let first_index = state.log.last_index().next();
    let progress = |server| Progress {
        server,
        next_index: first_index,
        match_index: Index::ZERO,
        round: Round::ZERO,
        flow: Flow::Streaming { in_flight: VecDeque::new() },
    };
    state.role = Role::Leader(Leader {
        first_index,
        progress: state.configuration.peers_of(state.id).map(progress).collect(),
        heard: votes,
        round: Round::ZERO,
        writes: VecDeque::new(),
        reads: VecDeque::new(),
    });
    effects.timers.heartbeat = true;
    leader_append(state, vec![Entry { term, payload: Payload::NoOp }], effects);
    replication::replicate_to_all(parameters, state, effects);
}
