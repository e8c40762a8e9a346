//! Saying the same thing not too often.
//!
//! What somebody outside can cause at will - a connection too many - must not fill the disk with lines about
//! it. The first time is told at once, and what follows it is counted and told later.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Something that is told at most once in a while.
pub(crate) struct Seldom {
    every: Duration,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    told: Option<Instant>,
    untold: u64,
}

impl Seldom {
    /// Told at most once in this time.
    pub(crate) fn new(every: Duration) -> Seldom {
        Seldom { every, inside: Mutex::default() }
    }

    /// Counts an occurrence. If it is to be told now: how many there were since something was told, this one
    /// included.
    pub(crate) fn happens(&self) -> Option<u64> {
        self.happens_at(Instant::now())
    }

    fn happens_at(&self, now: Instant) -> Option<u64> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.untold += 1;
        let is_early = |told: Instant| now.saturating_duration_since(told) < self.every;
        if inside.told.is_some_and(is_early) {
            return None;
        }
        inside.told = Some(now);
        Some(std::mem::take(&mut inside.untold))
    }
}

#[test]
fn the_first_is_told_at_once_and_others_together() {
    let (seldom, begun) = (Seldom::new(Duration::from_secs(10)), Instant::now());
    let at = |seconds| seldom.happens_at(begun + Duration::from_secs(seconds));
    assert_eq!([at(0), at(1), at(9), at(10), at(11)], [Some(1), None, None, Some(3), None]);
}
