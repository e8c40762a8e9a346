//! The mesh: connections between the servers of a cluster.
//!
//! A [`Mesh`] carries whatever is a [`Parcel`] from this server to the others, and hands what they send
//! to a function of its owner. It promises little, because the protocol needs little: a parcel may be
//! lost, and two may change places across a reconnection. It never waits for a peer, and it never takes
//! more memory for a slow one than its mailbox holds.
//!
//! # Connections and threads
//! A connection carries parcels one way, from the server that dialed it. So a server has for each peer
//! one *writer* thread, which dials and sends, and one *reader* thread, on the connection that the peer
//! dialed; and one thread that listens. No thread waits for another, and there is no question of which
//! of two connections counts: the newest one from each peer.
//!
//! Whoever sends writes into the connection itself, as far as the system takes it at once. Only what must wait goes to the
//! writer, which takes everything that waits into one write. It dials again when a connection ends, at once if
//! that was of use and with growing pauses if not; the peer's own dialing ends a pause. Both ends notice
//! a silent loss: a writer sends a keepalive when it has nothing else, a reader gives up a peer that is
//! silent.

mod backoff;
mod connections;
mod line;
mod mailbox;
mod parcel;
mod reader;
mod report;
mod writer;

pub use parcel::Parcel;
pub use report::{Event, PeerStatus};

use crate::handshake::Identity;
use connections::Connections;
use mailbox::Mailbox;
use parcel::Unsendable;
use quorate_core::ServerId;
use report::{Counters, count};
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the mesh waits for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timings {
    /// For a connection to open.
    pub connect: Duration,
    /// For the other side's part of a handshake.
    pub handshake: Duration,
    /// Before a keepalive, when there is nothing to send.
    pub keepalive: Duration,
    /// Before a peer that sends nothing at all is given up. More than `keepalive`.
    pub silence: Duration,
    /// Before a peer that takes nothing is given up.
    pub stalled: Duration,
    /// For a refused peer to read why.
    pub linger: Duration,
    /// Before the second attempt to reach a peer.
    pub least_pause: Duration,
    /// Between attempts to reach a peer that has been away for long.
    pub greatest_pause: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        let milliseconds = Duration::from_millis;
        Timings {
            connect: milliseconds(1000),
            handshake: milliseconds(2000),
            keepalive: milliseconds(500),
            silence: milliseconds(3000),
            stalled: milliseconds(2000),
            linger: milliseconds(200),
            least_pause: milliseconds(10),
            greatest_pause: milliseconds(500),
        }
    }
}

/// What a mesh needs to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// This server.
    pub me: Identity,
    /// The other servers, each with its address: `host:port`, looked up anew at every attempt.
    pub peers: Vec<(ServerId, String)>,
    /// The greatest payload of a frame, in bytes; the same for all servers of a cluster.
    pub max_frame: usize,
    /// How many parcels may wait for one peer.
    pub mailbox: usize,
    /// How long to wait for what.
    pub timings: Timings,
}

impl Config {
    /// Frames of up to 8 MiB, mailboxes of 4,096 parcels, default timings.
    pub fn new(me: Identity, peers: Vec<(ServerId, String)>) -> Config {
        let (max_frame, mailbox) = (8 * 1024 * 1024, 4096);
        Config { me, peers, max_frame, mailbox, timings: Timings::default() }
    }

    /// What is wrong with it, and what would be right.
    fn complaint(&self) -> Option<String> {
        let mut seen = BTreeSet::from([self.me.server]);
        for (peer, address) in &self.peers {
            if !seen.insert(*peer) {
                return Some(format!("server id {peer} is given twice; each server needs its own"));
            }
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none_or(|port| port == 0) {
                return Some(format!(
                    "address {address:?} of {peer} has no port; write host:port, such as 10.0.0.2:7000"
                ));
            }
        }
        let Timings { keepalive, silence, .. } = &self.timings;
        if silence <= keepalive {
            return Some(format!(
                "silence {silence:?} is not more than keepalive {keepalive:?}; every idle connection \
                 would be given up"
            ));
        }
        if self.mailbox == 0 || self.max_frame < 1024 {
            return Some("a mailbox holds at least 1 parcel, a frame at least 1024 bytes".into());
        }
        None
    }
}

