//! A second opinion on every step.
//!
//! The refinement check replays the abstract actions of each real step on the abstract protocol of this crate. The
//! proofs are about another description of the same protocol, in first-order logic. That the two say the same is what
//! a [`StepCheck`] can look at: it is told of every abstract action - the state before it, its name and arguments, the
//! state after it - and of every message that is sent, and says whether it agrees.
//!
//! This crate knows no logic, and whoever explores or simulates should not need any. So the trait is here, what
//! implements it is in the crate of the proofs, and who wants both brings them together.

use crate::Abstract;
use core::fmt::Debug;
use quorate_cluster::{Command, Envelope};
use quorate_core::{AbstractAction, Payload};

/// The name under which a step is reported that a [`StepCheck`] does not agree with.
pub const FORMULAS: &str = "Formulas";

/// An action of the abstract protocol that has happened.
#[derive(Clone, Copy, Debug)]
pub struct AbstractStep<'a> {
    /// The state before it.
    pub before: &'a Abstract<Command>,
    /// The action.
    pub action: &'a AbstractAction,
    /// What [`AbstractAction::LeaderAppend`] appends.
    pub payload: Option<&'a Payload<Command>>,
    /// The state after it.
    pub after: &'a Abstract<Command>,
}

/// Looks at every step of the abstract protocol besides the specification. Threads share it.
pub trait StepCheck: Debug + Send + Sync {
    /// Whether this is a step of the protocol.
    ///
    /// # Errors
    /// Why it is not.
    fn check_step(&self, step: &AbstractStep<'_>) -> Result<(), String>;

    /// Whether a message that is sent in a state is a true fact of it.
    ///
    /// # Errors
    /// Why it is not.
    fn check_message(&self, state: &Abstract<Command>, envelope: &Envelope) -> Result<(), String>;
}
