//! As much of Protocol Buffers as etcd's requests and replies need: numbers and bytes, in fields that are numbered.
//!
//! The encoding is that of <https://protobuf.dev/programming-guides/encoding>. Fields of the two fixed widths, which
//! etcd does not use, are refused.

/// A number of variable length.
const VARINT: u64 = 0;
/// Bytes with their length before them: a text, or a message.
const BYTES: u64 = 2;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Appends a field of bytes.
pub(super) fn write_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    write_number(out, field << 3 | BYTES);
    write_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a number, seven bits in a byte, the lowest first.
fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The first field of this number; nothing if the message has none, or is none.
pub(super) fn find(mut message: &[u8], wanted: u64) -> Option<Field<'_>> {
    loop {
        let tag = read_number(&mut message)?;
        let field = match tag & 7 {
            VARINT => Field::Number(read_number(&mut message)?),
            BYTES => {
                let length = usize::try_from(read_number(&mut message)?).ok()?;
                let (bytes, rest) = message.split_at_checked(length)?;
                message = rest;
                Field::Bytes(bytes)
            }
            _ => return None,
        };
        if tag >> 3 == wanted {
            return Some(field);
        }
    }
}

/// The bytes in the first field of this number.
pub(super) fn find_bytes(message: &[u8], wanted: u64) -> Option<&[u8]> {
    match find(message, wanted)? {
        Field::Bytes(bytes) => Some(bytes),
        Field::Number(_) => None,
    }
}

/// The number in the first field of this number. One that is zero may be left out, and is.
pub(super) fn find_number(message: &[u8], wanted: u64) -> u64 {
    match find(message, wanted) {
        Some(Field::Number(number)) => number,
        Some(Field::Bytes(_)) | None => 0,
    }
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Field, find, find_bytes, find_number, write_bytes};

    /// The samples of the encoding's description: field 1 is 150, field 2 is "testing".
    const SAMPLE: &[u8] = b"\x08\x96\x01\x12\x07testing";

    #[test]
    fn fields_are_found_by_their_number() {
        assert_eq!(find(SAMPLE, 1), Some(Field::Number(150)));
        assert_eq!(find_bytes(SAMPLE, 2), Some(&b"testing"[..]));
        assert_eq!((find_number(SAMPLE, 1), find_number(SAMPLE, 3)), (150, 0));
        assert_eq!((find_bytes(SAMPLE, 1), find_number(SAMPLE, 2)), (None, 0));
    }

    #[test]
    fn what_is_cut_off_or_of_a_foreign_kind_is_not_found() {
        for end in 0..SAMPLE.len() {
            assert_eq!(find(&SAMPLE[..end], 2), None, "{end}");
        }
        assert_eq!(find(b"\x0d\x00\x00\x00\x00\x12\x00", 2), None);
        assert_eq!(find(&[0xff; 20], 2), None);
    }

    #[test]
    fn written_bytes_are_found_again() {
        let mut out = Vec::new();
        write_bytes(&mut out, 1, b"key");
        write_bytes(&mut out, 2, &[b'v'; 300]);
        assert_eq!(&out[..8], b"\x0a\x03key\x12\xac\x02");
        assert_eq!(find_bytes(&out, 2), Some(&[b'v'; 300][..]));
    }
}
