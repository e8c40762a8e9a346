//! The guards, evaluated: one function each, named after the guard, which says which values made it fail.
//!
//! Their readings are in [`GUARDS`](super::GUARDS).

use super::guards::GuardFailed;
use super::{Abstract, Leadership, Node, logs};
use quorate_core::{Entry, Index, LogPosition, Payload, ServerId, ServerSet, Term};

/// Fails with the values in question unless the condition holds.
fn require(
    holds: bool,
    action: &'static str,
    guard: &'static str,
    why: impl FnOnce() -> String,
) -> Result<(), GuardFailed> {
    if holds { Ok(()) } else { Err(GuardFailed { action, guard, why: why() }) }
}

/// `value_is_given`: it is known what is appended.
pub(super) fn value_is_given<C>(
    term: Term,
    index: Index,
    payload: Option<Payload<C>>,
) -> Result<Payload<C>, GuardFailed> {
    payload.ok_or_else(|| GuardFailed {
        action: "leader_append",
        guard: "value_is_given",
        why: format!("no entry is known at index {index} of the leader of term {term}"),
    })
}

/// `is_chosen`, when it is not even known by what.
pub(super) fn some_chooser(
    index: Index,
    chooser: Option<LogPosition>,
) -> Result<LogPosition, GuardFailed> {
    chooser.ok_or_else(|| GuardFailed {
        action: "apply",
        guard: "is_chosen",
        why: format!("nothing at or after index {index} is chosen in any term"),
    })
}

/// Guards about terms and votes.
impl<C> Abstract<C> {
    pub(super) fn is_a_node(
        &self,
        action: &'static str,
        server: ServerId,
    ) -> Result<&Node<C>, GuardFailed> {
        self.nodes.get(&server).ok_or_else(|| {
            let why = format!("{server} is not one of the nodes");
            GuardFailed { action, guard: "is_a_node", why }
        })
    }

    /// The node's term; zero for a server that is no node.
    fn term_of(&self, server: ServerId) -> Term {
        self.nodes.get(&server).map_or(Term::ZERO, |node| node.term)
    }

    pub(super) fn term_not_left(
        &self,
        action: &'static str,
        server: ServerId,
        term: Term,
    ) -> Result<(), GuardFailed> {
        let current = self.term_of(server);
        require(current <= term, action, "term_not_left", || {
            format!("{server} is in term {current}, beyond term {term}")
        })
    }

    pub(super) fn term_not_seen(
        &self,
        action: &'static str,
        server: ServerId,
        term: Term,
    ) -> Result<(), GuardFailed> {
        let current = self.term_of(server);
        require(current < term, action, "term_not_seen", || {
            format!("{server} is in term {current}, so term {term} is not new to it")
        })
    }

    pub(super) fn is_candidate(
        &self,
        action: &'static str,
        candidate: ServerId,
        term: Term,
    ) -> Result<&[Entry<C>], GuardFailed> {
        let log = self.candidates.get(&(term, candidate)).map(Vec::as_slice);
        log.ok_or_else(|| {
            let why = format!("{candidate} does not stand in term {term}");
            GuardFailed { action, guard: "is_candidate", why }
        })
    }

    pub(super) fn vote_is_free(
        &self,
        server: ServerId,
        candidate: ServerId,
        term: Term,
    ) -> Result<(), GuardFailed> {
        let other = self.voted.get(&(term, server)).filter(|voted| **voted != candidate);
        other.map_or(Ok(()), |other| {
            let why = format!("{server} voted for {other} in term {term}, not for {candidate}");
            Err(GuardFailed { action: "grant_vote", guard: "vote_is_free", why })
        })
    }

    pub(super) fn log_is_up_to_date(
        candidate: (ServerId, &[Entry<C>]),
        voter: (ServerId, &[Entry<C>]),
    ) -> Result<(), GuardFailed> {
        let (theirs, ours) = (logs::last_position(candidate.1), logs::last_position(voter.1));
        require(theirs >= ours, "grant_vote", "log_is_up_to_date", || {
            format!(
                "the log of {} ends at {ours}, that of candidate {} at {theirs}",
                voter.0, candidate.0
            )
        })
    }

    pub(super) fn not_leader_yet(&self, server: ServerId, term: Term) -> Result<(), GuardFailed> {
        let leads = self.leaders.get(&term).is_some_and(|leader| leader.server == server);
        require(!leads, "become_leader", "not_leader_yet", || {
            format!("{server} already leads term {term}")
        })
    }

    pub(super) fn votes_are_a_quorum(&self, votes: ServerSet) -> Result<(), GuardFailed> {
        self.is_a_quorum(votes, "become_leader", "votes_are_a_quorum")
    }

    /// The guard of an action that these servers are a majority.
    fn is_a_quorum(
        &self,
        servers: ServerSet,
        action: &'static str,
        guard: &'static str,
    ) -> Result<(), GuardFailed> {
        require(self.configuration.is_quorum(servers), action, guard, || {
            format!("{} are no majority of {}", set(servers), set(self.configuration.voters()))
        })
    }

    pub(super) fn votes_were_cast(
        &self,
        server: ServerId,
        term: Term,
        votes: ServerSet,
    ) -> Result<(), GuardFailed> {
        let missing = votes.iter().find(|voter| self.voted.get(&(term, *voter)) != Some(&server));
        missing.map_or(Ok(()), |voter| {
            let why = match self.voted.get(&(term, voter)) {
                Some(other) => format!("{voter} voted for {other}, not {server}, in term {term}"),
                None => format!("{voter} has not voted in term {term}"),
            };
            Err(GuardFailed { action: "become_leader", guard: "votes_were_cast", why })
        })
    }
}

