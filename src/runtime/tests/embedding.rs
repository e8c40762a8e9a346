//! What a program that embeds a server can rely on: settings that are checked, requests that end, a server that
//! stops in good order and says why.
#![cfg(not(quorate_loom))]

mod common;

use common::{Journal, POISON, config, id, parts, single, wait_until};
use quorate_core::{Entry, Index, Payload, Term};
use quorate_runtime::memory::{Disk, ManualClock, Network};
use quorate_runtime::{
    Ask, Config, Error, Parts, Recovered, RoleName, Server, StartError, Storage, StorageError,
    SystemClock, Timer,
};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn settings_that_cannot_work_are_named_with_what_would_be_right() {
    type Spoil = fn(&mut Config);
    let cases: [(Spoil, &str); 10] = [
        (|c| c.id = id(9), "id: n9; expected one of the voters n1, n2, n3"),
        (|c| c.timing.heartbeat = Duration::ZERO, "heartbeat: 0ns; expected 1ms to 24h"),
        (
            |c| c.timing.request_timeout = Duration::from_secs(100_000),
            "request_timeout: 100000s; expected 1ms to 24h",
        ),
        (
            |c| c.timing.heartbeat = milliseconds(150),
            "election_min: 150ms; expected more than heartbeat, which is 150ms",
        ),
        (
            |c| c.timing.election_max = milliseconds(150),
            "election_max: 150ms; expected more than election_min, which is 150ms",
        ),
        (|c| c.limits.client_mailbox = 0, "client_mailbox: 0; expected at least 1"),
        (|c| c.limits.peer_mailbox = 0, "peer_mailbox: 0; expected at least 1"),
        (|c| c.limits.max_log_bytes = 0, "max_log_bytes: 0; expected at least 1"),
        (|c| c.parameters.batch = 0, "batch: 0; expected at least 1"),
        (|c| c.parameters.window = 0, "window: 0; expected at least 1"),
    ];
    for (spoil, expected) in cases {
        let mut config = config(1, 3);
        assert_eq!(config.validate(), Ok(()));
        spoil(&mut config);
        let complaint = config.validate().map_err(|invalid| invalid.to_string());
        assert_eq!(complaint, Err(expected.to_string()));
        // A server does not start with it either.
        let (disk, transport) = (Disk::new(), Network::new().transport(config.id));
        let parts = parts(&Journal::default(), &disk, transport, SystemClock::new());
        let started = Server::start(config, parts).map_err(|error| error.to_string());
        assert_eq!(started.err(), Some(expected.to_string()));
    }
}

#[test]
fn a_log_that_no_server_can_have_is_refused() {
    let entry = |term| Entry { term: Term(term), payload: Payload::Command(1) };
    for (terms, term) in [(vec![2, 1], 2), (vec![3], 2), (vec![0], 2)] {
        let log = terms.iter().map(|term| entry(*term)).collect();
        let (disk, transport) = (Disk::new(), Network::new().transport(id(1)));
        let mut parts = parts(&Journal::default(), &disk, transport, SystemClock::new());
        parts.recovered = Recovered { term: Term(term), voted_for: None, log };
        let refused = Server::start(config(1, 1), parts);
        assert!(matches!(refused, Err(StartError::Recovered(_))), "{terms:?}: {refused:?}");
    }
}

#[test]
fn a_server_alone_writes_reads_and_remembers() {
    let (journal, disk) = (Journal::default(), Disk::new());
    let server = single(config(1, 1), &journal, &disk);
    assert_eq!((server.propose(10), server.propose(20)), (Ok(1), Ok(2)));
    assert_eq!(server.read(()), Ok(2));
    let status = server.status();
    let indices =
        (status.last_index, status.durable_index, status.commit_index, status.last_applied);
    assert_eq!(indices, (Index(3), Index(3), Index(3), Index(3)));
    assert_eq!((status.leader, status.waiting_requests), (Some(id(1)), 0));
    assert_eq!(server.shutdown(), Ok(()));

    let journal = Journal::default();
    let server = single(config(1, 1), &journal, &disk);
    assert_eq!(server.read(()), Ok(2));
    assert_eq!(journal.commands(), [10, 20]);
    assert!(server.status().term > status.term);
}

