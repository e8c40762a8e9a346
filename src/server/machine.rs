//! The store as the runtime's state machine.

use quorate_core::Index;
use quorate_kv::{Command, Query, Reply, Store};
use quorate_runtime::StateMachine;
use std::sync::{Arc, PoisonError, RwLock};

/// The store of one server. A clone is the same store: one is the driver's, which applies commands and
/// answers linearizable queries; others answer queries of clients that said READONLY.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    store: Arc<RwLock<Store>>,
}

impl Machine {
    /// Answers from what is applied here by now: some prefix of the log, and never a shorter one later.
    pub(crate) fn stale(&self, query: &Query) -> Reply {
        self.store.read().unwrap_or_else(PoisonError::into_inner).query(query)
    }

    /// How many keys have a value by now.
    pub(crate) fn keys(&self) -> u64 {
        self.store.read().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}

impl StateMachine for Machine {
    type Command = Command;
    type Query = Query;
    type Reply = Reply;

    fn apply(&mut self, _: Index, command: &Command) -> Reply {
        self.store.write().unwrap_or_else(PoisonError::into_inner).apply(command)
    }

    fn query(&self, query: &Query) -> Reply {
        self.stale(query)
    }
}
