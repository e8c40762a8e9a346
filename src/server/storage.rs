//! The write-ahead log as the runtime's storage.
//!
//! The runtime asks for one ordered stream of writes, and the log is one. What the log thread hands over
//! together becomes one batch, with one sync: that is the group commit.

use quorate_core::Write;
use quorate_runtime::{Recovered, Storage, StorageError};
use quorate_wal::{Files, Identity, Notes, Options, RealFiles, Wal, WalError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Term, vote and log of one server in a directory, locked while this is there. `C` is the type of the
/// commands.
pub struct DiskStorage<C, F: Files = RealFiles> {
    wal: Wal<C, F>,
}

/// A log that was opened: the storage, what it holds, and how it was found.
pub type Opened<C, F> = (DiskStorage<C, F>, Recovered<C>, Notes);

impl<C: Serialize + DeserializeOwned, F: Files> DiskStorage<C, F> {
    /// Opens the log in a directory. With `options`, new segments get their length.
    ///
    /// # Errors
    /// When there is no log or a damaged one, when it is another server's or in use, and what the operating
    /// system says. [`Wal::init`] makes an empty log.
    pub fn open(
        files: F,
        directory: &Path,
        identity: Identity,
        options: Options,
    ) -> Result<Opened<C, F>, WalError> {
        let (wal, found) = Wal::open(files, directory, identity, options)?;
        let quorate_wal::Recovered { term, voted_for, log, notes } = found;
        Ok((DiskStorage { wal }, Recovered { term, voted_for, log }, notes))
    }
}

impl<C, F> Storage for DiskStorage<C, F>
where
    C: Serialize + DeserializeOwned + 'static,
    F: Files,
{
    type Command = C;

    fn write(&mut self, writes: &[Write<C>]) -> Result<(), StorageError> {
        self.wal.append(writes).map_err(StorageError::new)
    }

    fn idle(&mut self) -> Result<(), StorageError> {
        self.wal.idle().map_err(StorageError::new)
    }

    fn log_bytes(&self) -> u64 {
        self.wal.bytes()
    }
}
