//! Servers on loopback, and waiting for what they see.
#![allow(dead_code, reason = "each test crate uses its own part of this module")]

use quorate_core::{Entry, Envelope, Index, LogPosition, Message, Payload, Round, ServerId, Term};
use quorate_net::handshake::Identity;
use quorate_net::peers::{Config, Event, Mesh, PeerStatus};
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

pub(crate) type Parcel = Envelope<Vec<u8>>;

pub(crate) const CLUSTER: u128 = 0xc1;

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Things that other threads have seen, in order.
pub(crate) struct Seen<T> {
    things: Mutex<Vec<T>>,
    changed: Condvar,
}

impl<T: Clone + std::fmt::Debug> Seen<T> {
    pub(crate) fn new() -> Arc<Seen<T>> {
        Arc::new(Seen { things: Mutex::new(Vec::new()), changed: Condvar::new() })
    }

    pub(crate) fn push(&self, thing: T) {
        self.things.lock().expect("no panic").push(thing);
        self.changed.notify_all();
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.things.lock().expect("no panic").clone()
    }

    /// Waits until something seen is as wanted, and returns the first such.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&T) -> bool) -> T {
        self.wait_until(what, |things| things.iter().any(&wanted));
        self.all().into_iter().find(wanted).expect("it is there")
    }

    pub(crate) fn wait_until(&self, what: &str, is_reached: impl Fn(&[T]) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut things = self.things.lock().expect("no panic");
        while !is_reached(&things) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited for {what}; seen: {things:#?}");
            things = self.changed.wait_timeout(things, left).expect("no panic").0;
        }
    }
}

/// A server that keeps what it receives.
pub(crate) struct Server {
    pub(crate) mesh: Mesh<Parcel>,
    pub(crate) received: Arc<Seen<Parcel>>,
    pub(crate) events: Arc<Seen<Event>>,
}

impl Server {
    pub(crate) fn start(config: Config, listener: TcpListener) -> Server {
        let (received, events) = (Seen::new(), Seen::new());
        let (inbox, observer) = (Arc::clone(&received), Arc::clone(&events));
        let mesh = Mesh::start(
            config,
            listener,
            move |parcels| parcels.drain(..).for_each(|parcel| inbox.push(parcel)),
            move |event| observer.push(event),
        );
        Server { mesh: mesh.expect("the configuration is good"), received, events }
    }

    pub(crate) fn send(&self, parcel: Parcel) -> bool {
        self.mesh.send(&mut vec![parcel]) == 0
    }

    /// Waits until a line of the log contains the text, and returns the line.
    pub(crate) fn wait_for_line(&self, text: &str) -> String {
        self.events.wait_for(text, |event| event.to_string().contains(text)).to_string()
    }

    pub(crate) fn status(&self) -> PeerStatus {
        self.mesh.status().into_iter().next().expect("it has a peer")
    }

    /// Waits until the status of the first peer is as wanted.
    pub(crate) fn wait_for_status(&self, what: &str, wanted: impl Fn(&PeerStatus) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !wanted(&self.status()) {
            assert!(Instant::now() < until, "waited for {what}: {:?}", self.status());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

pub(crate) fn server(number: u8) -> ServerId {
    ServerId::new(number).expect("between 1 and 64")
}

pub(crate) fn identity(number: u8) -> Identity {
    Identity { cluster: CLUSTER, server: server(number), incarnation: u64::from(number) << 8 }
}

pub(crate) fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

pub(crate) fn address_of(listener: &TcpListener) -> String {
    listener.local_addr().expect("it is bound").to_string()
}

/// The configuration of server `me`, with these peers.
pub(crate) fn config(me: u8, peers: &[(u8, &str)]) -> Config {
    let peers = peers.iter().map(|(peer, address)| (server(*peer), (*address).to_string()));
    Config::new(identity(me), peers.collect())
}

/// Starts servers 1, 2, ... that know each other.
pub(crate) fn start_all(count: u8) -> Vec<Server> {
    let listeners: Vec<(u8, TcpListener)> = (1..=count).map(|number| (number, listen())).collect();
    let addresses: Vec<(u8, String)> =
        listeners.iter().map(|(number, listener)| (*number, address_of(listener))).collect();
    let start = |(me, listener): (u8, TcpListener)| {
        let others = addresses.iter().filter(|(peer, _)| *peer != me);
        let others: Vec<(u8, &str)> = others.map(|(peer, address)| (*peer, &**address)).collect();
        Server::start(config(me, &others), listener)
    };
    listeners.into_iter().map(start).collect()
}

pub(crate) fn vote(from: u8, to: u8, term: u64) -> Parcel {
    let (from, to) = (server(from), server(to));
    Envelope { from, to, term: Term(term), message: Message::VoteGranted }
}

/// AppendEntries after entry 7 of term 2, with entries of term 3 that carry these commands.
pub(crate) fn append(from: u8, to: u8, commands: &[Vec<u8>]) -> Parcel {
    let entry =
        |command: &Vec<u8>| Entry { term: Term(3), payload: Payload::Command(command.clone()) };
    let count = u64::try_from(commands.len()).expect("few");
    let message = Message::AppendEntries {
        previous: LogPosition { index: Index(7), term: Term(2) },
        entries: commands.iter().map(entry).collect(),
        commit_index: Index(7 + count),
        round: Round(5),
    };
    Envelope { from: server(from), to: server(to), term: Term(3), message }
}
