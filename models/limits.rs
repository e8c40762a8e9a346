//! What may stop a search before its end.

use core::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The limits of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// How long it may take.
    pub time: Option<Duration>,
    /// How many distinct states it may find.
    pub states: Option<u64>,
    /// How many bytes of memory the process may use.
    pub memory: Option<u64>,
}

/// Why a search stopped before its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// The time limit.
    Time(Duration),
    /// The limit of distinct states.
    States(u64),
    /// The limit of memory, in bytes.
    Memory(u64),
    /// Somebody asked for it.
    Interrupted,
    /// A mistake in the check itself: a thread of the search panicked.
    Panicked,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Time(limit) => write!(f, "the time limit of {} s", limit.as_secs_f64()),
            StopReason::States(limit) => write!(f, "the limit of {limit} distinct states"),
            StopReason::Memory(limit) => write!(f, "the memory limit of {} MiB", limit >> 20),
            StopReason::Interrupted => write!(f, "an interrupt"),
            StopReason::Panicked => write!(f, "a mistake in the check itself, which panicked"),
        }
    }
}

/// Stops a search from outside. Clones stop the same search; the first reason counts.
#[derive(Clone, Debug, Default)]
pub struct Stopper {
    stopped: Arc<AtomicBool>,
    reason: Arc<Mutex<Option<StopReason>>>,
    /// Whether somebody asked for it, whatever else stopped the search before.
    interrupted: Arc<AtomicBool>,
}

impl Stopper {
    /// Stops the search.
    pub fn stop(&self, reason: StopReason) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Stops the search, and those that follow on it, because somebody asked for it.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.stop(StopReason::Interrupted);
    }

    /// For a search that follows on this one: it has limits of its own, but an interrupt stops both.
    pub fn beside(&self) -> Stopper {
        Stopper { interrupted: self.interrupted.clone(), ..Stopper::default() }
    }

    /// Stops this search if one that it follows on was interrupted.
    pub fn heed_interrupt(&self) {
        if self.is_interrupted() {
            self.stop(StopReason::Interrupted);
        }
    }

    /// Whether somebody asked for a stop.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Whether the search has been stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Why, if it has.
    pub fn reason(&self) -> Option<StopReason> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many bytes of memory this process holds, where the system tells.
pub fn memory_used() -> Option<u64> {
    kibibytes_in("/proc/self/status", "VmRSS:")
}

/// How many bytes of memory this process held when it held most, where the system tells.
pub fn memory_peak() -> Option<u64> {
    kibibytes_in("/proc/self/status", "VmHWM:")
}

/// How many bytes of memory this process may come to hold before the system runs out, where it tells: what
/// is available now and what the process already has, and no more than its control group allows.
pub fn memory_available() -> Option<u64> {
    let machine = kibibytes_in("/proc/meminfo", "MemAvailable:")? + memory_used()?;
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse().ok()).unwrap_or(u64::MAX);
    Some(machine.min(group))
}

/// A size that a file of `/proc` gives in KiB, in bytes.
fn kibibytes_in(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
