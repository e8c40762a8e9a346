//! What the disk allows at best: three logs in this process, of which two decide.
//!
//! Writes wait in batches, and a batch is done when it is durable in two of the logs; then the next one is
//! written, with as many writes. The third log takes what has gathered meanwhile as one batch, as the log of a
//! slow follower would. There is no socket, no protocol and no store: no server on these logs can be faster.

use super::latency::Measured;
use super::load::LENGTH;
use quorate_core::{AbstractAction, Entry, Index, Payload, ServerId, Term, Write};
use quorate_kv::Bytes;
use quorate_wal::{ClusterId, Identity, Options, RealFiles, Wal};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many logs there are.
const LOGS: u8 = 3;
/// In how many of them a write has to be.
const MAJORITY: usize = 2;
/// The only term.
const TERM: Term = Term(1);

/// What a log's thread says: which batch is durable, or why there will be none.
type Said = Result<u64, String>;

/// A batch for a log.
struct Batch {
    number: u64,
    /// How many writes it holds.
    writes: usize,
}

/// The logs, each with its thread.
pub(super) struct Logs {
    threads: Vec<JoinHandle<()>>,
    batches: Vec<Sender<Batch>>,
    said: Receiver<Said>,
    /// The number of the last batch.
    last: u64,
}

impl Logs {
    /// Makes the logs, in directories below this one.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(super) fn start(directory: &Path) -> Result<Logs, String> {
        std::fs::create_dir_all(directory)
            .map_err(|error| format!("{}: {error}", directory.display()))?;
        let (say, said) = channel();
        let mut logs = Logs { threads: Vec::new(), batches: Vec::new(), said, last: 0 };
        for server in (1..=LOGS).filter_map(ServerId::new) {
            let wal = open(directory.join(format!("n{}", server.get())), server)?;
            let (sender, batches) = channel();
            let say = say.clone();
            logs.batches.push(sender);
            logs.threads.push(thread::spawn(move || write_batches(wal, server, &batches, &say)));
        }
        Ok(logs)
    }

    /// Writes batches of so many writes for some time.
    ///
    /// # Errors
    /// When a log could not be written.
    pub(super) fn run(&mut self, writes: usize, time: Duration) -> Result<Measured, String> {
        let begun = Instant::now();
        let mut times = Vec::new();
        while begun.elapsed() < time {
            let batch = Instant::now();
            self.write(writes)?;
            times.extend(std::iter::repeat_n(batch.elapsed(), writes));
        }
        Ok(Measured::new(times, begun.elapsed()))
    }

    /// Writes one batch, and waits until it is durable in most logs.
    fn write(&mut self, writes: usize) -> Result<(), String> {
        let gone = || "a log: its thread has ended; expected it to write".to_owned();
        self.last += 1;
        for batches in &self.batches {
            batches.send(Batch { number: self.last, writes }).map_err(|_| gone())?;
        }
        let mut durable = 0;
        while durable < MAJORITY {
            let number = self.said.recv().map_err(|_| gone())??;
            // What a slow log says of earlier batches no longer matters.
            durable += usize::from(number == self.last);
        }
        Ok(())
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.batches.clear();
        for thread in self.threads.drain(..) {
            // One that panicked has ended as well.
            drop(thread.join());
        }
    }
}

fn open(directory: PathBuf, server: ServerId) -> Result<Wal<Bytes>, String> {
    let identity = Identity { cluster: ClusterId(1), server };
    let options = Options::default();
    Wal::<Bytes>::init(RealFiles, &directory, identity, options)
        .and_then(|()| Wal::open(RealFiles, &directory, identity, options))
        .map(|(wal, _)| wal)
        .map_err(|error| error.to_string())
}

/// Writes batches until there are no more. What is waiting is written at once.
fn write_batches(
    mut wal: Wal<Bytes>,
    server: ServerId,
    batches: &Receiver<Batch>,
    say: &Sender<Said>,
) {
    let entry = Entry { term: TERM, payload: Payload::Command(Bytes::from(vec![b'v'; LENGTH])) };
    let mut length = 0;
    while let Ok(first) = batches.recv() {
        let batches: Vec<Batch> = std::iter::once(first).chain(batches.try_iter()).collect();
        let writes: Vec<Write<Bytes>> = batches
            .iter()
            .map(|batch| {
                let truncate_to = Index(length);
                length += batch.writes as u64;
                Write {
                    truncate_to,
                    entries: vec![entry.clone(); batch.writes],
                    term: TERM,
                    voted_for: None,
                    witness: AbstractAction::BumpTerm { server, term: TERM },
                }
            })
            .collect();
        let written = wal.append(&writes).map_err(|error| error.to_string());
        for batch in &batches {
            // When nobody listens any more, there is nothing left to write either.
            let _ = say.send(written.clone().map(|()| batch.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Logs;
    use crate::place::Place;
    use std::time::Duration;

    #[test]
    fn batches_become_durable_and_count_every_write() {
        let place = Place::new("bench-limit-test").expect("the build directory can be written");
        let mut logs = Logs::start(place.path()).expect("logs are made");
        let measured = logs.run(3, Duration::from_millis(20)).expect("written");
        assert!(measured.count() >= 3 && measured.count().is_multiple_of(3));
        assert!(measured.percentile(50) > 0.0 && measured.rate() > 0.0);
        assert!(Logs::start(place.path()).is_err(), "there are logs already");
    }
}
