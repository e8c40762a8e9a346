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

use crate::abstract_protocol::{Abstract, Exercised};
use crate::coupling::{coupled, coupled_server, nodes_are_disks};
use crate::facts::{describe, is_fact};
use crate::{AbstractStep, FORMULAS, StepCheck, Transition, Violation};
use core::fmt;
use quorate_cluster::{Cluster, Command, Server, ServerStep};
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

    /// Follows one transition: [`refine`], and then [`coupled`] with the cluster after it. Returns the guards that it
    /// exercised.
    ///
    /// # Errors
    /// What does not hold; then the abstract state means nothing any more.
    pub fn check(&mut self, transition: &Transition<'_>) -> Result<Exercised, Violation> {
        self.check_beside(transition, None)
    }

    /// As [`Refinement::check`], with a second opinion if there is one.
    ///
    /// # Errors
    /// What does not hold; then the abstract state means nothing any more.
    pub fn check_beside(
        &mut self,
        transition: &Transition<'_>,
        opinion: Option<&dyn StepCheck>,
    ) -> Result<Exercised, Violation> {
        let exercised = refine_beside(&mut self.abstract_state, transition, opinion)?;
        coupled(&self.abstract_state, transition.after)?;
        Ok(exercised)
    }

    /// Follows one transition, with a second opinion if there is one, and looks at the server that acted alone.
    ///
    /// The others are as they were, and so is what the predicates read of the abstract state: facts, which no
    /// action takes back, and a server's own node, which only an action of that server may touch. A mistake in
    /// this argument shows when [`coupled`] looks at all servers, which a caller should do now and then.
    ///
    /// # Errors
    /// What does not hold; then the abstract state means nothing any more.
    pub fn follow(
        &mut self,
        transition: &Transition<'_>,
        opinion: Option<&dyn StepCheck>,
    ) -> Result<Exercised, Violation> {
        let acting = transition.acting().and_then(|acting| transition.after.server(acting));
        let replay = Replay::new(&mut self.abstract_state, transition, opinion);
        let exercised = replay.all(acting.into_iter())?;
        acting.map_or(Ok(()), |server| coupled_server(&self.abstract_state, server))?;
        Ok(exercised)
    }
}

/// Replays the abstract actions that a transition performs, and compares. Returns the guards that they exercised.
///
/// # Errors
/// The guard that fails, the server whose disk is not what the actions say, or the message that is not
/// true; then the abstract state means nothing any more.
pub fn refine(
    state: &mut Abstract<Command>,
    transition: &Transition<'_>,
) -> Result<Exercised, Violation> {
    refine_beside(state, transition, None)
}

/// As [`refine`], with a second opinion if there is one.
///
/// # Errors
/// As [`refine`], or, by the name of [`FORMULAS`], with what the second opinion is.
pub fn refine_beside(
    state: &mut Abstract<Command>,
    transition: &Transition<'_>,
    opinion: Option<&dyn StepCheck>,
) -> Result<Exercised, Violation> {
    Replay::new(state, transition, opinion).all(transition.after.servers.iter())
}

/// The abstract protocol on its way along a transition.
struct Replay<'a, 't> {
    state: &'a mut Abstract<Command>,
    transition: &'a Transition<'t>,
    opinion: Option<&'a dyn StepCheck>,
    exercised: Exercised,
}

impl<'a, 't> Replay<'a, 't> {
    fn new(
        state: &'a mut Abstract<Command>,
        transition: &'a Transition<'t>,
        opinion: Option<&'a dyn StepCheck>,
    ) -> Replay<'a, 't> {
        Replay { state, transition, opinion, exercised: Exercised::default() }
    }

    fn violation(&self, property: &'static str, why: &str) -> Violation {
        Violation { property, why: format!("{}: {why}", self.transition.action.name()) }
    }

    fn diverged(&self, why: &str) -> Violation {
        self.violation(REFINEMENT, why)
    }

    /// Replays the abstract actions, and compares the nodes of these servers with their disks.
    fn all<'s>(
        mut self,
        mut servers: impl Iterator<Item = &'s Server>,
    ) -> Result<Exercised, Violation> {
        let Transition { happening, after, .. } = *self.transition;
        for action in &happening.synced {
            self.perform(action, None, &"a write that became durable")?;
        }
        if let Some(step) = &happening.step {
            self.events(step, after)?;
        }
        servers
            .try_for_each(|server| nodes_are_disks(self.state, server))
            .map_err(|why| self.diverged(&why))?;
        let sent = happening.step.iter().flat_map(|step| &step.effects.send);
        for envelope in sent {
            is_fact(self.state, envelope)
                .map_err(|found| self.diverged(&describe(envelope, &found)))?;
            if let Some(opinion) = self.opinion {
                let agrees = opinion.check_message(self.state, envelope);
                agrees.map_err(|why| self.violation(FORMULAS, &describe(envelope, &why)))?;
            }
        }
        Ok(self.exercised)
    }

    /// Replays the events of a step. What the step hands to the state machine must be what it says it applies.
    fn events(&mut self, step: &ServerStep, after: &Cluster) -> Result<(), Violation> {
        let mut applied: Option<Applied> = None;
        for event in &step.effects.events {
            let Event::Performed(action) = event else { continue };
            let by = format_args!("an event of {}", step.server);
            self.perform(action, payload(action, step, after), &by)?;
            if let AbstractAction::Apply { index, .. } = action {
                let first = applied.map_or(*index, |applied| applied.first);
                applied = Some(Applied { first, last: *index });
            }
        }
        if applied != step.effects.apply {
            let (server, handed) = (step.server, step.effects.apply);
            let why = format!("{server} hands over {handed:?}, but applies {applied:?}");
            return Err(self.diverged(&why));
        }
        Ok(())
    }

    fn perform(
        &mut self,
        action: &AbstractAction,
        payload: Option<Payload<Command>>,
        by: &dyn fmt::Display,
    ) -> Result<(), Violation> {
        let before = self.opinion.map(|opinion| (opinion, self.state.clone(), payload.clone()));
        let exercised = self.state.exercised_by(action);
        let performed = self.state.perform(action, payload);
        performed.map_err(|failed| self.diverged(&format!("{by}: {action:?}: {failed}")))?;
        self.exercised.add(exercised);
        let Some((opinion, before, payload)) = before else { return Ok(()) };
        let payload = payload.as_ref();
        let step = AbstractStep { before: &before, action, payload, after: self.state };
        let agrees = opinion.check_step(&step);
        agrees.map_err(|why| self.violation(FORMULAS, &format!("{by}: {action:?}: {why}")))
    }
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
