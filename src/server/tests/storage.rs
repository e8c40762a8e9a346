//! The write-ahead log under the runtime, on a real disk.

use quorate_core::{Configuration, ServerId, ServerSet};
use quorate_kv::{Command, Condition, Query, Reply};
use quorate_runtime::memory::Network;
use quorate_runtime::{Ask, Config, Error, Parts, Server, SystemClock};
use quorate_server::{DiskStorage, Machine};
use quorate_wal::testing::{Fault, SimulatedFiles};
use quorate_wal::{ClusterId, Files, Identity, Notes, Options, RealFiles, Wal, WalError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

const OPTIONS: Options = Options { segment_bytes: 64 << 10 };

fn identity() -> Identity {
    Identity { cluster: ClusterId(7), server: ServerId::new(1).expect("1 names a server") }
}

fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("storage-{name}"));
    let _ = std::fs::remove_dir_all(&directory);
    Wal::<Command>::init(RealFiles, &directory, identity(), OPTIONS).expect("it can be made");
    directory
}

fn start(directory: &Path) -> (Server<Machine>, Notes) {
    start_on(RealFiles, directory)
}

fn start_on<F: Files>(files: F, directory: &Path) -> (Server<Machine>, Notes) {
    let id = identity().server;
    let opened = DiskStorage::open(files, directory, identity(), OPTIONS);
    let (storage, recovered, notes) = opened.expect("it can be opened");
    let alone = Configuration::new(ServerSet::only(id)).expect("one is enough");
    let transport = Network::new().transport(id);
    let (machine, clock) = (Machine::default(), SystemClock::new());
    let parts = Parts { machine, storage, recovered, transport, clock };
    let mut config = Config::new(id, alone);
    // Nobody else stands, so nothing is to be waited for.
    config.timing.heartbeat = Duration::from_millis(2);
    config.timing.election_min = Duration::from_millis(5);
    config.timing.election_max = Duration::from_millis(10);
    (Server::start(config, parts).expect("it starts"), notes)
}

fn set(key: &str, value: &str) -> Command {
    let (key, value) = (key.into(), value.into());
    Command::Set { key, value, condition: Condition::Always, get: false }
}

/// Asks until the server leads.
fn lead(server: &Server<Machine>) {
    while matches!(server.read(Query::Size), Err(Error::NotLeader { .. })) {
        thread::yield_now();
    }
}

#[test]
fn writes_that_come_together_share_a_sync_and_are_there_after_a_restart() {
    const WRITES: u64 = 2_000;
    let directory = directory("group");
    let (server, _) = start(&directory);
    lead(&server);
    let ask = |number| server.ask(Ask::Write(set(&format!("k{number}"), &format!("v{number}"))));
    let tickets: Vec<_> = (0..WRITES).map(|number| ask(number).expect("there is room")).collect();
    for ticket in tickets {
        assert_eq!(ticket.wait(), Ok(Reply::Done));
    }
    server.shutdown().expect("it has not failed");

    let (server, notes) = start(&directory);
    assert!(notes.batches < WRITES / 2, "{} batches for {WRITES} writes", notes.batches);
    assert_eq!(notes.trimmed, None);
    lead(&server);
    assert_eq!(server.read(Query::Size), Ok(Reply::Integer(2_000)));
    for number in 0..WRITES {
        let found = server.read(Query::Get(format!("k{number}").as_str().into()));
        assert_eq!(found, Ok(Reply::Value(format!("v{number}").as_str().into())));
    }
}

#[test]
fn a_write_alone_is_one_batch_and_is_sealed_when_nothing_follows() {
    let directory = directory("alone");
    let (server, _) = start(&directory);
    lead(&server);
    for number in 0..3 {
        assert_eq!(server.propose(set("k", &number.to_string())), Ok(Reply::Done));
    }
    // The term and the vote, the no-op of the new leader, and each write by itself; a seal at the end, and
    // perhaps others where the disk was idle in between.
    server.shutdown().expect("it has not failed");
    let opened = DiskStorage::<Command, _>::open(RealFiles, &directory, identity(), OPTIONS);
    let (_, recovered, notes) = opened.expect("it can be opened");
    assert_eq!(recovered.log.last_index().0, 4);
    assert!(notes.batches >= 6, "{} batches", notes.batches);
}

#[test]
fn a_log_has_one_server_at_a_time() {
    let directory = directory("lock");
    let (server, _) = start(&directory);
    let second = DiskStorage::<Command, _>::open(RealFiles, &directory, identity(), OPTIONS);
    assert!(matches!(second, Err(WalError::Locked { .. })));
    server.shutdown().expect("it has not failed");
    start(&directory).0.shutdown().expect("it has not failed");
}

/// A simulated disk with an empty log.
fn simulated() -> SimulatedFiles {
    let files = SimulatedFiles::new();
    let made = Wal::<Command, _>::init(files.clone(), Path::new("/n1"), identity(), OPTIONS);
    made.expect("it can be made");
    files
}

#[test]
fn a_power_failure_after_an_answer_loses_nothing_that_was_answered() {
    let directory = Path::new("/n1");
    let (files, mut random) = (simulated(), fastrand::Rng::with_seed(0x9049_7e12));
    let (server, _) = start_on(files.clone(), directory);
    lead(&server);
    for number in 1..=40_u64 {
        // Others are on their way when this one is answered.
        let other = server.ask(Ask::Write(set("other", &number.to_string()))).expect("room");
        assert_eq!(server.propose(set(&format!("k{number}"), "v")), Ok(Reply::Done));
        let copy = files.fork();
        let chance = number % 3;
        copy.crash(&mut || chance == 1 || (chance == 2 && random.bool()));
        let (again, _) = start_on(copy, directory);
        lead(&again);
        for earlier in 1..=number {
            let found = again.read(Query::Get(format!("k{earlier}").as_str().into()));
            assert_eq!(found, Ok(Reply::Value("v".into())), "k{earlier} after {number}");
        }
        again.shutdown().expect("it has not failed");
        assert_eq!(other.wait(), Ok(Reply::Done));
    }
}

#[test]
fn a_server_whose_disk_fails_answers_nothing_more_and_says_why() {
    let files = simulated();
    let (server, _) = start_on(files.clone(), Path::new("/n1"));
    lead(&server);
    assert_eq!(server.propose(set("a", "1")), Ok(Reply::Done));
    // From now on every sync fails. What the seal does meanwhile ends the server just as well.
    let from = files.calls().len();
    (from..from + 100).for_each(|call| files.fault_at(call, Fault::Fail(ErrorKind::StorageFull)));
    let outcome = server.propose(set("a", "2"));
    assert!(matches!(outcome, Err(Error::InDoubt | Error::Stopped { .. })), "{outcome:?}");
    let why = server.wait_stopped();
    assert!(why.starts_with("the storage failed: ") && why.contains("make room"), "{why}");
    let later = server.propose(set("a", "3"));
    assert!(matches!(later, Err(Error::Stopped { .. })), "{later:?}");
}
