//! A disk in memory, and the storage on it.

use crate::storage::{Recovered, Storage, StorageError};
use crate::sync::{Condvar, Mutex};
use quorate_core::{Entry, Log, ServerId, Term, Write};
use std::mem::size_of;
use std::sync::Arc;

/// A disk in memory. It outlives the server that writes to it; clones are the same disk.
#[derive(Debug)]
pub struct Disk<C> {
    shared: Arc<Shared<C>>,
}

#[derive(Debug)]
struct Shared<C> {
    inside: Mutex<Inside<C>>,
    written: Condvar,
}

#[derive(Debug)]
struct Inside<C> {
    term: Term,
    voted_for: Option<ServerId>,
    entries: Vec<Entry<C>>,
    /// How many writes are still good before one fails; nothing if none will.
    good_writes: Option<usize>,
}

impl<C> Clone for Disk<C> {
    fn clone(&self) -> Disk<C> {
        Disk { shared: Arc::clone(&self.shared) }
    }
}

impl<C> Default for Disk<C> {
    fn default() -> Disk<C> {
        Disk::new()
    }
}

impl<C> Disk<C> {
    /// A disk of a server that has never run.
    pub fn new() -> Disk<C> {
        let entries = Vec::new();
        let inside = Inside { term: Term::ZERO, voted_for: None, entries, good_writes: None };
        Disk { shared: Arc::new(Shared { inside: Mutex::new(inside), written: Condvar::new() }) }
    }

    /// A storage on this disk.
    pub fn storage(&self) -> MemoryStorage<C> {
        MemoryStorage { disk: self.clone() }
    }

    /// Lets every write after the next `count` ones fail.
    pub fn fail_after(&self, count: usize) {
        self.shared.inside.lock().good_writes = Some(count);
    }

    /// How many entries are durable.
    pub fn entries(&self) -> usize {
        self.shared.inside.lock().entries.len()
    }

    /// Waits until at least `count` entries are durable.
    pub fn wait_for_entries(&self, count: usize) {
        let mut inside = self.shared.inside.lock();
        while inside.entries.len() < count {
            inside = self.shared.written.wait(inside);
        }
    }
}

impl<C: Clone> Disk<C> {
    /// What a server that starts from this disk recovers.
    pub fn recovered(&self) -> Recovered<C> {
        let inside = self.shared.inside.lock();
        let log: Log<C> = inside.entries.iter().cloned().collect();
        Recovered { term: inside.term, voted_for: inside.voted_for, log }
    }
}

/// A storage that keeps everything in memory.
#[derive(Debug)]
pub struct MemoryStorage<C> {
    disk: Disk<C>,
}

impl<C: Clone + Send + 'static> Storage for MemoryStorage<C> {
    type Command = C;

    fn write(&mut self, writes: &[Write<C>]) -> Result<(), StorageError> {
        let mut inside = self.disk.shared.inside.lock();
        for write in writes {
            match &mut inside.good_writes {
                Some(0) => return Err(StorageError::new("the disk was told to fail")),
                Some(left) => *left -= 1,
                None => {}
            }
            let keep = usize::try_from(write.truncate_to.0).unwrap_or(usize::MAX);
            if keep > inside.entries.len() {
                return Err(StorageError::new("a write keeps entries that do not exist"));
            }
            inside.entries.truncate(keep);
            inside.entries.extend_from_slice(&write.entries);
            (inside.term, inside.voted_for) = (write.term, write.voted_for);
        }
        drop(inside);
        self.disk.shared.written.notify_all();
        Ok(())
    }

    fn log_bytes(&self) -> u64 {
        let entries = self.disk.shared.inside.lock().entries.len();
        (entries * size_of::<Entry<C>>()) as u64
    }
}
