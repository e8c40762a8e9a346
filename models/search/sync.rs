//! Locks and atomics, by one name for two worlds: those of the standard library, and, compiled with
//! `--cfg quorate_loom`, loom's, which tries every order in which threads can come to them \[NorrisDemsky13\].

#[cfg(quorate_loom)]
use loom::sync as world;
#[cfg(not(quorate_loom))]
use std::sync as world;

pub(crate) use world::atomic::{AtomicU64, AtomicUsize, Ordering};
pub(crate) use world::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard};
