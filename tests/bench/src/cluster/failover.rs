//! How long nobody takes writes after the leader was killed.
//!
//! The clock runs from the signal to the first write that is acknowledged, for a client that tries the other
//! servers in turn: so it holds the election timeout, the election, and what servers do with clients meanwhile.

use super::client::Client;
use super::servers::{COUNT, Servers};
use std::thread;
use std::time::{Duration, Instant};

/// How long the client waits for one server, before it tries another.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it waits after an error.
const PAUSE: Duration = Duration::from_millis(1);
/// When it gives up.
const LIMIT: Duration = Duration::from_secs(30);
/// How many writes go before.
const BEFORE: usize = 20;

/// Kills leaders, each as soon as the one before is back.
///
/// # Errors
/// When the servers do not become what they should be.
pub(super) fn measure(servers: &mut Servers, times: usize) -> Result<Vec<Duration>, String> {
    (0..times).map(|_| measure_once(servers)).collect()
}

fn measure_once(servers: &mut Servers) -> Result<Duration, String> {
    let (leader, _) = servers.leader()?;
    let mut client = Client::connect(servers.port(leader), PATIENCE).map_err(|e| e.to_string())?;
    for _ in 0..BEFORE {
        client.set(b"before", b"1").map_err(|error| format!("n{}: {error}", leader + 1))?;
    }
    let others: Vec<u16> =
        (0..COUNT).filter(|place| *place != leader).map(|place| servers.port(place)).collect();
    let begun = Instant::now();
    servers.kill(leader)?;
    let took = first_write(&others, begun)?;
    servers.start_again(leader)?;
    servers.wait_until_caught_up(leader)?;
    Ok(took)
}

/// Tries ports in turn until a write is acknowledged. Returns how long that took.
fn first_write(ports: &[u16], begun: Instant) -> Result<Duration, String> {
    let mut why = "no port to try".to_owned();
    for port in ports.iter().cycle() {
        let written =
            Client::connect(*port, PATIENCE).and_then(|mut client| client.set(b"after", b"1"));
        match written {
            Ok(()) => return Ok(begun.elapsed()),
            Err(error) => why = error.to_string(),
        }
        if begun.elapsed() > LIMIT {
            break;
        }
        thread::sleep(PAUSE);
    }
    Err(format!("no write for {} s, at last: {why}; expected one", LIMIT.as_secs()))
}
