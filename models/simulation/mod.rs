//! Simulation: random runs of clusters that are too large to explore, with every check on the way.
//!
//! A simulation consists of *episodes*. Each begins with a new cluster of random parameters, lets random
//! actions with faults happen to it, and ends with the faults off, when the cluster must recover. What
//! clients saw until then must be linearizable.
//!
//! An episode is a function of the seed and its own number and of nothing else, so it can be run again
//! alone, and threads can share the episodes of a simulation without changing what is found: the failure
//! reported is that of the first episode that fails.
//!
//! # Reading order
//! [`plan`](Plan) says what is simulated, `choose` which action is next, `episode` what is checked when;
//! `summary` what happened; `run` lets threads share the work; [`mod@minimise`] makes a failure short enough to be
//! read.

mod choose;
mod episode;
pub mod minimise;
mod plan;
mod run;
mod summary;

pub use episode::run_episode;
pub use plan::{Checks, Faults, Plan};
pub use run::{Outcome, simulate};
pub use summary::Summary;

use core::fmt;
use quorate_cluster::{Action, Setting};
use quorate_spec::{ASSERTIONS, FORMULAS, LINEARIZABILITY, Violation, recovery, script};

/// A simulation that found a violation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The number of the episode.
    pub episode: u64,
    /// The violation.
    pub violation: Violation,
    /// The setting of the episode.
    pub setting: Setting,
    /// Every action of the episode, to the violation.
    pub actions: Vec<Action>,
}

impl Failure {
    /// A scenario that replays the episode, to the violation if an action showed it.
    pub fn script(&self) -> String {
        // That a cluster does not recover, that a server's own assertion fails, that clients saw more than one
        // object, or what a second opinion is, no action shows.
        let unshown = [recovery::RECOVERABILITY, ASSERTIONS, LINEARIZABILITY, FORMULAS];
        let property = self.violation.property;
        let expected = (!unshown.contains(&property)).then_some(property);
        script(&self.setting, &self.actions, expected)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { property, why } = &self.violation;
        write!(f, "episode {}: {property}: {why}\n{}", self.episode, self.script())
    }
}

impl core::error::Error for Failure {}
