//! The one entry point: [`step`], and the rules that come before any handler.
//!
//! A step is total and deterministic. A message from the network never makes it panic: what no correct
//! server would send is refused by rule and reported as [`Event::Refused`](crate::Event::Refused).
//! Assertions guard only what the server itself maintains and what its own caller promised.

use crate::action::AbstractAction;
use crate::basic::{ServerId, Term};
use crate::effects::{Effects, Event, Input, Outcome, Parameters, Refusal, StepDown};
use crate::log::Entry;
use crate::message::{Envelope, Message};
use crate::state::{Follower, Role, State};
use crate::{apply, durability, election, proposal, read, replication};
use alloc::vec::Vec;

/// Takes one step: the state after `input`, and what the caller is to do.
#[must_use]
pub fn step<C: Clone>(
    parameters: &Parameters,
    mut state: State<C>,
    input: Input<C>,
) -> (State<C>, Effects<C>) {
    let mut effects = Effects::default();
    step_into(parameters, &mut state, input, &mut effects);
    (state, effects)
}

/// Takes one step in place. A caller that takes many steps reuses the memory of `effects`, with
/// [`Effects::clear`] in between.
///
/// # Panics
/// When `effects` is not empty: what is left of an earlier step could pass for part of this one. When
/// [`Input::Persisted`] reports more writes than are unfinished: a caller that does so has lied about its
/// disk, and nothing it said before can be trusted.
pub fn step_into<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    input: Input<C>,
    effects: &mut Effects<C>,
) {
    assert!(effects.is_empty(), "effects of an earlier step were not cleared");
    match input {
        // A follower or candidate stands for election; a leader looks whether it still leads.
        Input::ElectionTimeout => election::on_election_timeout(state, effects),
        // A leader reminds its followers; for anyone else the timer has no meaning.
        Input::HeartbeatTimeout => replication::on_heartbeat_timeout(parameters, state, effects),
        Input::Receive(envelope) => receive(parameters, state, envelope, effects),
        Input::Propose(proposals) => proposal::on_propose(parameters, state, proposals, effects),
        Input::Read(request) => read::on_read(parameters, state, request, effects),
        Input::Persisted(count) => durability::on_persisted(parameters, state, count, effects),
    }
    // What may be applied and who may be answered follows from the state, whatever changed it.
    apply::advance(state, effects);
    read::serve(state, effects);
    assert!(state.last_applied <= state.commit_index.min(state.log.last_index()));
}

/// Applies the rules that hold for every message, then hands it to its handler.
fn receive<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    envelope: Envelope<C>,
    effects: &mut Effects<C>,
) {
    let Envelope { from, to, term, .. } = envelope;
    let is_peer = from != state.id && state.configuration.voters().contains(from);
    if to != state.id || !is_peer {
        return effects.refuse(from, Refusal::Misaddressed);
    }
    if !envelope.is_well_formed() {
        return effects.refuse(from, Refusal::Malformed);
    }
    match envelope.message {
        Message::RequestVote { last } => {
            enter_if_newer(state, term, effects);
            // An old candidate gets no vote and needs no answer.
            if term == state.current_term {
                election::on_request_vote(state, from, last, effects);
            }
        }
        Message::AppendEntries { previous, entries, commit_index, round } => {
            enter_if_newer(state, term, effects);
            // An old leader is told that it is one; its entries are not looked at.
            if term < state.current_term {
                let current = state.current_term;
                return send(state, from, term, Message::StaleTerm { current }, effects);
            }
            let request = replication::Request { from, previous, entries, commit_index, round };
            replication::on_append_entries(state, request, effects);
        }
        reply @ (Message::VoteGranted
        | Message::AppendAccepted { .. }
        | Message::AppendRejected { .. }
        | Message::StaleTerm { .. }) => {
            // A reply of a term that has not begun here answers nothing that was asked.
            if term > state.current_term {
                return effects.refuse(from, Refusal::NeverRequested);
            }
            // A reply of an old term comes too late.
            if term == state.current_term {
                on_reply(parameters, state, from, reply, effects);
            }
        }
    }
}

/// Handles the answer to a request of the current term.
fn on_reply<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    from: ServerId,
    reply: Message<C>,
    effects: &mut Effects<C>,
) {
    match reply {
        Message::VoteGranted => election::on_vote_granted(parameters, state, from, effects),
        Message::AppendAccepted { match_index, round } => {
            replication::on_append_accepted(parameters, state, from, match_index, round, effects);
        }
        Message::AppendRejected { previous, hint, round } => {
            let rejection = replication::Rejection { from, previous, hint, round };
            replication::on_append_rejected(parameters, state, rejection, effects);
        }
        // Only the leader that asked steps down; a candidate or follower will hear otherwise.
        Message::StaleTerm { current } => {
            if matches!(state.role, Role::Leader(_)) {
                enter_if_newer(state, current, effects);
            }
        }
        Message::RequestVote { .. } | Message::AppendEntries { .. } => {}
    }
}

/// Whoever sees a greater term enters it as a follower without a vote [Ongaro14 §3.3].
fn enter_if_newer<C: Clone>(state: &mut State<C>, term: Term, effects: &mut Effects<C>) {
    if term <= state.current_term {
        return;
    }
    become_follower(state, StepDown::HigherTerm, effects);
    state.current_term = term;
    state.voted_for = None;
    let witness = AbstractAction::BumpTerm { server: state.id, term };
    durability::write(state, Vec::new(), witness, effects);
}

/// Becomes a follower that knows of no leader. If it led, its waiting requests end here: the fate of a write
/// is unknown, a read has failed.
pub(crate) fn become_follower<C>(state: &mut State<C>, why: StepDown, effects: &mut Effects<C>) {
    if let Role::Leader(leadership) = &state.role {
        effects.events.push(Event::SteppedDown(why));
        for write in &leadership.writes {
            effects.answer(write.request, Outcome::Unknown);
        }
        for read in &leadership.reads {
            effects.answer(read.request, Outcome::ReadFailed(None));
        }
    }
    state.role = Role::Follower(Follower::default());
}

/// Sends a message in the name of this server.
pub(crate) fn send<C>(
    state: &State<C>,
    to: ServerId,
    term: Term,
    message: Message<C>,
    effects: &mut Effects<C>,
) {
    effects.send.push(Envelope { from: state.id, to, term, message });
}

/// Appends entries to a leader's own log, as one write.
pub(crate) fn leader_append<C: Clone>(
    state: &mut State<C>,
    entries: Vec<Entry<C>>,
    effects: &mut Effects<C>,
) {
    let previous = state.log.last_index();
    for entry in &entries {
        state.log.push(entry.clone());
        let (term, index) = (state.current_term, state.log.last_index());
        effects.perform(AbstractAction::LeaderAppend { term, index });
    }
    let (server, term, last) = (state.id, state.current_term, state.log.last_index());
    let witness = AbstractAction::Replicate { server, term, previous, last };
    durability::write_after(state, previous, entries, witness, effects);
}
