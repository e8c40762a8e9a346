//! The faults, and how each begins and ends.

use super::{ON_SMALL_DISK, Torture};
use crate::processes::{Process, signal, wait_until};
use crate::proxy::Weather;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whom a fault hits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Whom {
    Leader,
    /// The one so many places after the leader.
    Follower(usize),
}

/// Something that goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    Kill(Whom),
    KillAll,
    Stop(Whom),
    /// Nothing that it sends arrives.
    Mute(Whom),
    /// It hears nothing.
    Deafen(Whom),
    Isolate(Whom),
    /// Nobody hears anybody.
    Silence,
    /// Of 100 frames so many are lost, and the others take up to so many milliseconds.
    Storm {
        loss: u8,
        delay: u64,
    },
    /// What it sends and what it is sent stands still, and then arrives.
    Stall(Whom),
    /// All connections between servers end.
    Reset,
    /// Its directory is not where it was.
    LoseDirectory(Whom),
    /// A byte of its log is changed while it is down.
    Damage(Whom),
    /// The small file system is full.
    FillDisk,
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whom::Leader => f.write_str("the leader"),
            Whom::Follower(_) => f.write_str("a follower"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Kill(whom) => write!(f, "kill -9 of {whom}"),
            Fault::KillAll => f.write_str("kill -9 of all"),
            Fault::Stop(whom) => write!(f, "{whom} stands still"),
            Fault::Mute(whom) => write!(f, "nobody hears {whom}"),
            Fault::Deafen(whom) => write!(f, "{whom} hears nobody"),
            Fault::Isolate(whom) => write!(f, "{whom} is cut off"),
            Fault::Silence => f.write_str("nobody hears anybody"),
            Fault::Storm { loss, delay: 0 } => write!(f, "{loss} % of all frames are lost"),
            Fault::Storm { loss, delay } => {
                write!(f, "{loss} % of all frames are lost, the others late by up to {delay} ms")
            }
            Fault::Stall(whom) => write!(f, "the links of {whom} stall"),
            Fault::Reset => f.write_str("all connections break"),
            Fault::LoseDirectory(whom) => write!(f, "the directory of {whom} goes away"),
            Fault::Damage(whom) => write!(f, "the log of {whom} is damaged"),
            Fault::FillDisk => f.write_str("the disk of a server runs full"),
        }
    }
}

impl Fault {
    /// Whether nothing else may go wrong meanwhile, for it ends with something that must happen.
    pub(super) fn is_for_itself(self) -> bool {
        matches!(self, Fault::LoseDirectory(_) | Fault::Damage(_) | Fault::FillDisk)
    }
}

/// All faults, drawn one after the other until all were drawn; then anew, in another order.
pub(super) struct Deck {
    all: Vec<Fault>,
    left: Vec<Fault>,
    drawn: usize,
}

impl Deck {
    pub(super) fn new(has_small_disk: bool) -> Deck {
        let leader = Whom::Leader;
        let mut all = vec![
            Fault::Kill(leader),
            Fault::Kill(leader),
            Fault::Kill(Whom::Follower(1)),
            Fault::KillAll,
            Fault::Stop(leader),
            Fault::Stop(Whom::Follower(2)),
            Fault::Mute(leader),
            Fault::Deafen(leader),
            Fault::Mute(Whom::Follower(1)),
            Fault::Isolate(leader),
            Fault::Isolate(Whom::Follower(2)),
            Fault::Silence,
            Fault::Storm { loss: 5, delay: 40 },
            Fault::Storm { loss: 30, delay: 0 },
            Fault::Stall(leader),
            Fault::Reset,
            Fault::LoseDirectory(leader),
            Fault::LoseDirectory(Whom::Follower(1)),
            Fault::Damage(leader),
            Fault::Damage(Whom::Follower(2)),
        ];
        if has_small_disk {
            all.extend([Fault::FillDisk, Fault::FillDisk]);
        }
        Deck { all, left: Vec::new(), drawn: 0 }
    }

    /// The next fault.
    pub(super) fn draw(&mut self, random: &mut fastrand::Rng) -> Fault {
        if self.left.is_empty() {
            self.left.clone_from(&self.all);
            random.shuffle(&mut self.left);
        }
        self.drawn += 1;
        self.left.pop().expect("there are faults")
    }

    /// A fault that can happen beside another one.
    pub(super) fn companion(&self, random: &mut fastrand::Rng) -> Option<Fault> {
        random.choice(&self.all).copied().filter(|fault| !fault.is_for_itself())
    }

    /// Whether every fault has been there.
    pub(super) fn is_through(&self) -> bool {
        self.drawn >= self.all.len()
    }
}

impl Torture {
    /// The server that is meant, by who led when the round began.
    fn place(&self, whom: Whom) -> usize {
        match whom {
            Whom::Leader => self.leader,
            Whom::Follower(after) => (self.leader + after) % 3,
        }
    }

