//! The threads that let peers in and take what they send.

use super::parcel::{self, Parcel, Said};
use super::report::{Event, count};
use super::{Shared, Timed};
use crate::frame::Decoder;
use crate::handshake::{self, Identity, Refusal};
use quorate_core::ServerId;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How many connections may be open that have not said yet who they are.
const UNKNOWN: usize = 64;

/// How long to wait when connections cannot be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// How much of what a refused peer still sends is read, so that it can read why.
const LINGER: u64 = 4 * 1024 * 1024;

/// Accepts connections until the mesh stops. Ends only after every reader has.
pub(super) fn listen<M: Parcel>(shared: &Arc<Shared<M>>, listener: &TcpListener) {
    let mut readers: Vec<JoinHandle<()>> = Vec::new();
    let unknown = Arc::new(AtomicUsize::new(0));
    let mut is_told = false;
    while !shared.connections.is_stopping() {
        match listener.accept() {
            Ok((stream, address)) => {
                is_told = false;
                readers.retain(|reader| !reader.is_finished());
                let began = start_reader(shared, stream, address, &unknown);
                match began {
                    Ok(reader) => readers.push(reader),
                    Err(why) => shared.tell_unless_stopping(Event::NotAdmitted { address, why }),
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if !is_told {
                    is_told = true;
                    shared.tell_unless_stopping(Event::CannotAccept { why: error.to_string() });
                }
                thread::sleep(PAUSE);
            }
        }
    }
    for reader in readers {
        // A reader that panicked has told so on standard error, and has ended.
        let _ = reader.join();
    }
}

/// Whether an error of accept concerns only the connection that was to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    let kinds = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    kinds.contains(&error.kind())
}

fn start_reader<M: Parcel>(
    shared: &Arc<Shared<M>>,
    stream: TcpStream,
    address: SocketAddr,
    unknown: &Arc<AtomicUsize>,
) -> Result<JoinHandle<()>, String> {
    if unknown.load(Ordering::Relaxed) >= UNKNOWN {
        return Err(format!("{UNKNOWN} connections are open that have not said who they are"));
    }
    unknown.fetch_add(1, Ordering::Relaxed);
    let (shared, counted) = (Arc::clone(shared), Counted(Arc::clone(unknown)));
    let thread = thread::Builder::new().name("peer-reader".into());
    thread
        .spawn(move || Reader { shared: &shared, stream, address }.run(counted))
        .map_err(|error| format!("no thread for it: {error}"))
}

/// One connection that has not said yet who it is.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One accepted connection.
struct Reader<'a, M> {
    shared: &'a Shared<M>,
    stream: TcpStream,
    address: SocketAddr,
}

impl<M: Parcel> Reader<'_, M> {
    fn run(mut self, unknown: Counted) {
        let Some(open) = self.shared.connections.enter(&self.stream) else { return };
        let admit = |who: &Identity| {
            self.shared.peer(who.server).ok_or(Refusal::Stranger(who.server))?;
            self.shared.connections.admit(who, &open)
        };
        let timings = &self.shared.config.timings;
        let prepared = self
            .stream
            .set_nodelay(true)
            .and_then(|()| self.stream.set_write_timeout(Some(timings.handshake)));
        let mut timed = Timed::new(&self.stream, timings.handshake);
        let received = prepared
            .map_err(handshake::HandshakeError::from)
            .and_then(|()| handshake::receive(&mut timed, &self.shared.config.me, admit));
        drop(unknown);
        let who = match received {
            Ok(who) => who,
            Err(why) => {
                self.linger();
                let (address, why) = (self.address, why.to_string());
                return self.shared.tell_unless_stopping(Event::NotAdmitted { address, why });
            }
        };
        let peer = who.server;
        self.shared.tell(Event::Accepted { peer, incarnation: who.incarnation });
        // It is there, so it can be dialed.
        if let Some(peer) = self.shared.peer(peer) {
            peer.mailbox.poke();
        }
        let why = match self.stream.set_read_timeout(Some(timings.silence)) {
            Ok(()) => self.take_parcels(peer),
            Err(error) => error.to_string(),
        };
        let is_replaced = self.shared.connections.is_replaced(peer, &open);
        let why = if self.shared.connections.is_stopping() {
            "this server stops".into()
        } else if is_replaced {
            "a newer connection replaced it".into()
        } else {
            why
        };
        self.shared.tell(Event::Ended { peer, why });
    }

    /// Takes what the peer sends until the connection ends, and says why.
    fn take_parcels(&mut self, peer: ServerId) -> String {
        let mut decoder = Decoder::new(self.shared.config.max_frame);
        let mut parcels = Vec::new();
        loop {
            match decoder.read_from(&mut self.stream) {
                Ok(0) => return "closed by the other side".into(),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let is_timeout =
                        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                    let silence = self.shared.config.timings.silence;
                    return match is_timeout {
                        true => format!("silent for {silence:?}"),
                        false => error.to_string(),
                    };
                }
            }
            let taken = self.take_frames(&mut decoder, peer, &mut parcels);
            if !parcels.is_empty() {
                if let Some(peer) = self.shared.peer(peer) {
                    count(&peer.counters.received, parcels.len());
                }
                (self.shared.inbox)(&mut parcels);
                parcels.clear();
            }
            if let Err(why) = taken {
                let _ = self.stream.write_all(&handshake::refusal(&why));
                self.linger();
                return format!("refused: {why}");
            }
        }
    }

    /// Takes the whole frames that have arrived; what is wrong with the first bad one.
    fn take_frames(
        &self,
        decoder: &mut Decoder,
        from: ServerId,
        parcels: &mut Vec<M>,
    ) -> Result<(), String> {
        let me = self.shared.config.me.server;
        while let Some(payload) = decoder.next_frame().map_err(|error| error.to_string())? {
            match parcel::decode::<M>(payload)? {
                Said::Keepalive => {}
                Said::Refused(why) => return Err(format!("the other side refused: {why}")),
                Said::Parcel(parcel) => {
                    let (sender, receiver) = (parcel.sender(), parcel.receiver());
                    if (sender, receiver) != (from, me) {
                        return Err(format!(
                            "a message from {sender} to {receiver} on the connection from {from} to {me}"
                        ));
                    }
                    parcels.push(parcel);
                }
            }
        }
        Ok(())
    }

    /// Ends a connection so that the other side can read what was said last: unread bytes would make the
    /// system reset it, and that can overtake.
    fn linger(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
        let mut timed = Timed::new(&self.stream, self.shared.config.timings.linger);
        let _ = io::copy(&mut (&mut timed).take(LINGER), &mut io::sink());
    }
}
