//! The runtime: the checked protocol on threads, with storage, transport and clock as small traits.
mod clock;
mod machine;
mod storage;
mod transport;

pub use clock::{Bell, Clock, Timer};
pub use machine::StateMachine;
pub use storage::{Recovered, Storage, StorageError};
pub use transport::{Inbox, Transport};
