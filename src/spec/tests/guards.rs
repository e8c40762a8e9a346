//! Every guard of every action can fail, and says with which values. And when it fails nothing changes.

mod made_up;
mod runs;

use made_up::{State, command, node, set, state};
use quorate_cluster::Command;
use quorate_core::{AbstractAction, Configuration, Index, LogPosition, Payload, ServerId, Term};
use quorate_spec::{GUARDS, GuardFailed};
use runs::n;
use std::collections::BTreeSet;

/// Attempts that each break one guard, in the order of [`GUARDS`].
fn attempts() -> Vec<(&'static str, &'static str, AbstractAction, Option<Payload<Command>>)> {
    let (one, two, nine) = (Term(1), Term(2), Term(9));
    let (n1, n2, n3, stranger) = (n(1), n(2), n(3), n(7));
    let bump = |server, term| AbstractAction::BumpTerm { server, term };
    let stand = |server, term| AbstractAction::BecomeCandidate { server, term };
    let grant =
        |server: ServerId, candidate, term| AbstractAction::GrantVote { server, candidate, term };
    let lead = |server, term, votes| AbstractAction::BecomeLeader { server, term, votes };
    let append = |term, index| AbstractAction::LeaderAppend { term, index: Index(index) };
    let take = |server, term, previous, last| {
        let (previous, last) = (Index(previous), Index(last));
        AbstractAction::Replicate { server, term, previous, last }
    };
    let commit = |term, index, acknowledged| AbstractAction::Commit {
        term,
        index: Index(index),
        acknowledged,
    };
    let apply = |server, index| AbstractAction::Apply { server, index: Index(index) };
    vec![
        ("bump_term", "is_a_node", bump(stranger, one), None),
        ("bump_term", "term_not_left", bump(n3, one), None),
        ("become_candidate", "is_a_node", stand(stranger, one), None),
        ("become_candidate", "term_not_seen", stand(n2, one), None),
        ("grant_vote", "is_a_node", grant(stranger, n1, one), None),
        ("grant_vote", "is_candidate", grant(n1, n2, two), None),
        ("grant_vote", "term_not_left", grant(n3, n1, one), None),
        ("grant_vote", "log_is_up_to_date", grant(n2, n3, two), None),
        ("become_leader", "is_candidate", lead(n2, one, set([1, 2])), None),
        ("become_leader", "not_leader_yet", lead(n1, one, set([1, 2])), None),
        ("become_leader", "votes_are_a_quorum", lead(n3, two, set([3])), None),
        ("become_leader", "votes_were_cast", lead(n3, two, set([2, 3])), None),
        ("leader_append", "value_is_given", append(one, 3), None),
        ("leader_append", "term_has_leader", append(two, 1), command(1)),
        ("leader_append", "index_is_next", append(one, 2), command(1)),
        ("leader_append", "index_is_next", append(one, 4), command(1)),
        ("replicate", "is_a_node", take(stranger, one, 0, 1), None),
        ("replicate", "term_has_leader", take(n1, nine, 0, 1), None),
        ("replicate", "term_not_left", take(n3, one, 0, 1), None),
        ("replicate", "leader_holds_last", take(n1, one, 0, 3), None),
        ("replicate", "leader_holds_last", take(n1, one, 0, 0), None),
        ("replicate", "previous_not_after_last", take(n1, one, 2, 1), None),
        ("replicate", "previous_matches", take(n1, one, 2, 2), None),
        ("commit", "term_has_leader", commit(two, 1, set([1, 2])), None),
        ("commit", "entry_is_of_term", commit(one, 3, set([1, 2])), None),
        ("commit", "acknowledgers_are_a_quorum", commit(one, 1, set([1])), None),
        ("commit", "all_acknowledged", commit(one, 2, set([1, 2])), None),
        ("commit", "all_acknowledged", commit(one, 1, set([1, 3])), None),
        ("apply", "is_a_node", apply(stranger, 1), None),
        ("apply", "is_chosen", apply(n1, 2), None),
        ("apply", "holds_chosen_entry", apply(n3, 1), None),
    ]
}

