//! How the state of the real system hangs together with the abstract one.
//!
//! Refinement compares durable states only. What a server has in memory is more: a log that is ahead of
//! its disk, votes it has counted, what it believes its followers hold. Each predicate here says of one
//! such piece what makes it true. Together they are the reason *why* the next step will refine as well; so
//! they fail earlier than refinement does, and closer to the mistake.
//!
//! A crash weakens none of them: it makes the volatile state the durable one, of which less is claimed.

use crate::Violation;
use crate::abstract_protocol::{Abstract, logs};
use crate::facts::{is_chosen, leads};
use quorate_cluster::{Cluster, Command, Server};
use quorate_core::{AbstractAction, Durable, Index, Role};

/// The name of the property that every coupling predicate holds.
pub const COUPLED: &str = "Coupling";

/// A predicate over the abstract state and one server with its disk.
///
/// Each speaks of one server, and never of two at once or of messages: what servers have to do with each
/// other goes through the histories. So whether a cluster is coupled is known once it is known of every
/// server, and a check that has looked at a server beside a history need not look again when others change.
#[derive(Clone, Copy, Debug)]
pub struct Coupling {
    /// Its name.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub reading: &'static str,
    /// Its evaluation; an error says what was found instead.
    pub holds: fn(&Abstract<Command>, &Server) -> Result<(), String>,
}

macro_rules! couplings {
    ($($holds:ident: $reading:literal;)+) => {
        &[$(Coupling { name: stringify!($holds), reading: $reading, holds: $holds },)+]
    };
}

/// All coupling predicates.
pub const COUPLING: &[Coupling] = couplings! {
    nodes_are_disks: "Each node has the term, vote and log that the server's disk holds.";
    volatile_is_settled: "Term, vote and log in memory are the disk's once every write is done.";
    unfinished_is_mirrored: "A server remembers of each unfinished write where it begins and ends.";
    confirmed_is_durable: "What a server takes for durable is what no unfinished write can touch.";
    candidate_log_is_clog: "A candidate that may ask for votes has the log it stands with.";
    counted_votes_were_cast: "Every vote that a candidate or leader has counted was cast for it.";
    leader_log_is_tlog: "A leader's log is the log of the leader of its term.";
    match_is_acknowledged: "What a leader counts on a server, itself too, that server acknowledged.";
    verified_is_the_leaders: "A follower's leader leads the term, and their logs agree as far as verified.";
    commit_is_chosen: "What a server takes for committed is chosen, in its term or before.";
    last_applied_is_applied: "What a server has applied is durable, and committed, and was applied.";
    debts_come_true: "Once its unfinished writes are done, all that a server will then say is true.";
};

/// Whether every coupling predicate holds.
///
/// # Errors
/// The first that does not, and what was found instead.
pub fn coupled(state: &Abstract<Command>, cluster: &Cluster) -> Result<(), Violation> {
    COUPLING.iter().try_for_each(|coupling| {
        cluster.servers.iter().try_for_each(|server| holds_of(coupling, state, server))
    })
}

/// Whether every coupling predicate holds of one server.
///
/// # Errors
/// The first that does not, and what was found instead.
pub fn coupled_server(state: &Abstract<Command>, server: &Server) -> Result<(), Violation> {
    COUPLING.iter().try_for_each(|coupling| holds_of(coupling, state, server))
}

fn holds_of(
    coupling: &Coupling,
    state: &Abstract<Command>,
    server: &Server,
) -> Result<(), Violation> {
    (coupling.holds)(state, server).map_err(|found| Violation {
        property: COUPLED,
        why: format!("{} does not hold: {found}", coupling.name),
    })
}

/// Fails with what was found unless a condition holds.
fn ensure(holds: bool, found: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(found()) }
}

pub(crate) fn nodes_are_disks(
    state: &Abstract<Command>,
    Server { state: server, disk }: &Server,
) -> Result<(), String> {
    let id = server.id;
    let Some(node) = state.nodes.get(&id) else { return Err(format!("{id} is no node")) };
    ensure(node.term == disk.term, || {
        format!("the disk of {id} holds term {}, its node is in term {}", disk.term, node.term)
    })?;
    ensure(node.log == disk.log.entries(), || {
        let (held, led) = (disk.log.entries(), &node.log);
        format!("the disk of {id} holds the log {held:?}, its node {led:?}")
    })?;
    let voted = state.voted.get(&(node.term, id)).copied();
    ensure(voted == disk.voted_for, || {
        let held = disk.voted_for;
        format!("the disk of {id} holds vote {held:?} in term {}, its node {voted:?}", node.term)
    })
}

