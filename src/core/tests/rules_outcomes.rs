//! The outcomes of requests: every one gets one, and never two.

mod common;

use common::{Server, accepted, append, applied, at, id, outcomes, proposal, request_vote};
use quorate_core::{Index, Input, Outcome, Parameters};

const fn written(index: u64) -> Outcome {
    Outcome::Written(Index(index))
}

/// A server that does not lead appends nothing, and says who does [Ongaro14 §6.2].
#[test]
fn a_write_anywhere_but_at_the_leader_has_no_effect_and_names_the_leader() {
    for (mut server, hint) in [
        (Server::follower(3, 1, &[]), Some(id(2))),
        (Server::restarted(3, 1, Some(2), &[]), None),
        (Server::candidate(3, &[]), None),
    ] {
        let before = server.state.clone();
        let done = server.step(Input::Propose(vec![proposal(1), proposal(2)]));
        let refusal = Outcome::NotLeader(hint);
        assert_eq!(outcomes(&done), [(1, refusal), (2, refusal)]);
        assert_eq!((server.state, done.write), (before, None));
    }
}

/// A write is answered once its entry is committed and applied, at its index [Ongaro14 §3.5].
#[test]
fn a_write_is_answered_once_it_is_committed_and_applied() {
    let mut server = Server::settled(3, &[]);
    assert_eq!(outcomes(&server.propose(1)), []);
    assert_eq!(outcomes(&server.sync()), []);
    let done = server.receive(2, 1, accepted(2, 0));
    assert_eq!((applied(&done), outcomes(&done)), (Some((2, 2)), vec![(1, written(2))]));
}

/// Writes are answered in the order of their entries, each once [Ongaro14 §3.5].
#[test]
fn writes_are_answered_in_log_order_and_once() {
    let mut server = Server::settled(3, &[]);
    server.step(Input::Propose(vec![proposal(9), proposal(4)]));
    server.propose(6);
    server.sync();
    let done = server.receive(2, 1, accepted(3, 0));
    assert_eq!(outcomes(&done), [(9, written(2)), (4, written(3))]);
    for peer in [2, 3] {
        let done = server.receive(peer, 1, accepted(3, 0));
        assert_eq!(outcomes(&done), []);
    }
    let done = server.receive(3, 1, accepted(4, 0));
    assert_eq!(outcomes(&done), [(6, written(4))]);
}

/// A single server answers as soon as its own disk has [Ongaro14 §10.2.1].
#[test]
fn a_single_server_commits_with_its_own_disk() {
    let mut server = Server::settled(1, &[]);
    assert_eq!(outcomes(&server.propose(1)), []);
    assert_eq!(outcomes(&server.sync()), [(1, written(2))]);
}

/// The no-op and the entries of older leaders are applied without anyone to answer [Ongaro14 §3.6.2].
#[test]
fn entries_of_older_leaders_are_applied_without_a_reply() {
    let mut server = Server::elected(3, &[1, 1]);
    server.sync();
    let done = server.receive(2, 2, accepted(3, 0));
    assert_eq!((applied(&done), outcomes(&done)), (Some((1, 3)), vec![]));
}

/// When leadership ends, nobody knows how a waiting write will end [Ongaro14 §6.3].
#[test]
fn waiting_writes_end_unknown_when_leadership_ends() {
    let mut server = Server::settled(3, &[]);
    server.propose(1);
    server.propose(2);
    let done = server.receive(3, 5, request_vote(at(0, 0)));
    assert_eq!(outcomes(&done), [(1, Outcome::Unknown), (2, Outcome::Unknown)]);
    assert_eq!(server.log(), [1, 1, 1], "the entries stay; they may yet be committed");
}

/// A write that ended unknown is not answered again, even when its entry commits [Ongaro14 §6.3].
#[test]
fn a_write_that_ended_unknown_is_not_answered_again() {
    let mut server = Server::settled(3, &[]);
    server.propose(1);
    server.receive(2, 2, request_vote(at(2, 1)));
    server.receive(2, 2, append(at(2, 1), &[2], 3));
    let done = server.sync();
    assert_eq!((applied(&done), outcomes(&done)), (Some((2, 3)), vec![]));
}

/// A reply follows the apply of the same step: what is answered is applied [Ongaro14 §3.5].
#[test]
fn nothing_is_answered_that_is_not_applied() {
    let mut server = Server::settled(3, &[]);
    server.step(Input::Propose((1..=3).map(proposal).collect()));
    server.sync();
    for match_index in 2..=4 {
        let done = server.receive(2, 1, accepted(match_index, 0));
        assert_eq!(applied(&done), Some((match_index, match_index)));
        assert_eq!(outcomes(&done), [(match_index - 1, written(match_index))]);
    }
}

/// Entries are applied in order, without a gap and each once [Ongaro14 §3.5].
#[test]
fn entries_are_applied_in_order_and_once() {
    let mut server = Server::follower(3, 1, &[1, 1, 1]);
    assert_eq!(applied(&server.receive(2, 1, append(at(3, 1), &[], 1))), Some((1, 1)));
    assert_eq!(applied(&server.receive(2, 1, append(at(3, 1), &[], 3))), Some((2, 3)));
    assert_eq!(applied(&server.receive(2, 1, append(at(3, 1), &[], 3))), None);
}

/// A request is refused as busy or taken, never both [Ongaro14 §6.3].
#[test]
fn a_busy_write_has_no_other_outcome() {
    let parameters = Parameters { max_uncommitted: 1, ..Parameters::default() };
    let mut server = Server::settled_within(parameters, 1, &[]);
    let done = server.step(Input::Propose(vec![proposal(1), proposal(2)]));
    assert_eq!(outcomes(&done), [(2, Outcome::Busy)]);
    assert_eq!(outcomes(&server.sync()), [(1, written(2))]);
}

/// To ask for nothing has no effect [Ongaro14 §3.5].
#[test]
fn no_command_is_no_write() {
    let mut server = Server::settled(3, &[]);
    let before = server.state.clone();
    let done = server.step(Input::Propose(vec![]));
    assert_eq!((server.state, done), (before, Default::default()));
}
