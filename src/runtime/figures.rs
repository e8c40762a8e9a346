//! What a server counts while it runs.
//!
//! Whoever operates a server wants to know how long its disk takes and what becomes of requests, and whoever
//! embeds one wants no library for that. So the runtime keeps plain numbers. The driver and the log thread
//! each count in a value of their own, without lock and without atomics, and once a batch the numbers are
//! copied where others can read them, under a lock that is taken anyway.

use crate::error::Error;
use quorate_core::StepDown;
use std::time::Duration;

/// How many counts a histogram has room for, the last one included, which has no bound.
const PLACES: usize = 20;

/// Bounds of times, in nanoseconds: 1, 2 and 5 of each decade from 10 microseconds to 10 seconds.
const TIMES: [u64; PLACES - 1] = [
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Bounds of sizes: the powers of two up to 16,384.
const SIZES: [u64; 15] =
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384];

/// How often values of which size occurred.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    counts: [u64; PLACES],
    sum: u64,
}

impl Histogram {
    /// A histogram of times in nanoseconds, from 10 microseconds to 10 seconds, in which nothing is recorded.
    pub const fn of_times() -> Histogram {
        Histogram { bounds: &TIMES, counts: [0; PLACES], sum: 0 }
    }

    /// A histogram of sizes, from 1 to 16,384, in which nothing is recorded.
    pub const fn of_sizes() -> Histogram {
        Histogram { bounds: &SIZES, counts: [0; PLACES], sum: 0 }
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place] += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// Counts a time.
    pub fn record_time(&mut self, time: Duration) {
        self.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What the values come to together.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// How many values lie at or below each bound and above the one before, in increasing order. What lies
    /// above all bounds comes last, without one.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(self.counts.iter().copied())
    }
}

/// How requests of one kind ended.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ended {
    /// With a reply.
    pub done: u64,
    /// Without effect, because this server does not lead, or stopped leading before a read was confirmed.
    pub not_leader: u64,
    /// Without effect, because too many waited.
    pub busy: u64,
    /// Without effect, because the log has reached its limit.
    pub out_of_space: u64,
    /// Nobody knows with what effect.
    pub in_doubt: u64,
    /// Reads that waited too long.
    pub timed_out: u64,
    /// Without effect, because the server stops.
    pub stopped: u64,
}

impl Ended {
    /// Counts a request.
    pub(crate) fn count<R>(&mut self, outcome: &Result<R, Error>) {
        let counter = match outcome {
            Ok(_) => &mut self.done,
            Err(Error::NotLeader { .. }) => &mut self.not_leader,
            Err(Error::Busy) => &mut self.busy,
            Err(Error::OutOfSpace { .. }) => &mut self.out_of_space,
            Err(Error::InDoubt) => &mut self.in_doubt,
            Err(Error::TimedOut) => &mut self.timed_out,
            Err(Error::Stopped { .. }) => &mut self.stopped,
        };
        *counter += 1;
    }
}

/// What became of requests that the driver took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestFigures {
    /// How writes ended.
    pub writes: Ended,
    /// How reads ended.
    pub reads: Ended,
    /// From when the driver took a write until it was applied and its reply known, in nanoseconds; of writes
    /// that have a reply.
    pub write_latency: Histogram,
    /// The same of reads.
    pub read_latency: Histogram,
}

impl Default for RequestFigures {
    fn default() -> RequestFigures {
        RequestFigures {
            writes: Ended::default(),
            reads: Ended::default(),
            write_latency: Histogram::of_times(),
            read_latency: Histogram::of_times(),
        }
    }
}

/// What the log thread counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskFigures {
    /// From when the storage was given a batch until it said that it is durable, in nanoseconds.
    pub sync_latency: Histogram,
    /// How many writes one batch held.
    pub writes_per_sync: Histogram,
}

impl Default for DiskFigures {
    fn default() -> DiskFigures {
        let (sync_latency, writes_per_sync) = (Histogram::of_times(), Histogram::of_sizes());
        DiskFigures { sync_latency, writes_per_sync }
    }
}

/// How often this server stopped leading, by reason.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct StepDowns {
    /// See [`StepDown::HigherTerm`].
    pub higher_term: u64,
    /// See [`StepDown::MajoritySilent`].
    pub majority_silent: u64,
    /// See [`StepDown::DiskHung`].
    pub disk_hung: u64,
}

impl StepDowns {
    /// Counts one.
    pub(crate) fn count(&mut self, why: StepDown) {
        let counter = match why {
            StepDown::HigherTerm => &mut self.higher_term,
            StepDown::MajoritySilent => &mut self.majority_silent,
            StepDown::DiskHung => &mut self.disk_hung,
        };
        *counter += 1;
    }
}

/// Everything that a server has counted since its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figures {
    /// How many requests and messages the driver took at a time.
    pub arrivals_per_batch: Histogram,
    /// How often it stood for election.
    pub elections_started: u64,
    /// How often it became leader.
    pub elections_won: u64,
    /// How often it stopped leading.
    pub step_downs: StepDowns,
    /// Messages of the protocol handed to the transport.
    pub messages_sent: u64,
    /// Messages of the protocol that the driver took from the mailbox.
    pub messages_received: u64,
    /// Entries handed to the state machine, no-ops included.
    pub entries_applied: u64,
    /// Requests that found no room in the mailbox, and so are not among those that ended.
    pub requests_refused: u64,
    /// What became of the others.
    pub requests: RequestFigures,
    /// What the log thread counts, as far as the driver has heard of it.
    pub disk: DiskFigures,
}

impl Default for Figures {
    fn default() -> Figures {
        Figures {
            arrivals_per_batch: Histogram::of_sizes(),
            elections_started: 0,
            elections_won: 0,
            step_downs: StepDowns::default(),
            messages_sent: 0,
            messages_received: 0,
            entries_applied: 0,
            requests_refused: 0,
            requests: RequestFigures::default(),
            disk: DiskFigures::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_at_the_first_bound_that_it_does_not_exceed() {
        let mut histogram = Histogram::of_sizes();
        for value in [0, 1, 2, 3, 4, 16_384, 16_385, u64::MAX] {
            histogram.record(value);
        }
        let buckets: Vec<(Option<u64>, u64)> = histogram.buckets().filter(|b| b.1 > 0).collect();
        let expected = [(Some(1), 2), (Some(2), 1), (Some(4), 2), (Some(16_384), 1), (None, 2)];
        assert_eq!(buckets, expected);
        assert_eq!((histogram.count(), histogram.sum()), (8, u64::MAX));
        assert_eq!(histogram.buckets().count(), SIZES.len() + 1);
    }

    #[test]
    fn times_are_counted_in_nanoseconds_and_bounds_increase() {
        let mut histogram = Histogram::of_times();
        histogram.record_time(Duration::from_micros(10));
        histogram.record_time(Duration::from_secs(11));
        let first_and_last = (histogram.buckets().next(), histogram.buckets().last());
        assert_eq!(first_and_last, (Some((Some(10_000), 1)), Some((None, 1))));
        assert_eq!(histogram.sum(), 11_000_010_000);
        assert!(TIMES.is_sorted() && SIZES.is_sorted());
        assert!(TIMES.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
