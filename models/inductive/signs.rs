//! Signs that no run leads to a state.
//!
//! How many of the states that are made up can be reached is not known in general: that is what an exhaustive
//! search finds out, and only within bounds. But much shows at once. Each sign here is something that is never so
//! in a run, for a reason that is given, and that no lemma and no coupling predicate rules out. A state that shows
//! one is unreachable for sure; of one that shows none nothing is said. So the share of the states that show one is
//! a lower bound. A test looks for every sign in runs, and finds none.

use quorate_cluster::{Cluster, Command, Server};
use quorate_core::{Payload, Role, ServerId, Term};
use quorate_spec::{Abstract, Leadership};

/// A sign that no run leads to a state.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    /// Its name.
    pub name: &'static str,
    /// What is so, and why it never is in a run.
    pub reading: &'static str,
    /// Whether a history and a cluster show it.
    pub shows: fn(&Abstract<Command>, &Cluster) -> bool,
}

macro_rules! signs {
    ($($name:ident: $reading:literal;)+) => {
        &[$(Sign { name: stringify!($name), reading: $reading, shows: $name },)+]
    };
}

/// All signs.
pub const SIGNS: &[Sign] = signs! {
    led_without_its_own_vote: "A leader was elected without its own vote. It counts that one first.";
    stood_without_its_own_vote: "Somebody stood and did not vote for itself. Both are one write.";
    led_another_log: "A leader's log does not begin with what it stood with. It appends and nothing else.";
    led_without_a_no_op: "The first entry of a leader is no no-op, or is missing. Leading begins with it.";
    acknowledged_and_lost: "A server in the term in which it acknowledged a log does not hold it. It only adds to \
        what is verified.";
    votes_without_its_own: "A candidate has counted votes and not its own. It asks for others once it has.";
    elected_and_waiting: "A candidate has counted a majority and does not lead. It leads at once.";
    follows_itself: "A follower takes itself for the leader. Nobody sends to itself.";
    applies_late: "Something is ready to be applied. Each step applies what is.";
};

fn led_without_its_own_vote(state: &Abstract<Command>, _: &Cluster) -> bool {
    state.leaders.values().any(|leader| !leader.votes.contains(leader.server))
}

fn stood_without_its_own_vote(state: &Abstract<Command>, _: &Cluster) -> bool {
    let mut stood = state.candidates.keys();
    stood.any(|(term, server)| state.voted.get(&(*term, *server)) != Some(server))
}

fn led_another_log(state: &Abstract<Command>, _: &Cluster) -> bool {
    state.leaders.iter().any(|(term, leader)| {
        let stood_with = state.candidates.get(&(*term, leader.server));
        let own = leader.log.iter().position(|entry| entry.term == *term);
        let begin = &leader.log[..own.unwrap_or(leader.log.len())];
        stood_with.is_none_or(|log| log != begin)
    })
}

fn led_without_a_no_op(state: &Abstract<Command>, _: &Cluster) -> bool {
    let begins = |(term, leader): (&Term, &Leadership<Command>)| {
        let first = leader.log.iter().find(|entry| entry.term == *term);
        first.is_some_and(|entry| entry.payload == Payload::NoOp)
    };
    !state.leaders.iter().all(begins)
}

fn acknowledged_and_lost(state: &Abstract<Command>, _: &Cluster) -> bool {
    let lost = |(term, server): &(Term, ServerId), last: u64| {
        let (Some(node), Some(leader)) = (state.nodes.get(server), state.leaders.get(term)) else {
            return false;
        };
        let last = usize::try_from(last).unwrap_or(usize::MAX);
        node.term == *term && node.log.get(..last) != leader.log.get(..last)
    };
    state.acked.iter().any(|(who, index)| lost(who, index.0))
}

fn votes_without_its_own(_: &Abstract<Command>, cluster: &Cluster) -> bool {
    cluster.servers.iter().any(|Server { state, .. }| match &state.role {
        Role::Candidate(candidate) => {
            !candidate.votes.is_empty() && !candidate.votes.contains(state.id)
        }
        Role::Follower(_) | Role::Leader(_) => false,
    })
}

fn elected_and_waiting(_: &Abstract<Command>, cluster: &Cluster) -> bool {
    cluster.servers.iter().any(|Server { state, .. }| match &state.role {
        Role::Candidate(candidate) => state.configuration.is_quorum(candidate.votes),
        Role::Follower(_) | Role::Leader(_) => false,
    })
}

fn follows_itself(_: &Abstract<Command>, cluster: &Cluster) -> bool {
    cluster.servers.iter().any(|Server { state, .. }| match &state.role {
        Role::Follower(follower) => follower.leader == Some(state.id),
        Role::Candidate(_) | Role::Leader(_) => false,
    })
}

fn applies_late(_: &Abstract<Command>, cluster: &Cluster) -> bool {
    cluster.servers.iter().any(|Server { state, .. }| {
        let ready = state.commit_index.min(state.durable.index);
        state.term_is_durable() && ready > state.last_applied
    })
}
