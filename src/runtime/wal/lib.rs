//! The write-ahead log: term, vote and entries of one server, on disk.
//!
//! A server promises only what is durable: its vote, the entries it acknowledges. Everything else that it
//! knows it may forget. So this is the one thing that it must never get wrong, however the disk behaves, and
//! the rule is always the same: **a log that is opened holds everything that was ever reported durable, or it
//! is refused**. A server that started with less than it has promised would vote twice, or forget what a
//! majority was counted for. Where this cannot be kept, because of what the disk has done, is said below.
//!
//! The log is one ordered stream of writes, each a [`quorate_core::Write`]. Writes that come together go into
//! one *batch*, which is written and synced as a whole before the next one begins. Batches lie in *segments*,
//! files of a fixed length that were filled with zeros before.
//!
//! # Reading order
//! 1. `format`: the bytes. `identity`: whose log it is.
//! 2. `chain`: which batches count, and why everything else is a torn write or corruption. `scan` finds them,
//!    `replay` says what they amount to.
//! 3. `recovery`: what opening a log does before anything counts.
//! 4. `wal`: writing, and what happens after a failure.
//! 5. `files`: the file system as the log sees it; [`testing`] has one that fails and crashes as it is told.
//! 6. `inspect`: looking at a log without touching it.
//!
//! # What it does not promise
//! - Damage to the very last batch cannot be told from a torn write, and is trimmed. That is why an empty
//!   batch is written behind the last one as soon as there is time for it, and whenever a log is opened.
//! - If the disk reports a sync that it has not done, what was lost at the end of the log is not noticed;
//!   what was lost before something that was kept is.
//! - The end of the log is not noticed to be missing if somebody removes the last segments.
//! - Checksums are against accidents. Whoever can write the files can forge a log.
//! - The log only grows: there is no compaction yet.

mod chain;
mod directory;
mod error;
mod files;
mod format;
mod identity;
mod inspect;
mod recovery;
mod replay;
mod scan;
pub mod testing;
mod wal;

pub use error::WalError;
pub use files::{Files, RealFiles};
pub use identity::{ClusterId, Identity, NotAClusterId};
pub use inspect::{Verdict, inspect};
pub use recovery::{Notes, Recovered, Trimmed};
pub use wal::{Options, Wal};
