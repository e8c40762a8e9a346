//! Starting a server on its sockets, and stopping it.

use crate::asking::Patience;
use crate::clients::{ClientSettings, Clients, Known};
use crate::links::{Links, MeshTransport};
use crate::machine::Machine;
use crate::report::Watcher;
use quorate_kv::Command;
use quorate_net::peers;
use quorate_runtime::{
    Client, Config, Error, Limits, Parts, Recovered, Server, Storage, SystemClock,
};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Everything that a node is told when it starts.
pub struct NodeConfig {
    /// The settings of the runtime.
    pub runtime: Config,
    /// The other servers, and how long to wait for them.
    pub peers: peers::Config,
    /// What clients may do.
    pub clients: ClientSettings,
}

/// Why a node does not start.
#[derive(Debug)]
pub enum StartError {
    /// The runtime or the connections to other servers do not start.
    Server(quorate_runtime::StartError),
    /// The listener for clients or its thread fails.
    Clients(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Server(error) => write!(f, "{error}"),
            StartError::Clients(error) => write!(f, "clients cannot be served: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// A server of the key-value store that runs in this process.
pub struct Node {
    server: Option<Server<Machine>>,
    client: Client<Machine>,
    clients: Arc<Clients>,
    threads: Vec<JoinHandle<()>>,
    limits: Limits,
}

impl Node {
    /// Starts a server with the storage and what it holds, on two listeners that are bound: one for the
    /// other servers, one for clients. `observer` hears of what happens on the connections between servers.
    ///
    /// # Errors
    /// Settings that cannot work, or a system without threads or sockets to spare. Nothing runs then.
    pub fn start<S: Storage<Command = Command>>(
        config: NodeConfig,
        listeners: (TcpListener, TcpListener),
        (storage, recovered): (S, Recovered<Command>),
        observer: impl Fn(&peers::Event) + Send + Sync + 'static,
    ) -> Result<Node, StartError> {
        let NodeConfig { runtime, peers, clients: settings } = config;
        let (for_peers, for_clients) = listeners;
        let (me, limits) = (runtime.id, runtime.limits);
        let (request, leader) = (runtime.timing.request_timeout, runtime.timing.election_max);
        let patience = Patience { request, leader };
        let address = for_clients.local_addr().map_err(StartError::Clients)?;
        let (machine, links) = (Machine::default(), Links::new(me, Box::new(observer)));
        let transport = MeshTransport {
            links: Arc::clone(&links),
            start: Some((peers, for_peers)),
            packets: Vec::new(),
        };
        let clock = SystemClock::new();
        let parts = Parts { machine: machine.clone(), storage, recovered, transport, clock };
        let server = Server::start(runtime, parts).map_err(StartError::Server)?;
        let client = server.client();
        links.serve(client.clone());
        let known =
            Known { me, settings, client: client.clone(), links, machine, patience, address };
        let started = Clients::start(known, for_clients);
        let (clients, threads) = started.map_err(StartError::Clients)?;
        Ok(Node { server: Some(server), client, clients, threads, limits })
    }

    /// A way to the server of this process.
    pub fn client(&self) -> &Client<Machine> {
        &self.client
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.clients.known.address
    }

    /// The figures of the connections to the other servers.
    pub fn peers(&self) -> Vec<peers::PeerStatus> {
        self.clients.known.links.status()
    }

    /// Looks at this server from other threads.
    pub fn watcher(&self) -> Watcher {
        Watcher { clients: Arc::clone(&self.clients), limits: self.limits }
    }

    /// Lets every client have the replies to what has arrived from it, closes all connections, and stops.
    ///
    /// # Errors
    /// Why the server had stopped before.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.stop_clients();
        self.server.take().map_or(Ok(()), Server::shutdown)
    }

    fn stop_clients(&mut self) {
        self.clients.stop();
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so on standard error, and has ended.
            let _ = thread.join();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop_clients();
    }
}
