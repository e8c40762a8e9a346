//! The log that is open: writing batches, and getting the next segment ready.
//!
//! One batch costs one write and one sync, into a place that holds zeros already. The length of the file
//! does not change, so the file system has nothing of its own to make durable with it.
//!
//! The next segment is made bit by bit while the current one fills: from half of it on, each batch pays for
//! twice its own length of zeros, in pieces with a sync of their own. So no thread is needed, and no batch
//! waits for a whole segment; when the current one is full, only a rename is left to do.

use crate::directory::{Directory, Draft, sync_directory};
use crate::error::WalError;
use crate::files::{Files, RealFiles, write_all};
use crate::format::{
    BatchHeader, FIRST, HEADER, Place, SECTOR, SegmentHeader, WrittenRecord, aligned,
};
use crate::identity::Identity;
use crate::recovery::{Recovered, recover};
use crate::replay::Bounds;
use quorate_core::Write;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// How a log is written. Logs written with other options can be read all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The length of a new segment in bytes: a multiple of 512, from 1024 on. A batch that is longer gets a
    /// segment of its own length.
    pub segment_bytes: u64,
}

impl Default for Options {
    /// Segments of 64 MiB.
    fn default() -> Options {
        Options { segment_bytes: 64 << 20 }
    }
}

impl Options {
    fn check(self) -> Result<(), WalError> {
        if self.segment_bytes >= 2 * SECTOR && self.segment_bytes.is_multiple_of(SECTOR) {
            return Ok(());
        }
        let found = format!("segment_bytes: {}", self.segment_bytes);
        Err(WalError::Options { found, expected: "a multiple of 512, at least 1024" })
    }
}

/// A segment in use.
pub(crate) struct Segment<File> {
    pub(crate) number: u64,
    pub(crate) length: u64,
    pub(crate) file: File,
    /// Where the next batch begins, if it fits.
    pub(crate) end: u64,
}

/// The write-ahead log of one server, open and locked. `C` is the type of the commands.
///
/// What [`Wal::append`] has returned from is durable. After any failure of a write or a sync the log takes
/// nothing more: a sync that failed and then succeeds says nothing about what was written before
/// \[Rebello20\], so the server has to stop and read what is there.
pub struct Wal<C, F: Files = RealFiles> {
    directory: Directory<F>,
    identity: Identity,
    options: Options,
    current: Segment<F::File>,
    /// The next segment, as far as it is made.
    draft: Option<Draft<F::File>>,
    next_batch: u64,
    is_sealed: bool,
    bounds: Bounds,
    bytes: u64,
    /// The batch that is being written; kept for its memory.
    batch: Vec<u8>,
    /// What failed.
    failure: Option<String>,
    _lock: F::Lock,
    commands: PhantomData<fn(C)>,
}

/// How much of the next segment is made at once, at least, in bytes.
const PIECE: u64 = 256 << 10;

impl<C, F: Files> Wal<C, F> {
    /// Makes an empty log: the directory if need be, and in it the first segment with an empty batch. Killed
    /// at any point it leaves either a whole log or none, and can be repeated.
    ///
    /// # Errors
    /// When there is a log already, when somebody else has it open, when an option is not allowed, and what
    /// the operating system says.
    pub fn init(
        files: F,
        directory: &Path,
        identity: Identity,
        options: Options,
    ) -> Result<(), WalError> {
        options.check()?;
        files
            .create_directory(directory)
            .map_err(WalError::io("create the directory", directory))?;
        let directory = Directory { files, path: directory.into() };
        let _lock = directory.lock()?;
        let contents = directory.contents()?;
        if !contents.segments.is_empty() {
            return Err(WalError::AlreadyInitialised { directory: directory.path });
        }
        let left: Vec<PathBuf> =
            contents.temporary.iter().map(|name| directory.path.join(name)).collect();
        directory.remove(&left)?;
        let parent = match directory.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        sync_directory(&directory.files, parent)?;
        let header = SegmentHeader { identity, number: 1, length: options.segment_bytes };
        let mut batch = vec![0; SECTOR as usize];
        let place = Place { segment: 1, offset: FIRST };
        BatchHeader::put(&mut batch, 0, 0, 1, place, identity);
        Draft::begin(&directory, &header, &batch)?.finish(&directory)?;
        Ok(())
    }

