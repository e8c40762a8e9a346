//! What has happened and no server need remember: facts for the properties alone.
//!
//! The history only grows, and nothing in the system reads it back. It is small on purpose: each fact kept
//! makes states different that are otherwise equal, and the exhaustive check pays for that.

use crate::{Cluster, Entry, ServerStep, State};
use quorate_core::{AbstractAction, Event, Index, Message, Role, ServerId, ServerSet, Term};
use std::collections::BTreeMap;

/// The facts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct History {
    /// Who has become leader of each term.
    pub leaders: BTreeMap<Term, ServerSet>,
    /// For whom each server has cast a vote in each term: sent it, or counted it as its own.
    pub votes: BTreeMap<(Term, ServerId), ServerSet>,
    /// Every committed entry, the one at index 1 first.
    pub committed: Vec<Committed>,
}

/// A committed entry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Committed {
    /// The entry.
    pub entry: Entry,
    /// The earliest term in which a leader committed it.
    pub term: Term,
}

impl History {
    /// The last index that is committed.
    pub fn commit_index(&self) -> Index {
        Index(self.committed.len() as u64)
    }

    /// The committed entry at an index.
    pub fn committed_at(&self, index: Index) -> Option<&Committed> {
        self.committed.get(usize::try_from(index.0.checked_sub(1)?).ok()?)
    }

    /// Notes what a step has made true. `state` is the state after it.
    pub fn note(&mut self, state: &State, step: &ServerStep) {
        for envelope in &step.effects.send {
            if matches!(envelope.message, Message::VoteGranted) {
                self.note_vote(envelope.term, envelope.from, envelope.to);
            }
        }
        if let Role::Candidate(candidate) = &state.role
            && candidate.votes.contains(state.id)
        {
            self.note_vote(state.current_term, state.id, state.id);
        }
        for event in &step.effects.events {
            let Event::Performed(action) = event else { continue };
            match action {
                AbstractAction::BecomeLeader { server, term, votes } => {
                    self.leaders.entry(*term).or_default().insert(*server);
                    if votes.contains(*server) {
                        self.note_vote(*term, *server, *server);
                    }
                }
                AbstractAction::Commit { term, index, .. } => {
                    self.note_commit(state, *term, *index)
                }
                AbstractAction::BumpTerm { .. }
                | AbstractAction::BecomeCandidate { .. }
                | AbstractAction::GrantVote { .. }
                | AbstractAction::LeaderAppend { .. }
                | AbstractAction::Replicate { .. }
                | AbstractAction::Apply { .. } => {}
            }
        }
    }

    fn note_vote(&mut self, term: Term, voter: ServerId, candidate: ServerId) {
        self.votes.entry((term, voter)).or_default().insert(candidate);
    }

    fn note_commit(&mut self, leader: &State, term: Term, index: Index) {
        let entries = leader.log.entries().iter().take(index.0 as usize);
        for (position, entry) in entries.enumerate() {
            match self.committed.get_mut(position) {
                Some(known) => known.term = known.term.min(term),
                None => self.committed.push(Committed { entry: entry.clone(), term }),
            }
        }
    }

    /// The facts that must have happened for a cluster to be in this state, as far as the state tells:
    /// for systems that do not begin at the beginning.
    ///
    /// `committed_in` says in which term a leader committed what a server takes for committed. Where it
    /// does not know, it is taken to be the term of the last such entry.
    pub fn assumed_of(cluster: &Cluster, committed_in: impl Fn(&State) -> Option<Term>) -> History {
        let mut history = History::default();
        for server in &cluster.servers {
            let state = &server.state;
            if let Some(candidate) = server.disk.voted_for {
                history.note_vote(server.disk.term, state.id, candidate);
            }
            if matches!(state.role, Role::Leader(_)) {
                history.leaders.entry(state.current_term).or_default().insert(state.id);
            }
            let created_in = state.log.term_at(state.commit_index);
            if let Some(term) = committed_in(state).or(created_in) {
                history.note_commit(state, term, state.commit_index);
            }
        }
        history
    }
}