/// What the guards say that these attempts break.
const WORDS: [&str; 31] = [
    "n7 is not one of the nodes",
    "n3 is in term 2, beyond term 1",
    "n7 is not one of the nodes",
    "n2 is in term 1, so term 1 is not new to it",
    "n7 is not one of the nodes",
    "n2 does not stand in term 2",
    "n3 is in term 2, beyond term 1",
    "the log of n2 ends at 1@1, that of candidate n3 at 0@0",
    "n2 does not stand in term 1",
    "n1 already leads term 1",
    "{n3} are no majority of {n1, n2, n3}",
    "n2 has not voted in term 2",
    "no entry is known at index 3 of the leader of term 1",
    "term 2 has no leader",
    "index 2 is named, but the log of leader n1 goes on at 3",
    "index 4 is named, but the log of leader n1 goes on at 3",
    "n7 is not one of the nodes",
    "term 9 has no leader",
    "n3 is in term 2, beyond term 1",
    "the log of the leader of term 1 has no entry at index 3",
    "the log of the leader of term 1 has no entry at index 0",
    "the entries would begin after index 2 and end at 1",
    "at index 2 n1 holds nothing, the leader of term 1 an entry of term 1",
    "term 2 has no leader",
    "at index 3 the leader of term 1 holds nothing",
    "{n1} are no majority of {n1, n2, n3}",
    "n1 has acknowledged index 1 to the leader of term 1, not 2",
    "n3 has acknowledged index 0 to the leader of term 1, not 1",
    "n7 is not one of the nodes",
    "nothing at or after index 2 is chosen in any term",
    "at index 1 n3 holds nothing, the leader of term 1 an entry of term 1",
];

#[test]
fn every_guard_can_fail() {
    let mut failed: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut expect = |action, guard, why: &str, result: Result<(), GuardFailed>| {
        let error = result.expect_err(guard);
        assert_eq!((error.action, error.guard, &*error.why), (action, guard, why));
        assert_eq!(error.to_string(), format!("guard {guard} of {action} fails: {why}"));
        failed.insert((action, guard));
    };
    let attempts = attempts();
    assert_eq!(attempts.len(), WORDS.len());
    for ((action, guard, attempt, payload), why) in attempts.into_iter().zip(WORDS) {
        let mut state = state();
        let before = state.clone();
        let result = state.perform(&attempt, payload);
        assert_eq!(state, before, "{guard} of {action} failed, but something changed");
        expect(action, guard, why, result);
    }

    // A vote for one candidate is no vote for another.
    let mut rivals = State::new(Configuration::new(set([1, 2, 3])).expect("three voters"));
    rivals.become_candidate(n(1), Term(1)).expect("it may stand");
    rivals.become_candidate(n(2), Term(1)).expect("it may stand");
    let result = rivals.grant_vote(n(1), n(2), Term(1));
    expect("grant_vote", "vote_is_free", "n1 voted for n1 in term 1, not for n2", result);

    // An entry of another term before those taken is none that matches.
    let mut differing = state();
    node(&mut differing, 2).log[0].term = Term(0);
    let result = differing.replicate(n(2), Term(1), Index(1), Index(2));
    let why = "at index 1 n2 holds an entry of term 0, the leader of term 1 an entry of term 1";
    expect("replicate", "previous_matches", why, result);

    // What is called chosen must have been.
    let unchosen = LogPosition { term: Term(1), index: Index(2) };
    let result = state().apply(n(1), Index(1), unchosen);
    expect("apply", "is_chosen", "the leader of term 1 has not chosen index 2", result);

    // What a later term chose cannot be known in an earlier one.
    let mut behind = state();
    node(&mut behind, 2).term = Term(0);
    let chooser = LogPosition { term: Term(1), index: Index(1) };
    let result = behind.apply(n(2), Index(1), chooser);
    let why = "n2 is in term 0 and cannot know what term 1 chose";
    expect("apply", "chosen_term_seen", why, result);

    // An entry beyond the chosen one is not chosen with it.
    let mut beyond = state();
    let result = beyond.apply(n(1), Index(2), chooser);
    let why = "index 2 is beyond the chosen index 1";
    expect("apply", "index_not_after_chosen", why, result);

    let all: BTreeSet<(&str, &str)> =
        GUARDS.iter().map(|guard| (guard.action, guard.name)).collect();
    assert_eq!(all.len(), GUARDS.len(), "two guards of an action have the same name");
    assert_eq!(failed, all);
}

