//! How a request can end other than with a reply.

use quorate_core::ServerId;
use std::fmt;
use std::sync::Arc;

/// Why a request got no reply. Each says what is known of its effect, for that decides whether it may be
/// made again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// The request had no effect: this server does not lead. Perhaps the server named does.
    NotLeader {
        /// The leader of the current term, if this server knows it.
        hint: Option<ServerId>,
    },
    /// The request had no effect: too many are waiting here. It may be made again later.
    Busy,
    /// The write had no effect: the log has reached its limit. Reads are still answered.
    OutOfSpace {
        /// The limit, in bytes: [`Limits::max_log_bytes`](crate::Limits::max_log_bytes).
        limit: u64,
    },
    /// The write may or may not take effect, now or later: leadership was lost, the server stopped, or the
    /// request timed out while it was on its way.
    InDoubt,
    /// The read was not answered in time. It has no effect in any case.
    TimedOut,
    /// The request had no effect: the server has stopped.
    Stopped {
        /// Why it stopped.
        why: Arc<str>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotLeader { hint: Some(hint) } => write!(f, "not leader; try {hint}"),
            Error::NotLeader { hint: None } => f.write_str("not leader; no leader is known"),
            Error::Busy => f.write_str("busy: too many requests are waiting; try again later"),
            Error::OutOfSpace { limit } => write!(f, "log limit reached: {limit} bytes"),
            Error::InDoubt => f.write_str("in doubt: the write may or may not take effect"),
            Error::TimedOut => f.write_str("timed out: the read was not answered in time"),
            Error::Stopped { why } => write!(f, "the server has stopped: {why}"),
        }
    }
}

impl std::error::Error for Error {}