/// Guards about logs.
impl<C> Abstract<C> {
    pub(super) fn term_has_leader(
        &self,
        action: &'static str,
        term: Term,
    ) -> Result<&Leadership<C>, GuardFailed> {
        self.leaders.get(&term).ok_or_else(|| {
            let why = format!("term {term} has no leader");
            GuardFailed { action, guard: "term_has_leader", why }
        })
    }

    pub(super) fn index_is_next(leader: &Leadership<C>, index: Index) -> Result<(), GuardFailed> {
        let next = logs::last_index(&leader.log).next();
        require(index == next, "leader_append", "index_is_next", || {
            format!(
                "index {index} is named, but the log of leader {} goes on at {next}",
                leader.server
            )
        })
    }

    pub(super) fn leader_holds_last(
        leader: &Leadership<C>,
        term: Term,
        last: Index,
    ) -> Result<(), GuardFailed> {
        let holds = logs::at(&leader.log, last).is_some();
        require(holds, "replicate", "leader_holds_last", || {
            format!("the log of the leader of term {term} has no entry at index {last}")
        })
    }

    pub(super) fn previous_not_after_last(previous: Index, last: Index) -> Result<(), GuardFailed> {
        require(previous <= last, "replicate", "previous_not_after_last", || {
            format!("the entries would begin after index {previous} and end at {last}")
        })
    }

    pub(super) fn previous_matches(
        node: (ServerId, &[Entry<C>]),
        leader: (Term, &[Entry<C>]),
        previous: Index,
    ) -> Result<(), GuardFailed> {
        let (held, led) = (logs::term_at(node.1, previous), logs::term_at(leader.1, previous));
        let matches = previous == Index::ZERO || (held.is_some() && held == led);
        require(matches, "replicate", "previous_matches", || {
            let (server, term) = (node.0, leader.0);
            let (held, led) = (entry_term(held), entry_term(led));
            format!("at index {previous} {server} holds {held}, the leader of term {term} {led}")
        })
    }

    pub(super) fn entry_is_of_term(
        leader: &Leadership<C>,
        term: Term,
        index: Index,
    ) -> Result<(), GuardFailed> {
        let found = logs::term_at(&leader.log, index);
        require(found == Some(term), "commit", "entry_is_of_term", || {
            format!("at index {index} the leader of term {term} holds {}", entry_term(found))
        })
    }

    pub(super) fn acknowledgers_are_a_quorum(&self, set_of: ServerSet) -> Result<(), GuardFailed> {
        self.is_a_quorum(set_of, "commit", "acknowledgers_are_a_quorum")
    }

    pub(super) fn all_acknowledged(
        &self,
        term: Term,
        index: Index,
        acknowledged: ServerSet,
    ) -> Result<(), GuardFailed> {
        let missing = acknowledged.iter().find(|server| self.acked_index(term, *server) < index);
        missing.map_or(Ok(()), |server| {
            let acked = self.acked_index(term, server);
            let why = format!(
                "{server} has acknowledged index {acked} to the leader of term {term}, not {index}"
            );
            Err(GuardFailed { action: "commit", guard: "all_acknowledged", why })
        })
    }

    pub(super) fn is_chosen(&self, chooser: LogPosition) -> Result<(), GuardFailed> {
        let indices = self.chosen.get(&chooser.term);
        let chosen = indices.is_some_and(|indices| indices.contains_key(&chooser.index));
        require(chosen, "apply", "is_chosen", || {
            format!("the leader of term {} has not chosen index {}", chooser.term, chooser.index)
        })
    }

    pub(super) fn chosen_term_seen(&self, server: ServerId, term: Term) -> Result<(), GuardFailed> {
        let current = self.term_of(server);
        require(current >= term, "apply", "chosen_term_seen", || {
            format!("{server} is in term {current} and cannot know what term {term} chose")
        })
    }

    pub(super) fn index_not_after_chosen(
        index: Index,
        chooser: LogPosition,
    ) -> Result<(), GuardFailed> {
        require(index <= chooser.index, "apply", "index_not_after_chosen", || {
            format!("index {index} is beyond the chosen index {}", chooser.index)
        })
    }

    pub(super) fn holds_chosen_entry<'a>(
        &self,
        node: (ServerId, &'a Node<C>),
        index: Index,
        term: Term,
    ) -> Result<&'a Entry<C>, GuardFailed> {
        let held = logs::at(&node.1.log, index);
        let led = self.leaders.get(&term).and_then(|leader| logs::term_at(&leader.log, index));
        held.filter(|entry| Some(entry.term) == led).ok_or_else(|| {
            let (server, led) = (node.0, entry_term(led));
            let held = entry_term(held.map(|entry| entry.term));
            let why =
                format!("at index {index} {server} holds {held}, the leader of term {term} {led}");
            GuardFailed { action: "apply", guard: "holds_chosen_entry", why }
        })
    }
}

/// An entry's term, or that there is none, in words.
fn entry_term(term: Option<Term>) -> String {
    term.map_or_else(|| "nothing".to_owned(), |term| format!("an entry of term {term}"))
}

/// A set of servers in words.
fn set(servers: ServerSet) -> String {
    let names: Vec<String> = servers.iter().map(|server| server.to_string()).collect();
    format!("{{{}}}", names.join(", "))
}
