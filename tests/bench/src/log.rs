//! What it costs to make one entry durable.
//!
//! Nearly all of it is the disk's: so what the disk takes for the same write without a log is measured beside
//! it, in the same round. A file that grows shows what the zeros in a segment are for.

use crate::figure::{Figure, Goal};
use crate::place::Place;
use quorate_core::{AbstractAction, Entry, Index, Payload, ServerId, Term, Write};
use quorate_wal::{ClusterId, Identity, Options, RealFiles, Wal};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// The batches of one round.
const BATCHES: usize = 2_000;
/// The rounds.
const ROUNDS: usize = 5;
/// The length of a command in bytes.
const LENGTH: usize = 256;
/// What a batch with one such command takes up in a segment, in bytes.
const EXTENT: usize = 512;
/// At most how many microseconds one batch may take.
const TARGET: f64 = 1_000.0;

/// Measures microseconds for one durable batch.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    figures(BATCHES, ROUNDS)
}

fn figures(batches: usize, rounds: usize) -> Result<Vec<Figure>, String> {
    let place = Place::new("bench-log")?;
    let (mut log, mut zeros, mut growing) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        log.push(append(&place.path().join("n1"), batches)?);
        let bare = |is_filled| write_and_sync(&place.path().join("bare"), batches, is_filled);
        zeros.push(bare(true).map_err(|error| error.to_string())?);
        growing.push(bare(false).map_err(|error| error.to_string())?);
    }
    let figure = |name: &str, rounds, goal| Figure { name: name.into(), rounds, unit: "us", goal };
    Ok(vec![
        figure("log: one entry of 256 B", log, Some(Goal::at_most(TARGET))),
        figure("log: the disk alone, into zeros", zeros, None),
        figure("log: the disk alone, a file that grows", growing, None),
    ])
}

/// The median of so many durations, in microseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

/// Appends batches of one entry to a fresh log. Returns the median.
fn append(directory: &Path, batches: usize) -> Result<f64, String> {
    let server = ServerId::new(1).ok_or("no server")?;
    let identity = Identity { cluster: ClusterId(1), server };
    let options = Options { segment_bytes: 8 << 20 };
    let text = |error: quorate_wal::WalError| error.to_string();
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(|error| error.to_string())?;
    }
    Wal::<Box<[u8]>>::init(RealFiles, directory, identity, options).map_err(text)?;
    let (mut wal, _) =
        Wal::<Box<[u8]>>::open(RealFiles, directory, identity, options).map_err(text)?;
    let mut times = Vec::with_capacity(batches);
    for number in 0..batches as u64 {
        let term = Term(1);
        let payload = Payload::Command(vec![number as u8; LENGTH].into_boxed_slice());
        let write = Write {
            truncate_to: Index(number),
            entries: vec![Entry { term, payload }],
            term,
            voted_for: None,
            witness: AbstractAction::BumpTerm { server, term },
        };
        let begun = Instant::now();
        wal.append(&[write]).map_err(text)?;
        times.push(begun.elapsed());
    }
    Ok(median(times))
}

/// Writes and syncs as much as a batch takes up, again and again. Returns the median.
fn write_and_sync(path: &Path, batches: usize, is_filled: bool) -> io::Result<f64> {
    let file = File::create(path)?;
    if is_filled {
        file.write_all_at(&vec![0; batches * EXTENT], 0)?;
        file.sync_all()?;
    }
    let mut times = Vec::with_capacity(batches);
    for number in 0..batches {
        let begun = Instant::now();
        file.write_all_at(&[1; EXTENT], (number * EXTENT) as u64)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    Ok(median(times))
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn every_way_of_writing_is_measured() {
        let figures = figures(20, 1).expect("measured");
        assert_eq!(figures.len(), 3);
        assert!(figures.iter().all(|figure| figure.rounds.iter().all(|value| *value > 0.0)));
    }
}
