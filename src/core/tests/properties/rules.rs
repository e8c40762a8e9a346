//! The rules of a server's own state, and of every step it takes.

use quorate_core::{
    AbstractAction, Candidate, Effects, Envelope, Event, Flow, Follower, Index, Input, Leader,
    Message, Outcome, Parameters, Progress, Refusal, Role, ServerId, State, StepDown,
};
use std::collections::BTreeSet;

/// What every state of a server satisfies.
pub(crate) fn check_state(parameters: &Parameters, state: &State<u8>) {
    let last = state.log.last_index();
    assert!(state.log.is_well_formed(state.current_term));
    assert!(state.last_applied <= state.commit_index && state.commit_index <= last);
    assert!(state.last_applied <= state.durable.index && state.durable.index <= last);
    check_unfinished(state);
    match &state.role {
        Role::Follower(follower) => check_follower(state, follower),
        Role::Candidate(candidate) => check_candidate(state, candidate),
        Role::Leader(leader) => check_leader(parameters, state, leader),
    }
}

/// The unfinished writes lead from what is durable to what is decided.
fn check_unfinished(state: &State<u8>) {
    let (mut term, mut voted_for) = (state.durable.term, state.durable.voted_for);
    let mut length = None;
    for write in &state.unfinished {
        assert!(term <= write.term);
        assert!(term < write.term || voted_for.is_none() || voted_for == write.voted_for);
        assert!(state.durable.index <= write.truncate_to && write.truncate_to <= write.length);
        assert!(length.is_none_or(|length| write.truncate_to <= length));
        (term, voted_for, length) = (write.term, write.voted_for, Some(write.length));
    }
    assert_eq!((term, voted_for), (state.current_term, state.voted_for));
    assert_eq!(length.unwrap_or(state.durable.index), state.log.last_index());
    assert!(!state.disk_lagging || !state.unfinished.is_empty());
}

fn check_follower(state: &State<u8>, follower: &Follower) {
    assert!(follower.verified <= state.log.last_index());
    assert!(follower.leader.is_some() || follower.verified == Index::ZERO);
    assert_ne!(follower.leader, Some(state.id));
}

fn check_candidate(state: &State<u8>, candidate: &Candidate) {
    assert_eq!(state.voted_for, Some(state.id));
    assert_eq!(candidate.votes.contains(state.id), state.vote_is_durable());
    assert!(candidate.votes.is_empty() || state.vote_is_durable());
    assert!(!state.configuration.is_quorum(candidate.votes));
    assert_eq!(candidate.votes.intersection(state.configuration.voters()), candidate.votes);
}

fn check_leader(parameters: &Parameters, state: &State<u8>, leader: &Leader) {
    assert!(state.voted_for == Some(state.id) && state.vote_is_durable());
    assert_eq!(state.log.term_at(leader.first_index), Some(state.current_term));
    assert!(state.log.term_at(leader.first_index.previous()) < Some(state.current_term));

    let peers: Vec<ServerId> = state.configuration.peers_of(state.id).collect();
    assert_eq!(leader.progress.iter().map(|p| p.server).collect::<Vec<_>>(), peers);
    for progress in &leader.progress {
        check_progress(parameters, state.log.last_index(), leader, progress);
    }
    assert!(leader.reads.len() <= parameters.max_reads);
    assert!(leader.reads.iter().all(|read| read.round <= leader.round.next()));
    assert!(leader.reads.iter().all(|read| read.read_index >= leader.first_index));
    assert!(leader.reads.iter().is_sorted_by_key(|read| (read.round, read.read_index)));
    assert!(leader.writes.iter().all(|write| write.index > leader.first_index));
    assert!(leader.writes.iter().all(|write| write.index > state.last_applied));
    assert!(leader.writes.iter().is_sorted_by(|a, b| a.index < b.index));
}

fn check_progress(parameters: &Parameters, last: Index, leader: &Leader, progress: &Progress) {
    assert!(progress.match_index < progress.next_index);
    assert!(progress.match_index <= last && progress.next_index <= last.next());
    assert!(progress.round <= leader.round);
    match &progress.flow {
        // Everything is on its way that the window has room for.
        Flow::Streaming { in_flight } => {
            assert!(in_flight.len() <= parameters.window.max(1));
            assert!(progress.next_index > last || in_flight.len() == parameters.window.max(1));
            assert!(in_flight.iter().all(|batch| progress.match_index < *batch));
            assert!(in_flight.iter().is_sorted_by(|a, b| a < b));
            assert!(in_flight.back().is_none_or(|batch| batch.next() <= progress.next_index));
        }
        // A probe is on its way.
        Flow::Probing { waiting } => assert!(*waiting && progress.next_index <= last),
    }
}

