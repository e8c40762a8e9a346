//! How large keys and values may be.

use std::fmt;

/// The greatest sizes, in bytes. They are checked by the server that takes a command, so servers of one
/// cluster need not agree on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The greatest length of a key.
    pub key: usize,
    /// The greatest length of a value.
    pub value: usize,
    /// The greatest size of everything in one command: it becomes one entry, which must fit into a frame and
    /// into a segment of the log.
    pub command: usize,
}

impl Default for Limits {
    /// 64 KiB for a key, 1 MiB for a value, 4 MiB for a command.
    fn default() -> Limits {
        Limits { key: 64 * 1024, value: 1024 * 1024, command: 4 * 1024 * 1024 }
    }
}

/// A part of a command that is larger than it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLarge {
    /// What it is.
    pub(crate) what: &'static str,
    /// How long it is, in bytes.
    pub(crate) length: usize,
    /// How long it may be, in bytes.
    pub(crate) limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooLarge { what, length, limit } = self;
        write!(f, "ERR a {what} of {length} bytes is over the limit of {limit} bytes")
    }
}
