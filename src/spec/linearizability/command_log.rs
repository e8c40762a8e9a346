//! The state machine of the closed system: a list of commands.
//!
//! The protocol never looks at commands, so in the closed system they are only numbers, and what a state
//! machine makes of them is their list. It tells a client everything: a write is answered with all commands up
//! to its own, a read with all there are. The empty entries that leaders append are not in the list.

use super::object::Object;
use core::fmt;
use quorate_cluster::Command;

/// A list of commands, to which commands are appended.
#[derive(Clone, Copy, Debug)]
pub enum CommandLog {}

/// What clients ask of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogOperation {
    /// To append a command; answered with the list up to that command.
    Append(Command),
    /// To see the list.
    Read,
}

/// A list of commands, the first first.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Commands(pub Vec<Command>);

impl fmt::Display for LogOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogOperation::Append(Command(number)) => write!(f, "append c{number}"),
            LogOperation::Read => write!(f, "read"),
        }
    }
}

impl fmt::Display for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commands: Vec<String> = self.0.iter().map(|Command(c)| format!("c{c}")).collect();
        write!(f, "[{}]", commands.join(","))
    }
}

impl Object for CommandLog {
    /// There is one list.
    type Key = &'static str;
    type Op = LogOperation;
    type Answer = Commands;
    type Value = ();
    type State = Commands;

    fn keys(_op: &LogOperation) -> Vec<&'static str> {
        vec!["log"]
    }

    fn initial(_keys: &[&'static str]) -> Commands {
        Commands::default()
    }

    fn apply(state: &Commands, op: &LogOperation) -> (Option<Commands>, Commands) {
        match op {
            LogOperation::Read => (None, state.clone()),
            LogOperation::Append(command) => {
                let mut longer = state.clone();
                longer.0.push(*command);
                (Some(longer.clone()), longer)
            }
        }
    }

    fn changes_nothing(op: &LogOperation, _answer: &Commands) -> bool {
        matches!(op, LogOperation::Read)
    }

    /// Whoever was answered with a list without the command came before it.
    fn notices(by: &LogOperation, answer: Option<&Commands>, of: &LogOperation) -> bool {
        match (by, answer, of) {
            (_, _, LogOperation::Read) | (LogOperation::Read, None, _) => false,
            (_, Some(answer), LogOperation::Append(command)) => answer.0.contains(command),
            (LogOperation::Append(_), None, LogOperation::Append(_)) => true,
        }
    }

    /// The list only grows.
    fn reaches(state: &Commands, _op: &LogOperation, answer: &Commands) -> bool {
        answer.0.starts_with(&state.0)
    }
}
