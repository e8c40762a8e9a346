//! RESP: what a client sends, and what a server answers.

use crate::Numbers;
use quorate_kv::Command;
use quorate_net::resp::{Limits, ProtocolError, Requests, decode};

/// Small limits, so that short inputs reach them.
const LIMITS: Limits = Limits { bulk: 64, arguments: 16, inline: 32, request: 256 };

/// Reads bytes as commands, whole and in pieces, and as replies.
///
/// # Panics
/// When pieces are understood differently from the whole, a limit is not kept, or reading takes more bytes
/// than there are.
pub fn clients(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let limits = if numbers.byte().is_multiple_of(2) { LIMITS } else { Limits::default() };
    let (whole, error) = read(limits, [numbers.0]);
    let size = 1 + numbers.below(17);
    let bytes = bytes.get(1..).unwrap_or_default();
    let (pieces, other) = read(limits, bytes.chunks(size));
    // In pieces, the limit on a line is noticed sooner or later than its other faults.
    assert_eq!(whole, pieces, "{error:?} or {other:?}");
    assert_eq!(error.is_some(), other.is_some(), "{error:?} or {other:?}");
    for command in &whole {
        assert!(!command.is_empty() && command.len() <= limits.arguments.max(limits.inline));
        assert!(command.iter().all(|argument| argument.len() <= limits.bulk.max(limits.inline)));
    }
    replies(bytes);
    // What a follower forwards.
    let _ = postcard::from_bytes::<Command>(bytes);
}

/// All commands in some pieces, and the error that ended them.
fn read<'a>(
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let mut requests = Requests::new(limits);
    let mut found = Vec::new();
    for piece in pieces {
        requests.feed(piece);
        loop {
            match requests.next_request() {
                Ok(Some(request)) => found.push(request.iter().map(<[u8]>::to_vec).collect()),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(requests.next_request().err(), Some(error), "another error");
                    return (found, Some(error));
                }
            }
        }
    }
    (found, None)
}

/// A reply is whole or it is not, and what follows it does not change it.
fn replies(bytes: &[u8]) {
    if let Ok(Some((value, length))) = decode(bytes) {
        assert_eq!(decode(&bytes[..length]), Ok(Some((value, length))));
        assert!(matches!(decode(&bytes[..length - 1]), Ok(None) | Err(_)));
    }
}
