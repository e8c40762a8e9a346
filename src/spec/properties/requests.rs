//! What clients are told.

use super::Property;
use super::words::entry;
use crate::Transition;
use quorate_cluster::{Action, Cluster, Command, Entry, Server, Waiting, WaitingKind};
use quorate_core::{Index, Outcome, Payload, Reply, RequestId, Role};

/// Every request has exactly one outcome, a true one, unless the server that took it crashes.
///
/// An outcome answers a request that waits at this server, once, and is one that such a request can have.
/// *Done* at an index: the request's command is committed and applied there. *Not leader* or *busy*: the
/// command is nowhere in this server's log. And a request without an outcome is still known to the leader
/// that took it. Broken by answering when committed entries are others, by losing track of requests when
/// leadership ends, and by telling a client that nothing happened when something may.
#[derive(Clone, Copy, Debug)]
pub struct OneOutcome;

impl Property for OneOutcome {
    const NAME: &'static str = "OneOutcome";
    const CITATION: &'static str = "[Ongaro14 §6.3]";
    const READING: &'static str =
        "Every request has exactly one outcome, and a true one, unless its server crashes.";
    const END_TO_END: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        let waiting = &cluster.clients.waiting;
        let held: usize = cluster.servers.iter().map(requests_held).sum();
        for (request, wait) in waiting {
            let server = cluster.server(wait.server);
            if !server.is_some_and(|server| holds(server, *request, wait.kind)) {
                return Err(format!("{request} waits, but {} no longer knows it", wait.server));
            }
        }
        if held > waiting.len() {
            return Err(format!("servers hold {held} requests, but {} wait", waiting.len()));
        }
        Ok(())
    }

    fn step(transition: &Transition<'_>) -> Result<(), String> {
        let Some(step) = &transition.happening.step else { return Ok(()) };
        let Some(server) = transition.after.server(step.server) else { return Ok(()) };
        let replies = &step.effects.reply;
        if replies.is_empty() {
            return Ok(());
        }
        for reply in replies {
            answers_truly(transition, server, reply)?;
        }
        // Every answer ends one wait: if fewer ended than there were answers, one was given twice.
        let waited = transition.before.clients.waiting.len() + issued_by(transition.action);
        let waits = transition.after.clients.waiting.len();
        if waited.saturating_sub(waits) == replies.len() {
            return Ok(());
        }
        let twice = replies.iter().enumerate().find(|(place, reply)| {
            replies.iter().take(*place).any(|earlier| earlier.request == reply.request)
        });
        match twice {
            Some((_, reply)) => Err(format!("{} answered {} twice", step.server, reply.request)),
            None => Err(format!(
                "{} gave {} answers, but of {waited} requests {waits} still wait",
                step.server,
                replies.len(),
            )),
        }
    }
}

/// How a request waited before an action answered it, or was issued by the action itself.
pub(super) fn waiting_for(transition: &Transition<'_>, request: RequestId) -> Option<Waiting> {
    let known = transition.before.clients.waiting.get(&request).copied();
    known.or_else(|| match transition.action {
        Action::Propose { server, requests } if requests.contains(&request) => {
            Some(Waiting { server: *server, kind: WaitingKind::Write })
        }
        Action::Read { server, request: issued } if *issued == request => {
            let must_see = transition.before.history.commit_index();
            Some(Waiting { server: *server, kind: WaitingKind::Read { must_see } })
        }
        _ => None,
    })
}

/// How many requests an action issues.
fn issued_by(action: &Action) -> usize {
    match action {
        Action::Propose { requests, .. } => requests.len(),
        Action::Read { .. } => 1,
        _ => 0,
    }
}

/// How many requests a server holds.
fn requests_held(server: &Server) -> usize {
    match &server.state.role {
        Role::Leader(leader) => leader.writes.len() + leader.reads.len(),
        Role::Follower(_) | Role::Candidate(_) => 0,
    }
}

