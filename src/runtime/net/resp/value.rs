//! Replies: what a client reads.
//!
//! Version 3 has types that version 2 lacks; a value says what it means, and is written as either. Small
//! replies, which are nearly all, have functions that write them without making a value first.

use super::integer::append_integer;
use std::borrow::Cow;

/// Which version of the protocol a client speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// What every connection begins with.
    #[default]
    Resp2,
    /// What a client can change to by HELLO 3.
    Resp3,
}

/// A reply.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A short text, such as `OK`.
    Simple(Cow<'static, str>),
    /// What went wrong: a code in capitals and a text.
    Error(Cow<'static, str>),
    /// An integer.
    Integer(i64),
    /// Any bytes.
    Bulk(Vec<u8>),
    /// Nothing.
    Null,
    /// Values in order.
    Array(Vec<Value>),
    /// Keys with values; version 2 has an array of both in turn.
    Map(Vec<(Value, Value)>),
    /// Values without order; version 2 has an array.
    Set(Vec<Value>),
    /// A number; version 2 has its text.
    Double(f64),
    /// A truth; version 2 has 1 and 0.
    Boolean(bool),
    /// A text for people; version 2 has its bytes.
    Text(String),
}

impl Value {
    /// The reply `OK`.
    pub const OK: Value = Value::Simple(Cow::Borrowed("OK"));

    /// A text as bytes.
    pub fn bulk(text: impl Into<String>) -> Value {
        Value::Bulk(text.into().into_bytes())
    }

    /// Appends the value to what goes to a client.
    pub fn write(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let is_new = protocol == Protocol::Resp3;
        match self {
            Value::Simple(text) => write_simple(out, text),
            Value::Error(text) => write_error(out, text),
            Value::Integer(value) => write_integer(out, *value),
            Value::Bulk(bytes) => write_bulk(out, bytes),
            Value::Null => write_null(out, protocol),
            Value::Array(values) => write_all(out, b'*', values, protocol),
            Value::Set(values) => {
                write_all(out, if is_new { b'~' } else { b'*' }, values, protocol);
            }
            Value::Map(pairs) => {
                match is_new {
                    true => write_header(out, b'%', pairs.len()),
                    false => write_header(out, b'*', 2 * pairs.len()),
                }
                for (key, value) in pairs {
                    key.write(protocol, out);
                    value.write(protocol, out);
                }
            }
            Value::Double(value) if is_new => write_line(out, b',', &format_double(*value)),
            Value::Double(value) => write_bulk(out, format_double(*value).as_bytes()),
            Value::Boolean(value) if is_new => {
                write_line(out, b'#', if *value { "t" } else { "f" });
            }
            Value::Boolean(value) => write_integer(out, i64::from(*value)),
            Value::Text(text) if is_new => {
                write_header(out, b'=', text.len() + 4);
                out.extend_from_slice(b"txt:");
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Value::Text(text) => write_bulk(out, text.as_bytes()),
        }
    }
}

/// Appends a short text. A line break in it becomes a space.
pub fn write_simple(out: &mut Vec<u8>, text: &str) {
    write_line(out, b'+', text);
}

/// Appends an error: a code in capitals and a text. A line break in it becomes a space.
pub fn write_error(out: &mut Vec<u8>, text: &str) {
    write_line(out, b'-', text);
}

/// Appends an integer.
pub fn write_integer(out: &mut Vec<u8>, value: i64) {
    out.push(b':');
    append_integer(out, value);
    out.extend_from_slice(b"\r\n");
}

/// Appends bytes.
pub fn write_bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    write_header(out, b'$', bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends nothing, as the client has it.
pub fn write_null(out: &mut Vec<u8>, protocol: Protocol) {
    match protocol {
        Protocol::Resp2 => out.extend_from_slice(b"$-1\r\n"),
        Protocol::Resp3 => out.extend_from_slice(b"_\r\n"),
    }
}

/// Appends the beginning of an array; so many values follow.
pub fn write_array(out: &mut Vec<u8>, count: usize) {
    write_header(out, b'*', count);
}

fn write_all(out: &mut Vec<u8>, kind: u8, values: &[Value], protocol: Protocol) {
    write_header(out, kind, values.len());
    for value in values {
        value.write(protocol, out);
    }
}

fn write_header(out: &mut Vec<u8>, kind: u8, count: usize) {
    out.push(kind);
    append_integer(out, i64::try_from(count).unwrap_or(i64::MAX));
    out.extend_from_slice(b"\r\n");
}

fn write_line(out: &mut Vec<u8>, kind: u8, text: &str) {
    out.push(kind);
    let plain = |byte: u8| if byte == b'\r' || byte == b'\n' { b' ' } else { byte };
    out.extend(text.bytes().map(plain));
    out.extend_from_slice(b"\r\n");
}

fn format_double(value: f64) -> String {
    match value {
        value if value.is_nan() => "nan".into(),
        value if value.is_infinite() => if value > 0.0 { "inf" } else { "-inf" }.into(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification, as both versions have them.
    #[test]
    fn values_are_written_as_the_specification_says() {
        let text = |text: &str| Value::bulk(text);
        let cases = [
            (Value::OK, "+OK\r\n", "+OK\r\n"),
            (Value::Error("ERR no\r\nway".into()), "-ERR no  way\r\n", "-ERR no  way\r\n"),
            (Value::Integer(-1000), ":-1000\r\n", ":-1000\r\n"),
            (text("hello"), "$5\r\nhello\r\n", "$5\r\nhello\r\n"),
            (text(""), "$0\r\n\r\n", "$0\r\n\r\n"),
            (Value::Null, "$-1\r\n", "_\r\n"),
            (
                Value::Array(vec![Value::Integer(1), Value::Null]),
                "*2\r\n:1\r\n$-1\r\n",
                "*2\r\n:1\r\n_\r\n",
            ),
            (
                Value::Map(vec![(text("k"), Value::Integer(1))]),
                "*2\r\n$1\r\nk\r\n:1\r\n",
                "%1\r\n$1\r\nk\r\n:1\r\n",
            ),
            (Value::Set(vec![Value::Integer(1)]), "*1\r\n:1\r\n", "~1\r\n:1\r\n"),
            (Value::Double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
            (Value::Double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"),
            (Value::Double(10.0), "$2\r\n10\r\n", ",10\r\n"),
            (Value::Boolean(true), ":1\r\n", "#t\r\n"),
            (Value::Boolean(false), ":0\r\n", "#f\r\n"),
            (
                Value::Text("Some string".into()),
                "$11\r\nSome string\r\n",
                "=15\r\ntxt:Some string\r\n",
            ),
        ];
        for (value, old, new) in cases {
            for (protocol, expected) in [(Protocol::Resp2, old), (Protocol::Resp3, new)] {
                let mut out = Vec::new();
                value.write(protocol, &mut out);
                assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
            }
        }
    }
}
