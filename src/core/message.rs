//! What servers say to each other.
//!
//! An [`Envelope`] names sender, receiver and term; its [`Message`] is one of six. Each message is a
//! *fact*: it stays true however late it arrives and however often, which is why loss, delay,
//! duplication and reordering need no code of their own.
//!
//! Two messages of the thesis are missing on purpose. A vote that is not granted is silence: nothing in
//! its term depends on it. A request of an old term is answered only if it is AppendEntries, by
//! [`Message::StaleTerm`]; a candidate of an old term learns better from the next election or leader.
//! Messages without effect are also states without meaning, and the exhaustive check pays for each.

use crate::basic::{Index, LogPosition, Round, ServerId, Term};
use crate::log::{Entry, terms_are_ordered};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A message on its way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Envelope<C> {
    /// Who sends it.
    pub from: ServerId,
    /// Who is to receive it.
    pub to: ServerId,
    /// The term it belongs to: the sender's, and for every reply also the term of its request.
    pub term: Term,
    /// What it says.
    pub message: Message<C>,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Message<C> {
    /// The sender stands for election [Ongaro14 §3.4].
    RequestVote {
        /// The last entry of the candidate's log.
        last: LogPosition,
    },
    /// The sender voted for the receiver, durably.
    VoteGranted,
    /// The sender is leader; these entries follow `previous` in its log [Ongaro14 §3.5]. Without
    /// entries it is a heartbeat.
    AppendEntries {
        /// The entry before the first one sent.
        previous: LogPosition,
        /// The entries after it, in order.
        entries: Vec<Entry<C>>,
        /// How far the leader's log is committed, but no further than the last entry that this message
        /// identifies.
        commit_index: Index,
        /// The newest round of leadership confirmation.
        round: Round,
    },
    /// AppendEntries matched. Every entry up to `match_index` is durable at the sender and equal to the
    /// leader's; zero states nothing of the log.
    AppendAccepted {
        /// The verified and durable length.
        match_index: Index,
        /// The round of the request, echoed.
        round: Round,
    },
    /// AppendEntries did not match at `previous`.
    AppendRejected {
        /// The index at which it did not match.
        previous: Index,
        /// The last entry of the sender's log at which the two can agree: not after `previous`, and not
        /// of a later term than the leader's entry there.
        hint: LogPosition,
        /// The round of the request, echoed.
        round: Round,
    },
    /// AppendEntries of the envelope's term arrived at a server of the greater term `current`. Only the
    /// leader of the envelope's term heeds it.
    StaleTerm {
        /// The current term of the sender.
        current: Term,
    },
}

impl<C> Envelope<C> {
    /// Whether the fields can stand together in a message of a server that follows the protocol.
    pub fn is_well_formed(&self) -> bool {
        let has_term = self.term > Term::ZERO;
        let fits = match &self.message {
            // A candidate's log holds only entries of terms before its own.
            Message::RequestVote { last } => last.is_well_formed() && last.term < self.term,
            Message::VoteGranted | Message::AppendAccepted { .. } => true,
            Message::AppendEntries { previous, entries, commit_index, .. } => {
                let sent = u64::try_from(entries.len()).unwrap_or(u64::MAX);
                let oldest = previous.term.max(Term(1));
                previous.is_well_formed()
                    && previous.term <= self.term
                    && terms_are_ordered(oldest, entries, self.term)
                    && previous.index.0.checked_add(sent).is_some_and(|last| commit_index.0 <= last)
            }
            Message::AppendRejected { previous, hint, .. } => {
                *previous > Index::ZERO
                    && hint.is_well_formed()
                    && hint.index <= *previous
                    && hint.term <= self.term
            }
            Message::StaleTerm { current } => *current > self.term,
        };
        has_term && fits
    }
}
