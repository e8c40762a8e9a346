//! Exhaustive checks of the protocol core, and simulations of it.
//!
//! A model is a [`quorate_cluster::Cluster`] with [`Bounds`]: how far terms and logs may grow, how many
//! crashes, commands and duplicates there may be. Within them [`check()`] looks at *every* order in which
//! messages can arrive, timers run out, disks finish and servers crash, as a model of `stateright`, on the very
//! core that a real cluster runs, and asks of every state and every step whether the properties hold.
//!
//! # Reading order
//! `bounds` (what is explored), `model` (how it becomes states and actions), `named` (the models with a
//! name, and what each must reach), `check` (the search, its limits and its verdict), `counterexample`, `coverage` (what
//! no run of several has shown).
//! Beside them: [`simulation`] (random runs of larger clusters), [`inductive`] (one step from states that no run
//! need reach), and [`quorum_without_leader`] (why the
//! pattern has a leader at all).
//!
//! # What a verdict means
//! The verdict is computed here, never by the search engine (`stateright`'s breadth first, `quorate_search`'s depth first).
//! A search is complete if every thread of it ended by itself and no state was left without its future
//! because the search had been stopped; the model itself notes that ([`Tracker::is_cut`]).

mod bounds;
mod check;
mod counterexample;
mod coverage;
pub mod fast;
pub mod inductive;
mod limits;
mod model;
mod moves;
mod named;
pub mod quorum_without_leader;
mod searched;
pub mod simulation;
mod symmetry;
mod tally;
mod tracker;

pub use bounds::{ANY, BOUNDS, Bound, Bounds, Domain, OutOfDomain};
pub use check::{Mode, Options, Progress, Report, Search, Verdict, check};
pub use counterexample::{Counterexample, Step};
pub use coverage::{Coverage, EXPLAINED, Item, Kind};
pub use limits::{Limits, StopReason, Stopper, memory_available, memory_peak, memory_used};
pub use model::{PlainModel, PlainState, Spent};
pub use named::{Counts, NAMED, Named, counts_line, find};
pub use quorate_spec::ASSERTIONS;
pub use symmetry::SYMMETRY;
pub use tracker::Tracker;

use quorate_spec::FORMULAS;

/// The names of everything that a search can report, in the order of blame: what the specification names, and that a
/// second opinion is another one.
pub fn property_names() -> impl Iterator<Item = &'static str> {
    quorate_spec::property_names().chain([FORMULAS])
}
