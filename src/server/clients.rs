//! All clients of one server: who is connected, and the threads that serve them.

use crate::asking::{Asker, Patience};
use crate::connection::{Connection, Pending};
use crate::links::Links;
use crate::machine::Machine;
use crate::report::count;
use crate::seldom::Seldom;
use quorate_core::ServerId;
use quorate_kv::{Host, Info, Session};
use quorate_net::resp::{self, Requests};
use quorate_runtime::{Client, RoleName};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How much memory the stack of a connection's thread can take.
const STACK: usize = 512 * 1024;
/// How long to wait when connections cannot be accepted.
const PAUSE: Duration = Duration::from_millis(50);
/// How often at most it is told that there are too many clients.
const TELL: Duration = Duration::from_secs(10);

/// What clients may do.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How many may be connected. Default 10,000.
    pub connections: usize,
    /// How much of a command may arrive.
    pub requests: resp::Limits,
    /// How large keys and values may be.
    pub sizes: quorate_kv::Limits,
    /// How long a client may leave replies unread before it is given up. Default 10 s.
    pub stalled: Duration,
    /// Where clients reach the other servers: host and port.
    pub servers: Vec<(ServerId, String, u16)>,
}

impl Default for ClientSettings {
    fn default() -> ClientSettings {
        ClientSettings {
            connections: 10_000,
            requests: resp::Limits::default(),
            sizes: quorate_kv::Limits::default(),
            stalled: Duration::from_secs(10),
            servers: Vec::new(),
        }
    }
}

/// All clients, as every connection sees them.
pub(crate) struct Clients {
    pub(crate) known: Known,
    begun: Instant,
    open: Mutex<Open>,
    has_ended: Condvar,
    refusals: Seldom,
}

#[derive(Default)]
struct Open {
    is_stopping: bool,
    next: u64,
    connections: BTreeMap<u64, (TcpStream, Arc<Mutex<Session>>)>,
}

/// What a server knows before clients come.
pub(crate) struct Known {
    pub(crate) me: ServerId,
    pub(crate) settings: ClientSettings,
    pub(crate) client: Client<Machine>,
    pub(crate) links: Arc<Links>,
    pub(crate) machine: Machine,
    pub(crate) patience: Patience,
    pub(crate) address: SocketAddr,
}

impl Clients {
    pub(crate) fn new(known: Known) -> Arc<Clients> {
        let (open, has_ended) = (Mutex::new(Open::default()), Condvar::new());
        let refusals = Seldom::new(TELL);
        Arc::new(Clients { known, begun: Instant::now(), open, has_ended, refusals })
    }

    /// Accepts connections until the server stops, and ends only after each has ended.
    pub(crate) fn listen(self: &Arc<Clients>, listener: &TcpListener) {
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        while !self.lock().is_stopping {
            match listener.accept() {
                Ok((stream, address)) => {
                    threads.retain(|thread| !thread.is_finished());
                    threads.extend(self.begin(stream, address));
                }
                // The connection may have gone already; or the system has none left.
                Err(_) => thread::sleep(PAUSE),
            }
        }
        for thread in threads {
            // A thread that panicked has told so on standard error, and has ended.
            let _ = thread.join();
        }
    }

