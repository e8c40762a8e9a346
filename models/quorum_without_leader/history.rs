//! The workload and the property, which every model of this chapter shares.
//!
//! One writer writes version 1, then version 2, and so on; one reader reads, again and again; the two do
//! not wait for each other. What the clients have seen so far is a [`History`], and it alone decides
//! whether the register has been consistent: the models report to it when an operation begins and when
//! it ends, and cannot tell it anything else. So the comparison between the models is fair.
//!
//! **The property.** With one writer, a history of the register is linearizable exactly if every
//! finished read returned (1) a version whose write had begun, (2) none older than a write that had
//! finished before the read began, and (3) none older than what another read had returned that finished
//! before this one began [Lamport86]. The third is what is called the *new-old inversion*. An operation
//! that has not finished restricts nothing.
//!
//! [Lamport86]: super#references

use std::fmt;

/// A version of the register: the number of the write that made it, 0 for the value at the start.
pub type Version = u8;

/// How much the clients do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Workload {
    /// How many values the writer writes, one after the other.
    pub writes: u8,
    /// How often the reader reads, one read after the other.
    pub reads: u8,
}

/// The workload of the chapter: the smallest in which a read can follow a read and a write a write.
pub const WORKLOAD: Workload = Workload { writes: 2, reads: 2 };

/// A read and what it returned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FinishedRead {
    /// Its number; the first read is 1.
    pub read: u8,
    /// The version it returned.
    pub version: Version,
}

/// What has finished since the last failure. An operation that was under way when the replica failed may
/// have its answers already, and is counted apart from those that began afterwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Completed {
    /// Some write that began afterwards has finished.
    pub new_write: bool,
    /// Some read that began afterwards has finished.
    pub new_read: bool,
    /// Some operation that was under way has finished.
    pub under_way: bool,
}

/// What a history remembers of the last failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Failure {
    /// The write in progress had begun before.
    write_under_way: bool,
    /// The read in progress had begun before.
    read_under_way: bool,
    completed: Completed,
}

/// Why a history is not that of one register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Violation {
    /// A read returned a version that nobody had written yet.
    NeverWritten {
        /// The read and what it returned.
        later: FinishedRead,
    },
    /// A read missed a write that had finished before the read began.
    OlderThanWrite {
        /// The read and what it returned.
        later: FinishedRead,
        /// The write, and so the version it should at least have returned.
        write: Version,
    },
    /// A read missed what an earlier read had returned: the new-old inversion.
    OlderThanRead {
        /// The read and what it returned.
        later: FinishedRead,
        /// The read that had finished before this one began, with a newer version.
        earlier: FinishedRead,
    },
}

impl Violation {
    /// The read that should not have returned what it did.
    pub fn later(self) -> FinishedRead {
        match self {
            Violation::NeverWritten { later }
            | Violation::OlderThanWrite { later, .. }
            | Violation::OlderThanRead { later, .. } => later,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::NeverWritten { later } => {
                write!(
                    f,
                    "read {} returned v{} although nobody had written it",
                    later.read, later.version
                )
            }
            Violation::OlderThanWrite { later, write } => write!(
                f,
                "read {} returned v{} although write {write} had finished before it began",
                later.read, later.version
            ),
            Violation::OlderThanRead { later, earlier } => write!(
                f,
                "read {} returned v{} although read {}, which had finished before it began, \
                 returned v{}",
                later.read, later.version, earlier.read, earlier.version
            ),
        }
    }
}

/// What had finished when the read in progress began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Floor {
    write: Version,
    read: Option<FinishedRead>,
}

/// What the clients have seen so far; the one judge of consistency.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct History {
    workload: Workload,
    writes_started: u8,
    writes_finished: u8,
    reads_finished: u8,
    /// The newest version that a read has returned, and the first read that returned it.
    newest: Option<FinishedRead>,
    /// Present exactly while a read is in progress.
    floor: Option<Floor>,
    failure: Option<Failure>,
    violation: Option<Violation>,
}

impl History {
    /// Nothing has happened yet, and `workload` is what may.
    pub fn new(workload: Workload) -> Self {
        History {
            workload,
            writes_started: 0,
            writes_finished: 0,
            reads_finished: 0,
            newest: None,
            floor: None,
            failure: None,
            violation: None,
        }
    }

    /// The write that the writer may begin now: one at a time, until the workload is done.
    pub fn next_write(&self) -> Option<u8> {
        let idle = self.writes_started == self.writes_finished;
        (idle && self.writes_started < self.workload.writes).then(|| self.writes_started + 1)
    }

