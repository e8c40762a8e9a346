//! The register under read and write quorums, and nobody in charge.
//!
//! The writer sends its versioned value to all replicas, which store it at different moments or never,
//! and it returns once a quorum has stored it. The reader asks all replicas and returns the newest version
//! among the first quorum of answers. A replica keeps the newest version it was ever sent [Gifford79].
//!
//! *One step for a message and its answer.* Storing includes the acknowledgement, and answering includes
//! the arrival of the answer; the operation returns in the step that completes its quorum. Slower answers
//! are left out on purpose: an operation that returned later would come before fewer others, so this only
//! makes the property harder to meet. A lost message is one whose step never comes, and a late one is one
//! whose step comes late: a replica may store a version long after the write has returned.
//!
//! [Gifford79]: super#references

use super::finding::{Question, RegisterState, properties};
use super::history::{History, Version, Violation, Workload};
use super::replicas::{MAJORITY, REPLICAS, ReplicaId, ReplicaSet};
use stateright::{Model, Property};

mod notation;

/// The model's parameters.
#[derive(Clone, Debug)]
pub struct QuorumsOnly {
    /// What the clients do.
    pub workload: Workload,
    /// How many replicas must acknowledge a write, and how many must answer a read.
    pub quorum: usize,
    /// How many replicas may fail, for good, at any moment.
    pub failures: usize,
    /// Whether a read, before it returns, makes a quorum store the version it is about to return. That is
    /// the repair of [ABD95]; plain quorums do without.
    ///
    /// [ABD95]: super#references
    pub write_back: bool,
    /// What the search is to find out.
    pub question: Question,
}

impl QuorumsOnly {
    /// Majorities, no repair, nobody fails.
    pub fn new(workload: Workload, question: Question) -> Self {
        QuorumsOnly { workload, quorum: MAJORITY, failures: 0, write_back: false, question }
    }
}

/// One replica.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Replica {
    /// Whether it still takes part.
    pub up: bool,
    /// The newest version it has stored.
    pub version: Version,
}

/// The second half of a read with write-back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WriteBack {
    /// The version that the read is going to return.
    pub version: Version,
    /// Who has it for certain.
    pub stored_by: ReplicaSet,
}

/// The replicas, how far the read in progress has come, and what the clients have seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    replicas: [Replica; REPLICAS],
    answers: [Option<Version>; REPLICAS],
    write_back: Option<WriteBack>,
    history: History,
}

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// The writer sends a write to all replicas.
    StartWrite(u8),
    /// A replica stores a write that is newer than what it has, and acknowledges it.
    Store {
        /// Who.
        replica: ReplicaId,
        /// Which write.
        write: Version,
        /// Whether this acknowledgement completes the quorum of the write in progress.
        finishes: bool,
    },
    /// The reader asks all replicas.
    StartRead(u8),
    /// A replica answers the read in progress.
    Answer {
        /// Who.
        replica: ReplicaId,
        /// The read.
        read: u8,
        /// What the replica has.
        version: Version,
        /// If this answer completes the quorum, the newest version among the answers.
        newest: Option<Version>,
        /// Whether the read returns it at once.
        returns: bool,
    },
    /// A replica stores what the read in progress is going to return.
    StoreBack {
        /// Who.
        replica: ReplicaId,
        /// The read.
        read: u8,
        /// What it is going to return.
        version: Version,
        /// Whether this completes the quorum, so that the read returns.
        returns: bool,
    },
    /// A replica fails for good.
    Fail(ReplicaId),
}

impl State {
    fn acknowledged(&self, write: Version) -> usize {
        // A replica that has stored it has acknowledged it, in the same step; it may have failed since.
        self.replicas.iter().filter(|replica| replica.version >= write).count()
    }

    fn down(&self) -> usize {
        self.replicas.iter().filter(|replica| !replica.up).count()
    }

    fn up(&self) -> impl Iterator<Item = ReplicaId> {
        ReplicaId::all().filter(|replica| self.replicas[replica.0].up)
    }

    fn finish_read(&mut self, version: Version) {
        self.answers = [None; REPLICAS];
        self.write_back = None;
        self.history.finish_read(version);
    }
}

