//! What is applied.
//!
//! A server applies an entry once it knows it committed *and* holds it durably *and* its current term is
//! durable. The last two are more than the thesis asks; with them, what a server has applied is always what
//! it would apply again after a crash, and the abstract `apply` can speak of durable state alone.

use crate::action::AbstractAction;
use crate::effects::{Applied, Effects, Outcome};
use crate::state::{Role, State};

/// Advances `last_applied`, and ends the writes that have now been applied.
pub(crate) fn advance<C>(state: &mut State<C>, effects: &mut Effects<C>) {
    let ready = state.commit_index.min(state.durable.index);
    if !state.term_is_durable() || ready <= state.last_applied {
        return;
    }
    let first = state.last_applied.next();
    while state.last_applied < ready {
        state.last_applied = state.last_applied.next();
        let (server, index) = (state.id, state.last_applied);
        effects.perform(AbstractAction::Apply { server, index });
    }
    effects.apply = Some(Applied { first, last: ready });

    let Role::Leader(leader) = &mut state.role else { return };
    while let Some(write) = leader.writes.front().filter(|write| write.index <= ready) {
        effects.answer(write.request, Outcome::Written(write.index));
        leader.writes.pop_front();
    }
}
