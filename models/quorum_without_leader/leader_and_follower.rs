//! The same register under a leader and its followers.
//!
//! One replica leads a term. It alone takes writes and reads. It stamps what it holds with its term and
//! its version, and replicates the stamped value; a follower takes it from the leader of the newest term
//! it knows and from nobody else. The leader answers a write when a majority holds it. It answers a read
//! only after a majority has confirmed, since the read arrived, that it still leads [Ongaro14 §6.4].
//!
//! *Fail-over.* At any moment a replica may stand in a higher term. Whoever votes for it enters that term,
//! and votes only if what the candidate holds is at least as fresh: the higher term wins, then the higher
//! version. A majority makes it leader. It stamps what it holds with its own term, and until a majority
//! holds that, it answers nothing. The leader before it need not notice: a leader that is cut off is one
//! whose messages do not arrive, which is possible here at every moment and for any time.
//!
//! *One step for a message and its answer*, as in [`quorums_only`](super::quorums_only). What a leader
//! does with the answers is a step of its own, so that anything may happen before it answers a client.
//! That covers slow answers: knowledge of this kind never becomes false, and acting on it may be put off.
//! A request that arrives after its sender has given up its term is left out.
//!
//! This is a check of the *pattern*, small enough to read in one sitting. A register needs no log, so
//! there is none; the protocol itself is checked elsewhere, on the code that runs.

use super::finding::{Question, Register, RegisterState, properties};
use super::history::{History, Version, Violation, Workload};
use super::replicas::{REPLICAS, ReplicaId, ReplicaSet};
use stateright::{Model, Property};

pub(super) mod facts;
mod notation;

/// A leadership, by its number; the first leader leads term 1.
pub type Term = u8;

/// The replica that leads term 1.
pub const FIRST_LEADER: ReplicaId = ReplicaId(0);

/// A rule left out, to show that the check can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shortcut {
    /// A leader answers a read without asking whether it still leads.
    UnconfirmedReads,
    /// A new leader answers before a majority holds what it took over.
    UnheldTakeover,
    /// A vote does not ask whether the candidate's value is fresh.
    StaleVotes,
}

/// The model's parameters.
#[derive(Clone, Debug)]
pub struct LeaderAndFollower {
    /// What the clients do.
    pub workload: Workload,
    /// The last term that may begin; 3 allows two fail-overs.
    pub last_term: Term,
    /// How many replicas may fail, for good, at any moment, the leader included.
    pub failures: usize,
    /// The rule to leave out; `None` for the pattern as it is.
    pub shortcut: Option<Shortcut>,
    /// What the search is to find out.
    pub question: Question,
}

impl LeaderAndFollower {
    /// The pattern as it is: two fail-overs, and nobody fails for good unless `failures` is raised.
    pub fn new(workload: Workload, question: Question) -> Self {
        LeaderAndFollower { workload, last_term: 3, failures: 0, shortcut: None, question }
    }
}

/// A version, and the term of the leader that replicated it. The order is that of freshness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamped {
    /// Whose leadership stamped it.
    pub term: Term,
    /// The version.
    pub version: Version,
}

/// What a replica is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// It takes what the leader of its term replicates.
    Follower,
    /// It stands for leader of its term.
    Candidate,
    /// It believes that it leads its term.
    Leader {
        /// Who holds what the leader holds now.
        held_by: ReplicaSet,
        /// The newest version known to be held by a majority under this leader's stamp.
        answerable: Option<Version>,
        /// If it has taken the read in progress: who has confirmed since that it leads.
        confirmed_by: Option<ReplicaSet>,
    },
    /// It has failed for good. What it held no longer matters to anyone.
    Down,
}

/// One replica.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Replica {
    /// The newest term it has entered.
    pub term: Term,
    /// What it holds.
    pub holds: Stamped,
    /// What it is doing.
    pub role: Role,
}

