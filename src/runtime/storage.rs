//! What the log thread asks of a disk.
//!
//! The protocol needs one thing of a disk: that it says "durable" only of what is. So [`Storage`] is one
//! ordered stream of writes, and a write that returns is durable. There is no way to report a failure and
//! go on: after a failed sync nobody knows what the disk holds, and trying again can succeed without the
//! data being there \[Rebello20\]. An error stops the server.

use quorate_core::{Log, ServerId, Term, Write};
use std::error::Error;
use std::fmt;

/// The durable part of one server: term, vote and log. The log thread owns it, and alone calls it.
pub trait Storage: Send + 'static {
    /// What the log's entries carry.
    type Command;

    /// Performs the writes in order, all or none of a single one, and returns when all are durable. A crash
    /// meanwhile may keep any prefix of them.
    ///
    /// Each write keeps the first `truncate_to` entries of the log, puts `entries` after them, and replaces
    /// term and vote.
    ///
    /// # Errors
    /// When it is not certain that all of them are durable. The server stops; nothing is tried again.
    fn write(&mut self, writes: &[Write<Self::Command>]) -> Result<(), StorageError>;

    /// Called once when nothing was written for a while, for whatever is better done then: sealing the last
    /// batch, preparing the next file.
    ///
    /// # Errors
    /// As for [`Storage::write`].
    fn idle(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// How many bytes the log takes up now. Compared with the limit for the log: see
    /// [`Limits::max_log_bytes`](crate::Limits::max_log_bytes).
    fn log_bytes(&self) -> u64;
}

/// What a storage holds when a server starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered<C> {
    /// The term of the newest durable write.
    pub term: Term,
    /// The vote of the newest durable write.
    pub voted_for: Option<ServerId>,
    /// The durable log.
    pub log: Log<C>,
}

impl<C> Default for Recovered<C> {
    fn default() -> Recovered<C> {
        Recovered { term: Term::ZERO, voted_for: None, log: Log::default() }
    }
}

/// Why it is not certain that a write is durable.
#[derive(Debug)]
pub struct StorageError {
    why: Box<dyn Error + Send + Sync>,
}

impl StorageError {
    /// An error of this cause: an [`std::io::Error`], or a text.
    pub fn new(why: impl Into<Box<dyn Error + Send + Sync>>) -> StorageError {
        StorageError { why: why.into() }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.why.source()
    }
}
