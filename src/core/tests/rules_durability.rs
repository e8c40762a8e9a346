//! The disk, and what waits for it: a server promises only what is durable.

mod common;

use common::{
    Server, accepted, append, append_in_round, appends_to, applied, at, id, outcomes, rejected,
    request_vote, sent_to, stale_term, stepped_down,
};
use quorate_core::{Index, Message, Outcome, Role, Round, ServerSet, StepDown, Term};

/// A candidate asks for no vote before its own is durable, nor counts it [Ongaro14 §3.8].
#[test]
fn request_vote_and_ones_own_vote_wait_for_the_term_and_vote() {
    let mut server = Server::new(1);
    assert_eq!(server.timeout().send, []);
    assert!(server.is_candidate(), "its own vote would be a majority");
    server.sync();
    assert!(server.is_leader());

    let mut server = Server::new(3);
    assert_eq!(server.timeout().send, []);
    let Role::Candidate(candidate) = &server.state.role else { panic!("not a candidate") };
    assert_eq!(candidate.votes, ServerSet::EMPTY);
    assert_eq!(server.sync().send.len(), 2);
    let Role::Candidate(candidate) = &server.state.role else { panic!("not a candidate") };
    assert_eq!(candidate.votes, ServerSet::only(id(1)));
}

/// A vote is not sent before it is durable, and then without being asked again [Ongaro14 §3.8].
#[test]
fn a_granted_vote_waits_for_the_term_and_vote() {
    let mut server = Server::new(3);
    assert_eq!(server.receive(2, 1, request_vote(at(0, 0))).send, []);
    assert_eq!(server.receive(2, 1, request_vote(at(0, 0))).send, [], "nor to one who asks twice");
    assert_eq!(sent_to(&server.sync(), 2), [Message::VoteGranted]);
}

/// A vote waits for its own write, not only for the term [Ongaro14 §3.8].
#[test]
fn a_granted_vote_does_not_leave_with_the_term_alone() {
    let mut server = Server::restarted(3, 0, None, &[1]);
    server.receive(3, 2, request_vote(at(0, 0)));
    server.receive(2, 2, request_vote(at(1, 1)));
    assert_eq!(server.state.unfinished.len(), 2);
    assert_eq!(server.sync_one().send, [], "the term is durable, the vote is not");
    assert_eq!(sent_to(&server.sync_one(), 2), [Message::VoteGranted]);
}

/// A candidate can lead by the votes of others before this server's is durable, and send entries: then vote and
/// acknowledgement become durable together, and both are told, the vote first [Ongaro14 §3.8].
#[test]
fn a_vote_and_an_acknowledgement_may_leave_together() {
    let mut server = Server::new(3);
    server.receive(2, 1, request_vote(at(0, 0)));
    assert_eq!(server.receive(2, 1, append(at(0, 0), &[1], 0)).send, []);
    assert_eq!(sent_to(&server.sync(), 2), [Message::VoteGranted, accepted(1, 0)]);
}

/// A success waits for the entries [Ongaro14 §3.8].
#[test]
fn an_acknowledgement_waits_for_the_entries() {
    let mut server = Server::follower(3, 1, &[]);
    assert_eq!(server.receive(2, 1, append(at(0, 0), &[1], 0)).send, []);
    server.receive(2, 1, append(at(1, 1), &[1], 0));
    // Verified is more than durable: the heartbeat is answered with what is both.
    assert_eq!(sent_to(&server.sync_one(), 2), [accepted(1, 0)]);
    assert_eq!(sent_to(&server.receive(2, 1, append(at(2, 1), &[], 0)), 2), [accepted(1, 0)]);
    assert_eq!(sent_to(&server.sync_one(), 2), [accepted(2, 0)]);
}

/// A heartbeat is answered whatever the disk does, so that a leader does not take a slow disk for silence and
/// step down; entries are answered once there is something to say [Ongaro14 §6.2].
#[test]
fn a_heartbeat_is_answered_before_anything_is_durable() {
    let mut server = Server::follower(3, 1, &[]);
    assert_eq!(server.receive(2, 1, append(at(0, 0), &[1], 0)).send, []);
    let done = server.receive(2, 1, append(at(1, 1), &[], 0));
    assert_eq!(sent_to(&done, 2), [accepted(0, 0)]);
    let mut leader = Server::elected(3, &[]);
    leader.timeout();
    leader.sync();
    leader.receive(2, 1, accepted(0, 0));
    assert_eq!(stepped_down(&leader.timeout()), None);
}