    /// Begins a fault that lasts until [`Torture::heal`].
    pub(super) fn inflict(&mut self, fault: Fault) {
        let whom = match fault {
            Fault::Kill(whom)
            | Fault::Stop(whom)
            | Fault::Mute(whom)
            | Fault::Deafen(whom)
            | Fault::Isolate(whom)
            | Fault::Stall(whom) => self.place(whom),
            _ => 0,
        };
        let links = self.cluster.links.as_ref().expect("there are proxies");
        match fault {
            Fault::Kill(_) => self.kill(whom),
            Fault::KillAll => (0..3).for_each(|place| self.kill(place)),
            Fault::Stop(_) => {
                if let Some(server) = &self.cluster.servers[whom] {
                    signal("STOP", server.0.id());
                }
            }
            Fault::Mute(_) => links.set(Weather::CUT, |from, _| from == whom),
            Fault::Deafen(_) => links.set(Weather::CUT, |_, to| to == whom),
            Fault::Isolate(_) => links.set(Weather::CUT, |from, to| from == whom || to == whom),
            Fault::Silence => links.set(Weather::CUT, |_, _| true),
            Fault::Storm { loss, delay } => {
                let delay = Duration::from_millis(delay);
                links.set(Weather { loss, delay, stalled: false }, |_, _| true);
            }
            Fault::Stall(_) => {
                let stalled = Weather { stalled: true, ..Weather::default() };
                links.set(stalled, |from, to| from == whom || to == whom);
            }
            Fault::Reset => links.each(|_, _| true).for_each(|link| link.reset()),
            Fault::LoseDirectory(_) | Fault::Damage(_) | Fault::FillDisk => self.suffer(fault),
        }
    }

    fn kill(&mut self, place: usize) {
        if self.cluster.is_running(place) {
            self.cluster.kill(place);
        }
    }

    /// Ends everything that lasts: links are as they should be, and all servers run.
    pub(super) fn heal(&mut self) {
        self.cluster.links.as_ref().expect("there are proxies").heal();
        for place in 0..3 {
            match &self.cluster.servers[place] {
                Some(server) => signal("CONT", server.0.id()),
                None => self.cluster.start_server(place, &[]),
            }
        }
    }

    /// A fault from beginning to end: a server stops, or does not start, for a reason that it says, and the others
    /// go on; then what was wrong is put right, and it starts.
    pub(super) fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::LoseDirectory(whom) => self.lose_directory(self.place(whom)),
            Fault::Damage(whom) => self.damage(self.place(whom)),
            Fault::FillDisk => self.fill_disk(),
            _ => self.inflict(fault),
        }
    }

    /// The next segment cannot be made: the server stops by itself.
    fn lose_directory(&mut self, place: usize) {
        let data = self.cluster.data(place);
        let away = data.with_extension("away");
        fs::rename(&data, &away).expect("the directory can be renamed");
        self.must_stop(place, "No such file or directory");
        self.load().wait_for(50);
        self.must_be_refused(place, 66, "holds no log");
        fs::rename(&away, &data).expect("the directory can be renamed");
    }

    /// There is no room for the next segment: the server stops by itself.
    fn fill_disk(&mut self) {
        let disk = self.small_disk.clone().expect("there is a small disk");
        let ballast = disk.join("ballast");
        fill(&ballast);
        self.must_stop(ON_SMALL_DISK, "make room for at least one more segment");
        self.load().wait_for(50);
        // What it was making is worth nothing, and it writes one segment anew when it starts.
        files(&self.cluster.data(ON_SMALL_DISK), "tmp").iter().for_each(|file| {
            fs::remove_file(file).expect("it is there");
        });
        fill(&ballast);
        self.must_be_refused(ON_SMALL_DISK, 73, "make room for at least one more segment");
        fs::remove_file(&ballast).expect("it is there");
    }

    /// A bit in the header of a batch is flipped, not the last one: that is no torn write, and the server refuses it.
    /// Then the file is put back as it was when the server last ran, as the message says.
    fn damage(&mut self, place: usize) {
        let data = self.cluster.data(place);
        wait_until("a segment is complete", || files(&data, "wal").len() > 1);
        self.kill(place);
        let mut segments = files(&data, "wal");
        segments.pop();
        let file = self.random.choice(segments).expect("there are segments");
        let sound = fs::read(&file).expect("it can be read");
        let headers =
            (512..sound.len()).step_by(512).filter(|at| sound[*at..].starts_with(b"QBAT"));
        let header = self.random.choice(headers.collect::<Vec<_>>()).expect("there are batches");
        let mut damaged = sound.clone();
        damaged[header + self.random.usize(..32)] ^= 1 << self.random.u8(..8);
        fs::write(&file, &damaged).expect("it can be written");
        self.load().wait_for(50);
        let name = file.file_name().expect("it has a name").to_string_lossy().into_owned();
        self.must_be_refused(place, 65, &format!("{name}: offset "));
        assert_eq!(fs::read(&file).expect("it is there"), damaged, "a refused log was changed");
        fs::write(&file, &sound).expect("it can be written");
    }

    /// Waits until a server has stopped by itself, and checks that it says why.
    fn must_stop(&mut self, place: usize, why: &str) {
        let mut process = self.cluster.servers[place].take().expect("it runs");
        let status = process.ended();
        let lines = self.cluster.lines(place);
        assert_eq!(status.code(), Some(70), "{lines}");
        let mut last = lines.lines().rev().take(3);
        assert!(last.any(|line| line.contains(why)), "does not say {why:?}: {lines}");
    }

    /// Checks that a server does not start, with this code and for this reason.
    fn must_be_refused(&mut self, place: usize, code: i32, why: &str) {
        let mut process = Process(self.cluster.command(place).spawn().expect("it was built"));
        let mut stderr = process.0.stderr.take().expect("it is piped");
        let status = process.ended();
        let mut text = String::new();
        stderr.read_to_string(&mut text).expect("it can be read");
        assert_eq!(status.code(), Some(code), "{text}");
        assert!(text.contains(why), "does not say {why:?}: {text}");
    }
}

/// Writes until there is no room left.
fn fill(file: &Path) {
    let mut file = File::options().create(true).append(true).open(file).expect("it can be made");
    let piece = vec![1; 4096];
    loop {
        match file.write(&piece) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return,
            Err(error) => panic!("the disk does not run full: {error}"),
        }
    }
}

/// The files of a directory whose names end so, in order.
fn files(data: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(data).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    files.sort();
    files
}
