//! Histories from the literature and of everyday life, each with what is to be said of it.

use crate::generate::recorded;
use quorate_spec::linearizability::{
    Answer, BUDGET, Call, CannotRecord, History, KeyValue, Request, Verdict, bytes, check,
};

/// Operations as they are written here: who, what, from when to when, and the answer.
type Told = (u64, Request, u64, Option<(u64, Answer)>);

fn verdict(told: impl IntoIterator<Item = Told>) -> Verdict {
    check::<KeyValue>(&recorded(told), BUDGET)
}

fn write(client: u64, from: u64, to: u64, value: u64) -> Told {
    let request = Request::Set(bytes("x"), bytes(&value.to_string()));
    (client, request, from, Some((to, Answer::Done)))
}

fn lost(client: u64, from: u64, value: u64) -> Told {
    (client, Request::Set(bytes("x"), bytes(&value.to_string())), from, None)
}

fn read(client: u64, from: u64, to: u64, value: u64) -> Told {
    let seen = Some(bytes(&value.to_string()));
    (client, Request::Get(bytes("x")), from, Some((to, Answer::Value(seen))))
}

fn increment(client: u64, from: u64, to: u64, sum: i64) -> Told {
    (client, Request::Increment(bytes("x"), 1), from, Some((to, Answer::Number(sum))))
}

fn is_linearizable(told: impl IntoIterator<Item = Told>) -> bool {
    match verdict(told) {
        Verdict::Linearizable { .. } => true,
        Verdict::NotLinearizable(_) => false,
        Verdict::Incomplete { .. } => panic!("it gave up"),
    }
}

#[test]
fn an_empty_history_is_linearizable() {
    assert_eq!(verdict([]), Verdict::Linearizable { orders: vec![] });
}

// Registers that are safe, regular or atomic differ in what a read may return that overlaps a write
// [Lamport86].
#[test]
fn a_read_that_overlaps_a_write_sees_the_old_value_or_the_new_one() {
    for (value, expected) in [(1, true), (2, true), (3, false)] {
        let told = [write(1, 0, 1, 1), write(1, 10, 20, 2), read(2, 12, 18, value)];
        assert_eq!(is_linearizable(told), expected, "{value}");
    }
}

#[test]
fn two_reads_that_overlap_a_write_do_not_go_back() {
    let told = |first, second| {
        [write(1, 0, 1, 1), write(1, 10, 40, 2), read(2, 12, 18, first), read(3, 20, 30, second)]
    };
    assert!(
        is_linearizable(told(1, 1)) && is_linearizable(told(1, 2)) && is_linearizable(told(2, 2))
    );
    assert!(!is_linearizable(told(2, 1)), "new, then old");
}

// Two sequential reads by different clients are ordered, by time alone. Sequential consistency would let
// the second be the earlier one [HerlihyWing90].
#[test]
fn what_only_sequential_consistency_allows_is_not_linearizable() {
    assert!(!is_linearizable([write(1, 0, 1, 1), write(2, 2, 3, 2), read(3, 4, 5, 1)]));
    assert!(is_linearizable([write(1, 0, 3, 1), write(2, 2, 3, 2), read(3, 4, 5, 1)]));
}

#[test]
fn what_touches_is_concurrent() {
    assert!(is_linearizable([write(1, 0, 5, 1), write(2, 5, 6, 2), read(3, 7, 8, 1)]));
    assert!(!is_linearizable([write(1, 0, 4, 1), write(2, 5, 6, 2), read(3, 7, 8, 1)]));
}

#[test]
fn an_unknown_outcome_may_come_late_or_never_but_not_twice() {
    let begin = [write(1, 0, 1, 1), lost(2, 2, 7), read(3, 3, 4, 1)];
    assert!(is_linearizable(begin.clone()));
    assert!(is_linearizable(begin.clone().into_iter().chain([read(3, 5, 6, 7)])));
    let late = [write(1, 5, 6, 2), read(3, 7, 8, 2), read(3, 9, 10, 7)];
    assert!(is_linearizable(begin.clone().into_iter().chain(late.clone())));
    let back = begin.clone().into_iter().chain([read(3, 5, 6, 7), read(3, 7, 8, 1)]);
    assert!(!is_linearizable(back), "it cannot be undone");
    let twice = begin.into_iter().chain([read(3, 4, 4, 7)]).chain(late);
    assert!(!is_linearizable(twice), "it took effect before 2 was written, and again");
    assert!(!is_linearizable([read(3, 0, 1, 7), lost(2, 2, 7)]), "it was asked for later");
}

#[test]
fn no_increment_is_lost() {
    assert!(is_linearizable([increment(1, 0, 9, 2), increment(2, 0, 9, 1), increment(3, 4, 9, 3)]));
    assert!(!is_linearizable([increment(1, 0, 9, 1), increment(2, 0, 9, 1)]));
    assert!(!is_linearizable([increment(1, 0, 3, 2), increment(2, 4, 9, 1)]));
}

