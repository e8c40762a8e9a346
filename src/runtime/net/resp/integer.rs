//! Integers in text: one spelling for each, as Redis has it.

/// The integer that these bytes spell, or nothing: digits without a plus sign, leading zeros or spaces,
/// within 64 bits. The same text comes back when the integer is written.
pub fn parse_integer(bytes: &[u8]) -> Option<i64> {
    let (digits, is_negative) = match bytes {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    match digits {
        [b'0'] if !is_negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    let mut value: i64 = 0;
    for digit in digits {
        let digit = i64::from(digit.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        // Counting away from zero on the negative side reaches the least integer too.
        value = value.checked_mul(10)?;
        value = if is_negative { value.checked_sub(digit)? } else { value.checked_add(digit)? };
    }
    Some(value)
}

/// Appends an integer in that spelling.
pub(super) fn append_integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        // A remainder by ten is a digit.
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_spelling_is_an_integer() {
        let good = [("0", 0), ("7", 7), ("-1", -1), ("10", 10)];
        for (text, value) in good {
            assert_eq!(parse_integer(text.as_bytes()), Some(value));
        }
        let bad = ["", "-", "+1", "01", "-0", " 1", "1 ", "1.0", "1e3", "0x1", "--1", "1-", "00"];
        let beyond = ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"];
        for text in bad.iter().chain(&beyond) {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(crate::fixed())]

        #[test]
        fn integers_read_back(value in prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)]) {
            let mut out = Vec::new();
            append_integer(&mut out, value);
            prop_assert_eq!(String::from_utf8_lossy(&out), value.to_string());
            prop_assert_eq!(parse_integer(&out), Some(value));
        }
    }
}
