//! Nodes, disks and what servers remember of them.

use super::ensure;
use crate::abstract_protocol::Abstract;
use quorate_cluster::{Command, Server};
use quorate_core::{Durable, Index};

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

pub(super) fn volatile_is_settled(
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

pub(super) fn unfinished_is_mirrored(
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

pub(super) fn confirmed_is_durable(
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