/// The replicas, and what the clients have seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    replicas: [Replica; REPLICAS],
    history: History,
}

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// The writer offers a write to whoever leads.
    StartWrite(u8),
    /// A leader takes the write in progress.
    TakeWrite(ReplicaId, Version),
    /// A follower takes what a leader holds, and acknowledges it.
    Replicate {
        /// The leader.
        leader: ReplicaId,
        /// The follower.
        follower: ReplicaId,
        /// What the follower takes.
        holds: Stamped,
    },
    /// A leader tells the writer that the write is done.
    AnswerWrite(ReplicaId, Version),
    /// The reader offers a read to whoever leads.
    StartRead(u8),
    /// A leader takes the read in progress.
    TakeRead(ReplicaId, u8),
    /// A follower confirms that it knows no newer term than the leader's.
    Confirm {
        /// The leader.
        leader: ReplicaId,
        /// The follower.
        follower: ReplicaId,
    },
    /// A leader answers the read in progress.
    AnswerRead {
        /// The leader.
        leader: ReplicaId,
        /// The read.
        read: u8,
        /// What it returns.
        version: Version,
    },
    /// A replica enters the next term and stands for its leader.
    Stand(ReplicaId, Term),
    /// A replica votes for a candidate, which with its own vote has a majority of three.
    Vote {
        /// The voter.
        voter: ReplicaId,
        /// The candidate, and from now on the leader.
        candidate: ReplicaId,
        /// The term.
        term: Term,
    },
    /// A replica fails for good.
    Fail(ReplicaId),
}

impl State {
    fn is_down(&self, replica: ReplicaId) -> bool {
        self.replicas[replica.0].role == Role::Down
    }

    fn down(&self) -> usize {
        ReplicaId::all().filter(|replica| self.is_down(*replica)).count()
    }

    fn up(&self) -> impl Iterator<Item = ReplicaId> {
        ReplicaId::all().filter(|replica| !self.is_down(*replica))
    }

    /// Those whom `leader` can still reach and who know no newer term than its own.
    fn obedient(&self, leader: ReplicaId) -> impl Iterator<Item = ReplicaId> {
        let term = self.replicas[leader.0].term;
        let obeys = move |other: &ReplicaId| self.replicas[other.0].term <= term;
        leader.others().filter(|other| !self.is_down(*other)).filter(obeys)
    }

    /// Enters the term of a leader or candidate; whoever led or stood in an older term gives up.
    fn follow(&mut self, follower: ReplicaId, term: Term) {
        let follower = &mut self.replicas[follower.0];
        assert!(follower.term <= term, "a replica never returns to an older term");
        follower.term = term;
        follower.role = Role::Follower;
    }
}

impl LeaderAndFollower {
    fn without(&self, shortcut: Shortcut) -> bool {
        self.shortcut == Some(shortcut)
    }

    fn leader_actions(&self, state: &State, leader: ReplicaId, actions: &mut Vec<Action>) {
        let Replica { holds, role, .. } = state.replicas[leader.0];
        let Role::Leader { answerable, confirmed_by, .. } = role else { return };
        let replicate =
            state.obedient(leader).filter(|other| state.replicas[other.0].holds != holds);
        let replicate = replicate.map(|follower| Action::Replicate { leader, follower, holds });
        actions.extend(replicate);
        if let Some(write) = state.history.write_in_progress() {
            // The writer offers its write until it is done, so the next leader may be offered it again.
            if holds.version < write {
                actions.push(Action::TakeWrite(leader, write));
            }
            if answerable >= Some(write) {
                actions.push(Action::AnswerWrite(leader, write));
            }
        }
        let Some(read) = state.history.read_in_progress() else { return };
        // Before a majority holds what it took over, a leader does not know what is current.
        let current = match answerable {
            None if self.without(Shortcut::UnheldTakeover) => Some(holds.version),
            answerable => answerable,
        };
        let Some(version) = current else { return };
        match confirmed_by {
            None => actions.push(Action::TakeRead(leader, read)),
            Some(confirmed) => {
                let silent = state.obedient(leader).filter(|other| !confirmed.contains(*other));
                actions.extend(silent.map(|follower| Action::Confirm { leader, follower }));
                if confirmed.is_majority() || self.without(Shortcut::UnconfirmedReads) {
                    actions.push(Action::AnswerRead { leader, read, version });
                }
            }
        }
    }

    fn election_actions(&self, state: &State, candidate: ReplicaId, actions: &mut Vec<Action>) {
        let Replica { term, holds, role } = state.replicas[candidate.0];
        if matches!(role, Role::Follower | Role::Candidate) && term < self.last_term {
            actions.push(Action::Stand(candidate, term + 1));
        }
        if role == Role::Candidate {
            // Entering the term is the vote: whoever is in it already has none left to give.
            let can_vote = |voter: &ReplicaId| state.replicas[voter.0].term < term;
            let fresh_enough = |voter: &ReplicaId| {
                holds >= state.replicas[voter.0].holds || self.without(Shortcut::StaleVotes)
            };
            let voters = state.obedient(candidate).filter(can_vote).filter(fresh_enough);
            actions.extend(voters.map(|voter| Action::Vote { voter, candidate, term }));
        }
    }
}

