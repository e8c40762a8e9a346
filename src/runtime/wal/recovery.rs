//! What a log holds after whatever happened.
//!
//! First everything is read and judged, and nothing is touched: a log that is refused stays as it was found.
//! Then the directory is put in order, and only when that is durable does anything count.
//!
//! Why so much: what can be read need not be on the disk. If the process was killed, or a sync failed, the
//! last batch may be in the operating system's memory alone, and reading it says nothing about the disk
//! \[Rebello20\]. So the segment that holds the last batch is written anew, to a file of its own that takes
//! the old one's place in one step. That also trims a torn batch and leaves zeros behind the last sound one,
//! where the next will be written. Killed at any point, this leaves either the old file or the new one.

use crate::chain::{Broken, Chain, Link};
use crate::directory::{Contents, Directory, Draft};
use crate::error::WalError;
use crate::files::Files;
use crate::format::{FIRST, HEADER, Place, Record, SECTOR, SegmentHeader};
use crate::identity::Identity;
use crate::replay::{Bounds, Replay};
use crate::scan::{Found, is_blank_from, scan};
use crate::wal::Segment;
use quorate_core::{Log, ServerId, Term};
use serde::de::DeserializeOwned;
use std::path::PathBuf;

/// What a log held when it was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered<C> {
    /// The term.
    pub term: Term,
    /// The vote in that term.
    pub voted_for: Option<ServerId>,
    /// The entries.
    pub log: Log<C>,
    /// How it was found.
    pub notes: Notes,
}

/// How a log was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    /// How many batches count, seals included.
    pub batches: u64,
    /// How many bytes they take up, in all segments.
    pub bytes: u64,
    /// What was trimmed behind the last of them: a write that a crash had torn.
    pub trimmed: Option<Trimmed>,
    /// Files that were removed, because no batch in them counted.
    pub removed: Vec<PathBuf>,
}

/// A torn write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trimmed {
    /// The file.
    pub file: PathBuf,
    /// Where it began, in bytes.
    pub offset: u64,
}

/// Everything that opening a log finds out.
pub(crate) struct Opened<C, File> {
    pub(crate) bounds: Bounds,
    pub(crate) recovered: Recovered<C>,
    pub(crate) current: Segment<File>,
    pub(crate) next_batch: u64,
    pub(crate) is_sealed: bool,
}

/// What reading the segments has shown so far.
struct Reading<C> {
    chain: Chain,
    replay: Replay<C>,
    /// The segment that holds the last batch.
    last: Option<(SegmentHeader, Vec<u8>)>,
    /// Where the batches in it are, each with the end of its content.
    contents: Vec<(u64, u64)>,
    is_sealed: bool,
    bytes: u64,
    trimmed: Option<Trimmed>,
}

/// Reads a log and puts its directory in order.
pub(crate) fn recover<C: DeserializeOwned, F: Files>(
    directory: &Directory<F>,
    identity: Identity,
) -> Result<Opened<C, F::File>, WalError> {
    let contents = directory.contents()?;
    check_numbers(directory, &contents)?;
    let mut reading = Reading::<C> {
        chain: Chain::new(),
        replay: Replay::new(),
        last: None,
        contents: Vec::new(),
        is_sealed: false,
        bytes: 0,
        trimmed: None,
    };
    for number in &contents.segments {
        let bytes = directory.read(*number)?;
        let header = directory.check_header(*number, &bytes, Some(identity))?;
        reading.take_segment(directory, header, bytes)?;
    }
    reading.tidy(directory, &contents)
}

/// Checks that there are segments, and none is missing between others.
pub(crate) fn check_numbers<F: Files>(
    directory: &Directory<F>,
    contents: &Contents,
) -> Result<(), WalError> {
    let Some(newest) = contents.segments.last() else {
        return Err(WalError::NotInitialised { directory: directory.path.clone() });
    };
    match contents.segments.iter().zip(1..).find(|(number, expected)| *number != expected) {
        None => Ok(()),
        Some((_, missing)) => {
            Err(WalError::MissingSegment { file: directory.segment(missing), newest: *newest })
        }
    }
}

/// The damage that was found, as an error.
pub(crate) fn corrupt<F: Files>(directory: &Directory<F>, broken: Broken) -> WalError {
    let Broken { at, found, expected } = broken;
    WalError::Corrupt { file: directory.segment(at.segment), offset: at.offset, found, expected }
}

