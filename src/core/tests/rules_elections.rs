//! The rules of elections: terms, votes, who can win, and who stops leading.
#![allow(clippy::unwrap_used, reason = "what a test builds is valid, or the test is wrong")]

mod common;

use common::{
    Server, accepted, append, appends_to, at, id, outcomes, refused, rejected, request_vote,
    sent_to, stepped_down,
};
use quorate_core::{
    Flow, Index, Message, NotAVoter, Outcome, Payload, Refusal, Role, ServerSet, State, StepDown,
    Term,
};

/// A server begins as a follower without leader, vote, log or commit [Ongaro14 §3.4].
#[test]
fn a_server_begins_as_a_follower_in_term_zero() {
    let server = Server::new(3);
    assert_eq!((server.term(), server.vote(), server.last_index()), (0, None, 0));
    assert_eq!(server.as_follower().leader, None);
    assert_eq!((server.commit_index(), server.last_applied()), (0, 0));
}

/// Term, vote and log survive a restart; role, commit index and what was applied do not [Ongaro14 §3.8].
#[test]
fn term_vote_and_log_survive_a_restart_and_nothing_else() {
    let server = Server::restarted(3, 4, Some(2), &[1, 4]);
    assert_eq!((server.term(), server.vote(), server.log()), (4, Some(2), vec![1, 4]));
    assert_eq!(server.state.durable.index, Index(2));
    assert_eq!(server.as_follower().leader, None);
    assert_eq!((server.commit_index(), server.last_applied()), (0, 0));
}

/// Only a voter of the configuration can run [Ongaro14 §4.1].
#[test]
fn a_server_outside_the_configuration_cannot_start() {
    let outsider: Result<State<u8>, NotAVoter> = State::new(id(4), common::cluster(3));
    assert_eq!(outsider, Err(NotAVoter { server: id(4) }));
}

/// A follower that hears from no leader becomes a candidate of the next term and votes for itself
/// [Ongaro14 §3.4].
#[test]
fn a_follower_whose_election_timer_runs_out_stands_in_the_next_term() {
    let mut server = Server::restarted(3, 4, Some(2), &[1]);
    let done = server.timeout();
    assert!(server.is_candidate());
    assert_eq!((server.term(), server.vote()), (5, Some(1)));
    assert!(done.timers.election);
    let write = done.write.unwrap();
    assert_eq!((write.term, write.voted_for, write.entries.len()), (Term(5), Some(id(1)), 0));
}

/// A candidate asks every other server, with the last entry of its log [Ongaro14 §3.4].
#[test]
fn a_candidate_asks_every_other_server_for_its_vote() {
    let mut server = Server::restarted(4, 2, None, &[1, 2, 2]);
    server.timeout();
    let done = server.sync();
    for peer in 2..=4 {
        assert_eq!(sent_to(&done, peer), [request_vote(at(3, 2))]);
    }
    assert_eq!(done.send.len(), 3);
    assert!(done.send.iter().all(|envelope| envelope.term == Term(3)));
}

/// A candidate whose election has no winner begins another in a new term [Ongaro14 §3.4].
#[test]
fn a_candidate_whose_election_timer_runs_out_begins_a_new_election() {
    let mut server = Server::candidate(4, &[]);
    server.receive(2, 1, Message::VoteGranted);
    server.timeout();
    let done = server.sync();
    assert!(server.is_candidate());
    assert_eq!((server.term(), server.vote()), (2, Some(1)));
    assert_eq!(sent_to(&done, 3), [request_vote(at(0, 0))]);
    // The vote of the first election counts nothing in the second: one more is one too few.
    server.receive(3, 2, Message::VoteGranted);
    assert!(server.is_candidate());
}

/// After the last representable term there is no other [Ongaro14 §3.3].
#[test]
fn a_server_in_the_last_term_does_not_stand() {
    let mut server = Server::restarted(3, u64::MAX, None, &[]);
    let done = server.timeout();
    assert_eq!((server.term(), server.is_candidate()), (u64::MAX, false));
    assert_eq!(done.write, None);
}

