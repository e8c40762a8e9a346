//! What the protocol means.
//!
//! The core says what a server does. This crate says what that is *for*: an abstract protocol without
//! messages, disks or timers; a refinement check that finds in every concrete step the abstract actions
//! it performs; and the properties that every cluster must have, each with its name, its source and its
//! reading in one sentence; and whether clients saw one object ([`linearizability`]). The exhaustive check, the simulation and the scenarios all look through these
//! same glasses.

mod abstract_protocol;
mod assertions;
mod assumed;
mod client_history;
mod coupling;
mod describe;
mod expectation;
mod facts;
pub mod linearizability;
pub mod properties;
mod record;
pub mod recovery;
mod refinement;
mod renumber;
mod replay;
mod scenario;
mod start;
mod step_check;
pub mod witnesses;

pub use abstract_protocol::{
    Abstract, BY_TYPES, Exercised, GUARDS, Guard, GuardFailed, Leadership, Lemma, Node, Vacuity,
    place_of,
};
pub use assertions::{ASSERTIONS, guarded};
pub use client_history::{ClientHistory, LINEARIZABILITY};
pub use coupling::{COUPLED, COUPLING, Coupling, coupled, coupled_server};
pub use describe::{describe, mark_changes};
pub use expectation::Expectation;
pub use facts::{facts_hold, is_fact};
pub use properties::{PROPERTIES, Property, PropertyInfo, ServerChange, check_state, check_step};
pub use record::{record, script};
pub use refinement::{REFINEMENT, Refinement, refine, refine_beside};
pub use replay::{Observed, Performed, Replay, Watched, next_to_settle, replay};
pub use scenario::{Command, Handling, Instruction, Pattern, Scenario, ScenarioError};
pub use step_check::{AbstractStep, FORMULAS, StepCheck};
pub use witnesses::{Reachability, WITNESSES, newly_seen, seen_in};

use quorate_cluster::{Action, Cluster, Happening};
use quorate_core::ServerId;

/// One action of a closed system: the cluster before it, what happened, and the cluster after it.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    /// The cluster before the action.
    pub before: &'a Cluster,
    /// The action.
    pub action: &'a Action,
    /// What it did.
    pub happening: &'a Happening,
    /// The cluster after it.
    pub after: &'a Cluster,
}

impl Transition<'_> {
    /// The server that acted, if one did: it took a step, or stopped and started again. No action touches two.
    pub fn acting(&self) -> Option<ServerId> {
        let step = self.happening.step.as_ref().map(|step| step.server);
        step.or(match self.action {
            Action::Crash { server, .. } | Action::Wipe(server) => Some(*server),
            _ => None,
        })
    }
}

/// A property that does not hold, and why, in words that name servers, terms and indices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The name of the property.
    pub property: &'static str,
    /// What was found instead.
    pub why: String,
}

/// The names of everything that can be violated, in the order of blame: the properties, the two parts of
/// the refinement, and the servers' own assertions.
pub fn property_names() -> impl Iterator<Item = &'static str> {
    let properties = PROPERTIES.iter().map(|property| property.name);
    properties.chain([REFINEMENT, COUPLED, ASSERTIONS])
}
