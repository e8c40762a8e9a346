//! Threads and locks, by one name for two worlds.
//!
//! A program runs on the operating system's threads. A test compiled with `--cfg quorate_loom` runs on
//! loom's, which tries every order in which threads can take locks \[NorrisDemsky13\]. So whatever the runtime
//! shares between threads it shares through this module, and nowhere else are threads started or locks
//! taken: what loom does not see it cannot check. The rest of the code does not know in which world it is.
//!
//! Under loom nothing times out: [`Condvar::wait_timeout`] waits like [`Condvar::wait`]. Correctness must
//! not depend on a timeout anyway.

#[cfg(quorate_loom)]
use loom::{sync as world, thread};
use std::io;
use std::sync::PoisonError;
use std::time::Duration;
#[cfg(not(quorate_loom))]
use std::{sync as world, thread};

/// What a locked [`Mutex`] gives access to its content with.
pub type Guard<'a, T> = world::MutexGuard<'a, T>;

/// A lock around a value.
///
/// A thread that panics while it holds the lock does not make it unusable: under these locks only the
/// runtime's own short pieces of code run, none of which leaves a value half changed.
#[derive(Debug)]
pub struct Mutex<T>(world::Mutex<T>);

impl<T> Mutex<T> {
    /// A lock that is free.
    pub fn new(value: T) -> Mutex<T> {
        Mutex(world::Mutex::new(value))
    }

    /// Waits until the lock is free, and takes it.
    pub fn lock(&self) -> Guard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where threads wait for a change of what a [`Mutex`] holds.
#[derive(Debug)]
pub struct Condvar(world::Condvar);

impl Condvar {
    /// One at which nobody waits.
    pub fn new() -> Condvar {
        Condvar(world::Condvar::new())
    }

    /// Gives the lock back, waits to be woken, and takes it again. May also return without a reason.
    pub fn wait<'a, T>(&self, guard: Guard<'a, T>) -> Guard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// Like [`Condvar::wait`], but for no longer than `limit`, except under loom.
    pub fn wait_timeout<'a, T>(&self, guard: Guard<'a, T>, limit: Duration) -> Guard<'a, T> {
        if cfg!(quorate_loom) {
            return self.wait(guard);
        }
        self.0.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Wakes one of those that wait.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

impl Default for Condvar {
    fn default() -> Condvar {
        Condvar::new()
    }
}

/// A thread that was started, and can be waited for.
#[derive(Debug)]
pub struct Thread(thread::JoinHandle<()>);

impl Thread {
    /// Waits until the thread has ended; whether it ended without a panic.
    pub fn join(self) -> bool {
        self.0.join().is_ok()
    }
}

/// Starts a thread. Its name is seen in debuggers and profiles; the system may cut it after 15 bytes.
///
/// # Errors
/// When the system can start no more.
pub fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
    thread::Builder::new().name(name).spawn(body).map(Thread)
}