/// A candidate wins with the votes of a majority, itself included, for 1 to 7 voters [Ongaro14 §3.4].
#[test]
fn a_candidate_wins_with_more_than_half_of_the_votes_and_no_fewer() {
    for (voters, majority) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)] {
        let mut server = Server::candidate(voters, &[]);
        for votes in 2..=majority {
            assert!(server.is_candidate(), "{voters} voters, {votes} votes less one");
            server.receive(votes, 1, Message::VoteGranted);
        }
        assert!(server.is_leader(), "{voters} voters, {majority} votes");
    }
}

/// A voter counts once, however often its vote arrives [Ongaro14 §3.4].
#[test]
fn a_repeated_vote_counts_once() {
    let mut server = Server::candidate(4, &[]);
    server.receive(2, 1, Message::VoteGranted);
    server.receive(2, 1, Message::VoteGranted);
    assert!(server.is_candidate());
    server.receive(3, 1, Message::VoteGranted);
    assert!(server.is_leader());
}

/// A vote counts only in its own term [Ongaro14 §3.4].
#[test]
fn a_vote_of_an_older_term_is_not_counted() {
    let mut server = Server::candidate(3, &[]);
    server.timeout();
    server.sync();
    let done = server.receive(2, 1, Message::VoteGranted);
    assert!(server.is_candidate());
    assert_eq!((server.term(), refused(&done)), (2, None));
}

/// Only a candidate counts votes [Ongaro14 §3.4].
#[test]
fn a_vote_means_nothing_to_a_follower_or_a_leader() {
    let mut follower = Server::restarted(3, 1, Some(1), &[]);
    let before = follower.state.clone();
    follower.receive(2, 1, Message::VoteGranted);
    follower.receive(3, 1, Message::VoteGranted);
    assert_eq!(follower.state, before);

    let mut leader = Server::elected(3, &[]);
    let before = leader.state.clone();
    leader.receive(3, 1, Message::VoteGranted);
    assert_eq!(leader.state, before);
}

/// A candidate that hears from the leader of its own term becomes its follower [Ongaro14 §3.4].
#[test]
fn a_candidate_follows_the_leader_of_its_term() {
    let mut server = Server::candidate(3, &[]);
    let done = server.receive(2, 1, append(at(0, 0), &[1], 0));
    assert_eq!(server.as_follower().leader, Some(id(2)));
    assert_eq!((server.term(), server.vote(), server.log()), (1, Some(1), vec![1]));
    assert_eq!(stepped_down(&done), None);
}

/// Whoever sees a greater term in a request enters it as a follower without a vote [Ongaro14 §3.3].
#[test]
fn a_greater_term_makes_any_role_a_follower_without_a_vote() {
    let log_is_older = request_vote(at(0, 0));
    for mut server in [
        Server::restarted(3, 1, Some(2), &[1]),
        Server::candidate(3, &[1]),
        Server::elected(3, &[1]),
    ] {
        let was_leader = server.is_leader();
        let done = server.receive(3, 9, log_is_older.clone());
        assert_eq!((server.term(), server.vote()), (9, None));
        assert_eq!(server.as_follower().leader, None);
        assert_eq!(stepped_down(&done), was_leader.then_some(StepDown::HigherTerm));
        let write = done.write.unwrap();
        assert_eq!((write.term, write.voted_for), (Term(9), None));
    }
}

/// A request of an old term gets no vote [Ongaro14 §3.4].
#[test]
fn a_candidate_of_an_old_term_gets_no_vote() {
    let mut server = Server::restarted(3, 4, None, &[]);
    let before = server.state.clone();
    let done = server.receive(2, 3, request_vote(at(9, 2)));
    assert_eq!(server.state, before);
    assert_eq!(done, Default::default());
}

/// A server gives at most one vote in a term, first come first served [Ongaro14 §3.4].
#[test]
fn a_vote_is_given_to_one_candidate_of_a_term_only() {
    let mut server = Server::new(3);
    let done = server.receive(2, 1, request_vote(at(0, 0)));
    assert_eq!(server.vote(), Some(2));
    // Entering the term and voting are one write: no crash can come between them.
    let write = done.write.unwrap();
    assert_eq!((write.term, write.voted_for), (Term(1), Some(id(2))));
    assert_eq!(server.state.unfinished.len(), 1);

    server.receive(3, 1, request_vote(at(0, 0)));
    let done = server.sync();
    assert_eq!(server.vote(), Some(2));
    assert_eq!(sent_to(&done, 2), [Message::VoteGranted]);
    assert_eq!(sent_to(&done, 3), []);
    let done = server.receive(3, 1, request_vote(at(0, 0)));
    assert_eq!((server.vote(), done.send.len()), (Some(2), 0));
}

