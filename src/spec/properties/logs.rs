//! What logs look like.

use super::words::{common_prefix, entry, equal_up_to, last_same_term};
use super::{Property, ServerChange};
use quorate_cluster::{Cluster, Log, Server};
use quorate_core::{Index, Role, ServerId};

/// A leader never removes or replaces an entry of its own log.
///
/// The leader's log is the measure of all others in its term. Broken by a leader that obeys an
/// AppendEntries of its own term. The step in which a server learns of a greater term is not a leader's:
/// there, entries may go.
#[derive(Clone, Copy, Debug)]
pub struct LeaderAppendOnly;

impl Property for LeaderAppendOnly {
    const NAME: &'static str = "LeaderAppendOnly";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str = "While in its term, a leader only appends to its log.";
    const LOCAL: bool = true;
    const END_TO_END: bool = true;

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        let (before, after) = (&change.before.state, &change.after.state);
        let is_leaders = matches!(before.role, Role::Leader(_))
            && before.current_term == after.current_term
            && !change.restarted;
        if !is_leaders || equal_up_to(&before.log, &after.log, before.log.last_index()) {
            return Ok(());
        }
        let index = common_prefix(&before.log, &after.log).next();
        Err(format!(
            "{}, leader of term {}, had {} at index {index} and now has {}",
            before.id,
            before.current_term,
            entry(before.log.get(index)),
            entry(after.log.get(index)),
        ))
    }
}

/// If two logs hold entries of the same term at the same index, they are equal up to that index.
///
/// This is what makes the consistency check of AppendEntries sufficient: one comparison speaks for the
/// whole prefix. It holds between any two logs, volatile or durable. Broken by taking entries without
/// comparing the term before them, and by two leaders of one term.
#[derive(Clone, Copy, Debug)]
pub struct LogMatching;

impl Property for LogMatching {
    const NAME: &'static str = "LogMatching";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str =
        "Logs with entries of the same term at the same index are equal up to that index.";
    const END_TO_END: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        for (place, server) in cluster.servers.iter().enumerate() {
            for (own, log) in logs(server).enumerate() {
                logs(server).skip(own + 1).try_for_each(|other| match_logs(log, other))?;
                for other in cluster.servers.iter().skip(place + 1) {
                    logs(other).try_for_each(|other| match_logs(log, other))?;
                }
            }
        }
        Ok(())
    }
}

/// A log, whose it is, and whether it is the durable one.
type Named<'a> = (ServerId, &'static str, &'a Log);

fn volatile(server: &Server) -> Named<'_> {
    (server.state.id, "volatile", &server.state.log)
}

fn durable(server: &Server) -> Named<'_> {
    (server.state.id, "durable", &server.disk.log)
}

/// The logs of a server: its volatile one, and its durable one where that differs.
fn logs(server: &Server) -> impl Iterator<Item = Named<'_>> {
    let differs = server.state.log != server.disk.log;
    [Some(volatile(server)), differs.then(|| durable(server))].into_iter().flatten()
}

/// Whether two logs agree as far as they must.
fn match_logs(one: Named<'_>, other: Named<'_>) -> Result<(), String> {
    let ((id, kind, log), (other_id, other_kind, other_log)) = (one, other);
    let agree = last_same_term(log, other_log);
    if agree == Index::ZERO || equal_up_to(log, other_log, agree) {
        return Ok(());
    }
    let index = common_prefix(log, other_log).next();
    Err(format!(
        "the {kind} log of {id} and the {other_kind} log of {other_id} both hold an entry of term {} \
         at index {agree}, but at index {index} one holds {} and the other {}",
        log.term_at(agree).unwrap_or_default(),
        entry(log.get(index)),
        entry(other_log.get(index)),
    ))
}

/// Along every log terms never decrease, none is zero, and none is later than the server's own term.
///
/// Elections compare logs by their last entries, and backing up skips whole terms; both rely on this
/// order. Broken by entries that are taken from a leader of an older term, and by a disk that keeps entries
/// but not the term they came with.
#[derive(Clone, Copy, Debug)]
pub struct LogTerms;

impl Property for LogTerms {
    const NAME: &'static str = "LogTerms";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str =
        "Terms never decrease along a log and never exceed the term of its server.";

    fn state(cluster: &Cluster) -> Result<(), String> {
        for server in &cluster.servers {
            let logs = [
                (volatile(server), server.state.current_term),
                (durable(server), server.disk.term),
            ];
            for ((id, kind, log), newest) in logs {
                if !log.is_well_formed(newest) {
                    let terms: Vec<u64> = log.entries().iter().map(|e| e.term.0).collect();
                    return Err(format!(
                        "the {kind} log of {id}, in term {newest}, holds the terms {terms:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}
