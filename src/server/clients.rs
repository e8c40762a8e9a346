//! All clients of one server: who is connected, and the threads that serve them.

use crate::asking::Patience;
use crate::desk::{Desk, Newcomer, SLOTS};
use crate::links::Links;
use crate::machine::Machine;
use crate::report::count;
use crate::seldom::Seldom;
use crate::tasks::{Bed, Tasks};
use mio::net::TcpStream;
use quorate_core::ServerId;
use quorate_kv::{Host, Info, Session};
use quorate_net::resp;
use quorate_runtime::{Client, RoleName};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// For so many processors there is one thread for clients.
const PROCESSORS: usize = 4;
/// More threads are of no use: all that they do goes through one driver.
const MOST_THREADS: usize = 4;
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
    /// How many commands of one client are under way at a time, at most 4,096; more wait their turn. Default
    /// 1,024.
    pub pipeline: usize,
    /// When so many bytes of replies wait for a client, it is not served on until it has read. Default 1 MiB.
    pub output: usize,
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
            pipeline: 1024,
            output: 1024 * 1024,
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
    refusals: Seldom,
    pub(crate) stalls: Seldom,
    /// The desks of the threads.
    desks: Vec<Arc<Desk>>,
}

#[derive(Default)]
struct Open {
    is_stopping: bool,
    next: u64,
    connections: BTreeMap<u64, Arc<Mutex<Session>>>,
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
    /// Starts the threads that serve clients. They end some time after [`Clients::stop`].
    pub(crate) fn start(
        known: Known,
        listener: TcpListener,
    ) -> io::Result<(Arc<Clients>, Vec<JoinHandle<()>>)> {
        let beds = (0..threads()).map(|_| Bed::new()).collect::<io::Result<Vec<Bed>>>()?;
        let clients = Arc::new(Clients {
            known,
            begun: Instant::now(),
            open: Mutex::new(Open::default()),
            refusals: Seldom::new(TELL),
            stalls: Seldom::new(TELL),
            desks: beds.iter().map(|bed| Arc::clone(&bed.desk)).collect(),
        });
        let (mut listener, mut threads) = (Some(listener), Vec::new());
        for (number, bed) in beds.into_iter().enumerate() {
            let started =
                Tasks::new(bed, Arc::clone(&clients), listener.take()).and_then(|tasks| {
                    let thread = thread::Builder::new().name(format!("clients-{number}"));
                    thread.spawn(move || tasks.run())
                });
            match started {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    clients.stop();
                    return Err(error);
                }
            }
        }
        Ok((clients, threads))
    }

    /// Lets a client in, if there is room for it.
    pub(crate) fn begin(&self, stream: TcpStream, address: SocketAddr) {
        // A connection without it works, only later.
        let _ = stream.set_nodelay(true);
        let mut open = self.lock();
        if open.is_stopping {
            return;
        }
        if open.connections.len() >= self.known.settings.connections.min(SLOTS) {
            drop(open);
            self.tell_refusal();
            let mut out = Vec::new();
            resp::write_error(&mut out, "ERR max number of clients reached");
            // That it may not read it changes nothing.
            let _ = (&stream).write_all(&out);
            return;
        }
        open.next += 1;
        let number = open.next;
        let session = Session::new(number, address.to_string(), self.known.settings.sizes);
        let session = Arc::new(Mutex::new(session));
        open.connections.insert(number, Arc::clone(&session));
        drop(open);
        count(&self.known.links.counters.accepted, 1);
        tracing::debug!(client = number, %address, "let a client in");
        let desk = &self.desks[number as usize % self.desks.len()];
        desk.put(|letters| letters.newcomers.push(Newcomer { stream, number, session }));
    }

    /// Lets nobody in any more, lets every client have the replies to what has arrived from it, and closes
    /// all connections.
    pub(crate) fn stop(&self) {
        self.lock().is_stopping = true;
        for desk in &self.desks {
            desk.put(|letters| letters.is_stopping = true);
        }
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

    /// Forgets a client that has gone.
    pub(crate) fn leave(&self, number: u64) {
        self.lock().connections.remove(&number);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where clients reach a server.
    pub(crate) fn reach(&self, server: ServerId) -> (u8, String, u16) {
        let known = self.known.settings.servers.iter().find(|(known, ..)| *known == server);
        let (host, port) = known.map_or_else(Default::default, |(_, h, p)| (h.clone(), *p));
        (server.get(), host, port)
    }
}

/// How many threads serve clients: few, for the work is others'.
fn threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    (processors / PROCESSORS).clamp(1, MOST_THREADS)
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
            followers: self.followers(&status),
            last_index: status.last_index.0,
            durable_index: status.durable_index.0,
            commit_index: status.commit_index.0,
            last_applied: status.last_applied.0,
            log_bytes: status.log_bytes,
            port: self.known.address.port(),
            uptime: self.begun.elapsed().as_secs(),
            clients: self.connections(),
            keys: self.known.machine.keys(),
        }
    }

    fn clients_but(&self, number: u64) -> Vec<String> {
        let open = self.lock();
        let others = open.connections.iter().filter(|(other, _)| **other != number);
        // Whoever asks holds the lock of its own session, so nobody waits here for another's. One that is
        // just taking a command is told of by its number.
        let describe = |(number, session): (&u64, &Arc<Mutex<Session>>)| match session.try_lock() {
            Ok(session) => session.describe(),
            Err(_) => format!("id={number}"),
        };
        others.map(describe).collect()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let settings = &self.known.settings;
        vec![
            ("save", String::new()),
            ("appendonly", "yes".into()),
            ("appendfsync", "always".into()),
            ("databases", "1".into()),
            ("maxclients", settings.connections.to_string()),
            ("max-pipeline", settings.pipeline.to_string()),
            ("max-key-bytes", settings.sizes.key.to_string()),
            ("max-value-bytes", settings.sizes.value.to_string()),
            ("max-output-bytes", settings.output.to_string()),
            ("output-timeout", format!("{}ms", settings.stalled.as_millis())),
        ]
    }
}