/// The candidate that has the vote may ask again, should the answer be lost [Ongaro14 §3.4].
#[test]
fn a_repeated_request_is_answered_again() {
    let mut server = Server::restarted(3, 1, Some(2), &[]);
    let done = server.receive(2, 1, request_vote(at(0, 0)));
    assert_eq!(sent_to(&done, 2), [Message::VoteGranted]);
    assert_eq!(done.write, None);
}

/// A candidate has voted for itself, and a leader too: neither votes for another [Ongaro14 §3.4].
#[test]
fn a_candidate_or_leader_votes_for_no_other() {
    for mut server in [Server::candidate(3, &[]), Server::elected(3, &[])] {
        let before = server.state.clone();
        let done = server.receive(2, 1, request_vote(at(0, 0)));
        assert_eq!(server.state, before);
        assert_eq!((done.send.len(), done.write), (0, None));
    }
}

/// Logs are compared by the term of the last entry, then by length [Ongaro14 §3.6.1].
#[test]
fn a_vote_is_granted_only_if_the_candidates_log_is_up_to_date() {
    let voter = Server::restarted(3, 3, None, &[1, 3, 3]);
    for (last, is_up_to_date) in [
        (at(0, 0), false),
        (at(2, 3), false), // same term, shorter
        (at(9, 2), false), // longer, but of an older term
        (at(3, 3), true),  // equal
        (at(4, 3), true),  // same term, longer
        (at(1, 4), true),  // shorter, but of a newer term
    ] {
        let mut server = voter.clone();
        let done = server.receive(2, 5, request_vote(last));
        assert_eq!(server.vote(), is_up_to_date.then_some(2), "{last}");
        assert_eq!(done.timers.election, is_up_to_date, "{last}");
        assert_eq!(server.term(), 5, "the term is entered with or without a vote");
    }
}

/// A follower that knows the leader of the term has no more vote to give in it [Ongaro14 §3.4].
#[test]
fn no_vote_is_given_once_the_leader_of_the_term_is_known() {
    let mut server = Server::restarted(3, 1, None, &[]);
    server.receive(2, 1, append(at(0, 0), &[], 0));
    server.receive(3, 1, request_vote(at(0, 0)));
    assert_eq!(server.vote(), None);
}

/// The election timer starts anew when a vote is given or the leader is heard [Ongaro14 §3.4].
#[test]
fn the_election_timer_starts_anew_only_for_a_vote_or_the_leader() {
    let mut server = Server::restarted(3, 1, None, &[1]);
    assert!(server.receive(2, 2, append(at(0, 0), &[], 0)).timers.election);
    assert!(!server.receive(2, 1, append(at(0, 0), &[], 0)).timers.election);
    assert!(!server.receive(3, 3, request_vote(at(0, 0))).timers.election);
    assert!(server.receive(3, 4, request_vote(at(1, 1))).timers.election);
    assert!(server.timeout().timers.election);
}

/// A new leader begins its term with a no-op and with what it knows of the others [Ongaro14 §6.4].
#[test]
fn a_new_leader_appends_a_no_op_and_sends_it_to_all() {
    let mut server = Server::candidate(3, &[1, 1]);
    let done = server.receive(2, 2, Message::VoteGranted);
    assert_eq!(server.log(), [1, 1, 2]);
    assert_eq!(server.state.log.entries().last().unwrap().payload, Payload::NoOp);
    assert_eq!(server.as_leader().first_index, Index(3));
    assert!(done.timers.heartbeat);
    for peer in [2, 3] {
        assert_eq!(appends_to(&done, peer), [(at(2, 1), vec![2], 0)]);
        assert_eq!(server.progress(peer).match_index, Index(0));
        assert_eq!(server.progress(peer).next_index, Index(4));
    }
    assert_eq!(done.write.unwrap().entries.len(), 1);
}

