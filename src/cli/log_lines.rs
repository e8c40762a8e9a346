//! Lines that a server writes while it runs: when, who, what. For people, on standard error.

use super::note;
use quorate_core::ServerId;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where a server's lines go.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogLines {
    pub(super) server: ServerId,
}

impl LogLines {
    /// Writes a line.
    pub(super) fn write(self, what: &str) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        note(&format!("{} {} {what}", timestamp(since), self.server));
    }
}

/// A moment in universal time, given as the time since the beginning of 1970.
fn timestamp(since: Duration) -> String {
    let seconds = since.as_secs();
    let (days, in_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    let milliseconds = since.subsec_millis();
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// The date so many days after the first of January 1970. Years are counted from March, so that the day which
/// some years have more is the last one, and all 400 years take up the same number of days.
fn date(days: u64) -> (u64, u64, u64) {
    // From the first of March of the year 0, 719,468 days before.
    let days = days + 719_468;
    let (era, in_era) = (days / 146_097, days % 146_097);
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days.
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[test]
fn moments_are_dates() {
    let at = |seconds| timestamp(Duration::from_secs(seconds));
    assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(951_782_399), "2000-02-28T23:59:59.000Z");
    assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
    assert_eq!(at(1_735_689_599), "2024-12-31T23:59:59.000Z");
    assert_eq!(timestamp(Duration::from_millis(4_102_444_800_007)), "2100-01-01T00:00:00.007Z");
}
