//! What the clients of a closed system saw, and whether a single list of commands explains it.
//!
//! The properties look at servers. This looks at nothing but requests and answers, as a client outside would
//! see them: a write that was answered is answered with the commands that the server that answers has
//! applied up to it, a read with all that the server has applied. The check is that of
//! [`linearizability`](crate::linearizability).

use crate::linearizability::{
    BUDGET, Call, CommandLog, Commands, History, LogOperation, Verdict, check,
};
use crate::{Transition, Violation};
use quorate_cluster::{Action, Command, Server, ServerStep};
use quorate_core::{Index, Outcome, Payload, Reply, RequestId, ServerId};
use std::collections::BTreeMap;

/// The name of the property that clients saw one object.
pub const LINEARIZABILITY: &str = "Linearizability";

/// What clients asked and were answered, recorded action by action.
#[derive(Clone, Debug, Default)]
pub struct ClientHistory {
    /// The history; its times count actions.
    pub recorded: History<LogOperation, Commands>,
    /// How many actions have happened.
    actions: u64,
    /// The requests that have not been answered, those of crashed servers among them.
    open: BTreeMap<RequestId, Call>,
}

impl ClientHistory {
    /// Records what clients did and saw in one action.
    ///
    /// A request that has no effect leaves the history. One that ends unknown, or whose server crashes, stays
    /// without an outcome.
    pub fn note(&mut self, transition: &Transition<'_>) {
        self.actions += 1;
        match transition.action {
            Action::Propose { server, requests } => {
                for request in requests {
                    let operation = LogOperation::Append(Command(request.0));
                    self.invoke(*request, *server, operation);
                }
            }
            Action::Read { server, request } => self.invoke(*request, *server, LogOperation::Read),
            Action::ElectionTimeout(_)
            | Action::HeartbeatTimeout(_)
            | Action::Deliver(_)
            | Action::Duplicate(_)
            | Action::Drop(_)
            | Action::Sync { .. }
            | Action::Crash { .. }
            | Action::Cut { .. }
            | Action::Heal
            | Action::Wipe(_) => {}
        }
        let Some(ServerStep { server, effects }) = &transition.happening.step else { return };
        let Some(server) = transition.after.server(*server) else { return };
        for reply in &effects.reply {
            self.end(reply, server);
        }
    }

    fn invoke(&mut self, request: RequestId, server: ServerId, operation: LogOperation) {
        let call = self.recorded.invoke(u64::from(server.get()), operation, self.actions);
        self.open.insert(request, call);
    }

    /// Records how a request ended. A second end of one request is another property's matter.
    fn end(&mut self, reply: &Reply, server: &Server) {
        let Some(call) = self.open.remove(&reply.request) else { return };
        let recorded = match reply.outcome {
            Outcome::Written(index) => {
                self.recorded.complete(call, self.actions, commands(server, index))
            }
            Outcome::Readable(_) => {
                let applied = server.state.last_applied;
                self.recorded.complete(call, self.actions, commands(server, applied))
            }
            Outcome::NotLeader(_) | Outcome::Busy | Outcome::ReadFailed(_) => {
                self.recorded.no_effect(call)
            }
            Outcome::Unknown => Ok(()),
        };
        recorded.expect("an open request has no outcome, and ends after it began");
    }

    /// Whether one list of commands explains what clients saw.
    ///
    /// # Errors
    /// When none does, and also when that could not be found out.
    pub fn check(&self) -> Result<(), Violation> {
        match check::<CommandLog>(&self.recorded, BUDGET) {
            Verdict::Linearizable { .. } => Ok(()),
            verdict => Err(Violation { property: LINEARIZABILITY, why: verdict.to_string() }),
        }
    }
}

/// The commands among the entries of a server up to an index: what its state machine holds when it has applied
/// these.
fn commands(server: &Server, index: Index) -> Commands {
    let entries = server.state.log.entries().iter().take(index.0 as usize);
    let command = |payload: &Payload<Command>| match payload {
        Payload::NoOp => None,
        Payload::Command(command) => Some(*command),
    };
    Commands(entries.filter_map(|entry| command(&entry.payload)).collect())
}
