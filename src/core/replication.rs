//! Replication: AppendEntries in both directions [Ongaro14 §3.5].
//!
//! A leader sends batches within a window, one after the other while the logs match
//! ([`Flow::Streaming`]), and one at a time after a mismatch ([`Flow::Probing`]). A rejection carries a hint
//! that lets the leader back up by whole terms. A heartbeat is an AppendEntries without entries at the
//! position before the next entry, so its answer also tells which entries were lost; while probing it is the
//! probe again.
//!
//! A follower's acknowledgement names the index that is *verified* - matched with the leader of this term -
//! and durable, never merely the end of its log: what stands beyond may still be another leader's.

use crate::action::AbstractAction;
use crate::basic::{Index, LogPosition, Round, ServerId};
use crate::effects::{Effects, Parameters, Refusal};
use crate::log::Entry;
use crate::message::{Envelope, Message};
use crate::state::{Flow, Follower, Progress, Role, State};
use crate::step::send;
use crate::{commit, durability, read};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// An AppendEntries of the current term.
pub(crate) struct Request<C> {
    pub(crate) from: ServerId,
    pub(crate) previous: LogPosition,
    pub(crate) entries: Vec<Entry<C>>,
    pub(crate) commit_index: Index,
    pub(crate) round: Round,
}

/// An AppendRejected of the current term.
pub(crate) struct Rejection {
    pub(crate) from: ServerId,
    pub(crate) previous: Index,
    pub(crate) hint: LogPosition,
    pub(crate) round: Round,
}

/// Handles AppendEntries of the current term.
pub(crate) fn on_append_entries<C: Clone>(
    state: &mut State<C>,
    request: Request<C>,
    effects: &mut Effects<C>,
) {
    let Request { from, previous, entries, commit_index, round } = request;
    let other_leader = state.leader_hint().filter(|leader| *leader != from);
    if other_leader.is_some() {
        return effects.refuse(from, Refusal::SecondLeader);
    }
    effects.timers.election = true;
    match &mut state.role {
        Role::Follower(follower) => follower.leader = Some(from),
        // Somebody else has won this term's election.
        Role::Candidate(_) => {
            state.role = Role::Follower(Follower { leader: Some(from), ..Follower::default() });
        }
        // A leader knows who leads its term: itself, and no other.
        Role::Leader(_) => return effects.refuse(from, Refusal::SecondLeader),
    }
    // Without a common entry before the new ones they cannot be taken.
    if !state.log.matches(previous.index, previous.term) {
        let hint = state.log.last_at_most(previous.index, previous.term);
        let message = Message::AppendRejected { previous: previous.index, hint, round };
        return send(state, from, state.current_term, message, effects);
    }
    let is_heartbeat = entries.is_empty();
    let Some(last) = take_entries(state, previous.index, entries, effects) else {
        return effects.refuse(from, Refusal::ReplacesCommitted);
    };
    if let Role::Follower(follower) = &mut state.role {
        follower.verified = follower.verified.max(last);
        // What is beyond the verified index may not be what the leader committed.
        state.commit_index = state.commit_index.max(commit_index.min(follower.verified));
    }
    // A heartbeat is always answered, if only as a sign of life: a follower whose disk is slow is not a silent
    // one. New entries are acknowledged when they are durable, and not before: what could be said of the log
    // now has been said. Entries that were there already are acknowledged again, for the first time may have
    // been lost.
    let writes_entries = effects.write.as_ref().is_some_and(|write| !write.entries.is_empty());
    let has_news = !writes_entries && state.acknowledgeable() > Index::ZERO;
    if is_heartbeat || round > Round::ZERO || has_news {
        acknowledge(state, round, effects);
    }
}

