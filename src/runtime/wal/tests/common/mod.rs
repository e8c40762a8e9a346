//! What the tests of the log have in common: histories of writes, and what each of them leads to.
#![allow(dead_code, reason = "not every test needs everything")]

use quorate_core::{AbstractAction, Entry, Index, Payload, ServerId, Term, Write};
use quorate_wal::testing::SimulatedFiles;
use quorate_wal::{ClusterId, Identity, Options, Recovered, Wal, WalError};
use std::path::{Path, PathBuf};

/// The commands of all tests.
pub(crate) type Command = Vec<u8>;

/// A log in the simulated file system.
pub(crate) type SimulatedWal = Wal<Command, SimulatedFiles>;

/// Small segments, so that histories fill several.
pub(crate) const SMALL: Options = Options { segment_bytes: 4096 };

/// The server of this number.
pub(crate) fn server(number: u8) -> ServerId {
    ServerId::new(number).expect("a server")
}

/// Server 1 of a cluster.
pub(crate) fn identity() -> Identity {
    Identity { cluster: ClusterId(0x0123_4567_89ab_cdef), server: server(1) }
}

/// Where the simulated log is.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from("/n1")
}

/// The path of a segment of the simulated log.
pub(crate) fn segment(number: u64) -> PathBuf {
    directory().join(format!("segment-{number:08}.wal"))
}

/// Makes a log.
pub(crate) fn init(files: &SimulatedFiles) {
    Wal::<Command, _>::init(files.clone(), &directory(), identity(), SMALL).expect("init");
}

/// Opens the log.
pub(crate) fn open(files: &SimulatedFiles) -> Result<(SimulatedWal, Recovered<Command>), WalError> {
    Wal::open(files.clone(), &directory(), identity(), SMALL)
}

/// Everything that a log amounts to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) term: Term,
    pub(crate) voted_for: Option<ServerId>,
    pub(crate) entries: Vec<Entry<Command>>,
}

impl Snapshot {
    /// What was recovered.
    pub(crate) fn of(recovered: &Recovered<Command>) -> Snapshot {
        Snapshot {
            term: recovered.term,
            voted_for: recovered.voted_for,
            entries: recovered.log.entries().to_vec(),
        }
    }

    /// The state after a write.
    pub(crate) fn after(&self, write: &Write<Command>) -> Snapshot {
        let mut entries = self.entries.clone();
        entries.truncate(write.truncate_to.0 as usize);
        entries.extend(write.entries.iter().cloned());
        Snapshot { term: write.term, voted_for: write.voted_for, entries }
    }
}

/// A write.
pub(crate) fn write(
    keep: u64,
    entries: Vec<Entry<Command>>,
    term: u64,
    vote: Option<u8>,
) -> Write<Command> {
    Write {
        truncate_to: Index(keep),
        entries,
        term: Term(term),
        voted_for: vote.map(server),
        witness: AbstractAction::BumpTerm { server: server(1), term: Term(term) },
    }
}

/// An entry with a command.
pub(crate) fn entry(term: u64, command: &[u8]) -> Entry<Command> {
    Entry { term: Term(term), payload: Payload::Command(command.to_vec()) }
}

/// Batches of writes, and the state before the first and after each.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) batches: Vec<Vec<Write<Command>>>,
    pub(crate) states: Vec<Snapshot>,
}

impl History {
    /// The history that these batches make.
    pub(crate) fn of(batches: Vec<Vec<Write<Command>>>) -> History {
        let mut states = vec![Snapshot::default()];
        for batch in &batches {
            let before = states.last().cloned().unwrap_or_default();
            states.push(batch.iter().fold(before, |state, write| state.after(write)));
        }
        History { batches, states }
    }

    /// A history by chance: votes, new terms, entries at the end and in place of others, and commands up
    /// to some length.
    pub(crate) fn random(seed: u64, batches: usize, longest: usize) -> History {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut state = Snapshot::default();
        let mut batch = |random: &mut fastrand::Rng| {
            let write = random_write(random, &state, longest);
            state = state.after(&write);
            write
        };
        let batches = (0..batches)
            .map(|_| (0..random.usize(1..4)).map(|_| batch(&mut random)).collect())
            .collect();
        History::of(batches)
    }

    /// Appends all batches from `done` on. Returns how many were acknowledged in all, and the error if one
    /// stopped it.
    pub(crate) fn append(&self, wal: &mut SimulatedWal, done: usize) -> (usize, Option<WalError>) {
        for (number, batch) in self.batches.iter().enumerate().skip(done) {
            // Some batches are followed by a pause.
            let pause = number % 3 == 0;
            if let Err(error) = wal.append(batch) {
                return (number, Some(error));
            }
            if pause && let Err(error) = wal.idle() {
                return (number + 1, Some(error));
            }
        }
        (self.batches.len(), None)
    }

    /// Which state this is; the latest, if it is several.
    pub(crate) fn position(&self, state: &Snapshot) -> Option<usize> {
        self.states.iter().rposition(|candidate| candidate == state)
    }

    /// Whether a state is one of those after at least `acknowledged` and at most one more batch.
    pub(crate) fn allows(&self, state: &Snapshot, acknowledged: usize) -> bool {
        self.states.iter().skip(acknowledged).take(2).any(|candidate| candidate == state)
    }
}

fn random_write(random: &mut fastrand::Rng, before: &Snapshot, longest: usize) -> Write<Command> {
    let is_new = before.term == Term(0) || random.u8(..) < 60;
    let term = before.term.0 + u64::from(is_new);
    let vote = match (is_new, before.voted_for) {
        (false, Some(vote)) => Some(vote.get()),
        _ => random.bool().then(|| random.u8(1..4)),
    };
    let length = before.entries.len();
    // Only now and then are entries replaced, and then by ones of the new term.
    let keep = if is_new && random.bool() { random.usize(0..=length) } else { length };
    let entries = (0..random.usize(0..3)).map(|_| {
        let command: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(longest).collect();
        entry(term, &command[..random.usize(0..=longest)])
    });
    let entries = entries.collect();
    write(keep as u64, entries, term, vote)
}

/// The content of all segments, by path.
pub(crate) fn contents(files: &SimulatedFiles) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = files.paths().into_iter().filter(|path| path.starts_with(directory()));
    paths.map(|path| (path.clone(), files.content(&path).unwrap_or_default())).collect()
}

/// A file system that holds these files, durably.
pub(crate) fn with_contents(contents: &[(PathBuf, Vec<u8>)]) -> SimulatedFiles {
    let files = SimulatedFiles::new();
    quorate_wal::Files::create_directory(&files, &directory()).expect("a directory");
    quorate_wal::Files::sync_directory(&files, Path::new("/")).expect("a durable directory");
    contents.iter().for_each(|(path, content)| files.set_content(path, content));
    files
}
