//! Whole servers: driver and log thread as they are, with disk, network and clock in memory.

use crate::common::{Journal, config, id, parts};
use crate::{Interruptions, in_every_order};
use quorate_runtime::memory::{Disk, ManualClock, Network};
use quorate_runtime::sync::spawn;
use quorate_runtime::{Error, Server, Timer};

/// A server alone in its cluster, and what it stands on.
pub(crate) struct Single {
    pub(crate) server: Server<Journal>,
    pub(crate) disk: Disk<u64>,
    pub(crate) clock: ManualClock,
}

impl Single {
    pub(crate) fn start() -> Single {
        let (disk, clock, network) = (Disk::new(), ManualClock::new(), Network::new());
        let parts = parts(&Journal::default(), &disk, network.transport(id(1)), clock.clone());
        let server = Server::start(config(1, 1), parts).expect("it starts");
        Single { server, disk, clock }
    }

    /// A server that leads: its no-op is on disk.
    pub(crate) fn lead() -> Single {
        let single = Single::start();
        assert!(single.clock.ring(Timer::Election));
        single.disk.wait_for_entries(1);
        single
    }
}

/// Exhaustive.
#[test]
fn a_server_can_be_shut_down_at_any_point_of_its_start() {
    in_every_order(Interruptions::Any, || {
        assert_eq!(Single::start().server.shutdown(), Ok(()));
    });
}

/// At most 4 interruptions.
#[test]
fn a_server_can_be_shut_down_at_any_point_of_its_election() {
    in_every_order(Interruptions::AtMost(4), || {
        let Single { server, clock, .. } = Single::start();
        assert!(clock.ring(Timer::Election));
        assert_eq!(server.shutdown(), Ok(()));
    });
}

/// At most 3 interruptions.
#[test]
fn a_write_is_on_disk_before_its_reply() {
    in_every_order(Interruptions::AtMost(3), || {
        let Single { server, disk, .. } = Single::lead();
        assert_eq!(server.propose(7), Ok(1));
        assert_eq!(disk.entries(), 2, "acknowledged and not on disk");
        assert_eq!(server.shutdown(), Ok(()));
    });
}

/// At most 2 interruptions.
#[test]
fn writes_of_two_clients_are_committed_in_one_order_and_each_gets_its_own_reply() {
    in_every_order(Interruptions::AtMost(2), || {
        let Single { server, disk, .. } = Single::lead();
        let other = server.client();
        let thread = spawn("client".into(), move || {
            let place = other.propose(10).expect("it leads");
            assert!(place == 1 || place == 2);
        });
        let place = server.propose(20).expect("it leads");
        assert!(thread.expect("a thread starts").join());
        let log = disk.recovered().log;
        let at = |index: u64| log.get(quorate_core::Index(index)).cloned().map(|e| e.payload);
        assert_eq!(at(place + 1), Some(quorate_core::Payload::Command(20)));
        assert_eq!(server.shutdown(), Ok(()));
    });
}

/// At most 2 interruptions.
#[test]
fn a_server_can_be_shut_down_at_any_point_of_a_write() {
    in_every_order(Interruptions::AtMost(2), || {
        let Single { server, disk, .. } = Single::lead();
        let client = server.client();
        let watched = disk.clone();
        let thread = spawn("client".into(), move || match client.propose(7) {
            // It was let in, so it was waited for.
            Ok(place) => assert_eq!((place, watched.entries()), (1, 2)),
            Err(Error::Stopped { .. }) => assert_eq!(watched.entries(), 1),
            Err(error) => panic!("{error}"),
        });
        assert_eq!(server.shutdown(), Ok(()));
        assert!(thread.expect("a thread starts").join());
    });
}

/// On real threads only: the orders of five threads, one interruption allowed, are more than minutes suffice for.
#[cfg(not(quorate_loom))]
#[test]
fn two_servers_commit_what_both_hold() {
    in_every_order(Interruptions::AtMost(1), || {
        let network = Network::new();
        let servers = [1, 2].map(|number| {
            let (disk, clock) = (Disk::new(), ManualClock::new());
            let transport = network.transport(id(number));
            let parts = parts(&Journal::default(), &disk, transport, clock.clone());
            let server = Server::start(config(number, 2), parts).expect("it starts");
            Single { server, disk, clock }
        });
        let [leader, follower] = servers;
        assert!(leader.clock.ring(Timer::Election));
        leader.disk.wait_for_entries(1);
        assert_eq!(leader.server.propose(7), Ok(1));
        for disk in [&leader.disk, &follower.disk] {
            assert_eq!(disk.entries(), 2, "acknowledged and not on both disks");
        }
        assert_eq!(leader.server.shutdown(), Ok(()));
        assert_eq!(follower.server.shutdown(), Ok(()));
    });
}
