//! Reading replies, for whoever is the client: tests, benchmarks, the command that asks for a status.

use super::integer::parse_integer;
use super::value::Value;

/// How deeply values may lie within values.
const DEPTH: usize = 32;

/// Reads one reply from the beginning of what has arrived, and says how many bytes it is. Nothing while
/// it is not whole.
///
/// # Errors
/// Bytes that are no reply, in words.
pub fn decode(bytes: &[u8]) -> Result<Option<(Value, usize)>, String> {
    let mut reader = Reader { bytes, at: 0 };
    match reader.value(DEPTH) {
        Ok(value) => Ok(Some((value, reader.at))),
        Err(Stop::Partial) => Ok(None),
        Err(Stop::Wrong(why)) => Err(why),
    }
}

/// Why there is no value.
enum Stop {
    Partial,
    Wrong(String),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, Stop> {
        if depth == 0 {
            return Err(Stop::Wrong(format!("values within values, more than {DEPTH} deep")));
        }
        let line = self.line()?;
        let Some((kind, rest)) = line.split_first() else {
            return Err(Stop::Wrong("a reply without a type".into()));
        };
        let text = || String::from_utf8_lossy(rest).into_owned();
        match kind {
            b'+' => Ok(Value::Simple(text().into())),
            b'-' => Ok(Value::Error(text().into())),
            b':' => number(rest).map(Value::Integer),
            b'_' => Ok(Value::Null),
            b'#' => Ok(Value::Boolean(rest == b"t")),
            b',' => match text().parse() {
                Ok(value) => Ok(Value::Double(value)),
                Err(_) => Err(Stop::Wrong(format!("{:?} is no number", text()))),
            },
            b'$' | b'*' if rest == b"-1" => Ok(Value::Null),
            b'$' => Ok(Value::Bulk(self.bulk(rest)?.to_vec())),
            b'=' => {
                let bytes = self.bulk(rest)?;
                let text = bytes.get(4..).unwrap_or_default();
                Ok(Value::Text(String::from_utf8_lossy(text).into_owned()))
            }
            b'*' => self.values(count(rest)?, depth).map(Value::Array),
            b'~' => self.values(count(rest)?, depth).map(Value::Set),
            b'%' => {
                let mut pairs = Vec::new();
                for _ in 0..count(rest)? {
                    pairs.push((self.value(depth - 1)?, self.value(depth - 1)?));
                }
                Ok(Value::Map(pairs))
            }
            other => Err(Stop::Wrong(format!("a reply of unknown type {:?}", char::from(*other)))),
        }
    }

    fn values(&mut self, count: usize, depth: usize) -> Result<Vec<Value>, Stop> {
        // Room is made for values that are there, not for those that are claimed.
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.value(depth - 1)?);
        }
        Ok(values)
    }

    fn bulk(&mut self, length: &[u8]) -> Result<&'a [u8], Stop> {
        let length = count(length)?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = length.checked_add(2).filter(|end| *end <= rest.len()).ok_or(Stop::Partial)?;
        self.at += end;
        match &rest[..end] {
            [content @ .., b'\r', b'\n'] => Ok(content),
            _ => Err(Stop::Wrong("a bulk string does not end with a line break".into())),
        }
    }

    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or(Stop::Partial)?;
        self.at += end + 2;
        Ok(&rest[..end])
    }
}

fn number(bytes: &[u8]) -> Result<i64, Stop> {
    let wrong = || Stop::Wrong(format!("{:?} is no integer", String::from_utf8_lossy(bytes)));
    parse_integer(bytes).ok_or_else(wrong)
}

fn count(bytes: &[u8]) -> Result<usize, Stop> {
    usize::try_from(number(bytes)?).map_err(|_| Stop::Wrong("a negative length".into()))
}

#[cfg(test)]
mod tests {
    use super::super::Protocol;
    use super::*;
    use proptest::prelude::*;

    /// Any value, except doubles, whose texts are compared elsewhere.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            "[ -~]{0,20}".prop_map(|text| Value::Simple(text.into())),
            "[A-Z]{1,5} [ -~]{0,20}".prop_map(|text| Value::Error(text.into())),
            any::<i64>().prop_map(Value::Integer),
            prop::collection::vec(any::<u8>(), 0..50).prop_map(Value::Bulk),
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            "[ -~]{0,20}".prop_map(Value::Text),
        ];
        leaf.prop_recursive(3, 30, 5, |inner| {
            let values = || prop::collection::vec(inner.clone(), 0..5);
            let pair = (inner.clone(), inner.clone());
            prop_oneof![
                values().prop_map(Value::Array),
                values().prop_map(Value::Set),
                prop::collection::vec(pair, 0..5).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #![proptest_config(crate::fixed())]

        #[test]
        fn values_read_back_and_no_part_is_taken_for_the_whole(value in any_value()) {
            let mut out = Vec::new();
            value.write(Protocol::Resp3, &mut out);
            for length in 0..out.len() {
                prop_assert_eq!(decode(&out[..length]), Ok(None));
            }
            let length = out.len();
            out.extend(b"more");
            prop_assert_eq!(decode(&out), Ok(Some((value, length))));
        }

        #[test]
        fn bytes_of_any_kind_are_a_value_or_an_error(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"*$%~:+-_#,=0123456789\r\n".to_vec())], 0..300),
        ) {
            if let Ok(Some((_, length))) = decode(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }

    #[test]
    fn values_do_not_nest_without_end() {
        assert!(decode(&b"*1\r\n".repeat(100_000)).is_err());
    }
}
