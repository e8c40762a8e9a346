//! Leader and follower replication: one core that is proved, exhaustively checked, and run.
//!
//! This crate is the front door. It has no code of its own: it gathers the crates of the project under one
//! name, in the order in which they are best read.
//!
//! 1. [`core`]: the protocol, one pure function from a server's state and an input to its next state
//!    and what is to be done.
//! 2. [`cluster`]: the closed system around it, servers with disks, a network, clients and faults, with its
//!    one text notation.
//! 3. [`spec`]: what it means, the abstract protocol, the properties, refinement and scenarios.
//! 4. [`models`]: exhaustive checks within named bounds, and simulations.
//! 5. [`proofs`]: the proof for clusters of any size, with solvers.
//! 6. [`runtime`]: the same core on threads, for a state machine of your own; [`wal`], its write-ahead log;
//!    [`net`], its connections; [`kv`], a key-value store; [`server`], a server of that store.
//!
//! # A first look
//! A server that stands for election asks nobody before its own vote is durable:
//!
//! ```
//! use quorate::core::{Configuration, Input, Parameters, ServerId, ServerSet, State, step};
//!
//! let servers: ServerSet = (1..=3).filter_map(ServerId::new).collect();
//! let n1 = ServerId::new(1).ok_or("1 names a server")?;
//! let state: State<String> = State::new(n1, Configuration::new(servers)?)?;
//!
//! let parameters = Parameters::default();
//! let (state, effects) = step(&parameters, state, Input::ElectionTimeout);
//! assert!(effects.write.is_some() && effects.send.is_empty());
//!
//! let (_, effects) = step(&parameters, state, Input::Persisted(1));
//! assert_eq!(effects.send.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use quorate_cluster as cluster;
pub use quorate_core as core;
pub use quorate_kv as kv;
pub use quorate_models as models;
pub use quorate_net as net;
pub use quorate_proofs as proofs;
pub use quorate_runtime as runtime;
pub use quorate_server as server;
pub use quorate_spec as spec;
pub use quorate_wal as wal;
