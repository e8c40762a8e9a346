//! What another server sends: a hello, an answer to one, frames, and what is in them.

use crate::packet::Packet;
use crate::parcel::{Parcel, Said, decode, encode};
use crate::{Numbers, id};
use quorate_core::{Envelope, ServerId};
use quorate_net::frame::{Decoder, FrameError, HEADER};
use quorate_net::handshake::{HELLO, Hello, Identity, introduce, receive};
use std::io::{self, Cursor, Read, Write};

/// The greatest payload of a frame, in bytes.
const LIMIT: usize = 1 << 12;

/// The server that reads.
const ME: (u128, u64) = (7, 9);

/// Reads bytes as everything that comes from another server.
///
/// # Panics
/// When pieces are understood differently from the whole, a frame is over the limit, or what was decoded is
/// not decoded again from its encoding.
pub fn peers(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let (kind, size) = (numbers.below(4), 1 + numbers.below(97));
    let rest = numbers.0;
    match kind {
        0 => shake_hands(rest),
        1 => frames(rest, size),
        2 => frames(&framed(rest), size),
        _ => drop(payload(rest)),
    }
}

fn identity() -> Identity {
    Identity { cluster: ME.0, server: id(1), incarnation: ME.1 }
}

/// A connection on which these bytes arrive, and everything can be sent.
struct Connection<'a>(Cursor<&'a [u8]>);

impl Read for Connection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Connection<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Both sides of a handshake, with right and wrong checksums.
fn shake_hands(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), with_sum(bytes), framed(&with_sum(bytes))] {
        let answer = receive(&mut Connection(Cursor::new(&bytes)), &identity(), |_| Ok(()));
        if let Ok(who) = answer {
            assert!(who.cluster == ME.0 && who.server != id(1));
        }
        let answer = introduce(&mut Connection(Cursor::new(&bytes)), &identity(), id(2));
        if let Ok(who) = answer {
            assert!(who.cluster == ME.0 && who.server == id(2));
        }
        if let Some(bytes) = bytes.first_chunk::<HELLO>()
            && let Ok(hello) = Hello::decode(bytes)
        {
            assert_eq!(&hello.encode(), bytes);
        }
    }
}

/// The bytes with the checksum that a hello has.
fn with_sum(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= HELLO {
        let sum = crc32c::crc32c(&bytes[..HELLO - 4]);
        bytes[HELLO - 4..HELLO].copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}

/// The bytes in frames of the right length and checksum; the first byte of each part is its length.
pub(crate) fn framed(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (part, after) = rest.split_at(usize::from(*length).min(rest.len()));
        bytes = after;
        let fill = |out: &mut Vec<u8>| {
            out.extend_from_slice(part);
            Ok::<(), FrameError>(())
        };
        crate::frame::append(&mut out, LIMIT, fill).expect("a part is short");
    }
    out
}

/// Takes frames out of bytes, whole and in pieces.
fn frames(bytes: &[u8], size: usize) {
    let (whole, error) = read([bytes]);
    let (pieces, other) = read(bytes.chunks(size));
    assert_eq!((&whole, error), (&pieces, other));
    let taken: usize = whole.iter().map(|payload| payload.len() + HEADER).sum();
    assert!(taken <= bytes.len());
    for frame in &whole {
        assert!(frame.len() <= LIMIT);
        payload(frame);
    }
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut decoder = Decoder::new(LIMIT);
    let mut found = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(payload)) => found.push(payload.to_vec()),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// What a frame says, as the protocol's own messages and as what servers of the store exchange.
fn payload(bytes: &[u8]) {
    said::<Envelope<Vec<u8>>>(bytes);
    said::<Packet>(bytes);
}

fn said<M: Parcel + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let parcel = match decode::<M>(bytes) {
        Ok(Said::Parcel(parcel)) => parcel,
        Ok(Said::Refused(reason)) => return assert!(!reason.contains(char::is_control)),
        Ok(Said::Keepalive) | Err(_) => return,
    };
    // Its encoding may be shorter than what came, and says the same.
    let mut out = Vec::new();
    encode(&mut out, usize::MAX, &parcel).expect("it was decoded");
    let Ok(Said::Parcel(again)) = decode::<M>(&out[HEADER..]) else {
        panic!("{parcel:?} is not decoded from its encoding");
    };
    assert_eq!(parcel, again);
    let _ = (parcel.sender(), parcel.receiver());
    // It is sent in parts or not at all, and never over the limit.
    let limit = 64;
    let mut parts = Vec::new();
    let is_sent = encode(&mut parts, limit, &parcel).is_ok();
    let mut decoder = Decoder::new(limit);
    decoder.feed(&parts);
    while let Some(part) = decoder.next_frame().expect("no part is over the limit") {
        assert!(decode::<M>(part).is_ok(), "a part is not decoded");
    }
    assert!(is_sent || out.len() > limit, "a parcel that fits is not sent");
}

impl Parcel for Packet {
    fn sender(&self) -> ServerId {
        quorate_net::peers::Parcel::sender(self)
    }

    fn receiver(&self) -> ServerId {
        quorate_net::peers::Parcel::receiver(self)
    }

    fn halves(&self) -> Option<(Packet, Packet)> {
        quorate_net::peers::Parcel::halves(self)
    }
}
