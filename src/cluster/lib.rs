//! The closed system: servers that run the protocol core, and everything around them.
//!
//! A [`Cluster`] is servers with their disks, a network, clients, and a history of facts that only the
//! properties read. It changes by [`Action`]s: a timer runs out, a message arrives, a write reaches the
//! disk, a server crashes and starts again. There is no protocol here, only environment: what a server
//! does in answer is [`quorate_core::step`] and nothing else.
//!
//! Time does not exist. A timer may run out at any moment, a message may arrive at any later moment or
//! never, a disk may take arbitrarily long; so whatever holds here holds whatever the clocks do.
//!
//! Everything has one text notation ([`Display`](core::fmt::Display) and
//! [`FromStr`](core::str::FromStr), see [`notation`]): scenarios, counterexamples and traces are written
//! in it, so that a counterexample can be pasted into a test.
//!
//! # Reading order
//! `action`, `disk`, `network`, `clients`, `history`, `cluster`, `possible`, then `notation`.

mod action;
mod clients;
mod cluster;
mod disk;
mod history;
mod network;
pub mod notation;
mod possible;
mod renumber;
mod setting;

pub use action::{Action, ActionKind};
pub use clients::{Clients, Command, Waiting, WaitingKind};
pub use cluster::{Cluster, Happening, Impossible, Server, ServerStep};
pub use disk::Disk;
pub use history::{Committed, History};
pub use network::{Network, NetworkKind};
pub use possible::{Choices, SyncGranularity};
pub use setting::Setting;

/// A log entry of the closed system.
pub type Entry = quorate_core::Entry<Command>;
/// A log of the closed system.
pub type Log = quorate_core::Log<Command>;
/// A message of the closed system on its way.
pub type Envelope = quorate_core::Envelope<Command>;
/// The state of a server of the closed system.
pub type State = quorate_core::State<Command>;
/// A write of the closed system.
pub type Write = quorate_core::Write<Command>;
/// The effects of a step in the closed system.
pub type Effects = quorate_core::Effects<Command>;
