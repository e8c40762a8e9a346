//! A disk: what is durable, and the writes that are not yet.

use crate::{Log, Write};
use quorate_core::{AbstractAction, Durable, ServerId, Term, UnfinishedWrite};
use std::collections::VecDeque;

/// The disk of one server. Writes become durable in the order in which they were issued; a crash keeps
/// the oldest few of the unfinished ones, any number, and forgets the rest.
///
/// Each unfinished write carries the abstract action it performs. That adds no states: on a disk, the
/// action follows from the write and from what is before it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Disk {
    /// The durable term.
    pub term: Term,
    /// The durable vote.
    pub voted_for: Option<ServerId>,
    /// The durable log.
    pub log: Log,
    /// The writes issued and not yet durable, the oldest first.
    pub unfinished: VecDeque<Write>,
}

impl Disk {
    /// Issues a write after all earlier ones.
    pub fn issue(&mut self, write: Write) {
        self.unfinished.push_back(write);
    }

    /// Makes the oldest `count` unfinished writes durable. The abstract actions they perform, in order.
    pub fn sync(&mut self, count: usize) -> Vec<AbstractAction> {
        let finished = self.unfinished.drain(..count.min(self.unfinished.len()));
        let mut witnesses = Vec::with_capacity(count);
        for write in finished {
            self.term = write.term;
            self.voted_for = write.voted_for;
            self.log.replace_after(write.truncate_to, &write.entries);
            witnesses.push(write.witness);
        }
        witnesses
    }

    /// Keeps the oldest `keep` unfinished writes and forgets the others, as a crash does. The abstract
    /// actions that the kept ones perform, in order.
    pub fn crash(&mut self, keep: usize) -> Vec<AbstractAction> {
        let witnesses = self.sync(keep);
        self.unfinished.clear();
        witnesses
    }

    /// What the disk will hold when every write is durable.
    pub fn settled(&self) -> Disk {
        let mut disk = self.clone();
        disk.sync(disk.unfinished.len());
        disk
    }

    /// What a core that was told of every finished write, and of no other, takes for durable.
    pub fn confirmed(&self) -> Durable {
        let untouched = self.unfinished.iter().map(|write| write.truncate_to).min();
        let length = self.log.last_index();
        Durable {
            term: self.term,
            voted_for: self.voted_for,
            index: untouched.map_or(length, |limit| limit.min(length)),
        }
    }

    /// What a core remembers of the unfinished writes.
    pub fn remembered(&self) -> VecDeque<UnfinishedWrite> {
        let remembered = |write: &Write| UnfinishedWrite {
            truncate_to: write.truncate_to,
            length: write.truncate_to.plus(write.entries.len() as u64),
            term: write.term,
            voted_for: write.voted_for,
        };
        self.unfinished.iter().map(remembered).collect()
    }
}