/// What every step satisfies.
pub(crate) fn check_step(
    before: &State<u8>,
    input: &Input<u8>,
    after: &State<u8>,
    effects: &Effects<u8>,
) {
    assert_eq!((before.id, before.configuration), (after.id, after.configuration));
    assert!(before.current_term <= after.current_term);
    assert!(before.durable.term <= after.durable.term);
    assert!(before.commit_index <= after.commit_index && before.last_applied <= after.last_applied);
    let committed = usize::try_from(before.commit_index.0).unwrap();
    assert_eq!(before.log.entries()[..committed], after.log.entries()[..committed]);
    if before.current_term == after.current_term {
        assert!(before.voted_for.is_none() || before.voted_for == after.voted_for);
        check_step_within_term(before, after, effects);
    }
    check_write(before, input, after, effects);
    check_apply(before, after, effects);
    effects.send.iter().for_each(|envelope| check_sent(after, envelope));
    check_told_once(effects);
    check_refusal(before, after, effects);
}

fn check_step_within_term(before: &State<u8>, after: &State<u8>, effects: &Effects<u8>) {
    let stepped_down = effects.events.iter().any(|event| matches!(event, Event::SteppedDown(_)));
    match (&before.role, &after.role) {
        (Role::Follower(old), Role::Follower(new)) => {
            assert!(old.verified <= new.verified);
            assert!(old.leader.is_none() || old.leader == new.leader);
        }
        (Role::Candidate(old), Role::Candidate(new)) => {
            assert_eq!(old.votes.intersection(new.votes), old.votes);
        }
        (Role::Leader(old), Role::Leader(new)) => {
            assert!(after.log.entries().starts_with(before.log.entries()));
            assert!(old.round <= new.round && old.first_index == new.first_index);
            for (old, new) in old.progress.iter().zip(&new.progress) {
                assert!(old.match_index <= new.match_index && old.round <= new.round);
            }
        }
        (Role::Candidate(_), Role::Leader(_) | Role::Follower(_)) => {}
        (Role::Leader(_), Role::Follower(_)) => assert!(stepped_down),
        (Role::Follower(_), Role::Candidate(_) | Role::Leader(_))
        | (Role::Leader(_), Role::Candidate(_)) => panic!("a role that only a new term brings"),
    }
}

/// What changed is written, in one write, and nothing else is.
fn check_write(before: &State<u8>, input: &Input<u8>, after: &State<u8>, effects: &Effects<u8>) {
    let finished = if let Input::Persisted(count) = input { *count } else { 0 };
    let issued = usize::from(effects.write.is_some());
    assert_eq!(before.unfinished.len() + issued, after.unfinished.len() + finished);
    let persistent = |state: &State<u8>| (state.current_term, state.voted_for, state.log.clone());
    let Some(write) = &effects.write else {
        return assert_eq!(persistent(before), persistent(after));
    };
    assert_ne!(persistent(before), persistent(after));
    assert_eq!((write.term, write.voted_for), (after.current_term, after.voted_for));
    let keep = usize::try_from(write.truncate_to.0).unwrap();
    assert_eq!(before.log.entries()[..keep], after.log.entries()[..keep]);
    assert_eq!(write.entries, after.log.entries()[keep..]);
}

/// Entries are applied without a gap, each once, and only what is durable here in a durable term.
fn check_apply(before: &State<u8>, after: &State<u8>, effects: &Effects<u8>) {
    match effects.apply {
        None => assert_eq!(before.last_applied, after.last_applied),
        Some(run) => {
            assert_eq!((run.first, run.last), (before.last_applied.next(), after.last_applied));
            assert!(run.first <= run.last && run.last <= after.durable.index);
            assert!(after.term_is_durable());
        }
    }
}

/// What is sent is well formed, true of the sender, and promises only what is durable.
fn check_sent(state: &State<u8>, envelope: &Envelope<u8>) {
    assert!(envelope.is_well_formed(), "{envelope:?}");
    assert_eq!(envelope.from, state.id);
    assert!(envelope.to != state.id && state.configuration.voters().contains(envelope.to));
    match &envelope.message {
        Message::StaleTerm { current } => {
            assert!(*current == state.current_term && envelope.term < state.current_term);
            return;
        }
        Message::RequestVote { last } => {
            assert!(state.voted_for == Some(state.id) && state.vote_is_durable());
            assert!(state.log.matches(last.index, last.term));
        }
        Message::VoteGranted => {
            assert!(state.voted_for == Some(envelope.to) && state.vote_is_durable());
        }
        Message::AppendEntries { previous, entries, commit_index, .. } => {
            assert!(matches!(state.role, Role::Leader(_)));
            assert!(state.log.matches(previous.index, previous.term));
            assert_eq!(state.log.after(previous.index, entries.len()), entries);
            assert!(*commit_index <= state.commit_index);
        }
        Message::AppendAccepted { match_index, .. } => {
            let Role::Follower(follower) = &state.role else { panic!("only a follower accepts") };
            assert_eq!(follower.leader, Some(envelope.to));
            assert!(*match_index <= follower.verified && *match_index <= state.durable.index);
            assert!(*match_index == Index::ZERO || state.durable.term == envelope.term);
        }
        Message::AppendRejected { hint, .. } => {
            assert!(state.log.matches(hint.index, hint.term));
        }
    }
    assert_eq!(envelope.term, state.current_term);
}

