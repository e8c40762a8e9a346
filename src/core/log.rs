//! The replicated log: entries with the term in which a leader created them [Ongaro14 §3.5].
//!
//! Terms never decrease along a log, so questions about terms are binary searches. Positions count
//! from 1; position 0, with term 0, stands before the first entry and matches in every log.

use crate::basic::{Index, LogPosition, Term};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What an entry carries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Payload<C> {
    /// Nothing: the entry a new leader appends so that it can commit its predecessors' entries
    /// [Ongaro14 §6.4].
    NoOp,
    /// A command for the state machine.
    Command(C),
}

/// One entry of a log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Entry<C> {
    /// The term of the leader that created the entry.
    pub term: Term,
    /// What it carries.
    pub payload: Payload<C>,
}

/// A log: a sequence of entries at the indices 1, 2, 3, ...
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Log<C> {
    entries: Vec<Entry<C>>,
}

impl<C> Default for Log<C> {
    fn default() -> Log<C> {
        Log { entries: Vec::new() }
    }
}

impl<C> FromIterator<Entry<C>> for Log<C> {
    fn from_iter<I: IntoIterator<Item = Entry<C>>>(entries: I) -> Log<C> {
        Log { entries: entries.into_iter().collect() }
    }
}

impl<C> Log<C> {
    /// The entries, the one at index 1 first.
    pub fn entries(&self) -> &[Entry<C>] {
        &self.entries
    }

    /// The index of the last entry, or zero.
    pub fn last_index(&self) -> Index {
        Index(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    /// The term and index of the last entry, as elections compare them.
    pub fn last_position(&self) -> LogPosition {
        let term = self.entries.last().map_or(Term::ZERO, |entry| entry.term);
        LogPosition { term, index: self.last_index() }
    }

    /// The entry at an index, if the log reaches it.
    pub fn get(&self, index: Index) -> Option<&Entry<C>> {
        self.entries.get(offset(index)?)
    }

    /// The term of the entry at an index; zero at index zero; nothing beyond the end.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == Index::ZERO { Some(Term::ZERO) } else { self.get(index).map(|e| e.term) }
    }

    /// Whether the log holds an entry of this term at this index: the consistency check of AppendEntries
    /// [Ongaro14 §3.5]. Index 0 with term 0 is held by every log.
    pub fn matches(&self, index: Index, term: Term) -> bool {
        self.term_at(index) == Some(term)
    }

    /// The entries after `index`, at most `count` of them.
    pub fn after(&self, index: Index, count: usize) -> &[Entry<C>] {
        let start = length(index).min(self.entries.len());
        let tail = self.entries.get(start..).unwrap_or_default();
        tail.get(..count).unwrap_or(tail)
    }

    /// The position of the last entry at or before `index` whose term is at most `term`: how far two
    /// logs can agree at most, found without looking at each entry between [Ongaro14 §3.5].
    pub fn last_at_most(&self, index: Index, term: Term) -> LogPosition {
        let head = self.entries.get(..length(index)).unwrap_or(&self.entries);
        let held = head.get(..head.partition_point(|entry| entry.term <= term)).unwrap_or_default();
        LogPosition {
            term: held.last().map_or(Term::ZERO, |entry| entry.term),
            index: Index(u64::try_from(held.len()).unwrap_or(u64::MAX)),
        }
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry<C>) {
        self.entries.push(entry);
    }

    /// Removes every entry after `index`.
    pub fn truncate_after(&mut self, index: Index) {
        self.entries.truncate(length(index));
    }

    /// Whether terms never decrease, none is zero, and none exceeds `newest`: what every log of a server
    /// in term `newest` satisfies.
    pub fn is_well_formed(&self, newest: Term) -> bool {
        terms_are_ordered(Term(1), &self.entries, newest)
    }
}

impl<C: Clone> Log<C> {
    /// Makes the log its first `keep` entries followed by `entries`.
    pub fn replace_after(&mut self, keep: Index, entries: &[Entry<C>]) {
        self.truncate_after(keep);
        self.entries.extend_from_slice(entries);
    }
}

/// Whether the terms of `entries` begin at `oldest` or later, never decrease, and end at `newest` or
/// earlier.
pub(crate) fn terms_are_ordered<C>(oldest: Term, entries: &[Entry<C>], newest: Term) -> bool {
    let mut previous = oldest;
    entries.iter().all(|entry| {
        let ordered = previous <= entry.term && entry.term <= newest;
        previous = entry.term;
        ordered
    })
}

/// The number of entries up to and including `index`.
fn length(index: Index) -> usize {
    usize::try_from(index.0).unwrap_or(usize::MAX)
}

/// Where the entry at `index` stands in the vector.
fn offset(index: Index) -> Option<usize> {
    length(index).checked_sub(1)
}
