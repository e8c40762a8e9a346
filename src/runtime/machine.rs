//! What is replicated: the application's state machine.
//!
//! Every server applies the same commands in the same order, so every server's state machine goes through
//! the same states, if what a command does depends on nothing but the state and the command: no clock, no
//! randomness, no hash order.

use quorate_core::Index;

/// A deterministic state machine. The driver owns it, and alone calls it, so it needs no locks; and all
/// requests wait while it works.
///
/// A panic in it stops its server in good order: whoever waits is told so. But the command that caused it is
/// in the log, and will be applied again after a restart, and on the other servers.
pub trait StateMachine: Send + 'static {
    /// What changes the state. It is cloned for each follower, so what is large is better behind an
    /// [`Arc`](std::sync::Arc).
    type Command: Clone + Send + 'static;
    /// What asks about the state and does not change it.
    type Query: Send + 'static;
    /// What either is answered with.
    type Reply: Send + 'static;

    /// Applies the command at `index` of the log. Called for each command once, in the order of the log, from
    /// the first one after every start. Indices increase, but not by one: some entries carry no command.
    fn apply(&mut self, index: Index, command: &Self::Command) -> Self::Reply;

    /// Answers a query. Called when the answer is linearizable: when everything is applied that was committed
    /// before the query was asked, and this server was the leader after that.
    fn query(&self, query: &Self::Query) -> Self::Reply;
}
