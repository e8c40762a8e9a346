//! etcd's requests: calls of gRPC, one at a time on a connection.
//!
//! A message travels behind five bytes: whether it is compressed, and its length. A call that succeeds returns one
//! message; one that fails returns none, and says why in headers that are not read here. Numbers of fields are those
//! of etcd's `rpc.proto`.

use super::http2::Connection;
use super::protobuf::{find_bytes, find_number, write_bytes};
use super::{Answer, Ask};

const PUT: &str = "/etcdserverpb.KV/Put";
const RANGE: &str = "/etcdserverpb.KV/Range";
const STATUS: &str = "/etcdserverpb.Maintenance/Status";

/// A connection's side of what is said.
pub(in crate::cluster) struct Grpc {
    connection: Connection,
    /// The call that is under way, by its path.
    called: &'static str,
    /// The request; kept for its memory.
    body: Vec<u8>,
}

impl Grpc {
    pub(super) fn new(port: u16) -> Grpc {
        Grpc { connection: Connection::new(port), called: STATUS, body: Vec::new() }
    }

    /// Appends a request.
    pub(super) fn ask(&mut self, ask: &Ask<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        self.body.clear();
        self.body.extend_from_slice(&[0; 5]);
        self.called = match ask {
            Ask::Set(key, value) => {
                write_bytes(&mut self.body, 1, key);
                write_bytes(&mut self.body, 2, value);
                PUT
            }
            // A read of etcd is linearizable unless it asks for less.
            Ask::Get(key) => {
                write_bytes(&mut self.body, 1, key);
                RANGE
            }
            Ask::View => STATUS,
        };
        let length = u32::try_from(self.body.len() - 5).map_err(|error| error.to_string())?;
        self.body[1..5].copy_from_slice(&length.to_be_bytes());
        self.connection.call(self.called, &self.body, out)
    }

    /// The reply, if it is complete.
    pub(super) fn answer(&mut self, arrived: &mut Vec<u8>) -> Result<Option<Answer>, String> {
        let Some(data) = self.connection.receive(arrived)? else { return Ok(None) };
        let Some(message) = unpack(data)? else {
            return Ok(Some(Answer::Refused(format!("{}: the call failed", self.called))));
        };
        Ok(Some(match self.called {
            PUT => Answer::Stored,
            // Of the only key-value pair, the value.
            RANGE => find_bytes(message, 2)
                .and_then(|pair| find_bytes(pair, 5))
                .map_or(Answer::Missing, |value| Answer::Found(value.to_vec())),
            _ => Answer::View(view(message)),
        }))
    }
}

/// The message behind its prefix; nothing of a call that failed.
fn unpack(data: &[u8]) -> Result<Option<&[u8]>, String> {
    let Some((prefix, message)) = data.split_at_checked(5) else {
        return if data.is_empty() { Ok(None) } else { Err("half a message".into()) };
    };
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
    if prefix[0] != 0 || u32::try_from(message.len()) != Ok(length) {
        return Err(format!("a message behind {}; expected another length", prefix.escape_ascii()));
    }
    Ok(Some(message))
}

/// What a server says of itself.
fn view(message: &[u8]) -> super::View {
    let header = find_bytes(message, 1).unwrap_or_default();
    super::View {
        me: find_number(header, 2),
        leader: find_number(message, 4),
        term: find_number(message, 6),
        committed: find_number(message, 5),
        applied: find_number(message, 7),
    }
}

#[cfg(test)]
mod tests {
    use super::{Grpc, unpack};
    use crate::cluster::speech::{Answer, Ask};

    #[test]
    fn a_message_has_its_length_before_it() {
        assert_eq!(unpack(b"\0\0\0\0\x02ab"), Ok(Some(&b"ab"[..])));
        assert_eq!(unpack(b"\0\0\0\0\0"), Ok(Some(&b""[..])));
        assert_eq!(unpack(b""), Ok(None));
        for wrong in [&b"\0\0\0"[..], b"\0\0\0\0\x03ab", b"\x01\0\0\0\x02ab"] {
            assert!(unpack(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_write_is_a_key_and_a_value() {
        let (mut grpc, mut out) = (Grpc::new(80), Vec::new());
        grpc.ask(&Ask::Set(b"k", b"vw"), &mut out).expect("short");
        assert!(out.ends_with(b"\0\0\x0c\0\x01\0\0\0\x01\0\0\0\0\x07\x0a\x01k\x12\x02vw"));
    }

    /// A frame of data and the end of stream 1.
    fn reply(data: &[u8]) -> Vec<u8> {
        let mut frames = vec![0, 0, data.len() as u8, 0, 0, 0, 0, 0, 1];
        frames.extend_from_slice(data);
        frames.extend_from_slice(b"\0\0\0\x01\x05\0\0\0\x01");
        frames
    }

    #[test]
    fn replies_are_what_their_call_returns() {
        let answer = |ask: &Ask<'_>, data: &[u8]| {
            let mut grpc = Grpc::new(80);
            grpc.ask(ask, &mut Vec::new()).expect("short");
            grpc.answer(&mut reply(data)).expect("understood")
        };
        assert_eq!(answer(&Ask::Set(b"k", b"v"), b"\0\0\0\0\x02\x0a\0"), Some(Answer::Stored));
        let found = b"\0\0\0\0\x0a\x0a\0\x12\x06\x0a\x01k\x2a\x01v";
        assert_eq!(answer(&Ask::Get(b"k"), found), Some(Answer::Found(b"v".to_vec())));
        assert_eq!(answer(&Ask::Get(b"k"), b"\0\0\0\0\x02\x0a\0"), Some(Answer::Missing));
        let status = b"\0\0\0\0\x0c\x0a\x02\x10\x09\x20\x09\x28\x64\x30\x02\x38\x63";
        let Some(Answer::View(view)) = answer(&Ask::View, status) else { panic!("a view") };
        assert_eq!(
            [view.me, view.leader, view.term, view.committed, view.applied],
            [9, 9, 2, 100, 99]
        );
        assert!(matches!(answer(&Ask::Get(b"k"), b""), Some(Answer::Refused(_))));
    }
}