/// A leader reminds its followers when the heartbeat timer runs out [Ongaro14 §3.4].
#[test]
fn a_leader_sends_heartbeats_and_no_one_else_does() {
    let mut leader = Server::settled(3, &[]);
    let done = leader.heartbeat();
    assert!(done.timers.heartbeat);
    for peer in [2, 3] {
        assert_eq!(appends_to(&done, peer), [(at(1, 1), vec![], 1)]);
    }
    for mut other in [Server::new(3), Server::candidate(3, &[])] {
        let before = other.state.clone();
        assert_eq!(other.heartbeat(), Default::default());
        assert_eq!(other.state, before);
    }
}

/// A leader that no majority has answered between two election timeouts steps down [Ongaro14 §6.2].
#[test]
fn a_leader_steps_down_when_a_majority_is_silent() {
    for (voters, enough) in [(2_u8, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)] {
        for answers in 0..=enough {
            let mut server = Server::settled(voters, &[]);
            assert_eq!(stepped_down(&server.timeout()), None, "all have answered");
            for peer in 2..2 + answers {
                server.receive(peer, 1, accepted(1, 0));
            }
            let done = server.timeout();
            assert!(done.timers.election);
            let silent = (answers < enough).then_some(StepDown::MajoritySilent);
            assert_eq!(stepped_down(&done), silent, "{voters} voters, {answers} answers");
            assert_eq!((server.term(), server.is_leader()), (1, answers == enough));
        }
    }
}

/// A new leader has just heard from those who voted for it [Ongaro14 §6.2].
#[test]
fn a_vote_counts_as_an_answer_until_the_next_election_timeout() {
    let mut server = Server::elected(3, &[]);
    server.sync();
    assert_eq!(stepped_down(&server.timeout()), None);
    assert_eq!(stepped_down(&server.timeout()), Some(StepDown::MajoritySilent));
}

/// A rejection is as good a sign of life as an acknowledgement [Ongaro14 §6.2].
#[test]
fn a_leader_hears_from_followers_that_reject() {
    let mut server = Server::settled(3, &[]);
    server.timeout();
    server.receive(3, 1, rejected(1, at(0, 0), 0));
    assert_eq!(stepped_down(&server.timeout()), None);
}

/// Each election timeout asks anew who has answered since the last one [Ongaro14 §6.2].
#[test]
fn an_answer_counts_for_one_election_timeout_only() {
    let mut server = Server::settled(3, &[]);
    server.timeout();
    server.receive(2, 1, accepted(1, 0));
    server.timeout();
    assert_eq!(server.as_leader().heard, ServerSet::EMPTY);
    assert_eq!(stepped_down(&server.timeout()), Some(StepDown::MajoritySilent));
}

/// A single server hears from itself, which is a majority [Ongaro14 §6.2].
#[test]
fn a_single_server_never_steps_down_on_silence_and_keeps_its_term() {
    let mut server = Server::settled(1, &[]);
    for _ in 0..4 {
        let done = server.timeout();
        assert_eq!((stepped_down(&done), done.write), (None, None));
        assert_eq!((server.is_leader(), server.term()), (true, 1));
    }
}

/// A leader that stepped down on silence remains in its term, without a second vote [Ongaro14 §3.4].
#[test]
fn a_leader_that_stepped_down_keeps_the_vote_of_its_term() {
    let mut server = Server::settled(3, &[]);
    server.timeout();
    server.propose(1);
    let done = server.timeout();
    assert_eq!(outcomes(&done), [(1, Outcome::Unknown)]);
    server.receive(2, 1, request_vote(at(0, 0)));
    assert_eq!((server.term(), server.vote()), (1, Some(1)));
    server.sync();
    server.timeout();
    assert_eq!((server.term(), server.is_candidate()), (2, true));
}

/// Two leaders of one term cannot be: whoever claims so is refused [Ongaro14 §3.2].
#[test]
fn a_leader_does_not_yield_to_another_of_its_own_term() {
    let mut server = Server::elected(3, &[]);
    let done = server.receive(2, 1, append(at(0, 0), &[1, 1], 0));
    assert_eq!(refused(&done), Some(Refusal::SecondLeader));
    assert!(matches!(server.state.role, Role::Leader(_)));
    assert_eq!(server.log(), [1], "a leader never changes its own log but by appending");
    assert!(matches!(server.progress(2).flow, Flow::Streaming { .. }));
}
