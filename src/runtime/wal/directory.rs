//! The directory of a log: which files there are, and how one comes into being.
//!
//! | name | what |
//! |---|---|
//! | `segment-00000001.wal` | a segment; numbered without a gap, at least 8 digits |
//! | `segment-00000002.wal.tmp` | one that is being made; worth nothing after a crash |
//! | `lock` | held by the process that has the log open |
//!
//! A segment gets its name only when its whole length is durable. So under that name there is never half a
//! segment, and one that is shorter than its header says is damaged. Other files are left alone.

use crate::error::WalError;
use crate::files::{Files, write_all};
use crate::format::{BadHeader, FORMAT, SegmentHeader};
use crate::identity::Identity;
use std::io;
use std::path::{Path, PathBuf};

/// How many bytes of zeros are written at once.
const PIECE: u64 = 1 << 20;

/// The directory of a log.
pub(crate) struct Directory<F> {
    pub(crate) files: F,
    pub(crate) path: PathBuf,
}

/// What is in the directory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Contents {
    /// The numbers of the segments, ascending.
    pub(crate) segments: Vec<u64>,
    /// The names of files that were being made.
    pub(crate) temporary: Vec<String>,
}

fn segment_name(number: u64) -> String {
    format!("segment-{number:08}.wal")
}

