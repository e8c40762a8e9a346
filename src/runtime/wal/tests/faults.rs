//! A disk that fails, lies, runs full, and a machine that stops - at every single call to the file system.
//! Whatever was reported durable is there afterwards, and nothing that was not written.

mod common;

use common::{Command, History, SMALL, SimulatedWal, Snapshot, directory, identity, init, open};
use quorate_wal::testing::{Fault, SimulatedFiles};
use quorate_wal::{Recovered, Wal, WalError};
use std::io::ErrorKind;

/// A machine with an empty log.
fn machine() -> SimulatedFiles {
    let files = SimulatedFiles::new();
    init(&files);
    files
}

/// A history over a few segments, one of them made for a single long batch.
fn history(seed: u64) -> History {
    let mut batches = History::random(seed, 14, 900).batches;
    let last = batches.last().and_then(|batch| batch.last()).expect("a write").clone();
    let length = History::of(batches.clone()).states.last().expect("a state").entries.len();
    let mut long = common::write(length as u64, vec![], last.term.0, None);
    long.voted_for = last.voted_for;
    long.entries = vec![common::entry(last.term.0, &[9; 6000])];
    batches.push(vec![long]);
    let history = History::of(batches);
    // As it is now, and some more: what comes after the long batch.
    let mut more = history.batches.clone();
    let next = common::write(length as u64 + 1, vec![], last.term.0 + 1, Some(2));
    more.push(vec![next]);
    History::of(more)
}

/// Opens a log and appends a history until something fails. Returns how many batches were acknowledged, and
/// the error.
fn run(files: &SimulatedFiles, history: &History) -> (usize, Option<WalError>) {
    let (mut wal, _) = match open(files) {
        Ok(opened) => opened,
        Err(error) => return (0, Some(error)),
    };
    let (done, error) = history.append(&mut wal, 0);
    if error.is_some() {
        refuses_everything(&mut wal, history);
    }
    (done, error)
}

/// After a failure nothing is taken, and nothing is tried.
fn refuses_everything(wal: &mut SimulatedWal, history: &History) {
    for _ in 0..3 {
        let write = history.batches.last().expect("a batch");
        assert!(matches!(wal.append(write), Err(WalError::Poisoned { .. })));
        assert!(matches!(wal.append(&[]), Err(WalError::Poisoned { .. })));
        assert!(matches!(wal.idle(), Err(WalError::Poisoned { .. })));
    }
}

/// How many calls a history makes when nothing fails, and what they are.
fn calls(history: &History) -> Vec<String> {
    let files = machine().fork();
    let (done, error) = run(&files, history);
    assert!(done == history.batches.len() && error.is_none(), "{error:?}");
    files.calls()
}

/// Ways in which a power failure can choose: nothing, everything, or by chance.
fn ways(count: u64) -> impl Iterator<Item = fastrand::Rng> {
    (0..count).map(fastrand::Rng::with_seed)
}

fn crash(files: &SimulatedFiles, way: &mut fastrand::Rng) {
    match way.get_seed() {
        0 => files.crash(&mut || false),
        1 => files.crash(&mut || true),
        _ => files.crash(&mut || way.bool()),
    }
}

/// Opens a log after whatever happened, and checks that it holds what was acknowledged, and at most one batch
/// more. Then the history can go on to its end.
fn holds_what_was_acknowledged(
    files: &SimulatedFiles,
    history: &History,
    acknowledged: usize,
    what: &str,
) {
    let (mut wal, recovered) = open(files).unwrap_or_else(|error| panic!("{what}: {error}"));
    let state = Snapshot::of(&recovered);
    assert!(history.allows(&state, acknowledged), "{what}: not after {acknowledged} batches");
    let done = (acknowledged..=acknowledged + 1)
        .rfind(|done| history.states.get(*done) == Some(&state))
        .expect("just checked");
    let (end, error) = history.append(&mut wal, done);
    assert!(end == history.batches.len() && error.is_none(), "{what}: {error:?}");
    drop(wal);
    files.crash(&mut || false);
    let (_, recovered) = open(files).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(Some(&Snapshot::of(&recovered)), history.states.last(), "{what}");
}

#[test]
fn a_call_that_fails_is_the_last_and_loses_nothing() {
    let history = history(1);
    let calls = calls(&history);
    assert!(calls.len() > 80, "{calls:#?}");
    for (number, call) in calls.iter().enumerate() {
        for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
            let failed = machine().fork();
            failed.fault_at(number, Fault::Fail(kind));
            let (acknowledged, error) = run(&failed, &history);
            let error = error.unwrap_or_else(|| panic!("{number} {call}: the failure was ignored"));
            let WalError::Io { source, .. } = &error else { panic!("{error}") };
            assert_eq!(source.kind(), kind);
            let later = failed.calls().split_off(number + 1);
            assert!(later.is_empty(), "{number} {call}: then {later:?}");
            // The process ends, or the power fails after it.
            let killed = failed.fork();
            holds_what_was_acknowledged(&killed, &history, acknowledged, call);
            for mut way in ways(4) {
                let crashed = failed.fork();
                crash(&crashed, &mut way);
                holds_what_was_acknowledged(&crashed, &history, acknowledged, call);
            }
        }
    }
}