impl QuorumsOnly {
    fn client_actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(state.history.next_write().map(Action::StartWrite));
        actions.extend(state.history.next_read().map(Action::StartRead));
    }

    fn store_actions(&self, state: &State, actions: &mut Vec<Action>) {
        let in_progress = state.history.write_in_progress();
        for replica in state.up() {
            let newer = state.replicas[replica.0].version + 1..=state.history.newest_started();
            actions.extend(newer.map(|write| {
                let completes = state.acknowledged(write) + 1 == self.quorum;
                let finishes = in_progress == Some(write) && completes;
                Action::Store { replica, write, finishes }
            }));
        }
    }

    fn read_actions(&self, state: &State, actions: &mut Vec<Action>) {
        let Some(read) = state.history.read_in_progress() else { return };
        match state.write_back {
            // Still collecting: whoever has not answered may.
            None => {
                let answers = state.answers.iter().flatten();
                let completes = answers.clone().count() + 1 == self.quorum;
                let best = answers.max().copied().unwrap_or(0);
                let silent = state.up().filter(|replica| state.answers[replica.0].is_none());
                actions.extend(silent.map(|replica| {
                    let version = state.replicas[replica.0].version;
                    let newest = completes.then(|| best.max(version));
                    let returns = completes && !self.write_back;
                    Action::Answer { replica, read, version, newest, returns }
                }));
            }
            // Writing back: whoever has not confirmed may.
            Some(WriteBack { version, stored_by }) => {
                let returns = stored_by.len() + 1 == self.quorum;
                let missing = state.up().filter(|replica| !stored_by.contains(*replica));
                let store = |replica| Action::StoreBack { replica, read, version, returns };
                actions.extend(missing.map(store));
            }
        }
    }

    /// Whether some step other than a failure is possible.
    fn can_go_on(&self, state: &State) -> bool {
        let mut actions = Vec::new();
        self.actions(state, &mut actions);
        actions.iter().any(|action| !matches!(action, Action::Fail(_)))
    }
}

impl Model for QuorumsOnly {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            replicas: [Replica { up: true, version: 0 }; REPLICAS],
            answers: [None; REPLICAS],
            write_back: None,
            history: History::new(self.workload),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.client_actions(state, actions);
        self.store_actions(state, actions);
        self.read_actions(state, actions);
        if state.down() < self.failures {
            actions.extend(state.up().map(Action::Fail));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            // Sending changes nothing at the replicas; from now on they may store the write.
            Action::StartWrite(_) => next.history.start_write(),
            // The replica has it; the writer returns with the acknowledgement that completes a quorum.
            Action::Store { replica, write, finishes } => {
                next.replicas[replica.0].version = write;
                if finishes {
                    next.history.finish_write();
                }
            }
            // Asking changes nothing at the replicas; from now on they may answer.
            Action::StartRead(_) => next.history.start_read(),
            // The answer is kept; the one that completes a quorum ends the read, or its first half.
            Action::Answer { replica, version, newest, returns, .. } => {
                next.answers[replica.0] = Some(version);
                if let Some(newest) = newest {
                    next.answers = [None; REPLICAS];
                    let stored_by = ReplicaSet::default();
                    next.write_back = Some(WriteBack { version: newest, stored_by });
                    if returns {
                        next.finish_read(newest);
                    }
                }
            }
            // The replica has it, or something newer; the confirmation that completes a quorum ends the read.
            Action::StoreBack { replica, version, returns, .. } => {
                let stored = &mut next.replicas[replica.0].version;
                *stored = version.max(*stored);
                next.write_back.iter_mut().for_each(|back| back.stored_by.insert(replica));
                if returns {
                    next.finish_read(version);
                }
            }
            // It takes no part any more; what finishes from now on is counted anew.
            Action::Fail(replica) => {
                next.replicas[replica.0].up = false;
                next.history.failure();
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(self.question, facts())
    }
}

/// A statement about all runs or about some run.
type Statement = Property<QuorumsOnly>;

/// What is true while replicas fail, and what the intersection of quorums does achieve.
fn facts() -> Vec<Statement> {
    vec![
        Statement::sometimes("with one replica down, a new write still completes", |_, state| {
            state.down() == 1 && state.history.since_failure().new_write
        }),
        Statement::sometimes("with one replica down, a new read still completes", |_, state| {
            state.down() == 1 && state.history.since_failure().new_read
        }),
        // Every step but a failure brings some operation on, so a run can only go on or stop.
        Statement::always(
            "with at most one replica down, no run stops before every operation has completed",
            |model, state| {
                let majority_down = state.down() > 1;
                majority_down || state.history.is_complete() || model.can_go_on(state)
            },
        ),
        Statement::always("once two replicas are down, no new write completes", |_, state| {
            !(state.down() == 2 && state.history.since_failure().new_write)
        }),
        Statement::always("once two replicas are down, no new read completes", |_, state| {
            !(state.down() == 2 && state.history.since_failure().new_read)
        }),
        Statement::sometimes(
            "an operation that was under way when the second replica failed may still complete",
            |_, state| state.down() == 2 && state.history.since_failure().under_way,
        ),
        Statement::sometimes(
            "with two replicas down, a write and a read wait for ever",
            |model, state| {
                let waiting = state.history.write_in_progress().is_some()
                    && state.history.read_in_progress().is_some();
                state.down() == 2 && waiting && !model.can_go_on(state)
            },
        ),
        Statement::always(INTERSECTION, |_, state| {
            let violation = state.history.violation();
            violation.is_none_or(|violation| matches!(violation, Violation::OlderThanRead { .. }))
        }),
    ]
}

/// What quorums that intersect do guarantee, with or without a leader.
pub const INTERSECTION: &str = "no read misses a write that had finished before the read began";

impl RegisterState for State {
    fn history(&self) -> &History {
        &self.history
    }
}
