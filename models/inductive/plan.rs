//! What is looked at.

/// Which states are made up, and how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many servers, 1 to 5.
    pub servers: u8,
    /// The greatest term, before the step, 1 to 6.
    pub terms: u64,
    /// The greatest length of a log, before the step, 1 to 6.
    pub logs: u64,
    /// The seed from which all chance follows.
    pub seed: u64,
    /// How many states.
    pub states: States,
    /// The lemma of the invariant that is left out, before the step and after it; then it is broken in every
    /// state that is looked at.
    pub without: Option<&'static str>,
}

/// How many states are made up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum States {
    /// So many, by chance.
    Random(u64),
    /// All of them, but for what the protocol's safety cannot depend on: payloads, windows, rounds, and what waits
    /// for clients are the simplest, and each server has at most one unfinished write.
    All,
}

impl Plan {
    /// How many states of chance are made up, if they are of chance.
    pub const fn count(&self) -> Option<u64> {
        match self.states {
            States::Random(count) => Some(count),
            States::All => None,
        }
    }
}
