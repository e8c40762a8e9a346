//! How long nobody takes writes after the leader was killed.
//!
//! The clock runs from the signal to the first write that is acknowledged. Meanwhile clients come anew every few
//! milliseconds to each of the other servers, and each writes once, whether those before were answered or not. So the
//! figure holds the election timeout, the election, and what servers need until they take writes again; it does not
//! hold how long some client waits before it gives up a server, for systems differ in what they do with a request that
//! comes while nobody leads.

use super::crowd::{Crowd, Heard};
use super::servers::Servers;
use super::speech::{Answer, Ask};
use std::time::{Duration, Instant};

/// How often a client comes to each server.
const EVERY: Duration = Duration::from_millis(5);
/// When it is given up.
const LIMIT: Duration = Duration::from_secs(30);
/// How many writes go before.
const BEFORE: usize = 20;

/// Kills the leader, and starts it again when another one has taken a write.
///
/// # Errors
/// When the servers do not become what they should be.
pub(super) fn measure_once(servers: &mut Servers) -> Result<Duration, String> {
    let leader = servers.leader()?;
    write_before(servers, leader.place)?;
    let others = servers.ports_but(leader.place);
    let begun = Instant::now();
    servers.kill(leader.place)?;
    let took = first_write(servers, &others, begun)?;
    servers.start_again(leader.place)?;
    Ok(took)
}

/// Writes to a server, so that it is known to take writes.
fn write_before(servers: &Servers, place: usize) -> Result<(), String> {
    let mut crowd = Crowd::new()?;
    let number = crowd.connect(servers.port(place), servers.kind.speech())?;
    for _ in 0..BEFORE {
        crowd.ask(number, &Ask::Set(b"before", b"1"))?;
        match crowd.reply(LIMIT)? {
            Answer::Stored => (),
            other => return Err(format!("n{}: {other:?}; expected a write", place + 1)),
        }
    }
    Ok(())
}

/// Tries ports until a write is acknowledged. Returns how long that took.
fn first_write(servers: &Servers, ports: &[u16], begun: Instant) -> Result<Duration, String> {
    let (mut crowd, mut heard) = (Crowd::new()?, Vec::new());
    let (mut next, mut why) = (begun, "no reply".to_owned());
    while begun.elapsed() < LIMIT {
        if Instant::now() >= next {
            next = Instant::now() + EVERY;
            for port in ports {
                let asked = crowd
                    .connect(*port, servers.kind.speech())
                    .and_then(|number| crowd.ask(number, &Ask::Set(b"after", b"1")));
                asked.unwrap_or_else(|error| why = error);
            }
        }
        crowd.wait(next.saturating_duration_since(Instant::now()), &mut heard)?;
        for Heard { answer, .. } in heard.drain(..) {
            match answer {
                Ok(Answer::Stored) => return Ok(begun.elapsed()),
                Ok(other) => why = format!("{other:?}"),
                Err(error) => why = error,
            }
        }
    }
    Err(format!("no write for {} s, at last: {why}; expected one", LIMIT.as_secs()))
}
