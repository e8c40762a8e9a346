//! Whether a server can begin a scenario in the state that is written for it.
//!
//! A state written by hand may be one that no server is ever in, and a server's own assertions would then
//! fail instead of the scenario. What is looked at here is one server alone; whether several fit together is
//! what the coupling predicates say.

use quorate_cluster::{Server, Setting};
use quorate_core::{Index, Leader, Role, ServerId, ServerSet, State};

/// Looks whether a server of this setting can be in this state.
///
/// # Errors
/// When it cannot: why.
pub(crate) fn can_start(server: &Server, setting: &Setting) -> Result<(), String> {
    let Server { state, disk } = server;
    let id = state.id;
    let ensure = |holds: bool, why: &str| if holds { Ok(()) } else { Err(format!("{id}: {why}")) };

    let known: ServerSet = setting.ids().collect();
    let named = named_servers(state);
    if let Some(stranger) = named.into_iter().find(|server| !known.contains(*server)) {
        return Err(format!("{id}: there is no server {stranger}"));
    }
    let logs_fit = state.log.is_well_formed(state.current_term)
        && disk.log.is_well_formed(disk.term)
        && disk.term <= state.current_term;
    ensure(logs_fit, "the log has entries of later terms than the server's, or the disk's")?;
    let settled = disk.settled();
    let becomes_the_same = settled.term == state.current_term
        && settled.voted_for == state.voted_for
        && settled.log == state.log;
    ensure(
        becomes_the_same,
        "the disk and the unfinished writes do not make up term, vote and log",
    )?;
    let is_mirrored = state.durable == disk.confirmed() && state.unfinished == disk.remembered();
    ensure(is_mirrored, "what the server knows of its disk is not so")?;
    let ready = state.commit_index.min(state.durable.index);
    ensure(state.commit_index <= state.log.last_index(), "more is committed than the log has")?;
    ensure(state.last_applied <= ready, "more is applied than is committed and durable")?;
    match &state.role {
        Role::Follower(follower) => {
            ensure(follower.verified <= state.log.last_index(), "more is verified than the log has")
        }
        Role::Candidate(_) => ensure(state.voted_for == Some(id), "a candidate votes for itself"),
        Role::Leader(leader) => {
            ensure(leads_within_its_log(state, leader), "it leads beyond its own log")?;
            let peers = known.iter().filter(|server| *server != id);
            let has_all = leader.progress.iter().map(|progress| progress.server).eq(peers);
            ensure(has_all, "a leader knows how far each other server is, in order")
        }
    }
}

/// Every server that a state names besides its own.
fn named_servers<C>(state: &State<C>) -> Vec<ServerId> {
    let mut named: Vec<ServerId> = state.voted_for.into_iter().chain(state.leader_hint()).collect();
    match &state.role {
        Role::Follower(_) => {}
        Role::Candidate(candidate) => named.extend(candidate.votes.iter()),
        Role::Leader(leader) => named.extend(leader.heard.iter()),
    }
    named
}

/// Whether everything that a leader counts lies in its log, or just behind it.
fn leads_within_its_log<C>(state: &State<C>, leader: &Leader) -> bool {
    let last = state.log.last_index();
    let begins = leader.first_index > Index::ZERO
        && state.log.term_at(leader.first_index) == Some(state.current_term);
    let mut writes = leader.writes.iter();
    let mut reads = leader.reads.iter();
    let mut progress = leader.progress.iter();
    begins
        && writes.all(|write| write.index <= last)
        && reads.all(|read| read.read_index <= last)
        && progress
            .all(|peer| peer.match_index < peer.next_index && peer.next_index.previous() <= last)
}
