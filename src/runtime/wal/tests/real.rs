//! The log on the file system of the operating system.

mod common;

use common::{Command, History, SMALL, Snapshot, identity};
use quorate_wal::{RealFiles, Recovered, Wal, WalError};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A directory of its own for each test, empty at its beginning.
fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wal-{name}"));
    if path.exists() {
        fs::remove_dir_all(&path).expect("remove what an earlier run left");
    }
    fs::create_dir_all(&path).expect("create");
    path
}

fn init(directory: &Path) -> Result<(), WalError> {
    Wal::<Command>::init(RealFiles, directory, identity(), SMALL)
}

fn open(directory: &Path) -> Result<(Wal<Command>, Recovered<Command>), WalError> {
    Wal::open(RealFiles, directory, identity(), SMALL)
}

#[test]
fn what_was_appended_is_there_after_reopening() {
    let place = place("reopening");
    let directory = place.join("n1");
    init(&directory).expect("init");
    let history = History::random(1, 40, 700);
    for (done, batch) in history.batches.iter().enumerate() {
        let (mut wal, recovered) = open(&directory).expect("open");
        assert_eq!(Snapshot::of(&recovered), history.states[done]);
        wal.append(batch).expect("append");
        if done % 4 == 0 {
            wal.idle().expect("idle");
        }
    }
    let (_, recovered) = open(&directory).expect("open");
    assert_eq!(Some(&Snapshot::of(&recovered)), history.states.last());
    fs::remove_dir_all(place).expect("remove");
}

#[test]
fn only_the_owner_can_read_and_write() {
    let place = place("permissions");
    let directory = place.join("n1");
    init(&directory).expect("init");
    let history = History::random(2, 20, 700);
    let (mut wal, _) = open(&directory).expect("open");
    history.batches.iter().for_each(|batch| wal.append(batch).expect("append"));
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<PathBuf> =
        fs::read_dir(&directory).expect("list").map(|entry| entry.expect("entry").path()).collect();
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(wal);
    fs::remove_dir_all(place).expect("remove");
}

#[test]
fn a_second_opener_is_refused_until_the_first_has_gone() {
    let place = place("lock");
    init(&place).expect("init an empty directory that is there");
    let first = open(&place).expect("open");
    let error = open(&place).err().expect("locked");
    assert!(matches!(error, WalError::Locked { .. }), "{error}");
    let expected = format!("{}: in use by another process", place.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    drop(first);
    assert!(open(&place).is_ok());
    fs::remove_dir_all(place).expect("remove");
}

#[test]
fn what_the_operating_system_refuses_is_named() {
    let place = place("refused");
    let file = place.join("file");
    fs::write(&file, "no directory").expect("write");
    let error = init(&file).expect_err("a file is no directory").to_string();
    assert!(error.contains("file: cannot create the directory: "), "{error}");
    let error = init(&place.join("a/b")).expect_err("no parent").to_string();
    assert!(
        error.contains("a/b: cannot create the directory: ") && error.contains("check the path")
    );
    assert!(matches!(open(&place.join("a")), Err(WalError::NotInitialised { .. })));
    fs::remove_dir_all(place).expect("remove");
}
