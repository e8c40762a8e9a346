//! What the store answers.

use crate::Bytes;
use quorate_net::resp::{self, Protocol};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The answer to a command or a query.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// It is done.
    Done,
    /// There is nothing: no value, or the condition did not hold.
    Nothing,
    /// A count, a length, a sum.
    Integer(i64),
    /// A value.
    Value(Bytes),
    /// The values of several keys, in the order asked.
    Values(Vec<Option<Bytes>>),
    /// The command changed nothing.
    Failed(Failure),
}

/// Why a command changed nothing. Its text is what Redis says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Failure {
    /// The value of the key is no integer of 64 bits.
    NotAnInteger,
    /// The sum has no 64 bits.
    Overflow,
    /// The value would become longer than this, in bytes.
    TooLong(u64),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotAnInteger => f.write_str("ERR value is not an integer or out of range"),
            Failure::Overflow => f.write_str("ERR increment or decrement would overflow"),
            Failure::TooLong(limit) => {
                write!(f, "ERR string exceeds maximum allowed size of {limit} bytes")
            }
        }
    }
}

impl Reply {
    /// How many bytes of values it holds.
    pub fn size(&self) -> usize {
        match self {
            Reply::Value(value) => value.len(),
            Reply::Values(values) => values.iter().flatten().map(|value| value.len()).sum(),
            Reply::Done | Reply::Nothing | Reply::Integer(_) | Reply::Failed(_) => 0,
        }
    }

    /// Appends the reply to what goes to a client.
    pub fn write(&self, protocol: Protocol, out: &mut Vec<u8>) {
        match self {
            Reply::Done => resp::write_simple(out, "OK"),
            Reply::Nothing => resp::write_null(out, protocol),
            Reply::Integer(value) => resp::write_integer(out, *value),
            Reply::Value(value) => resp::write_bulk(out, value),
            Reply::Values(values) => {
                resp::write_array(out, values.len());
                for value in values {
                    match value {
                        Some(value) => resp::write_bulk(out, value),
                        None => resp::write_null(out, protocol),
                    }
                }
            }
            Reply::Failed(why) => resp::write_error(out, &why.to_string()),
        }
    }
}
