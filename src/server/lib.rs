//! A server of the key-value store: the runtime on sockets, for its peers and for clients.
//!
//! The runtime knows inputs and outcomes, the network crate knows bytes, the store knows commands. Here they
//! meet, and the one question that none of them answers is decided: what a client on a server that does not
//! lead gets. It gets what it asked for: a [`Node`] forwards to the leader.
//!
//! # Reading order
//! 1. `machine`: the store as the runtime's state machine.
//! 2. `packet`: what servers say to each other - the protocol's messages, and forwarded requests.
//! 3. `links`: the mesh as the runtime's transport, and the requests that are under way on it.
//! 4. `run`: several requests as one, and their outcomes.
//! 5. `asking`: how a run gets its outcomes, wherever the leader is.
//! 6. `socket` and `connection`: one client. `desk`, `deadlines` and `tasks`: the threads that serve them.
//!    `clients`: all of them. `telling`: what INFO and ROLE are told, and the log of a client that is given up.
//! 7. `storage`: the write-ahead log as the runtime's storage. `cluster_name`: what a cluster is called.
//! 8. [`Node`]: starting and stopping.
//! 9. `report`: what a server says of itself. [`http`]: where operators see it.

mod asking;
mod clients;
mod cluster_name;
mod connection;
mod deadlines;
mod desk;
pub mod http;
mod links;
mod machine;
mod node;
mod packet;
mod report;
mod run;
mod seldom;
mod socket;
mod storage;
mod tasks;
mod telling;

pub use clients::ClientSettings;
pub use cluster_name::{NotAClusterName, cluster_id};
pub use machine::Machine;
pub use node::{Node, NodeConfig, StartError};
pub use quorate_kv::Command;
pub use report::{ClientFigures, Report, Watcher};
pub use storage::{DiskStorage, Opened};
