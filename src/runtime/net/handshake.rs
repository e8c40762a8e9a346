//! The handshake: who is on the other side, before a single message is believed.
//!
//! A wrong port in a configuration file, a test cluster that finds the real one, a server restored from
//! another cluster's backup, two processes started with one server id: each would feed the protocol
//! messages from a server it does not know. So whoever opens a connection says first who it is and whom
//! it expects, and both sides refuse what does not fit, with a reason that reaches the logs of both.
//!
//! The dialer sends a [`Hello`] of 40 bytes. The answer is a frame: [`WELCOME`] with the hello of the
//! acceptor, or [`REFUSED`] with a reason in words. The dialer may refuse in turn. Then the connection
//! carries messages from the dialer to the acceptor, and nothing back but a last refusal.
//!
//! | bytes of a hello | what |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 2 | protocol version, little endian; these ten bytes are the same in every version |
//! | 1 | the server that says it |
//! | 1 | the server it expects on the other side |
//! | 16 | cluster id, little endian |
//! | 8 | incarnation, little endian |
//! | 4 | CRC32C over the 36 bytes before, little endian |
//!
//! # What is deliberately absent
//! A proof of identity. Whoever can reach the port and knows the cluster id can claim to be a server;
//! until there is TLS, only servers may be able to reach it.

use crate::frame::{self, Decoder, FrameError};
use quorate_core::ServerId;
use std::fmt;
use std::io::{self, Read, Write};

/// What every connection between servers begins with.
pub const MAGIC: [u8; 8] = *b"quorate\0";
/// The version of everything that servers say to each other.
pub const VERSION: u16 = 1;
/// The number of bytes of a hello.
pub const HELLO: usize = 40;
/// The first byte of the frame that accepts a connection; the acceptor's hello follows.
pub const WELCOME: u8 = 1;
/// The first byte of the frame that ends a connection; the reason follows, in UTF-8.
pub const REFUSED: u8 = 2;

/// The greatest frame of a handshake, in bytes; longer reasons are cut.
const LIMIT: usize = 512;

/// A server as it introduces itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The cluster it belongs to.
    pub cluster: u128,
    /// Which server it is.
    pub server: ServerId,
    /// A number that no other start of this server has.
    pub incarnation: u64,
}

/// The first thing that one server says to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hello {
    /// Who says it.
    pub from: Identity,
    /// Who is expected on the other side.
    pub to: ServerId,
}

/// Why a server does not talk to another one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The first bytes are not those of a server of this program.
    NotAServer,
    /// The other side speaks another version.
    Version(u16),
    /// The hello was damaged on the way, or names no server.
    Damaged,
    /// The other side belongs to another cluster.
    Cluster {
        /// The cluster of the other side.
        theirs: u128,
        /// The cluster of this side.
        ours: u128,
    },
    /// The other side expects another server here.
    NotMe {
        /// Who is expected.
        expected: ServerId,
        /// Who is here.
        actual: ServerId,
    },
    /// The other side claims to be this very server.
    Myself(ServerId),
    /// The other side is no server that this one knows.
    Stranger(ServerId),
    /// A later start of that server has been here since: two processes run with one server id.
    Superseded(ServerId),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotAServer => write!(
                f,
                "this port is for the servers of a cluster; clients use the client port of the server"
            ),
            Refusal::Version(theirs) => write!(
                f,
                "protocol version {theirs} there, {VERSION} here; run releases of the same protocol"
            ),
            Refusal::Damaged => write!(f, "the hello is damaged or names no server"),
            Refusal::Cluster { theirs, ours } => write!(
                f,
                "cluster {theirs:032x} there, {ours:032x} here; give all servers of a cluster the same \
                 cluster id, and each cluster its own"
            ),
            Refusal::NotMe { expected, actual } => write!(
                f,
                "{expected} is expected at this address, but here is {actual}; correct the address of \
                 {expected}"
            ),
            Refusal::Myself(server) => write!(
                f,
                "{server} is also the id of the server it talks to; give each server its own id and the \
                 address of the others"
            ),
            Refusal::Stranger(server) => {
                write!(f, "{server} is not among the servers of this cluster")
            }
            Refusal::Superseded(server) => write!(
                f,
                "a later start of {server} has connected since; two processes run as {server}, stop one"
            ),
        }
    }
}

