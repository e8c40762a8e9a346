//! What must have happened before: an abstract state for a cluster that did not begin at the beginning.
//!
//! A scenario may start with logs written by hand, and an audit in the middle of a run. Then the histories
//! are not known, only their traces: in logs, in unfinished writes, in what servers believe, in messages on
//! their way. [`Abstract::assumed_of`] gathers the least histories that explain these traces. If the
//! cluster is one that the protocol can reach, its further steps refine from there; if it is not, the
//! coupling predicates or a later guard say so.
//!
//! Assumed, in this order:
//! 1. **Votes.** Those on disks, counted by candidates, or on their way.
//! 2. **Leaders.** A term has a leader if a log, durable or with some of the unfinished writes, has an entry
//!    of it, or if a server leads it, follows in it, or speaks for it. The leader's log is the longest for
//!    which there is a trace: a log up to its last entry of the term, the log of the server that leads,
//!    what a follower has verified, what a write or a message brings from it. Who it is, is known or
//!    guessed: whoever has most votes, else whoever has that log and may have stood. Every server that has left the term
//!    since, and may have forgotten its vote, voted for it.
//! 3. **Chosen.** What the cluster's history has committed, and what servers take for committed or have
//!    applied: chosen by the earliest leader with whom all later ones agree. Every later leader has it, so a log that is known
//!    less far is that much longer.
//! 4. **Candidates.** Whoever has votes or asks for them, with the log it still has or leads with, else one
//!    that ends as it says, else the longest of before its term.
//! 5. **Acknowledged.** By every server that holds a chosen entry, and whatever leaders count, followers
//!    have verified on their disk, or say.
//! 6. **Applied.** What servers have applied since they started.
//!
//! What messages say of entries that nobody has any more is not explained. No server can take AppendEntries
//! after such an entry, so nothing depends on it; only [`facts_hold`](crate::facts_hold) finds it without a
//! fact. For RequestVote a log is made up that ends as it says, for AppendAccepted none is, and so lemmas of
//! the invariant may not hold; only where a candidate's log ends, and who has acknowledged how much, will
//! ever matter.

use crate::abstract_protocol::{Abstract, Leadership, Node, logs};
use crate::facts::is_chosen;
use quorate_cluster::{Cluster, Command, Entry, Envelope, Server};
use quorate_core::{
    AbstractAction, Index, LogPosition, Message, Payload, Role, ServerId, ServerSet, Term,
};
use std::collections::BTreeMap;

/// A log that some server has, or had if a write that is on its way is counted.
struct KnownLog {
    server: ServerId,
    entries: Vec<Entry>,
    /// The leader's term from whose log all of it was taken, if that is known.
    taken_from: Option<Term>,
}

impl Abstract<Command> {
    /// The least histories that explain a cluster. For one that has never run: none.
    ///
    /// # Panics
    /// When the cluster has no server.
    pub fn assumed_of(cluster: &Cluster) -> Abstract<Command> {
        let configuration = cluster.servers[0].state.configuration;
        let mut state = Abstract::new(configuration);
        for Server { state: server, disk } in &cluster.servers {
            let log = disk.log.entries().to_vec();
            state.nodes.insert(server.id, Node { term: disk.term, log });
        }
        let known = known_logs(cluster);
        assume_votes(&mut state, cluster);
        assume_leaders(&mut state, cluster, &known);
        assume_forgotten_votes(&mut state);
        assume_chosen(&mut state, cluster);
        assume_candidates(&mut state, cluster, &known);
        assume_acknowledged(&mut state, cluster);
        for Server { state: server, .. } in &cluster.servers {
            for index in (1..=server.last_applied.0).map(Index) {
                // One that cannot be explained is left out, and the coupling finds it missing.
                let _ = state.perform(&AbstractAction::Apply { server: server.id, index }, None);
            }
        }
        state
    }
}

