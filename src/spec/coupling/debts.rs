//! What a server will say once its unfinished writes are done.

use super::ensure;
use crate::abstract_protocol::Abstract;
use quorate_cluster::{Command, Disk, Server, Write};
use quorate_core::{AbstractAction, Index, Role, ServerId};

pub(super) fn debts_come_true(state: &Abstract<Command>, server: &Server) -> Result<(), String> {
    // Without unfinished writes the other predicates say the same already.
    if server.disk.unfinished.is_empty() {
        return Ok(());
    }
    let id = server.state.id;
    let mut later = concerning(state, server);
    let mut disk = server.disk.clone();
    for write in &server.disk.unfinished {
        let performed = later.perform(&write.witness, None);
        performed
            .map_err(|why| format!("an unfinished write of {id}: {:?}: {why}", write.witness))?;
        disk.sync(1);
        does_what_it_says(&later, id, &disk, write)?;
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

/// With a write done, the disk holds what the node then is.
fn does_what_it_says(
    later: &Abstract<Command>,
    id: ServerId,
    disk: &Disk,
    write: &Write,
) -> Result<(), String> {
    let Some(node) = later.nodes.get(&id) else { return Err(format!("{id} is no node")) };
    let voted = later.voted.get(&(node.term, id)).copied();
    let held = (disk.term, disk.voted_for, disk.log.entries());
    ensure(held == (node.term, voted, &node.log[..]), || {
        let witness = &write.witness;
        let wanted = (node.term, voted, &node.log);
        format!("an unfinished write of {id}: {witness:?}: it makes {held:?}, not {wanted:?}")
    })
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
