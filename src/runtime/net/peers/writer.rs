//! The thread that dials one peer and sends it everything that waits for it.

use super::backoff::Backoff;
use super::line::Line;
use super::mailbox::Found;
use super::parcel::Parcel;
use super::report::{Event, count};
use super::{Peer, Shared};
use crate::handshake::{self, Identity};
use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The state of the thread.
pub(super) struct Writer<'a, M> {
    shared: &'a Shared<M>,
    peer: &'a Peer<M>,
    /// Taken out of the mailbox and not sent yet.
    batch: Vec<M>,
    /// What was told last about an outage.
    told: Option<String>,
}

impl<'a, M: Parcel> Writer<'a, M> {
    pub(super) fn new(shared: &'a Shared<M>, peer: &'a Peer<M>) -> Writer<'a, M> {
        Writer { shared, peer, batch: Vec::new(), told: None }
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
        let why = self.serve(Line::new(stream, self.shared.config.max_frame));
        self.peer.counters.is_connected.store(false, Ordering::Relaxed);
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
    fn serve(&mut self, line: Line) -> String {
        let timings = &self.shared.config.timings;
        let mut line = line;
        loop {
            let kept_alive;
            (line, kept_alive) =
                match self.peer.mailbox.take(&mut self.batch, line, timings.keepalive) {
                    Found::Some(line) => (line, false),
                    Found::Nothing(line) => (line, true),
                    Found::Closed => return "this server stops".into(),
                };
            // What would be lost in a connection that is gone stays for the next one.
            if !line.has_unsent()
                && !line.is_fresh()
                && let Some(why) = line.ending()
            {
                return why;
            }
            let outcome = match kept_alive {
                true => line.add_keepalive().map_err(io::Error::other),
                false => Ok(()),
            };
            if let Err(error) = outcome.and_then(|()| self.send_batch(&mut line)) {
                return match error.kind() {
                    // The thread's own patience or the system's ran out.
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                        format!("it took nothing for {:?}", timings.stalled)
                    }
                    _ => line.ending().unwrap_or_else(|| error.to_string()),
                };
            }
        }
    }

    /// Sends what is left on the line, and everything taken out of the mailbox, in as few writes as there are
    /// megabytes.
    fn send_batch(&mut self, line: &mut Line) -> io::Result<()> {
        let counters = &self.peer.counters;
        let mut batch = self.batch.drain(..);
        loop {
            let unsendable = line.fill(&mut batch);
            self.shared.tell_unsendable(self.peer, unsendable);
            if !line.has_unsent() {
                return Ok(());
            }
            let parcels = line.parcels();
            if let Err(error) = line.write() {
                count(&counters.lost, parcels + batch.len());
                return Err(error);
            }
            self.peer.count_write(parcels);
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
