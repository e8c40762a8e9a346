//! The rules of replication: AppendEntries at both ends, flow control, and what is committed.

mod common;

use common::{
    Done, Server, accepted, append, appends_to, at, id, outcomes, proposal, refused, rejected,
    sent_to, stale_term, stepped_down,
};
use quorate_core::{
    AbstractAction, Event, Flow, Index, Input, Outcome, Parameters, Refusal, Spreading, StepDown,
    Term,
};

/// AppendEntries of an old term is answered with the current one, and not looked at [Ongaro14 §3.5].
#[test]
fn entries_of_an_old_leader_are_not_taken() {
    let mut server = Server::follower(3, 3, &[1]);
    let before = server.state.clone();
    let done = server.receive(3, 2, append(at(1, 1), &[2], 2));
    assert_eq!(server.state, before);
    assert_eq!(sent_to(&done, 3), [stale_term(3)]);
    assert_eq!(done.send.first().map(|envelope| envelope.term), Some(Term(2)));
}

/// A follower learns its leader from AppendEntries [Ongaro14 §3.4].
#[test]
fn a_follower_follows_whoever_sends_entries_of_its_term() {
    let mut server = Server::restarted(3, 1, Some(3), &[]);
    server.receive(2, 1, append(at(0, 0), &[], 0));
    assert_eq!(server.as_follower().leader, Some(id(2)));
    server.receive(3, 2, append(at(0, 0), &[], 0));
    assert_eq!((server.as_follower().leader, server.term()), (Some(id(3)), 2));
}

/// Without the entry before the new ones, by index and by term, they are rejected [Ongaro14 §3.5].
#[test]
fn entries_are_taken_only_where_the_logs_match() {
    for (previous, hint) in [
        (at(3, 2), at(2, 2)), // beyond the end
        (at(2, 3), at(2, 2)), // another term there
        (at(2, 1), at(1, 1)), // another term there, an older one
    ] {
        let mut server = Server::follower(3, 4, &[1, 2]);
        let done = server.receive(2, 4, append(previous, &[4], 3));
        assert_eq!(sent_to(&done, 2), [rejected(previous.index.0, hint, 0)], "{previous}");
        assert_eq!((server.log(), server.commit_index()), (vec![1, 2], 0), "{previous}");
        assert_eq!(done.write, None);
    }
}

/// An entry that conflicts with a new one goes, and everything after it [Ongaro14 §3.5].
#[test]
fn a_conflicting_entry_is_removed_with_all_that_follow() {
    let mut server = Server::follower(3, 4, &[1, 2, 2, 2]);
    let done = server.receive(2, 4, append(at(1, 1), &[2, 3], 0));
    assert_eq!(server.log(), [1, 2, 3]);
    let (truncate_to, terms) = done.write.map_or((0, vec![]), |write| {
        (write.truncate_to.0, write.entries.iter().map(|entry| entry.term.0).collect())
    });
    assert_eq!((truncate_to, terms), (2, vec![3]), "what is already held is not written again");
}

/// Entries that are already held stay, and so does what follows them [Ongaro14 §3.5].
#[test]
fn an_old_request_removes_nothing() {
    for message in
        [append(at(0, 0), &[], 0), append(at(0, 0), &[1], 0), append(at(1, 1), &[2, 2], 0)]
    {
        let mut server = Server::follower(3, 4, &[1, 2, 2, 3]);
        let done = server.receive(2, 4, message);
        assert_eq!((server.log(), done.write), (vec![1, 2, 2, 3], None));
    }
}

/// Entries not yet held are appended [Ongaro14 §3.5].
#[test]
fn new_entries_are_appended() {
    let mut server = Server::follower(3, 4, &[1]);
    server.receive(2, 4, append(at(0, 0), &[1, 3, 4], 0));
    assert_eq!(server.log(), [1, 3, 4]);
}

