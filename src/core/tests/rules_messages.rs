//! The rules for every message: what no correct server would send is refused, and changes nothing.

mod common;

use common::{
    Command, Done, Server, accepted, append, at, cluster, entries, id, refused, rejected,
    request_vote, stale_term,
};
use quorate_core::{
    Configuration, Envelope, Index, Input, InvalidConfiguration, Message, Refusal, Round, ServerId,
    ServerSet, State, Term,
};

/// Steps the server by an envelope with these addresses, and expects no change.
fn deliver(server: &mut Server, from: u8, to: u8) -> Done {
    let (from, to) = (id(from), id(to));
    let message = request_vote(at(9, 1));
    server.step(Input::Receive(Envelope { from, to, term: Term(2), message }))
}

/// The server refuses the message and is what it was before.
fn assert_refused(server: &Server, from: u8, term: u64, message: Message<Command>, why: Refusal) {
    let mut stepped = server.clone();
    let done = stepped.receive(from, term, message.clone());
    assert_eq!(refused(&done), Some(why), "{message:?}");
    assert_eq!(stepped.state, server.state, "{message:?}");
    assert_eq!((done.send.len(), done.write), (0, None), "{message:?}");
}

/// A message for another server, from oneself, or from no voter, is refused [Ongaro14 §4.1].
#[test]
fn a_misaddressed_message_is_refused() {
    for (from, to) in [(2, 3), (1, 1), (4, 1)] {
        let mut server = Server::new(3);
        let before = server.state.clone();
        let done = deliver(&mut server, from, to);
        assert_eq!(refused(&done), Some(Refusal::Misaddressed), "from {from} to {to}");
        assert_eq!((server.state, done.send.len()), (before, 0));
    }
    assert_eq!(refused(&deliver(&mut Server::new(3), 2, 1)), None);
}

/// A candidate's log is older than its term, and a position is in a log or is nowhere
/// [Ongaro14 §3.4].
#[test]
fn an_impossible_request_for_a_vote_is_malformed() {
    for last in [at(1, 5), at(1, 6), at(1, 0), at(0, 1)] {
        assert_refused(&Server::new(3), 2, 5, request_vote(last), Refusal::Malformed);
    }
}

/// Terms never decrease along a log, none is zero and none exceeds the leader's [Ongaro14 §3.5].
#[test]
fn impossible_entries_are_malformed() {
    for message in [
        append(at(0, 0), &[0], 0),
        append(at(0, 0), &[6], 0),
        append(at(0, 0), &[3, 2], 0),
        append(at(1, 3), &[2], 0),
        append(at(1, 6), &[], 0),
        append(at(1, 0), &[], 0),
        append(at(0, 2), &[], 0),
        append(at(0, 0), &[1], 2),
        append(at(u64::MAX, 1), &[1], 0),
    ] {
        assert_refused(&Server::new(3), 2, 5, message, Refusal::Malformed);
    }
}

/// A reply that contradicts itself is malformed [Ongaro14 §3.5].
#[test]
fn impossible_replies_are_malformed() {
    let leader = Server::elected(3, &[1, 1]);
    for message in [
        rejected(0, at(0, 0), 0),
        rejected(1, at(2, 1), 0),
        rejected(2, at(1, 3), 0),
        rejected(2, at(1, 0), 0),
        stale_term(2),
        stale_term(1),
    ] {
        assert_refused(&leader, 2, 2, message, Refusal::Malformed);
    }
}

/// No message belongs to the term before any election [Ongaro14 §3.3].
#[test]
fn a_message_of_term_zero_is_malformed() {
    for message in [
        request_vote(at(0, 0)),
        append(at(0, 0), &[], 0),
        Message::VoteGranted,
        accepted(0, 0),
        rejected(1, at(0, 0), 0),
        stale_term(1),
    ] {
        assert_refused(&Server::new(3), 2, 0, message, Refusal::Malformed);
    }
}

/// A reply of a term that has not begun here answers nothing that was asked [Ongaro14 §3.3].
#[test]
fn a_reply_of_a_later_term_was_never_requested() {
    for server in [Server::new(3), Server::candidate(3, &[]), Server::elected(3, &[])] {
        for message in
            [Message::VoteGranted, accepted(0, 0), rejected(1, at(0, 0), 0), stale_term(9)]
        {
            assert_refused(&server, 2, 8, message, Refusal::NeverRequested);
        }
    }
}

/// A vote before the candidate has asked for any was never requested: nobody leads without a durable vote
/// of its own [Ongaro14 §3.8].
#[test]
fn a_vote_before_the_request_was_never_requested() {
    let mut server = Server::new(3);
    server.timeout();
    assert_refused(&server, 2, 1, Message::VoteGranted, Refusal::NeverRequested);
    assert_refused(&server, 3, 1, Message::VoteGranted, Refusal::NeverRequested);
    server.sync();
    server.receive(2, 1, Message::VoteGranted);
    assert!(server.is_leader());
}

/// An acknowledgement of entries that do not exist was never requested [Ongaro14 §3.5].
#[test]
fn an_acknowledgement_of_what_does_not_exist_was_never_requested() {
    let leader = Server::elected(3, &[1, 1]);
    for match_index in [4, u64::MAX] {
        assert_refused(&leader, 2, 2, accepted(match_index, 0), Refusal::NeverRequested);
    }
    assert_refused(&leader, 2, 2, accepted(1, u64::MAX), Refusal::NeverRequested);
}