/// Whether a server still holds a request. They are in the order of their numbers.
fn holds(server: &Server, request: RequestId, kind: WaitingKind) -> bool {
    let Role::Leader(leader) = &server.state.role else { return false };
    match kind {
        WaitingKind::Write => {
            let place = leader.writes.binary_search_by_key(&request, |write| write.request);
            let write = place.ok().and_then(|place| leader.writes.get(place));
            write.is_some_and(|write| {
                is_command_of(server.state.log.get(write.index), request)
                    && write.index > server.state.last_applied
            })
        }
        WaitingKind::Read { .. } => {
            leader.reads.binary_search_by_key(&request, |read| read.request).is_ok()
        }
    }
}

/// Whether an entry holds the command of a request.
fn is_command_of(entry: Option<&Entry>, request: RequestId) -> bool {
    entry.is_some_and(|entry| entry.payload == Payload::Command(Command(request.0)))
}

/// Whether an answer is one to a request that waits, and true.
fn answers_truly(
    transition: &Transition<'_>,
    server: &Server,
    reply: &Reply,
) -> Result<(), String> {
    let (state, Reply { request, outcome }) = (&server.state, reply);
    let id = state.id;
    let Some(waiting) = waiting_for(transition, *request) else {
        return Err(format!("{id} answered {request}, which does not wait"));
    };
    if waiting.server != id {
        return Err(format!("{id} answered {request}, which waits at {}", waiting.server));
    }
    if transition.after.clients.waiting.contains_key(request) {
        return Err(format!("{id} answered {request}, which still waits"));
    }
    if !waiting.kind.can_end_in(outcome) {
        let kind = waiting.kind;
        return Err(format!("{id} answered {request}, a {kind:?}, with {outcome:?}"));
    }
    match outcome {
        Outcome::Written(index) => {
            let committed = transition.after.history.committed_at(*index).map(|known| &known.entry);
            if !is_command_of(committed, *request) {
                let found = entry(committed);
                return Err(format!(
                    "{id} said that {request} is done at {index}, which is {found}"
                ));
            }
            if state.last_applied < *index {
                let applied = state.last_applied;
                return Err(format!(
                    "{id} said that {request} is done at {index} with {applied} applied"
                ));
            }
        }
        Outcome::NotLeader(_) | Outcome::Busy => {
            let held = state.log.entries().iter().zip(1..);
            for (entry, index) in held {
                if is_command_of(Some(entry), *request) {
                    return Err(format!(
                        "{id} said that {request} had no effect, but holds it at index {index}"
                    ));
                }
            }
        }
        Outcome::Readable(_) | Outcome::Unknown | Outcome::ReadFailed(_) => {}
    }
    Ok(())
}

/// Every committed command was asked for by a client, and is committed at one index only.
///
/// A protocol that commits nothing but its own inventions agrees, too; and a command that counts twice is
/// two commands. Broken by a leader that appends a request again on a repeated message, and by whatever
/// makes up entries. (A client that asks again under a new number asks for something new.)
#[derive(Clone, Copy, Debug)]
pub struct Integrity;

impl Property for Integrity {
    const NAME: &'static str = "Integrity";
    const CITATION: &'static str = "[Ongaro14 §6.3]";
    const READING: &'static str =
        "Every committed command was asked for, and is committed at one index only.";
    const END_TO_END: bool = true;

    fn step(transition: &Transition<'_>) -> Result<(), String> {
        let known = transition.before.history.committed.len();
        let committed = &transition.after.history.committed;
        for (place, new) in committed.iter().enumerate().skip(known) {
            let Payload::Command(Command(number)) = new.entry.payload else { continue };
            let index = Index(place as u64).next();
            let issued = transition.after.clients.issued;
            if number == 0 || number > issued {
                return Err(format!(
                    "command {number} is committed at index {index}, but only {issued} were issued"
                ));
            }
            let earlier = committed.iter().take(place).zip(1..);
            for (other, first) in earlier {
                if other.entry.payload == new.entry.payload {
                    return Err(format!(
                        "command {number} is committed at index {first} and at index {index}"
                    ));
                }
            }
        }
        Ok(())
    }
}
