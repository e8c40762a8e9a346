//! Who leads.

use super::words::{name, names};
use super::{Property, ServerChange};
use quorate_cluster::Cluster;
use quorate_core::{Role, ServerId, ServerSet, Term};

/// In each term, at most one server ever becomes leader.
///
/// Everything else rests on it: an index and a term name an entry only because one server alone created
/// the entries of that term. Broken by a vote that is forgotten in a crash or given twice, by a vote of an
/// older term that is counted, by a vote counted twice, and by a majority that is none.
#[derive(Clone, Copy, Debug)]
pub struct ElectionSafety;

impl Property for ElectionSafety {
    const NAME: &'static str = "ElectionSafety";
    const CITATION: &'static str = "[Ongaro14 §3.4]";
    const READING: &'static str = "In each term at most one server becomes leader.";
    const END_TO_END: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        for (term, leaders) in &cluster.history.leaders {
            if leaders.len() > 1 {
                let (who, all) = (names(*leaders), if leaders.len() == 2 { "both" } else { "all" });
                return Err(format!("{who} {all} became leader of term {term}"));
            }
        }
        Ok(())
    }
}

/// In each term, a server votes for at most one candidate, and its vote never changes: in memory as long as
/// it runs, on its disk ever.
///
/// Two majorities share a server, and this server must have chosen. Broken by a vote that leaves before
/// it is durable, by a term that is durable without its vote, by voting without looking at `voted_for`,
/// and by a server that comes back with an empty disk.
#[derive(Clone, Copy, Debug)]
pub struct VoteOnce;

impl Property for VoteOnce {
    const NAME: &'static str = "VoteOnce";
    const CITATION: &'static str = "[Ongaro14 §3.4]";
    const READING: &'static str =
        "In each term a server votes for at most one candidate, and keeps to it.";
    const LOCAL: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        for ((term, voter), candidates) in &cluster.history.votes {
            if candidates.len() > 1 {
                return Err(format!("{voter} voted for {} in term {term}", names(*candidates)));
            }
        }
        Ok(())
    }

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        let ServerChange { before, after, restarted, .. } = change;
        let id = before.state.id;
        if !restarted {
            let was = (before.state.current_term, before.state.voted_for);
            vote_is_kept(id, "vote", was, (after.state.current_term, after.state.voted_for))?;
        }
        let was = (before.disk.term, before.disk.voted_for);
        vote_is_kept(id, "durable vote", was, (after.disk.term, after.disk.voted_for))
    }
}

/// A term and the vote in it.
type TermAndVote = (Term, Option<ServerId>);

fn vote_is_kept(id: ServerId, kind: &str, was: TermAndVote, is: TermAndVote) -> Result<(), String> {
    let ((old_term, old_vote), (term, vote)) = (was, is);
    if term == old_term && old_vote.is_some() && vote != old_vote {
        let (old_vote, vote) = (name(old_vote), name(vote));
        return Err(format!("the {kind} of {id} in term {term} changed from {old_vote} to {vote}"));
    }
    Ok(())
}

/// Whoever has become leader of a term voted for itself in it, and its disk says so as long as it leads.
///
/// A leader that votes for somebody else, or that never voted, could help to elect a second leader of its
/// own term. Broken by granting votes while leading, and by counting one's own vote before it is durable.
#[derive(Clone, Copy, Debug)]
pub struct LeaderVotes;

impl Property for LeaderVotes {
    const NAME: &'static str = "LeaderVotes";
    const CITATION: &'static str = "[Ongaro14 §3.4]";
    const READING: &'static str = "A leader voted, durably, for itself in its term.";

    fn state(cluster: &Cluster) -> Result<(), String> {
        for server in &cluster.servers {
            let (state, disk) = (&server.state, &server.disk);
            let (id, term) = (state.id, state.current_term);
            if !matches!(state.role, Role::Leader(_)) {
                continue;
            }
            if state.voted_for != Some(id) {
                let voted_for = name(state.voted_for);
                return Err(format!("{id} leads term {term} but its vote is for {voted_for}"));
            }
            if (disk.term, disk.voted_for) != (term, Some(id)) {
                let (durable, voted_for) = (disk.term, name(disk.voted_for));
                return Err(format!(
                    "{id} leads term {term} but its disk holds term {durable} and a vote for {voted_for}"
                ));
            }
        }
        for (term, leaders) in &cluster.history.leaders {
            let voted = |leader| {
                let cast = cluster.history.votes.get(&(*term, leader));
                cast.is_some_and(|candidates| candidates.contains(leader))
            };
            let ids = cluster.servers.iter().map(|server| server.state.id);
            let unfaithful = ids.filter(|id| leaders.contains(*id) && !voted(*id));
            let unfaithful: ServerSet = unfaithful.collect();
            if !unfaithful.is_empty() {
                let who = names(unfaithful);
                return Err(format!("{who} became leader of term {term} without its own vote"));
            }
        }
        Ok(())
    }
}