/// Makes the log hold `entries` after `previous`, removing what conflicts and nothing else: entries that are
/// already held stay, and so does what follows them, for this request may be an old one. The index of the
/// last of `entries`, or nothing when a committed or verified entry would have to go.
fn take_entries<C: Clone>(
    state: &mut State<C>,
    previous: Index,
    mut entries: Vec<Entry<C>>,
    effects: &mut Effects<C>,
) -> Option<Index> {
    let held = state.log.after(previous, entries.len()).iter().zip(&entries);
    let held = held.take_while(|(ours, theirs)| ours.term == theirs.term).count();
    entries.drain(..held);
    let keep = previous.plus(u64::try_from(held).unwrap_or(u64::MAX));
    if entries.is_empty() {
        return Some(keep);
    }
    // A leader never changes what it has sent, so what is verified does not conflict with it either.
    let verified = match &state.role {
        Role::Follower(follower) => follower.verified,
        Role::Candidate(_) | Role::Leader(_) => Index::ZERO,
    };
    if keep < state.commit_index.max(verified) {
        return None;
    }
    state.log.replace_after(keep, &entries);
    let (server, term, last) = (state.id, state.current_term, state.log.last_index());
    let witness = AbstractAction::Replicate { server, term, previous: keep, last };
    durability::write_after(state, keep, entries, witness, effects);
    Some(last)
}

/// Tells the leader how much is verified and durable, and echoes a round.
pub(crate) fn acknowledge<C>(state: &State<C>, round: Round, effects: &mut Effects<C>) {
    let Some(leader) = state.leader_hint() else { return };
    let match_index = state.acknowledgeable();
    let (server, term) = (state.id, state.current_term);
    if match_index > Index::ZERO {
        let (previous, last) = (match_index, match_index);
        effects.perform(AbstractAction::Replicate { server, term, previous, last });
    }
    send(state, leader, term, Message::AppendAccepted { match_index, round }, effects);
}

/// Handles an acknowledgement of the current term.
pub(crate) fn on_append_accepted<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    from: ServerId,
    match_index: Index,
    round: Round,
    effects: &mut Effects<C>,
) {
    let last_index = state.log.last_index();
    let Role::Leader(leader) = &mut state.role else { return };
    if match_index > last_index || round > leader.round {
        return effects.refuse(from, Refusal::NeverRequested);
    }
    leader.heard.insert(from);
    let Some(progress) = leader.progress.iter_mut().find(|p| p.server == from) else { return };
    progress.round = progress.round.max(round);
    // Acknowledgements may arrive out of order; what was once acknowledged stays so.
    progress.match_index = progress.match_index.max(match_index);
    let matched = progress.match_index;
    match &mut progress.flow {
        Flow::Streaming { in_flight } => {
            while in_flight.front().is_some_and(|batch| *batch <= matched) {
                in_flight.pop_front();
            }
        }
        // The probe matched. Only entries that were not known to be there say so: an acknowledgement of what
        // is known may be an old one.
        Flow::Probing { .. } if matched >= progress.next_index => {
            progress.flow = Flow::Streaming { in_flight: VecDeque::new() };
        }
        Flow::Probing { .. } => {}
    }
    progress.next_index = progress.next_index.max(matched.next());

    // What is new comes first, so that the entries sent carry it and nobody needs to be told twice.
    let is_committed = commit::advance(parameters, state, effects);
    let has_begun = read::begin_round_if_free(state);
    replicate_to(parameters, state, from, effects);
    if is_committed || has_begun {
        tell_everyone(state, effects);
    }
}

/// Handles a rejection of the current term: backs up and tries again.
pub(crate) fn on_append_rejected<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    rejection: Rejection,
    effects: &mut Effects<C>,
) {
    let Rejection { from, previous, hint, round } = rejection;
    let Role::Leader(leader) = &mut state.role else { return };
    if round > leader.round {
        return effects.refuse(from, Refusal::NeverRequested);
    }
    leader.heard.insert(from);
    let Some(progress) = leader.progress.iter_mut().find(|p| p.server == from) else { return };
    progress.round = progress.round.max(round);
    // A rejection of anything but what is being tried now is an old one.
    let is_current = match &progress.flow {
        Flow::Streaming { .. } => previous > progress.match_index && previous < progress.next_index,
        Flow::Probing { .. } => {
            previous > progress.match_index && previous.next() == progress.next_index
        }
    };
    if is_current {
        // The logs can agree at most where the leader's terms are no greater than the hint's.
        let agree = state.log.last_at_most(hint.index, hint.term).index;
        let next = agree.next().min(previous);
        progress.next_index = next.max(progress.match_index.next());
        progress.flow = Flow::Probing { waiting: false };
    }
    let has_begun = read::begin_round_if_free(state);
    replicate_to(parameters, state, from, effects);
    if has_begun {
        tell_everyone(state, effects);
    }
}

