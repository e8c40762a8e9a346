//! How the state of the real system hangs together with the abstract one.
//!
//! Refinement compares durable states only. What a server has in memory is more: a log that is ahead of
//! its disk, votes it has counted, what it believes its followers hold. Each predicate here says of one
//! such piece what makes it true. Together they are the reason *why* the next step will refine as well; so
//! they fail earlier than refinement does, and closer to the mistake.
//!
//! A crash weakens none of them: it makes the volatile state the durable one, of which less is claimed.
//!
//! Together with the inductive invariant they are themselves inductive: in every state that satisfies both, reached
//! by a run or not, whatever a server does next keeps both. That is checked on the core itself, for small clusters
//! (`models/inductive`), and it is why there are predicates that no mistake in a run has ever broken.

mod debts;
mod disks;
mod roles;

pub(crate) use disks::nodes_are_disks;

use crate::Violation;
use crate::abstract_protocol::Abstract;
use quorate_cluster::{Cluster, Command, Server};

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
    ($($module:ident::$holds:ident: $reading:literal;)+) => {
        &[$(Coupling { name: stringify!($holds), reading: $reading, holds: $module::$holds },)+]
    };
}

/// All coupling predicates.
pub const COUPLING: &[Coupling] = couplings! {
    disks::nodes_are_disks: "Each node has the term, vote and log that the server's disk holds.";
    disks::volatile_is_settled: "Term, vote and log in memory are the disk's once every write is done.";
    disks::unfinished_is_mirrored: "A server remembers of each unfinished write where it begins and ends.";
    disks::confirmed_is_durable: "What a server takes for durable is what no unfinished write can touch.";
    roles::candidate_log_is_clog: "A candidate that may ask for votes has the log it stands with.";
    roles::candidate_does_not_lead: "A candidate has not become the leader of its term.";
    roles::counted_votes_were_cast: "Every vote that a candidate or leader has counted was cast for it.";
    roles::leader_log_is_tlog: "A leader's log is the log of the leader of its term.";
    roles::first_index_begins_the_term: "A leader's first index is that of the first entry of its term.";
    roles::next_is_within_reach: "A leader sends a follower next what is after all it counts there, and no more than it has.";
    roles::match_is_acknowledged: "What a leader counts on a server, itself too, that server acknowledged.";
    roles::verified_is_the_leaders: "A follower's leader leads the term, and their logs agree as far as verified.";
    roles::commit_is_chosen: "What a server takes for committed is chosen, in its term or before.";
    roles::last_applied_is_applied: "What a server has applied is durable, and committed, and was applied.";
    debts::debts_come_true: "Each unfinished write will do what it says, and all that a server will then say is true.";
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
