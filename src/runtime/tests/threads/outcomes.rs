//! Outcomes: each request gets exactly one, whoever still wants it and whatever ends the server.

use crate::common::Journal;
use crate::servers::Single;
use crate::{Interruptions, in_every_order};
use quorate_runtime::memory::Disk;
use quorate_runtime::sync::{Condvar, Mutex};
use quorate_runtime::{Ask, Error, Recipient, Request, Timer};
use std::sync::Arc;
use std::time::Duration;

/// Takes outcomes, and looks at the disk at the moment when one is delivered.
struct Watcher {
    disk: Disk<u64>,
    outcomes: Mutex<Vec<(u64, Result<u64, Error>)>>,
    changed: Condvar,
}

impl Watcher {
    fn new(disk: &Disk<u64>) -> Arc<Watcher> {
        let (outcomes, changed) = (Mutex::new(Vec::new()), Condvar::new());
        Arc::new(Watcher { disk: disk.clone(), outcomes, changed })
    }

    fn request(self: &Arc<Self>, tag: u64, ask: Ask<Journal>) -> Request<Journal> {
        let recipient: Arc<dyn Recipient<u64>> = Arc::<Watcher>::clone(self);
        Request { ask, recipient, tag }
    }

    /// Waits for as many outcomes.
    fn wait_for(&self, count: usize) -> Vec<(u64, Result<u64, Error>)> {
        let mut outcomes = self.outcomes.lock();
        while outcomes.len() < count {
            outcomes = self.changed.wait(outcomes);
        }
        outcomes.clone()
    }

    fn outcomes(&self) -> Vec<(u64, Result<u64, Error>)> {
        self.outcomes.lock().clone()
    }
}

impl Recipient<u64> for Watcher {
    fn deliver(&self, tag: u64, outcome: Result<u64, Error>) {
        if let Ok(place) = &outcome {
            // Before the commands there is the no-op.
            assert!(self.disk.entries() as u64 > *place, "acknowledged and not on disk");
        }
        self.outcomes.lock().push((tag, outcome));
        self.changed.notify_one();
    }
}

/// At most 2 interruptions.
#[test]
fn completions_arrive_in_the_order_of_the_log() {
    in_every_order(Interruptions::AtMost(2), || {
        let Single { server, disk, .. } = Single::lead();
        let watcher = Watcher::new(&disk);
        server.submit(&mut vec![watcher.request(1, Ask::Write(10))]).expect("there is room");
        let mut two = vec![watcher.request(2, Ask::Write(20)), watcher.request(3, Ask::Write(30))];
        server.submit(&mut two).expect("there is room");
        assert!(two.is_empty());
        assert_eq!(watcher.wait_for(3), [(1, Ok(1)), (2, Ok(2)), (3, Ok(3))]);
        assert_eq!(server.shutdown(), Ok(()));
    });
}

/// At most 2 interruptions.
#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    in_every_order(Interruptions::AtMost(2), || {
        let Single { server, disk, .. } = Single::lead();
        drop(server.ask(Ask::Write(1)).expect("there is room"));
        let watcher = Watcher::new(&disk);
        server.submit(&mut vec![watcher.request(1, Ask::Write(2))]).expect("there is room");
        assert_eq!(server.shutdown(), Ok(()));
        assert_eq!(watcher.outcomes(), [(1, Ok(2))]);
        assert_eq!(Arc::strong_count(&watcher), 1, "somebody still holds the recipient");
    });
}

/// At most 2 interruptions.
#[test]
fn a_read_sees_the_write_that_was_acknowledged_before() {
    in_every_order(Interruptions::AtMost(2), || {
        let Single { server, .. } = Single::lead();
        assert_eq!(server.propose(1), Ok(1));
        assert_eq!(server.read(()), Ok(1));
        assert_eq!(server.shutdown(), Ok(()));
    });
}

/// At most 2 interruptions.
#[test]
fn a_write_whose_time_runs_out_while_it_is_written_has_one_outcome() {
    in_every_order(Interruptions::AtMost(2), || {
        let Single { server, disk, clock } = Single::lead();
        let watcher = Watcher::new(&disk);
        server.submit(&mut vec![watcher.request(1, Ask::Write(1))]).expect("there is room");
        clock.advance(Duration::from_secs(60));
        // Not set yet, or set and now runs out.
        clock.ring(Timer::Requests);
        // The second is let in after time has passed, so it has time enough.
        server.submit(&mut vec![watcher.request(2, Ask::Write(2))]).expect("there is room");
        let outcomes = watcher.wait_for(2);
        assert!([Ok(1), Err(Error::InDoubt)].contains(&outcomes[0].1), "{outcomes:?}");
        assert_eq!(outcomes[1], (2, Ok(2)));
        assert_eq!(server.shutdown(), Ok(()));
        assert_eq!(watcher.outcomes().len(), 2);
    });
}

/// At most 3 interruptions. The disk fails at each of the writes in turn: of the term, of the no-op and of the
/// command.
#[test]
fn a_disk_that_fails_ends_the_server_and_every_request() {
    for good_writes in 0..3 {
        in_every_order(Interruptions::AtMost(3), move || fail_after(good_writes));
    }
}

fn fail_after(good_writes: usize) {
    let Single { server, disk, clock } = Single::start();
    disk.fail_after(good_writes);
    let watcher = Watcher::new(&disk);
    assert!(clock.ring(Timer::Election));
    let failed = || Error::Stopped { why: "the storage failed: the disk was told to fail".into() };
    let outcome = match server.submit(&mut vec![watcher.request(1, Ask::Write(1))]) {
        Ok(()) => watcher.wait_for(1).remove(0).1,
        Err(refused) => Err(refused),
    };
    let came_too_early = matches!(outcome, Err(Error::NotLeader { .. }));
    assert!(came_too_early || outcome == Err(Error::InDoubt) || outcome == Err(failed()));
    if came_too_early && good_writes == 2 {
        // The third write was never asked for.
        assert_eq!(server.shutdown(), Ok(()));
    } else {
        assert_eq!(Error::Stopped { why: server.wait_stopped() }, failed());
        assert_eq!(server.shutdown(), Err(failed()));
    }
    assert!(watcher.outcomes().len() <= 1, "a second outcome");
    assert!(disk.entries() <= 1, "a write after one that failed");
}
