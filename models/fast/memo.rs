//! What a node does upon an input, remembered.

use super::interner::Store;
use smallvec::SmallVec;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What an input led to at a node.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The node afterwards.
    pub(super) node: u32,
    /// The messages sent.
    pub(super) sends: SmallVec<[u16; 4]>,
    /// Whether facts may have changed, or a property that reads facts has something to look at.
    pub(super) concerns_facts: bool,
    /// Whether the node looks different afterwards to the rules for dead messages: while it can crash, and when
    /// it cannot.
    pub(super) looks_different: [bool; 2],
    /// Whether the server stood for election.
    pub(super) stood: bool,
    /// The witnesses that read other servers and may have happened, as far as this one tells.
    pub(super) possible: u64,
    /// The property that the step violates, as far as the server alone tells.
    pub(super) violated: Option<&'static str>,
}

/// Inputs other than messages have the numbers below this one.
pub(super) const INPUTS: usize = 128;

/// How many messages have their slots in one chunk.
const CHUNK: usize = 256;

/// How many chunks a row has.
const CHUNKS: usize = 64;

/// How many different messages a model may have.
pub(super) const MAX_MESSAGES: usize = CHUNK * CHUNKS;

/// The slots of one node: for each input, the number of its outcome.
#[derive(Debug)]
pub(super) struct Row {
    inputs: [AtomicU32; INPUTS],
    messages: [OnceLock<Box<[AtomicU32; CHUNK]>>; CHUNKS],
}

/// Nobody has asked yet.
const UNKNOWN: u32 = 0;

/// The step leads out of the bounds.
const OUTSIDE: u32 = 1;

/// The first number of an outcome.
const FIRST: u32 = 2;

/// An answer of the memo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// Nobody has asked yet.
    Not,
    /// The step leads out of the bounds.
    Outside,
    /// The outcome has this number.
    Outcome(u32),
}

impl Row {
    pub(super) fn new() -> Row {
        Row {
            inputs: [const { AtomicU32::new(UNKNOWN) }; INPUTS],
            messages: [const { OnceLock::new() }; CHUNKS],
        }
    }

    /// The slot of an input; those of messages begin at [`INPUTS`].
    fn slot(&self, input: usize) -> &AtomicU32 {
        if input < INPUTS {
            return &self.inputs[input];
        }
        let message = input - INPUTS;
        let chunk = self.messages[message / CHUNK]
            .get_or_init(|| Box::new([const { AtomicU32::new(UNKNOWN) }; CHUNK]));
        &chunk[message % CHUNK]
    }

    /// What is known of an input.
    pub(super) fn get(&self, input: usize) -> Known {
        // Whoever reads a number sees the outcome that was stored before it.
        match self.slot(input).load(Ordering::Acquire) {
            UNKNOWN => Known::Not,
            OUTSIDE => Known::Outside,
            number => Known::Outcome(number - FIRST),
        }
    }

    /// Remembers an outcome, or that there is none. If two threads find the same at once, either may stay.
    pub(super) fn set(&self, input: usize, outcomes: &Store<Outcome>, outcome: Option<Outcome>) {
        let number = outcome.map_or(OUTSIDE, |outcome| FIRST + outcomes.add(outcome));
        self.slot(input).store(number, Ordering::Release);
    }
}