fn volatile_is_settled(
    _: &Abstract<Command>,
    Server { state: server, disk }: &Server,
) -> Result<(), String> {
    let settled = (!disk.unfinished.is_empty()).then(|| disk.settled());
    let settled = settled.as_ref().unwrap_or(disk);
    let id = server.id;
    ensure(settled.term == server.current_term, || {
        format!("{id} is in term {}, its writes lead to {}", server.current_term, settled.term)
    })?;
    ensure(settled.voted_for == server.voted_for, || {
        format!("{id} voted {:?}, its writes lead to {:?}", server.voted_for, settled.voted_for)
    })?;
    ensure(settled.log == server.log, || {
        let (log, settled) = (server.log.entries(), settled.log.entries());
        format!("{id} has the log {log:?}, its writes lead to {settled:?}")
    })
}

fn unfinished_is_mirrored(
    _: &Abstract<Command>,
    Server { state: server, disk }: &Server,
) -> Result<(), String> {
    let remembered = server.unfinished.iter();
    let remembered = remembered.map(|w| (w.truncate_to, w.length, w.term, w.voted_for));
    let issued = disk.unfinished.iter().map(|write| {
        let length = write.truncate_to.plus(write.entries.len() as u64);
        (write.truncate_to, length, write.term, write.voted_for)
    });
    ensure(remembered.eq(issued), || {
        let (remembered, issued) = (&server.unfinished, &disk.unfinished);
        format!("{} remembers the writes {remembered:?} of {issued:?}", server.id)
    })
}

fn confirmed_is_durable(
    _: &Abstract<Command>,
    Server { state: server, disk }: &Server,
) -> Result<(), String> {
    let touched = disk.unfinished.iter().map(|write| write.truncate_to);
    let index = touched.fold(disk.log.last_index(), Index::min);
    let durable = Durable { term: disk.term, voted_for: disk.voted_for, index };
    ensure(server.durable == durable, || {
        format!("{} takes {:?} for durable; it is {durable:?}", server.id, server.durable)
    })
}

fn candidate_log_is_clog(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let (id, term) = (server.id, server.current_term);
    if !matches!(server.role, Role::Candidate(_)) || !server.vote_is_durable() {
        return Ok(());
    }
    let standing = state.candidates.get(&(term, id)).map(Vec::as_slice);
    ensure(standing == Some(server.log.entries()), || {
        format!(
            "candidate {id} of term {term} has the log {:?}, it stands with {standing:?}",
            server.log
        )
    })
}

fn counted_votes_were_cast(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let (id, term) = (server.id, server.current_term);
    let votes = match &server.role {
        Role::Candidate(candidate) => candidate.votes,
        Role::Leader(_) => leads(state, id, term)?.votes,
        Role::Follower(_) => return Ok(()),
    };
    let missing = votes.iter().find(|voter| state.voted.get(&(term, *voter)) != Some(&id));
    missing.map_or(Ok(()), |voter| {
        let cast = state.voted.get(&(term, voter));
        Err(format!("{id} counts the vote of {voter} in term {term}; it was {cast:?}"))
    })
}

fn leader_log_is_tlog(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    if !matches!(server.role, Role::Leader(_)) {
        return Ok(());
    }
    let leader = leads(state, server.id, server.current_term)?;
    ensure(leader.log == server.log.entries(), || {
        let (id, log, led) = (server.id, server.log.entries(), &leader.log);
        format!("leader {id} has the log {log:?}, the log of its term is {led:?}")
    })
}

fn match_is_acknowledged(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let (id, term) = (server.id, server.current_term);
    let Role::Leader(leader) = &server.role else { return Ok(()) };
    // A leader counts itself only for entries of its own term.
    let itself = Some((id, server.durable.index)).filter(|(_, i)| *i >= leader.first_index);
    let others = leader.progress.iter().map(|progress| (progress.server, progress.match_index));
    others.chain(itself).try_for_each(|(peer, index)| {
        let acked = state.acked_index(term, peer);
        ensure(index <= acked, || {
            format!(
                "leader {id} of term {term} counts {index} on {peer}, which acknowledged {acked}"
            )
        })
    })
}

fn verified_is_the_leaders(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let (id, term) = (server.id, server.current_term);
    let Role::Follower(follower) = &server.role else { return Ok(()) };
    let verified = follower.verified;
    let Some(leader) = follower.leader else {
        return ensure(verified == Index::ZERO, || {
            format!("{id} has verified {verified} with no leader of term {term}")
        });
    };
    let leader = leads(state, leader, term)?;
    ensure(logs::agree(&leader.log, server.log.entries(), verified), || {
        let (log, led) = (server.log.entries(), &leader.log);
        format!("{id} has verified {verified} of {log:?}, the leader of term {term} has {led:?}")
    })
}

