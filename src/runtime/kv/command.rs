//! What is asked of the store.

use crate::Bytes;
use serde::{Deserialize, Serialize};

/// What changes the store; it is what entries of the log carry. Its encoding is part of the log's format.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Gives a key a value: SET, and GETSET.
    Set {
        /// The key.
        key: Bytes,
        /// Its value from now on.
        value: Bytes,
        /// When to do so.
        condition: Condition,
        /// Whether to answer with the value before, instead of whether it was done.
        get: bool,
    },
    /// Gives a key a value unless it has one: SETNX.
    SetIfAbsent {
        /// The key.
        key: Bytes,
        /// Its value from now on.
        value: Bytes,
    },
    /// Gives several keys their values, at once: MSET. The last one counts if a key comes twice.
    SetMany(Vec<(Bytes, Bytes)>),
    /// Removes keys: DEL.
    Delete(Vec<Bytes>),
    /// Adds to the integer that a key has: INCR, INCRBY, DECR and DECRBY.
    Add {
        /// The key; without a value it counts as 0.
        key: Bytes,
        /// What to add.
        amount: i64,
    },
    /// Adds bytes to the end of a value: APPEND.
    Append {
        /// The key; without a value it counts as empty.
        key: Bytes,
        /// What to add.
        value: Bytes,
        /// The greatest length of the result, in bytes. The server that takes the command says it, because
        /// all servers must decide alike.
        max_length: u64,
    },
}

/// When a key gets its new value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Condition {
    /// Always.
    Always,
    /// If it has none: NX.
    IfAbsent,
    /// If it has one: XX.
    IfPresent,
    /// If it has this one: IFEQ \[Redis25\].
    IfEqual(Bytes),
}

/// What asks about the store and changes nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Query {
    /// The value of a key: GET.
    Get(Bytes),
    /// The values of several keys, at one moment: MGET.
    GetMany(Vec<Bytes>),
    /// How many of these have a value; one that comes twice counts twice: EXISTS.
    Exists(Vec<Bytes>),
    /// The length of a value in bytes: STRLEN.
    Length(Bytes),
    /// How many keys there are: DBSIZE.
    Size,
}

impl Command {
    /// How many bytes of keys and values it holds.
    pub fn size(&self) -> usize {
        match self {
            Command::Set { key, value, condition, .. } => {
                let expected = match condition {
                    Condition::IfEqual(expected) => expected.len(),
                    Condition::Always | Condition::IfAbsent | Condition::IfPresent => 0,
                };
                key.len() + value.len() + expected
            }
            Command::SetIfAbsent { key, value } | Command::Append { key, value, .. } => {
                key.len() + value.len()
            }
            Command::SetMany(pairs) => {
                pairs.iter().map(|(key, value)| key.len() + value.len()).sum()
            }
            Command::Delete(keys) => keys.iter().map(|key| key.len()).sum(),
            Command::Add { key, .. } => key.len(),
        }
    }
}

impl Query {
    /// How many bytes of keys it holds.
    pub fn size(&self) -> usize {
        match self {
            Query::Get(key) | Query::Length(key) => key.len(),
            Query::GetMany(keys) | Query::Exists(keys) => keys.iter().map(|key| key.len()).sum(),
            Query::Size => 0,
        }
    }
}
