//! Inline commands: a line of words, for people at a terminal.

/// Splits a line into words and appends them to `out`, calling `word` with the place of each there.
/// Words are parted by white space. In double quotes `\n`, `\r`, `\t`, `\b`, `\a`, `\xHH` and escaped
/// characters have their usual meaning; in single quotes only `\'` is an escape. False if a quote is not
/// closed, or is followed by anything but white space.
pub(super) fn split(line: &[u8], out: &mut Vec<u8>, mut word: impl FnMut(usize, usize)) -> bool {
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        // Redis takes a zero byte for the end of the line.
        if rest.first().is_none_or(|byte| *byte == 0) {
            return true;
        }
        let from = out.len();
        let Some(after) = take_word(rest, out) else { return false };
        word(from, out.len());
        rest = after;
    }
}

/// Takes one word from the beginning of a line that does not begin with white space.
fn take_word<'a>(line: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b' ' | b'\n' | b'\r' | b'\t' | 0 => return Some(rest),
            b'"' => return take_double_quoted(after, out),
            b'\'' => return take_single_quoted(after, out),
            _ => {
                out.push(byte);
                after
            }
        };
    }
    Some(rest)
}

fn take_double_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match *rest {
            [b'"', ref after @ ..] => return at_word_end(after),
            [b'\\', b'x', high, low, ref after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                out.push(hex_digit(high) << 4 | hex_digit(low));
                after
            }
            [b'\\', escaped, ref after @ ..] => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => other,
                });
                after
            }
            [byte, ref after @ ..] => {
                out.push(byte);
                after
            }
            [] => return None,
        };
    }
}

fn take_single_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match *rest {
            [b'\\', b'\'', ref after @ ..] => {
                out.push(b'\'');
                after
            }
            [b'\'', ref after @ ..] => return at_word_end(after),
            [byte, ref after @ ..] => {
                out.push(byte);
                after
            }
            [] => return None,
        };
    }
}

/// A closing quote ends a word, so only white space or the end of the line may follow.
fn at_word_end(rest: &[u8]) -> Option<&[u8]> {
    let ends = rest.first().is_none_or(|byte| byte.is_ascii_whitespace() || *byte == 0);
    ends.then_some(rest)
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.to_ascii_lowercase().wrapping_sub(b'a').wrapping_add(10),
    }
}

#[test]
fn lines_are_split_into_words() {
    let cases: [(&str, Option<&[&[u8]]>); 14] = [
        ("", Some(&[])),
        ("   ", Some(&[])),
        ("set  a\tb ", Some(&[b"set", b"a", b"b"])),
        (r#"set "a b" 'c d'"#, Some(&[b"set", b"a b", b"c d"])),
        (r#""\x41\xfF\xg""#, Some(&[b"A\xffxg"])),
        (r#""\n\r\t\b\a\"\\""#, Some(&[b"\n\r\t\x08\x07\"\\"])),
        (r"'\'\n'", Some(&[b"'\\n"])),
        (r#""" ''"#, Some(&[b"", b""])),
        (r#"a"b c""#, Some(&[b"ab c"])),
        ("a\0b", Some(&[b"a"])),
        (r#""open"#, None),
        ("'open", None),
        (r#""a"b"#, None),
        (r#""\"#, None),
    ];
    for (line, expected) in cases {
        let (mut out, mut places) = (Vec::new(), Vec::new());
        let is_whole = split(line.as_bytes(), &mut out, |from, to| places.push(from..to));
        let words: Vec<&[u8]> = places.iter().map(|place| &out[place.clone()]).collect();
        assert_eq!(is_whole.then_some(&words[..]), expected, "{line}");
    }
}
