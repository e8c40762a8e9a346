//! Time that passes when it is told to.

use crate::clock::{Bell, Clock, Timer};
use crate::sync::Mutex;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A clock whose timers run out when somebody says so. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    inside: Arc<Shared>,
}

#[derive(Debug)]
struct Shared(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    bell: Option<Bell>,
    now: Duration,
    epochs: [Option<u64>; Timer::COUNT],
}

impl Default for Shared {
    fn default() -> Shared {
        Shared(Mutex::new(Inside::default()))
    }
}

impl ManualClock {
    /// A clock at zero with no timer set.
    pub fn new() -> ManualClock {
        ManualClock::default()
    }

    /// Lets a timer run out. Whether it was set, and not rung since.
    pub fn ring(&self, timer: Timer) -> bool {
        let mut inside = self.inside.0.lock();
        let epoch = inside.epochs[timer as usize].take();
        let bell = inside.bell.clone();
        drop(inside);
        if let (Some(bell), Some(epoch)) = (&bell, epoch) {
            bell.ring(timer, epoch);
        }
        bell.is_some() && epoch.is_some()
    }

    /// Lets time pass without letting any timer run out.
    pub fn advance(&self, by: Duration) {
        self.inside.0.lock().now += by;
    }
}

impl Clock for ManualClock {
    fn start(&mut self, bell: Bell) -> io::Result<()> {
        self.inside.0.lock().bell = Some(bell);
        Ok(())
    }

    fn now(&self) -> Duration {
        self.inside.0.lock().now
    }

    fn set(&mut self, timer: Timer, epoch: u64, _after: Duration) {
        self.inside.0.lock().epochs[timer as usize] = Some(epoch);
    }

    fn stop(&mut self) {
        // The bell leads to the server, and the server to this clock.
        self.inside.0.lock().bell = None;
    }
}
