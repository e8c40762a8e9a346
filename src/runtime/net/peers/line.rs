//! An open connection to a peer, and what is on its way into it.
//!
//! While the writer thread has nothing to send it leaves its [`Line`] in the peer's mailbox, and whoever brings
//! something sends it there and then. That spares a change of thread, which on an idle machine takes longer than the
//! sending. Only the writer thread ever waits for the peer: what a connection does not take at once stays on the line,
//! and the writer goes on with it.

use super::parcel::{self, KEEPALIVE, Parcel, Unsendable};
use crate::frame::{self, Decoder, FrameError};
use crate::handshake;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// So many bytes go into one write before the next one is begun.
const WRITE: usize = 1024 * 1024;

/// A connection on which nothing was sent for this long is looked at before it is used again.
const FRESH: Duration = Duration::from_millis(10);

/// Frames from the acceptor, after the handshake, only say why it ends the connection.
const ANSWER: usize = 1024;

/// A connection that is open.
pub(super) struct Line {
    stream: TcpStream,
    answers: Decoder,
    /// The greatest payload of a frame.
    limit: usize,
    /// What is still to be written, and how many parcels are in it.
    unsent: Vec<u8>,
    parcels: usize,
    last_write: Instant,
}

impl Line {
    pub(super) fn new(stream: TcpStream, limit: usize) -> Line {
        let (answers, unsent) = (Decoder::new(ANSWER), Vec::new());
        Line { stream, answers, limit, unsent, parcels: 0, last_write: Instant::now() }
    }

    /// When something was written last.
    pub(super) fn last_write(&self) -> Instant {
        self.last_write
    }

    /// Whether something is still to be written.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// How many parcels are still to be written.
    pub(super) fn parcels(&self) -> usize {
        self.parcels
    }

    /// Whether the connection was of use just now.
    pub(super) fn is_fresh(&self) -> bool {
        self.last_write.elapsed() <= FRESH
    }

    /// Counts as used just now for the next hour.
    #[cfg(test)]
    pub(super) fn stay_fresh(&mut self) {
        self.last_write = Instant::now() + Duration::from_secs(3600);
    }

    /// Adds parcels to what is to be written, until that is enough for one write. Why some cannot be sent, which are
    /// dropped.
    pub(super) fn fill<M: Parcel>(
        &mut self,
        parcels: &mut dyn Iterator<Item = M>,
    ) -> Vec<Unsendable> {
        let mut unsendable = Vec::new();
        while self.unsent.len() < WRITE
            && let Some(parcel) = parcels.next()
        {
            match parcel::encode(&mut self.unsent, self.limit, &parcel) {
                Ok(()) => self.parcels += 1,
                Err(why) => unsendable.push(why),
            }
        }
        unsendable
    }

    /// Adds that this server is there, and nothing else.
    pub(super) fn add_keepalive(&mut self) -> Result<(), FrameError> {
        frame::append(&mut self.unsent, ANSWER, |out| {
            out.push(KEEPALIVE);
            Ok(())
        })
    }

    /// Writes everything, and waits for the peer to take it.
    pub(super) fn write(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.unsent)?;
        self.has_written();
        Ok(())
    }

    /// Writes what the connection takes at once. Whatever is wrong with it, the next one to [`write`](Line::write)
    /// finds out. Whether everything is written.
    pub(super) fn write_at_once(&mut self) -> bool {
        match send_at_once(&self.stream, &self.unsent) {
            Some(taken) if taken >= self.unsent.len() => self.has_written(),
            Some(taken) => drop(self.unsent.drain(..taken)),
            None => {}
        }
        !self.has_unsent()
    }

    fn has_written(&mut self) {
        self.unsent.clear();
        self.unsent.shrink_to(WRITE);
        self.parcels = 0;
        self.last_write = self.last_write.max(Instant::now());
    }

    /// Why the other side ended the connection, if it did. Does not wait.
    pub(super) fn ending(&mut self) -> Option<String> {
        if let Err(error) = self.stream.set_nonblocking(true) {
            return Some(error.to_string());
        }
        let ending = self.answer();
        match self.stream.set_nonblocking(false) {
            Ok(()) => ending,
            Err(error) => ending.or_else(|| Some(error.to_string())),
        }
    }

    /// What the other side has said or done, of a stream that does not wait.
    fn answer(&mut self) -> Option<String> {
        loop {
            let arrived = self.answers.read_from(&mut self.stream);
            match self.answers.next_frame() {
                Ok(None) => {}
                Ok(Some(payload)) => {
                    return Some(match handshake::reason(payload) {
                        Some(why) => format!("refused by the other side: {why}"),
                        None => "it sent what only the dialer of a connection sends".into(),
                    });
                }
                Err(error) => return Some(error.to_string()),
            }
            match arrived {
                Ok(0) => return Some("closed by the other side".into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Some(error.to_string()),
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // One that is closed already needs no closing.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Sends the beginning of some bytes, as far as the system has room for it; nothing if that fails.
#[cfg(unix)]
fn send_at_once(stream: &TcpStream, bytes: &[u8]) -> Option<usize> {
    let flags = libc::MSG_DONTWAIT | NO_SIGNAL;
    socket2::SockRef::from(stream).send_with_flags(bytes, flags).ok()
}

/// A peer that has gone is an error like any other, and no signal.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
/// There, sockets of the standard library are set so.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const NO_SIGNAL: libc::c_int = 0;

/// Other systems cannot send without waiting on a stream that otherwise waits.
#[cfg(not(unix))]
fn send_at_once(_: &TcpStream, _: &[u8]) -> Option<usize> {
    None
}
