//! Clients that ask as fast as they are answered, each one thing at a time.
//!
//! Each has a connection and a thread. That costs the machine more than one thread for all would, and is what
//! programs with clients of their own do.

use super::client::Client;
use super::latency::Measured;
use quorate_net::resp::Value;
use std::io;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many keys there are.
const KEYS: usize = 1_000;
/// The length of a value in bytes.
pub(super) const LENGTH: usize = 256;
/// What each key is set to.
const VALUE: [u8; LENGTH] = [b'v'; LENGTH];
/// How long an answer is waited for. A server promises one sooner.
const PATIENCE: Duration = Duration::from_secs(20);

/// What clients ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Durable writes.
    Set,
    /// Linearizable reads.
    Get,
}

fn key(number: usize) -> Vec<u8> {
    format!("key:{number:06}").into_bytes()
}

/// Sets every key once.
///
/// # Errors
/// When one cannot be set.
pub(super) fn fill(port: u16) -> Result<(), String> {
    let keys: Vec<Vec<u8>> = (0..KEYS).map(key).collect();
    let commands: Vec<[&[u8]; 3]> = keys.iter().map(|key| [b"SET", &key[..], &VALUE]).collect();
    let commands: Vec<&[&[u8]]> = commands.iter().map(|words| &words[..]).collect();
    let replies = Client::connect(port, PATIENCE).and_then(|mut client| client.ask_all(&commands));
    let replies = replies.map_err(|error| format!("port {port}: {error}"))?;
    match replies.into_iter().find(|reply| *reply != Value::OK) {
        Some(reply) => Err(format!("port {port}: SET: {reply:?}; expected OK")),
        None => Ok(()),
    }
}

/// Lets so many clients work for some time.
///
/// # Errors
/// When one cannot connect, or gets anything but what it asked for.
pub(super) fn run(
    port: u16,
    clients: usize,
    work: Work,
    time: Duration,
) -> Result<Measured, String> {
    let connect = |_| Client::connect(port, PATIENCE);
    let connected = (0..clients).map(connect).collect::<io::Result<Vec<Client>>>();
    let connected = connected.map_err(|error| format!("port {port}: {error}"))?;
    let (ready, is_over) = (&Barrier::new(clients + 1), &AtomicBool::new(false));
    thread::scope(|scope| {
        let start = |(number, mut client): (usize, Client)| {
            scope.spawn(move || {
                ready.wait();
                ask_until(is_over, &mut client, number, work)
            })
        };
        let threads: Vec<_> = connected.into_iter().enumerate().map(start).collect();
        ready.wait();
        let begun = Instant::now();
        thread::sleep(time);
        is_over.store(true, Ordering::Relaxed);
        let mut times = Vec::new();
        for thread in threads {
            let ended = thread.join().map_err(|_| "a client panicked".to_owned())?;
            times.extend(ended.map_err(|error| format!("port {port}: {error}"))?);
        }
        Ok(Measured::new(times, begun.elapsed()))
    })
}

/// Asks again and again. Returns how long each request took.
fn ask_until(
    is_over: &AtomicBool,
    client: &mut Client,
    number: usize,
    work: Work,
) -> io::Result<Vec<Duration>> {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let key = key(random.usize(0..KEYS));
        let begun = Instant::now();
        match work {
            Work::Set => client.set(&key, &VALUE)?,
            Work::Get => match client.ask(&[b"GET", &key])? {
                Value::Bulk(value) if value == VALUE => (),
                other => {
                    let what = format!("GET: {other:?}; expected what was set");
                    return Err(io::Error::other(what));
                }
            },
        }
        times.push(begun.elapsed());
    }
    Ok(times)
}
