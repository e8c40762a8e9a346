//! A key-value store as a state machine, and the commands by which clients of Redis use it.
//!
//! The protocol replicates commands without knowing what they do. This crate says what they do, for the
//! case that the command `quorate serve` runs: a map from keys to values, both any bytes, rebuilt from the
//! log. Everything in it is a pure function of its arguments: a server's threads call it, and it calls
//! nobody.
//!
//! # Reading order
//! 1. [`Command`], [`Query`] and [`Reply`]: what goes into the log, what is asked, what either is answered.
//! 2. [`Store`]: what they do.
//! 3. [`table`]: the commands that clients know, each said once, with its parser.
//! 4. [`Session`]: what a connection remembers, and what becomes of a request on it. `local`: commands for
//!    the connection itself. [`Info`]: what INFO and ROLE tell. `transaction`: how transactions are refused.
//!
//! # What is deliberately absent
//! Expiry: a clock would make servers disagree. Types other than strings, scripts, transactions and
//! channels: this is the smallest store that is of use. An error of a command is a reply like any other, and
//! the same on all servers.

mod bytes;
mod command;
mod info;
mod limits;
mod local;
mod parse;
mod reply;
mod session;
mod store;
pub mod table;
mod transaction;

pub use bytes::Bytes;
pub use command::{Command, Condition, Query};
pub use info::{Connections, Follower, Info};
pub use limits::Limits;
pub use reply::{Failure, Reply};
pub use session::{Host, Session, Step};
pub use store::Store;