/// A follower's commit index follows the leader's, as far as the logs are known to match
/// [Ongaro14 §3.5].
#[test]
fn a_follower_commits_no_further_than_what_it_verified() {
    let mut server = Server::follower(3, 4, &[1, 2, 2]);
    server.receive(2, 4, append(at(1, 1), &[], 1));
    assert_eq!(server.commit_index(), 1, "the leader's, not the end of the log");
    server.receive(2, 4, append(at(1, 1), &[4, 4], 2));
    assert_eq!(server.commit_index(), 2);
    // A message vouches for no more than it identifies.
    let done = server.receive(2, 4, append(at(1, 1), &[4], 3));
    assert_eq!((refused(&done), server.commit_index()), (Some(Refusal::Malformed), 2));
}

/// The commit index never decreases, whatever arrives late [Ongaro14 §3.5].
#[test]
fn the_commit_index_of_a_follower_never_decreases() {
    let mut server = Server::follower(3, 4, &[]);
    server.receive(2, 4, append(at(0, 0), &[4, 4], 2));
    server.receive(2, 4, append(at(0, 0), &[4], 1));
    server.receive(3, 5, append(at(0, 0), &[], 0));
    assert_eq!(server.commit_index(), 2);
}

/// A success names what is verified with this leader, not the end of the log [Ongaro14 §3.5].
#[test]
fn a_success_names_the_verified_index_and_not_the_last() {
    let mut server = Server::follower(3, 4, &[1, 2, 2]);
    let done = server.receive(2, 4, append(at(1, 1), &[], 0));
    assert_eq!(sent_to(&done, 2), [accepted(1, 0)]);
    let done = server.receive(2, 4, append(at(0, 0), &[1, 2], 0));
    assert_eq!(sent_to(&done, 2), [accepted(2, 0)]);
    // What was verified in this term stays so.
    let done = server.receive(2, 4, append(at(1, 1), &[], 0));
    assert_eq!(sent_to(&done, 2), [accepted(2, 0)]);
}

/// What was verified with one leader says nothing about the next [Ongaro14 §3.5].
#[test]
fn what_is_verified_is_forgotten_with_the_term() {
    let mut server = Server::follower(3, 4, &[1, 2]);
    server.receive(2, 4, append(at(2, 2), &[], 0));
    assert_eq!(server.as_follower().verified, Index(2));
    server.receive(3, 5, append(at(1, 1), &[], 0));
    assert_eq!(server.as_follower().verified, Index(1));
    assert_eq!(sent_to(&server.sync(), 3), [accepted(1, 0)]);
}

/// A leader appends a client's command to its log and sends it to its followers [Ongaro14 §3.5].
#[test]
fn a_leader_appends_and_replicates_what_clients_ask() {
    let mut server = Server::settled(3, &[]);
    let done = server.step(Input::Propose(vec![proposal(1), proposal(2)]));
    assert_eq!(server.log(), [1, 1, 1]);
    for peer in [2, 3] {
        assert_eq!(appends_to(&done, peer), [(at(1, 1), vec![1, 1], 1)]);
    }
    // All commands of one request to the core are one write.
    assert_eq!(done.write.map(|write| write.entries.len()), Some(2));
    assert_eq!(server.state.unfinished.len(), 1);
}

/// A success moves next_index and match_index forward, and never back [Ongaro14 §3.5].
#[test]
fn acknowledgements_move_a_followers_progress_forward_only() {
    let mut server = Server::elected(3, &[1, 1]);
    for (match_index, matched) in [(2, 2), (3, 3), (1, 3), (0, 3)] {
        server.receive(2, 2, accepted(match_index, 0));
        assert_eq!(server.progress(2).match_index, Index(matched));
        assert_eq!(server.progress(2).next_index, Index(4));
    }
    assert_eq!(server.progress(3).match_index, Index(0), "each follower has its own");
}

/// A leader whose entries are rejected backs up and tries again [Ongaro14 §3.5].
#[test]
fn a_leader_backs_up_by_whole_terms() {
    let mut server = Server::elected(3, &[1, 1, 1, 4, 4, 5, 5, 5]);
    // The follower's log is [1 1 1 2 2 2 2 3]: neither of its later terms is the leader's.
    let done = server.receive(2, 6, rejected(8, at(8, 3), 0));
    assert_eq!(appends_to(&done, 2), [(at(3, 1), vec![4, 4, 5, 5, 5, 6], 0)]);
    assert!(server.is_probing(2));

    // The follower's log is [1 1]: shorter.
    let done = server.receive(3, 6, rejected(8, at(2, 1), 0));
    assert_eq!(appends_to(&done, 3), [(at(2, 1), vec![1, 4, 4, 5, 5, 5, 6], 0)]);
}