/// Handles the heartbeat timer of a leader.
pub(crate) fn on_heartbeat_timeout<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    effects: &mut Effects<C>,
) {
    if !matches!(state.role, Role::Leader(_)) {
        return;
    }
    effects.timers.heartbeat = true;
    // Should the round on its way be lost, its reads are confirmed by this one.
    read::begin_round(state);
    let Role::Leader(leader) = &state.role else { return };
    for progress in &leader.progress {
        let batch = match &progress.flow {
            Flow::Streaming { .. } => 0,
            // Should the probe be lost, this is it again.
            Flow::Probing { .. } => parameters.batch.max(1),
        };
        effects.send.push(append_entries(state, progress, leader.round, batch));
    }
}

/// Tells every follower the commit index and the round, with a message of its own where this step sends
/// it nothing else. Whatever the step sends must already carry them.
pub(crate) fn tell_everyone<C: Clone>(state: &State<C>, effects: &mut Effects<C>) {
    let Role::Leader(leader) = &state.role else { return };
    for progress in &leader.progress {
        let is_told = effects.send.iter().any(|envelope| envelope.to == progress.server);
        if !is_told {
            effects.send.push(append_entries(state, progress, leader.round, 0));
        }
    }
}

/// Sends every follower what the window allows.
pub(crate) fn replicate_to_all<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    effects: &mut Effects<C>,
) {
    for peer in state.configuration.peers_of(state.id) {
        replicate_to(parameters, state, peer, effects);
    }
}

/// Sends one follower what the window allows.
fn replicate_to<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    peer: ServerId,
    effects: &mut Effects<C>,
) {
    while may_send(parameters, state, peer) {
        let Role::Leader(leader) = &state.role else { return };
        let Some(progress) = leader.progress_of(peer) else { return };
        let batch = parameters.batch.max(1);
        let envelope = append_entries(state, progress, leader.round, batch);
        note_sent(state, peer, batch);
        effects.send.push(envelope);
    }
}

/// Whether there are entries to send to a follower, and room for them on the way.
fn may_send<C>(parameters: &Parameters, state: &State<C>, peer: ServerId) -> bool {
    let Role::Leader(leader) = &state.role else { return false };
    leader.progress_of(peer).is_some_and(|progress| {
        let has_room = match &progress.flow {
            Flow::Streaming { in_flight } => in_flight.len() < parameters.window.max(1),
            Flow::Probing { waiting } => !waiting,
        };
        has_room && progress.next_index <= state.log.last_index()
    })
}

/// Notes that a batch is on its way.
fn note_sent<C>(state: &mut State<C>, peer: ServerId, batch: usize) {
    let last_index = state.log.last_index();
    let Role::Leader(leader) = &mut state.role else { return };
    let Some(progress) = leader.progress.iter_mut().find(|p| p.server == peer) else { return };
    match &mut progress.flow {
        Flow::Streaming { in_flight } => {
            let sent = u64::try_from(batch).unwrap_or(u64::MAX);
            let last = progress.next_index.previous().plus(sent).min(last_index);
            in_flight.push_back(last);
            progress.next_index = last.next();
        }
        Flow::Probing { waiting } => *waiting = true,
    }
}

/// The AppendEntries for one follower with at most `batch` entries.
fn append_entries<C: Clone>(
    state: &State<C>,
    progress: &Progress,
    round: Round,
    batch: usize,
) -> Envelope<C> {
    let index = progress.next_index.previous();
    let term = state.log.term_at(index).unwrap_or_default();
    let entries = state.log.after(index, batch).to_vec();
    let sent = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    // The message can vouch for the commit index only as far as it identifies the log.
    let commit_index = state.commit_index.min(index.plus(sent));
    let previous = LogPosition { term, index };
    Envelope {
        from: state.id,
        to: progress.server,
        term: state.current_term,
        message: Message::AppendEntries { previous, entries, commit_index, round },
    }
}
