//! Linearizable reads by ReadIndex: what a leader must know, and of what time, before it answers.

mod common;

use common::{
    Server, accepted, append, append_in_round, appends_to, applied, at, id, outcomes, refused,
    rejected, sent_to,
};
use quorate_core::{Index, Message, Outcome, Parameters, Refusal, Round};

/// The rounds in which a step sends AppendEntries to a server.
fn rounds_to(done: &common::Done, peer: u8) -> Vec<u64> {
    let round = |message| match message {
        Message::AppendEntries { round, .. } => Some(round.0),
        Message::RequestVote { .. }
        | Message::VoteGranted
        | Message::AppendAccepted { .. }
        | Message::AppendRejected { .. }
        | Message::StaleTerm { .. } => None,
    };
    sent_to(done, peer).into_iter().filter_map(round).collect()
}

const READABLE_1: Outcome = Outcome::Readable(Index(1));

/// Only a leader answers reads; another server fails them and says where to ask [Ongaro14 §6.4].
#[test]
fn a_read_fails_anywhere_but_at_the_leader() {
    let mut follower = Server::follower(3, 1, &[]);
    assert_eq!(outcomes(&follower.read(1)), [(1, Outcome::ReadFailed(Some(id(2))))]);
    let mut candidate = Server::candidate(3, &[]);
    assert_eq!(outcomes(&candidate.read(1)), [(1, Outcome::ReadFailed(None))]);
}

/// A read waits until a majority has confirmed that the leader still leads, for 1 to 7 voters
/// [Ongaro14 §6.4].
#[test]
fn a_read_waits_for_a_majority_to_confirm_the_leader() {
    for (voters, others) in [(1_u8, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)] {
        let mut server = Server::settled(voters, &[]);
        let mut done = server.read(1);
        for peer in 2..2 + others {
            assert_eq!(outcomes(&done), [], "{voters} voters");
            done = server.receive(peer, 1, accepted(1, 1));
        }
        assert_eq!(outcomes(&done), [(1, READABLE_1)], "{voters} voters");
        assert!(server.as_leader().reads.is_empty());
    }
}

/// A leader asks its followers at once when a read needs a round [Ongaro14 §6.4].
#[test]
fn a_read_begins_a_round_at_once() {
    let mut server = Server::settled(3, &[]);
    assert_eq!(rounds_to(&server.heartbeat(), 2), [0], "no read, no round");
    let done = server.read(1);
    assert_eq!((rounds_to(&done, 2), rounds_to(&done, 3)), (vec![1], vec![1]));
}

/// A rejection echoes its round too: the follower still follows, though its log differs
/// [Ongaro14 §6.4].
#[test]
fn a_rejection_confirms_the_leader_as_well() {
    let mut server = Server::settled(3, &[]);
    server.read(1);
    let done = server.receive(2, 1, rejected(1, at(0, 0), 1));
    assert_eq!(outcomes(&done), [(1, READABLE_1)]);
    let mut follower = Server::follower(3, 1, &[]);
    let done = follower.receive(2, 1, append_in_round(at(1, 1), &[], 0, 6));
    assert_eq!(sent_to(&done, 2), [rejected(1, at(0, 0), 6)]);
}

/// A confirmation in one round says nothing of a read that arrived after the round began
/// [Ongaro14 §6.4].
#[test]
fn a_round_confirms_only_reads_that_arrived_before_it_began() {
    let mut server = Server::settled(3, &[]);
    server.read(1);
    assert_eq!(server.read(2).send, [], "one round is on its way at a time");
    let done = server.receive(2, 1, accepted(1, 1));
    assert_eq!(outcomes(&done), [(1, READABLE_1)]);
    assert_eq!(rounds_to(&done, 3), [2], "the next round begins for the second read");
    let done = server.receive(3, 1, accepted(1, 2));
    assert_eq!(outcomes(&done), [(2, READABLE_1)]);
}

/// An acknowledgement may commit, make room in the window and confirm a round; the entries that then go out
/// carry the commit index and the next round, and nothing else goes to that follower
/// [Ongaro14 §6.4].
#[test]
fn one_message_carries_entries_commit_index_and_round() {
    let parameters = Parameters { window: 1, ..Parameters::default() };
    let mut server = Server::settled_within(parameters, 3, &[]);
    server.propose(1);
    server.propose(2);
    server.sync();
    server.read(3);
    server.read(4);
    let done = server.receive(2, 1, accepted(2, 1));
    assert_eq!(appends_to(&done, 2), [(at(2, 1), vec![1], 2)]);
    assert_eq!(appends_to(&done, 3), [(at(2, 1), vec![], 2)]);
    assert_eq!((rounds_to(&done, 2), rounds_to(&done, 3)), (vec![2], vec![2]));
}

/// A late or repeated echo confirms no later read [Ongaro14 §6.4].
#[test]
fn a_late_or_repeated_echo_confirms_nothing_later() {
    let mut server = Server::settled(3, &[]);
    server.read(1);
    server.receive(2, 1, accepted(1, 1));
    server.read(2);
    for peer in [2, 3] {
        for message in [accepted(1, 1), accepted(1, 0), rejected(1, at(0, 0), 1)] {
            assert_eq!(outcomes(&server.receive(peer, 1, message)), []);
        }
    }
    assert_eq!(outcomes(&server.receive(3, 1, accepted(1, 2))), [(2, READABLE_1)]);
}