/// The durable log of each server, and its log after each unfinished write.
fn known_logs(cluster: &Cluster) -> Vec<KnownLog> {
    let mut known = Vec::new();
    for Server { state: server, disk } in &cluster.servers {
        let mut later = disk.clone();
        let server = server.id;
        known.push(KnownLog { server, entries: disk.log.entries().to_vec(), taken_from: None });
        for write in &disk.unfinished {
            later.sync(1);
            let taken_from = match write.witness {
                AbstractAction::Replicate { term, .. } => Some(term),
                _ => None,
            };
            known.push(KnownLog { server, entries: later.log.entries().to_vec(), taken_from });
        }
    }
    known
}

/// For each term: its leader, if known, and the longest log.
type Leaders = BTreeMap<Term, (Option<ServerId>, Vec<Entry>)>;

/// Notes that a leader's log is at least this long, and perhaps who it is.
fn note_leader(leaders: &mut Leaders, term: Term, server: Option<ServerId>, log: &[Entry]) {
    let known = leaders.entry(term).or_default();
    known.0 = known.0.or(server);
    if log.len() > known.1.len() {
        known.1 = log.to_vec();
    }
}

fn assume_leaders(state: &mut Abstract<Command>, cluster: &Cluster, known: &[KnownLog]) {
    let mut leaders = Leaders::new();
    for KnownLog { entries, taken_from, .. } in known {
        for (position, entry) in entries.iter().enumerate() {
            note_leader(&mut leaders, entry.term, None, &entries[..=position]);
        }
        if let Some(term) = taken_from {
            note_leader(&mut leaders, *term, None, entries);
        }
    }
    for Server { state: server, .. } in &cluster.servers {
        let (id, term, log) = (server.id, server.current_term, server.log.entries());
        match &server.role {
            Role::Leader(_) => note_leader(&mut leaders, term, Some(id), log),
            Role::Follower(follower) if follower.leader.is_some() => {
                let verified = logs::prefix(log, follower.verified).unwrap_or(log);
                note_leader(&mut leaders, term, follower.leader, verified);
            }
            Role::Follower(_) | Role::Candidate(_) => {}
        }
    }
    note_spoken_for(&mut leaders, cluster, known);
    for (term, (server, log)) in leaders {
        let server = server.or_else(|| most_voted(state, term));
        if let Some(server) = server.or_else(|| likely_leader(state, known, term, &log)) {
            state.leaders.insert(term, Leadership { server, votes: ServerSet::EMPTY, log });
        }
    }
}

/// Notes the leaders for whom messages speak. Entries whose place in the log is not known are left out: no
/// server can have what comes before them, so none can take them.
fn note_spoken_for(leaders: &mut Leaders, cluster: &Cluster, known: &[KnownLog]) {
    let mut segments = Vec::new();
    for Envelope { from, to, term, message } in cluster.network.in_flight.keys() {
        match message {
            Message::AppendEntries { previous, entries, .. } => {
                segments.push((*previous, *term, *from, entries));
            }
            Message::AppendAccepted { .. }
            | Message::AppendRejected { .. }
            | Message::StaleTerm { .. } => note_leader(leaders, *term, Some(*to), &[]),
            Message::RequestVote { .. } | Message::VoteGranted => {}
        }
    }
    // What one message brings may be where another one goes on.
    segments.sort_unstable();
    for (previous, term, from, entries) in segments {
        note_leader(leaders, term, Some(from), &[]);
        let led = leaders.values().map(|(_, log)| log.as_slice());
        let mut logs = led.chain(known.iter().map(|log| log.entries.as_slice()));
        let before = logs.find(|log| logs::holds(log, previous));
        if let Some(before) = before.and_then(|log| logs::prefix(log, previous.index)) {
            let log = [before, entries].concat();
            note_leader(leaders, term, Some(from), &log);
        }
    }
}

fn assume_votes(state: &mut Abstract<Command>, cluster: &Cluster) {
    for Server { state: server, disk } in &cluster.servers {
        if let Some(candidate) = disk.voted_for {
            state.voted.insert((disk.term, server.id), candidate);
        }
        if let Role::Candidate(candidate) = &server.role {
            for voter in candidate.votes.iter() {
                state.voted.insert((server.current_term, voter), server.id);
            }
        }
    }
    for envelope in cluster.network.in_flight.keys() {
        if matches!(envelope.message, Message::VoteGranted) {
            state.voted.insert((envelope.term, envelope.from), envelope.to);
        }
    }
}

