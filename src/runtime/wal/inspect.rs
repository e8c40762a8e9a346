//! Looking at a log without touching it: for people who want to know what is in it, and whether it is sound.
//!
//! Nothing is locked or written, and damage is no reason to stop: every batch that has a right checksum is
//! shown, and the verdict at the end is the one that opening the log would come to.

use crate::chain::{Chain, Link};
use crate::directory::{Contents, Directory};
use crate::error::WalError;
use crate::files::Files;
use crate::format::{FIRST, Place, SegmentHeader};
use crate::identity::Identity;
use crate::recovery::{check_numbers, corrupt, decode, no_first_batch, unreadable};
use crate::replay::Replay;
use crate::scan::{Found, is_blank_from, scan};
use quorate_core::{Entry, Payload};
use serde::de::DeserializeOwned;
use std::fmt;
use std::io;
use std::path::Path;

/// What opening the log would come to.
#[derive(Debug)]
pub enum Verdict {
    /// All is well.
    Sound {
        /// How many batches count.
        batches: u64,
        /// Whether the last batch is sealed: whether damage to what counts would be noticed.
        is_sealed: bool,
    },
    /// The last write is torn: opening the log trims it.
    Torn {
        /// How many batches count.
        batches: u64,
    },
    /// The log would be refused.
    Refused(WalError),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Sound { batches, is_sealed: true } => write!(f, "sound: {batches} batches"),
            Verdict::Sound { batches, is_sealed: false } => write!(
                f,
                "sound: {batches} batches, the last one not sealed: damage to it would look like a torn write"
            ),
            Verdict::Torn { batches } => {
                write!(f, "sound: {batches} batches, and a torn write that will be trimmed")
            }
            Verdict::Refused(error) => write!(f, "REFUSED: {error}"),
        }
    }
}

/// Prints a log, a line for each segment, batch and write, and the verdict last. `show` says how a command
/// is printed. Whose log it is, its first readable segment says.
///
/// # Errors
/// When the output cannot be written. What is wrong with the log is the verdict's.
pub fn inspect<C: DeserializeOwned, F: Files>(
    files: F,
    directory: &Path,
    show: &dyn Fn(&C) -> String,
    out: &mut dyn io::Write,
) -> io::Result<Verdict> {
    let directory = Directory { files, path: directory.into() };
    let contents = match directory.contents() {
        Ok(contents) => contents,
        Err(error) => return conclude(Verdict::Refused(error), out),
    };
    let mut inspection = Inspection {
        identity: owner(&directory, &contents),
        directory,
        chain: Chain::new(),
        replay: Replay::new(),
        is_sealed: false,
        is_torn: false,
        refusal: None,
        show,
    };
    let complete = check_numbers(&inspection.directory, &contents);
    inspection.note(complete);
    for number in contents.segments {
        inspection.segment(number, out)?;
    }
    for name in contents.temporary {
        writeln!(out, "{name}: not finished, will be removed")?;
    }
    conclude(inspection.verdict(), out)
}

fn conclude(verdict: Verdict, out: &mut dyn io::Write) -> io::Result<Verdict> {
    writeln!(out, "{verdict}")?;
    Ok(verdict)
}

/// Whose log it is, according to the first segment that says so.
fn owner<F: Files>(directory: &Directory<F>, contents: &Contents) -> Option<Identity> {
    contents.segments.iter().find_map(|number| {
        let bytes = directory.read(*number).ok()?;
        SegmentHeader::decode(&bytes).ok().map(|header| header.identity)
    })
}

/// A log that is being looked at.
struct Inspection<'a, C, F> {
    directory: Directory<F>,
    identity: Option<Identity>,
    chain: Chain,
    replay: Replay<C>,
    is_sealed: bool,
    is_torn: bool,
    /// The first reason to refuse the log.
    refusal: Option<WalError>,
    show: &'a dyn Fn(&C) -> String,
}

impl<C: DeserializeOwned, F: Files> Inspection<'_, C, F> {
    fn note(&mut self, result: Result<(), WalError>) {
        if let (Err(error), None) = (result, &self.refusal) {
            self.refusal = Some(error);
        }
    }

    fn segment(&mut self, number: u64, out: &mut dyn io::Write) -> io::Result<()> {
        let name = self.directory.segment(number);
        let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = match self.directory.read(number) {
            Ok(bytes) => bytes,
            Err(error) => {
                writeln!(out, "{name}: {error}")?;
                self.note(Err(error));
                return Ok(());
            }
        };
        match self.directory.check_header(number, &bytes, self.identity) {
            Ok(header) => writeln!(out, "{name}: {} bytes, of {}", bytes.len(), header.identity)?,
            Err(error) => {
                writeln!(out, "{name}: {} bytes, DAMAGED: {error}", bytes.len())?;
                self.note(Err(error));
            }
        }
        if let Some(identity) = self.identity {
            for found in scan(&bytes, number, identity) {
                self.batch(&found, out)?;
            }
        }
        self.chain.finish_segment(number, &bytes);
        let end = self.chain.end();
        let behind = if end.segment == number { end.offset } else { FIRST };
        let is_torn = !is_blank_from(&bytes, behind);
        // What is behind the batches of an earlier segment is not read.
        self.is_torn = is_torn || (self.is_torn && end.segment < number);
        Ok(())
    }

    fn batch(&mut self, found: &Found<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let Place { offset, .. } = found.place;
        let (number, writes) = (found.header.number, found.header.writes);
        let what = match (found.is_sound, writes) {
            (false, _) => "DAMAGED".into(),
            (true, 0) => "seal".into(),
            (true, 1) => format!("1 write, {} bytes", found.header.length),
            (true, _) => format!("{writes} writes, {} bytes", found.header.length),
        };
        writeln!(out, "  {offset:>10} batch {number}: {what}")?;
        let link = self.chain.add(found);
        let counts = matches!(link, Ok(Link::Next)) && self.refusal.is_none();
        let linked = link.map(|_| ()).map_err(|broken| corrupt(&self.directory, broken));
        self.note(linked);
        if counts {
            self.is_sealed = writes == 0;
        }
        if !found.is_sound {
            return Ok(());
        }
        let records = match decode::<C>(found) {
            Ok(records) => records,
            Err(why) => {
                writeln!(out, "             DAMAGED: {why}")?;
                self.note(Err(unreadable(&self.directory, found, why)));
                return Ok(());
            }
        };
        for record in records {
            let vote = record.voted_for.map_or_else(|| "-".into(), |server| server.to_string());
            let entries: Vec<String> = record.entries.iter().map(|e| self.entry(e)).collect();
            let (keep, term) = (record.truncate_to, record.term);
            let entries = entries.join(", ");
            writeln!(out, "             keep {keep}, term {term}, vote {vote}, add [{entries}]")?;
            if counts && let Err(why) = self.replay.apply(record) {
                writeln!(out, "             DAMAGED: {why}")?;
                self.note(Err(unreadable(&self.directory, found, why)));
            }
        }
        Ok(())
    }

    fn entry(&self, entry: &Entry<C>) -> String {
        match &entry.payload {
            Payload::NoOp => format!("{}:noop", entry.term),
            Payload::Command(command) => format!("{}:{}", entry.term, (self.show)(command)),
        }
    }

    fn verdict(self) -> Verdict {
        let batches = self.chain.next() - 1;
        match self.refusal {
            Some(error) => Verdict::Refused(error),
            None if batches == 0 => Verdict::Refused(no_first_batch(&self.directory)),
            None if self.is_torn => Verdict::Torn { batches },
            None => Verdict::Sound { batches, is_sealed: self.is_sealed },
        }
    }
}
