//! Messages that can never have an effect again.
//!
//! A message is dead when, whatever happens from here on, its arrival changes no server and sends nothing
//! that is not dead itself. Two states that differ in dead messages alone have the same future, so the
//! message is dropped.
//!
//! Four facts of the protocol carry the rules. A term never falls, except in a crash, to the durable one or a
//! later one. A vote never changes within its term, except that a crash forgets one that is not durable. A
//! server is candidate, and leader, of a term in one unbroken stretch of one incarnation: to become candidate
//! it enters a new term, and after a crash it is a follower. And a follower that knows the leader of its term
//! votes for nobody else in that term. So what a receiver holds in memory counts once no crash can come any
//! more; while one can, only its durable term and vote do, for a crash would bring a message back that only
//! memory had outlived.
//!
//! The argument speaks of the protocol; the core that is checked may break it. So a message is dropped only if
//! its arrival, on that very core, would change nothing now.
//!
//! One dropped arrival may still add a fact. A crash can keep a vote that was never sent. A repeated request of
//! that candidate would have it sent, which `history.votes` notes; once the candidate is none any more, the
//! request is dropped. What is lost is that a server voted for another, whom its disk names as its choice, and
//! only `VoteOnce` reads it: a leader's own vote is asked for, and nobody asks itself. Its
//! verdict differs only if the server votes for somebody else in that term too, despite its disk. A core that
//! does so is caught in the sibling run in which the write of the vote finishes before the next is begun. That
//! sends the vote and notes it. Had it voted for the other before, that is the violation; if it does so after
//! the crash, it comes back from the same crash with the same disk, and the vote for the other is the second.
//! Keeping such requests was measured: 0.4 % more states of `standard`.

use super::parts::{Glance, Heading, MessageKind, RoleKind, place_of};
use quorate_core::ServerId;

/// What may still happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Future {
    /// Whether a server may still crash.
    pub(super) can_crash: bool,
    /// Whether the election timers of leaders run out, so that it matters whom a leader has heard from.
    pub(super) leaders_time_out: bool,
}

/// A rule that says of a message, its sender and its receiver whether it can never have an effect again.
pub(super) type DeadRule = fn(&Heading, &Glance, &Glance, Future) -> bool;

/// Whether a message can never have an effect again.
pub(super) fn is_dead(
    message: &Heading,
    sender: &Glance,
    receiver: &Glance,
    future: Future,
) -> bool {
    let (term, can_crash) = (message.term, future.can_crash);
    let lasting_term = if can_crash { receiver.durable_term } else { receiver.term };
    match message.kind {
        // Only the candidate that asked counts a vote, once. It asked after its term was durable, so it
        // was that candidate; if it is not now, it never will be again.
        MessageKind::VoteGranted => {
            !receiver.is(RoleKind::Candidate, term) || receiver.votes.contains(message.from)
        }
        // Only the leader of the term heeds these, and it was that leader when the request was sent; if
        // it is not now, it never will be again. The others ignore them, whatever their term.
        MessageKind::ToLeader => {
            let says_nothing_new = is_known(message, receiver) && !future.leaders_time_out;
            !receiver.is(RoleKind::Leader, term) || says_nothing_new
        }
        // In an older term than the receiver's, a request for votes is ignored for ever; in a newer one it
        // still makes the receiver enter it.
        MessageKind::RequestVote if term != lasting_term => term < lasting_term,
        MessageKind::RequestVote => {
            let vote = if can_crash { receiver.durable_vote } else { receiver.vote };
            let is_refused = is_refused_for_ever(message, receiver, can_crash);
            is_refused || brings_no_vote(message, vote, sender)
        }
        // In an older term than the receiver's, AppendEntries can only bring about word of the newer term,
        // which nobody but the leader of its own term heeds; see above.
        MessageKind::AppendEntries => term < lasting_term && !sender.is(RoleKind::Leader, term),
    }
}

impl Glance {
    /// Whether the rules find the same whichever of two nodes stands at an end of a message: they differ at most
    /// in what [`is_dead`] does not read.
    pub(super) fn looks_like(&self, other: &Glance, future: Future) -> bool {
        let in_any_case = |at: &Glance| (at.role, at.term, at.votes);
        let may_crash = |at: &Glance| (at.durable_term, at.durable_vote);
        let stays = |at: &Glance| (at.vote, at.knows_leader, at.last);
        in_any_case(self) == in_any_case(other)
            && (future.leaders_time_out || self.acknowledged == other.acknowledged)
            && if future.can_crash {
                may_crash(self) == may_crash(other)
            } else {
                stays(self) == stays(other)
            }
    }
}

/// Whether a vote that lasts leaves a request of its term without effect: a vote for somebody else refuses it
/// for ever; after one for this candidate, all that it can bring about is that vote once more, which is dead
/// if the candidate is none any more or has counted it.
fn brings_no_vote(message: &Heading, vote: Option<ServerId>, sender: &Glance) -> bool {
    match vote {
        None => false,
        Some(voted_for) if voted_for == message.from => {
            let counted = sender.votes.contains(message.to);
            !sender.is(RoleKind::Candidate, message.term) || counted
        }
        Some(_) => true,
    }
}

/// Whether a request of the receiver's term is refused whatever comes, because the receiver knows the leader
/// of the term, or because the candidate's log ends before its own: only that leader could shorten it.
fn is_refused_for_ever(message: &Heading, receiver: &Glance, can_crash: bool) -> bool {
    !can_crash && (receiver.knows_leader || message.last < Some(receiver.last))
}

/// Whether an acknowledgement says only what the leader knows: what it knows never shrinks while it leads, and
/// it acts upon what is new alone. What is left is that the sender was heard.
fn is_known(message: &Heading, leader: &Glance) -> bool {
    message.acknowledges.is_some_and(|(match_index, round)| {
        let (known_index, known_round) = leader.acknowledged[place_of(message.from)];
        match_index <= known_index && round <= known_round
    })
}