/// Who has most of the known votes of a term.
fn most_voted(state: &Abstract<Command>, term: Term) -> Option<ServerId> {
    let mut votes: BTreeMap<ServerId, usize> = BTreeMap::new();
    for ((_, voter), candidate) in state.voted.iter().filter(|((of, _), _)| *of == term) {
        // Everyone who stands has its own vote; that says little.
        *votes.entry(*candidate).or_default() += if voter == candidate { 1 } else { 2 };
    }
    votes.into_iter().max_by_key(|(_, votes)| *votes).map(|(candidate, _)| candidate)
}

/// Of a term of which no vote is known: the first server that has its leader's log and has left it since, so may
/// have voted for itself; else the first that has left it.
fn likely_leader(
    state: &Abstract<Command>,
    known: &[KnownLog],
    term: Term,
    log: &[Entry],
) -> Option<ServerId> {
    let holders = known.iter().filter(|known| known.entries.starts_with(log));
    let mut likely = holders.map(|known| known.server).chain(state.nodes.keys().copied());
    let has_left = |server: &ServerId| state.nodes[server].term > term;
    likely.clone().find(has_left).or_else(|| likely.next())
}

/// Whoever has left a term may have voted for its leader.
fn assume_forgotten_votes(state: &mut Abstract<Command>) {
    for (term, leader) in &mut state.leaders {
        for (id, node) in &state.nodes {
            if node.term > *term {
                state.voted.entry((*term, *id)).or_insert(leader.server);
            }
            if state.voted.get(&(*term, *id)) == Some(&leader.server) {
                leader.votes.insert(*id);
            }
        }
    }
}

fn assume_chosen(state: &mut Abstract<Command>, cluster: &Cluster) {
    // Of each term the last entry that its leader has committed, with all before it.
    let committed = cluster.history.committed.iter().zip(1..);
    let last: BTreeMap<Term, Index> =
        committed.map(|(it, index)| (it.term, Index(index))).collect();
    for (term, index) in last {
        let leader = state.leaders.get(&term);
        if let Some(index) = leader.and_then(|leader| own_from(&leader.log, term, index)) {
            state.chosen.entry(term).or_default().insert(index, ServerSet::EMPTY);
        }
    }
    for Server { state: server, disk } in &cluster.servers {
        let committed = (server.log.entries(), server.commit_index, server.current_term);
        // What was applied was chosen by the end of the term that was then on the disk.
        let applied = (disk.log.entries(), server.last_applied, disk.term);
        for (log, index, newest) in [committed, applied] {
            if is_chosen(state, log, index, newest).is_err()
                && let Some(chooser) = possible_chooser(state, log, index, newest)
            {
                let chosen = state.chosen.entry(chooser.term).or_default();
                chosen.insert(chooser.index, ServerSet::EMPTY);
            }
        }
    }
    for (term, indices) in &state.chosen {
        let Some((index, _)) = indices.last_key_value() else { continue };
        let Some(leader) = state.leaders.get(term) else { continue };
        let chosen = logs::prefix(&leader.log, *index).unwrap_or_default().to_vec();
        for (_, other) in state.leaders.range_mut(term..) {
            if chosen.starts_with(&other.log) {
                other.log.clone_from(&chosen);
            }
        }
    }
}

/// The first entry at an index or after it that the leader of a term made.
fn own_from(log: &[Entry], term: Term, index: Index) -> Option<Index> {
    (index.0..=log.len() as u64).map(Index).find(|own| logs::term_at(log, *own) == Some(term))
}

/// The earliest entry that can have chosen the first `index` entries of `log`: of a leader who agrees with
/// it so far, and with whom every later leader agrees.
fn possible_chooser(
    state: &Abstract<Command>,
    log: &[Entry],
    index: Index,
    newest: Term,
) -> Option<LogPosition> {
    state.leaders.range(..=newest).find_map(|(term, leader)| {
        let chosen = own_from(&leader.log, *term, index)?;
        let mut later = state.leaders.range(term..);
        let fits = logs::agree(&leader.log, log, index)
            && later.all(|(_, other)| {
                let known = chosen.min(logs::last_index(&other.log));
                logs::agree(&leader.log, &other.log, known)
            });
        fits.then_some(LogPosition { term: *term, index: chosen })
    })
}