/// The follower's hint skips whole terms too: its last entry of a term no greater than the leader's
/// [Ongaro14 §3.5].
#[test]
fn a_rejection_names_where_the_logs_can_agree_at_most() {
    let mut server = Server::follower(3, 6, &[1, 1, 1, 3, 3, 3]);
    let done = server.receive(2, 6, append(at(6, 2), &[], 0));
    assert_eq!(sent_to(&done, 2), [rejected(6, at(3, 1), 0)]);
    let done = server.receive(2, 6, append(at(9, 5), &[], 0));
    assert_eq!(sent_to(&done, 2), [rejected(9, at(6, 3), 0)]);
}

/// Backing up ends: each rejection lowers next_index, which stays above match_index [Ongaro14 §3.5].
#[test]
fn next_index_stays_above_match_index() {
    let mut server = Server::elected(3, &[1, 1, 1]);
    server.receive(2, 2, accepted(1, 0));
    server.receive(2, 2, rejected(3, at(0, 0), 0));
    assert_eq!(server.progress(2).next_index, Index(2));
    // What is at or before match_index cannot have been rejected since.
    let before = server.progress(2).clone();
    let done = server.receive(2, 2, rejected(1, at(0, 0), 0));
    assert_eq!((server.progress(2), done.send.len()), (&before, 0));
}

/// A hint that would not lower next_index lowers it by one all the same [Ongaro14 §3.5].
#[test]
fn a_rejection_always_lowers_next_index() {
    let mut server = Server::elected(3, &[1, 1, 1]);
    for next_index in [3, 2, 1] {
        server.receive(2, 2, rejected(next_index, at(next_index, 1), 0));
        assert_eq!(server.progress(2).next_index, Index(next_index));
    }
}

/// While it probes, a leader heeds only the answer to its latest probe [Ongaro14 §10.2.2].
#[test]
fn a_late_rejection_moves_nothing() {
    let mut server = Server::elected(3, &[1, 1, 1]);
    server.receive(2, 2, rejected(3, at(1, 1), 0));
    let before = server.progress(2).clone();
    let done = server.receive(2, 2, rejected(3, at(1, 1), 0));
    assert_eq!((server.progress(2), done.send.len()), (&before, 0));
}

/// A rejection is no acknowledgement [Ongaro14 §3.5].
#[test]
fn a_rejection_advances_neither_match_index_nor_commit_index() {
    let mut server = Server::elected(3, &[1]);
    server.sync();
    server.receive(2, 2, rejected(1, at(1, 1), 0));
    assert_eq!((server.progress(2).match_index, server.commit_index()), (Index(0), 0));
}

/// After a mismatch one batch at a time is sent, until one is accepted [Ongaro14 §10.2.2].
#[test]
fn a_leader_probes_with_one_batch_until_it_matches() {
    let parameters = Parameters { batch: 1, ..Parameters::default() };
    let mut server = Server::elected_within(parameters, 3, &[1, 1, 1]);
    let done = server.receive(2, 2, rejected(3, at(1, 1), 0));
    assert_eq!(appends_to(&done, 2), [(at(1, 1), vec![1], 0)]);
    assert_eq!(appends_to(&server.propose(1), 2), []);
    let done = server.receive(2, 2, accepted(2, 0));
    assert!(!server.is_probing(2));
    assert_eq!(appends_to(&done, 2).len(), 3, "the rest follows in batches");
}

/// Should a probe be lost, the heartbeat is the probe again [Ongaro14 §3.5].
#[test]
fn a_lost_probe_is_repeated_by_the_heartbeat() {
    let mut leader = Server::elected(3, &[]);
    let done = leader.receive(2, 1, rejected(1, at(0, 0), 0));
    assert_eq!(appends_to(&done, 2), [(at(0, 0), vec![1], 0)]);
    let done = leader.heartbeat();
    assert_eq!(appends_to(&done, 2), [(at(0, 0), vec![1], 0)]);
    assert_eq!(appends_to(&done, 3), [(at(1, 1), vec![], 0)]);
}

