//! What the objects say of themselves to shorten the search is so, in every state that is tried.

use crate::generate::{ALL_KINDS, Plan, contents, linearizable};
use quorate_cluster::Command;
use quorate_spec::linearizability::{
    Bytes, CommandLog, Commands, KeyValue, Left, LogOperation, Object, Request, Trace,
};
use std::collections::BTreeMap;

/// Whether the contract of `notices` is kept in one state, where it denies.
fn keeps_contract<O: Object>(
    state: &O::State,
    by: &O::Op,
    answer: Option<&O::Answer>,
    of: &O::Op,
) -> bool
where
    O::State: core::fmt::Debug,
{
    let apply = |state: &O::State, op| {
        let (next, answer) = O::apply(state, op);
        (next.unwrap_or_else(|| state.clone()), answer)
    };
    let (after_of, _) = apply(state, of);
    let (after_both, late_answer) = apply(&after_of, by);
    if answer.is_some_and(|answer| *answer != late_answer) {
        return true;
    }
    let (after_by, early_answer) = apply(state, by);
    let (after_by_and_of, _) = apply(&after_by, of);
    answer.is_none_or(|answer| *answer == early_answer)
        && [after_by, after_by_and_of].contains(&after_both)
}

/// The request as requests for one key each, one after the other.
fn parts(request: &Request) -> Vec<Request> {
    match request {
        Request::SetAll(pairs) => {
            // Of two values for a key only the second stays.
            let pairs: BTreeMap<_, _> = pairs.iter().cloned().collect();
            pairs.into_iter().map(|(key, value)| Request::Set(key, value)).collect()
        }
        Request::Delete(keys) => {
            keys.iter().map(|key| Request::Delete(vec![key.clone()])).collect()
        }
        _ => vec![request.clone()],
    }
}

#[test]
fn the_store_denies_only_what_cannot_be_noticed() {
    let plan = Plan {
        clients: 3,
        operations: 200,
        keys: 2,
        values: 3,
        unknown: 200,
        delay: 2,
        kinds: ALL_KINDS,
    };
    let (mut denied, mut granted) = (0, 0);
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let history = linearizable(plan, &mut random);
        let operations: Vec<_> = history.operations().map(|(_, operation)| operation).collect();
        for _ in 0..5_000 {
            let by = operations[random.usize(..operations.len())];
            let of = operations[random.usize(..operations.len())];
            let answer = by.completed.as_ref().map(|(_, answer)| answer);
            let parts = parts(&of.op);
            if parts.len() > 1 {
                let one = parts.iter().any(|part| KeyValue::notices(&by.op, answer, part));
                assert_eq!(KeyValue::notices(&by.op, answer, &of.op), one);
                continue;
            }
            if KeyValue::notices(&by.op, answer, &of.op) {
                granted += 1;
                continue;
            }
            denied += 1;
            for _ in 0..4 {
                let state = contents(plan, &mut random);
                assert!(
                    keeps_contract::<KeyValue>(&state, &by.op, answer, &of.op),
                    "seed {seed}: in {state}, {} -> {answer:?} notices {}",
                    by.op,
                    of.op,
                );
            }
        }
    }
    println!("denied {denied}, granted {granted}");
    assert!(denied > 1_000 && granted > 1_000, "denied {denied}, granted {granted}");
}

/// All lists of up to three of four commands, without repetition.
fn lists() -> Vec<Commands> {
    let mut lists = vec![Commands::default()];
    for place in 0.. {
        let Some(list) = lists.get(place).cloned() else { break };
        for command in (1..=4).map(Command).filter(|command| !list.0.contains(command)) {
            if list.0.len() < 3 {
                lists.push(CommandLog::apply(&list, &LogOperation::Append(command)).1);
            }
        }
    }
    lists
}

#[test]
fn the_list_denies_only_what_is_so() {
    let lists = lists();
    assert_eq!(lists.len(), 1 + 4 + 12 + 24);
    let operations: Vec<LogOperation> = [LogOperation::Read]
        .into_iter()
        .chain((1..=4).map(|c| LogOperation::Append(Command(c))))
        .collect();
    let (mut denied, mut unreachable) = (0, 0);
    for (by, state) in operations.iter().flat_map(|by| lists.iter().map(move |list| (by, list))) {
        let answers = lists.iter().map(Some).chain([None]);
        for (answer, of) in answers.flat_map(|answer| operations.iter().map(move |of| (answer, of)))
        {
            if !CommandLog::notices(by, answer, of) {
                denied += 1;
                assert!(
                    keeps_contract::<CommandLog>(state, by, answer, of),
                    "{state} {by} {answer:?} {of}"
                );
            }
        }
        for answer in lists.iter().filter(|answer| !CommandLog::reaches(state, by, answer)) {
            unreachable += 1;
            let later = lists.iter().filter(|later| later.0.starts_with(&state.0));
            assert!(later.into_iter().all(|later| CommandLog::apply(later, by).1 != *answer));
        }
    }
    assert!(denied > 1_000 && unreachable > 1_000, "{denied} {unreachable}");
}

/// Whether what a trace says of a key is so for its values before and after the operation.
fn is_so(trace: &Trace<Bytes>, before: Option<&Bytes>, after: Option<&Bytes>) -> bool {
    let was_seen = trace.saw.is_none() || trace.saw.as_ref() == before;
    was_seen
        && match &trace.left {
            Left::Same => after == before,
            Left::Value(value) => after == Some(value),
            Left::Nothing => after.is_none(),
            Left::SameOr(value) => after == before || after == Some(value),
            Left::Anything => true,
        }
}

#[test]
fn the_store_says_only_of_its_operations_what_they_do() {
    let (keys, kinds) = (2, ALL_KINDS);
    let plan = Plan { clients: 3, operations: 300, keys, values: 3, unknown: 0, delay: 2, kinds };
    let (mut free, mut seen, mut left) = (0, 0, 0);
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let history = linearizable(plan, &mut random);
        for (_, operation) in history.operations() {
            let request = &operation.op;
            let before = contents(plan, &mut random);
            let (next, answer) = KeyValue::apply(&before, request);
            let after = next.as_ref().unwrap_or(&before);
            if KeyValue::changes_nothing(request, &answer) {
                free += 1;
                assert_eq!(*after, before, "{request} -> {answer}");
            }
            let named = KeyValue::keys(request);
            for answer in [Some(&answer), None] {
                let traces = KeyValue::traces(request, answer);
                for trace in &traces {
                    let key = &named[trace.key];
                    seen += usize::from(trace.saw.is_some());
                    left += usize::from(trace.left != Left::Same);
                    let holds = is_so(trace, before.get(key), after.get(key));
                    assert!(holds, "{before}: {request} -> {answer:?}: {trace:?}");
                }
                for key in named.iter().filter(|key| before.get(key) != after.get(key)) {
                    let is_told = traces.iter().any(|trace| named[trace.key] == *key);
                    assert!(is_told, "{before}: {request} -> {answer:?}: nothing of {key}");
                }
            }
        }
    }
    assert!(free > 500 && seen > 500 && left > 500, "{free} {seen} {left}");
}