/// A batch that is as it was written, but makes no sense.
pub(crate) fn unreadable<F: Files>(
    directory: &Directory<F>,
    found: &Found<'_>,
    why: String,
) -> WalError {
    let Place { segment, offset } = found.place;
    let expected = "writes that continue the log, of the commands of this program".into();
    WalError::Corrupt { file: directory.segment(segment), offset, found: why, expected }
}

/// A log without the batch that it was made with.
pub(crate) fn no_first_batch<F: Files>(directory: &Directory<F>) -> WalError {
    WalError::Corrupt {
        file: directory.segment(1),
        offset: FIRST,
        found: "no sound batch".into(),
        expected: "batch 1, with which every log is made".into(),
    }
}

/// The writes in a batch.
pub(crate) fn decode<C: DeserializeOwned>(found: &Found<'_>) -> Result<Vec<Record<C>>, String> {
    let mut rest = found.content;
    let mut records = Vec::new();
    for number in 1..=found.header.writes {
        let (record, after) = postcard::take_from_bytes::<Record<C>>(rest)
            .map_err(|error| format!("write {number} of the batch cannot be decoded: {error}"))?;
        rest = after;
        records.push(record);
    }
    if rest.is_empty() { Ok(records) } else { Err(format!("{} bytes too many", rest.len())) }
}

impl<C: DeserializeOwned> Reading<C> {
    /// Takes in all batches of a segment.
    fn take_segment<F: Files>(
        &mut self,
        directory: &Directory<F>,
        header: SegmentHeader,
        bytes: Vec<u8>,
    ) -> Result<(), WalError> {
        let mut contents = Vec::new();
        for found in scan(&bytes, header.number, header.identity) {
            match self.chain.add(&found).map_err(|broken| corrupt(directory, broken))? {
                Link::Next => {
                    let end = found.place.offset + HEADER as u64 + found.header.length;
                    contents.push((found.place.offset, end));
                    self.apply(&found).map_err(|why| unreadable(directory, &found, why))?;
                }
                Link::Torn => {}
            }
        }
        self.chain.finish_segment(header.number, &bytes);
        let behind = if contents.is_empty() { FIRST } else { self.chain.end().offset };
        if !contents.is_empty() {
            // What is behind the batches of an earlier segment is not read, and stays.
            self.trimmed = None;
        }
        if self.trimmed.is_none() && !is_blank_from(&bytes, behind) {
            let file = directory.segment(header.number);
            self.trimmed = Some(Trimmed { file, offset: behind });
        }
        if !contents.is_empty() {
            self.contents = contents;
            self.last = Some((header, bytes));
        }
        Ok(())
    }

    fn apply(&mut self, found: &Found<'_>) -> Result<(), String> {
        for record in decode(found)? {
            self.replay.apply(record)?;
        }
        self.is_sealed = found.header.writes == 0;
        self.bytes += found.header.extent();
        Ok(())
    }

    /// Puts the directory in order.
    fn tidy<F: Files>(
        self,
        directory: &Directory<F>,
        contents: &Contents,
    ) -> Result<Opened<C, F::File>, WalError> {
        let Some((header, bytes)) = self.last else {
            return Err(no_first_batch(directory));
        };
        let unused = contents.segments.iter().filter(|number| **number > header.number);
        let removed: Vec<PathBuf> =
            (contents.temporary.iter().map(|name| directory.path.join(name)))
                .chain(unused.map(|number| directory.segment(*number)))
                .collect();
        directory.remove(&removed)?;

        let end = self.chain.end().offset;
        let kept = keep_only(bytes, &self.contents);
        let file = Draft::begin(directory, &header, &kept)?.finish(directory)?;
        Ok(Opened {
            bounds: self.replay.bounds,
            current: Segment { number: header.number, length: header.length, file, end },
            next_batch: self.chain.next(),
            is_sealed: self.is_sealed,
            recovered: Recovered {
                term: self.replay.bounds.term,
                voted_for: self.replay.bounds.voted_for,
                log: self.replay.log,
                notes: Notes {
                    batches: self.chain.next() - 1,
                    bytes: self.bytes,
                    trimmed: self.trimmed,
                    removed,
                },
            },
        })
    }
}

/// The batches of a segment, without its header, and with zeros in whatever is between and behind them.
fn keep_only(mut bytes: Vec<u8>, contents: &[(u64, u64)]) -> Vec<u8> {
    let mut kept = 0;
    for (begin, end) in contents {
        if let Some(between) = bytes.get_mut(kept..*begin as usize) {
            between.fill(0);
        }
        kept = *end as usize;
    }
    bytes.truncate(kept);
    bytes.resize(kept.next_multiple_of(SECTOR as usize), 0);
    bytes.drain(..FIRST as usize);
    bytes
}