/// An acknowledgement of what is known already may be an old one: it says nothing of the probe
/// [Ongaro14 §3.5].
#[test]
fn an_old_acknowledgement_does_not_end_probing() {
    let mut leader = Server::elected(3, &[]);
    leader.receive(2, 1, rejected(1, at(0, 0), 0));
    let done = leader.receive(2, 1, accepted(0, 0));
    assert_eq!(appends_to(&done, 2), []);
    assert!(matches!(leader.progress(2).flow, Flow::Probing { waiting: true }));
    leader.receive(2, 1, accepted(1, 0));
    assert!(matches!(leader.progress(2).flow, Flow::Streaming { .. }));
}

/// Batches follow each other within the window, without waiting [Ongaro14 §10.2.2].
#[test]
fn no_more_batches_are_on_their_way_than_the_window_allows() {
    let parameters = Parameters { batch: 2, window: 2, ..Parameters::default() };
    let mut server = Server::settled_within(parameters, 3, &[]);
    let done = server.step(Input::Propose((1..=5).map(proposal).collect()));
    let both = [(at(1, 1), vec![1, 1], 1), (at(3, 1), vec![1, 1], 1)];
    assert_eq!(appends_to(&done, 2), both);
    // An acknowledgement of the first makes room for a third.
    let done = server.receive(2, 1, accepted(3, 0));
    assert_eq!(appends_to(&done, 2), [(at(5, 1), vec![1], 1)]);
    let Flow::Streaming { in_flight } = &server.progress(2).flow else { panic!("probing") };
    assert_eq!(in_flight, &[Index(5), Index(6)]);
}

/// A window or batch of nothing would stop replication; both count as one [Ongaro14 §10.2.2].
#[test]
fn a_window_or_batch_of_zero_is_one() {
    let parameters = Parameters { batch: 0, window: 0, ..Parameters::default() };
    let mut server = Server::settled_within(parameters, 3, &[]);
    let done = server.step(Input::Propose(vec![proposal(1), proposal(2)]));
    assert_eq!(appends_to(&done, 2), [(at(1, 1), vec![1], 1)]);
}

/// An entry is committed when a majority holds it, for 1 to 7 voters [Ongaro14 §3.5].
#[test]
fn an_entry_is_committed_once_a_majority_holds_it_and_no_sooner() {
    for (voters, others) in [(1_u8, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)] {
        let mut server = Server::settled(voters, &[]);
        server.propose(1);
        for peer in 2..2 + others {
            server.receive(peer, 1, accepted(2, 0));
        }
        assert_eq!(server.commit_index(), 1, "{voters} voters: all that are needed but the leader");
        let done = server.sync();
        assert_eq!(server.commit_index(), 2, "{voters} voters");
        assert_eq!(committed(&done), Some((2, usize::from(others) + 1)));
    }
}

/// Entries of older terms are not committed by counting, but with one of the current term
/// [Ongaro14 §3.6.2].
#[test]
fn an_entry_of_an_older_term_is_committed_only_with_one_of_the_current_term() {
    let mut server = Server::elected(5, &[1, 2]);
    server.sync();
    for peer in 2..=5 {
        server.receive(peer, 3, accepted(2, 0));
    }
    assert_eq!(server.commit_index(), 0, "all five hold entry 2, of term 2");
    server.receive(2, 3, accepted(3, 0));
    server.receive(3, 3, accepted(3, 0));
    assert_eq!(server.commit_index(), 3);
}

/// Followers learn of the commit at once, or with the next message [Ongaro14 §3.5].
#[test]
fn followers_learn_the_commit_index() {
    for (spreading, at_once) in [(Spreading::AtOnce, true), (Spreading::WithNextMessage, false)] {
        let parameters = Parameters { spreading, ..Parameters::default() };
        let mut server = Server::settled_within(parameters, 3, &[]);
        server.propose(1);
        server.sync();
        let done = server.receive(2, 1, accepted(2, 0));
        let told = if at_once { vec![(at(2, 1), vec![], 2)] } else { vec![] };
        assert_eq!(appends_to(&done, 3), told);
        assert_eq!(appends_to(&server.heartbeat(), 3), [(at(2, 1), vec![], 2)]);
    }
}

