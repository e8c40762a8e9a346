//! The threads that serve clients: few, for any number of connections.
//!
//! A thread sleeps until the system tells of sockets, another thread rings, or somebody's patience ends. Then it is one
//! turn: it takes all that lies on its desk, hears of all sockets, lets each connection that something happened to have
//! its turn, and makes the requests of all of them with one lock and one wake-up of the driver. So under load the
//! batches of clients, driver and disk form by themselves, and an idle connection costs its memory and nothing else.
//!
//! What lies on the desk is looked at before anybody's patience is: an outcome that has come is never taken for one
//! that has not.

use crate::asking::Way;
use crate::clients::Clients;
use crate::connection::{Connection, Means, Next};
use crate::deadlines::Deadlines;
use crate::desk::{Address, Desk, Letters, Newcomer, SLOTS};
use crate::packet::Failure;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The event of a ring.
const RING: Token = Token(usize::MAX);
/// The event of a connection that waits to be accepted.
const LISTENER: Token = Token(usize::MAX - 1);
/// How many events are heard of at a time.
const EVENTS: usize = 1024;
/// How many connections are accepted before those that are open have a turn.
const ACCEPTS: usize = 64;
/// How long to wait when connections cannot be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Where a thread sleeps, before the thread is there.
pub(crate) struct Bed {
    poll: Poll,
    pub(crate) desk: Arc<Desk>,
}

impl Bed {
    pub(crate) fn new() -> io::Result<Bed> {
        let poll = Poll::new()?;
        let desk = Desk::new(poll.registry(), RING)?;
        Ok(Bed { poll, desk })
    }
}

/// What one thread owns.
pub(crate) struct Tasks {
    poll: Poll,
    means: Means,
    listener: Option<TcpListener>,
    /// When to try to accept again, besides when the system tells.
    accept_at: Option<Instant>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// The slots that have a turn.
    ready: Vec<usize>,
    deadlines: Deadlines,
    /// When it ends, whoever is still connected.
    end_at: Option<Instant>,
}

/// A place for a connection.
#[derive(Default)]
struct Slot {
    connection: Option<Connection>,
    is_ready: bool,
}

impl Tasks {
    /// The state of a thread; one of them accepts connections for all.
    pub(crate) fn new(
        bed: Bed,
        clients: Arc<Clients>,
        listener: Option<std::net::TcpListener>,
    ) -> io::Result<Tasks> {
        let Bed { poll, desk } = bed;
        let mut listener = match listener {
            Some(listener) => {
                listener.set_nonblocking(true)?;
                Some(TcpListener::from_std(listener))
            }
            None => None,
        };
        if let Some(listener) = &mut listener {
            poll.registry().register(listener, LISTENER, Interest::READABLE)?;
        }
        let known = &clients.known;
        let way = Way {
            me: known.me,
            client: known.client.clone(),
            links: Arc::clone(&known.links),
            patience: known.patience,
            recipient: Arc::clone(&desk) as _,
            desk,
            leader: None,
            requests: Vec::new(),
            last_attempt: 0,
            now: Instant::now(),
        };
        let (input, output) = (Vec::new(), Vec::new());
        Ok(Tasks {
            poll,
            means: Means { way, clients, input, output },
            listener,
            accept_at: None,
            slots: Vec::new(),
            free: Vec::new(),
            ready: Vec::new(),
            deadlines: Deadlines::default(),
            end_at: None,
        })
    }

    /// Serves until the server stops and every client has gone, or has had time enough to.
    pub(crate) fn run(mut self) {
        let (mut events, mut letters) = (Events::with_capacity(EVENTS), Letters::default());
        while !self.is_over() {
            self.sleep(&mut events);
            self.means.way.now = Instant::now();
            self.means.way.desk.take(&mut letters);
            self.take_letters(&mut letters);
            self.take_events(&events);
            while let Some(slot) = self.deadlines.due(self.means.way.now) {
                self.make_ready(slot);
            }
            self.serve_ready();
            self.means.way.submit();
        }
        for slot in 0..self.slots.len() {
            self.close(slot);
        }
    }

    fn is_over(&self) -> bool {
        let is_empty = self.free.len() == self.slots.len();
        self.end_at.is_some_and(|end| is_empty || end <= self.means.way.now)
    }

    fn sleep(&mut self, events: &mut Events) {
        let patience = if !self.ready.is_empty() || !self.means.way.desk.may_sleep() {
            Some(Duration::ZERO)
        } else {
            let until = [self.deadlines.next(), self.accept_at, self.end_at];
            let until = until.into_iter().flatten().min();
            until.map(|until| until.saturating_duration_since(Instant::now()))
        };
        if let Err(error) = self.poll.poll(events, patience) {
            events.clear();
            // A signal came. Whatever else it is, it must not make this thread spin.
            if error.kind() != ErrorKind::Interrupted {
                std::thread::sleep(PAUSE);
            }
        }
    }