/// The number of the segment that has this name.
fn segment_number(name: &str) -> Option<u64> {
    let number = name.strip_prefix("segment-")?.strip_suffix(".wal")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

fn is_temporary(name: &str) -> bool {
    name.strip_suffix(".tmp").is_some_and(|name| segment_number(name).is_some())
}

impl<F: Files> Directory<F> {
    /// The path of a segment.
    pub(crate) fn segment(&self, number: u64) -> PathBuf {
        self.path.join(segment_name(number))
    }

    /// The path of a segment that is being made.
    fn temporary(&self, number: u64) -> PathBuf {
        self.path.join(format!("{}.tmp", segment_name(number)))
    }

    /// Takes the lock.
    pub(crate) fn lock(&self) -> Result<F::Lock, WalError> {
        let path = self.path.join("lock");
        match self.files.lock(&path).map_err(WalError::io("take the lock", path))? {
            Some(lock) => Ok(lock),
            None => Err(WalError::Locked { directory: self.path.clone() }),
        }
    }

    /// Looks at what is there.
    pub(crate) fn contents(&self) -> Result<Contents, WalError> {
        let listed = self.files.list(&self.path);
        let names = listed.map_err(WalError::io("list the directory", &self.path))?;
        let mut segments: Vec<u64> = names.iter().filter_map(|name| segment_number(name)).collect();
        segments.sort_unstable();
        let temporary = names.into_iter().filter(|name| is_temporary(name)).collect();
        Ok(Contents { segments, temporary })
    }

    /// Reads a segment.
    pub(crate) fn read(&self, number: u64) -> Result<Vec<u8>, WalError> {
        let path = self.segment(number);
        self.files.read(&path).map_err(WalError::io("read", path))
    }

    /// Checks that a segment is what its name says, is whole, and belongs to this server if it is given.
    pub(crate) fn check_header(
        &self,
        number: u64,
        bytes: &[u8],
        expected: Option<Identity>,
    ) -> Result<SegmentHeader, WalError> {
        let file = self.segment(number);
        let corrupt = |offset, found: String, expected: String| {
            Err(WalError::Corrupt { file: file.clone(), offset, found, expected })
        };
        let header = match SegmentHeader::decode(bytes) {
            Ok(header) => header,
            Err(BadHeader::Format(found)) if found > FORMAT => {
                return Err(WalError::NewerFormat { file, found, supported: FORMAT });
            }
            Err(BadHeader::Format(found)) => {
                return corrupt(8, format!("format {found}"), format!("format {FORMAT}"));
            }
            Err(BadHeader::NoSegment) => {
                return corrupt(0, "not the beginning of a segment".into(), "QUORWAL".into());
            }
            Err(BadHeader::Damaged) => {
                let found = "a header that does not have the checksum it names".into();
                return corrupt(0, found, "the header of a segment".into());
            }
        };
        if let Some(expected) = expected.filter(|expected| *expected != header.identity) {
            return Err(WalError::Foreign { file, found: header.identity, expected });
        }
        if header.number != number {
            return corrupt(32, format!("segment {}", header.number), format!("segment {number}"));
        }
        if header.length != bytes.len() as u64 {
            let (found, end) = (bytes.len() as u64, header.length);
            return corrupt(found.min(end), format!("{found} bytes"), format!("{end} bytes"));
        }
        Ok(header)
    }

    /// Removes files, and makes sure that they stay removed.
    pub(crate) fn remove(&self, paths: &[PathBuf]) -> Result<(), WalError> {
        for path in paths {
            self.files.remove(path).map_err(WalError::io("remove", path))?;
        }
        if paths.is_empty() { Ok(()) } else { self.sync() }
    }

    /// Makes the entries of the directory durable.
    pub(crate) fn sync(&self) -> Result<(), WalError> {
        sync_directory(&self.files, &self.path)
    }
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_directory<F: Files>(files: &F, path: &Path) -> Result<(), WalError> {
    files.sync_directory(path).map_err(WalError::io("sync the directory", path))
}

/// A segment that is being made: under a temporary name, and perhaps not filled yet.
pub(crate) struct Draft<File> {
    pub(crate) number: u64,
    pub(crate) length: u64,
    file: File,
    /// How much of it is filled.
    filled: u64,
}

impl<File> Draft<File> {
    /// Begins to make a segment, with its header and whatever follows it.
    pub(crate) fn begin<F: Files<File = File>>(
        directory: &Directory<F>,
        header: &SegmentHeader,
        batches: &[u8],
    ) -> Result<Draft<File>, WalError> {
        let path = directory.temporary(header.number);
        let file = directory.files.create(&path).map_err(WalError::io("create", &path))?;
        let sector = header.encode();
        let mut draft = Draft { number: header.number, length: header.length, file, filled: 0 };
        draft.write(directory, &sector)?;
        draft.write(directory, batches)?;
        Ok(draft)
    }

    /// Fills it with zeros, up to an offset or to its end.
    pub(crate) fn fill<F: Files<File = File>>(
        &mut self,
        directory: &Directory<F>,
        offset: u64,
    ) -> Result<(), WalError> {
        let offset = offset.min(self.length);
        let missing = offset.saturating_sub(self.filled).min(PIECE);
        let zeros = vec![0; missing as usize];
        while self.filled < offset {
            let piece = (offset - self.filled).min(PIECE) as usize;
            self.write(directory, zeros.get(..piece).unwrap_or(&zeros))?;
        }
        Ok(())
    }

    /// Makes durable what it is filled with.
    pub(crate) fn sync<F: Files<File = File>>(
        &self,
        directory: &Directory<F>,
    ) -> Result<(), WalError> {
        let path = directory.temporary(self.number);
        directory.files.sync(&self.file).map_err(WalError::io("sync", path))
    }

    /// How much of it is filled.
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// Fills the rest, makes it durable, gives it its name and makes that durable too.
    pub(crate) fn finish<F: Files<File = File>>(
        mut self,
        directory: &Directory<F>,
    ) -> Result<File, WalError> {
        self.fill(directory, self.length)?;
        self.sync(directory)?;
        let (from, to) = (directory.temporary(self.number), directory.segment(self.number));
        directory.files.rename(&from, &to).map_err(WalError::io("rename", from))?;
        directory.sync()?;
        Ok(self.file)
    }

    fn write<F: Files<File = File>>(
        &mut self,
        directory: &Directory<F>,
        bytes: &[u8],
    ) -> Result<(), WalError> {
        let path = directory.temporary(self.number);
        let written: io::Result<()> = write_all(&directory.files, &self.file, self.filled, bytes);
        written.map_err(WalError::io("write", path))?;
        self.filled += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{is_temporary, segment_name, segment_number};

    #[test]
    fn a_segment_has_one_name() {
        assert_eq!(segment_name(7), "segment-00000007.wal");
        for number in [0, 1, 99_999_999, 100_000_000, u64::MAX] {
            assert_eq!(segment_number(&segment_name(number)), Some(number));
        }
        for other in ["segment-1.wal", "segment-+0000001.wal", "segment-00000001.wal.bak", "lock"] {
            assert_eq!(segment_number(other), None, "{other}");
        }
        assert!(is_temporary("segment-00000001.wal.tmp") && !is_temporary("notes.tmp"));
    }
}
