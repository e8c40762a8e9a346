//! What reaches the state machine.

use super::words::{committed_prefix, common_prefix, entry, equal_up_to};
use super::{Property, ServerChange};
use crate::Transition;
use quorate_cluster::{Cluster, Server, State};
use quorate_core::{AbstractAction, Applied, Event, Index};

/// No two state machines are ever given different entries for the same index, and no leader ever commits
/// a different entry where one is committed.
///
/// This is what the protocol is for. Broken, in the end, by nearly everything that breaks a property above
/// it; by itself, by applying what only looks committed.
#[derive(Clone, Copy, Debug)]
pub struct StateMachineSafety;

impl Property for StateMachineSafety {
    const NAME: &'static str = "StateMachineSafety";
    const CITATION: &'static str = "[Ongaro14 §3.6.3]";
    const READING: &'static str = "At each index all servers commit and apply the same entry.";
    const END_TO_END: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        cluster.servers.iter().try_for_each(|Server { state, .. }| {
            applies_committed(cluster, state, state.last_applied)
        })
    }

    fn step(transition: &Transition<'_>) -> Result<(), String> {
        let Some(step) = &transition.happening.step else { return Ok(()) };
        let Some(Server { state, .. }) = transition.after.server(step.server) else {
            return Ok(());
        };
        for event in &step.effects.events {
            if let Event::Performed(AbstractAction::Commit { index, .. }) = event {
                commits_the_same(transition.before, state, *index)?;
            }
        }
        match step.effects.apply {
            Some(Applied { last, .. }) => applies_committed(transition.after, state, last),
            None => Ok(()),
        }
    }
}

/// Whether what a server has applied up to an index is what is committed.
fn applies_committed(cluster: &Cluster, state: &State, applied: Index) -> Result<(), String> {
    let agree = committed_prefix(&state.log, &cluster.history.committed);
    if agree >= applied {
        return Ok(());
    }
    let index = agree.next();
    Err(format!(
        "{} applied {} at index {index}, where {} is committed",
        state.id,
        entry(state.log.get(index)),
        entry(cluster.history.committed_at(index).map(|known| &known.entry)),
    ))
}

/// Whether what a leader commits up to an index agrees with what was committed before.
fn commits_the_same(before: &Cluster, leader: &State, index: Index) -> Result<(), String> {
    let known = before.history.commit_index().min(index);
    let agree = committed_prefix(&leader.log, &before.history.committed);
    let at = if agree < known { agree.next() } else { index };
    if agree >= known && leader.log.get(index).is_some() {
        return Ok(());
    }
    Err(format!(
        "{}, leader of term {}, committed {} at index {at}, where {} was committed before",
        leader.id,
        leader.current_term,
        entry(leader.log.get(at)),
        entry(before.history.committed_at(at).map(|known| &known.entry)),
    ))
}

/// Within one incarnation a server applies every entry once, in the order of the log.
///
/// A state machine is deterministic only if nothing is left out, repeated or swapped. Broken by an apply
/// index that moves without the state machine being told, or the other way round.
#[derive(Clone, Copy, Debug)]
pub struct ApplyInOrder;

impl Property for ApplyInOrder {
    const NAME: &'static str = "ApplyInOrder";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str =
        "Each step applies exactly the entries between the old and the new last_applied.";
    const LOCAL: bool = true;

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        let (before, after) = (&change.before.state, &change.after.state);
        let (was, is) = (before.last_applied, after.last_applied);
        let applied = change.effects.and_then(|effects| effects.apply);
        match applied {
            _ if change.restarted => Ok(()),
            None if was == is => Ok(()),
            None => Err(format!("{} moved from {was} to {is} but applied nothing", before.id)),
            Some(Applied { first, last }) if first == was.next() && last == is && was < is => {
                Ok(())
            }
            Some(Applied { first, last }) => Err(format!(
                "{} applied {first} to {last} while its last applied index went from {was} to {is}",
                before.id
            )),
        }
    }
}

/// What a server has applied is in its durable log, and stays there across crashes.
///
/// Then a restarted server can only apply the same again, and an answer that a client has seen outlives
/// the server that gave it. Broken by applying before the entry is durable, and by removing entries that do
/// not conflict.
#[derive(Clone, Copy, Debug)]
pub struct AppliedKept;

impl Property for AppliedKept {
    const NAME: &'static str = "AppliedKept";
    const CITATION: &'static str = "[Ongaro14 §3.8]";
    const READING: &'static str = "What a server has applied stays in its durable log.";
    const LOCAL: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        cluster.servers.iter().try_for_each(|server| keeps_applied(server, server))
    }

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        keeps_applied(change.before, change.after)?;
        keeps_applied(change.after, change.after)
    }
}

/// Whether a server's disk holds, now or later, what it has applied.
fn keeps_applied(applied: &Server, now: &Server) -> Result<(), String> {
    let (state, disk) = (&applied.state, &now.disk);
    if equal_up_to(&state.log, &disk.log, state.last_applied) {
        return Ok(());
    }
    let index = common_prefix(&state.log, &disk.log).next();
    Err(format!(
        "{} applied {} at index {index}, where its disk holds {}",
        state.id,
        entry(state.log.get(index)),
        entry(disk.log.get(index)),
    ))
}
