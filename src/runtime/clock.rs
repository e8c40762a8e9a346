//! Time, as far as the runtime has any.
//!
//! The driver never waits for a time and never asks whether one has passed while it decides something: it
//! sets a timer, and a ring arrives in its mailbox like everything else. A ring carries the *epoch* with
//! which its timer was set. When the driver has set the timer again meanwhile, the ring is of an old epoch
//! and means nothing, however late it comes.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The timers of one server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// When to stand for election, or as a leader to look who answers.
    Election,
    /// When a leader reminds its followers.
    Heartbeat,
    /// When the oldest waiting request has waited long enough.
    Requests,
    /// When nothing was written for a while.
    Idle,
}

impl Timer {
    /// How many timers there are.
    pub const COUNT: usize = 4;

    /// All timers, in the order of their declaration.
    pub const ALL: [Timer; Timer::COUNT] =
        [Timer::Election, Timer::Heartbeat, Timer::Requests, Timer::Idle];
}

/// Where time comes from. The driver owns it, and alone calls it.
pub trait Clock: Send + 'static {
    /// Begins to ring, by a thread of its own. Called once, before any timer is set.
    ///
    /// # Errors
    /// When a thread could not be started.
    fn start(&mut self, bell: Bell) -> io::Result<()>;

    /// The time since some fixed moment; never decreases.
    fn now(&self) -> Duration;

    /// Sets a timer anew: it rings with `epoch` once `after` has passed, and no longer for any earlier
    /// setting, unless it has done so already. Called often, and so must be cheap.
    fn set(&mut self, timer: Timer, epoch: u64, after: Duration);

    /// Ends and joins the thread; no timer rings afterwards. Called once, last.
    fn stop(&mut self) {}
}

/// What a clock rings.
#[derive(Clone)]
pub struct Bell {
    ring: Arc<dyn Fn(Timer, u64) + Send + Sync>,
}

impl Bell {
    /// A bell that calls `ring` with the timer and its epoch; it never blocks.
    pub fn new(ring: impl Fn(Timer, u64) + Send + Sync + 'static) -> Bell {
        Bell { ring: Arc::new(ring) }
    }

    /// Says that a timer set with this epoch has run out.
    pub fn ring(&self, timer: Timer, epoch: u64) {
        (self.ring)(timer, epoch);
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}
