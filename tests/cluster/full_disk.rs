use crate::load::{Habits, Load};
use crate::processes::{Cluster, Process, wait_until};
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

/// Which server has its data on the small file system.
const PLACE: usize = 2;

/// Of the small file system, so much is taken at first, in bytes.
const BALLAST: usize = 3 << 20;

#[test]
#[ignore = "needs a small file system: cargo xtask test small-disk"]
fn a_server_whose_disk_is_full_stops_and_comes_back_when_there_is_room() {
    let disk = std::env::var_os("QUORATE_SMALL_DISK").expect("QUORATE_SMALL_DISK: a directory");
    let disk = PathBuf::from(disk);
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; BALLAST]).expect("there is room for it");
    let mut cluster = Cluster::prepare("full_disk", 3, &["--segment-bytes", "64K"]);
    cluster.keep_elsewhere(PLACE, disk.join("n3"));
    cluster.begin();
    let habits = Habits {
        clients: 4,
        seed: 77,
        patience: Duration::from_secs(4),
        rest: Duration::from_millis(20),
        epoch: Duration::from_secs(3600),
    };
    let load = Load::start_with(habits, cluster.ports.iter().map(|(_, port)| *port).collect());
    // Its log grows until the disk is full.
    let mut process = cluster.servers[PLACE].take().expect("it runs");
    let status = process.ended();
    let lines = cluster.lines(PLACE);
    assert_eq!(status.code(), Some(70), "{lines}");
    let last = lines.lines().last().expect("it says why");
    for part in [
        "n3: the server has stopped: the storage failed: ",
        "make room for at least one more segment",
    ] {
        assert!(last.contains(part), "does not say {part:?}: {lines}");
    }
    // The others are a majority.
    load.wait_for(300);
    let record = load.end();

    // Without room it does not start, and changes nothing: what it was making takes up the last of it.
    let rest = fs::write(disk.join("rest"), vec![1; 1 << 20]);
    assert!(rest.is_err(), "the file system is not small");
    let mut refused = Process(cluster.command(PLACE).spawn().expect("the command was built"));
    let mut stderr = refused.0.stderr.take().expect("it is piped");
    let (status, mut text) = (refused.ended(), String::new());
    stderr.read_to_string(&mut text).expect("it can be read");
    assert_eq!(status.code(), Some(73), "{text}");
    assert!(text.contains("make room for at least one more segment"), "{text}");

    fs::remove_file(ballast).expect("it is there");
    cluster.start_server(PLACE, &[]);
    cluster.wait_until_caught_up(PLACE);
    // It is needed now.
    cluster.kill((PLACE + 1) % 3);
    wait_until("there is another leader, or still the same", || {
        cluster.leader() != (PLACE + 1) % 3
    });
    let mut client = cluster.connect(PLACE);
    record.must_have_lost_nothing(&mut client);
    record.must_be_linearizable(&mut client);
}