/// A second leader of a term is refused by whoever knows the first [Ongaro14 §3.2].
#[test]
fn a_second_leader_of_a_term_is_refused() {
    let follower = Server::follower(3, 1, &[]);
    assert_refused(&follower, 3, 1, append(at(0, 0), &[1], 1), Refusal::SecondLeader);
    let leader = Server::elected(3, &[]);
    assert_refused(&leader, 3, 1, append(at(0, 0), &[1, 1], 1), Refusal::SecondLeader);
}

/// A committed entry is never replaced, whatever a leader of a later term sends [Ongaro14 §3.6.1].
#[test]
fn entries_that_would_replace_a_committed_one_are_refused() {
    let mut server = Server::follower(3, 3, &[1, 2, 2]);
    server.receive(2, 3, append(at(2, 2), &[], 2));
    server.receive(2, 4, append(at(1, 1), &[], 0));
    server.sync();
    assert_refused(&server, 2, 4, append(at(1, 1), &[3], 0), Refusal::ReplacesCommitted);
    let done = server.receive(2, 4, append(at(2, 2), &[4], 0));
    assert_eq!((refused(&done), server.log()), (None, vec![1, 2, 4]));
}

/// A leader never changes an entry, so no entry of its own term's verified prefix is replaced either
/// [Ongaro14 §3.5].
#[test]
fn entries_that_would_replace_a_verified_one_are_refused() {
    let mut server = Server::follower(3, 4, &[]);
    server.receive(2, 4, append(at(0, 0), &[1, 1, 1], 0));
    assert_refused(&server, 2, 4, append(at(1, 1), &[2], 0), Refusal::ReplacesCommitted);
    assert_eq!(server.as_follower().verified, server.state.log.last_index());
}

/// A leader's acknowledgements and rejections mean nothing to any other role [Ongaro14 §3.5].
#[test]
fn replies_to_entries_mean_nothing_to_a_follower_or_candidate() {
    for mut server in [Server::follower(3, 1, &[1]), Server::candidate(3, &[])] {
        for message in [accepted(1, 0), accepted(9, 9), rejected(1, at(0, 0), 0)] {
            let before = server.state.clone();
            let done = server.receive(3, 1, message);
            assert_eq!((&server.state, done), (&before, Done::default()));
        }
    }
}

/// A reply of an older term comes too late: it is no error, and no news [Ongaro14 §3.3].
#[test]
fn a_reply_of_an_older_term_is_ignored() {
    let mut server = Server::elected(3, &[3]);
    let before = server.state.clone();
    for message in [Message::VoteGranted, accepted(1, 0), rejected(1, at(0, 0), 0), stale_term(9)] {
        let done = server.receive(2, 3, message);
        assert_eq!((&server.state, done), (&before, Done::default()));
    }
}

/// The greatest numbers are numbers like any other: nothing overflows [Ongaro14 §3.3].
#[test]
fn the_greatest_numbers_break_nothing() {
    let most = u64::MAX;
    let mut server = Server::follower(3, 1, &[1]);
    server.receive(2, most, append(at(most, most), &[], most));
    assert_eq!((server.term(), server.log(), server.commit_index()), (most, vec![1], 0));
    let round = Round(most);
    let (previous, entries) = (at(1, 1), entries(&[most]));
    let message = Message::AppendEntries { previous, entries, commit_index: Index(2), round };
    server.receive(2, most, message);
    server.sync();
    assert_eq!((server.log(), server.last_applied()), (vec![1, most], 2));
    server.timeout();
    assert_eq!(server.term(), most);

    let mut leader = Server::elected(3, &[1]);
    leader.receive(2, 2, rejected(most, at(most, 2), 0));
    assert!(!leader.is_probing(2));
}

/// A cluster has 1 to 7 voters [Ongaro14 §4.1].
#[test]
fn a_configuration_has_one_to_seven_voters() {
    for voters in 0..=9_u8 {
        let set: ServerSet = (1..=voters).map(id).collect();
        let configuration = Configuration::new(set);
        if (1..=7).contains(&voters) {
            let majority = configuration.map(|configuration| configuration.majority());
            assert_eq!(majority, Ok(usize::from(voters) / 2 + 1));
        } else {
            let voters = usize::from(voters);
            assert_eq!(configuration, Err(InvalidConfiguration { voters }));
        }
    }
}

/// A server id is a number from 1 to 64 [Ongaro14 §4.1].
#[test]
fn a_server_id_is_a_number_from_1_to_64() {
    assert_eq!(ServerId::new(0), None);
    assert_eq!(ServerId::new(65), None);
    let all: ServerSet = (1..=64).map(id).collect();
    assert_eq!(all.iter().map(ServerId::get).collect::<Vec<u8>>(), (1..=64).collect::<Vec<u8>>());
}

/// An error says what was wrong and what would be right.
#[test]
fn what_is_no_configuration_and_no_voter_is_told() {
    let none = Configuration::new(ServerSet::EMPTY).map_err(|error| error.to_string());
    assert_eq!(none, Err("voters: 0; expected 1 to 7 servers".into()));
    let stranger = State::<Command>::new(id(4), cluster(3)).map_err(|error| error.to_string());
    assert_eq!(stranger, Err("server: n4; expected one of the configuration's voters".into()));
}
