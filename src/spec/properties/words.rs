//! The words in which violations are explained, and the comparisons of logs that several properties share.

use quorate_cluster::{Committed, Entry, Log};
use quorate_core::{Index, Payload, ServerId, ServerSet};

/// Servers as a list: `n1`, `n1 and n3`, `n1, n2 and n3`.
pub(super) fn names(servers: ServerSet) -> String {
    let mut names: Vec<String> = servers.iter().map(|server| server.to_string()).collect();
    match (names.pop(), names.is_empty()) {
        (None, _) => "no server".to_owned(),
        (Some(only), true) => only,
        (Some(last), false) => format!("{} and {last}", names.join(", ")),
    }
}

/// A server that may not be there.
pub(super) fn name(server: Option<ServerId>) -> String {
    server.map_or("nobody".to_owned(), |server| server.to_string())
}

/// An entry that may not be there.
pub(super) fn entry(entry: Option<&Entry>) -> String {
    match entry {
        None => "no entry".to_owned(),
        Some(Entry { term, payload: Payload::NoOp }) => format!("the no-op of term {term}"),
        Some(Entry { term, payload: Payload::Command(command) }) => {
            format!("command {} of term {term}", command.0)
        }
    }
}

/// How many entries at the beginning of a log are the committed ones.
pub(super) fn committed_prefix(log: &Log, committed: &[Committed]) -> Index {
    let pairs = log.entries().iter().zip(committed);
    Index(pairs.take_while(|(held, known)| **held == known.entry).count() as u64)
}

/// How many entries two logs have in common before they first differ.
pub(super) fn common_prefix(one: &Log, other: &Log) -> Index {
    let pairs = one.entries().iter().zip(other.entries());
    Index(pairs.take_while(|(a, b)| a == b).count() as u64)
}

/// Whether two logs reach an index and are equal up to it.
pub(super) fn equal_up_to(one: &Log, other: &Log, index: Index) -> bool {
    let length = index.0 as usize;
    match (one.entries().get(..length), other.entries().get(..length)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// The last index at which two logs hold entries of the same term; zero where there is none.
pub(super) fn last_same_term(one: &Log, other: &Log) -> Index {
    let mut index = one.last_index().min(other.last_index());
    while index > Index::ZERO && one.term_at(index) != other.term_at(index) {
        index = index.previous();
    }
    index
}
