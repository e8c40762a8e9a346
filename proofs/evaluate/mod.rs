//! The formulas on real steps.

mod code;
mod compile;
mod evaluator;
mod plan;
pub mod tables;

pub use evaluator::{Evaluator, Exception, Refusal, States};
pub use tables::{Element, Shape, Tables, TooLarge, Vocabulary};
