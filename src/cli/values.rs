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

/// A whole number of milliseconds, seconds, minutes or hours, always with its unit.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '_')?;
    let scale = match &text[at..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let milliseconds = number(&text[..at])?.checked_mul(scale);
    milliseconds.filter(|milliseconds| *milliseconds > 0).map(Duration::from_millis)
}

/// A host and a port: `127.0.0.1:7001`, `[::1]:7001`, `db1.example:7001`.
pub(super) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty() && (is_bracketed || !host.contains([':', '/', ' ', '=', ',']));
    let port = port.bytes().all(|b| b.is_ascii_digit()).then(|| port.parse().ok()).flatten()?;
    is_host.then_some((host, port))
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
    use super::{duration, host_and_port, number, size, time};
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
    #[test]
    fn durations_have_units_and_addresses_ports() {
        assert_eq!(duration("50ms"), Some(Duration::from_millis(50)));
        assert_eq!(duration("5s"), Some(Duration::from_secs(5)));
        assert_eq!(duration("2m"), Some(Duration::from_secs(120)));
        assert!(
            ["", "5", "ms", "0ms", "-5ms", "1.5s", "5 s"]
                .iter()
                .all(|text| duration(text).is_none())
        );
        assert_eq!(host_and_port("127.0.0.1:7001"), Some(("127.0.0.1", 7001)));
        assert_eq!(host_and_port("[::1]:0"), Some(("[::1]", 0)));
        assert_eq!(host_and_port("db-1.example:65535"), Some(("db-1.example", 65535)));
        for bad in
            ["", ":1", "host", "host:", "host:65536", "host:+1", "::1:7001", "a b:1", "a,b:1"]
        {
            assert_eq!(host_and_port(bad), None, "{bad}");
        }
    }
}
