//! Nodes on loopback with disks in memory, and clients that speak RESP.
#![allow(dead_code, reason = "each test crate uses its own part of this module")]

use quorate_core::{Configuration, ServerId};
use quorate_net::handshake::Identity;
use quorate_net::peers;
use quorate_net::resp::{self, Value, decode};
use quorate_runtime::memory::Disk;
use quorate_runtime::{Config, RoleName};
use quorate_server::{ClientSettings, Command, Node, NodeConfig};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn server(number: usize) -> ServerId {
    ServerId::new(u8::try_from(number).expect("small")).expect("between 1 and 64")
}

fn listen(address: &str) -> TcpListener {
    TcpListener::bind(address).expect("the port is free")
}

/// Several nodes, each of which can be stopped and started again.
pub(crate) struct Cluster {
    pub(crate) disks: Vec<Disk<Command>>,
    /// For each: where peers, and where clients find it.
    addresses: Vec<(SocketAddr, SocketAddr)>,
    pub(crate) nodes: Vec<Option<Node>>,
    starts: u64,
    settings: ClientSettings,
}

impl Cluster {
    pub(crate) fn start(count: usize) -> Cluster {
        Cluster::start_with(count, ClientSettings::default())
    }

    pub(crate) fn start_with(count: usize, settings: ClientSettings) -> Cluster {
        let listeners: Vec<(TcpListener, TcpListener)> =
            (0..count).map(|_| (listen("127.0.0.1:0"), listen("127.0.0.1:0"))).collect();
        let address = |listener: &TcpListener| listener.local_addr().expect("it is bound");
        let mut cluster = Cluster {
            disks: (0..count).map(|_| Disk::new()).collect(),
            addresses: listeners.iter().map(|(one, two)| (address(one), address(two))).collect(),
            nodes: (0..count).map(|_| None).collect(),
            starts: 0,
            settings,
        };
        for (place, listeners) in listeners.into_iter().enumerate() {
            cluster.start_node_on(place, listeners);
        }
        cluster
    }

    /// Starts a node again, where it was.
    pub(crate) fn start_node(&mut self, place: usize) {
        let (for_peers, for_clients) = self.addresses[place];
        let listeners = (listen(&for_peers.to_string()), listen(&for_clients.to_string()));
        self.start_node_on(place, listeners);
    }

    fn start_node_on(&mut self, place: usize, listeners: (TcpListener, TcpListener)) {
        self.starts += 1;
        let me = Identity { cluster: 7, server: server(place + 1), incarnation: self.starts };
        let all = self.addresses.iter().enumerate();
        let others = all.filter(|(other, _)| *other != place);
        let others = others.map(|(other, (address, _))| (server(other + 1), address.to_string()));
        let voters = (1..=self.disks.len()).map(server).collect();
        let voters = Configuration::new(voters).expect("few enough");
        let mut runtime = Config::new(me.server, voters);
        runtime.timing.request_timeout = Duration::from_secs(3);
        let config = NodeConfig {
            runtime,
            peers: peers::Config::new(me, others.collect()),
            clients: self.settings.clone(),
        };
        let disk = &self.disks[place];
        let storage = (disk.storage(), disk.recovered());
        let node = Node::start(config, listeners, storage, |_| {});
        self.nodes[place] = Some(node.expect("it starts"));
    }

    pub(crate) fn stop_node(&mut self, place: usize) {
        self.nodes[place].take().expect("it runs").shutdown().expect("it has not failed");
    }

    /// Waits until there is a leader that all running nodes know, and returns its place.
    pub(crate) fn leader(&self) -> usize {
        let mut found = None;
        wait_until("there is a leader", || {
            let running =
                || self.nodes.iter().enumerate().filter_map(|(p, n)| Some((p, n.as_ref()?)));
            let leads = |node: &Node| node.client().status().role == RoleName::Leader;
            found = running().find(|(_, node)| leads(node)).map(|(place, _)| place);
            let id = found.map(|place| server(place + 1));
            id.is_some() && running().all(|(_, node)| node.client().status().leader == id)
        });
        found.expect("found")
    }

    pub(crate) fn connect(&self, place: usize) -> Connection {
        let stream = TcpStream::connect(self.addresses[place].1).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Connection { stream, arrived: Vec::new() }
    }
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    arrived: Vec<u8>,
}

impl Connection {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it is open");
    }

    /// The next reply; nothing if the connection is closed first.
    pub(crate) fn receive(&mut self) -> Option<Value> {
        loop {
            if let Some((value, length)) = decode(&self.arrived).expect("it is a reply") {
                self.arrived.drain(..length);
                return Some(value);
            }
            let mut piece = [0; 65536];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(count) => self.arrived.extend_from_slice(&piece[..count]),
                Err(error) => panic!("no reply: {error}"),
            }
        }
    }

    /// The reply to a command whose words have no spaces.
    pub(crate) fn ask(&mut self, line: &str) -> Value {
        self.send(&encode(line));
        self.receive().expect("it answers")
    }
}

pub(crate) fn encode(line: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let words: Vec<&str> = line.split(' ').collect();
    resp::write_array(&mut out, words.len());
    words.iter().for_each(|word| resp::write_bulk(&mut out, word.as_bytes()));
    out
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
