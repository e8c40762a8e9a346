//! The clock of the operating system.
//!
//! Timers are set far more often than they ring: a follower starts its election timer anew with every message
//! of its leader. So setting one wakes nobody, as long as it does not ring sooner than what the thread waits
//! for. The thread wakes when the earlier setting would have rung, finds another, and sleeps on.

use crate::clock::{Bell, Clock, Timer};
use crate::sync::{self, Condvar, Mutex, Thread};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rings by the monotonic clock of the operating system.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
    settings: Arc<Settings>,
    thread: Option<Thread>,
}

#[derive(Debug)]
struct Settings {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    /// For each timer that runs, when it rings and with which epoch.
    due: [Option<(Duration, u64)>; Timer::COUNT],
    /// When the thread will look again by itself; nothing if it waits to be woken.
    looks_at: Option<Duration>,
    is_stopped: bool,
}

impl SystemClock {
    /// A clock with no timer set.
    pub fn new() -> SystemClock {
        let inside = Mutex::new(Inside::default());
        let settings = Arc::new(Settings { inside, changed: Condvar::new() });
        SystemClock { origin: Instant::now(), settings, thread: None }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn start(&mut self, bell: Bell) -> io::Result<()> {
        let (origin, settings) = (self.origin, Arc::clone(&self.settings));
        self.thread = Some(sync::spawn("clock".into(), move || ring(origin, &settings, &bell))?);
        Ok(())
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn set(&mut self, timer: Timer, epoch: u64, after: Duration) {
        let due = self.now().saturating_add(after);
        let mut inside = self.settings.inside.lock();
        inside.due[timer as usize] = Some((due, epoch));
        let is_sooner = inside.looks_at.is_none_or(|looks_at| due < looks_at);
        drop(inside);
        if is_sooner {
            self.settings.changed.notify_one();
        }
    }

    fn stop(&mut self) {
        self.settings.inside.lock().is_stopped = true;
        self.settings.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            thread.join();
        }
    }
}

/// Rings each timer when it is due, until the clock is stopped.
fn ring(origin: Instant, settings: &Settings, bell: &Bell) {
    let mut inside = settings.inside.lock();
    while !inside.is_stopped {
        let now = origin.elapsed();
        for timer in Timer::ALL {
            let due = &mut inside.due[timer as usize];
            if let Some((_, epoch)) = due.take_if(|(at, _)| *at <= now) {
                // Nobody who holds the bell's lock waits for this one, so it may be held meanwhile.
                bell.ring(timer, epoch);
            }
        }
        let next = inside.due.iter().flatten().map(|(at, _)| *at).min();
        inside.looks_at = next;
        inside = match next {
            Some(at) => settings.changed.wait_timeout(inside, at.saturating_sub(origin.elapsed())),
            None => settings.changed.wait(inside),
        };
    }
}