impl Model for LeaderAndFollower {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        // Term 1 has begun well: its leader leads, and everyone holds the value at the start.
        let holds = Stamped { term: 1, version: 0 };
        let mut replicas = [Replica { term: 1, holds, role: Role::Follower }; REPLICAS];
        replicas[FIRST_LEADER.0].role = Role::Leader {
            held_by: ReplicaId::all().collect(),
            answerable: Some(0),
            confirmed_by: None,
        };
        vec![State { replicas, history: History::new(self.workload) }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(state.history.next_write().map(Action::StartWrite));
        actions.extend(state.history.next_read().map(Action::StartRead));
        for replica in state.up() {
            self.leader_actions(state, replica, actions);
            self.election_actions(state, replica, actions);
        }
        if state.down() < self.failures {
            actions.extend(state.up().map(Action::Fail));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        next.perform(action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(self.question, facts::facts())
    }
}

impl State {
    fn perform(&mut self, action: Action) {
        match action {
            // The clients offer; nothing happens at the replicas.
            Action::StartWrite(_) => self.history.start_write(),
            Action::StartRead(_) => self.history.start_read(),
            // The leader holds the new version, under its stamp, and so far alone.
            Action::TakeWrite(leader, version) => self.lead(leader, version),
            // The follower has what the leader has, and the leader knows.
            Action::Replicate { leader, follower, holds } => {
                self.follow(follower, self.replicas[leader.0].term);
                self.replicas[follower.0].holds = holds;
                if let Role::Leader { held_by, answerable, .. } = &mut self.replicas[leader.0].role
                {
                    held_by.insert(follower);
                    if held_by.is_majority() {
                        *answerable = Some(holds.version);
                    }
                }
            }
            // The writer learns it; nothing happens at the replicas.
            Action::AnswerWrite(..) => self.history.finish_write(),
            // From here on the leader counts who confirms, beginning with itself.
            Action::TakeRead(leader, _) => {
                if let Role::Leader { confirmed_by, .. } = &mut self.replicas[leader.0].role {
                    *confirmed_by = Some(ReplicaSet::only(leader));
                }
            }
            // The follower enters the leader's term if it is behind, and the leader knows.
            Action::Confirm { leader, follower } => {
                self.follow(follower, self.replicas[leader.0].term);
                if let Role::Leader { confirmed_by, .. } = &mut self.replicas[leader.0].role {
                    confirmed_by.iter_mut().for_each(|confirmed| confirmed.insert(follower));
                }
            }
            // The reader has its answer; other leaders' answers to the same read no longer matter.
            Action::AnswerRead { version, .. } => {
                self.history.finish_read(version);
                for replica in &mut self.replicas {
                    if let Role::Leader { confirmed_by, .. } = &mut replica.role {
                        *confirmed_by = None;
                    }
                }
            }
            // It leaves its old term behind and asks for votes.
            Action::Stand(candidate, term) => {
                self.replicas[candidate.0].term = term;
                self.replicas[candidate.0].role = Role::Candidate;
            }
            // The voter enters the term; the candidate leads it with what it holds, newly stamped.
            Action::Vote { voter, candidate, term } => {
                self.follow(voter, term);
                let version = self.replicas[candidate.0].holds.version;
                self.replicas[candidate.0].role = Role::Leader {
                    held_by: ReplicaSet::default(),
                    answerable: None,
                    confirmed_by: None,
                };
                self.lead(candidate, version);
            }
            // Nothing is left of it that could matter; what finishes from now on is counted anew.
            Action::Fail(replica) => {
                let holds = Stamped { term: 0, version: 0 };
                self.replicas[replica.0] = Replica { term: 0, holds, role: Role::Down };
                self.history.failure();
            }
        }
    }

    /// The leader stamps a version; until others take it, it holds it alone.
    fn lead(&mut self, leader: ReplicaId, version: Version) {
        let replica = &mut self.replicas[leader.0];
        replica.holds = Stamped { term: replica.term, version };
        if let Role::Leader { held_by, .. } = &mut replica.role {
            *held_by = ReplicaSet::only(leader);
        }
    }
}

impl Register for LeaderAndFollower {
    fn explain(&self, _: &[Action], violation: Violation) -> String {
        format!("{violation}.")
    }
}

impl RegisterState for State {
    fn history(&self) -> &History {
        &self.history
    }
}
