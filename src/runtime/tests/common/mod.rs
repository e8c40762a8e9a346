//! What several tests need: a state machine that remembers, and servers on it.
#![allow(dead_code)]

use quorate_core::{Configuration, Index, ServerId, ServerSet};
use quorate_runtime::memory::{Disk, MemoryTransport, Network};
use quorate_runtime::{Clock, Config, Parts, RoleName, Server, StateMachine, SystemClock};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Remembers every command in order. Answers with how many it has seen.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    pub(crate) seen: Arc<Mutex<Vec<u64>>>,
}

/// A command at which the journal panics.
pub(crate) const POISON: u64 = u64::MAX;

impl Journal {
    pub(crate) fn commands(&self) -> Vec<u64> {
        self.seen.lock().unwrap().clone()
    }
}

impl StateMachine for Journal {
    type Command = u64;
    type Query = ();
    type Reply = u64;

    fn apply(&mut self, _index: Index, command: &u64) -> u64 {
        assert_ne!(*command, POISON, "the machine was poisoned");
        let mut seen = self.seen.lock().unwrap();
        seen.push(*command);
        seen.len() as u64
    }

    fn query(&self, _query: &()) -> u64 {
        self.seen.lock().unwrap().len() as u64
    }
}

pub(crate) fn id(number: u8) -> ServerId {
    ServerId::new(number).expect("a number of a server")
}

pub(crate) fn voters(count: u8) -> Configuration {
    let voters: ServerSet = (1..=count).map(id).collect();
    Configuration::new(voters).expect("few enough voters")
}

/// The settings of one of `count` servers, with timeouts that follow from the seed.
pub(crate) fn config(number: u8, count: u8) -> Config {
    Config { seed: Some(u64::from(number)), ..Config::new(id(number), voters(count)) }
}

/// The parts of a server on this disk and network.
pub(crate) fn parts<K: Clock>(
    journal: &Journal,
    disk: &Disk<u64>,
    transport: MemoryTransport<u64>,
    clock: K,
) -> Parts<Journal, quorate_runtime::memory::MemoryStorage<u64>, MemoryTransport<u64>, K> {
    let (machine, storage, recovered) = (journal.clone(), disk.storage(), disk.recovered());
    Parts { machine, storage, recovered, transport, clock }
}

/// A single server that leads.
pub(crate) fn single(config: Config, journal: &Journal, disk: &Disk<u64>) -> Server<Journal> {
    let transport = Network::new().transport(config.id);
    let parts = parts(journal, disk, transport, SystemClock::new());
    let server = Server::start(config, parts).expect("it starts");
    wait_until("it leads", || server.status().role == RoleName::Leader);
    server
}

/// Waits until a condition holds.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