/// A message vouches for the commit index only as far as it identifies the log [Ongaro14 §3.5].
#[test]
fn a_leader_names_no_commit_index_beyond_what_the_message_identifies() {
    let mut server = Server::settled(3, &[1, 1, 1]);
    server.propose(1);
    server.sync();
    server.receive(2, 2, accepted(5, 0));
    assert_eq!(server.commit_index(), 5);
    let mut other = Server::elected(3, &[1, 1, 1]);
    other.sync();
    other.receive(2, 2, accepted(4, 0));
    let done = other.receive(3, 2, rejected(3, at(0, 0), 0));
    assert_eq!(appends_to(&done, 3), [(at(0, 0), vec![1, 1, 1, 2], 4)]);
    other.parameters.batch = 1;
    let mut third = Server::elected_within(other.parameters, 3, &[1, 1, 1]);
    third.sync();
    third.receive(2, 2, accepted(4, 0));
    let done = third.receive(3, 2, rejected(3, at(0, 0), 0));
    assert_eq!(appends_to(&done, 3), [(at(0, 0), vec![1], 1)]);
}

/// Word of a greater term is heeded by the leader of the term it answers, and by no one else
/// [Ongaro14 §3.3].
#[test]
fn only_the_leader_that_sent_the_stale_request_heeds_the_answer() {
    let mut leader = Server::elected(3, &[]);
    let mut later = Server::elected(3, &[1]);
    let mut candidate = Server::candidate(3, &[]);
    let mut follower = Server::follower(3, 1, &[]);
    let done = leader.receive(2, 1, stale_term(8));
    assert_eq!(stepped_down(&done), Some(StepDown::HigherTerm));
    assert_eq!((leader.term(), leader.vote()), (8, None));
    for server in [&mut later, &mut candidate, &mut follower] {
        let before = server.state.clone();
        let done = server.receive(2, 1, stale_term(8));
        assert_eq!((&server.state, done), (&before, Done::default()));
    }
}

/// Writes beyond what may wait to be committed are refused, and accepted again later
/// [Ongaro14 §10.2.2].
#[test]
fn more_uncommitted_entries_than_allowed_are_busy() {
    let parameters = Parameters { max_uncommitted: 2, ..Parameters::default() };
    let mut server = Server::settled_within(parameters, 3, &[]);
    let done = server.step(Input::Propose((1..=4).map(proposal).collect()));
    assert_eq!(outcomes(&done), [(3, Outcome::Busy), (4, Outcome::Busy)]);
    assert_eq!(server.log(), [1, 1, 1], "what is refused has no effect");
    assert_eq!(outcomes(&server.propose(5)), [(5, Outcome::Busy)]);
    server.sync();
    server.receive(2, 1, accepted(2, 0));
    assert_eq!(outcomes(&server.propose(6)), []);
}

/// Writes that others have committed still wait for the leader's own disk: they count as well
/// [Ongaro14 §10.2.1].
#[test]
fn more_entries_than_allowed_that_the_own_disk_does_not_hold_are_busy() {
    let parameters = Parameters { max_uncommitted: 2, ..Parameters::default() };
    let mut server = Server::settled_within(parameters, 3, &[]);
    server.propose(1);
    server.propose(2);
    server.receive(2, 1, accepted(3, 0));
    server.receive(3, 1, accepted(3, 0));
    assert_eq!((server.commit_index(), server.last_applied()), (3, 1));
    assert_eq!(outcomes(&server.propose(3)), [(3, Outcome::Busy)]);
    server.sync();
    assert_eq!(outcomes(&server.propose(4)), []);
}

/// The index committed in a step, and how many acknowledged it.
fn committed(done: &Done) -> Option<(u64, usize)> {
    done.events.iter().find_map(|event| match event {
        Event::Performed(AbstractAction::Commit { index, acknowledged, .. }) => {
            Some((index.0, acknowledged.len()))
        }
        Event::Performed(_) | Event::SteppedDown(_) | Event::Refused { .. } => None,
    })
}
