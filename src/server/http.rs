//! What an operator sees, over HTTP: whether a server lives, how it is, and its metrics.
//!
//! The port is for programs that look - a browser, a load balancer, Prometheus - and whatever they do must
//! cost the server nothing. So this is no web server. It answers GET and HEAD for four pages, one request on
//! each connection, and everything has a bound: how many connections there are, how long one may take, and
//! how much of a request is read. When there are too many connections, the oldest one makes room: an honest
//! one is done in a moment, so the oldest is one that holds its place without using it.
//!
//! # Reading order
//! 1. `exchange`: one connection, from the first byte of the request to the last of the answer.
//! 2. `pages`: what there is to see, and what is said when there is not.
//! 3. `metrics`: every figure under a name, in the format OpenMetrics. `METRICS.md` beside it lists them.

mod exchange;
mod metrics;
mod pages;

use crate::report::Watcher;
use exchange::Exchange;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How many connections there may be.
const MOST: usize = 32;
/// How many may end besides: those that made room, and whose threads have not noticed yet.
const ENDING: usize = 32;
/// How long a connection may take, from its beginning to its end.
const TIME: Duration = Duration::from_secs(5);
/// How long to wait when connections cannot be accepted.
const PAUSE: Duration = Duration::from_millis(50);
/// How much memory the stack of a connection's thread can take.
const STACK: usize = 256 * 1024;

/// The port for operators. Stops when it is dropped.
pub struct Http {
    shared: Arc<Shared>,
    address: SocketAddr,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    watcher: Watcher,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    is_stopping: bool,
    next: u64,
    /// How many threads there are for connections.
    running: usize,
    /// The connections that have not been told to end, the oldest first.
    connections: BTreeMap<u64, TcpStream>,
}

impl Http {
    /// Begins to answer on a listener that is bound.
    ///
    /// # Errors
    /// When the listener has no address, or a thread cannot be started.
    pub fn start(listener: TcpListener, watcher: Watcher) -> io::Result<Http> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { watcher, open: Mutex::default() });
        let listening = Arc::clone(&shared);
        let thread = thread::Builder::new().name("http-listener".into());
        let thread = thread.spawn(move || listening.listen(&listener))?;
        Ok(Http { shared, address, listener: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        let mut open = self.shared.lock();
        open.is_stopping = true;
        for stream in open.connections.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(open);
        // The listener looks whether to stop after each connection.
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let address = SocketAddr::new(ip, self.address.port());
        let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
        if let Some(listener) = self.listener.take() {
            // A listener that panicked has told so on standard error, and has ended.
            let _ = listener.join();
        }
    }
}

impl Shared {
    /// Accepts connections until it is to stop, and ends only after each has ended.
    fn listen(self: &Arc<Shared>, listener: &TcpListener) {
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        while !self.lock().is_stopping {
            match listener.accept() {
                Ok((stream, _)) => {
                    threads.retain(|thread| !thread.is_finished());
                    threads.extend(self.begin(stream));
                }
                // The connection may have gone already; or the system has none left.
                Err(_) => thread::sleep(PAUSE),
            }
        }
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// Lets a connection in, for which the oldest one may have to go.
    fn begin(self: &Arc<Shared>, stream: TcpStream) -> Option<JoinHandle<()>> {
        let second = stream.try_clone().ok()?;
        let mut open = self.lock();
        if open.is_stopping || open.running >= MOST + ENDING {
            return None;
        }
        if open.connections.len() >= MOST
            && let Some((_, oldest)) = open.connections.pop_first()
        {
            let _ = oldest.shutdown(Shutdown::Both);
        }
        open.next += 1;
        let number = open.next;
        open.running += 1;
        open.connections.insert(number, second);
        drop(open);
        let shared = Arc::clone(self);
        let work = move || {
            let _entry = Entry { shared: &shared, number };
            // Somebody who goes, or is too slow, ends its own connection and nothing else.
            let _ = Exchange::new(&stream, TIME).answer(&shared.watcher);
        };
        let thread = thread::Builder::new().name("http".into()).stack_size(STACK).spawn(work);
        if thread.is_err() {
            self.leave(number);
        }
        thread.ok()
    }

    fn leave(&self, number: u64) {
        let mut open = self.lock();
        open.connections.remove(&number);
        open.running -= 1;
    }

    /// Nothing can panic while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that counts as running.
struct Entry<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.shared.leave(self.number);
    }
}
