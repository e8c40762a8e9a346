//! Every message is a fact.
//!
//! The abstract protocol has no messages; it needs none, because each only repeats something that has
//! become true and stays true. That is why a message may be late, lost, doubled or out of order. Here it
//! is written down, message by message, which fact each one states.
//!
//! | message | states |
//! |---|---|
//! | RequestVote | the sender stands in this term, with a log that ends like this |
//! | VoteGranted | the sender voted for the receiver in this term |
//! | AppendEntries | the sender leads this term; its log has these entries at this place; so much of it is chosen by the end of this term |
//! | AppendAccepted | the receiver leads this term; the sender holds its log durably up to the match index (zero states nothing of the log) |
//! | AppendRejected | the receiver leads this term; the log it compared may be lost by a crash, so nothing of the log |
//! | StaleTerm | the receiver leads the older term; the greater one needs no proof, for anybody may enter any term |
//!
//! Facts are monotone, so a message that is true when it is sent is true whenever it arrives.

use crate::Violation;
use crate::abstract_protocol::{Abstract, Leadership, logs};
use crate::refinement::REFINEMENT;
use quorate_cluster::{Cluster, Command, Entry, Envelope};
use quorate_core::{Index, LogPosition, Message, ServerId, Term};

/// Whether every message in flight is a true fact of the abstract state.
///
/// # Errors
/// The first message that is not, and why.
pub fn facts_hold(state: &Abstract<Command>, cluster: &Cluster) -> Result<(), Violation> {
    cluster.network.in_flight.keys().try_for_each(|envelope| {
        is_fact(state, envelope).map_err(|found| Violation {
            property: REFINEMENT,
            why: format!("in flight: {}", describe(envelope, &found)),
        })
    })
}

/// Whether a message is a true fact of the abstract state.
///
/// # Errors
/// What is true instead.
pub fn is_fact(state: &Abstract<Command>, envelope: &Envelope) -> Result<(), String> {
    let Envelope { from, to, term, ref message } = *envelope;
    match message {
        Message::RequestVote { last } => stands(state, from, term, *last),
        Message::VoteGranted => match state.voted.get(&(term, from)) {
            Some(candidate) if *candidate == to => Ok(()),
            Some(candidate) => Err(format!("{from} voted for {candidate} in term {term}")),
            None => Err(format!("{from} has not voted in term {term}")),
        },
        Message::AppendEntries { previous, entries, commit_index, .. } => {
            let leader = leads(state, from, term)?;
            has_entries(leader, *previous, entries)?;
            is_chosen(state, &leader.log, *commit_index, term)
        }
        Message::AppendAccepted { match_index, .. } => {
            leads(state, to, term)?;
            let acked = state.acked_index(term, from);
            if *match_index > acked {
                return Err(format!("{from} has acknowledged index {acked}, not {match_index}"));
            }
            Ok(())
        }
        Message::AppendRejected { .. } | Message::StaleTerm { .. } => {
            leads(state, to, term).map(|_| ())
        }
    }
}

/// A message that is not true, in words.
pub(crate) fn describe(envelope: &Envelope, found: &str) -> String {
    let Envelope { from, to, term, message } = envelope;
    format!("{from} says to {to} in term {term}: {message:?}, but {found}")
}

/// The server stands in this term with a log that ends at `last`.
fn stands(
    state: &Abstract<Command>,
    server: ServerId,
    term: Term,
    last: LogPosition,
) -> Result<(), String> {
    let Some(log) = state.candidates.get(&(term, server)) else {
        return Err(format!("{server} does not stand in term {term}"));
    };
    let found = logs::last_position(log);
    if found == last {
        Ok(())
    } else {
        Err(format!("{server} stands in term {term} with a log that ends at {found}"))
    }
}

/// The server leads this term.
pub(crate) fn leads(
    state: &Abstract<Command>,
    server: ServerId,
    term: Term,
) -> Result<&Leadership<Command>, String> {
    match state.leaders.get(&term) {
        Some(leader) if leader.server == server => Ok(leader),
        Some(leader) => Err(format!("{} leads term {term}, not {server}", leader.server)),
        None => Err(format!("term {term} has no leader")),
    }
}

/// The leader's log has these entries after this position.
fn has_entries(
    leader: &Leadership<Command>,
    previous: LogPosition,
    entries: &[Entry],
) -> Result<(), String> {
    let server = leader.server;
    if !logs::holds(&leader.log, previous) {
        return Err(format!("the log of leader {server} does not hold {previous}"));
    }
    let last = previous.index.plus(entries.len() as u64);
    if logs::segment(&leader.log, previous.index, last) != Some(entries) {
        return Err(format!("the log of leader {server} has other entries after {previous}"));
    }
    Ok(())
}

/// The log is chosen up to an index by the end of a term.
pub(crate) fn is_chosen(
    state: &Abstract<Command>,
    log: &[Entry],
    index: Index,
    term: Term,
) -> Result<(), String> {
    if index == Index::ZERO || state.chooser_of_prefix(log, index, term).is_some() {
        return Ok(());
    }
    Err(format!("no term up to {term} has chosen index {index} of this log"))
}
