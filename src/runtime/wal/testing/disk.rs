//! What the simulated file system holds: once as it can be read, and once as it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// What a disk keeps as a whole or not at all, in bytes.
const SECTOR: usize = 512;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    Directory,
    /// A file, by the number of its inode.
    File(usize),
}

/// A change of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Link(PathBuf, Node),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, Node),
}

impl Change {
    fn directory(&self) -> Option<&Path> {
        match self {
            Change::Link(path, _) | Change::Unlink(path) | Change::Rename(path, ..) => {
                path.parent()
            }
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        match self {
            Change::Link(path, node) => {
                names.insert(path.clone(), *node);
            }
            Change::Unlink(path) => {
                names.remove(path);
            }
            Change::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

/// The content of a file.
#[derive(Clone, Default, Debug)]
pub(super) struct Inode {
    pub(super) volatile: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that the next sync makes durable.
    dirty: BTreeSet<usize>,
    /// Sectors that a failed sync has forgotten.
    forgotten: BTreeSet<usize>,
}

impl Inode {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        let begin = offset.min(self.volatile.len());
        if self.volatile.len() < end {
            self.volatile.resize(end, 0);
        }
        self.volatile[offset..end].copy_from_slice(bytes);
        for sector in begin / SECTOR..end.div_ceil(SECTOR) {
            self.dirty.insert(sector);
            self.forgotten.remove(&sector);
        }
    }

    /// What can be read becomes durable, but for what was forgotten.
    pub(super) fn sync(&mut self) {
        let before = std::mem::replace(&mut self.durable, self.volatile.clone());
        for sector in &self.forgotten {
            copy_sector(&before, &mut self.durable, *sector);
        }
        self.dirty.clear();
    }

    /// A sync has failed.
    pub(super) fn forget(&mut self) {
        self.forgotten.append(&mut self.dirty);
    }

    fn crash(&mut self, keep: &mut dyn FnMut() -> bool) {
        if self.volatile.len() != self.durable.len() && keep() {
            self.durable.resize(self.volatile.len(), 0);
        }
        for sector in self.dirty.union(&self.forgotten) {
            if keep() {
                copy_sector(&self.volatile, &mut self.durable, *sector);
            }
        }
        self.volatile = self.durable.clone();
        self.dirty.clear();
        self.forgotten.clear();
    }
}

/// Copies one sector, as far as the target has it; what the source lacks is zero.
fn copy_sector(from: &[u8], to: &mut [u8], sector: usize) {
    let begin = sector * SECTOR;
    for at in begin..(begin + SECTOR).min(to.len()) {
        to[at] = from.get(at).copied().unwrap_or(0);
    }
}

/// All files and directories.
#[derive(Clone, Default, Debug)]
pub(super) struct Disk {
    pub(super) inodes: Vec<Inode>,
    pub(super) capacity: Option<u64>,
    names: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    pending: Vec<Change>,
}

impl Disk {
    pub(super) fn inode(&mut self, inode: usize) -> io::Result<&mut Inode> {
        self.inodes.get_mut(inode).ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    pub(super) fn add_inode(&mut self) -> usize {
        self.inodes.push(Inode::default());
        self.inodes.len() - 1
    }

    /// The inode of a file.
    pub(super) fn find(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(inode)) => Ok(*inode),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The name that a file has now; empty if it has none.
    pub(super) fn path(&self, inode: usize) -> PathBuf {
        let mut names = self.names.iter().filter(|(_, node)| **node == Node::File(inode));
        names.next().map(|(path, _)| path.clone()).unwrap_or_default()
    }

    fn need_directory(&self, path: &Path) -> io::Result<()> {
        let is_there = path == Path::new("/") || self.names.get(path) == Some(&Node::Directory);
        if is_there { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    pub(super) fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        self.need_directory(path.parent().unwrap_or(Path::new("/")))?;
        if self.names.get(path) != Some(&Node::Directory) {
            self.change(Change::Link(path.into(), Node::Directory));
        }
        Ok(())
    }

    pub(super) fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.need_directory(directory)?;
        let names = self.names.keys().filter(|path| path.parent() == Some(directory));
        let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        Ok(names.filter_map(name).collect())
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        let files = self.names.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        files.map(|(path, _)| path.clone()).collect()
    }

    /// Makes an empty file, or empties the one that is there.
    pub(super) fn create(&mut self, path: &Path) -> io::Result<usize> {
        self.need_directory(path.parent().unwrap_or(Path::new("/")))?;
        if let Ok(inode) = self.find(path) {
            self.inode(inode)?.volatile.clear();
            return Ok(inode);
        }
        let inode = self.add_inode();
        self.change(Change::Link(path.into(), Node::File(inode)));
        Ok(inode)
    }

    /// Writes as much as there is room for.
    pub(super) fn write(&mut self, inode: usize, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let used: u64 = self
            .names
            .values()
            .filter_map(|node| match node {
                Node::File(inode) => self.inodes.get(*inode),
                Node::Directory => None,
            })
            .map(|inode| inode.volatile.len() as u64)
            .sum();
        let free = self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(used));
        let inode = self.inode(inode)?;
        let room = inode.volatile.len().saturating_sub(offset) as u64;
        let most = usize::try_from(room.saturating_add(free)).unwrap_or(usize::MAX);
        if most == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let bytes = bytes.get(..most).unwrap_or(bytes);
        inode.write(offset, bytes);
        Ok(bytes.len())
    }

    /// Changes a directory as it can be read; its sync makes that durable.
    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }

    pub(super) fn sync_directory(&mut self, path: &Path) {
        let (synced, pending) =
            self.pending.drain(..).partition(|change| change.directory() == Some(path));
        self.pending = pending;
        let synced: Vec<Change> = synced;
        synced.iter().for_each(|change| change.apply(&mut self.durable));
    }

    /// The power fails.
    pub(super) fn crash(&mut self, keep: &mut dyn FnMut() -> bool) {
        for change in std::mem::take(&mut self.pending) {
            if keep() {
                change.apply(&mut self.durable);
            }
        }
        // What is in a directory that is lost, is lost.
        let durable = self.durable.clone();
        let is_reachable = |path: &Path| {
            let mut folders = path.ancestors().skip(1).filter(|folder| *folder != Path::new("/"));
            folders.all(|folder| durable.get(folder) == Some(&Node::Directory))
        };
        self.durable.retain(|path, _| is_reachable(path));
        self.names = self.durable.clone();
        self.inodes.iter_mut().for_each(|inode| inode.crash(keep));
    }
}