/// Nobody is sent two messages in one step, except entries after entries, and an acknowledgement after the
/// vote that became durable with it: the candidate can lead by the votes of others before this one is cast.
fn check_told_once(effects: &Effects<u8>) {
    let has_entries = |envelope: &Envelope<u8>| {
        let Message::AppendEntries { entries, .. } = &envelope.message else { return false };
        !entries.is_empty()
    };
    for (place, envelope) in effects.send.iter().enumerate() {
        let mut others = effects.send.iter().skip(place + 1).filter(|o| o.to == envelope.to);
        let is_granted = matches!(envelope.message, Message::VoteGranted);
        let is_accepted =
            |other: &Envelope<u8>| matches!(other.message, Message::AppendAccepted { .. });
        let may_follow = |other: &Envelope<u8>| {
            if is_accepted(other) {
                is_granted
            } else {
                has_entries(envelope) && has_entries(other)
            }
        };
        assert!(others.all(may_follow), "{:?}", effects.send);
    }
}

/// What is refused changes nothing and is not answered; but a leader of a newer term that contradicts
/// itself is still its term's leader.
fn check_refusal(before: &State<u8>, after: &State<u8>, effects: &Effects<u8>) {
    for event in &effects.events {
        let Event::Refused { why, .. } = event else { continue };
        assert!(effects.send.is_empty() && effects.apply.is_none());
        if *why != Refusal::ReplacesCommitted {
            assert_eq!((before, effects.events.len()), (after, 1));
        }
        assert_eq!(before.log, after.log);
    }
}

/// What the random runs have to reach, or their checks would hold of nothing.
pub(crate) const WITNESSES: [&str; 21] = [
    "apply",
    "become_leader",
    "commit",
    "commit entries of an older term",
    "Written",
    "Readable",
    "NotLeader",
    "Busy",
    "Unknown",
    "ReadFailed",
    "HigherTerm",
    "MajoritySilent",
    "DiskHung",
    "Misaddressed",
    "Malformed",
    "NeverRequested",
    "SecondLeader",
    "ReplacesCommitted",
    "VoteGranted",
    "AppendRejected",
    "truncate",
];

/// Notes which of them a step reached.
pub(crate) fn note_reached(
    before: &State<u8>,
    effects: &Effects<u8>,
    seen: &mut BTreeSet<&'static str>,
) {
    for event in &effects.events {
        seen.insert(match event {
            Event::Performed(action) => action.name(),
            Event::SteppedDown(StepDown::HigherTerm) => "HigherTerm",
            Event::SteppedDown(StepDown::MajoritySilent) => "MajoritySilent",
            Event::SteppedDown(StepDown::DiskHung) => "DiskHung",
            Event::Refused { why, .. } => match why {
                Refusal::Misaddressed => "Misaddressed",
                Refusal::Malformed => "Malformed",
                Refusal::NeverRequested => "NeverRequested",
                Refusal::SecondLeader => "SecondLeader",
                Refusal::ReplacesCommitted => "ReplacesCommitted",
            },
        });
    }
    for reply in &effects.reply {
        seen.insert(match reply.outcome {
            Outcome::Written(_) => "Written",
            Outcome::Readable(_) => "Readable",
            Outcome::NotLeader(_) => "NotLeader",
            Outcome::Busy => "Busy",
            Outcome::Unknown => "Unknown",
            Outcome::ReadFailed(_) => "ReadFailed",
        });
    }
    for envelope in &effects.send {
        seen.insert(match envelope.message {
            Message::RequestVote { .. } => "RequestVote",
            Message::VoteGranted => "VoteGranted",
            Message::AppendEntries { .. } => "AppendEntries",
            Message::AppendAccepted { .. } => "AppendAccepted",
            Message::AppendRejected { .. } => "AppendRejected",
            Message::StaleTerm { .. } => "StaleTerm",
        });
    }
    if effects.write.as_ref().is_some_and(|write| write.truncate_to < before.log.last_index()) {
        seen.insert("truncate");
    }
    for event in &effects.events {
        if let Event::Performed(AbstractAction::Commit { term, .. }) = event
            && before.log.term_at(before.commit_index.next()) < Some(*term)
        {
            seen.insert("commit entries of an older term");
        }
    }
}
