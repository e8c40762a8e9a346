//! The models that have a name: what each is for, how far it goes, and what it must reach.
//!
//! A named model records how many states it has. A search that finds another number has found a change of
//! the protocol or of the model, and says so; the change is then explained where it was made, and the new
//! number recorded.

mod list;

use crate::{Bounds, Mode};
pub use list::NAMED;

/// A model with a name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    /// How far it goes.
    pub bounds: Bounds,
    /// The reachability witnesses that it must reach, or its properties may hold for want of anything
    /// happening.
    pub required: &'static [&'static str],
}

/// How many states a model has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Distinct states.
    pub distinct: u64,
    /// Generated states: the initial one, and one for every action in every state.
    pub generated: u64,
}

/// The recorded counts, one line for each model and mode.
const RECORDED: &str = include_str!("../counts.txt");

/// The named model of this name.
pub fn find(name: &str) -> Option<&'static Named> {
    NAMED.iter().find(|named| named.name == name)
}

impl Named {
    /// The counts recorded for this model in a mode, if any are.
    pub fn recorded(&self, mode: Mode) -> Option<Counts> {
        let lines = RECORDED.lines().filter(|line| !line.starts_with('#'));
        let mut words = lines
            .map(|line| line.split_whitespace().collect::<Vec<&str>>())
            .filter(|words| words.starts_with(&[self.name, mode.name()]));
        match words.next()?[..] {
            [_, _, distinct, generated] => Some(Counts {
                distinct: distinct.parse().ok()?,
                generated: generated.parse().ok()?,
            }),
            _ => None,
        }
    }
}

/// The line that records the counts of a model in a mode.
pub fn counts_line(name: &str, mode: Mode, counts: Counts) -> String {
    format!("{name} {} {} {}", mode.name(), counts.distinct, counts.generated)
}
