//! What the protocol means.
//!
//! The core says what a server does. This crate says what that is *for*: an abstract protocol without
//! messages, disks or timers; a refinement check that finds in every concrete step the abstract actions
//! it performs; and the properties that every cluster must have, each with its name, its source and its
//! reading in one sentence. The exhaustive check, the simulation and the scenarios all look through these
//! same glasses.

mod abstract_protocol;
mod assumed;
mod coupling;
mod facts;
mod refinement;

pub use abstract_protocol::{Abstract, GUARDS, Guard, GuardFailed, Leadership, Node};
pub use coupling::{COUPLING, Coupling, coupled};
pub use facts::{facts_hold, is_fact};
pub use refinement::{Refinement, refine};

use quorate_cluster::{Action, Cluster, Happening};

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

/// A property that does not hold, and why, in words that name servers, terms and indices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The name of the property.
    pub property: &'static str,
    /// What was found instead.
    pub why: String,
}