fn commit_is_chosen(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    is_chosen(state, server.log.entries(), server.commit_index, server.current_term)
        .map_err(|found| format!("{} has it committed, but {found}", server.id))
}

fn last_applied_is_applied(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let (id, last) = (server.id, server.last_applied);
    let reached = server.commit_index.min(server.durable.index);
    ensure(last <= reached, || format!("{id} has applied {last}, but may only {reached}"))?;
    let mut applied = state.applied.range((id, Index(1))..=(id, last.max(Index(1))));
    server.log.entries().iter().zip(1..=last.0).try_for_each(|(entry, index)| {
        let found = applied.next().filter(|((_, at), _)| at.0 == index);
        let is_applied = found.is_some_and(|(_, applied)| applied.values().any(|a| a == entry));
        ensure(is_applied, || format!("{id} has applied {last}, but not {entry:?} at {index}"))
    })
}

fn debts_come_true(state: &Abstract<Command>, server: &Server) -> Result<(), String> {
    // Without unfinished writes the other predicates say the same already.
    if server.disk.unfinished.is_empty() {
        return Ok(());
    }
    let id = server.state.id;
    let mut later = concerning(state, server);
    for write in &server.disk.unfinished {
        let performed = later.perform(&write.witness, None);
        performed
            .map_err(|why| format!("an unfinished write of {id}: {:?}: {why}", write.witness))?;
    }
    settles(&later, server)?;
    owes_only_truth(&mut later, server)
}

/// The part of the abstract state that the unfinished writes of a server can read or change.
fn concerning(state: &Abstract<Command>, server: &Server) -> Abstract<Command> {
    let id = server.state.id;
    let mut part = Abstract::new(state.configuration);
    if let Some(node) = state.nodes.get(&id) {
        part.nodes.insert(id, node.clone());
    }
    let unfinished = server.disk.unfinished.iter();
    for term in unfinished.map(|write| write.term).chain([server.state.current_term]) {
        if let Some(candidate) = state.voted.get(&(term, id)) {
            part.voted.insert((term, id), *candidate);
        }
        if let Some(index) = state.acked.get(&(term, id)) {
            part.acked.insert((term, id), *index);
        }
        if let Some(leader) = state.leaders.get(&term) {
            part.leaders.insert(term, leader.clone());
        }
        for candidate in state.configuration.voters().iter() {
            if let Some(log) = state.candidates.get(&(term, candidate)) {
                part.candidates.insert((term, candidate), log.clone());
            }
        }
    }
    part
}

/// The unfinished writes lead the node to what the server has in memory.
fn settles(later: &Abstract<Command>, server: &Server) -> Result<(), String> {
    let Server { state: server, .. } = server;
    let id = server.id;
    let Some(node) = later.nodes.get(&id) else { return Err(format!("{id} is no node")) };
    ensure(node.term == server.current_term && node.log == server.log.entries(), || {
        format!("the unfinished writes of {id} make it {node:?}")
    })?;
    let voted = later.voted.get(&(node.term, id)).copied();
    ensure(voted == server.voted_for, || {
        format!("the unfinished writes of {id} make it vote {voted:?}, not {:?}", server.voted_for)
    })
}

/// With all its writes done, a server may say what its role then asks of it.
fn owes_only_truth(later: &mut Abstract<Command>, server: &Server) -> Result<(), String> {
    let Server { state: server, .. } = server;
    let (id, term) = (server.id, server.current_term);
    let last = server.log.last_index();
    match &server.role {
        // It will ask for votes for the log it has.
        Role::Candidate(_) => {
            let standing = later.candidates.get(&(term, id)).map(Vec::as_slice);
            ensure(standing == Some(server.log.entries()), || {
                format!("candidate {id} of term {term} will stand with {standing:?}")
            })
        }
        // It will count itself for its whole log.
        Role::Leader(_) => {
            let acked = later.acked_index(term, id);
            ensure(acked == last, || {
                format!("leader {id} will have acknowledged {acked}, not {last}")
            })
        }
        // It will acknowledge what it has verified.
        Role::Follower(follower) => {
            let index = follower.verified.min(last);
            if index == Index::ZERO {
                return Ok(());
            }
            let acknowledge =
                AbstractAction::Replicate { server: id, term, previous: index, last: index };
            let performed = later.perform(&acknowledge, None);
            performed.map_err(|why| format!("{id} will acknowledge {index}: {why}"))
        }
    }
}