/// Why a handshake failed.
#[derive(Debug)]
pub enum HandshakeError {
    /// The connection failed or ended.
    Connection(io::Error),
    /// This side refused.
    Refused(Refusal),
    /// The other side refused, for this reason.
    RefusedByOther(String),
    /// The answer is neither a welcome nor a refusal.
    Garbled(String),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeError::Connection(error) => write!(f, "{error}"),
            HandshakeError::Refused(why) => write!(f, "refused: {why}"),
            HandshakeError::RefusedByOther(why) => write!(f, "refused by the other side: {why}"),
            HandshakeError::Garbled(why) => write!(f, "the other side is no server: {why}"),
        }
    }
}

impl std::error::Error for HandshakeError {}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> HandshakeError {
        HandshakeError::Connection(error)
    }
}

impl From<FrameError> for HandshakeError {
    fn from(error: FrameError) -> HandshakeError {
        HandshakeError::Garbled(error.to_string())
    }
}

impl Hello {
    /// The bytes of this hello.
    pub fn encode(&self) -> [u8; HELLO] {
        self.encode_as(VERSION)
    }

    fn encode_as(&self, version: u16) -> [u8; HELLO] {
        let mut bytes = [0; HELLO];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&version.to_le_bytes());
        bytes[10] = self.from.server.get();
        bytes[11] = self.to.get();
        bytes[12..28].copy_from_slice(&self.from.cluster.to_le_bytes());
        bytes[28..36].copy_from_slice(&self.from.incarnation.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..36]);
        bytes[36..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads a hello.
    ///
    /// # Errors
    /// Another magic or version, a wrong checksum, or a number that names no server.
    pub fn decode(bytes: &[u8; HELLO]) -> Result<Hello, Refusal> {
        let field = |from: usize| -> [u8; 8] { std::array::from_fn(|place| bytes[from + place]) };
        if bytes[..8] != MAGIC {
            return Err(Refusal::NotAServer);
        }
        let version = u16::from_le_bytes([bytes[8], bytes[9]]);
        if version != VERSION {
            return Err(Refusal::Version(version));
        }
        if bytes[36..] != crc32c::crc32c(&bytes[..36]).to_le_bytes() {
            return Err(Refusal::Damaged);
        }
        let server = |number: u8| ServerId::new(number).ok_or(Refusal::Damaged);
        let (low, high) = (u64::from_le_bytes(field(12)), u64::from_le_bytes(field(20)));
        let cluster = u128::from(high) << 64 | u128::from(low);
        let incarnation = u64::from_le_bytes(field(28));
        let from = Identity { cluster, server: server(bytes[10])?, incarnation };
        Ok(Hello { from, to: server(bytes[11])? })
    }
}

impl Identity {
    /// Whether this server talks to the one that said `hello`.
    ///
    /// # Errors
    /// Another cluster, another server expected here, or a sender that claims to be this server.
    pub fn admit(&self, hello: &Hello) -> Result<(), Refusal> {
        if hello.from.cluster != self.cluster {
            return Err(Refusal::Cluster { theirs: hello.from.cluster, ours: self.cluster });
        }
        if hello.from.server == self.server {
            return Err(Refusal::Myself(self.server));
        }
        if hello.to != self.server {
            return Err(Refusal::NotMe { expected: hello.to, actual: self.server });
        }
        Ok(())
    }
}

