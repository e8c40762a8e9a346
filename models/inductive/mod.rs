//! Induction on the core itself: from states that no run need reach, one step.
//!
//! The exhaustive check begins at the beginning and goes everywhere, within bounds on how much happens. The proofs
//! go the other way: they show that an invariant is kept by every action from *every* state in which it holds,
//! whatever led there, and so there is no bound on how much happens. But they are about the abstract protocol. That
//! the core follows it is known of the steps that were looked at, in states that runs reach.
//!
//! Here the argument of the proofs is tried on the core. A state of a small cluster is made up that satisfies the
//! inductive invariant (`quorate_spec::Abstract::INVARIANT`) and the coupling predicates
//! (`quorate_spec::COUPLING`), whether or not anything leads to it; then every action that can happen in it happens
//! once on the real core: timers, disks, crashes, requests, and the arrival of every message that is a true fact of
//! its history. Afterwards the step must be abstract actions whose guards hold, what it says must be true, and the
//! invariant, the safety properties and the coupling must hold again. If they do for every such state of every
//! size, then every run of the core is safe, however long. Looked at are the states of a few servers, terms and
//! entries: all of them within tiny bounds, and beyond that as many as chance makes.
//!
//! What it adds to the exhaustive check is depth. A mistake that needs four elections, two crashes and a late
//! message before it does harm is, from the right state, one step away.
//!
//! # How a state is made up
//! In the order in which nothing has to be taken back (`histories`, `servers`, `facts`):
//! 1. the terms of the nodes; which terms have a leader, by whose votes; who else voted and stood;
//! 2. a tree of logs: a leader begins with a part of an earlier leader's log that ends with an entry of that
//!    leader, and goes on with entries of its own; every other log is a path in this tree;
//! 3. acknowledgements, one by one, as long as nothing choosable is lost; what is chosen by them; what was applied;
//! 4. for each node a server: unfinished writes that will do what they say, a role that the history allows, and
//!    whatever it may believe of votes, followers, commits and its own state machine;
//! 5. every message that is true.
//!
//! Every state of the given size that satisfies the invariant can come of this: acknowledgements, for example, are
//! accepted in any order, and fewer of them never make choosable what more of them do not.
//!
//! # What it does not see
//! Reads, replies to clients and refusals: no lemma speaks of them. What waits for a read is made up too, so that
//! such steps happen, but whether an answer is right is for the properties of runs.
//!
//! # How it is known to see anything
//! Leave a lemma out (`--without NAME`), and states are made up in which it alone is broken. From them a step must
//! break something else, or the lemma was not needed; `models/tests/inductive.rs` lists of which lemmas that is shown.
//! And [models/mutants](../mutants/README.md) of the core are caught, most within the first hundred states;
//! [README.md](README.md) lists them, with those that are not, and why.
//!
//! # Reading order
//! `plan`, `choices` (one maker of states, by chance or all of them), `histories`, `servers`, `facts`, `edits`
//! (broken lemmas), `step` (what is looked at), `signs` (which states no run reaches), `summary`, `run`.

mod case;
mod choices;
mod edits;
mod facts;
mod histories;
mod plan;
mod run;
mod servers;
mod signs;
mod step;
mod summary;

pub use case::{AllCases, Case, TurnedAway, make_case};
pub use plan::{Plan, States};
pub use run::{Outcome, induct, look_at_one};
pub use signs::{SIGNS, Sign};
pub use step::{INVARIANT, Looked, STEPS, actions, look_at};
pub use summary::{MOST, Summary, Table};

use core::fmt;
use quorate_cluster::Action;
use quorate_spec::Violation;

/// A state that satisfies everything, and a step that breaks something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The number of the state.
    pub number: u64,
    /// The state before the step.
    pub case: Case,
    /// The step.
    pub action: Action,
    /// What does not hold after it.
    pub violation: Violation,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { property, why } = &self.violation;
        writeln!(f, "{}\n{}\n\n{}", self.case.setting, self.case, self.action)?;
        write!(f, "violates {property}: {why}")
    }
}

impl core::error::Error for Failure {}