fn assume_candidates(state: &mut Abstract<Command>, cluster: &Cluster, known: &[KnownLog]) {
    let mut standing: BTreeMap<(Term, ServerId), Option<LogPosition>> = BTreeMap::new();
    for ((term, _), candidate) in &state.voted {
        standing.entry((*term, *candidate)).or_default();
    }
    for write in cluster.servers.iter().flat_map(|server| &server.disk.unfinished) {
        if let AbstractAction::GrantVote { candidate, term, .. } = write.witness {
            standing.entry((term, candidate)).or_default();
        }
    }
    for envelope in cluster.network.in_flight.keys() {
        if let Message::RequestVote { last } = envelope.message {
            standing.insert((envelope.term, envelope.from), Some(last));
        }
    }
    for ((term, candidate), last) in standing {
        let log = standing_log(state, cluster, known, (term, candidate), last);
        state.candidates.insert((term, candidate), log);
    }
}

/// The log with which a candidate stands: the one it still has or leads with, else one that ends as it
/// says, else the one that ends last among those of before its term.
fn standing_log(
    state: &Abstract<Command>,
    cluster: &Cluster,
    known: &[KnownLog],
    (term, candidate): (Term, ServerId),
    last: Option<LogPosition>,
) -> Vec<Entry> {
    let before = |log: &[Entry]| -> Vec<Entry> {
        log.iter().take_while(|entry| entry.term < term).cloned().collect()
    };
    let server = cluster.server(candidate).map(|server| &server.state);
    let server = server.filter(|server| server.current_term == term);
    if let Some(server) = server.filter(|server| matches!(server.role, Role::Candidate(_))) {
        return server.log.entries().to_vec();
    }
    let leader = state.leaders.get(&term).filter(|leader| leader.server == candidate);
    if let Some(log) = leader.map(|leader| before(&leader.log))
        && last.is_none_or(|last| logs::last_position(&log) == last)
    {
        return log;
    }
    let logs = known.iter().map(|log| log.entries.as_slice());
    let logs = logs.chain(state.leaders.values().map(|leader| leader.log.as_slice()));
    match last {
        Some(last) => {
            let fitting = logs.clone().find(|log| logs::holds(log, last));
            let fitting = fitting.and_then(|log| logs::prefix(log, last.index));
            fitting.map_or_else(|| made_up_log(last), <[Entry]>::to_vec)
        }
        None => logs.map(before).max_by_key(|log| logs::last_position(log)).unwrap_or_default(),
    }
}

/// A log that ends as a candidate has said, when nobody has its entries any more. Only where it ends will
/// ever matter.
fn made_up_log(last: LogPosition) -> Vec<Entry> {
    (1..=last.index.0).map(|_| Entry { term: last.term, payload: Payload::NoOp }).collect()
}

fn assume_acknowledged(state: &mut Abstract<Command>, cluster: &Cluster) {
    let mut said: Vec<(Term, ServerId, Index)> = Vec::new();
    for (term, indices) in &mut state.chosen {
        let Some(leader) = state.leaders.get(term) else { continue };
        for (index, acknowledged) in indices {
            for (id, node) in &state.nodes {
                if logs::agree(&node.log, &leader.log, *index) {
                    acknowledged.insert(*id);
                    said.push((*term, *id, *index));
                }
            }
        }
    }
    for Server { state: server, .. } in &cluster.servers {
        let (id, term, durable) = (server.id, server.current_term, server.durable.index);
        said.push((term, id, server.acknowledgeable()));
        if let Role::Leader(leader) = &server.role {
            said.extend(leader.progress.iter().map(|p| (term, p.server, p.match_index)));
            said.extend((durable >= leader.first_index).then_some((term, id, durable)));
        }
    }
    for envelope in cluster.network.in_flight.keys() {
        if let Message::AppendAccepted { match_index, .. } = envelope.message {
            said.push((envelope.term, envelope.from, match_index));
        }
    }
    for (term, server, index) in said {
        if index > Index::ZERO {
            let acked = state.acked.entry((term, server)).or_default();
            *acked = index.max(*acked);
        }
    }
}
