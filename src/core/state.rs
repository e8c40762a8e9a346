//! Everything one server knows, and nothing else.
//!
//! A [`State`] is a value: it can be cloned, compared, ordered, hashed and stored, and [`crate::step`] is a
//! function of it. What only one role needs lives in that role's struct, so a follower has no stale
//! `next_index` and a leader no half-counted votes. Nothing in it counts time, steps or messages: a field
//! that grows for ever would make every state new and every exhaustive check endless.
//!
//! The log, term and vote here are *volatile*: what the server has decided. [`State::durable`] says how much
//! of that its disk has confirmed, and [`State::unfinished`] what the disk still owes. The rules about what
//! must wait for the disk read only these two.

use crate::basic::{Index, RequestId, Round, ServerId, ServerSet, Term};
use crate::configuration::Configuration;
use crate::log::Log;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The state of one server. `C` is the type of the commands that it replicates.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct State<C> {
    /// Which server this is.
    pub id: ServerId,
    /// Who votes.
    pub configuration: Configuration,
    /// The latest term this server has seen [Ongaro14 §3.3].
    pub current_term: Term,
    /// For whom it voted in the current term.
    pub voted_for: Option<ServerId>,
    /// Its log.
    pub log: Log<C>,
    /// What of term, vote and log the disk has confirmed.
    pub durable: Durable,
    /// The writes handed out and not yet reported durable, the oldest first.
    pub unfinished: VecDeque<UnfinishedWrite>,
    /// Whether the oldest unfinished write was already waiting at the last election timeout.
    pub disk_lagging: bool,
    /// The highest index known to be committed. It may be ahead of what is durable here.
    pub commit_index: Index,
    /// The highest index handed to the state machine.
    pub last_applied: Index,
    /// Follower, candidate or leader.
    pub role: Role,
}

/// The confirmed part of a server's persistent state.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Durable {
    /// The term of the newest finished write.
    pub term: Term,
    /// The vote of the newest finished write.
    pub voted_for: Option<ServerId>,
    /// The longest prefix of the log that finished writes cover and no unfinished one touches.
    pub index: Index,
}

/// What the core remembers of a write until it is durable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct UnfinishedWrite {
    /// How many entries the write left in place.
    pub truncate_to: Index,
    /// How long the log is after it.
    pub length: Index,
    /// The term after it.
    pub term: Term,
    /// The vote after it.
    pub voted_for: Option<ServerId>,
}

/// The role of a server in its current term [Ongaro14 §3.3].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Role {
    /// Takes entries from the leader and stands by.
    Follower(Follower),
    /// Asks for votes.
    Candidate(Candidate),
    /// Takes requests and replicates them.
    Leader(Leader),
}

/// What only a follower knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Follower {
    /// The leader of the current term, once heard from.
    pub leader: Option<ServerId>,
    /// The highest index at which the log is known to equal that leader's.
    pub verified: Index,
}

/// What only a candidate knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Candidate {
    /// Whose votes are counted; its own only once durable. A set, so a repeated vote counts once.
    pub votes: ServerSet,
}

/// What only a leader knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Leader {
    /// The index of the no-op with which its term began.
    pub first_index: Index,
    /// How far each peer is, in increasing order of id.
    pub progress: Vec<Progress>,
    /// Who has answered since the last election timeout.
    pub heard: ServerSet,
    /// The newest round of leadership confirmation that has begun.
    pub round: Round,
    /// Writes that wait to be applied, in log order.
    pub writes: VecDeque<WaitingWrite>,
    /// Reads that wait for confirmation or application, in order of arrival.
    pub reads: VecDeque<WaitingRead>,
}

/// How far a leader knows one follower to be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// Which follower.
    pub server: ServerId,
    /// The next entry to send.
    pub next_index: Index,
    /// The highest entry known to be durable there.
    pub match_index: Index,
    /// The newest round that it has echoed.
    pub round: Round,
    /// How entries are sent to it.
    pub flow: Flow,
}

