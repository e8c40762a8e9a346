//! What servers believe: in their roles, of what is committed, and of what they have applied.

use super::ensure;
use crate::abstract_protocol::{Abstract, logs};
use crate::facts::{is_chosen, leads};
use quorate_cluster::{Command, Server};
use quorate_core::{Index, Role};

pub(super) fn candidate_log_is_clog(
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

pub(super) fn candidate_does_not_lead(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let (id, term) = (server.id, server.current_term);
    let leads = state.leaders.get(&term).is_some_and(|leader| leader.server == id);
    ensure(!leads || !matches!(server.role, Role::Candidate(_)), || {
        format!("{id} stands in term {term}, which it leads")
    })
}

pub(super) fn counted_votes_were_cast(
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

pub(super) fn leader_log_is_tlog(
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

pub(super) fn first_index_begins_the_term(
    _: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let Role::Leader(leader) = &server.role else { return Ok(()) };
    let first = server.log.entries().iter().position(|entry| entry.term == server.current_term);
    let first = first.map(|position| Index(position as u64 + 1));
    ensure(first == Some(leader.first_index), || {
        let (id, log) = (server.id, server.log.entries());
        format!("{id} takes {} for the first index of its term in {log:?}", leader.first_index)
    })
}

pub(super) fn next_is_within_reach(
    _: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    let Role::Leader(leader) = &server.role else { return Ok(()) };
    let end = server.log.last_index().next();
    leader.progress.iter().try_for_each(|progress| {
        let (peer, next, counted) = (progress.server, progress.next_index, progress.match_index);
        ensure(counted < next && next <= end, || {
            let id = server.id;
            format!("leader {id} counts {counted} on {peer} and sends {next} next; its log ends before {end}")
        })
    })
}

pub(super) fn match_is_acknowledged(
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

pub(super) fn verified_is_the_leaders(
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

pub(super) fn commit_is_chosen(
    state: &Abstract<Command>,
    Server { state: server, .. }: &Server,
) -> Result<(), String> {
    is_chosen(state, server.log.entries(), server.commit_index, server.current_term)
        .map_err(|found| format!("{} has it committed, but {found}", server.id))
}

pub(super) fn last_applied_is_applied(
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
