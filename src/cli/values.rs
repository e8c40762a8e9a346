//! Reading numbers, times and sizes.

use std::time::Duration;

/// A decimal number; underscores may group its digits.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '_';
    let is_number = text.chars().all(is_digit) && !text.starts_with('_') && !text.ends_with('_');
    is_number.then(|| text.replace('_', "").parse().ok()).flatten()
}

/// A time in seconds, or with a unit.
pub(super) fn time(text: &str) -> Option<Duration> {
    let (digits, scale) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3_600.0),
        _ => (text, 1.0),
    };
    let seconds: f64 = digits.parse().ok()?;
    Duration::try_from_secs_f64(seconds * scale).ok().filter(|time| !time.is_zero())
}

/// A size in bytes, with a unit of 1024 or one of its powers.
pub(super) fn size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.char_indices().last()? {
        (at, 'K' | 'k') => (&text[..at], 10),
        (at, 'M' | 'm') => (&text[..at], 20),
        (at, 'G' | 'g') => (&text[..at], 30),
        _ => (text, 0),
    };
    number(digits)?.checked_mul(1 << shift).filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::{number, size, time};
    use std::time::Duration;

    #[test]
    fn limits_are_read_with_and_without_units() {
        assert_eq!(time("90"), Some(Duration::from_secs(90)));
        assert_eq!(time("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(time("2h"), Some(Duration::from_secs(7_200)));
        assert!(
            ["", "-1", "0", "5d", "NaN", "inf", "1e400"].iter().all(|text| time(text).is_none())
        );
        assert_eq!(size("4G"), Some(4 << 30));
        assert_eq!(size("800m"), Some(800 << 20));
        assert!(["", "G", "-1", "0", "99999999999G"].iter().all(|text| size(text).is_none()));
        assert_eq!(number("1_000_000"), Some(1_000_000));
        assert!(["", "_1", "1_", "+1", "-1", "x"].iter().all(|text| number(text).is_none()));
    }
}
