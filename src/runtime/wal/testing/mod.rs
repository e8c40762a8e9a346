//! A file system for tests: it fails, lies, runs full and crashes exactly when it is told to.
//!
//! It tells apart what can be read and what is durable. A power failure keeps of what was written and not
//! synced whatever the test says: each sector of 512 bytes, each file's length and each change of a directory
//! on its own. A sync that fails forgets what it should have written: it can still be read, but no later sync
//! makes it durable, as on real systems \[Rebello20\].

mod disk;

use crate::files::Files;
use disk::{Change, Disk, Node};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What goes wrong at one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The call fails and does nothing; a sync forgets what it should have written.
    Fail(io::ErrorKind),
    /// The call says that it succeeded and does nothing. Only for syncs.
    Lie,
    /// Of the bytes only so many are written, and the call says so. Only for writes.
    Short(usize),
    /// The machine stops before the call: it fails, and so does every later one, until
    /// [`SimulatedFiles::crash`] or [`SimulatedFiles::kill`].
    Stop,
}

/// A file system in memory. Clones share it.
#[derive(Clone, Default)]
pub struct SimulatedFiles {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    disk: Disk,
    /// What each call did so far, in words.
    calls: Vec<String>,
    faults: BTreeMap<usize, Fault>,
    is_stopped: bool,
    /// Who holds a lock. Each power failure or kill begins a new incarnation.
    locks: Vec<PathBuf>,
    incarnation: u64,
}

/// A file of [`SimulatedFiles`], open for writing.
#[derive(Debug)]
pub struct SimulatedFile {
    inode: usize,
}

/// A lock of [`SimulatedFiles`].
pub struct SimulatedLock {
    shared: Arc<Mutex<Shared>>,
    path: PathBuf,
    incarnation: u64,
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.incarnation == self.incarnation {
            let path = &self.path;
            shared.locks.retain(|held| held != path);
        }
    }
}

impl Shared {
    /// Begins a call: counts it, and fails it or says what is wrong with it.
    fn call(&mut self, what: &str, path: &Path) -> io::Result<Option<Fault>> {
        let fault = self.faults.get(&self.calls.len()).copied();
        self.calls.push(format!("{what} {}", path.display()));
        self.is_stopped |= fault == Some(Fault::Stop);
        if self.is_stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        Ok(fault)
    }

    /// As [`Shared::call`], for calls that can only succeed or fail.
    fn plain_call(&mut self, what: &str, path: &Path) -> io::Result<()> {
        match self.call(what, path)? {
            Some(Fault::Fail(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

impl SimulatedFiles {
    /// An empty file system: there is only the directory `/`.
    pub fn new() -> SimulatedFiles {
        SimulatedFiles::default()
    }

    /// A copy of this machine, disk and all, on which nobody has a file open.
    #[must_use]
    pub fn fork(&self) -> SimulatedFiles {
        let disk = self.shared().disk.clone();
        let shared = Shared { disk, ..Shared::default() };
        SimulatedFiles { shared: Arc::new(Mutex::new(shared)) }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been called so far: the name of the call and the path, in order.
    pub fn calls(&self) -> Vec<String> {
        self.shared().calls.clone()
    }

    /// Lets something go wrong at the call of this number, counted from 0.
    pub fn fault_at(&self, call: usize, fault: Fault) {
        self.shared().faults.insert(call, fault);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.shared().faults.clear();
    }

    /// Limits the bytes of all files together.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.shared().disk.capacity = bytes;
    }

    /// The process dies, and the machine goes on: nothing is lost that can be read. Locks are free again.
    pub fn kill(&self) {
        let mut shared = self.shared();
        shared.is_stopped = false;
        shared.faults.clear();
        shared.locks.clear();
        shared.incarnation += 1;
    }

    /// The power fails. Of what is not durable `keep` decides, once for each sector, length and change of a
    /// directory, whether it is there afterwards.
    pub fn crash(&self, keep: &mut dyn FnMut() -> bool) {
        self.kill();
        self.shared().disk.crash(keep);
    }

    /// What can be read of a file.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let shared = self.shared();
        let inode = shared.disk.find(path).ok()?;
        shared.disk.inodes.get(inode).map(|inode| inode.volatile.clone())
    }

    /// Damages a file, or makes one: this is what it holds, and that is durable.
    pub fn set_content(&self, path: &Path, content: &[u8]) {
        let mut shared = self.shared();
        let disk = &mut shared.disk;
        let inode = disk.find(path).unwrap_or_else(|_| disk.add_inode());
        disk.change(Change::Link(path.into(), Node::File(inode)));
        disk.sync_directory(path.parent().unwrap_or(Path::new("/")));
        if let Some(inode) = disk.inodes.get_mut(inode) {
            inode.volatile = content.to_vec();
            inode.sync();
        }
    }

    /// The paths of all files that can be read.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.shared().disk.files()
    }
}

impl Files for SimulatedFiles {
    type File = SimulatedFile;
    type Lock = SimulatedLock;

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut shared = self.shared();
        shared.plain_call("create_directory", path)?;
        shared.disk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut shared = self.shared();
        shared.plain_call("list", directory)?;
        shared.disk.list(directory)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut shared = self.shared();
        shared.plain_call("read", path)?;
        let inode = shared.disk.find(path)?;
        Ok(shared.disk.inode(inode)?.volatile.clone())
    }

    fn create(&self, path: &Path) -> io::Result<SimulatedFile> {
        let mut shared = self.shared();
        shared.plain_call("create", path)?;
        let inode = shared.disk.create(path)?;
        Ok(SimulatedFile { inode })
    }

    fn write_at(&self, file: &SimulatedFile, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut shared = self.shared();
        let path = shared.disk.path(file.inode);
        let most = match shared.call("write_at", &path)? {
            Some(Fault::Fail(kind)) => return Err(kind.into()),
            Some(Fault::Short(most)) => most,
            _ => bytes.len(),
        };
        let bytes = bytes.get(..most).unwrap_or(bytes);
        shared.disk.write(file.inode, offset, bytes)
    }

    fn sync(&self, file: &SimulatedFile) -> io::Result<()> {
        let mut shared = self.shared();
        let path = shared.disk.path(file.inode);
        let fault = shared.call("sync", &path)?;
        let inode = shared.disk.inode(file.inode)?;
        match fault {
            Some(Fault::Fail(kind)) => {
                inode.forget();
                return Err(kind.into());
            }
            Some(Fault::Lie) => {}
            _ => inode.sync(),
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut shared = self.shared();
        shared.plain_call("rename", from)?;
        let inode = shared.disk.find(from)?;
        shared.disk.change(Change::Rename(from.into(), to.into(), Node::File(inode)));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut shared = self.shared();
        shared.plain_call("remove", path)?;
        shared.disk.find(path)?;
        shared.disk.change(Change::Unlink(path.into()));
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut shared = self.shared();
        match shared.call("sync_directory", path)? {
            Some(Fault::Fail(kind)) => return Err(kind.into()),
            Some(Fault::Lie) => {}
            _ => shared.disk.sync_directory(path),
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<SimulatedLock>> {
        let mut shared = self.shared();
        shared.plain_call("lock", path)?;
        if shared.disk.find(path).is_err() {
            shared.disk.create(path)?;
        }
        if shared.locks.iter().any(|held| held == path) {
            return Ok(None);
        }
        shared.locks.push(path.into());
        let incarnation = shared.incarnation;
        Ok(Some(SimulatedLock { shared: self.shared.clone(), path: path.into(), incarnation }))
    }
}