/// How a leader sends entries to one follower.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Flow {
    /// The logs are believed to match: batches follow each other within the window.
    Streaming {
        /// The last index of every batch not yet acknowledged, the oldest first.
        in_flight: VecDeque<Index>,
    },
    /// The logs differ somewhere: one batch at a time until one is accepted.
    Probing {
        /// Whether a batch is on its way.
        waiting: bool,
    },
}

/// A write whose request waits for its outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct WaitingWrite {
    /// Where its entry stands.
    pub index: Index,
    /// The request.
    pub request: RequestId,
}

/// A read whose request waits for its outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct WaitingRead {
    /// The request.
    pub request: RequestId,
    /// How much must be applied before it is answered: thesis's `readIndex`.
    pub read_index: Index,
    /// The round that must be confirmed, one that began after the read arrived.
    pub round: Round,
}

/// A server that is not one of the voters it is to run with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAVoter {
    /// The server.
    pub server: ServerId,
}

impl fmt::Display for NotAVoter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server: {}; expected one of the configuration's voters", self.server)
    }
}

impl core::error::Error for NotAVoter {}

impl<C> State<C> {
    /// A server that has never run: term 0, no vote, an empty log.
    ///
    /// # Errors
    /// When the server is not a voter of the configuration.
    pub fn new(id: ServerId, configuration: Configuration) -> Result<State<C>, NotAVoter> {
        State::recover(id, configuration, Term::ZERO, None, Log::default())
    }

    /// A server that starts with what its disk holds. Everything else is forgotten: it is a follower that
    /// knows of no leader and of no commit [Ongaro14 §3.8]. Its caller starts the election timer.
    ///
    /// # Errors
    /// When the server is not a voter of the configuration.
    pub fn recover(
        id: ServerId,
        configuration: Configuration,
        term: Term,
        voted_for: Option<ServerId>,
        log: Log<C>,
    ) -> Result<State<C>, NotAVoter> {
        if !configuration.voters().contains(id) {
            return Err(NotAVoter { server: id });
        }
        Ok(State {
            id,
            configuration,
            current_term: term,
            voted_for,
            durable: Durable { term, voted_for, index: log.last_index() },
            log,
            unfinished: VecDeque::new(),
            disk_lagging: false,
            commit_index: Index::ZERO,
            last_applied: Index::ZERO,
            role: Role::Follower(Follower::default()),
        })
    }

    /// Whether the current term is durable.
    pub fn term_is_durable(&self) -> bool {
        self.durable.term == self.current_term
    }

    /// Whether there is a vote in the current term and it is durable.
    pub fn vote_is_durable(&self) -> bool {
        self.term_is_durable()
            && self.voted_for.is_some()
            && self.durable.voted_for == self.voted_for
    }

    /// The leader of the current term as far as this server knows: where to send requests.
    pub fn leader_hint(&self) -> Option<ServerId> {
        match &self.role {
            Role::Follower(follower) => follower.leader,
            Role::Candidate(_) => None,
            Role::Leader(_) => Some(self.id),
        }
    }

    /// How much of the log this follower may acknowledge: what is verified and durable, and nothing
    /// before its term is durable. Zero for any other role.
    pub fn acknowledgeable(&self) -> Index {
        match &self.role {
            Role::Follower(follower) if self.term_is_durable() => {
                follower.verified.min(self.durable.index)
            }
            Role::Follower(_) | Role::Candidate(_) | Role::Leader(_) => Index::ZERO,
        }
    }
}

impl Leader {
    /// The progress of one follower.
    pub fn progress_of(&self, server: ServerId) -> Option<&Progress> {
        self.progress.iter().find(|progress| progress.server == server)
    }

    /// The voters that are known to have echoed `round` or a later one, the leader itself included.
    pub fn confirmed(&self, id: ServerId, round: Round) -> ServerSet {
        let peers = self.progress.iter().filter(|p| p.round >= round).map(|p| p.server);
        peers.chain([id]).collect()
    }
}
