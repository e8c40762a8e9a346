//! What can go wrong, and what to do about it.
//!
//! Whoever reads such a message has a server that does not start, at night. So each names the file and the
//! place, what was found there and what is expected, and what can be done that does not make it worse.

use crate::identity::Identity;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a log cannot be made, opened or written.
#[derive(Debug)]
pub enum WalError {
    /// The operating system refused something.
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What it answered.
        source: io::Error,
    },
    /// The directory holds no log, and none was to be made.
    NotInitialised {
        /// The directory.
        directory: PathBuf,
    },
    /// A log was to be made, but there is one.
    AlreadyInitialised {
        /// The directory.
        directory: PathBuf,
    },
    /// Another process has the log open.
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// The log belongs to another server or another cluster.
    Foreign {
        /// The file that says so.
        file: PathBuf,
        /// Whose it is.
        found: Identity,
        /// Who wanted to open it.
        expected: Identity,
    },
    /// The file was written by a newer program.
    NewerFormat {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this program reads.
        supported: u32,
    },
    /// The log is damaged in a way that no crash explains.
    Corrupt {
        /// The file.
        file: PathBuf,
        /// The first place in it that is not as it must be, in bytes.
        offset: u64,
        /// What is there.
        found: String,
        /// What must be there.
        expected: String,
    },
    /// A segment between others is not there.
    MissingSegment {
        /// The file that should be there.
        file: PathBuf,
        /// The greatest segment that is there.
        newest: u64,
    },
    /// An option has a value that it must not have.
    Options {
        /// The option and its value.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// The caller's writes do not continue the log. Nothing was written.
    Discontinuous {
        /// Where they do not.
        why: String,
    },
    /// A command cannot be encoded. Nothing was written.
    Encoding {
        /// Why.
        why: String,
    },
    /// An earlier write or sync failed, so nobody knows what the disk holds.
    Poisoned {
        /// The failure.
        why: String,
    },
}

impl WalError {
    /// For `map_err`: the operating system refused this.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> WalError {
        let path = path.into();
        move |source| WalError::Io { doing, path, source }
    }
}

/// What to do about damage.
const REMEDY: &str = "leave this server stopped, the others go on while they are a majority; put back an \
    undamaged copy of the file, made after the server last ran; never an older copy or an empty directory, \
    for the server would break its promises; `quorate log DIR` shows what can be read";

impl fmt::Display for WalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WalError::Io { doing, path, source } => {
                write!(f, "{}: cannot {doing}: {source}; {}", path.display(), hint(source.kind()))
            }
            WalError::NotInitialised { directory } => write!(
                f,
                "{}: holds no log; expected the log of this server; check the path, or, if the server has \
                 never run, make an empty log with --init",
                directory.display()
            ),
            WalError::AlreadyInitialised { directory } => write!(
                f,
                "{}: already holds a log; expected none, because of --init; start without --init, or choose \
                 another directory",
                directory.display()
            ),
            WalError::Locked { directory } => write!(
                f,
                "{}: in use by another process; expected to be the only one; stop the other server, or give \
                 this one a directory of its own",
                directory.display()
            ),
            WalError::Foreign { file, found, expected } => write!(
                f,
                "{}: offset 0: belongs to {found}; expected {expected}; give each server its own directory, \
                 and check that none was moved or copied",
                file.display()
            ),
            WalError::NewerFormat { file, found, supported } => write!(
                f,
                "{}: offset 8: format {found}; expected format {supported}, the newest that this program \
                 reads; use the program that wrote it, or a newer one",
                file.display()
            ),
            WalError::Corrupt { file, offset, found, expected } => write!(
                f,
                "{}: offset {offset}: {found}; expected {expected}; {REMEDY}",
                file.display()
            ),
            WalError::MissingSegment { file, newest } => write!(
                f,
                "{}: not there; expected every segment from 1 to {newest}; {REMEDY}",
                file.display()
            ),
            WalError::Options { found, expected } => write!(f, "{found}; expected {expected}"),
            WalError::Discontinuous { why } => {
                write!(f, "the writes do not continue the log: {why}; nothing was written")
            }
            WalError::Encoding { why } => write!(
                f,
                "a command cannot be encoded: {why}; expected a type that serde can write without naming \
                 its fields; nothing was written"
            ),
            WalError::Poisoned { why } => write!(
                f,
                "the log takes nothing after a failure, for nobody knows what the disk holds: {why}; find \
                 out what is wrong with the disk, then start the server again"
            ),
        }
    }
}

/// What to do about an answer of the operating system.
fn hint(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "let the user that runs the server read and write there"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room for at least one more segment, then start the server again"
        }
        _ => "find out what is wrong with the disk, then start the server again",
    }
}

impl std::error::Error for WalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WalError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
