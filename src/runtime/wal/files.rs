//! The file system, as the log uses it.
//!
//! The log's whole worth lies in what happens when the disk does not do what it is told. So it meets the
//! file system only through [`Files`], a dozen calls that tests replace by ones that fail, lie and crash.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

/// A file system. Nothing that it does is durable before the sync that belongs to it: a file's content
/// before [`Files::sync`], a directory's entries before [`Files::sync_directory`].
pub trait Files: Send + 'static {
    /// A file that is open for writing.
    type File: Send;
    /// A lock that is held until this is dropped, or the process ends in whatever way.
    type Lock: Send;

    /// Makes a directory that only its owner can enter, unless it is there already.
    ///
    /// # Errors
    /// What the operating system says, as for all calls here.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// The names of the entries of a directory, in any order.
    ///
    /// # Errors
    /// What the operating system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// What the operating system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Makes an empty file that only its owner can read and write, in place of the one of that name if
    /// there is one.
    ///
    /// # Errors
    /// What the operating system says.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Writes bytes at an offset, perhaps not all of them, and says how many.
    ///
    /// # Errors
    /// What the operating system says.
    fn write_at(&self, file: &Self::File, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Makes content and length of a file durable.
    ///
    /// # Errors
    /// What the operating system says. Then some of what was written may never become durable, although it
    /// can be read \[Rebello20\].
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    /// Gives a file another name, in place of the file of that name if there is one.
    ///
    /// # Errors
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the operating system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the entries of a directory durable.
    ///
    /// # Errors
    /// What the operating system says.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Takes the lock on a file, which is made if need be; nothing if somebody else holds it.
    ///
    /// # Errors
    /// What the operating system says.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
}

/// The file system of the operating system.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RealFiles;

impl Files for RealFiles {
    type File = File;
    type Lock = File;

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            result => result,
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<std::fs::DirEntry>| {
            Ok(entry?.file_name().to_string_lossy().into_owned())
        };
        std::fs::read_dir(directory)?.map(name).collect()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
    }

    fn write_at(&self, file: &File, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Option<File>> {
        let options =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = options?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Writes all of the bytes at an offset. A short write goes on where it stopped: it is no failure, and
/// what stopped it shows at the next.
pub(crate) fn write_all<F: Files>(
    files: &F,
    file: &F::File,
    mut offset: u64,
    mut bytes: &[u8],
) -> io::Result<()> {
    while !bytes.is_empty() {
        match files.write_at(file, offset, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
