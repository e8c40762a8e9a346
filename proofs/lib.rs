//! The proof for any number of servers.
//!
//! Checking a cluster exhaustively says everything about three servers and a few terms, and nothing about five. This
//! crate holds the other argument: the protocol of `quorate-spec`'s abstract protocol described in first-order logic
//! (`replication.epr`), and what shows that a description is safe in clusters of any size, with logs and terms of any
//! length.
//!
//! 1. [`reader`] and [`parse`] read a description into the types of [`ast`], which are its reference, and refuse
//!    whatever has no meaning.

pub mod ast;
pub mod axioms;
pub mod evaluate;
mod forms;
pub mod mutation;
pub mod prove;
pub mod queries;
pub mod reader;
pub mod smt;
pub mod solver;
pub mod stratification;
pub mod structure;
mod terms;

pub use forms::{describe, parse};

/// The description of the abstract protocol: `proofs/replication.epr`.
pub const REPLICATION: &str = include_str!("replication.epr");

/// Everything that is to be asked about a description, the axioms first; and the axioms that are assumed.
pub fn questions(description: &ast::Description) -> (Vec<queries::Query>, Vec<String>) {
    let (mut all, assumed) = axioms::axioms(description);
    all.extend(queries::queries(description));
    (all, assumed)
}
