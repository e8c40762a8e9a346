//! A move of a model: an action, and what the disks do before anything else can happen.
//!
//! With most disks a move is one action. A disk that finishes each write at once does so within the move:
//! nothing can come between a step and the syncs that are due after it, so the states between them are no
//! states of the model.

use quorate_cluster::{Action, Cluster, Happening, Impossible, SyncGranularity};
use quorate_core::Parameters;
use quorate_spec::{Transition, guarded};

/// An action that has happened.
pub(crate) struct Done {
    pub(crate) before: Cluster,
    pub(crate) action: Action,
    pub(crate) happening: Happening,
    pub(crate) after: Cluster,
}

impl Done {
    pub(crate) const fn transition(&self) -> Transition<'_> {
        let Done { before, action, happening, after } = self;
        Transition { before, action, happening, after }
    }
}

/// What became of a move.
pub(crate) struct Move {
    /// The actions that happened, in order.
    pub(crate) done: Vec<Done>,
    /// The action in which a server's assertion failed, if one did, and the cluster before it: the last, and not
    /// among those done.
    pub(crate) failed: Option<(Cluster, Action)>,
}

/// Lets an action happen in a cluster, and the syncs that are due after it.
///
/// # Errors
/// When the action cannot happen in this state.
pub(crate) fn make_move(
    cluster: Cluster,
    parameters: &Parameters,
    sync: SyncGranularity,
    action: Action,
) -> Result<Move, Impossible> {
    let mut done = Vec::with_capacity(1);
    let (mut before, mut action) = (cluster, action);
    loop {
        let mut after = before.clone();
        let Ok(performed) = guarded(|| after.perform(parameters, &action)) else {
            return Ok(Move { done, failed: Some((before, action)) });
        };
        let happening = performed?;
        let due = after.due_sync(sync).map(|sync| (after.clone(), sync));
        done.push(Done { before, action, happening, after });
        let Some(due) = due else { return Ok(Move { done, failed: None }) };
        (before, action) = due;
    }
}
