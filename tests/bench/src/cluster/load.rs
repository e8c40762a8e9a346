//! Clients that ask as fast as they are answered, each one thing at a time.
//!
//! Each client is a connection, and all are served by one thread. Before the clock starts each has asked once, so that
//! no connection is being made while others are measured.

use super::crowd::{Crowd, Heard};
use super::latency::Measured;
use super::process::own_seconds;
use super::servers::Servers;
use super::speech::{Answer, Ask};
use std::time::{Duration, Instant};

/// How many keys there are.
pub(super) const KEYS: usize = 1_000;
/// The length of a value in bytes.
pub(super) const LENGTH: usize = 256;
/// What each key is set to.
const VALUE: [u8; LENGTH] = [b'v'; LENGTH];
/// How long an answer is waited for. A server promises one sooner.
const PATIENCE: Duration = Duration::from_secs(20);

/// What clients ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Work {
    /// Durable writes.
    Set,
    /// Linearizable reads.
    Get,
}

/// For how long they ask, and for which keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Until {
    /// For so long, for keys by chance.
    Time(Duration),
    /// So many requests, for so many keys in turn.
    Count(usize, usize),
}

/// What clients measured, and what it cost.
pub(super) struct Sample {
    /// The times of requests.
    pub(super) measured: Measured,
    /// The processor time of the clients in seconds, if the system tells.
    pub(super) clients: Option<f64>,
    /// That of all servers.
    pub(super) servers: Option<f64>,
}

/// A key as it is sent.
pub(super) fn key(number: usize) -> Vec<u8> {
    format!("key:{number:06}").into_bytes()
}

/// Sets every key once.
///
/// # Errors
/// As [`run`].
pub(super) fn fill(servers: &Servers) -> Result<(), String> {
    run(servers, 64, Work::Set, Until::Count(KEYS, KEYS)).map(drop)
}

/// Lets so many clients work with the leader.
///
/// # Errors
/// When one cannot connect, or gets anything but what it asked for, or the leader is another one afterwards.
pub(super) fn run(
    servers: &Servers,
    clients: usize,
    work: Work,
    until: Until,
) -> Result<Sample, String> {
    let leader = servers.leader()?;
    let mut clients = Clients::connect(servers, leader.place, clients, work)?;
    clients.work(Until::Count(clients.count, KEYS))?;
    clients.times.clear();
    let (used, own) = (servers.seconds(), own_seconds());
    let span = clients.work(until)?;
    let since = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
    let (own, used) = (since(own, own_seconds()), since(used, servers.seconds()));
    let now = servers.leader()?;
    if now != leader {
        return Err(format!("{now:?} in the end; expected {leader:?}, as in the beginning"));
    }
    Ok(Sample { measured: Measured::new(clients.times, span), clients: own, servers: used })
}

/// Clients of one server.
struct Clients {
    crowd: Crowd,
    count: usize,
    work: Work,
    random: fastrand::Rng,
    /// How long each answered request took.
    times: Vec<Duration>,
}

impl Clients {
    fn connect(
        servers: &Servers,
        place: usize,
        count: usize,
        work: Work,
    ) -> Result<Clients, String> {
        let mut crowd = Crowd::new()?;
        for _ in 0..count {
            crowd.connect(servers.port(place), servers.kind.speech())?;
        }
        Ok(Clients { crowd, count, work, random: fastrand::Rng::with_seed(1), times: Vec::new() })
    }

    /// Asks, and asks again whenever an answer is there, until it is over and all are answered. Returns how long that
    /// took.
    fn work(&mut self, until: Until) -> Result<Duration, String> {
        let (begun, mut asked, mut waiting) = (Instant::now(), 0, 0);
        let mut last = begun;
        let mut heard: Vec<Heard> = Vec::new();
        for number in 0..self.count {
            let is_asked = self.ask(number, until, begun, &mut asked)?;
            waiting += usize::from(is_asked);
        }
        while waiting > 0 {
            self.crowd.wait(PATIENCE, &mut heard)?;
            let now = Instant::now();
            if !heard.is_empty() {
                last = now;
            } else if now - last > PATIENCE {
                return Err(format!("no reply in {} s", PATIENCE.as_secs()));
            }
            for Heard { number, took, answer } in heard.drain(..) {
                check(self.work, &answer?)?;
                self.times.push(took);
                if !self.ask(number, until, begun, &mut asked)? {
                    waiting -= 1;
                }
            }
        }
        Ok(begun.elapsed())
    }

    /// Has a client ask, unless it is over. Whether it did.
    fn ask(
        &mut self,
        number: usize,
        until: Until,
        begun: Instant,
        asked: &mut usize,
    ) -> Result<bool, String> {
        let key = match until {
            Until::Time(time) if begun.elapsed() >= time => return Ok(false),
            Until::Count(count, _) if *asked >= count => return Ok(false),
            Until::Time(_) => key(self.random.usize(0..KEYS)),
            Until::Count(_, keys) => key(*asked % keys),
        };
        let ask = match self.work {
            Work::Set => Ask::Set(&key, &VALUE),
            Work::Get => Ask::Get(&key),
        };
        self.crowd.ask(number, &ask)?;
        *asked += 1;
        Ok(true)
    }
}

/// Whether the answer is the one that was expected.
fn check(work: Work, answer: &Answer) -> Result<(), String> {
    match (work, answer) {
        (Work::Set, Answer::Stored) => Ok(()),
        (Work::Get, Answer::Found(value)) if *value == VALUE => Ok(()),
        (_, other) => Err(format!("{work:?}: {other:?}; expected what was asked for")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, VALUE, Work, check, key};

    #[test]
    fn an_answer_has_to_be_what_was_asked_for() {
        let value = |value: &[u8]| Answer::Found(value.to_vec());
        assert_eq!(check(Work::Set, &Answer::Stored), Ok(()));
        assert_eq!(check(Work::Get, &value(&VALUE)), Ok(()));
        for (work, wrong) in [
            (Work::Set, value(&VALUE)),
            (Work::Set, Answer::Refused("no".into())),
            (Work::Get, Answer::Missing),
            (Work::Get, value(&VALUE[1..])),
            (Work::Get, Answer::Stored),
        ] {
            assert!(check(work, &wrong).is_err(), "{work:?} {wrong:?}");
        }
        assert_eq!(key(42), b"key:000042");
    }
}