#[test]
fn a_machine_that_panics_stops_its_server_and_nobody_waits_for_ever() {
    let (journal, disk) = (Journal::default(), Disk::new());
    let server = single(config(1, 1), &journal, &disk);
    assert_eq!(server.propose(1), Ok(1));
    let together = [POISON, 2, 3].map(|command| server.ask(Ask::Write(command)));
    for ticket in together {
        match ticket.map(|ticket| ticket.wait()) {
            Ok(Err(Error::InDoubt | Error::Stopped { .. })) | Err(Error::Stopped { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    let why = server.wait_stopped();
    assert!(why.contains("the machine was poisoned"), "{why}");
    assert_eq!(server.propose(4), Err(Error::Stopped { why: Arc::clone(&why) }));
    assert_eq!(server.read(()), Err(Error::Stopped { why: Arc::clone(&why) }));
    assert_eq!(server.status().stopped, Some(Arc::clone(&why)));
    assert_eq!(server.shutdown(), Err(Error::Stopped { why }));
}

/// Says that what it is given is durable only after a while, or never.
struct Slow {
    disk: Disk<u64>,
    gate: Arc<Barrier>,
    writes: usize,
    waits_at: usize,
}

impl Storage for Slow {
    type Command = u64;

    fn write(&mut self, writes: &[quorate_core::Write<u64>]) -> Result<(), StorageError> {
        self.writes += writes.len();
        if self.writes >= self.waits_at {
            self.waits_at = usize::MAX;
            self.gate.wait();
        }
        self.disk.storage().write(writes)
    }

    fn log_bytes(&self) -> u64 {
        self.disk.storage().log_bytes()
    }
}

/// A server that leads, and whose disk takes no third write before the gate is passed.
fn with_slow_disk(config: Config, gate: &Arc<Barrier>) -> (Server<Journal>, ManualClock) {
    let (disk, clock) = (Disk::new(), ManualClock::new());
    let storage = Slow { disk, gate: Arc::clone(gate), writes: 0, waits_at: 3 };
    let parts = Parts {
        machine: Journal::default(),
        storage,
        recovered: Recovered::default(),
        transport: Network::new().transport(config.id),
        clock: clock.clone(),
    };
    let server = Server::start(config, parts).expect("it starts");
    assert!(clock.ring(Timer::Election));
    wait_until("the no-op is committed", || server.status().commit_index == Index(1));
    (server, clock)
}

#[test]
fn what_waits_for_a_slow_disk_is_in_doubt_when_its_time_has_passed_and_not_twice() {
    let gate = Arc::new(Barrier::new(2));
    let mut config = config(1, 1);
    config.timing.request_timeout = milliseconds(200);
    let (server, clock) = with_slow_disk(config, &gate);
    let (begun, ticket) = (Instant::now(), server.ask(Ask::Write(1)).expect("there is room"));
    wait_until("the request waits", || server.status().waiting_requests == 1);
    // By the server's clock time passes, so it ends the request itself.
    clock.advance(milliseconds(200));
    assert!(clock.ring(Timer::Requests));
    wait_until("the request has ended", || server.status().waiting_requests == 0);
    assert_eq!(ticket.wait(), Err(Error::InDoubt));
    // By its own clock nothing passes any more, and the caller's patience ends all the same.
    assert_eq!(server.propose(2), Err(Error::InDoubt));
    assert!(begun.elapsed() >= milliseconds(200));
    gate.wait();
    // Both took effect.
    wait_until("all is applied", || server.status().last_applied == Index(3));
    assert_eq!(server.read(()), Ok(2));
}

#[test]
fn what_finds_no_room_is_refused_at_once() {
    let gate = Arc::new(Barrier::new(2));
    let mut config = config(1, 1);
    config.limits.waiting_requests = 3;
    let (server, _clock) = with_slow_disk(config, &gate);
    let tickets: Vec<_> =
        (0..3).map(|number| server.ask(Ask::Write(number)).expect("there is room")).collect();
    wait_until("three wait", || server.status().waiting_requests == 3);
    assert_eq!(server.propose(3), Err(Error::Busy));
    assert_eq!(server.read(()), Err(Error::Busy));
    gate.wait();
    let places: Vec<_> = tickets.into_iter().map(|ticket| ticket.wait()).collect();
    assert_eq!(places, [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(server.propose(4), Ok(4));
}

#[test]
fn a_log_at_its_limit_takes_no_writes_and_goes_on_with_the_rest() {
    let (journal, disk) = (Journal::default(), Disk::new());
    let mut config = config(1, 1);
    let entry = size_of::<Entry<u64>>() as u64;
    let limit = 3 * entry;
    config.limits.max_log_bytes = limit;
    let server = single(config, &journal, &disk);
    wait_until("the no-op is counted", || server.status().log_bytes == entry);
    assert_eq!((server.propose(1), server.propose(2)), (Ok(1), Ok(2)));
    let refused = server.propose(3);
    assert_eq!(refused, Err(Error::OutOfSpace { limit }));
    assert_eq!(refused.unwrap_err().to_string(), format!("log limit reached: {limit} bytes"));
    assert_eq!(server.read(()), Ok(2));
    assert_eq!(server.status().role, RoleName::Leader);
}

#[test]
fn a_server_that_does_not_lead_says_so_even_when_its_log_is_full() {
    let mut config = config(1, 3);
    config.limits.max_log_bytes = 1;
    let transport = Network::new().transport(id(1));
    let disk = Disk::new();
    let parts = parts(&Journal::default(), &disk, transport, ManualClock::new());
    let server = Server::start(config, parts).expect("it starts");
    assert_eq!(server.propose(1), Err(Error::NotLeader { hint: None }));
    assert_eq!(server.read(()), Err(Error::NotLeader { hint: None }));
}

#[test]
fn a_disk_is_told_once_that_it_is_idle_after_it_was_not() {
    struct Watched(Disk<u64>, Arc<std::sync::atomic::AtomicUsize>);
    impl Storage for Watched {
        type Command = u64;
        fn write(&mut self, writes: &[quorate_core::Write<u64>]) -> Result<(), StorageError> {
            self.0.storage().write(writes)
        }
        fn idle(&mut self) -> Result<(), StorageError> {
            self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(())
        }
        fn log_bytes(&self) -> u64 {
            0
        }
    }
    let idle = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = || idle.load(std::sync::atomic::Ordering::SeqCst);
    let clock = ManualClock::new();
    let parts = Parts {
        machine: Journal::default(),
        storage: Watched(Disk::new(), Arc::clone(&idle)),
        recovered: Recovered::default(),
        transport: Network::new().transport(id(1)),
        clock: clock.clone(),
    };
    let server = Server::start(config(1, 1), parts).expect("it starts");
    assert!(!clock.ring(Timer::Idle), "idle before anything was written");
    assert!(clock.ring(Timer::Election));
    wait_until("it writes", || server.status().commit_index == Index(1));
    // Rings until there was nothing to write for one whole time.
    wait_until("the disk is told", || {
        clock.ring(Timer::Idle);
        count() == 1
    });
    assert!(!clock.ring(Timer::Idle), "told again without a write");
    assert_eq!(server.propose(1), Ok(1));
    wait_until("the disk is told again", || {
        clock.ring(Timer::Idle);
        count() == 2
    });
    assert_eq!(server.shutdown(), Ok(()));
    assert_eq!(count(), 3, "at the end it is told once more");
}

#[test]
fn many_threads_write_and_read_at_once() {
    let (journal, disk) = (Journal::default(), Disk::new());
    let server = single(config(1, 1), &journal, &disk);
    let threads: Vec<_> = (0..8_u64)
        .map(|thread| {
            let client = server.client();
            thread::spawn(move || {
                for number in 0..200 {
                    let place = client.propose(thread * 1_000 + number).expect("it leads");
                    assert!(client.read(()).expect("it leads") >= place, "a stale read");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
    let mut commands = journal.commands();
    for thread in 0..8 {
        let of_thread: Vec<u64> =
            commands.iter().copied().filter(|command| command / 1_000 == thread).collect();
        assert!(of_thread.is_sorted(), "writes of one client changed places");
    }
    commands.sort_unstable();
    commands.dedup();
    assert_eq!(commands.len(), 1_600);
}