#[test]
fn a_failed_sync_is_not_forgotten_by_a_restart() {
    let history = history(2);
    for (number, call) in calls(&history).iter().enumerate() {
        if !call.starts_with("sync ") {
            continue;
        }
        let files = machine().fork();
        files.fault_at(number, Fault::Fail(ErrorKind::Other));
        let (acknowledged, error) = run(&files, &history);
        assert!(error.is_some(), "{call}");
        // The batch can still be read. What a restart makes of it must hold when the power fails then.
        files.kill();
        let (wal, recovered) = open(&files).expect("open");
        let state = Snapshot::of(&recovered);
        assert!(history.allows(&state, acknowledged), "{call}");
        drop(wal);
        files.crash(&mut || false);
        let (_, again) = open(&files).expect("open");
        assert_eq!(Snapshot::of(&again), state, "{call}: what was recovered was not durable");
    }
}

#[test]
fn a_machine_that_stops_at_any_call_loses_nothing() {
    for seed in [3, 4] {
        let history = history(seed);
        for (number, call) in calls(&history).iter().enumerate() {
            let stopped = machine().fork();
            stopped.fault_at(number, Fault::Stop);
            let (acknowledged, error) = run(&stopped, &history);
            assert!(error.is_some());
            for mut way in ways(12) {
                let files = stopped.fork();
                crash(&files, &mut way);
                let what = format!("seed {seed}, call {number}: {call}");
                holds_what_was_acknowledged(&files, &history, acknowledged, &what);
            }
        }
    }
}

#[test]
fn a_sync_that_lies_leads_to_a_prefix_or_a_refusal() {
    let history = history(5);
    let (mut prefixes, mut refusals) = (0, 0);
    let calls = calls(&history);
    for (number, call) in calls.iter().enumerate() {
        if !call.starts_with("sync") {
            continue;
        }
        for stop in number + 1..=calls.len() {
            for mut way in ways(4) {
                let files = machine().fork();
                files.fault_at(number, Fault::Lie);
                files.fault_at(stop, Fault::Stop);
                let (acknowledged, _) = run(&files, &history);
                crash(&files, &mut way);
                match open(&files) {
                    Ok((_, recovered)) => {
                        let state = Snapshot::of(&recovered);
                        let position = history.position(&state);
                        assert!(position.is_some_and(|p| p <= acknowledged + 1), "{call}, {stop}");
                        prefixes += 1;
                    }
                    Err(_) => refusals += 1,
                }
            }
        }
    }
    assert!(prefixes > 1000 && refusals > 1000, "{prefixes} prefixes, {refusals} refusals");
}

#[test]
fn a_short_write_goes_on_where_it_stopped() {
    let history = history(6);
    for (number, call) in calls(&history).iter().enumerate() {
        if !call.starts_with("write_at") {
            continue;
        }
        for length in [1, 31, 511, 512, 513] {
            let files = machine().fork();
            files.fault_at(number, Fault::Short(length));
            let (acknowledged, error) = run(&files, &history);
            assert!(error.is_none(), "{call}: {error:?}");
            files.crash(&mut || false);
            holds_what_was_acknowledged(&files, &history, acknowledged, call);
        }
        // A disk that takes nothing, again and again, is a failure and no endless loop.
        let files = machine().fork();
        files.fault_at(number, Fault::Short(0));
        let (acknowledged, error) = run(&files, &history);
        assert!(error.is_some_and(|error| error.to_string().contains("cannot write")), "{call}");
        files.crash(&mut || true);
        holds_what_was_acknowledged(&files, &history, acknowledged, call);
    }
}

#[test]
fn a_full_disk_stops_the_log_and_loses_nothing() {
    let history = history(7);
    let mut stopped = 0;
    for capacity in (0..40_000).step_by(700) {
        let files = SimulatedFiles::new();
        files.set_capacity(Some(capacity));
        let made = Wal::<Command, _>::init(files.clone(), &directory(), identity(), SMALL);
        if let Err(error) = made {
            assert!(capacity < 4096 && error.to_string().contains("make room"), "{error}");
            files.kill();
            assert!(matches!(open(&files), Err(WalError::NotInitialised { .. })));
            files.set_capacity(None);
            init(&files);
            holds_what_was_acknowledged(&files, &history, 0, "init");
            continue;
        }
        let (acknowledged, error) = run(&files, &history);
        let Some(error) = error else { continue };
        assert!(error.to_string().contains("make room for at least one more segment"), "{error}");
        stopped += 1;
        // Without room for the recovery the log is refused, and not touched where it counts.
        files.kill();
        if let Err(error) = open(&files) {
            assert!(error.to_string().contains("make room"), "{error}");
        }
        files.set_capacity(None);
        files.crash(&mut || false);
        holds_what_was_acknowledged(&files, &history, acknowledged, "full");
    }
    assert!(stopped > 10, "{stopped}");
}

