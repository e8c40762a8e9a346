//! The check says of every small history what brute force says, and checks with mistakes do not.

use crate::brute_force::{follow, is_linearizable};
use crate::generate::{ALL_KINDS, Plan, StoreHistory, linearizable, with_wrong_answers};
use core::marker::PhantomData;
use quorate_spec::linearizability::{
    Answer, BUDGET, Bytes, Contents, History, KeyValue, Left, Object, Request, Trace, Verdict,
    check,
};
use std::collections::BTreeSet;

/// How many histories are compared.
const HISTORIES: u64 = 6_000;

fn plan(random: &mut fastrand::Rng) -> Plan {
    Plan {
        clients: random.u64(2..=4),
        operations: random.usize(3..=7),
        keys: random.usize(1..=3),
        values: random.usize(2..=4),
        unknown: [0, 200, 500][random.usize(..3)],
        delay: random.u64(1..=4),
        kinds: [ALL_KINDS, [1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 2, 2], [1, 1, 1, 2, 1, 0, 0]]
            [random.usize(..4)],
    }
}

/// A history, and whether it is linearizable.
fn sample(seed: u64) -> (StoreHistory, bool) {
    let mut random = fastrand::Rng::with_seed(seed);
    let plan = plan(&mut random);
    let history = linearizable(plan, &mut random);
    if seed.is_multiple_of(4) {
        assert!(is_linearizable::<KeyValue>(&history), "seed {seed}: a store gave rise to it");
        return (history, true);
    }
    let history = with_wrong_answers(&history, plan, &mut random);
    let expected = is_linearizable::<KeyValue>(&history);
    (history, expected)
}

fn says_linearizable<O: Object>(history: &History<O::Op, O::Answer>) -> bool {
    matches!(check::<O>(history, BUDGET), Verdict::Linearizable { .. })
}

#[test]
fn the_check_agrees_with_brute_force() {
    let mut seen = [0, 0];
    let mut with_unknown = [0, 0];
    for seed in 0..HISTORIES {
        let (history, expected) = sample(seed);
        seen[usize::from(expected)] += 1;
        let has_unknown = history.operations().any(|(_, o)| o.completed.is_none());
        with_unknown[usize::from(expected)] += usize::from(has_unknown);
        match check::<KeyValue>(&history, BUDGET) {
            Verdict::Linearizable { orders } => {
                assert!(expected, "seed {seed}: linearizable? {history:?}");
                let mut completed = history.operations().filter(|(_, o)| o.completed.is_some());
                let placed: Vec<_> = orders.iter().flatten().collect();
                assert!(completed.all(|(call, _)| placed.contains(&&call)), "seed {seed}");
                let once: BTreeSet<_> = placed.iter().collect();
                assert_eq!(once.len(), placed.len(), "seed {seed}: placed twice: {orders:?}");
                for order in &orders {
                    let order: Vec<_> =
                        order.iter().filter_map(|call| history.get(*call)).collect();
                    follow::<KeyValue>(&order).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
                }
            }
            Verdict::NotLinearizable(refutation) => {
                assert!(!expected, "seed {seed}: {refutation}");
                let order = refutation.order.iter().filter_map(|call| history.get(*call));
                follow::<KeyValue>(&order.collect::<Vec<_>>())
                    .unwrap_or_else(|why| panic!("seed {seed}: {why} in\n{refutation}"));
                assert!(!refutation.order.contains(&refutation.stuck), "seed {seed}");
            }
            Verdict::Incomplete { .. } => panic!("seed {seed}: gave up"),
        }
    }
    println!("not linearizable, linearizable: {seen:?}; with unknown outcomes: {with_unknown:?}");
    assert!(seen.iter().all(|count| *count > 1_000), "{seen:?}");
    assert!(with_unknown.iter().all(|count| *count > 500), "{with_unknown:?}");
}

/// In how many of the histories a wrong check is wrong.
fn mistakes(is_ok: impl Fn(&StoreHistory) -> bool) -> usize {
    (0..2_000)
        .filter(|seed| {
            let (history, expected) = sample(*seed);
            is_ok(&history) != expected
        })
        .count()
}

/// The history as a check with a mistake sees it.
fn rewritten(
    history: &StoreHistory,
    change: impl Fn(u64, Option<(u64, Answer)>) -> Option<(u64, Option<(u64, Answer)>)>,
) -> StoreHistory {
    let mut other = StoreHistory::default();
    for (_, operation) in history.operations() {
        let changed = change(operation.invoked, operation.completed.clone());
        let Some((invoked, completed)) = changed else { continue };
        let call = other.invoke(operation.client, operation.op.clone(), invoked);
        if let Some((at, answer)) = completed {
            other.complete(call, at, answer).expect("it was invoked");
        }
    }
    other
}

#[test]
fn a_check_that_misreads_histories_is_noticed() {
    assert_eq!(mistakes(says_linearizable::<KeyValue>), 0);
    let without_time = |history: &StoreHistory| {
        let all_at_once =
            |_, completed: Option<(u64, Answer)>| Some((0, completed.map(|(_, a)| (1, a))));
        says_linearizable::<KeyValue>(&rewritten(history, all_at_once))
    };
    assert!(mistakes(without_time) > 20, "a check that ignores the order of time");
    let unknown_never = |history: &StoreHistory| {
        let never = |at, completed: Option<(u64, Answer)>| completed.map(|done| (at, Some(done)));
        says_linearizable::<KeyValue>(&rewritten(history, never))
    };
    assert!(mistakes(unknown_never) > 20, "a check that takes unknown for never");
    let touching_in_order = |history: &StoreHistory| {
        let apart = |at, done: Option<(u64, Answer)>| {
            Some((
                2 * at + 1,
                done.map(|(end, answer)| (if end == at { 2 * end + 1 } else { 2 * end }, answer)),
            ))
        };
        says_linearizable::<KeyValue>(&rewritten(history, apart))
    };
    assert!(mistakes(touching_in_order) > 5, "a check that orders what touches");
    let hasty = |history: &StoreHistory| {
        !matches!(check::<KeyValue>(history, 3), Verdict::NotLinearizable(_))
    };
    assert!(mistakes(hasty) > 20, "a caller that takes incomplete for linearizable");
}

