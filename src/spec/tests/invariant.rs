//! Every lemma of the inductive invariant can fail, says with what, and asks for no more than it says.

mod made_up;
mod runs;

use made_up::{State, command, node, set, state};
use quorate_cluster::Command;
use quorate_core::{Entry, Index, LogPosition, Payload, Term};
use quorate_spec::{Leadership, Lemma};
use runs::n;
use std::collections::BTreeSet;

fn entry(term: u64, number: u64) -> Entry<Command> {
    Entry { term: Term(term), payload: command(number).expect("a command") }
}

fn at(term: u64, index: u64) -> LogPosition {
    LogPosition { term: Term(term), index: Index(index) }
}

/// The leader of term 1.
fn leader(state: &mut State) -> &mut Leadership<Command> {
    state.leaders.get_mut(&Term(1)).expect("a leader")
}

/// The lemma of this name.
fn lemma(name: &str) -> Lemma<Command> {
    State::INVARIANT.into_iter().find(|lemma| lemma.name == name).expect("a lemma of this name")
}

/// Lets a server lead a term that had no leader, with this log.
fn lead(state: &mut State, term: u64, log: Vec<Entry<Command>>) {
    let mut leadership = state.leaders[&Term(1)].clone();
    leadership.log = log;
    state.leaders.insert(Term(term), leadership);
}

/// The lemma, what is done to [`state`], and what the lemma then says.
type Corruption = (&'static str, fn(&mut State), &'static str);

const OF_VOTES_AND_LOGS: &[Corruption] = &[
    (
        "vote_seen",
        |state| {
            state.voted.insert((Term(9), n(2)), n(2));
        },
        "n2 voted in term 9, which it has not reached",
    ),
    (
        "vote_seen",
        |state| {
            state.voted.insert((Term(1), n(3)), n(2));
        },
        "n3 voted for n2, which does not stand in term 1",
    ),
    (
        "cand_seen",
        |state| {
            state.candidates.insert((Term(2), n(2)), Vec::new());
        },
        "n2 stood in term 2, which it has not reached",
    ),
    (
        "leader_votes",
        |state| {
            leader(state).votes = set([1]);
        },
        "n1 leads term 1 by 1 votes",
    ),
    (
        "leader_votes",
        |state| {
            leader(state).votes = set([1, 3]);
        },
        "n1 leads term 1 by a vote that n3 did not cast",
    ),
    (
        "log_term",
        |state| {
            node(state, 2).log[0].term = Term(9);
        },
        "n2 has an entry of term 9, which has no leader",
    ),
    (
        "log_term",
        |state| {
            node(state, 2).term = Term(0);
        },
        "n2 has an entry of term 1, after term 0",
    ),
    (
        "clog_term",
        |state| {
            state.candidates.insert((Term(2), n(3)), vec![entry(2, 1)]);
        },
        "n3 stands in term 2 with an entry of term 2, which has no leader",
    ),
    (
        "clog_term",
        |state| {
            state.candidates.insert((Term(1), n(1)), vec![entry(1, 1)]);
        },
        "n1 stands in term 1 with an entry of term 1, after term 0",
    ),
    (
        "tlog_term",
        |state| {
            leader(state).log[1].term = Term(2);
        },
        "the leader of term 1 has an entry of term 2, which has no leader",
    ),
    (
        "tlog_term",
        |state| {
            lead(state, 2, Vec::new());
            leader(state).log[1].term = Term(2);
        },
        "the leader of term 1 has an entry of term 2, after term 1",
    ),
    (
        "tlog_mono",
        |state| lead(state, 2, vec![entry(2, 1), entry(1, 2)]),
        "the terms fall along the log of the leader of term 2",
    ),
    (
        "log_match",
        |state| {
            node(state, 2).log[0].payload = Payload::NoOp;
        },
        "the log of n2 differs from that of the leader of term 1 up to 1",
    ),
    (
        "log_match",
        |state| {
            node(state, 2).log.push(entry(1, 7));
        },
        "the log of n2 differs from that of the leader of term 1 up to 2",
    ),
    (
        "clog_match",
        |state| {
            state.candidates.insert((Term(2), n(3)), vec![entry(1, 7)]);
        },
        "what n3 stands with in term 2 differs from that of the leader of term 1 up to 1",
    ),
    (
        "tlog_match",
        |state| lead(state, 2, vec![entry(1, 7)]),
        "the log of the leader of term 2 differs from that of the leader of term 1 up to 1",
    ),
];

