//! Counters that several threads increase, and nobody reads until they are done.
//!
//! A counter that two processors increase travels between them each time, which costs as much as a step that is
//! remembered. So each thread has counters of its own, on a cache line of its own, and a count is their sum.

use std::array;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many threads have counters of their own; with more, some share.
const SHARES: usize = 16;

/// Counters of as many things, for each share of threads.
#[derive(Debug)]
pub(crate) struct Tally<const COUNT: usize>([Share<COUNT>; SHARES]);

/// Two lines, since processors fetch lines in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Share<const COUNT: usize>([AtomicU64; COUNT]);

/// The share of this thread.
fn own() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARES;
    }
    OWN.with(|own| *own)
}

impl<const COUNT: usize> Tally<COUNT> {
    pub(crate) fn new() -> Tally<COUNT> {
        Tally(array::from_fn(|_| Share(array::from_fn(|_| AtomicU64::new(0)))))
    }

    /// Counts one more of the thing at a place.
    pub(crate) fn count(&self, place: usize) {
        self.0[own()].0[place].fetch_add(1, Ordering::Relaxed);
    }

    /// How many have been counted of each thing.
    pub(crate) fn counts(&self) -> [u64; COUNT] {
        let count =
            |place: usize| self.0.iter().map(move |share| share.0[place].load(Ordering::Relaxed));
        array::from_fn(|place| count(place).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::{SHARES, Tally};
    use std::thread;

    #[test]
    fn a_count_is_that_of_all_threads() {
        let tally = Tally::<3>::new();
        thread::scope(|scope| {
            for _ in 0..2 * SHARES {
                scope.spawn(|| (0..100).for_each(|number| tally.count(number % 2)));
            }
        });
        let each = 50 * 2 * SHARES as u64;
        assert_eq!(tally.counts(), [each, each, 0]);
    }
}
