//! What happens to requests.

use super::{arrival, is_superseded, leads, step};
use crate::Transition;
use quorate_cluster::Action;
use quorate_core::{Message, Outcome, Role};

/// Whether some request ended in a way that passes a test.
fn answered(transition: &Transition<'_>, test: impl Fn(&Outcome) -> bool) -> bool {
    step(transition).is_some_and(|step| step.effects.reply.iter().any(|reply| test(&reply.outcome)))
}

pub(super) fn write_done(transition: &Transition<'_>) -> bool {
    answered(transition, |outcome| matches!(outcome, Outcome::Written(_)))
}

pub(super) fn write_unknown(transition: &Transition<'_>) -> bool {
    answered(transition, |outcome| matches!(outcome, Outcome::Unknown))
}

pub(super) fn write_busy(transition: &Transition<'_>) -> bool {
    matches!(transition.action, Action::Propose { .. })
        && answered(transition, |outcome| matches!(outcome, Outcome::Busy))
}

pub(super) fn write_refused(transition: &Transition<'_>) -> bool {
    answered(transition, |outcome| matches!(outcome, Outcome::NotLeader(_)))
}

pub(super) fn write_at_old_leader(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        matches!(transition.action, Action::Propose { .. })
            && leads(step.before)
            && is_superseded(transition, step.before)
    })
}

pub(super) fn read_served(transition: &Transition<'_>) -> bool {
    answered(transition, |outcome| matches!(outcome, Outcome::Readable(_)))
}

pub(super) fn read_served_after_round(transition: &Transition<'_>) -> bool {
    let Some((step, envelope)) = arrival(transition) else { return false };
    let Role::Leader(leader) = &step.before.role else { return false };
    let (Message::AppendAccepted { round, .. } | Message::AppendRejected { round, .. }) =
        &envelope.message
    else {
        return false;
    };
    leader.reads.iter().any(|read| read.round <= *round) && read_served(transition)
}

pub(super) fn read_busy(transition: &Transition<'_>) -> bool {
    matches!(transition.action, Action::Read { .. })
        && answered(transition, |outcome| matches!(outcome, Outcome::Busy))
}

pub(super) fn read_refused(transition: &Transition<'_>) -> bool {
    matches!(transition.action, Action::Read { .. })
        && step(transition).is_some_and(|step| !leads(step.before))
        && answered(transition, |outcome| matches!(outcome, Outcome::ReadFailed(_)))
}

pub(super) fn read_failed(transition: &Transition<'_>) -> bool {
    !matches!(transition.action, Action::Read { .. })
        && answered(transition, |outcome| matches!(outcome, Outcome::ReadFailed(_)))
}

pub(super) fn read_before_noop(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        let Role::Leader(leader) = &step.before.role else { return false };
        matches!(transition.action, Action::Read { .. })
            && step.before.commit_index < leader.first_index
    })
}

pub(super) fn read_at_old_leader(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| {
        matches!(transition.action, Action::Read { .. })
            && leads(step.before)
            && is_superseded(transition, step.before)
    })
}
