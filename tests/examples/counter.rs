//! A counter that survives the loss of any one of its three servers, in one process.
//!
//! What an application writes is the state machine; everything else is put together from parts. A real cluster
//! would have one server in each process, a write-ahead log for storage and sockets for transport.

use quorate_core::{Configuration, Index, ServerId, ServerSet};
use quorate_runtime::memory::{Disk, Network};
use quorate_runtime::{Config, Error, Parts, Server, StateMachine, SystemClock};
use std::thread;
use std::time::{Duration, Instant};

/// The state machine: a number.
struct Counter(i64);

impl StateMachine for Counter {
    /// By how much to change the number.
    type Command = i64;
    /// There is only one thing to ask.
    type Query = ();
    /// The number.
    type Reply = i64;

    fn apply(&mut self, _index: Index, change: &i64) -> i64 {
        self.0 += change;
        self.0
    }

    fn query(&self, _query: &()) -> i64 {
        self.0
    }
}

/// Asks one server after the other until one leads.
///
/// A write in doubt may have taken effect: making it again would count it twice. So it is handed back.
fn at_the_leader(
    servers: &[Server<Counter>],
    request: impl Fn(&Server<Counter>) -> Result<i64, Error>,
) -> Result<i64, Error> {
    let begun = Instant::now();
    let mut latest = Error::NotLeader { hint: None };
    while begun.elapsed() < Duration::from_secs(10) {
        for server in servers {
            match request(server) {
                Err(error @ (Error::NotLeader { .. } | Error::Busy | Error::Stopped { .. })) => {
                    latest = error;
                }
                outcome => return outcome,
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err(latest)
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ids: Vec<ServerId> = (1..=3).filter_map(ServerId::new).collect();
    let configuration = Configuration::new(ids.iter().copied().collect::<ServerSet>())?;
    let network = Network::new();
    let mut servers = Vec::new();
    for id in &ids {
        let disk = Disk::new();
        let parts = Parts {
            machine: Counter(0),
            storage: disk.storage(),
            recovered: disk.recovered(),
            transport: network.transport(*id),
            clock: SystemClock::new(),
        };
        servers.push(Server::start(Config::new(*id, configuration), parts)?);
    }
    assert_eq!(at_the_leader(&servers, |server| server.propose(40))?, 40);
    assert_eq!(at_the_leader(&servers, |server| server.propose(2))?, 42);

    // The leader goes; the other two go on, and know everything.
    let leads = |server: &Server<Counter>| server.read(()).is_ok();
    let leader = servers.iter().position(leads).ok_or("nobody leads")?;
    let stopped = servers.remove(leader);
    println!("{} led and is stopped", stopped.status().id);
    stopped.shutdown()?;
    assert_eq!(at_the_leader(&servers, |server| server.read(()))?, 42);
    let count = at_the_leader(&servers, |server| server.propose(1))?;
    println!("the counter stands at {count}");
    assert_eq!(count, 43);
    servers.into_iter().try_for_each(Server::shutdown)?;
    Ok(())
}
