//! The disk, and what waits for it.
//!
//! Writes finish in the order they were issued, and a completion says only how many of the oldest are
//! durable, so no completion can be taken for another. Nothing is queued to be said later: what a server
//! owes follows from its state, and is looked up when a write finishes. What an older term owed is dropped
//! with it.
//!
//! | must wait until durable | may leave at once |
//! |---|---|
//! | RequestVote, and counting one's own vote: term and vote | a leader's entries and heartbeats |
//! | a granted vote: term and vote | rejections |
//! | an acknowledgement: the entries and the term | word of a greater term |
//! | a leader counting itself: the entries | the echo of a read round |
//! | apply and the outcomes that follow: the entries and the term | |

use crate::action::AbstractAction;
use crate::basic::{Index, Round};
use crate::effects::{Effects, Parameters, Write};
use crate::log::Entry;
use crate::state::{Durable, State, UnfinishedWrite};
use crate::{commit, election, replication};
use alloc::vec::Vec;

/// Issues a write of term and vote, and of entries at the end of the log if there are any.
pub(crate) fn write<C>(
    state: &mut State<C>,
    entries: Vec<Entry<C>>,
    witness: AbstractAction,
    effects: &mut Effects<C>,
) {
    let truncate_to = state.log.last_index();
    write_after(state, truncate_to, entries, witness, effects);
}

/// Issues a write that keeps `truncate_to` entries of the log and puts `entries` after them. The log, term
/// and vote of the state already are what they will be after the write.
///
/// A second write in one step replaces the first, which it includes: both carry term and vote, only the
/// second can carry entries, and granting a vote or replicating entries also enters the term.
pub(crate) fn write_after<C>(
    state: &mut State<C>,
    truncate_to: Index,
    entries: Vec<Entry<C>>,
    witness: AbstractAction,
    effects: &mut Effects<C>,
) {
    if effects.write.is_some() {
        state.unfinished.pop_back();
    }
    let (term, voted_for) = (state.current_term, state.voted_for);
    let length = state.log.last_index();
    state.unfinished.push_back(UnfinishedWrite { truncate_to, length, term, voted_for });
    state.durable.index = state.durable.index.min(truncate_to);
    effects.write = Some(Write { truncate_to, entries, term, voted_for, witness });
}

/// Handles the completion of the oldest `count` unfinished writes.
pub(crate) fn on_persisted<C: Clone>(
    parameters: &Parameters,
    state: &mut State<C>,
    count: usize,
    effects: &mut Effects<C>,
) {
    assert!(count <= state.unfinished.len(), "reported more writes than were issued");
    let vote_was_durable = state.vote_is_durable();
    let acknowledged = state.acknowledgeable();
    let Some(newest) = state.unfinished.drain(..count).next_back() else { return };
    let untouched = state.unfinished.iter().map(|write| write.truncate_to).min();
    state.durable = Durable {
        term: newest.term,
        voted_for: newest.voted_for,
        index: untouched.map_or(newest.length, |limit| limit.min(newest.length)),
    };
    state.disk_lagging = false;

    // A vote that has just become durable is cast now.
    if state.vote_is_durable() && !vote_was_durable {
        election::cast_vote(parameters, state, effects);
    }
    // A follower says at once that it holds more.
    if state.acknowledgeable() > acknowledged {
        replication::acknowledge(state, Round::ZERO, effects);
    }
    // A leader's own durable entries count towards the majority.
    if commit::advance(parameters, state, effects) {
        replication::tell_everyone(state, effects);
    }
}
