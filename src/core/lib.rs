//! The protocol: leader and follower replication as a pure step function.
//!
//! In each term at most one server is leader; it alone takes requests from clients and replicates them;
//! followers accept entries only from the leader of their term and stand by to take over; an entry counts
//! when a majority holds it durably. This is the Raft family of protocols, in the terms of Ongaro's thesis
//! \[Ongaro14\].
//!
//! The whole protocol is one function, [`step`]: from the [`State`] of one server and an [`Input`] to the
//! next state and the [`Effects`] that its caller is to perform. It knows no clock, no randomness and no
//! I/O: timeouts are inputs that may come at any moment, so safety never depends on time. The exhaustive
//! check, the simulation and a real cluster call the very same function.
//!
//! # Reading order
//! 1. The vocabulary: `basic`, `configuration`, `log`, `message`.
//! 2. The [`State`] of a server and what goes in and out of a step: `state`, `effects`.
//! 3. The rules for every message: `step`.
//! 4. One chapter per mechanism: `election`, `replication`, `commit`, `apply`, `proposal`, `read`.
//! 5. What waits for the disk: `durability`.
//! 6. What a step means: [`AbstractAction`].
//!
//! # What is deliberately absent
//! No transport, storage, timer, thread or log output: those belong to the caller. No queue of things to
//! say later: what a server owes follows from its state. No pre-vote, leases, membership change or
//! snapshots yet; each will be a chapter of its own.
#![no_std]

extern crate alloc;

mod action;
mod apply;
mod basic;
mod commit;
mod configuration;
mod durability;
mod effects;
mod election;
mod log;
mod message;
mod proposal;
mod read;
mod renumber;
mod replication;
mod state;
mod step;

pub use action::AbstractAction;
pub use basic::{Index, LogPosition, RequestId, Round, ServerId, ServerSet, Term};
pub use configuration::{Configuration, InvalidConfiguration};
pub use effects::{
    Applied, Effects, Event, Input, Outcome, Parameters, Proposal, Refusal, Reply, Spreading,
    StepDown, Timers, Write,
};
pub use log::{Entry, Log, Payload};
pub use message::{Envelope, Message};
pub use renumber::{Names, Renumber};
pub use state::{
    Candidate, Durable, Flow, Follower, Leader, NotAVoter, Progress, Role, State, UnfinishedWrite,
    WaitingRead, WaitingWrite,
};
pub use step::{step, step_into};
