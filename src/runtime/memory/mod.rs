//! Disk, network and time that exist only in this process: for tests, for examples, and to measure what the
//! runtime itself costs.
//!
//! They can do what real ones do only when they break: fail at a chosen write, lose whatever is sent on a
//! link, let a timer run out now.

mod clock;
mod disk;
mod network;

pub use clock::ManualClock;
pub use disk::{Disk, MemoryStorage};
pub use network::{MemoryTransport, Network};