    /// Lets a client in, if there is room for it.
    fn begin(
        self: &Arc<Clients>,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Option<JoinHandle<()>> {
        let refuse = |mut stream: &TcpStream, why: &str| {
            let mut out = Vec::new();
            resp::write_error(&mut out, why);
            // That it may not read it changes nothing.
            let _ = stream.write_all(&out);
        };
        let second = stream.try_clone().ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_write_timeout(Some(self.known.settings.stalled)).ok()?;
        let mut open = self.lock();
        if open.is_stopping {
            return None;
        }
        if open.connections.len() >= self.known.settings.connections {
            drop(open);
            self.tell_refusal();
            refuse(&stream, "ERR max number of clients reached");
            return None;
        }
        open.next += 1;
        let number = open.next;
        let session = Session::new(number, address.to_string(), self.known.settings.sizes);
        let session = Arc::new(Mutex::new(session));
        open.connections.insert(number, (second, Arc::clone(&session)));
        drop(open);
        count(&self.known.links.counters.accepted, 1);
        tracing::debug!(client = number, %address, "let a client in");
        let clients = Arc::clone(self);
        let work = move || {
            let _entry = Entry { clients: &clients, number };
            // A client that goes, or does not read, ends its connection and nothing else.
            let _ = clients.connection(stream, session).serve();
        };
        let thread = thread::Builder::new().name("client".into()).stack_size(STACK);
        let thread = thread.spawn(work).ok();
        if thread.is_none() {
            self.leave(number);
        }
        thread
    }

    fn connection(
        self: &Arc<Clients>,
        stream: TcpStream,
        session: Arc<Mutex<Session>>,
    ) -> Connection {
        let asker = Asker {
            me: self.known.me,
            client: self.known.client.clone(),
            links: Arc::clone(&self.known.links),
            patience: self.known.patience,
            leader: None,
        };
        Connection {
            stream,
            requests: Requests::new(self.known.settings.requests),
            session,
            asker,
            machine: self.known.machine.clone(),
            clients: Arc::clone(self),
            run: Pending::default(),
            out: Vec::new(),
            has_failed: false,
        }
    }

    /// Lets nobody in any more, lets every client have the replies to what has arrived from it, and closes
    /// all connections.
    pub(crate) fn stop(&self) {
        let mut open = self.lock();
        open.is_stopping = true;
        for (stream, _) in open.connections.values() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        let until = Instant::now() + self.known.patience.request;
        while !open.connections.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.has_ended.wait_timeout(open, left);
            open = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        for (stream, _) in open.connections.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(open);
        let ip = match self.known.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        // The listener looks whether to stop after each connection. If none can be opened, others wait
        // to be accepted already.
        let address = SocketAddr::new(ip, self.known.address.port());
        let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
    }

    fn tell_refusal(&self) {
        count(&self.known.links.counters.refused, 1);
        if let Some(refused) = self.refusals.happens() {
            let limit = self.known.settings.connections;
            tracing::warn!(limit, refused, "refused clients, because too many are connected");
        }
    }

    /// How many clients are connected.
    pub(crate) fn connected(&self) -> usize {
        self.lock().connections.len()
    }

    /// For how long clients have been served.
    pub(crate) fn uptime(&self) -> Duration {
        self.begun.elapsed()
    }

    fn leave(&self, number: u64) {
        self.lock().connections.remove(&number);
        self.has_ended.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where clients reach a server.
    fn reach(&self, server: ServerId) -> (u8, String, u16) {
        let known = self.known.settings.servers.iter().find(|(known, ..)| *known == server);
        let (host, port) = known.map_or_else(Default::default, |(_, h, p)| (h.clone(), *p));
        (server.get(), host, port)
    }
}

/// A connection on the list of those that are open.
struct Entry<'a> {
    clients: &'a Clients,
    number: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.clients.leave(self.number);
    }
}

impl Host for Clients {
    fn info(&self) -> Info {
        let status = self.known.client.status();
        Info {
            server: self.known.me.get(),
            role: status.role.to_string(),
            is_leader: status.role == RoleName::Leader,
            term: status.term.0,
            leader: status.leader.map(|leader| self.reach(leader)),
            followers: Vec::new(),
            last_index: status.last_index.0,
            durable_index: status.durable_index.0,
            commit_index: status.commit_index.0,
            last_applied: status.last_applied.0,
            log_bytes: status.log_bytes,
            port: self.known.address.port(),
            uptime: self.begun.elapsed().as_secs(),
            clients: self.lock().connections.len(),
        }
    }

    fn clients_but(&self, number: u64) -> Vec<String> {
        let open = self.lock();
        let others = open.connections.iter().filter(|(other, _)| **other != number);
        // Whoever asks holds the lock of its own session, so nobody waits here for another's. One that is
        // just taking a command is told of by its number.
        let describe =
            |(number, (_, session)): (&u64, &(TcpStream, Arc<Mutex<Session>>))| match session
                .try_lock()
            {
                Ok(session) => session.describe(),
                Err(_) => format!("id={number}"),
            };
        others.map(describe).collect()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("save", String::new()),
            ("appendonly", "yes".into()),
            ("appendfsync", "always".into()),
            ("databases", "1".into()),
            ("maxclients", self.known.settings.connections.to_string()),
        ]
    }
}
