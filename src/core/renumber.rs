//! The same thing with other names for the servers.
//!
//! The protocol knows servers only by their names and treats all alike: a step of renumbered servers is the
//! renumbered step. An exhaustive check uses this to look at one of every set of states that differ in names
//! alone \[IpDill96\]; that it is so is itself checked, not assumed.

use crate::action::AbstractAction;
use crate::basic::{ServerId, ServerSet};
use crate::configuration::Configuration;
use crate::effects::{Effects, Event, Outcome, Reply, Write};
use crate::message::{Envelope, Message};
use crate::state::{Candidate, Durable, Follower, Leader, Progress, Role, State, UnfinishedWrite};

/// A new name for every server; different servers get different names.
pub type Names<'a> = &'a dyn Fn(ServerId) -> ServerId;

/// Something that names servers.
pub trait Renumber {
    /// The same thing with other names for the servers.
    #[must_use]
    fn renumber(&self, names: Names<'_>) -> Self;
}

impl Renumber for ServerId {
    fn renumber(&self, names: Names<'_>) -> ServerId {
        names(*self)
    }
}

impl Renumber for ServerSet {
    fn renumber(&self, names: Names<'_>) -> ServerSet {
        self.iter().map(names).collect()
    }
}

impl<T: Renumber> Renumber for Option<T> {
    fn renumber(&self, names: Names<'_>) -> Option<T> {
        self.as_ref().map(|value| value.renumber(names))
    }
}

impl Renumber for Configuration {
    fn renumber(&self, names: Names<'_>) -> Configuration {
        // As many voters as before, so it stays a configuration.
        Configuration::new(self.voters().renumber(names)).unwrap_or(*self)
    }
}

impl Renumber for Durable {
    fn renumber(&self, names: Names<'_>) -> Durable {
        Durable { voted_for: self.voted_for.renumber(names), ..*self }
    }
}

impl Renumber for UnfinishedWrite {
    fn renumber(&self, names: Names<'_>) -> UnfinishedWrite {
        UnfinishedWrite { voted_for: self.voted_for.renumber(names), ..*self }
    }
}

impl<C: Clone> Renumber for State<C> {
    fn renumber(&self, names: Names<'_>) -> State<C> {
        State {
            id: names(self.id),
            configuration: self.configuration.renumber(names),
            voted_for: self.voted_for.renumber(names),
            durable: self.durable.renumber(names),
            unfinished: self.unfinished.iter().map(|write| write.renumber(names)).collect(),
            role: self.role.renumber(names),
            ..self.clone()
        }
    }
}

impl Renumber for Role {
    fn renumber(&self, names: Names<'_>) -> Role {
        match self {
            Role::Follower(Follower { leader, verified }) => {
                Role::Follower(Follower { leader: leader.renumber(names), verified: *verified })
            }
            Role::Candidate(Candidate { votes }) => {
                Role::Candidate(Candidate { votes: votes.renumber(names) })
            }
            Role::Leader(leader) => Role::Leader(leader.renumber(names)),
        }
    }
}

impl Renumber for Leader {
    fn renumber(&self, names: Names<'_>) -> Leader {
        let renamed =
            |progress: &Progress| Progress { server: names(progress.server), ..progress.clone() };
        let mut leader = Leader {
            progress: self.progress.iter().map(renamed).collect(),
            heard: self.heard.renumber(names),
            ..self.clone()
        };
        leader.progress.sort_unstable_by_key(|progress| progress.server);
        leader
    }
}

impl<C: Clone> Renumber for Envelope<C> {
    fn renumber(&self, names: Names<'_>) -> Envelope<C> {
        // No message names a server inside.
        let message: Message<C> = self.message.clone();
        Envelope { from: names(self.from), to: names(self.to), term: self.term, message }
    }
}

impl<C: Clone> Renumber for Write<C> {
    fn renumber(&self, names: Names<'_>) -> Write<C> {
        Write {
            voted_for: self.voted_for.renumber(names),
            witness: self.witness.renumber(names),
            ..self.clone()
        }
    }
}

impl Renumber for Reply {
    fn renumber(&self, names: Names<'_>) -> Reply {
        let outcome = match self.outcome {
            Outcome::NotLeader(hint) => Outcome::NotLeader(hint.renumber(names)),
            Outcome::ReadFailed(hint) => Outcome::ReadFailed(hint.renumber(names)),
            Outcome::Written(_) | Outcome::Readable(_) | Outcome::Busy | Outcome::Unknown => {
                self.outcome
            }
        };
        Reply { outcome, ..*self }
    }
}

impl Renumber for Event {
    fn renumber(&self, names: Names<'_>) -> Event {
        match self {
            Event::Performed(action) => Event::Performed(action.renumber(names)),
            Event::SteppedDown(_) => *self,
            Event::Refused { from, why } => Event::Refused { from: names(*from), why: *why },
        }
    }
}

impl<C: Clone> Renumber for Effects<C> {
    /// Messages and events keep their order, so two equal sets of effects may differ in it: a leader speaks
    /// to its followers in the order of their names.
    fn renumber(&self, names: Names<'_>) -> Effects<C> {
        Effects {
            write: self.write.renumber(names),
            send: self.send.iter().map(|envelope| envelope.renumber(names)).collect(),
            reply: self.reply.iter().map(|reply| reply.renumber(names)).collect(),
            events: self.events.iter().map(|event| event.renumber(names)).collect(),
            ..self.clone()
        }
    }
}

impl Renumber for AbstractAction {
    fn renumber(&self, names: Names<'_>) -> AbstractAction {
        let mut action = *self;
        match &mut action {
            AbstractAction::BumpTerm { server, .. }
            | AbstractAction::BecomeCandidate { server, .. }
            | AbstractAction::Replicate { server, .. }
            | AbstractAction::Apply { server, .. } => *server = names(*server),
            AbstractAction::GrantVote { server, candidate, .. } => {
                *server = names(*server);
                *candidate = names(*candidate);
            }
            AbstractAction::BecomeLeader { server, votes, .. } => {
                *server = names(*server);
                *votes = votes.renumber(names);
            }
            AbstractAction::LeaderAppend { .. } => {}
            AbstractAction::Commit { acknowledged, .. } => {
                *acknowledged = acknowledged.renumber(names);
            }
        }
        action
    }
}
