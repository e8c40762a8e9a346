//! What clients saw: operations with when they began and ended.
//!
//! Times are numbers of any clock that all clients share, or simply places in a recording. One operation
//! precedes another if it had completed *before* the other was invoked; at the same time they are concurrent.

use core::fmt::{self, Display};

/// One operation of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation<Op, Answer> {
    /// Who asked; it is printed, and nothing follows from it.
    pub client: u64,
    /// What was asked.
    pub op: Op,
    /// When.
    pub invoked: u64,
    /// When it was answered, and what; nothing if the outcome is unknown: then it may have taken effect at any
    /// time after it was invoked, may still do so, or never will.
    pub completed: Option<(u64, Answer)>,
}

impl<Op: Display, Answer: Display> Display for Operation<Op, Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operation { client, op, invoked, completed } = self;
        match completed {
            Some((at, answer)) => {
                write!(f, "client {client} from {invoked} to {at}: {op} -> {answer}")
            }
            None => write!(f, "client {client} from {invoked}: {op}, outcome unknown"),
        }
    }
}

/// A name for an operation in its history: its place in the order in which they were recorded, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Call(pub usize);

/// Operations, in the order in which they were recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct History<Op, Answer> {
    /// Nothing stands for an operation that certainly had no effect.
    recorded: Vec<Option<Operation<Op, Answer>>>,
}

/// Why something cannot be recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CannotRecord {
    /// No such operation was invoked, or it certainly had no effect.
    NotInvoked(Call),
    /// It has completed already.
    CompletedTwice(Call),
    /// It would complete before it was invoked.
    BeforeInvocation {
        /// Which operation.
        call: Call,
        /// When it was invoked.
        invoked: u64,
        /// When it is said to have completed.
        completed: u64,
    },
}

impl Display for CannotRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CannotRecord::NotInvoked(Call(place)) => {
                write!(f, "operation {place} was not invoked, or certainly had no effect")
            }
            CannotRecord::CompletedTwice(Call(place)) => {
                write!(f, "operation {place} has completed already; an operation completes once")
            }
            CannotRecord::BeforeInvocation { call: Call(place), invoked, completed } => write!(
                f,
                "operation {place} cannot complete at {completed}; it was invoked at {invoked}"
            ),
        }
    }
}

impl core::error::Error for CannotRecord {}

impl<Op, Answer> Default for History<Op, Answer> {
    fn default() -> History<Op, Answer> {
        History { recorded: Vec::new() }
    }
}

impl<Op, Answer> History<Op, Answer> {
    /// Records that a client asked. Until more is recorded, the outcome is unknown.
    pub fn invoke(&mut self, client: u64, op: Op, at: u64) -> Call {
        self.recorded.push(Some(Operation { client, op, invoked: at, completed: None }));
        Call(self.recorded.len() - 1)
    }

    /// Records that an operation was answered.
    ///
    /// # Errors
    /// When it was never invoked, has completed, had no effect, or was invoked only later.
    pub fn complete(&mut self, call: Call, at: u64, answer: Answer) -> Result<(), CannotRecord> {
        let operation = self.open(call)?;
        if at < operation.invoked {
            let (invoked, completed) = (operation.invoked, at);
            return Err(CannotRecord::BeforeInvocation { call, invoked, completed });
        }
        operation.completed = Some((at, answer));
        Ok(())
    }

    /// Records that an operation certainly never took effect and never will: it leaves the history.
    ///
    /// # Errors
    /// When it was never invoked, has completed, or had left already.
    pub fn no_effect(&mut self, call: Call) -> Result<(), CannotRecord> {
        self.open(call)?;
        self.recorded[call.0] = None;
        Ok(())
    }

    /// The operation, which must not have an outcome yet.
    fn open(&mut self, call: Call) -> Result<&mut Operation<Op, Answer>, CannotRecord> {
        match self.recorded.get_mut(call.0) {
            Some(Some(operation)) if operation.completed.is_none() => Ok(operation),
            Some(Some(_)) => Err(CannotRecord::CompletedTwice(call)),
            Some(None) | None => Err(CannotRecord::NotInvoked(call)),
        }
    }

    /// The operation of this name, unless it had no effect or was never invoked.
    pub fn get(&self, call: Call) -> Option<&Operation<Op, Answer>> {
        self.recorded.get(call.0)?.as_ref()
    }

    /// The operations that may have had an effect, in the order of their recording.
    pub fn operations(&self) -> impl Iterator<Item = (Call, &Operation<Op, Answer>)> {
        let named = self.recorded.iter().enumerate();
        named.filter_map(|(place, operation)| Some((Call(place), operation.as_ref()?)))
    }
}
