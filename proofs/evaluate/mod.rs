//! The formulas on real steps.

pub mod abstraction;
mod code;
mod compile;
mod evaluator;
mod formulas;
mod messages;
mod plan;
pub mod tables;
pub mod universe;

pub use abstraction::Abstraction;
pub use evaluator::{Evaluator, Exception, Refusal, States};
pub use formulas::{Evaluated, Formulas, LONGEST_LOGS};
pub use tables::{Element, Shape, Tables, TooLarge, Vocabulary};
pub use universe::{NoElement, Universe};