/// A store that differs from the real one in one function.
pub(crate) struct Wrong<Mistake>(PhantomData<Mistake>);

pub(crate) trait Differs {
    fn keys(op: &Request) -> Vec<Bytes> {
        KeyValue::keys(op)
    }
    fn changes_nothing(op: &Request, answer: &Answer) -> bool {
        KeyValue::changes_nothing(op, answer)
    }
    fn notices(by: &Request, answer: Option<&Answer>, of: &Request) -> bool {
        KeyValue::notices(by, answer, of)
    }
    fn traces(op: &Request, answer: Option<&Answer>) -> Vec<Trace<Bytes>> {
        KeyValue::traces(op, answer)
    }
    fn reaches(state: &Contents, op: &Request, answer: &Answer) -> bool {
        KeyValue::reaches(state, op, answer)
    }
}

impl<Mistake: Differs> Object for Wrong<Mistake> {
    type Key = Bytes;
    type Op = Request;
    type Answer = Answer;
    type Value = Bytes;
    type State = Contents;

    fn keys(op: &Request) -> Vec<Bytes> {
        Mistake::keys(op)
    }
    fn initial(keys: &[Bytes]) -> Contents {
        KeyValue::initial(keys)
    }
    fn apply(state: &Contents, op: &Request) -> (Option<Contents>, Answer) {
        KeyValue::apply(state, op)
    }
    fn changes_nothing(op: &Request, answer: &Answer) -> bool {
        Mistake::changes_nothing(op, answer)
    }
    fn notices(by: &Request, answer: Option<&Answer>, of: &Request) -> bool {
        Mistake::notices(by, answer, of)
    }
    fn traces(op: &Request, answer: Option<&Answer>) -> Vec<Trace<Bytes>> {
        Mistake::traces(op, answer)
    }
    fn reaches(state: &Contents, op: &Request, answer: &Answer) -> bool {
        Mistake::reaches(state, op, answer)
    }
}

/// Keys that one operation joins are not joined.
struct FirstKeyOnly;
impl Differs for FirstKeyOnly {
    fn keys(op: &Request) -> Vec<Bytes> {
        KeyValue::keys(op).into_iter().take(1).collect()
    }
}

/// No operation of unknown outcome is ever noticed.
struct BlindReaders;
impl Differs for BlindReaders {
    fn notices(_by: &Request, _answer: Option<&Answer>, _of: &Request) -> bool {
        false
    }
}

/// Only reads notice anything.
struct OnlyReadersSee;
impl Differs for OnlyReadersSee {
    fn notices(by: &Request, answer: Option<&Answer>, of: &Request) -> bool {
        let is_read = matches!(by, Request::Get(_) | Request::GetAll(_));
        is_read && KeyValue::notices(by, answer, of)
    }
}

/// A write whose answer is the same in every state is taken for one that changes nothing.
struct WritesAreFree;
impl Differs for WritesAreFree {
    fn changes_nothing(_op: &Request, answer: &Answer) -> bool {
        *answer == Answer::Done
    }
}

/// An answer that is not there yet never comes.
struct NoHope;
impl Differs for NoHope {
    fn traces(op: &Request, answer: Option<&Answer>) -> Vec<Trace<Bytes>> {
        KeyValue::traces(op, answer)
    }
    fn reaches(state: &Contents, op: &Request, answer: &Answer) -> bool {
        KeyValue::apply(state, op).1 == *answer
    }
}

/// Who reads a value is said to take it away.
struct ReadersTakeAway;
impl Differs for ReadersTakeAway {
    fn traces(op: &Request, answer: Option<&Answer>) -> Vec<Trace<Bytes>> {
        let mut traces = KeyValue::traces(op, answer);
        if matches!(op, Request::Get(_) | Request::GetAll(_)) {
            traces.iter_mut().for_each(|trace| trace.left = Left::Nothing);
        }
        traces
    }
}

/// Everything may be noticed by everything, and nobody says what he saw: slower, and right.
pub(crate) struct KnowsNothing;
impl Differs for KnowsNothing {
    fn changes_nothing(_op: &Request, _answer: &Answer) -> bool {
        false
    }
    fn traces(_op: &Request, _answer: Option<&Answer>) -> Vec<Trace<Bytes>> {
        Vec::new()
    }
    fn notices(_by: &Request, _answer: Option<&Answer>, _of: &Request) -> bool {
        true
    }
}

#[test]
fn an_object_that_says_what_is_not_so_is_noticed() {
    assert_eq!(mistakes(says_linearizable::<Wrong<KnowsNothing>>), 0);
    assert!(mistakes(says_linearizable::<Wrong<FirstKeyOnly>>) > 5);
    assert!(mistakes(says_linearizable::<Wrong<BlindReaders>>) > 20);
    assert!(mistakes(says_linearizable::<Wrong<OnlyReadersSee>>) > 2);
    assert!(mistakes(says_linearizable::<Wrong<WritesAreFree>>) > 20);
    assert!(mistakes(says_linearizable::<Wrong<ReadersTakeAway>>) > 2);
    assert!(mistakes(says_linearizable::<Wrong<NoHope>>) > 2);
}
