//! States and actions in words, for counterexamples.

use super::{Action, Replica, ReplicaId, Role, Stamped, State};
use std::fmt;

impl fmt::Display for Stamped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}@{}", self.version, self.term)
    }
}

/// `leader@2 v1@2 held by r2, r3`: the role, its term, and the version with the term that stamped it.
impl fmt::Display for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replica { term, holds, role } = self;
        match role {
            Role::Follower => write!(f, "follower@{term} {holds}"),
            Role::Candidate => write!(f, "candidate@{term} {holds}"),
            Role::Leader { held_by, confirmed_by, .. } => {
                write!(f, "leader@{term} {holds} held by {held_by}")?;
                match confirmed_by {
                    Some(confirmed) => write!(f, ", read confirmed by {confirmed}"),
                    None => Ok(()),
                }
            }
            Role::Down => f.write_str("down"),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (replica, id) in self.replicas.iter().zip(ReplicaId::all()) {
            write!(f, "{id}: {replica} | ")?;
        }
        write!(f, "{}", self.history)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::StartWrite(write) => write!(f, "the writer offers write {write}"),
            Action::TakeWrite(leader, write) => write!(f, "{leader} takes write {write}"),
            Action::Replicate { leader, follower, holds } => {
                write!(f, "{follower} takes {holds} from {leader}")
            }
            Action::AnswerWrite(leader, write) => {
                write!(f, "{leader} answers write {write}: it returns")
            }
            Action::StartRead(read) => write!(f, "the reader offers read {read}"),
            Action::TakeRead(leader, read) => write!(f, "{leader} takes read {read}"),
            Action::Confirm { leader, follower } => {
                write!(f, "{follower} confirms that {leader} leads")
            }
            Action::AnswerRead { leader, read, version } => {
                write!(f, "{leader} answers read {read}: it returns v{version}")
            }
            Action::Stand(candidate, term) => write!(f, "{candidate} stands for term {term}"),
            Action::Vote { voter, candidate, term } => {
                write!(f, "{voter} votes for {candidate}, which leads term {term}")
            }
            Action::Fail(replica) => write!(f, "{replica} fails for good"),
        }
    }
}