/// Entries that come again before they are durable are answered once they are: only a heartbeat is answered as
/// a sign of life. And an answer that acknowledges nothing is no step of the abstract protocol.
#[test]
fn repeated_entries_are_answered_once_they_are_durable() {
    let mut server = Server::follower(3, 1, &[]);
    server.receive(2, 1, append(at(0, 0), &[1], 0));
    let again = server.receive(2, 1, append(at(0, 0), &[1], 0));
    assert_eq!((sent_to(&again, 2), again.write), (vec![], None));
    let alive = server.receive(2, 1, append(at(0, 0), &[], 0));
    assert_eq!(sent_to(&alive, 2), [accepted(0, 0)]);
    assert_eq!(alive.events, []);
    assert_eq!(sent_to(&server.sync(), 2), [accepted(1, 0)]);
}

/// A success waits for the current term too, even when the entries have long been durable
/// [Ongaro14 §3.8].
#[test]
fn an_acknowledgement_waits_for_the_term() {
    let mut server = Server::restarted(3, 1, None, &[1]);
    let done = server.receive(2, 2, append(at(1, 1), &[], 1));
    assert_eq!(sent_to(&done, 2), [accepted(0, 0)], "a sign of life, which states nothing");
    assert_eq!((server.commit_index(), server.last_applied()), (1, 0));
    let done = server.sync();
    assert_eq!((sent_to(&done, 2), applied(&done)), (vec![accepted(1, 0)], Some((1, 1))));
}

/// A leader counts itself only as far as its own disk is [Ongaro14 §10.2.1].
#[test]
fn a_leader_counts_itself_only_once_durable() {
    let mut server = Server::settled(3, &[]);
    server.propose(1);
    server.propose(2);
    server.receive(2, 1, accepted(3, 0));
    assert_eq!(server.commit_index(), 1);
    server.sync_one();
    assert_eq!(server.commit_index(), 2);
    server.sync_one();
    assert_eq!(server.commit_index(), 3);
}

/// The others may commit what a leader's own disk has not finished; it is applied and answered only when it
/// has [Ongaro14 §10.2.1].
#[test]
fn apply_and_replies_wait_for_the_leaders_own_disk() {
    let mut server = Server::settled(3, &[]);
    server.propose(1);
    server.receive(2, 1, accepted(2, 0));
    let done = server.receive(3, 1, accepted(2, 0));
    assert_eq!((server.commit_index(), server.last_applied()), (2, 1));
    assert_eq!((applied(&done), outcomes(&done)), (None, vec![]));
    let done = server.sync();
    assert_eq!(applied(&done), Some((2, 2)));
    assert_eq!(outcomes(&done), [(1, Outcome::Written(Index(2)))]);
}

/// A follower applies only what is durable here [Ongaro14 §3.5].
#[test]
fn a_follower_applies_only_what_is_committed_and_durable() {
    let mut server = Server::follower(3, 1, &[]);
    let done = server.receive(2, 1, append(at(0, 0), &[1, 1], 1));
    assert_eq!((server.commit_index(), applied(&done)), (1, None));
    assert_eq!(applied(&server.sync()), Some((1, 1)));
    assert_eq!(applied(&server.receive(2, 1, append(at(2, 1), &[], 2))), Some((2, 2)));
}

/// A leader's entries and heartbeats leave before its own disk has finished [Ongaro14 §10.2.1].
#[test]
fn a_leaders_entries_and_heartbeats_leave_at_once() {
    let mut server = Server::settled(3, &[]);
    assert_eq!(appends_to(&server.propose(1), 2), [(at(1, 1), vec![1], 1)]);
    assert_eq!(appends_to(&server.heartbeat(), 2), [(at(2, 1), vec![], 1)]);
    assert_eq!(server.state.unfinished.len(), 1);
}

