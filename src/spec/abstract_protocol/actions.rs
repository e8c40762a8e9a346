//! The eight actions: guards first, then the update.
//!
//! Each method changes nothing unless every guard of its action holds. The guards stand in the order of
//! [`GUARDS`](super::GUARDS), which gives their readings.

use super::guards::GuardFailed;
use super::{Abstract, Leadership, logs};
use quorate_core::{Entry, Index, LogPosition, Payload, ServerId, ServerSet, Term};

impl<C> Abstract<C> {
    /// `set_term`: a node that has not left the term is now in it.
    fn set_term(&mut self, server: ServerId, term: Term) {
        if let Some(node) = self.nodes.get_mut(&server) {
            node.term = node.term.max(term);
        }
    }

    /// `bump_term(n, t)`: a server enters a term without voting [Ongaro14 §3.3].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn bump_term(&mut self, server: ServerId, term: Term) -> Result<(), GuardFailed> {
        let action = "bump_term";
        self.is_a_node(action, server)?;
        self.term_not_left(action, server, term)?;
        self.set_term(server, term);
        Ok(())
    }
}

impl<C: Clone> Abstract<C> {
    /// `become_candidate(n, t)`: a server enters a new term, votes for itself and stands with the log it
    /// has [Ongaro14 §3.4].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn become_candidate(&mut self, server: ServerId, term: Term) -> Result<(), GuardFailed> {
        let action = "become_candidate";
        let node = self.is_a_node(action, server)?;
        self.term_not_seen(action, server, term)?;
        let log = node.log.clone();
        self.set_term(server, term);
        self.voted.insert((term, server), server);
        self.candidates.insert((term, server), log);
        Ok(())
    }

    /// `grant_vote(n, c, t)`: a server votes for a candidate whose log ends no earlier than its own, and
    /// enters the term if need be [Ongaro14 §3.6.1].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn grant_vote(
        &mut self,
        server: ServerId,
        candidate: ServerId,
        term: Term,
    ) -> Result<(), GuardFailed> {
        let action = "grant_vote";
        let node = self.is_a_node(action, server)?;
        let standing = self.is_candidate(action, candidate, term)?;
        self.term_not_left(action, server, term)?;
        self.vote_is_free(server, candidate, term)?;
        Abstract::log_is_up_to_date((candidate, standing), (server, &node.log))?;
        self.set_term(server, term);
        self.voted.insert((term, server), candidate);
        Ok(())
    }

    /// `become_leader(n, t, q)`: a candidate with the votes of a majority leads its term, with the log it
    /// stood with [Ongaro14 §3.4].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn become_leader(
        &mut self,
        server: ServerId,
        term: Term,
        votes: ServerSet,
    ) -> Result<(), GuardFailed> {
        let log = self.is_candidate("become_leader", server, term)?.to_vec();
        self.not_leader_yet(server, term)?;
        self.votes_are_a_quorum(votes)?;
        self.votes_were_cast(server, term, votes)?;
        self.leaders.insert(term, Leadership { server, votes, log });
        Ok(())
    }

    /// `leader_append(t, i, v)`: the leader of a term extends its log by one entry [Ongaro14 §3.5].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn leader_append(
        &mut self,
        term: Term,
        index: Index,
        payload: Payload<C>,
    ) -> Result<(), GuardFailed> {
        let leader = self.term_has_leader("leader_append", term)?;
        Abstract::index_is_next(leader, index)?;
        if let Some(leader) = self.leaders.get_mut(&term) {
            leader.log.push(Entry { term, payload });
        }
        Ok(())
    }

    /// `replicate(n, t, p, k)`: a server takes the entries after `previous` up to `last` from the leader
    /// of a term, and acknowledges everything up to `last`. When it holds them all already, its log stays
    /// as it is, with whatever follows them; otherwise its log ends at `last` [Ongaro14 §3.5].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn replicate(
        &mut self,
        server: ServerId,
        term: Term,
        previous: Index,
        last: Index,
    ) -> Result<(), GuardFailed> {
        let action = "replicate";
        let node = self.is_a_node(action, server)?;
        let leader = self.term_has_leader(action, term)?;
        self.term_not_left(action, server, term)?;
        Abstract::leader_holds_last(leader, term, last)?;
        Abstract::<C>::previous_not_after_last(previous, last)?;
        Abstract::previous_matches((server, &node.log), (term, &leader.log), previous)?;

        let segment = logs::segment(&leader.log, previous, last).unwrap_or_default();
        let held = logs::segment(&node.log, previous, last);
        let has_segment = held.is_some_and(|held| {
            held.iter().map(|entry| entry.term).eq(segment.iter().map(|entry| entry.term))
        });
        if !has_segment {
            let kept = logs::prefix(&node.log, previous).unwrap_or_default();
            let log = [kept, segment].concat();
            if let Some(node) = self.nodes.get_mut(&server) {
                node.log = log;
            }
        }
        self.set_term(server, term);
        let acked = self.acked.entry((term, server)).or_default();
        *acked = last.max(*acked);
        Ok(())
    }

    /// `commit(t, i, q)`: an entry of a leader's own term that a majority has acknowledged is chosen, and
    /// everything before it [Ongaro14 §3.6.2].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn commit(
        &mut self,
        term: Term,
        index: Index,
        acknowledged: ServerSet,
    ) -> Result<(), GuardFailed> {
        let leader = self.term_has_leader("commit", term)?;
        Abstract::entry_is_of_term(leader, term, index)?;
        self.acknowledgers_are_a_quorum(acknowledged)?;
        self.all_acknowledged(term, index, acknowledged)?;
        self.chosen.entry(term).or_default().insert(index, acknowledged);
        Ok(())
    }

    /// `apply(n, j, t, i)`: a server applies an entry that it holds and that was chosen, itself or with a
    /// later one, by the leader of a term it has reached [Ongaro14 §3.5].
    ///
    /// # Errors
    /// The guard that does not hold.
    pub fn apply(
        &mut self,
        server: ServerId,
        index: Index,
        chooser: LogPosition,
    ) -> Result<(), GuardFailed> {
        let node = self.is_a_node("apply", server)?;
        self.is_chosen(chooser)?;
        self.chosen_term_seen(server, chooser.term)?;
        Abstract::<C>::index_not_after_chosen(index, chooser)?;
        let entry = self.holds_chosen_entry((server, node), index, chooser.term)?.clone();
        self.applied.entry((server, index)).or_default().insert(chooser, entry);
        Ok(())
    }
}
