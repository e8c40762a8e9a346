//! Three servers in one process, on a network and disks in memory, with real threads and real time.
#![cfg(not(quorate_loom))]

mod common;

use common::{Journal, config, id, parts, wait_until};
use quorate_core::{ServerId, ServerSet};
use quorate_runtime::memory::{Disk, Network};
use quorate_runtime::{Client, Error, RoleName, Server, SystemClock};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

const COUNT: u8 = 3;

/// Servers that can be stopped and started again.
struct Cluster {
    network: Network<u64>,
    disks: Vec<Disk<u64>>,
    servers: Vec<Option<(Server<Journal>, Journal)>>,
    /// Where clients find the servers that run.
    clients: Arc<Mutex<Vec<Option<Client<Journal>>>>>,
}

impl Cluster {
    fn start() -> Cluster {
        let mut cluster = Cluster {
            network: Network::new(),
            disks: (0..COUNT).map(|_| Disk::new()).collect(),
            servers: (0..COUNT).map(|_| None).collect(),
            clients: Arc::new(Mutex::new(vec![None; usize::from(COUNT)])),
        };
        (0..usize::from(COUNT)).for_each(|place| cluster.start_server(place));
        cluster
    }

    fn start_server(&mut self, place: usize) {
        let number = u8::try_from(place).unwrap() + 1;
        let journal = Journal::default();
        let transport = self.network.transport(id(number));
        let parts = parts(&journal, &self.disks[place], transport, SystemClock::new());
        let server = Server::start(config(number, COUNT), parts).expect("it starts");
        self.clients.lock().unwrap()[place] = Some(server.client());
        self.servers[place] = Some((server, journal));
    }

    fn stop_server(&mut self, place: usize) -> Result<(), Error> {
        self.clients.lock().unwrap()[place] = None;
        let (server, _) = self.servers[place].take().expect("it runs");
        server.shutdown()
    }

    /// Waits for a leader that has committed in its term, not counting `except`.
    fn leader(&self, except: Option<usize>) -> usize {
        let mut found = None;
        wait_until("there is a leader", || {
            found = (0..self.servers.len()).filter(|place| Some(*place) != except).find(|place| {
                self.servers[*place].as_ref().is_some_and(|(server, _)| {
                    server.status().role == RoleName::Leader && server.read(()).is_ok()
                })
            });
            found.is_some()
        });
        found.expect("found")
    }
}

/// Writes numbers nobody else writes, one after the other, until told to stop. Those acknowledged.
fn write_all_along(
    clients: &Mutex<Vec<Option<Client<Journal>>>>,
    next: &AtomicU64,
    stop: &AtomicBool,
) -> Vec<u64> {
    let (mut acknowledged, mut at) = (Vec::new(), 0_usize);
    while !stop.load(Ordering::Relaxed) {
        let client = clients.lock().unwrap()[at].clone();
        let number = next.fetch_add(1, Ordering::Relaxed);
        let outcome = client.map(|client| client.propose(number));
        match outcome {
            Some(Ok(_)) => acknowledged.push(number),
            Some(Err(Error::NotLeader { hint: Some(hint) })) => at = usize::from(hint.get()) - 1,
            Some(Err(Error::InDoubt)) => {}
            None | Some(Err(Error::NotLeader { hint: None } | Error::Stopped { .. })) => {
                at = (at + 1) % usize::from(COUNT);
                thread::yield_now();
            }
            Some(Err(error)) => panic!("write {number}: {error}"),
        }
    }
    acknowledged
}

#[test]
fn no_acknowledged_write_is_lost_when_leaders_stop_fail_and_are_cut_off() {
    let mut cluster = Cluster::start();
    let (next, stop) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (clients, next, stop) =
                (Arc::clone(&cluster.clients), Arc::clone(&next), Arc::clone(&stop));
            thread::spawn(move || write_all_along(&clients, &next, &stop))
        })
        .collect();
    for round in 0..6 {
        let leader = cluster.leader(None);
        let (server, _) = cluster.servers[leader].as_ref().expect("it runs");
        let applied = server.status().last_applied;
        wait_until("some writes are applied", || {
            server.status().last_applied.beyond(applied) > 50
                || server.status().role != RoleName::Leader
        });
        match round % 3 {
            // Stopped in good order.
            0 => assert_eq!(cluster.stop_server(leader), Ok(())),
            // Its disk fails in the midst of writing.
            1 => {
                cluster.disks[leader].fail_after(10);
                let why = server.wait_stopped();
                assert_eq!(&*why, "the storage failed: the disk was told to fail");
                assert_eq!(cluster.stop_server(leader), Err(Error::Stopped { why }));
                cluster.disks[leader].fail_after(usize::MAX);
            }
            // Cut off: the others go on, and it finds out by itself that it leads no longer.
            _ => {
                let number = ServerId::new(u8::try_from(leader).unwrap() + 1).unwrap();
                cluster.network.isolate(ServerSet::only(number));
                wait_until("it steps down", || server.status().role != RoleName::Leader);
            }
        }
        assert_ne!(cluster.leader(Some(leader)), leader);
        cluster.network.isolate(ServerSet::EMPTY);
        if cluster.servers[leader].is_none() {
            cluster.start_server(leader);
        }
    }
    stop.store(true, Ordering::Relaxed);
    let acknowledged: Vec<u64> = writers.into_iter().flat_map(|w| w.join().unwrap()).collect();
    assert!(acknowledged.len() > 300, "only {} writes", acknowledged.len());
    check_journals(&cluster, &acknowledged);
}

/// All servers have applied the same, and among it everything acknowledged, once.
fn check_journals(cluster: &Cluster, acknowledged: &[u64]) {
    let journals = || -> Vec<Vec<u64>> {
        cluster.servers.iter().flatten().map(|(_, journal)| journal.commands()).collect()
    };
    // The leader's last word on what is committed reaches everybody with a heartbeat.
    let leader = cluster.leader(None);
    let (server, journal) = cluster.servers[leader].as_ref().expect("it runs");
    server.propose(0).expect("it leads");
    wait_until("all have applied the same", || {
        journals().iter().all(|commands| *commands == journal.commands())
    });
    let commands = journal.commands();
    let distinct: BTreeSet<u64> = commands.iter().copied().collect();
    assert_eq!(distinct.len(), commands.len(), "a command was applied twice");
    for number in acknowledged {
        assert!(distinct.contains(number), "write {number} was acknowledged and is lost");
    }
}

#[test]
fn a_follower_names_the_leader_and_a_restarted_cluster_knows_everything() {
    let mut cluster = Cluster::start();
    let leader = cluster.leader(None);
    for number in 1..=100 {
        let (server, _) = cluster.servers[leader].as_ref().expect("it runs");
        server.propose(number).expect("the leader writes");
    }
    let follower = (leader + 1) % usize::from(COUNT);
    let (server, _) = cluster.servers[follower].as_ref().expect("it runs");
    let hint = Some(id(u8::try_from(leader).unwrap() + 1));
    assert_eq!(server.propose(101), Err(Error::NotLeader { hint }));
    assert_eq!(server.read(()), Err(Error::NotLeader { hint }));
    for place in 0..usize::from(COUNT) {
        assert_eq!(cluster.stop_server(place), Ok(()));
    }
    for place in 0..usize::from(COUNT) {
        cluster.start_server(place);
    }
    let leader = cluster.leader(None);
    let (server, journal) = cluster.servers[leader].as_ref().expect("it runs");
    assert_eq!(server.read(()), Ok(100));
    assert_eq!(journal.commands(), (1..=100).collect::<Vec<_>>());
}