/// Rejections, word of a greater term and the echo of a read round promise nothing of the disk: they leave
/// before even the term is durable [Ongaro14 §3.8].
#[test]
fn rejections_stale_terms_and_echoes_leave_at_once() {
    let mut server = Server::restarted(3, 1, None, &[1]);
    let done = server.receive(2, 5, append_in_round(at(3, 2), &[], 0, 4));
    assert_eq!(sent_to(&done, 2), [rejected(3, at(1, 1), 4)]);
    let done = server.receive(2, 5, append_in_round(at(1, 1), &[], 0, 5));
    assert_eq!(sent_to(&done, 2), [accepted(0, 5)], "an echo, and nothing of the log");
    let done = server.receive(3, 4, append(at(1, 1), &[], 0));
    assert_eq!(sent_to(&done, 3), [stale_term(5)]);
    assert_eq!(server.state.durable.term, Term(1));
}

/// An acknowledgement that waited echoes no round: it answers no request [Ongaro14 §6.4].
#[test]
fn a_late_acknowledgement_echoes_no_round() {
    let mut server = Server::follower(3, 1, &[]);
    let done = server.receive(2, 1, append_in_round(at(0, 0), &[1], 0, 3));
    assert_eq!(sent_to(&done, 2), [accepted(0, 3)]);
    assert_eq!(sent_to(&server.sync(), 2), [accepted(1, 0)]);
}

/// What an older term owed is dropped with it [Ongaro14 §3.3].
#[test]
fn what_an_older_term_owed_is_dropped() {
    // A vote, an acknowledgement and a candidacy, each overtaken by a greater term before it is durable.
    let mut voter = Server::new(3);
    voter.receive(2, 1, request_vote(at(0, 0)));
    let mut follower = Server::follower(3, 1, &[]);
    follower.receive(2, 1, append(at(0, 0), &[1], 0));
    let mut candidate = Server::new(3);
    candidate.timeout();
    for server in [&mut voter, &mut follower, &mut candidate] {
        server.receive(3, 7, request_vote(at(0, 0)));
        assert_eq!(server.sync_one().send, []);
        assert_eq!(server.state.durable.term, Term(1));
    }
    // The new term's own vote is owed as ever.
    assert_eq!(sent_to(&voter.sync(), 3), [Message::VoteGranted]);
}

/// Only the oldest writes are reported, and only their content is durable [Ongaro14 §3.8].
#[test]
fn a_completion_covers_the_oldest_writes_only() {
    let mut server = Server::follower(3, 1, &[]);
    for index in 0..3 {
        server.receive(2, 1, append(at(index, u64::from(index > 0)), &[1], 0));
    }
    for durable in 1..=3 {
        server.sync_one();
        assert_eq!(server.state.durable.index, Index(durable));
    }
}

/// What an unfinished write replaces is no longer durable, though an older write has finished
/// [Ongaro14 §3.5].
#[test]
fn no_index_that_an_unfinished_write_touches_is_durable() {
    let mut server = Server::follower(3, 4, &[1, 2]);
    server.receive(2, 4, append(at(2, 2), &[3, 3], 0));
    server.receive(3, 5, append(at(1, 1), &[5], 0));
    assert_eq!(server.state.durable.index, Index(1), "the second write begins after entry 1");
    server.sync_one();
    assert_eq!(server.state.durable.index, Index(1), "the finished write is overwritten");
    server.sync_one();
    assert_eq!(server.state.durable.index, Index(2));
}

/// Two changes of one step are one write: no crash comes between entering a term and what follows from it
/// [Ongaro14 §3.8].
#[test]
fn a_step_issues_one_write() {
    let mut server = Server::restarted(3, 1, Some(1), &[1, 1]);
    let done = server.receive(2, 2, append(at(1, 1), &[2], 0));
    assert_eq!(server.state.unfinished.len(), 1);
    let Some(write) = done.write else { panic!("no write") };
    assert_eq!((write.truncate_to, write.term, write.voted_for), (Index(1), Term(2), None));
    assert_eq!(write.entries.len(), 1);
}

