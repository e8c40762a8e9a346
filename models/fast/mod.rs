//! The fast model: the same states as the plain one, told apart with far less work.
//!
//! It explores the same closed system on the same core within the same bounds. What it adds is a way to
//! write a state down. A state consists of *parts*: the servers, each with its disk (a [`Node`]); the
//! messages; the facts that properties read (a [`Ghost`]). There are few different parts - a model of 10^8
//! states has some 10^4 nodes - so each is kept once, in a table, and a state holds their numbers.
//!
//! - **Steps are remembered.** What a node does upon an input depends on nothing else. The core, the disk and
//!   everything in between run once for each such pair, through the very [`quorate_cluster::Cluster`] that the
//!   plain model uses; from then on the result is looked up (`memo`).
//! - **Fingerprints follow the parts.** Each part has a random-looking 128-bit key that is made from its
//!   content; a state's key is the sum of its parts' keys, and a step changes the sum by the parts that it
//!   changes. Servers that differ in names alone are the same to the protocol, so every part has one key for
//!   each way to rename the servers, a state one sum for each, and its fingerprint is the sum of the mixed
//!   sums: equal for states that differ in names alone \[IpDill96\], and as uniform as one of them. Of five and
//!   more servers there are too many ways; they are sorted first (`sorted`).
//! - **What can never matter again is dropped.** A message that no server will heed any more makes states
//!   different that are the same (`dead`). Each such rule is argued where it stands, and can be switched off.
//!
//! # What makes it trustworthy
//! Every trick is a switch of [`Tricks`], and a test compares, for small bounds of every model, the set of
//! states that it reaches, mapped back to clusters, with the set that the plain model reaches: not how many
//! there are, but that they are the same (`compare`). That names mean nothing, on which symmetry and memory rest,
//! is checked for every step that is remembered in a validating run (`validate`).
//!
//! # Where properties are checked
//! A property that reads one server is checked when a step is remembered. One that reads the facts too is
//! checked for every combination of facts, node and input. One that reads a whole state, without messages in
//! flight, is checked for every combination of nodes and facts. A violation marks the state. Where steps are
//! compared with the abstract protocol, its state is one of the facts, and so is what each message in flight
//! states (`refine`).

mod blame;
mod compare;
mod dead;
mod explore;
mod interner;
mod memo;
mod model;
mod parts;
mod recent;
mod refine;
mod silent;
mod sorted;
mod state;
mod steps;
#[cfg(test)]
mod tests;
mod validate;

pub use compare::{Comparison, compare};
pub use model::{FastAction, FastModel, Tricks};
pub use parts::{Ghost, Node};
pub use state::FastState;