/// Machines that have stopped in the middle of a batch, with what was acknowledged, and some of them with a
/// torn tail.
fn stopped_machines(history: &History) -> Vec<(SimulatedFiles, usize)> {
    let calls = calls(history);
    // Right after writes, and before directories are synced: where most is at stake.
    let is_batch = |call: &str| call.starts_with("write_at") && call.ends_with(".wal");
    let chosen = (1..calls.len())
        .filter(|at| is_batch(&calls[at - 1]) || calls[*at].starts_with("sync_directory"));
    let mut machines = Vec::new();
    for number in chosen {
        for mut way in ways(7) {
            let files = machine().fork();
            files.fault_at(number, Fault::Stop);
            let (acknowledged, _) = run(&files, history);
            crash(&files, &mut way);
            machines.push((files, acknowledged));
        }
    }
    machines
}

/// Opens a log that is stopped at a call, and crashes the machine. Returns whether it got that far, and what
/// was recovered.
fn stopped_opening(
    files: &SimulatedFiles,
    number: usize,
    way: &mut fastrand::Rng,
) -> (bool, Option<Recovered<Command>>) {
    files.fault_at(number, Fault::Stop);
    let opened = open(files);
    let was_stopped = files.calls().len() > number;
    let recovered = opened.ok().map(|(_, recovered)| recovered);
    crash(files, way);
    (was_stopped, recovered)
}

#[test]
fn a_recovery_that_is_stopped_at_any_call_twice_in_a_row_loses_nothing() {
    let history = history(8);
    let machines = stopped_machines(&history);
    let (mut cases, mut torn) = (0, 0);
    for (machine, acknowledged) in &machines {
        let (_, recovered) = open(&machine.fork()).expect("open");
        torn += usize::from(recovered.notes.trimmed.is_some());
        for first in 0.. {
            let once = machine.fork();
            let mut way = fastrand::Rng::with_seed(first as u64 % 5);
            let (was_stopped, _) = stopped_opening(&once, first, &mut way);
            if !was_stopped {
                break;
            }
            for second in 0.. {
                let twice = once.fork();
                let mut way = fastrand::Rng::with_seed(second as u64 % 7);
                let (was_stopped, _) = stopped_opening(&twice, second, &mut way);
                let (_, recovered) = open(&twice)
                    .unwrap_or_else(|error| panic!("stopped at {first} and {second}: {error}"));
                assert!(history.allows(&Snapshot::of(&recovered), *acknowledged));
                cases += 1;
                if !was_stopped {
                    break;
                }
            }
        }
    }
    assert!(machines.len() > 30 && torn > 5 && cases > 2000, "{} {torn} {cases}", machines.len());
}

#[test]
fn what_was_recovered_stays_recovered() {
    // Recovery counts the last batch although nobody knows whether it was durable. Once it does, it is.
    let history = history(9);
    for (number, call) in calls(&history).iter().enumerate() {
        let files = machine().fork();
        files.fault_at(number, Fault::Stop);
        run(&files, &history);
        // The process dies and the machine goes on: everything can be read.
        files.kill();
        let (wal, recovered) = open(&files).expect("open");
        let state = Snapshot::of(&recovered);
        drop(wal);
        for mut way in ways(3) {
            let files = files.fork();
            crash(&files, &mut way);
            let (_, recovered) = open(&files).expect("open");
            assert_eq!(Snapshot::of(&recovered), state, "{call}");
        }
    }
}

#[test]
fn making_a_log_can_be_stopped_at_any_call_and_repeated() {
    let init = |files: &SimulatedFiles| {
        Wal::<Command, _>::init(files.clone(), &directory(), identity(), SMALL)
    };
    let whole = SimulatedFiles::new();
    init(&whole).expect("init");
    let length = whole.calls().len();
    for first in 0..=length {
        for second in 0..=length {
            for mut way in ways(6) {
                let files = SimulatedFiles::new();
                files.fault_at(first, Fault::Stop);
                let mut is_made = init(&files).is_ok();
                crash(&files, &mut way);
                files.fault_at(files.calls().len() + second, Fault::Stop);
                is_made |= init(&files).is_ok();
                crash(&files, &mut way);
                match open(&files) {
                    Ok((_, recovered)) => {
                        assert_eq!(Snapshot::of(&recovered), Snapshot::default());
                    }
                    Err(WalError::NotInitialised { .. }) => {
                        assert!(!is_made, "{first} {second}: a log that was made is lost");
                        init(&files).expect("init");
                        open(&files).expect("open");
                    }
                    Err(error) => panic!("{first} {second}: {error}"),
                }
            }
        }
    }
}
