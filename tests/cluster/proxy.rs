//! The network between servers, as bad as it can be: each server reaches each other one through a proxy of its
//! own, which loses frames, delays them, and ends connections.
//!
//! A connection between servers carries messages from the one that dialed to the one that accepted, and back only
//! an answer to the hello. So a link here is one direction: to cut it is a partition in one direction. The
//! proxies understand as much of the bytes as they must: a hello of 40 bytes, and then frames, of which whole ones
//! are lost or kept. What is lost is lost without a word, and the connection stays.

use quorate_net::frame::HEADER;
use quorate_net::handshake::HELLO;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a link does with what is sent on it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Weather {
    /// How many of 100 frames are lost.
    pub(crate) loss: u8,
    /// How long a frame takes at most; each takes another time, and none overtakes another.
    pub(crate) delay: Duration,
    /// Whether nothing moves: what is sent arrives when this is over, as far as there is room for it.
    pub(crate) stalled: bool,
}

impl Weather {
    /// Everything is lost, new connections too.
    pub(crate) const CUT: Weather = Weather { loss: 100, delay: Duration::ZERO, stalled: false };
}

/// How many frames may be on their way on one connection.
const ON_THE_WAY: usize = 1024;

/// How often a link that stands still is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The way from one server to another.
pub(crate) struct Link {
    /// Where the one connects.
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    weather: Weather,
    random: fastrand::Rng,
    /// Both ends of every connection.
    open: Vec<TcpStream>,
    is_over: bool,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    /// A link to a port of loopback.
    pub(crate) fn to(port: u16, seed: u64) -> Link {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a port");
        let here = listener.local_addr().expect("it is bound").port();
        let random = fastrand::Rng::with_seed(seed);
        let weather = Weather::default();
        let state = Arc::new(Mutex::new(State { weather, random, open: vec![], is_over: false }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if lock(&shared).is_over {
                    return;
                }
                carry(stream, port, &shared);
            }
        });
        Link { port: here, state }
    }

    /// Changes what becomes of frames from now on.
    pub(crate) fn set(&self, weather: Weather) {
        lock(&self.state).weather = weather;
    }

    /// Ends all connections.
    pub(crate) fn reset(&self) {
        for stream in lock(&self.state).open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        lock(&self.state).is_over = true;
        self.reset();
        // Whoever waits for connections hears of it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Carries a connection on to a port, in threads of its own that end with it.
fn carry(near: TcpStream, port: u16, state: &Arc<Mutex<State>>) {
    let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let prepared = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
    let clones = || -> io::Result<_> {
        Ok((near.try_clone()?, near.try_clone()?, far.try_clone()?, far.try_clone()?))
    };
    let (Ok(()), Ok((near_back, near_kept, far_back, far_kept))) = (prepared, clones()) else {
        return;
    };
    {
        let mut state = lock(state);
        state.open.retain(|stream| stream.peer_addr().is_ok());
        state.open.extend([near_kept, far_kept]);
    }
    let (sender, receiver) = sync_channel(ON_THE_WAY);
    let there = Arc::clone(state);
    thread::spawn(move || {
        let _ = take(near, &there, &sender);
    });
    let there = Arc::clone(state);
    thread::spawn(move || deliver(&receiver, far, &there));
    thread::spawn(move || answer(far_back, near_back));
}

/// Takes the hello and the frames that follow it, and says when each is to arrive.
fn take(
    mut near: TcpStream,
    state: &Mutex<State>,
    sender: &SyncSender<(Instant, Vec<u8>)>,
) -> io::Result<()> {
    let mut unit = vec![0; HELLO];
    near.read_exact(&mut unit)?;
    loop {
        let due = {
            let mut state = lock(state);
            let Weather { loss, delay, .. } = state.weather;
            let is_lost = state.random.u8(..100) < loss;
            let most = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
            let delay = Duration::from_micros(state.random.u64(..=most));
            (!is_lost).then(|| Instant::now() + delay)
        };
        if let Some(due) = due
            && sender.send((due, unit)).is_err()
        {
            return Ok(());
        }
        let mut header = [0; HEADER];
        near.read_exact(&mut header)?;
        let [a, b, c, d, ..] = header;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        unit = header.to_vec();
        let read = (&near).take(length as u64).read_to_end(&mut unit)?;
        if read < length {
            return Ok(());
        }
    }
}

/// Delivers what was taken, each when it is due, unless nothing moves.
fn deliver(receiver: &Receiver<(Instant, Vec<u8>)>, mut far: TcpStream, state: &Mutex<State>) {
    for (due, unit) in receiver {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        loop {
            let state = lock(state);
            if state.is_over || !state.weather.stalled {
                break;
            }
            drop(state);
            thread::sleep(LOOK);
        }
        if far.write_all(&unit).is_err() {
            break;
        }
    }
    let _ = far.shutdown(Shutdown::Both);
}

/// Carries back what the other side answers; when it ends, so does the whole connection.
fn answer(mut far: TcpStream, mut near: TcpStream) {
    let _ = io::copy(&mut far, &mut near);
    let _ = near.shutdown(Shutdown::Both);
}

/// All links between some servers.
pub(crate) struct Links {
    /// For each server, the link to each other one; to itself there is one too, which nobody uses.
    links: Vec<Vec<Link>>,
}

impl Links {
    /// Links between servers that listen at these ports.
    pub(crate) fn between(ports: &[u16], seed: u64) -> Links {
        let row = |from: usize| {
            let link = |(to, port): (usize, &u16)| Link::to(*port, seed ^ (from * 8 + to) as u64);
            ports.iter().enumerate().map(link).collect()
        };
        Links { links: (0..ports.len()).map(row).collect() }
    }

    /// Where one server reaches another.
    pub(crate) fn port(&self, from: usize, to: usize) -> u16 {
        self.links[from][to].port
    }

    /// The links from one server to another, for all pairs that are wanted.
    pub(crate) fn each(
        &self,
        wanted: impl Fn(usize, usize) -> bool,
    ) -> impl Iterator<Item = &Link> {
        let pairs =
            self.links.iter().enumerate().flat_map(|(from, row)| {
                row.iter().enumerate().map(move |(to, link)| (from, to, link))
            });
        pairs.filter(move |(from, to, _)| from != to && wanted(*from, *to)).map(|(.., link)| link)
    }

    /// The same weather on all wanted links.
    pub(crate) fn set(&self, weather: Weather, wanted: impl Fn(usize, usize) -> bool) {
        self.each(wanted).for_each(|link| link.set(weather));
    }

    /// Everything arrives again, at once.
    pub(crate) fn heal(&self) {
        self.set(Weather::default(), |_, _| true);
    }
}
