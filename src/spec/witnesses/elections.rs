//! What happens in elections.

use super::{arrival, leads, performed, step};
use crate::Transition;
use quorate_cluster::Action;
use quorate_core::{AbstractAction, Event, Message, Role, StepDown};

pub(super) fn leader_elected(transition: &Transition<'_>) -> bool {
    performed(transition, |action| matches!(action, AbstractAction::BecomeLeader { .. }))
}

pub(super) fn leader_after_leader(transition: &Transition<'_>) -> bool {
    let first = transition.before.history.leaders.first_key_value().map(|(term, _)| *term);
    performed(transition, |action| {
        matches!(action, AbstractAction::BecomeLeader { term, .. }
            if first.is_some_and(|first| first < *term))
    })
}

pub(super) fn two_leaders_at_once(transition: &Transition<'_>) -> bool {
    leader_elected(transition)
        && transition.after.servers.iter().filter(|server| leads(&server.state)).count() > 1
}

fn stands(role: &Role) -> bool {
    matches!(role, Role::Candidate(_))
}

pub(super) fn server_stood(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        step.before.current_term < step.after.current_term && stands(&step.after.role)
    })
}

pub(super) fn two_candidates(transition: &Transition<'_>) -> bool {
    let Some(step) = step(transition) else { return false };
    server_stood(transition)
        && transition.after.servers.iter().any(|other| {
            other.state.id != step.after.id
                && other.state.current_term == step.after.current_term
                && stands(&other.state.role)
        })
}

pub(super) fn candidate_gave_way(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        matches!(step.before.role, Role::Candidate(_))
            && matches!(&step.after.role, Role::Follower(follower) if follower.leader.is_some())
            && step.before.current_term == step.after.current_term
    })
}

pub(super) fn vote_refused_for_vote(transition: &Transition<'_>) -> bool {
    arrival(transition).is_some_and(|(step, envelope)| {
        matches!(envelope.message, Message::RequestVote { .. })
            && envelope.term == step.after.current_term
            && step.after.voted_for.is_some_and(|voted_for| voted_for != envelope.from)
    })
}

pub(super) fn vote_refused_for_log(transition: &Transition<'_>) -> bool {
    arrival(transition).is_some_and(|(step, envelope)| {
        let Message::RequestVote { last } = envelope.message else { return false };
        let is_undecided = step.after.voted_for.is_none()
            && matches!(&step.after.role, Role::Follower(follower) if follower.leader.is_none());
        envelope.term == step.after.current_term
            && is_undecided
            && last < step.after.log.last_position()
    })
}

pub(super) fn vote_for_shorter_log(transition: &Transition<'_>) -> bool {
    arrival(transition).is_some_and(|(step, envelope)| {
        let Message::RequestVote { last } = envelope.message else { return false };
        let has_voted = step.after.voted_for == Some(envelope.from)
            && (step.before.voted_for, step.before.current_term)
                != (step.after.voted_for, step.after.current_term);
        has_voted && last.index < step.after.log.last_index()
    })
}

pub(super) fn vote_with_new_term(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        let witness = step.effects.write.as_ref().map(|write| write.witness);
        matches!(witness, Some(AbstractAction::GrantVote { .. }))
            && step.before.current_term < step.after.current_term
    })
}

pub(super) fn late_vote_ignored(transition: &Transition<'_>) -> bool {
    arrival(transition).is_some_and(|(step, envelope)| {
        matches!(envelope.message, Message::VoteGranted)
            && matches!(step.before.role, Role::Candidate(_))
            && envelope.term < step.before.current_term
    })
}

pub(super) fn repeated_vote_ignored(transition: &Transition<'_>) -> bool {
    arrival(transition).is_some_and(|(step, envelope)| {
        let Role::Candidate(candidate) = &step.before.role else { return false };
        matches!(envelope.message, Message::VoteGranted)
            && envelope.term == step.before.current_term
            && candidate.votes.contains(envelope.from)
    })
}

pub(super) fn leader_stepped_down_higher_term(transition: &Transition<'_>) -> bool {
    stepped_down(transition, StepDown::HigherTerm)
}

pub(super) fn leader_stepped_down_majority_silent(transition: &Transition<'_>) -> bool {
    stepped_down(transition, StepDown::MajoritySilent)
}

pub(super) fn leader_stepped_down_disk_hung(transition: &Transition<'_>) -> bool {
    stepped_down(transition, StepDown::DiskHung)
}

fn stepped_down(transition: &Transition<'_>, why: StepDown) -> bool {
    step(transition).is_some_and(|step| step.effects.events.contains(&Event::SteppedDown(why)))
}

pub(super) fn hung_disk_did_not_stand(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        matches!(transition.action, Action::ElectionTimeout(_))
            && !leads(step.before)
            && step.before.disk_lagging
            && step.before.current_term == step.after.current_term
    })
}
