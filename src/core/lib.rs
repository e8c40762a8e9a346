//! The protocol: leader and follower replication as a pure step function.
#![no_std]

extern crate alloc;

mod action;
mod basic;
mod configuration;
mod log;
mod message;

pub use action::AbstractAction;
pub use basic::{Index, LogPosition, RequestId, Round, ServerId, ServerSet, Term};
pub use configuration::{Configuration, InvalidConfiguration};
pub use log::{Entry, Log, Payload};
pub use message::{Envelope, Message};