#[test]
fn one_read_of_two_keys_sees_one_moment() {
    let (x, y, one) = (bytes("x"), bytes("y"), bytes("1"));
    let set = |key: &_, from| {
        (1, Request::Set(Clone::clone(key), one.clone()), from, Some((from + 1, Answer::Done)))
    };
    let read = |client, seen: [bool; 2], from| {
        let values = seen.map(|seen| seen.then(|| one.clone())).to_vec();
        let request = Request::GetAll(vec![x.clone(), y.clone()]);
        (client, request, from, Some((20, Answer::Values(values))))
    };
    assert!(is_linearizable([set(&x, 0), set(&y, 2), read(2, [true, false], 0)]));
    // Each key alone would be fine.
    assert!(!is_linearizable([set(&x, 0), set(&y, 2), read(2, [false, true], 0)]));
}

#[test]
fn a_refutation_tells_what_cannot_be_and_what_comes_before() {
    let told = [
        (9, Request::Get(bytes("other")), 0, Some((1, Answer::Value(None)))),
        write(1, 0, 1, 1),
        write(2, 2, 3, 2),
        lost(4, 3, 8),
        read(3, 4, 5, 1),
        read(3, 6, 7, 8),
    ];
    let verdict = verdict(told);
    let expected = "\
not linearizable at key \"x\": no order explains
  client 3 from 4 to 5: GET \"x\" -> \"1\"
after
  client 1 from 0 to 1: SET \"x\" \"1\" -> OK
  client 2 from 2 to 3: SET \"x\" \"2\" -> OK
which leave \"x\"=\"2\"
and with or without these, which were open
  client 4 from 3: SET \"x\" \"8\", outcome unknown";
    assert_eq!(verdict.to_string(), expected);
    let Verdict::NotLinearizable(refutation) = verdict else { panic!("{verdict}") };
    assert_eq!(refutation.keys, ["\"x\""]);
    assert_eq!(refutation.stuck, Call(4));
    assert_eq!((refutation.order, refutation.open), (vec![Call(1), Call(2)], vec![Call(3)]));
}

#[test]
fn a_refutation_names_the_keys_that_belong_together() {
    for (count, expected) in
        [(2, r#"at keys "k01", "k02":"#), (12, r#""k11", "k12":"#), (13, r#""k11", "k12", ...:"#)]
    {
        let keys: Vec<_> = (1..=count).map(|key| bytes(&format!("k{key:02}"))).collect();
        let never_there = vec![Some(bytes("1")); count];
        let read = (1, Request::GetAll(keys), 0, Some((1, Answer::Values(never_there))));
        let words = verdict([read]).to_string();
        assert!(words.lines().next().is_some_and(|line| line.contains(expected)), "{words}");
    }
}

#[test]
fn a_budget_that_runs_out_is_never_an_answer() {
    let told = || (0..20).map(|client| write(client, 0, 1, client)).chain([read(30, 2, 3, 99)]);
    let verdict = |budget| check::<KeyValue>(&recorded(told()), budget);
    for budget in [0, 1, 20, 1_000] {
        let found = verdict(budget);
        assert_eq!(found, Verdict::Incomplete { keys: vec!["\"x\"".into()], tried: budget });
        assert_eq!(
            found.to_string(),
            format!("INCOMPLETE at key \"x\": gave up after {budget} placements")
        );
    }
}

#[test]
fn what_had_no_effect_leaves_the_history() {
    let mut history = History::default();
    let set = |value| Request::Set(bytes("x"), bytes(value));
    let refused = history.invoke(1, set("1"), 0);
    assert_eq!(history.no_effect(refused), Ok(()));
    let read = history.invoke(2, Request::Get(bytes("x")), 1);
    assert_eq!(history.complete(read, 2, Answer::Value(Some(bytes("1")))), Ok(()));
    assert!(matches!(check::<KeyValue>(&history, BUDGET), Verdict::NotLinearizable(_)));
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    let mut history: History<Request, Answer> = History::default();
    let call = history.invoke(1, Request::Get(bytes("x")), 5);
    let early = history.complete(call, 4, Answer::Value(None)).expect_err("before it was invoked");
    assert_eq!(early.to_string(), "operation 0 cannot complete at 4; it was invoked at 5");
    assert_eq!(history.complete(call, 5, Answer::Value(None)), Ok(()));
    assert_eq!(history.no_effect(call), Err(CannotRecord::CompletedTwice(call)));
    assert_eq!(history.complete(call, 6, Answer::Done), Err(CannotRecord::CompletedTwice(call)));
    assert_eq!(history.no_effect(Call(1)), Err(CannotRecord::NotInvoked(Call(1))));
    let call = history.invoke(1, Request::Get(bytes("x")), 7);
    assert_eq!(history.no_effect(call), Ok(()));
    assert_eq!(history.no_effect(call), Err(CannotRecord::NotInvoked(call)));
}
