//! Locks and atomics, by one name for two worlds: those of the standard library, and, compiled with
//! `--cfg quorate_loom`, loom's, which tries every order in which threads can come to them \[NorrisDemsky13\].

#[cfg(quorate_loom)]
use loom::sync as world;
#[cfg(not(quorate_loom))]
use std::sync as world;

pub(crate) use world::atomic::{AtomicU64, AtomicUsize, Ordering};
pub(crate) use world::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard};

use std::sync::{LockResult, PoisonError};

/// What a lock guards, though a thread may have panicked that held it: nothing is left half changed under any of these
/// locks.
pub(crate) fn whole<Guard>(locked: LockResult<Guard>) -> Guard {
    locked.unwrap_or_else(PoisonError::into_inner)
}
