//! What happens to disks, and in crashes.

use super::{leads, step};
use crate::Transition;
use quorate_cluster::{Action, Entry, Server};
use quorate_core::Index;

pub(super) fn several_unfinished_writes(transition: &Transition<'_>) -> bool {
    step(transition).is_some_and(|step| step.after.unfinished.len() > 1)
}

/// A server that crashed: before, after, and how many unfinished writes were kept.
fn crash<'a>(transition: &Transition<'a>) -> Option<(&'a Server, &'a Server, usize)> {
    let Action::Crash { server, keep } = transition.action else { return None };
    Some((transition.before.server(*server)?, transition.after.server(*server)?, *keep))
}

pub(super) fn crash_lost_writes(transition: &Transition<'_>) -> bool {
    crash(transition).is_some_and(|(before, _, keep)| keep < before.disk.unfinished.len())
}

pub(super) fn crash_lost_entries(transition: &Transition<'_>) -> bool {
    crash(transition).is_some_and(|(before, after, _)| {
        before.state.log.last_index() > after.state.log.last_index()
    })
}

pub(super) fn crash_lost_term(transition: &Transition<'_>) -> bool {
    crash(transition)
        .is_some_and(|(before, after, _)| before.state.current_term > after.state.current_term)
}

pub(super) fn crash_kept_some(transition: &Transition<'_>) -> bool {
    crash(transition)
        .is_some_and(|(before, _, keep)| keep > 0 && keep < before.disk.unfinished.len())
}

pub(super) fn crash_kept_unreported(transition: &Transition<'_>) -> bool {
    crash(transition).is_some_and(|(_, _, keep)| keep > 0)
}

pub(super) fn crash_of_leader(transition: &Transition<'_>) -> bool {
    crash(transition).is_some_and(|(before, _, _)| leads(&before.state))
}

pub(super) fn restart_with_vote(transition: &Transition<'_>) -> bool {
    crash(transition).is_some_and(|(_, after, _)| after.state.voted_for.is_some())
}

pub(super) fn durable_entry_overwritten(transition: &Transition<'_>) -> bool {
    overwritten(transition, |_, _| true)
}

pub(super) fn majority_entry_overwritten(transition: &Transition<'_>) -> bool {
    overwritten(transition, |entry, index| {
        let servers = &transition.before.servers;
        let holders = servers.iter().filter(|server| server.disk.log.get(index) == Some(entry));
        holders.count() * 2 > servers.len()
    })
}

/// Whether a disk lost an entry, other than by being wiped, that passes a test with its index.
fn overwritten(transition: &Transition<'_>, test: impl Fn(&Entry, Index) -> bool) -> bool {
    // Only these make writes durable.
    let (Action::Sync { server, .. } | Action::Crash { server, .. }) = transition.action else {
        return false;
    };
    let (Some(before), Some(after)) =
        (transition.before.server(*server), transition.after.server(*server))
    else {
        return false;
    };
    let (old, new) = (&before.disk.log, &after.disk.log);
    let entries = old.entries().iter().zip((1..).map(Index));
    entries.into_iter().any(|(entry, index)| new.get(index) != Some(entry) && test(entry, index))
}