    /// The newest version whose write has begun.
    pub fn newest_started(&self) -> Version {
        self.writes_started
    }

    /// The write in progress.
    pub fn write_in_progress(&self) -> Option<u8> {
        (self.writes_started > self.writes_finished).then_some(self.writes_started)
    }

    /// The read that the reader may begin now: one at a time, until the workload is done.
    pub fn next_read(&self) -> Option<u8> {
        let idle = self.floor.is_none();
        (idle && self.reads_finished < self.workload.reads).then(|| self.reads_finished + 1)
    }

    /// The read in progress.
    pub fn read_in_progress(&self) -> Option<u8> {
        self.floor.is_some().then(|| self.reads_finished + 1)
    }

    /// Whether the whole workload is done.
    pub fn is_complete(&self) -> bool {
        self.writes_finished == self.workload.writes && self.reads_finished == self.workload.reads
    }

    /// The writer begins its next write.
    pub fn start_write(&mut self) {
        assert!(self.next_write().is_some(), "the writer may not begin a write");
        self.writes_started += 1;
    }

    /// The writer learns that its write is done.
    pub fn finish_write(&mut self) {
        assert!(self.write_in_progress().is_some(), "no write is in progress");
        self.writes_finished += 1;
        if let Some(failure) = &mut self.failure {
            let under_way = std::mem::take(&mut failure.write_under_way);
            failure.completed.under_way |= under_way;
            failure.completed.new_write |= !under_way;
        }
    }

    /// The reader begins its next read; what has finished by now is what it must not miss.
    pub fn start_read(&mut self) {
        assert!(self.next_read().is_some(), "the reader may not begin a read");
        self.floor = Some(Floor { write: self.writes_finished, read: self.newest });
    }

    /// The reader gets its answer, and the answer is judged.
    pub fn finish_read(&mut self, version: Version) {
        let floor = self.floor.take().expect("no read is in progress");
        self.reads_finished += 1;
        let later = FinishedRead { read: self.reads_finished, version };
        let from_the_future = version > self.writes_started;
        let misses_write = version < floor.write;
        let missed_read = floor.read.filter(|earlier| version < earlier.version);
        // A later violation replaces an earlier one, so that the state after each bad read shows it.
        if from_the_future {
            self.violation = Some(Violation::NeverWritten { later });
        } else if misses_write {
            self.violation = Some(Violation::OlderThanWrite { later, write: floor.write });
        } else if let Some(earlier) = missed_read {
            self.violation = Some(Violation::OlderThanRead { later, earlier });
        }
        // A read that returned what was known already changes nothing for those after it.
        if self.newest.is_none_or(|newest| newest.version < version) {
            self.newest = Some(later);
        }
        if let Some(failure) = &mut self.failure {
            let under_way = std::mem::take(&mut failure.read_under_way);
            failure.completed.under_way |= under_way;
            failure.completed.new_read |= !under_way;
        }
    }

    /// A replica has failed: from now on it counts what finishes after this moment.
    pub fn failure(&mut self) {
        self.failure = Some(Failure {
            write_under_way: self.write_in_progress().is_some(),
            read_under_way: self.read_in_progress().is_some(),
            completed: Completed::default(),
        });
    }

    /// What has finished since the last failure; nothing before the first.
    pub fn since_failure(&self) -> Completed {
        self.failure.map(|failure| failure.completed).unwrap_or_default()
    }

    /// Why this is not the history of one register; `None` while it is.
    pub fn violation(&self) -> Option<Violation> {
        self.violation
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        // The writer: what it is doing, or else what it has done.
        if let Some(write) = self.write_in_progress() {
            words.push(format!("write {write} in progress"));
        } else if self.writes_finished > 0 {
            words.push(format!("write {} finished", self.writes_finished));
        }
        // The reader: what it is doing, and the newest version it has been given.
        if let Some(read) = self.read_in_progress() {
            words.push(format!("read {read} in progress"));
        }
        if let Some(newest) = self.newest {
            words.push(format!("read {} returned v{}", newest.read, newest.version));
        }
        if let Some(FinishedRead { read, version }) = self.violation.map(Violation::later) {
            words.push(format!("read {read} returned v{version}: INCONSISTENT"));
        }
        f.write_str(&if words.is_empty() { "clients idle".to_string() } else { words.join(", ") })
    }
}