    /// How many bytes the batches take up, seals included: what a limit for the log is compared with. The
    /// disk holds at most two unfinished segments more.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory.path
    }

    /// To be called when nothing has been written for 10 ms, and before the server stops: writes an empty
    /// batch behind the last one, unless that is empty itself.
    ///
    /// The empty batch *seals* the last one. Damage to the very last batch cannot be told from a torn write,
    /// and is trimmed; damage to a batch that another one follows is noticed, and refused.
    ///
    /// # Errors
    /// What the operating system says, or that it has failed before.
    pub fn idle(&mut self) -> Result<(), WalError> {
        self.check_failure()?;
        if self.is_sealed {
            return Ok(());
        }
        self.batch.clear();
        self.batch.resize(HEADER, 0);
        let written = self.write_batch(0);
        self.keep_failure(written)?;
        self.is_sealed = true;
        Ok(())
    }

    fn check_failure(&self) -> Result<(), WalError> {
        match &self.failure {
            None => Ok(()),
            Some(why) => Err(WalError::Poisoned { why: why.clone() }),
        }
    }

    /// After a failure nothing is tried again.
    fn keep_failure(&mut self, result: Result<(), WalError>) -> Result<(), WalError> {
        if let Err(error) = &result {
            self.failure = Some(error.to_string());
        }
        result
    }

    /// Writes the batch in the buffer, which has room for its header, and makes it durable.
    fn write_batch(&mut self, writes: u32) -> Result<(), WalError> {
        let length = (self.batch.len() - HEADER) as u64;
        let extent = aligned(self.batch.len() as u64);
        self.batch.resize(extent as usize, 0);
        if extent > self.current.length - self.current.end {
            self.begin_segment(extent)?;
        }
        let Segment { number, end, file, .. } = &self.current;
        let place = Place { segment: *number, offset: *end };
        BatchHeader::put(&mut self.batch, writes, length, self.next_batch, place, self.identity);

        let path = || self.directory.segment(place.segment);
        write_all(&self.directory.files, file, place.offset, &self.batch)
            .map_err(|source| WalError::Io { doing: "write", path: path(), source })?;
        self.directory.files.sync(file).map_err(|source| WalError::Io {
            doing: "sync",
            path: path(),
            source,
        })?;
        self.current.end += extent;
        self.next_batch += 1;
        self.bytes += extent;
        self.prepare()
    }

    fn header(&self, length: u64) -> SegmentHeader {
        SegmentHeader { identity: self.identity, number: self.current.number + 1, length }
    }

    /// Goes on in the next segment, which has room for a batch of this length.
    fn begin_segment(&mut self, extent: u64) -> Result<(), WalError> {
        let length = self.options.segment_bytes.max(FIRST + extent);
        let draft = match self.draft.take() {
            Some(draft) if draft.length >= length => draft,
            // One that is too short is made anew under the same name.
            _ => Draft::begin(&self.directory, &self.header(length), &[])?,
        };
        let (number, length) = (draft.number, draft.length);
        let file = draft.finish(&self.directory)?;
        self.current = Segment { number, length, file, end: FIRST };
        Ok(())
    }

    /// Makes more of the next segment, if the current one is more than half full.
    fn prepare(&mut self) -> Result<(), WalError> {
        let Some(beyond) = self.current.end.checked_sub(self.current.length / 2) else {
            return Ok(());
        };
        let length = self.options.segment_bytes;
        let mut draft = match self.draft.take() {
            Some(draft) => draft,
            None => Draft::begin(&self.directory, &self.header(length), &[])?,
        };
        let wanted = beyond.saturating_mul(2).min(draft.length);
        if draft.filled() < wanted {
            draft.fill(&self.directory, wanted.max(draft.filled() + PIECE))?;
            draft.sync(&self.directory)?;
        }
        self.draft = Some(draft);
        Ok(())
    }
}

impl<C: Serialize, F: Files> Wal<C, F> {
    /// Writes all of these as one batch, and returns when it is durable. A crash meanwhile keeps all of them
    /// or none. No writes are no batch.
    ///
    /// # Errors
    /// When the writes do not continue the log, or cannot be encoded: then nothing was written. What the
    /// operating system says: then nobody knows, and every later call is refused.
    pub fn append(&mut self, writes: &[Write<C>]) -> Result<(), WalError> {
        self.check_failure()?;
        if writes.is_empty() {
            return Ok(());
        }
        let bounds = self.encode(writes)?;
        let count = u32::try_from(writes.len()).map_err(|_| WalError::Discontinuous {
            why: format!("{} writes at once; expected at most {}", writes.len(), u32::MAX),
        })?;
        let written = self.write_batch(count);
        self.keep_failure(written)?;
        self.bounds = bounds;
        self.is_sealed = false;
        Ok(())
    }

    /// Encodes writes into the buffer, behind room for a header. Returns the bounds after them.
    fn encode(&mut self, writes: &[Write<C>]) -> Result<Bounds, WalError> {
        let mut bounds = self.bounds;
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        batch.resize(HEADER, 0);
        for Write { truncate_to, entries, term, voted_for, witness: _ } in writes {
            let (truncate_to, term, voted_for) = (*truncate_to, *term, *voted_for);
            bounds = bounds
                .after(truncate_to, entries, term, voted_for)
                .map_err(|why| WalError::Discontinuous { why })?;
            let record = WrittenRecord { truncate_to, entries, term, voted_for };
            batch = postcard::to_extend(&record, batch)
                .map_err(|error| WalError::Encoding { why: error.to_string() })?;
        }
        self.batch = batch;
        Ok(bounds)
    }
}

impl<C: DeserializeOwned, F: Files> Wal<C, F> {
    /// Opens a log, and says what it holds. All of that is durable, whatever happened before.
    ///
    /// # Errors
    /// When there is no log, when it is somebody else's or in use, when it is damaged or of a newer format,
    /// when an option is not allowed, and what the operating system says. A log that is refused is left as it
    /// was.
    pub fn open(
        files: F,
        directory: &Path,
        identity: Identity,
        options: Options,
    ) -> Result<(Wal<C, F>, Recovered<C>), WalError> {
        options.check()?;
        let directory = Directory { files, path: directory.into() };
        let lock = match directory.lock() {
            Err(WalError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(WalError::NotInitialised { directory: directory.path });
            }
            lock => lock?,
        };
        let opened = recover(&directory, identity)?;
        let mut wal = Wal {
            directory,
            identity,
            options,
            current: opened.current,
            draft: None,
            next_batch: opened.next_batch,
            is_sealed: opened.is_sealed,
            bounds: opened.bounds,
            bytes: opened.recovered.notes.bytes,
            batch: Vec::new(),
            failure: None,
            _lock: lock,
            commands: PhantomData,
        };
        // The last batch may have been acknowledged already: from now on damage to it is to be noticed.
        wal.idle()?;
        Ok((wal, opened.recovered))
    }
}
