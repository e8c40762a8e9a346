//! How long requests took.

use std::time::Duration;

/// The times of requests, and how long it took to make them all.
pub(super) struct Measured {
    /// Each request's time, the shortest first.
    times: Vec<Duration>,
    span: Duration,
}

impl Measured {
    /// Takes times in any order.
    pub(super) fn new(mut times: Vec<Duration>, span: Duration) -> Measured {
        times.sort_unstable();
        Measured { times, span }
    }

    /// How many requests there were.
    pub(super) fn count(&self) -> usize {
        self.times.len()
    }

    /// Requests in a second, in thousands.
    pub(super) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.span.as_secs_f64() / 1e3
    }

    /// The time, in milliseconds, that so many of a hundred requests did not exceed: one that was measured,
    /// the nearest from above. Of no requests, not a number.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let rank = (percent * self.times.len()).div_ceil(100);
        let time = self.times.get(rank.saturating_sub(1));
        time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::Measured;
    use std::time::Duration;

    fn measured(milliseconds: impl Iterator<Item = u64>) -> Measured {
        Measured::new(milliseconds.map(Duration::from_millis).collect(), Duration::from_secs(2))
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let hundred = measured((1..=100).rev());
        assert_eq!([1, 50, 99, 100].map(|p| hundred.percentile(p)), [1.0, 50.0, 99.0, 100.0]);
        let three = measured([30, 10, 20].into_iter());
        assert_eq!(
            [1, 33, 34, 50, 99].map(|p| three.percentile(p)),
            [10.0, 10.0, 20.0, 20.0, 30.0]
        );
        assert!(measured(std::iter::empty()).percentile(50).is_nan());
    }

    #[test]
    fn a_rate_is_in_thousands_a_second() {
        let measured = measured(std::iter::repeat_n(1, 5_000));
        assert_eq!((measured.count(), measured.rate()), (5_000, 2.5));
    }
}
