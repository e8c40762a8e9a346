//! The thread that dials one peer and sends it everything that waits for it.

use super::backoff::Backoff;
use super::mailbox::Found;
use super::parcel::{self, KEEPALIVE, Parcel};
use super::report::{Event, count};
use super::{Peer, Shared};
use crate::frame::{self, Decoder, FrameError};
use crate::handshake::{self, Identity};
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// So many bytes go into one write before the next one is begun.
const WRITE: usize = 1024 * 1024;

/// A connection on which nothing was sent for this long is looked at before it is used again.
const FRESH: Duration = Duration::from_millis(10);

/// Frames from the acceptor, after the handshake, only say why it ends the connection.
const ANSWER: usize = 1024;

/// The state of the thread.
pub(super) struct Writer<'a, M> {
    shared: &'a Shared<M>,
    peer: &'a Peer<M>,
    /// Taken out of the mailbox and not sent yet.
    batch: Vec<M>,
    buffer: Vec<u8>,
    /// What was told last about an outage.
    told: Option<String>,
}

impl<'a, M: Parcel> Writer<'a, M> {
    pub(super) fn new(shared: &'a Shared<M>, peer: &'a Peer<M>) -> Writer<'a, M> {
        Writer { shared, peer, batch: Vec::new(), buffer: Vec::new(), told: None }
    }

    /// Dials and sends until the mailbox is closed.
    pub(super) fn run(mut self) {
        let timings = &self.shared.config.timings;
        let seed =
            self.shared.config.me.incarnation ^ u64::from(self.peer.id.get()).rotate_right(8);
        let mut backoff = Backoff::new(timings.least_pause, timings.greatest_pause, seed);
        while !self.peer.mailbox.is_closed() {
            let begun = Instant::now();
            if let Err(why) = self.connect_and_serve() {
                self.tell_failure(why);
                self.give_up_waiting();
            } else if begun.elapsed() > timings.greatest_pause {
                // It was of use. It may be back already.
                backoff.reset();
                continue;
            }
            if !self.peer.mailbox.pause(backoff.next()) {
                break;
            }
        }
        self.give_up_waiting();
    }

    /// Opens a connection and uses it as long as it lasts.
    fn connect_and_serve(&mut self) -> Result<(), String> {
        let mut stream = self.dial().map_err(|error| error.to_string())?;
        let Some(_open) = self.shared.connections.enter(&stream) else { return Ok(()) };
        let who = self.introduce(&mut stream)?;
        self.told = None;
        self.peer.counters.is_connected.store(true, Ordering::Relaxed);
        self.shared.tell(Event::Dialed { peer: self.peer.id, incarnation: who.incarnation });
        let why = self.serve(&stream);
        self.peer.counters.is_connected.store(false, Ordering::Relaxed);
        let _ = stream.shutdown(Shutdown::Both);
        self.shared.tell(Event::Lost { peer: self.peer.id, why });
        Ok(())
    }

    fn dial(&self) -> io::Result<TcpStream> {
        let timings = &self.shared.config.timings;
        let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
        for address in self.peer.address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, timings.connect) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_write_timeout(Some(timings.stalled))?;
                    notice_silent_losses(&stream, timings.stalled)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn introduce(&self, stream: &mut TcpStream) -> Result<Identity, String> {
        let me = &self.shared.config.me;
        let mut timed = super::Timed::new(stream, self.shared.config.timings.handshake);
        handshake::introduce(&mut timed, me, self.peer.id).map_err(|error| error.to_string())
    }

    /// Sends until the connection or the mesh ends, and says why.
    fn serve(&mut self, stream: &TcpStream) -> String {
        let mut answers = Decoder::new(ANSWER);
        let mut last_write = Instant::now();
        loop {
            if self.batch.is_empty() {
                let patience = self.shared.config.timings.keepalive;
                match self.peer.mailbox.take(&mut self.batch, patience) {
                    Found::Closed => return "this server stops".into(),
                    Found::Some | Found::Nothing => {}
                }
            }
            // What would be lost in a connection that is gone stays for the next one.
            if last_write.elapsed() > FRESH
                && let Some(why) = ending(stream, &mut answers)
            {
                return why;
            }
            let outcome = if self.batch.is_empty() {
                send_keepalive(stream)
            } else {
                self.send_batch(stream)
            };
            if let Err(error) = outcome {
                return match error.kind() {
                    // The thread's own patience or the system's ran out.
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                        format!("it took nothing for {:?}", self.shared.config.timings.stalled)
                    }
                    _ => ending(stream, &mut answers).unwrap_or_else(|| error.to_string()),
                };
            }
            last_write = Instant::now();
        }
    }

    /// Sends everything taken out of the mailbox, in as few writes as there are megabytes.
    fn send_batch(&mut self, mut stream: &TcpStream) -> io::Result<()> {
        let counters = &self.peer.counters;
        let limit = self.shared.config.max_frame;
        let mut batch = self.batch.drain(..);
        loop {
            let mut parcels = 0;
            while self.buffer.len() < WRITE
                && let Some(parcel) = batch.next()
            {
                match parcel::encode(&mut self.buffer, limit, &parcel) {
                    Ok(()) => parcels += 1,
                    Err(why) => {
                        count(&counters.dropped, 1);
                        let (peer, why) = (self.peer.id, why.to_string());
                        self.shared.tell(Event::Unsendable { peer, why });
                    }
                }
            }
            if self.buffer.is_empty() {
                return Ok(());
            }
            let outcome = stream.write_all(&self.buffer);
            self.buffer.clear();
            self.buffer.shrink_to(WRITE);
            if outcome.is_err() {
                count(&counters.lost, parcels + batch.len());
                return outcome;
            }
            count(&counters.sent, parcels);
            count(&counters.writes, 1);
        }
    }

    /// What waited for a peer that cannot be reached would only be old news later.
    fn give_up_waiting(&mut self) {
        let count_lost = self.batch.len() + self.peer.mailbox.discard();
        self.batch.clear();
        count(&self.peer.counters.lost, count_lost);
    }

    fn tell_failure(&mut self, why: String) {
        if self.told.as_ref() != Some(&why) && !self.peer.mailbox.is_closed() {
            self.told = Some(why.clone());
            let (peer, address) = (self.peer.id, self.peer.address.clone());
            self.shared.tell(Event::DialFailed { peer, address, why });
        }
    }
}