    fn take_letters(&mut self, letters: &mut Letters) {
        for (tag, outcome) in letters.outcomes.drain(..) {
            let address = Address::of(tag);
            if let Some(connection) = self.connection(address.slot) {
                connection.put(address, outcome.map_err(Failure::from));
                self.make_ready(address.slot);
            }
        }
        for (address, outcomes) in letters.runs.drain(..) {
            if let Some(connection) = self.connection(address.slot) {
                connection.put_all(address, outcomes);
                self.make_ready(address.slot);
            }
        }
        for newcomer in letters.newcomers.drain(..) {
            self.let_in(newcomer);
        }
        if std::mem::take(&mut letters.is_stopping) {
            self.begin_to_stop();
        }
    }

    fn take_events(&mut self, events: &Events) {
        for event in events {
            match event.token() {
                RING => {}
                LISTENER => self.accept_at = Some(self.means.way.now),
                Token(slot) => {
                    let Some(connection) = self.connection(slot) else { continue };
                    connection.socket.hear(event);
                    self.make_ready(slot);
                }
            }
        }
        if self.accept_at.is_some_and(|at| at <= self.means.way.now) {
            self.accept_at = self.accept();
        }
    }

    /// Accepts connections. When to go on without being told, if so.
    fn accept(&mut self) -> Option<Instant> {
        let (listener, now) = (self.listener.as_ref()?, self.means.way.now);
        for _ in 0..ACCEPTS {
            match listener.accept() {
                Ok((stream, address)) => self.means.clients.begin(stream, address),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return None,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    // The system may have none left.
                    _ => return Some(now + PAUSE),
                },
            }
        }
        Some(now)
    }

    fn let_in(&mut self, mut newcomer: Newcomer) {
        let slot = self.free.last().copied().unwrap_or(self.slots.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        let is_late = self.end_at.is_some() || slot >= SLOTS;
        if is_late || registry.register(&mut newcomer.stream, Token(slot), interest).is_err() {
            return self.means.clients.leave(newcomer.number);
        }
        if self.free.pop().is_none() {
            self.slots.push(Slot::default());
        }
        self.slots[slot].connection = Some(Connection::new(newcomer, slot, &self.means));
        // What has arrived before is told of now.
    }

    /// Lets every client have the replies to what has arrived from it.
    fn begin_to_stop(&mut self) {
        self.end_at = Some(self.means.way.now + self.means.way.patience.request);
        self.listener = None;
        for slot in 0..self.slots.len() {
            if let Some(connection) = self.connection(slot) {
                connection.socket.end_reading();
                self.make_ready(slot);
            }
        }
    }

    fn connection(&mut self, slot: usize) -> Option<&mut Connection> {
        self.slots.get_mut(slot)?.connection.as_mut()
    }

    fn make_ready(&mut self, slot: usize) {
        if let Some(place) = self.slots.get_mut(slot)
            && !std::mem::replace(&mut place.is_ready, true)
        {
            self.ready.push(slot);
        }
    }

    /// Lets each connection that something happened to have its turn.
    fn serve_ready(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        for slot in ready.drain(..) {
            let place = &mut self.slots[slot];
            place.is_ready = false;
            let Some(connection) = &mut place.connection else { continue };
            let means = &mut self.means;
            // One that panics has told so on standard error, and takes no other with it.
            let next = catch_unwind(AssertUnwindSafe(|| connection.turn(means)));
            match next {
                Ok(Ok(next @ (Next::Wait | Next::Again))) => {
                    if let Some(deadline) = connection.deadline(&self.means) {
                        self.deadlines.want(slot, deadline);
                    }
                    if next == Next::Again {
                        self.make_ready(slot);
                    }
                }
                // A client that goes, or does not read, ends its connection and nothing else.
                Ok(Ok(Next::Close) | Err(_)) | Err(_) => self.close(slot),
            }
        }
        // The memory is used again, unless somebody is ready already.
        if self.ready.is_empty() {
            self.ready = ready;
        }
    }

    fn close(&mut self, slot: usize) {
        let Some(mut connection) = self.slots[slot].connection.take() else { return };
        // What is closed is not told of any more in any case.
        let _ = self.poll.registry().deregister(&mut connection.socket.stream);
        connection.leave(&mut self.means);
        self.free.push(slot);
    }
}
