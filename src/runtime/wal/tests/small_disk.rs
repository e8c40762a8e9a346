//! The log on a real file system that runs full.
//!
//! `cargo xtask test small-disk` mounts one of a megabyte for this test, without being root, and says so when
//! the machine does not allow it. Without such a file system the test is ignored.

mod common;

use common::{Command, History, SMALL, Snapshot, entry, identity, write};
use quorate_wal::{RealFiles, Wal, WalError};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

#[test]
#[ignore = "needs a small file system: cargo xtask test small-disk"]
fn a_full_disk_stops_the_log_and_loses_nothing() {
    let disk = std::env::var_os("QUORATE_SMALL_DISK").expect("QUORATE_SMALL_DISK: a directory");
    let directory = PathBuf::from(&disk).join("n1");
    let open = || Wal::<Command>::open(RealFiles, &directory, identity(), SMALL);
    Wal::<Command>::init(RealFiles, &directory, identity(), SMALL).expect("init");
    let (mut wal, _) = open().expect("open");

    // Something else takes up most of the disk, and leaves room for some segments.
    let ballast = PathBuf::from(&disk).join("ballast");
    fs::write(&ballast, vec![1; 700 << 10]).expect("write");
    let mut batches = Vec::new();
    let error = loop {
        let keep = batches.len() as u64;
        let batch = vec![write(keep, vec![entry(1, &[7; 900])], 1, None)];
        match wal.append(&batch) {
            Ok(()) => batches.push(batch),
            Err(error) => break error,
        }
        assert!(batches.len() < 2000, "the file system is not small");
    };
    assert!(batches.len() > 20, "only {} batches", batches.len());
    let WalError::Io { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), ErrorKind::StorageFull);
    assert!(error.to_string().contains("make room for at least one more segment"), "{error}");
    let more = [write(0, vec![], 2, None)];
    assert!(matches!(wal.append(&more), Err(WalError::Poisoned { .. })));
    drop(wal);

    // Without room the server does not start; with room it has everything.
    fs::write(PathBuf::from(&disk).join("rest"), vec![1; 1 << 20]).expect_err("full");
    if let Err(error) = open() {
        assert!(error.to_string().contains("make room"), "{error}");
    }
    fs::remove_file(ballast).expect("remove");
    let history = History::of(batches);
    let (mut wal, recovered) = open().expect("open");
    let acknowledged = history.states.last().expect("a state");
    let state = Snapshot::of(&recovered);
    assert_eq!(state.entries[..acknowledged.entries.len()], acknowledged.entries[..]);
    assert!(state.entries.len() <= acknowledged.entries.len() + 1);
    wal.append(&more).expect("goes on");
}