#[test]
fn every_action_has_guards_in_the_order_of_the_actions() {
    let mut actions: Vec<&str> = GUARDS.iter().map(|guard| guard.action).collect();
    actions.dedup();
    assert_eq!(actions, AbstractAction::NAMES);
}

#[test]
fn what_is_replaced_and_what_stays() {
    let mut state = state();
    let lengths =
        |state: &State| state.nodes.values().map(|node| node.log.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&state), [1, 1, 0]);
    // What is held already stays, and so does what follows it.
    state.replicate(n(1), Term(1), Index(1), Index(2)).expect("it takes the second entry");
    state.replicate(n(1), Term(1), Index(0), Index(1)).expect("it holds the first already");
    assert_eq!(lengths(&state), [2, 1, 0]);
    assert_eq!(state.acked_index(Term(1), n(1)), Index(2));

    // n1 stands again and leads term 3 with another third entry than n2 has.
    state.become_candidate(n(1), Term(3)).expect("a new term");
    state.grant_vote(n(3), n(1), Term(3)).expect("an empty log");
    state.become_leader(n(1), Term(3), set([1, 3])).expect("two votes");
    state.leader_append(Term(3), Index(3), Payload::NoOp).expect("the next index");
    state.replicate(n(3), Term(3), Index(0), Index(3)).expect("everything at once");
    assert_eq!(lengths(&state), [2, 1, 3]);
    assert_eq!(state.nodes[&n(3)].term, Term(3));
    // An entry of an older term may not be counted.
    state.replicate(n(1), Term(3), Index(2), Index(3)).expect("its own entry");
    let error = state.commit(Term(3), Index(2), set([1, 3])).expect_err("an entry of term 1");
    assert_eq!(error.guard, "entry_is_of_term");
    state.commit(Term(3), Index(3), set([1, 3])).expect("an entry of term 3");
    assert_eq!(state.chooser_of(Index(1)), Some(LogPosition { term: Term(1), index: Index(1) }));
    assert_eq!(state.chooser_of(Index(2)), Some(LogPosition { term: Term(3), index: Index(3) }));
    state.check_safety().expect("the actions keep it safe");
}

#[test]
fn a_later_node_replaces_what_conflicts() {
    let mut state = state();
    // n2 never gets the second entry of term 1; it leads term 4 and puts another there.
    state.replicate(n(1), Term(1), Index(1), Index(2)).expect("it takes the second entry");
    state.become_candidate(n(2), Term(4)).expect("a new term");
    state.grant_vote(n(3), n(2), Term(4)).expect("an empty log");
    state.become_leader(n(2), Term(4), set([2, 3])).expect("two votes");
    state.leader_append(Term(4), Index(2), Payload::NoOp).expect("the next index");
    state.replicate(n(1), Term(4), Index(1), Index(2)).expect("the first entry matches");
    let terms: Vec<u64> = state.nodes[&n(1)].log.iter().map(|entry| entry.term.0).collect();
    assert_eq!(terms, [1, 4]);
    state.check_safety().expect("the second entry was not chosen");
}

#[test]
fn every_safety_property_can_fail() {
    type Corruption = fn(&mut State);
    let corruptions: [(&str, Corruption); 5] = [
        ("election_safety", |state| {
            state.voted.insert((Term(1), n(1)), n(2));
            state.voted.insert((Term(1), n(2)), n(2));
        }),
        ("log_matching", |state| {
            let log = &mut node(state, 2).log;
            log[0].payload = Payload::NoOp;
        }),
        ("leader_completeness", |state| {
            let mut leadership = state.leaders[&Term(1)].clone();
            leadership.log.clear();
            state.leaders.insert(Term(2), leadership);
        }),
        ("state_machine_safety", |state| {
            let mut applied = state.applied[&(n(1), Index(1))].clone();
            applied.values_mut().for_each(|entry| entry.payload = Payload::NoOp);
            state.applied.insert((n(2), Index(1)), applied);
        }),
        ("applied_kept", |state| node(state, 1).log.clear()),
    ];
    state().check_safety().expect("the actions keep it safe");
    for ((name, corrupt), (listed, holds)) in corruptions.into_iter().zip(State::SAFETY) {
        let mut state = state();
        corrupt(&mut state);
        assert_eq!(name, listed);
        assert!(holds(&state).is_err(), "{name} holds of a corrupt state");
        let error = state.check_safety().expect_err(name);
        assert!(error.contains("does not hold"), "{error}");
    }
}
