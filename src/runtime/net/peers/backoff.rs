//! How long to wait before dialing again.
//!
//! A peer that is down should not be dialed in a loop, and one that came back should be found soon. So
//! the wait doubles from a least to a greatest one. Servers that lost the same peer at the same moment
//! should not all dial it at the same moment, so each wait is cut by a random part of up to one half.

use std::time::Duration;

/// The waits before attempts in a row.
pub(super) struct Backoff {
    least: Duration,
    greatest: Duration,
    next: Duration,
    random: u64,
}

impl Backoff {
    /// Waits from `least` to `greatest`; any seed will do, but each server should have its own.
    pub(super) fn new(least: Duration, greatest: Duration, seed: u64) -> Backoff {
        Backoff { least, greatest: greatest.max(least), next: least, random: seed | 1 }
    }

    /// The wait before the next attempt: between half of the current one and all of it.
    pub(super) fn next(&mut self) -> Duration {
        // Xorshift; whether the waits of two servers differ is all that matters.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let whole = self.next;
        self.next = (whole * 2).min(self.greatest);
        let share = u32::try_from(self.random % 1000).unwrap_or(0);
        whole - whole / 2 * share / 1000
    }

    /// The last attempt succeeded.
    pub(super) fn reset(&mut self) {
        self.next = self.least;
    }
}

#[test]
fn waits_double_to_the_greatest_and_differ() {
    let wait = Duration::from_millis;
    for seed in 0..1000 {
        let mut backoff = Backoff::new(wait(10), wait(500), seed);
        for whole in [10, 20, 40, 80, 160, 320, 500, 500, 500] {
            let next = backoff.next();
            assert!(next <= wait(whole) && next >= wait(whole) / 2, "{next:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= wait(10));
    }
    let first = |seed| Backoff::new(wait(10), wait(500), seed).next();
    assert!((2..100).any(|seed| first(seed) != first(0)));
}
