//! The driver's side of its timers: which setting of each is the current one.

use crate::clock::{Bell, Clock, Timer};
use crate::config::Timing;
use quorate_core::Timers;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::time::Duration;

/// The shortest time for which a timer is set, so that one that is due does not ring in a circle.
const SHORTEST: Duration = Duration::from_millis(1);

/// The timers of one server.
pub(crate) struct Alarms<K> {
    clock: K,
    timing: Timing,
    random: fastrand::Rng,
    settings: [Setting; Timer::COUNT],
}

#[derive(Clone, Copy, Default)]
struct Setting {
    epoch: u64,
    is_running: bool,
}

impl<K: Clock> Alarms<K> {
    pub(crate) fn new(clock: K, timing: Timing, seed: Option<u64>) -> Alarms<K> {
        // The keys of a new hasher are random: the one source of randomness in the standard library.
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        let random = fastrand::Rng::with_seed(seed);
        Alarms { clock, timing, random, settings: [Setting::default(); Timer::COUNT] }
    }

    /// Begins to ring.
    pub(crate) fn begin(&mut self, bell: Bell) -> io::Result<()> {
        self.clock.start(bell)
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Starts anew the timers that the core asks for.
    pub(crate) fn start(&mut self, timers: Timers) {
        if timers.election {
            let after = self.election_timeout();
            self.set(Timer::Election, after);
        }
        if timers.heartbeat {
            self.set(Timer::Heartbeat, self.timing.heartbeat);
        }
    }

    /// Sets the timer for requests, unless it runs: it rings when the oldest of them has waited long enough.
    pub(crate) fn watch_requests(&mut self, deadline: Option<Duration>) {
        let Some(deadline) = deadline else { return };
        if !self.settings[Timer::Requests as usize].is_running {
            let after = deadline.saturating_sub(self.clock.now());
            self.set(Timer::Requests, after);
        }
    }

    /// Sets the timer for idleness; whether it was not running before.
    pub(crate) fn watch_idleness(&mut self) -> bool {
        let must_set = !self.settings[Timer::Idle as usize].is_running;
        if must_set {
            self.set(Timer::Idle, self.timing.idle);
        }
        must_set
    }

    /// Whether this ring is of the current setting. If so, the timer no longer runs.
    pub(crate) fn has_run_out(&mut self, timer: Timer, epoch: u64) -> bool {
        let setting = &mut self.settings[timer as usize];
        let is_current = setting.is_running && setting.epoch == epoch;
        if is_current {
            setting.is_running = false;
        }
        is_current
    }

    /// Ends the clock's thread.
    pub(crate) fn stop(&mut self) {
        self.clock.stop();
    }

    fn set(&mut self, timer: Timer, after: Duration) {
        let setting = &mut self.settings[timer as usize];
        setting.epoch += 1;
        setting.is_running = true;
        self.clock.set(timer, setting.epoch, after.max(SHORTEST));
    }

    /// Chosen at random, so that servers seldom stand at the same moment [Ongaro14 §3.4].
    fn election_timeout(&mut self) -> Duration {
        let Timing { election_min, election_max, .. } = self.timing;
        let spread = u64::try_from((election_max - election_min).as_micros()).unwrap_or(u64::MAX);
        election_min + Duration::from_micros(self.random.u64(..=spread))
    }
}