/// An echo of an earlier term confirms nothing, though rounds are counted anew in each term
/// [Ongaro14 §6.4].
#[test]
fn an_echo_of_an_older_term_confirms_nothing() {
    let mut server = Server::settled(3, &[1]);
    assert_eq!(server.term(), 2);
    server.read(1);
    assert_eq!(server.as_leader().round, Round(1));
    assert_eq!(outcomes(&server.receive(2, 1, accepted(1, 1))), []);
    assert_eq!(outcomes(&server.receive(2, 2, accepted(1, 1))), [(1, Outcome::Readable(Index(2)))]);
}

/// An echo of a round that has not begun answers nothing that was asked [Ongaro14 §6.4].
#[test]
fn an_echo_of_a_round_that_has_not_begun_is_refused() {
    let mut server = Server::settled(3, &[]);
    server.read(1);
    for message in [accepted(1, 2), rejected(1, at(0, 0), 2)] {
        let done = server.receive(2, 1, message);
        assert_eq!((refused(&done), outcomes(&done)), (Some(Refusal::NeverRequested), vec![]));
    }
}

/// One follower's echo is one voice, however often it arrives [Ongaro14 §6.4].
#[test]
fn a_repeated_echo_counts_once() {
    let mut server = Server::settled(5, &[]);
    server.read(1);
    server.receive(2, 1, accepted(1, 1));
    assert_eq!(outcomes(&server.receive(2, 1, accepted(1, 1))), []);
    assert_eq!(outcomes(&server.receive(3, 1, accepted(1, 1))), [(1, READABLE_1)]);
}

/// A lost round is repeated by the heartbeat, with every read that has come since in the next
/// [Ongaro14 §6.4].
#[test]
fn the_heartbeat_repeats_a_lost_round_and_begins_the_next() {
    let mut server = Server::settled(3, &[]);
    server.read(1);
    assert_eq!(rounds_to(&server.heartbeat(), 2), [1]);
    server.read(2);
    assert_eq!(rounds_to(&server.heartbeat(), 2), [2]);
    assert_eq!(rounds_to(&server.heartbeat(), 2), [2], "a round begins only for a read");
    let done = server.receive(2, 1, accepted(1, 2));
    assert_eq!(outcomes(&done), [(1, READABLE_1), (2, READABLE_1)], "it is later than both");
}

/// Until its no-op commits, a leader does not know what its predecessors committed [Ongaro14 §6.4].
#[test]
fn no_read_is_served_before_an_entry_of_the_term_is_committed() {
    let mut server = Server::elected(3, &[1, 1]);
    server.sync();
    server.read(1);
    assert_eq!(outcomes(&server.receive(2, 2, accepted(2, 1))), []);
    let done = server.receive(2, 2, accepted(3, 1));
    assert_eq!(outcomes(&done), [(1, Outcome::Readable(Index(3)))]);
}

/// A read needs everything that was committed when it arrived, and no more [Ongaro14 §6.4].
#[test]
fn a_read_needs_what_was_committed_when_it_arrived() {
    let mut server = Server::settled(3, &[]);
    server.propose(1);
    server.read(2);
    server.sync();
    // The write commits while the read waits; the read does not need it.
    let done = server.receive(2, 1, accepted(2, 0));
    assert_eq!(outcomes(&done), [(1, Outcome::Written(Index(2)))]);
    assert_eq!(outcomes(&server.receive(2, 1, accepted(2, 1))), [(2, READABLE_1)]);
    server.read(3);
    let done = server.receive(2, 1, accepted(2, 2));
    assert_eq!(outcomes(&done), [(3, Outcome::Readable(Index(2)))]);
}

/// A read is served once its index is applied, not only committed [Ongaro14 §6.4].
#[test]
fn a_read_waits_until_its_index_is_applied() {
    let mut server = Server::settled(3, &[]);
    server.propose(1);
    server.receive(2, 1, accepted(2, 0));
    server.receive(3, 1, accepted(2, 0));
    server.read(2);
    assert_eq!(outcomes(&server.receive(2, 1, accepted(2, 1))), [], "committed, not applied");
    let done = server.sync();
    assert_eq!(applied(&done), Some((2, 2)));
    let (written, readable) = (Outcome::Written(Index(2)), Outcome::Readable(Index(2)));
    assert_eq!(outcomes(&done), [(1, written), (2, readable)]);
}

/// Reads that wait when leadership ends fail, and say who leads now if that is known [Ongaro14 §6.4].
#[test]
fn waiting_reads_fail_when_leadership_ends() {
    let mut server = Server::settled(3, &[]);
    server.read(1);
    server.read(2);
    let done = server.receive(2, 2, append(at(1, 1), &[], 0));
    let failed = Outcome::ReadFailed(None);
    assert_eq!(outcomes(&done), [(1, failed), (2, failed)]);
    let done = server.receive(3, 1, accepted(1, 1));
    assert_eq!(outcomes(&done), [], "none is answered twice");
}

/// More reads than may wait are refused, and not sent elsewhere: this server leads [Ongaro14 §6.4].
#[test]
fn more_waiting_reads_than_allowed_are_busy() {
    let parameters = Parameters { max_reads: 2, ..Parameters::default() };
    let mut server = Server::settled_within(parameters, 3, &[]);
    server.read(1);
    server.read(2);
    assert_eq!(outcomes(&server.read(3)), [(3, Outcome::Busy)]);
    server.receive(2, 1, accepted(1, 1));
    assert_eq!(outcomes(&server.read(4)), []);
}

/// A read writes nothing to the log [Ongaro14 §6.4].
#[test]
fn a_read_needs_no_disk() {
    let mut server = Server::settled(3, &[]);
    let done = server.read(1);
    assert_eq!((done.write, server.last_index()), (None, 1));
}
