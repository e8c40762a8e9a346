//! What is committed.
//!
//! An entry is committed once the leader of its own term knows it durable on a majority, and with it every
//! entry before it. Entries of older terms are never committed by counting: a later leader could still
//! replace them [Ongaro14 §3.6.2].

use crate::action::AbstractAction;
use crate::basic::{Index, ServerId, ServerSet};
use crate::effects::{Effects, Parameters, Spreading};
use crate::state::{Role, State};

/// Advances a leader's commit index as far as acknowledgements allow. Whether followers are to be told of
/// it in this step.
pub(crate) fn advance<C>(
    parameters: &Parameters,
    state: &mut State<C>,
    effects: &mut Effects<C>,
) -> bool {
    let Role::Leader(leader) = &state.role else { return false };
    // The leader is one of the majority as far as its own disk is.
    let reached = |server: ServerId| {
        if server == state.id {
            return state.durable.index;
        }
        leader.progress_of(server).map_or(Index::ZERO, |progress| progress.match_index)
    };
    let index = state.configuration.majority_index(reached);
    let term = state.current_term;
    let is_of_current_term = state.log.term_at(index) == Some(term);
    if index <= state.commit_index || !is_of_current_term {
        return false;
    }
    let voters = state.configuration.voters().iter();
    let acknowledged: ServerSet = voters.filter(|server| reached(*server) >= index).collect();
    state.commit_index = index;
    effects.perform(AbstractAction::Commit { term, index, acknowledged });
    match parameters.spreading {
        Spreading::AtOnce => true,
        Spreading::WithNextMessage => false,
    }
}
