//! What happens to logs and commit indices.

use super::{arrival, leads, performed, step};
use crate::Transition;
use quorate_cluster::{Command, Committed, State};
use quorate_core::{AbstractAction, Flow, Index, Message, Payload, Progress, Role, ServerId};

/// Whether some entry that became committed passes a test.
fn committed(transition: &Transition<'_>, test: impl Fn(&Committed) -> bool) -> bool {
    let known = transition.before.history.committed.len();
    transition.after.history.committed.iter().skip(known).any(test)
}

pub(super) fn noop_committed(transition: &Transition<'_>) -> bool {
    committed(transition, |new| matches!(new.entry.payload, Payload::NoOp))
}

pub(super) fn command_committed(transition: &Transition<'_>) -> bool {
    committed(transition, |new| matches!(new.entry.payload, Payload::Command(_)))
}

pub(super) fn older_term_committed(transition: &Transition<'_>) -> bool {
    committed(transition, |new| new.entry.term < new.term)
}

pub(super) fn commit_by_followers_alone(transition: &Transition<'_>) -> bool {
    let Some(step) = step(transition) else { return false };
    performed(
        transition,
        |action| matches!(action, AbstractAction::Commit { index, .. } if *index > step.after.durable.index),
    )
}

pub(super) fn follower_learned_commit(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        matches!(step.after.role, Role::Follower(_))
            && step.before.commit_index < step.after.commit_index
    })
}

pub(super) fn follower_applied(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        matches!(step.after.role, Role::Follower(_)) && step.effects.apply.is_some()
    })
}

pub(super) fn commit_ahead_of_durable(transition: &Transition<'_>) -> bool {
    follower_learned_commit(transition)
        && step(transition).is_some_and(|step| step.after.commit_index > step.after.durable.index)
}

pub(super) fn entries_truncated(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        let write = step.effects.write.as_ref();
        write.is_some_and(|write| write.truncate_to < step.before.log.last_index())
    })
}

pub(super) fn suffix_kept(transition: &Transition<'_>) -> bool {
    repeated(transition, |state, last| last < state.log.last_index())
}

pub(super) fn repeated_entries_ignored(transition: &Transition<'_>) -> bool {
    repeated(transition, |_, _| true)
}

/// Whether entries arrived from a current leader that were all held, and the receiver and the index of
/// the last of them pass a test.
fn repeated(transition: &Transition<'_>, test: impl Fn(&State, Index) -> bool) -> bool {
    arrival(transition).is_some_and(|(step, envelope)| {
        let Message::AppendEntries { previous, entries, .. } = &envelope.message else {
            return false;
        };
        let last = previous.index.plus(entries.len() as u64);
        let was_taken = envelope.term == step.after.current_term
            && matches!(&step.after.role, Role::Follower(follower) if follower.verified >= last);
        let was_held = step.before.log == step.after.log;
        !entries.is_empty() && was_taken && was_held && test(step.after, last)
    })
}

pub(super) fn append_rejected(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        let mut sent = step.effects.send.iter();
        sent.any(|envelope| matches!(envelope.message, Message::AppendRejected { .. }))
    })
}

/// How a leader saw a follower before and after an answer of its own term came from it.
fn answered<'a>(transition: &Transition<'a>) -> Option<(&'a Message<Command>, [&'a Progress; 2])> {
    let (step, envelope) = arrival(transition)?;
    let is_current = leads(step.before) && leads(step.after);
    let progress = |state: &'a State| progress_of(state, envelope.from);
    if !is_current || envelope.term != step.before.current_term {
        return None;
    }
    Some((&envelope.message, [progress(step.before)?, progress(step.after)?]))
}

fn progress_of(state: &State, server: ServerId) -> Option<&Progress> {
    match &state.role {
        Role::Leader(leader) => leader.progress_of(server),
        Role::Follower(_) | Role::Candidate(_) => None,
    }
}

pub(super) fn leader_backed_up(transition: &Transition<'_>) -> bool {
    answered(transition).is_some_and(|(message, [before, after])| {
        matches!(message, Message::AppendRejected { .. }) && after.next_index < before.next_index
    })
}

pub(super) fn late_rejection_ignored(transition: &Transition<'_>) -> bool {
    answered(transition).is_some_and(|(message, [before, after])| {
        let has_changed = (before.next_index, &before.flow) != (after.next_index, &after.flow);
        matches!(message, Message::AppendRejected { .. }) && !has_changed
    })
}

pub(super) fn late_acknowledgement_ignored(transition: &Transition<'_>) -> bool {
    answered(transition).is_some_and(|(message, [before, _])| {
        matches!(message, Message::AppendAccepted { match_index, .. }
            if *match_index > Index::ZERO && *match_index < before.match_index)
    })
}

pub(super) fn stale_append_answered(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        let mut sent = step.effects.send.iter();
        sent.any(|envelope| matches!(envelope.message, Message::StaleTerm { .. }))
    })
}

pub(super) fn batches_pipelined(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        let Role::Leader(leader) = &step.after.role else { return false };
        leader.progress.iter().any(|progress| {
            matches!(&progress.flow, Flow::Streaming { in_flight } if in_flight.len() > 1)
        })
    })
}