const OF_WHAT_IS_CHOSEN: &[Corruption] = &[
    (
        "ack_seen",
        |state| {
            state.acked.insert((Term(3), n(1)), Index(1));
        },
        "n1 acknowledged in term 3, which has no leader",
    ),
    (
        "ack_seen",
        |state| {
            node(state, 1).term = Term(0);
        },
        "n1 acknowledged in term 1, which it has not reached",
    ),
    (
        "ack_seen",
        |state| {
            state.acked.insert((Term(1), n(1)), Index(3));
        },
        "n1 acknowledged 3 of a shorter log in term 1",
    ),
    (
        "ack_keep",
        |state| node(state, 1).log.clear(),
        "n1 acknowledged 1@1, which is choosable, and lacks it",
    ),
    (
        "vote_keep",
        |state| {
            state.candidates.insert((Term(3), n(3)), Vec::new());
            state.voted.insert((Term(3), n(2)), n(3));
        },
        "n2 acknowledged 1@1, which is choosable, and in term 3 voted for n3, which lacks it",
    ),
    (
        "lead_keep",
        |state| lead(state, 2, Vec::new()),
        "the leader of term 2 lacks 1@1, which is choosable",
    ),
    (
        "chosen_acked",
        |state| {
            state.chosen.entry(Term(1)).or_default().insert(Index(3), set([1, 2]));
        },
        "term 1 chose 3, which it did not create",
    ),
    (
        "chosen_acked",
        |state| {
            state.chosen.entry(Term(1)).or_default().insert(Index(2), set([1, 2]));
        },
        "term 1 chose 2, which no majority acknowledged",
    ),
    (
        "chosen_acked",
        |state| {
            state.chosen.entry(Term(1)).or_default().insert(Index(1), set([1]));
        },
        "term 1 chose 1, which no majority acknowledged",
    ),
    (
        "applied_chosen",
        |state| {
            let by = at(1, 2);
            state.applied.entry((n(1), Index(1))).or_default().insert(by, entry(1, 1));
        },
        "n1 applied 1 by 2@1, which did not choose it",
    ),
    (
        "applied_chosen",
        |state| {
            let by = at(1, 1);
            state.applied.entry((n(1), Index(2))).or_default().insert(by, entry(1, 2));
        },
        "n1 applied 2 by 1@1, which did not choose it",
    ),
    (
        "applied_chosen",
        |state| {
            let by = at(1, 1);
            state.applied.entry((n(1), Index(1))).or_default().insert(by, entry(1, 7));
        },
        "n1 applied at 1 what the leader of 1@1 does not have",
    ),
];

#[test]
fn every_lemma_can_fail() {
    let mut failed = BTreeSet::new();
    for (name, corrupt, why) in OF_VOTES_AND_LOGS.iter().chain(OF_WHAT_IS_CHOSEN) {
        let mut corrupted = state();
        assert_eq!(corrupted.check_invariant(), Ok(()));
        corrupt(&mut corrupted);
        assert_eq!((lemma(name).holds)(&corrupted), Err((*why).to_owned()), "{name}");
        assert!(corrupted.check_invariant().is_err(), "{name}: {why}");
        failed.insert(*name);
    }
    let all: BTreeSet<&str> = State::INVARIANT.iter().map(|lemma| lemma.name).collect();
    assert_eq!((failed, State::INVARIANT.len()), (all.clone(), all.len()));
}

#[test]
fn a_lemma_can_be_left_out() {
    let mut corrupted = state();
    leader(&mut corrupted).votes = set([1]);
    let found = ("leader_votes", "n1 leads term 1 by 1 votes".to_owned());
    assert_eq!(corrupted.check_invariant(), Err(found.clone()));
    assert_eq!(corrupted.check_invariant_but(Some("tlog_mono")), Err(found));
    assert_eq!(corrupted.check_invariant_but(Some("leader_votes")), Ok(()));
}

#[test]
fn what_is_choosable_can_still_be_acknowledged_by_a_majority() {
    let mut state = state();
    let (one, two) = (Term(1), Term(2));
    let may = |state: &State, term, index| state.may_acknowledge(term, Index(index));
    // n3 has left the term, without an acknowledgement.
    assert_eq!(may(&state, one, 0), set([1, 2, 3]));
    assert_eq!((may(&state, one, 1), may(&state, one, 2)), (set([1, 2]), set([1, 2])));
    assert_eq!(may(&state, two, 2), set([1, 2, 3]));
    let choosable = |state: &State| [1, 2, 3].map(|index| state.choosable(one, Index(index)));
    assert_eq!(choosable(&state), [true, true, false]);
    assert!(!state.choosable(two, Index(1)));
    // n2 leaves it, with one for the first entry.
    node(&mut state, 2).term = two;
    assert_eq!((may(&state, one, 1), may(&state, one, 2)), (set([1, 2]), set([1])));
    assert_eq!(choosable(&state), [true, false, false]);
    // What is not choosable, nobody need have.
    state.check_invariant().expect("nothing was taken away");
    state.candidates.insert((Term(3), n(3)), vec![entry(1, 1)]);
    state.voted.insert((Term(3), n(2)), n(3));
    assert_eq!((lemma("vote_keep").holds)(&state), Ok(()));
}
