//! What servers hold after a million writes.
//!
//! The log is kept in memory, and nothing of it is thrown away yet; what is promised is the memory apart from it. How
//! much of a process' memory is the log cannot be seen from the outside, so it is worked out: for each entry its place
//! in the log, and what the allocator takes for its key and its value. The values that are in the store are those of
//! the log and take no more; where the store outlived the log, they would be its own.

use super::load::{LENGTH, Until, Work, key, run};
use super::servers::Servers;
use super::systems::{Kind, Timing};
use crate::figure::{Figure, Goal};
use quorate_core::Entry;
use quorate_kv::Command;
use std::path::Path;

/// How many writes.
const WRITES: usize = 1_000_000;
/// To how many keys.
const KEYS: usize = 10_000;
/// How many clients write.
const CLIENTS: usize = 256;
/// What a server may hold apart from the log, in MiB.
const APART: Goal = Goal::at_most(30.0).by_median();

/// Writes to servers of their own. Returns what they hold.
///
/// # Errors
/// When the servers cannot be written to, or the system does not tell.
pub(super) fn measure(directory: &Path) -> Result<Vec<Figure>, String> {
    let servers = Servers::start(Kind::Quorate, Timing::Default, directory)?;
    let empty = servers.memory()?;
    run(&servers, CLIENTS, Work::Set, Until::Count(WRITES, KEYS))?;
    Ok(figures(empty, &servers.memory()?, servers.committed()?))
}

/// The figures of servers that held so many MiB, with so many entries in their logs.
fn figures(empty: Vec<f64>, after: &[f64], entries: u64) -> Vec<Figure> {
    let each = entry_bytes(key(0).len(), LENGTH);
    let log = entries as f64 * each as f64 / f64::from(1 << 20);
    let apart = after.iter().map(|memory| memory - log).collect();
    let figure = |what: &str, rounds, goal| Figure {
        name: format!("quorate, memory of a server: {what}"),
        rounds,
        unit: "MiB",
        goal,
    };
    let of_log = format!("log of {:.2} M, {each} B each", entries as f64 / 1e6);
    vec![
        figure("in the beginning", empty, None),
        figure("after 1 M writes", after.to_vec(), None),
        figure(&of_log, vec![log], None),
        figure("apart from the log", apart, Some(APART)),
    ]
}

/// What an entry of the log takes up in memory, in bytes: itself, its key and its value.
fn entry_bytes(key: usize, value: usize) -> usize {
    size_of::<Entry<Command>>() + allocated(key) + allocated(value)
}

/// What shared bytes take up: two counts before them, and the length that glibc's allocator keeps with each piece of
/// memory, all in units of 16 bytes.
fn allocated(bytes: usize) -> usize {
    (2 * size_of::<usize>() + bytes + size_of::<usize>()).next_multiple_of(16)
}

#[cfg(test)]
mod tests {
    use super::{allocated, entry_bytes, figures};

    #[test]
    fn what_the_log_takes_up_is_not_counted() {
        assert_eq!([0, 8, 9, 256].map(allocated), [32, 32, 48, 288]);
        let each = entry_bytes(10, 256);
        assert!((380..=440).contains(&each), "{each}");
        let entries = 1 << 20;
        let figures = figures(vec![5.0; 3], &[each as f64 + 20.0; 3], entries);
        assert_eq!(figures[3].rounds, [20.0; 3]);
        assert_eq!(figures[3].is_met(), Some(true));
    }
}