/// The dialer's side: introduces `me` to the server `peer`, and hears who it is.
///
/// # Errors
/// Either side refused, or the connection failed. What this side refuses is said to the other.
pub fn introduce<S: Read + Write>(
    stream: &mut S,
    me: &Identity,
    peer: ServerId,
) -> Result<Identity, HandshakeError> {
    stream.write_all(&Hello { from: *me, to: peer }.encode())?;
    let hello = match read_answer(stream)? {
        Ok(bytes) => Hello::decode(&bytes),
        Err(reason) => return Err(HandshakeError::RefusedByOther(reason)),
    };
    let fits = hello.and_then(|hello| {
        me.admit(&hello)?;
        if hello.from.server != peer {
            return Err(Refusal::NotMe { expected: peer, actual: hello.from.server });
        }
        Ok(hello.from)
    });
    fits.map_err(|why| refuse(stream, why))
}

/// The acceptor's side: hears who dialed, and welcomes it if `me` talks to it and `admit` has nothing
/// against it.
///
/// # Errors
/// This side refused, and has said so, or the connection failed.
pub fn receive<S: Read + Write>(
    stream: &mut S,
    me: &Identity,
    admit: impl FnOnce(&Identity) -> Result<(), Refusal>,
) -> Result<Identity, HandshakeError> {
    let mut bytes = [0; HELLO];
    // What begins differently is refused at once: its sender may never send as many bytes.
    stream.read_exact(&mut bytes[..8])?;
    if bytes[..8] != MAGIC {
        return Err(refuse(stream, Refusal::NotAServer));
    }
    stream.read_exact(&mut bytes[8..])?;
    let hello = Hello::decode(&bytes).and_then(|hello| {
        me.admit(&hello)?;
        admit(&hello.from)?;
        Ok(hello)
    });
    let hello = hello.map_err(|why| refuse(stream, why))?;
    let answer = Hello { from: *me, to: hello.from.server }.encode();
    stream.write_all(&control(WELCOME, &answer))?;
    Ok(hello.from)
}

/// Tells the other side why. That it may no longer listen changes nothing.
fn refuse(stream: &mut impl Write, why: Refusal) -> HandshakeError {
    let _ = stream.write_all(&refusal(&why.to_string()));
    HandshakeError::Refused(why)
}

/// The frame that ends a connection for a reason.
pub fn refusal(reason: &str) -> Vec<u8> {
    let length = reason.floor_char_boundary(LIMIT - 1);
    control(REFUSED, &reason.as_bytes()[..length])
}

/// The reason in the payload of a frame, if it is a refusal.
pub fn reason(payload: &[u8]) -> Option<String> {
    let (kind, text) = payload.split_first()?;
    // The text comes from elsewhere, and ends in a log: one line of it, and nothing that moves a cursor.
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    (*kind == REFUSED).then(|| String::from_utf8_lossy(text).chars().map(plain).collect())
}

fn control(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame::HEADER + 1 + content.len());
    // Both kinds are well below any limit.
    let _: Result<(), FrameError> = frame::append(&mut bytes, LIMIT, |out| {
        out.push(kind);
        out.extend_from_slice(content);
        Ok(())
    });
    bytes
}

/// Reads the acceptor's answer: the bytes of its hello, or its reason to refuse. Reads nothing beyond it.
fn read_answer(stream: &mut impl Read) -> Result<Result<[u8; HELLO], String>, HandshakeError> {
    let mut decoder = Decoder::new(LIMIT);
    loop {
        // Byte by byte: what follows belongs to someone else.
        let count = decoder.read_from(&mut stream.take(1))?;
        if count == 0 {
            let text =
                "the connection was closed without an answer; perhaps another kind of server";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text).into());
        }
        let Some(payload) = decoder.next_frame()? else { continue };
        if let Some(reason) = reason(payload) {
            return Ok(Err(reason));
        }
        return match payload.split_first() {
            Some((&WELCOME, content)) => <[u8; HELLO]>::try_from(content).map(Ok).map_err(|_| {
                let text = format!("a welcome of {} bytes, expected {HELLO}", content.len());
                HandshakeError::Garbled(text)
            }),
            kind => {
                let text = format!("an answer of kind {:?}", kind.map(|(kind, _)| kind));
                Err(HandshakeError::Garbled(text))
            }
        };
    }
}

#[cfg(test)]
mod tests;
