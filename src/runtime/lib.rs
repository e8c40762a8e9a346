//! The runtime: the checked protocol on threads.
//!
//! The protocol is a pure function, `quorate_core::step`. Somebody has to call it: has to let timers run out, to
//! carry messages, to make writes durable and to hand what is committed to a state machine. That is all this
//! crate does. It moves bytes and time, and takes no decision of the protocol; what runs is what was checked.
//!
//! # Embedding it
//! An application is a [`StateMachine`]. [`Server::start`] runs it, from five [`Parts`]: the machine, a
//! [`Storage`] and what it [`Recovered`], a [`Transport`], and a [`Clock`]. Requests are made by [`Client`]:
//! [`propose`](Client::propose) and [`read`](Client::read) wait, [`submit`](Client::submit) does not. Each
//! request ends within the request timeout, with a reply or an [`Error`] that says what is known of its effect.
//!
//! ```
//! use quorate_core::{Configuration, Index, ServerId, ServerSet};
//! use quorate_runtime::memory::{Disk, Network};
//! use quorate_runtime::{Config, Error, Parts, Server, StateMachine, SystemClock};
//!
//! struct Sum(u64);
//!
//! impl StateMachine for Sum {
//!     type Command = u64;
//!     type Query = ();
//!     type Reply = u64;
//!     fn apply(&mut self, _index: Index, command: &u64) -> u64 {
//!         self.0 += command;
//!         self.0
//!     }
//!     fn query(&self, _query: &()) -> u64 {
//!         self.0
//!     }
//! }
//!
//! let id = ServerId::new(1).unwrap();
//! let alone = Configuration::new(ServerSet::only(id))?;
//! let disk = Disk::new();
//! let server = Server::start(
//!     Config::new(id, alone),
//!     Parts {
//!         machine: Sum(0),
//!         storage: disk.storage(),
//!         recovered: disk.recovered(),
//!         transport: Network::new().transport(id),
//!         clock: SystemClock::new(),
//!     },
//! )?;
//! // Until it is elected, and always on a server that follows, there is somebody else to ask.
//! let sum = loop {
//!     match server.propose(3) {
//!         Err(Error::NotLeader { .. }) => std::thread::yield_now(),
//!         outcome => break outcome?,
//!     }
//! };
//! assert_eq!(sum, 3);
//! server.shutdown()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Threads
//! ```text
//!  clients ──┐                     ┌── writes ──> log thread ──> Storage
//!  peers ────┼──> mailbox ──> driver                 │
//!  timers ───┤                │    ├── messages ──> Transport
//!  log ──────┘ <──────────────┼────┼── persisted ────┘
//!                             │    └── timers ────> Clock
//!                             └── apply, reply
//! ```
//! The driver takes everything that has arrived, steps each input, sends the messages of all of them, hands their
//! writes to the log thread as one piece, applies, and replies. While the log thread makes one batch durable, the
//! next gathers. When nothing goes on, whoever brings something does one batch in the driver's place, on its own thread: so
//! a client's write costs two changes of thread, to the log thread and to the client, and with followers one more for
//! each message on its way.
//!
//! # Reading order
//! 1. What it stands on: `machine`, `storage`, `transport`, `clock`.
//! 2. Where threads meet: [`sync`], [`mailbox`], [`letterbox`], `shared`.
//! 3. The threads: `driver`, `log_thread`, `alarms` and `system_clock`.
//! 4. Requests and their outcomes: `request`, `waiting`, `outcomes`, `client`.
//! 5. Settings, start and stop: `config`, `server`, `status`, `error`.
//! 6. What a server says of itself: `figures`, `notices`.
//! 7. Disk, network and time in memory: [`memory`].
//!
//! # What is deliberately absent
//! No snapshots: the whole log is applied again after a start, and has a limit. No sessions: a write in doubt that
//! is made again may take effect twice. No forwarding: a server that does not lead says who does.

mod alarms;
mod client;
mod clock;
mod config;
mod driver;
mod error;
mod figures;
pub mod letterbox;
mod log_thread;
mod machine;
pub mod mailbox;
pub mod memory;
mod notices;
mod outcomes;
mod request;
mod server;
mod shared;
mod status;
mod storage;
pub mod sync;
mod system_clock;
mod transport;
mod waiting;

pub use client::Client;
pub use clock::{Bell, Clock, Timer};
pub use config::{Config, InvalidConfig, Limits, Timing};
pub use error::Error;
pub use figures::{DiskFigures, Ended, Figures, Histogram, RequestFigures, StepDowns};
pub use machine::StateMachine;
pub use notices::Notice;
pub use request::{Ask, Recipient, Request, Ticket};
pub use server::{Parts, Server, StartError};
pub use status::{FollowerStatus, Queues, RoleName, Status};
pub use storage::{Recovered, Storage, StorageError};
pub use system_clock::SystemClock;
pub use transport::{Inbox, Transport};