/// A leader whose oldest write is unfinished at two of its election timeouts steps down
/// [Ongaro14 §10.2.1].
#[test]
fn a_leader_with_a_hung_disk_steps_down() {
    for voters in [1, 3] {
        let mut server = Server::settled(voters, &[]);
        server.propose(1);
        assert_eq!(stepped_down(&server.timeout()), None);
        if voters == 3 {
            server.receive(2, 1, accepted(2, 0));
            server.receive(3, 1, accepted(2, 0));
        }
        let done = server.timeout();
        assert_eq!(stepped_down(&done), Some(StepDown::DiskHung));
        assert_eq!(outcomes(&done), [(1, Outcome::Unknown)]);
        assert_eq!(server.term(), 1);
    }
}

/// A slow disk is not a hung one: between two timeouts the oldest write has changed [Ongaro14 §10.2.1].
#[test]
fn a_leader_with_a_slow_disk_goes_on() {
    let mut server = Server::settled(1, &[]);
    server.propose(1);
    for request in 2..6 {
        server.propose(request);
        assert_eq!(stepped_down(&server.timeout()), None);
        server.sync_one();
        assert!(!server.state.unfinished.is_empty());
    }
}

/// A server whose disk hangs does not stand, and stands again once the disk moves [Ongaro14 §3.4].
#[test]
fn a_server_with_a_hung_disk_does_not_stand() {
    let mut server = Server::follower(3, 1, &[]);
    server.receive(2, 1, append(at(0, 0), &[1], 0));
    server.timeout();
    assert_eq!((server.term(), server.is_candidate()), (2, true), "one timeout is not yet a hang");
    server.timeout();
    assert_eq!((server.term(), server.state.unfinished.len()), (2, 2));
    server.sync_one();
    server.timeout();
    assert_eq!((server.term(), server.is_candidate()), (3, true));
}

/// A completion of nothing changes nothing, not even that the disk hangs [Ongaro14 §3.8].
#[test]
fn a_completion_of_nothing_is_nothing() {
    let mut server = Server::settled(3, &[]);
    server.propose(1);
    server.timeout();
    let before = server.state.clone();
    let done = server.step(quorate_core::Input::Persisted(0));
    assert_eq!((server.state, done), (before, Default::default()));
}

/// Whoever reports writes that were never issued has lied about its disk [Ongaro14 §3.8].
#[test]
#[should_panic(expected = "more writes than were issued")]
fn a_completion_of_what_was_never_issued_stops_the_server() {
    Server::new(3).step(quorate_core::Input::Persisted(1));
}

/// Whoever takes a step with the effects of an earlier one has perhaps not performed them: a write left there
/// would pass for one of this step, and one that the disk owes would be forgotten [Ongaro14 §3.8].
#[test]
#[should_panic(expected = "effects of an earlier step")]
fn effects_that_were_not_cleared_stop_the_server() {
    let mut server = Server::new(3);
    let mut effects = server.timeout();
    let heartbeat = quorate_core::Input::HeartbeatTimeout;
    quorate_core::step_into(&server.parameters, &mut server.state, heartbeat, &mut effects);
}

/// A leader's own durable entries are its whole log only when nothing older is unfinished
/// [Ongaro14 §10.2.1].
#[test]
fn a_new_leader_counts_itself_for_old_entries_only_when_durable() {
    let mut server = Server::follower(3, 1, &[]);
    server.receive(2, 1, append(at(0, 0), &[1, 1], 0));
    server.timeout();
    server.sync_one();
    assert!(server.is_candidate());
    assert_eq!(server.state.durable.index, Index(2));
    server.sync_one();
    server.receive(3, 2, Message::VoteGranted);
    server.receive(3, 2, accepted(3, 0));
    assert_eq!((server.is_leader(), server.commit_index()), (true, 0));
    server.sync();
    assert_eq!((server.commit_index(), server.as_leader().round), (3, Round::ZERO));
}

/// Nothing in the state counts time or messages: when nothing new happens, no state is new
/// [Ongaro14 §3.3].
#[test]
fn a_server_at_rest_returns_to_the_same_state() {
    let mut leader = Server::settled(3, &[]);
    let mut follower = Server::follower(3, 1, &[1]);
    leader.timeout();
    let before = (leader.state.clone(), follower.state.clone());
    leader.heartbeat();
    follower.receive(2, 1, append(at(0, 0), &[], 0));
    leader.receive(2, 1, accepted(1, 0));
    leader.timeout();
    assert_eq!((leader.state, follower.state), before);
}