/// Says only that this server is there.
fn send_keepalive(mut stream: &TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let framed: Result<(), FrameError> = frame::append(&mut bytes, ANSWER, |out| {
        out.push(KEEPALIVE);
        Ok(())
    });
    framed.map_err(io::Error::other)?;
    stream.write_all(&bytes)
}

/// Why the other side ended the connection, if it did. Does not wait.
fn ending(mut stream: &TcpStream, answers: &mut Decoder) -> Option<String> {
    if let Err(error) = stream.set_nonblocking(true) {
        return Some(error.to_string());
    }
    let ending = loop {
        let arrived = answers.read_from(&mut stream);
        match answers.next_frame() {
            Ok(None) => {}
            Ok(Some(payload)) => {
                break Some(match handshake::reason(payload) {
                    Some(why) => format!("refused by the other side: {why}"),
                    None => "it sent what only the dialer of a connection sends".into(),
                });
            }
            Err(error) => break Some(error.to_string()),
        }
        match arrived {
            Ok(0) => break Some("closed by the other side".into()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break None,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Some(error.to_string()),
        }
    };
    match stream.set_nonblocking(false) {
        Ok(()) => ending,
        Err(error) => ending.or_else(|| Some(error.to_string())),
    }
}

/// Lets the system give up a connection on which nothing arrives, instead of trying for a quarter of an
/// hour: when the network is whole again, dialing anew is sooner than its next attempt.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn notice_silent_losses(stream: &TcpStream, patience: Duration) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(patience))
}

/// Other systems have no such setting.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn notice_silent_losses(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}