/// Why a mesh does not start.
#[derive(Debug)]
pub enum StartError {
    /// The configuration contradicts itself.
    Config(String),
    /// The system has no thread or socket for it.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Config(why) => write!(f, "{why}"),
            StartError::System(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// One peer, as all threads see it.
struct Peer<M> {
    id: ServerId,
    address: String,
    mailbox: Mailbox<M>,
    counters: Counters,
}

impl<M> Peer<M> {
    /// Counts one write that carried so many parcels.
    fn count_write(&self, parcels: usize) {
        count(&self.counters.sent, parcels);
        count(&self.counters.writes, 1);
    }
}

/// What takes in the parcels of one read.
type Inbox<M> = dyn Fn(&mut Vec<M>) + Send + Sync;

/// What all threads of a mesh share.
struct Shared<M> {
    config: Config,
    peers: Vec<Peer<M>>,
    connections: Connections,
    inbox: Box<Inbox<M>>,
    observer: Box<dyn Fn(Event) + Send + Sync>,
}

impl<M> Shared<M> {
    fn peer(&self, id: ServerId) -> Option<&Peer<M>> {
        self.peers.iter().find(|peer| peer.id == id)
    }

    fn tell(&self, event: Event) {
        (self.observer)(event);
    }

    fn tell_unsendable(&self, peer: &Peer<M>, unsendable: Vec<Unsendable>) {
        count(&peer.counters.dropped, unsendable.len());
        for why in unsendable {
            self.tell(Event::Unsendable { peer: peer.id, why: why.to_string() });
        }
    }

    /// What fails because the mesh stops is not worth telling.
    fn tell_unless_stopping(&self, event: Event) {
        if !self.connections.is_stopping() {
            self.tell(event);
        }
    }
}

/// The connections of one server to its peers. Stops when it is dropped.
pub struct Mesh<M> {
    shared: Arc<Shared<M>>,
    address: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

impl<M: Parcel> Mesh<M> {
    /// Starts the threads of a mesh, on a listener that its owner has bound.
    ///
    /// `inbox` gets every parcel from a peer, those of one read together, on that peer's reader thread; it
    /// takes them out of the vector. While it waits, that peer waits, and if it waits for ever the mesh
    /// cannot stop. `observer` hears of every [`Event`].
    ///
    /// # Errors
    /// A configuration that contradicts itself, or a system without threads or sockets to spare.
    pub fn start(
        config: Config,
        listener: TcpListener,
        inbox: impl Fn(&mut Vec<M>) + Send + Sync + 'static,
        observer: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Mesh<M>, StartError> {
        if let Some(complaint) = config.complaint() {
            return Err(StartError::Config(complaint));
        }
        let address = listener.local_addr().map_err(StartError::System)?;
        let peer = |(id, address): &(ServerId, String)| Peer {
            id: *id,
            address: address.clone(),
            mailbox: Mailbox::new(config.mailbox),
            counters: Counters::default(),
        };
        let shared = Arc::new(Shared {
            peers: config.peers.iter().map(peer).collect(),
            config,
            connections: Connections::default(),
            inbox: Box::new(inbox),
            observer: Box::new(observer),
        });
        let mut mesh = Mesh { shared, address, threads: Vec::new() };
        // Dropped on the way out of an error, it stops the threads that were started.
        mesh.spawn("peer-listener".into(), move |shared| reader::listen(shared, &listener))?;
        for place in 0..mesh.shared.peers.len() {
            let name = format!("peer-{}-writer", mesh.shared.peers[place].id);
            mesh.spawn(name, move |shared| {
                writer::Writer::new(shared, &shared.peers[place]).run();
            })?;
        }
        Ok(mesh)
    }

    fn spawn(
        &mut self,
        name: String,
        work: impl FnOnce(&Arc<Shared<M>>) + Send + 'static,
    ) -> Result<(), StartError> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name(name).spawn(move || work(&shared));
        self.threads.push(thread.map_err(StartError::System)?);
        Ok(())
    }

    /// Sends parcels to the peers that they name, some time soon and those to one peer in order. Takes them
    /// all out of the vector, and never waits. Returns how many were dropped, because too many wait for
    /// that peer already or because it is no peer.
    pub fn send(&self, parcels: &mut Vec<M>) -> usize {
        let mut dropped = 0;
        for peer in &self.shared.peers {
            let is_theirs = |parcel: &mut M| parcel.receiver() == peer.id;
            let offered = peer.mailbox.offer(parcels.extract_if(.., is_theirs));
            if offered.sent > 0 {
                peer.count_write(offered.sent);
            }
            count(&peer.counters.dropped, offered.dropped);
            dropped += offered.dropped + offered.unsendable.len();
            self.shared.tell_unsendable(peer, offered.unsendable);
        }
        // What is left is for nobody here.
        dropped += parcels.len();
        parcels.clear();
        dropped
    }

    /// Whether a connection to this peer is open.
    pub fn is_connected(&self, peer: ServerId) -> bool {
        let peer = self.shared.peer(peer);
        peer.is_some_and(|peer| peer.counters.is_connected.load(Ordering::Relaxed))
    }

    /// The address that peers can dial.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The figures of every peer, in the order of the configuration.
    pub fn status(&self) -> Vec<PeerStatus> {
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let status = |peer: &Peer<M>| PeerStatus {
            peer: peer.id,
            address: peer.address.clone(),
            is_connected: peer.counters.is_connected.load(Ordering::Relaxed),
            waiting: peer.mailbox.len(),
            sent: read(&peer.counters.sent),
            dropped: read(&peer.counters.dropped),
            lost: read(&peer.counters.lost),
            received: read(&peer.counters.received),
            writes: read(&peer.counters.writes),
        };
        self.shared.peers.iter().map(status).collect()
    }

    /// Closes all connections and waits for all threads to end: at most as long as an attempt to reach a
    /// peer takes that is under way. What waits to be sent is dropped.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl<M> Drop for Mesh<M> {
    fn drop(&mut self) {
        self.shared.connections.stop();
        for peer in &self.shared.peers {
            peer.mailbox.close();
        }
        // The listener looks whether to stop after each connection. If none can be opened, others wait
        // to be accepted already.
        let _ = TcpStream::connect_timeout(
            &reachable(self.address),
            self.shared.config.timings.connect,
        );
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so on standard error, and has ended.
            let _ = thread.join();
        }
    }
}

/// Where a listener can be reached from its own machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A stream that is read until a moment and no longer, however slowly bytes come.
struct Timed<'a> {
    stream: &'a TcpStream,
    until: Instant,
}

impl<'a> Timed<'a> {
    fn new(stream: &'a TcpStream, patience: Duration) -> Timed<'a> {
        Timed { stream, until: Instant::now() + patience }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "no handshake in time");
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => late(),
            _ => error,
        })
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
