//! Every step of the real system is a sequence of abstract actions.
//!
//! A refinement check usually searches: is there an abstract step that explains this concrete one? Here
//! nothing is searched, because every durable write and every event *names* the abstract action it
//! performs [AbadiLamport91]. The check replays those names. Each must satisfy its guards; then the durable
//! state of every server must be the node of the abstract state, and everything the step has said must be
//! a fact. That is cheap enough to do on every step of every run.
//!
//! The order matters. A write takes effect when the disk makes it durable, before the core hears of it; so
//! the witnesses of the finished writes are replayed first, and then the events of the step that was told.
//! A crash is the same without the step: what survived happened, what did not never did.
//!
//! [AbadiLamport91]: <https://doi.org/10.1016/0304-3975(91)90224-P>

use crate::abstract_protocol::Abstract;
use crate::coupling::{coupled, coupled_server, nodes_are_disks};
use crate::facts::{describe, is_fact};
use crate::{Transition, Violation};
use quorate_cluster::{Action, Cluster, Command, Server, ServerStep};
use quorate_core::{AbstractAction, Applied, Event, Payload};

/// The name of the property that this module checks.
pub const REFINEMENT: &str = "Refinement";

/// A run of the abstract protocol beside a run of the real system.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Refinement {
    /// Where the abstract protocol is.
    pub abstract_state: Abstract<Command>,
}

impl Refinement {
    /// Begins beside a cluster: one that has never run, or one in any other state, with the history that
    /// [`Abstract::assumed_of`] assumes.
    pub fn new(cluster: &Cluster) -> Refinement {
        Refinement { abstract_state: Abstract::assumed_of(cluster) }
    }

    /// Follows one transition: [`refine`], and then [`coupled`] with the cluster after it.
    ///
    /// # Errors
    /// What does not hold; then the abstract state means nothing any more.
    pub fn check(&mut self, transition: &Transition<'_>) -> Result<(), Violation> {
        refine(&mut self.abstract_state, transition)?;
        coupled(&self.abstract_state, transition.after)
    }

    /// Follows one transition, and looks at the server that acted alone.
    ///
    /// The others are as they were, and so is what the predicates read of the abstract state: facts, which no
    /// action takes back, and a server's own node, which only an action of that server may touch. A mistake in
    /// this argument shows when [`coupled`] looks at all servers, which a caller should do now and then.
    ///
    /// # Errors
    /// What does not hold; then the abstract state means nothing any more.
    pub fn follow(&mut self, transition: &Transition<'_>) -> Result<(), Violation> {
        let acting = acting(transition);
        replay(&mut self.abstract_state, transition, acting.into_iter())
            .map_err(|why| diverged(transition, &why))?;
        acting.map_or(Ok(()), |server| coupled_server(&self.abstract_state, server))
    }
}

/// The server that acted, if one did: it took a step, or stopped and started again.
fn acting<'a>(transition: &Transition<'a>) -> Option<&'a Server> {
    let step = transition.happening.step.as_ref().map(|step| step.server);
    let acting = step.or(match transition.action {
        Action::Crash { server, .. } | Action::Wipe(server) => Some(*server),
        _ => None,
    });
    transition.after.server(acting?)
}

/// Replays the abstract actions that a transition performs, and compares.
///
/// # Errors
/// The guard that fails, the server whose disk is not what the actions say, or the message that is not
/// true; then the abstract state means nothing any more.
pub fn refine(state: &mut Abstract<Command>, transition: &Transition<'_>) -> Result<(), Violation> {
    replay(state, transition, transition.after.servers.iter())
        .map_err(|why| diverged(transition, &why))
}

fn diverged(transition: &Transition<'_>, why: &str) -> Violation {
    Violation { property: REFINEMENT, why: format!("{}: {why}", transition.action.name()) }
}

/// Replays the abstract actions, and compares the nodes of these servers with their disks.
fn replay<'a>(
    state: &mut Abstract<Command>,
    transition: &Transition<'_>,
    mut servers: impl Iterator<Item = &'a Server>,
) -> Result<(), String> {
    for action in &transition.happening.synced {
        perform(state, action, None)
            .map_err(|why| format!("a write that became durable: {why}"))?;
    }
    if let Some(step) = &transition.happening.step {
        replay_events(state, step, transition.after)?;
    }
    servers.try_for_each(|server| nodes_are_disks(state, server))?;
    if let Some(step) = &transition.happening.step {
        for envelope in &step.effects.send {
            is_fact(state, envelope).map_err(|found| describe(envelope, &found))?;
        }
    }
    Ok(())
}

/// Replays the events of a step. What the step hands to the state machine must be what it says it applies.
fn replay_events(
    state: &mut Abstract<Command>,
    step: &ServerStep,
    after: &Cluster,
) -> Result<(), String> {
    let mut applied: Option<Applied> = None;
    for event in &step.effects.events {
        let Event::Performed(action) = event else { continue };
        perform(state, action, payload(action, step, after))
            .map_err(|why| format!("an event of {}: {why}", step.server))?;
        if let AbstractAction::Apply { index, .. } = action {
            let first = applied.map_or(*index, |applied| applied.first);
            applied = Some(Applied { first, last: *index });
        }
    }
    if applied != step.effects.apply {
        let handed = step.effects.apply;
        return Err(format!("{} hands over {handed:?}, but applies {applied:?}", step.server));
    }
    Ok(())
}

/// What a leader appends stands in its log after the step.
fn payload(
    action: &AbstractAction,
    step: &ServerStep,
    after: &Cluster,
) -> Option<Payload<Command>> {
    let AbstractAction::LeaderAppend { index, .. } = action else { return None };
    let entry = after.server(step.server)?.state.log.get(*index)?;
    Some(entry.payload.clone())
}

fn perform(
    state: &mut Abstract<Command>,
    action: &AbstractAction,
    payload: Option<Payload<Command>>,
) -> Result<(), String> {
    state.perform(action, payload).map_err(|failed| format!("{action:?}: {failed}"))
}
