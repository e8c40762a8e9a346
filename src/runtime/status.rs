//! What a server says of itself to whoever looks.

use crate::figures::Figures;
use quorate_core::{Flow, Index, Progress, Role, ServerId, State, StepDown, Term};
use std::fmt;
use std::sync::Arc;

/// A snapshot of one server, taken between two batches of inputs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// Which server.
    pub id: ServerId,
    /// What it is in its current term.
    pub role: RoleName,
    /// Its current term.
    pub term: Term,
    /// The leader of that term, if it knows it.
    pub leader: Option<ServerId>,
    /// The last index of its log.
    pub last_index: Index,
    /// How much of the log is durable here.
    pub durable_index: Index,
    /// How much it knows to be committed.
    pub commit_index: Index,
    /// How much its state machine has applied.
    pub last_applied: Index,
    /// How far each other server is, if this one leads; in increasing order of id.
    pub followers: Vec<FollowerStatus>,
    /// How many writes its disk owes.
    pub unfinished_writes: usize,
    /// How many bytes its durable log takes up.
    pub log_bytes: u64,
    /// How many requests wait for their outcome.
    pub waiting_requests: usize,
    /// How many messages of other servers found no room since the start.
    pub messages_lost: u64,
    /// How many messages it refused since the start, because no server that follows the protocol sends such.
    pub messages_refused: u64,
    /// Why it last stopped leading, if it ever led since the start.
    pub stepped_down: Option<StepDown>,
    /// What it has counted since its start.
    pub figures: Figures,
    /// Why it has stopped, if it has.
    pub stopped: Option<Arc<str>>,
}

/// How far a leader knows another server to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FollowerStatus {
    /// Which server.
    pub server: ServerId,
    /// The next entry to send to it.
    pub next_index: Index,
    /// The highest entry known to be durable there.
    pub match_index: Index,
    /// How many batches of entries it has not acknowledged yet.
    pub in_flight: usize,
    /// Whether it is not yet known how far its log matches.
    pub is_probing: bool,
}

impl FollowerStatus {
    fn of(progress: &Progress) -> FollowerStatus {
        let (in_flight, is_probing) = match &progress.flow {
            Flow::Streaming { in_flight } => (in_flight.len(), false),
            Flow::Probing { waiting } => (usize::from(*waiting), true),
        };
        let Progress { server, next_index, match_index, .. } = *progress;
        FollowerStatus { server, next_index, match_index, in_flight, is_probing }
    }
}

/// What waits in a server's mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Queues {
    /// Requests; at most [`Limits::client_mailbox`](crate::Limits::client_mailbox).
    pub requests: usize,
    /// Messages of other servers; at most [`Limits::peer_mailbox`](crate::Limits::peer_mailbox).
    pub messages: usize,
}

/// The name of a role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RoleName {
    /// Takes entries from the leader and stands by.
    Follower,
    /// Asks for votes.
    Candidate,
    /// Takes requests and replicates them.
    Leader,
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RoleName::Follower => "follower",
            RoleName::Candidate => "candidate",
            RoleName::Leader => "leader",
        })
    }
}

impl Status {
    /// What there is to say of a server that starts in this state.
    pub(crate) fn at_start<C>(state: &State<C>, log_bytes: u64) -> Status {
        let mut status = Status {
            id: state.id,
            role: RoleName::Follower,
            term: Term::ZERO,
            leader: None,
            last_index: Index::ZERO,
            durable_index: Index::ZERO,
            commit_index: Index::ZERO,
            last_applied: Index::ZERO,
            followers: Vec::new(),
            unfinished_writes: 0,
            log_bytes,
            waiting_requests: 0,
            messages_lost: 0,
            messages_refused: 0,
            stepped_down: None,
            figures: Figures::default(),
            stopped: None,
        };
        status.look_at(state);
        status
    }

    /// Takes over what follows from the state.
    pub(crate) fn look_at<C>(&mut self, state: &State<C>) {
        self.role = match &state.role {
            Role::Follower(_) => RoleName::Follower,
            Role::Candidate(_) => RoleName::Candidate,
            Role::Leader(_) => RoleName::Leader,
        };
        self.term = state.current_term;
        self.leader = state.leader_hint();
        self.last_index = state.log.last_index();
        self.durable_index = state.durable.index;
        self.commit_index = state.commit_index;
        self.last_applied = state.last_applied;
        self.unfinished_writes = state.unfinished.len();
        self.followers.clear();
        if let Role::Leader(leader) = &state.role {
            self.followers.extend(leader.progress.iter().map(FollowerStatus::of));
        }
    }
}
