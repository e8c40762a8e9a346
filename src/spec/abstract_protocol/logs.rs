//! Logs as plain sequences of entries, counted from 1.
//!
//! The core has a log type of its own, with clever searches. The abstract protocol does not use it: what
//! it is compared with must not share its mistakes.

use quorate_core::{Entry, Index, LogPosition, Term};

/// How many entries stand up to and including an index.
fn count(index: Index) -> usize {
    usize::try_from(index.0).unwrap_or(usize::MAX)
}

/// The index of the last entry, or zero.
pub(crate) fn last_index<C>(log: &[Entry<C>]) -> Index {
    Index(log.len() as u64)
}

/// The entry at an index.
pub(crate) fn at<C>(log: &[Entry<C>], index: Index) -> Option<&Entry<C>> {
    log.get(count(index).checked_sub(1)?)
}

/// The term of the entry at an index.
pub(crate) fn term_at<C>(log: &[Entry<C>], index: Index) -> Option<Term> {
    at(log, index).map(|entry| entry.term)
}

/// The entries up to and including an index, if the log reaches it.
pub(crate) fn prefix<C>(log: &[Entry<C>], index: Index) -> Option<&[Entry<C>]> {
    log.get(..count(index))
}

/// The entries after `previous` up to and including `last`, if the log reaches it.
pub(crate) fn segment<C>(log: &[Entry<C>], previous: Index, last: Index) -> Option<&[Entry<C>]> {
    log.get(count(previous)..count(last))
}

/// Term and index of the last entry, as elections compare them [Ongaro14 §3.6.1].
pub(crate) fn last_position<C>(log: &[Entry<C>]) -> LogPosition {
    let term = log.last().map_or(Term::ZERO, |entry| entry.term);
    LogPosition { term, index: last_index(log) }
}

/// Whether the log holds an entry of this term at this index; the position before the first entry is
/// held by every log.
pub(crate) fn holds<C>(log: &[Entry<C>], position: LogPosition) -> bool {
    position == LogPosition::default() || term_at(log, position.index) == Some(position.term)
}

/// Whether both logs reach an index and are equal up to it.
pub(crate) fn agree<C: PartialEq>(a: &[Entry<C>], b: &[Entry<C>], index: Index) -> bool {
    match (prefix(a, index), prefix(b, index)) {
        (Some(a), Some(b)) => a == b,
        (None, _) | (_, None) => false,
    }
}
