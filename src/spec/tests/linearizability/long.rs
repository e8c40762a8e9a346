//! Long histories: the work grows with their length, and a mistake at their end is found.

use crate::brute_force::follow;
use crate::comparison::{KnowsNothing, Wrong};
use crate::generate::{ALL_KINDS, GET_AND_SET, Plan, changed, linearizable};
use quorate_spec::linearizability::{Answer, Call, KeyValue, Request, Verdict, bytes, check};

const PLAN: Plan = Plan {
    clients: 16,
    operations: 100_000,
    keys: 8,
    values: 0,
    unknown: 10,
    delay: 20,
    kinds: GET_AND_SET,
};

#[test]
fn a_hundred_thousand_operations_take_a_few_placements_each() {
    let plans = [
        PLAN,
        Plan { clients: 8, ..PLAN },
        Plan { clients: 32, ..PLAN },
        Plan { kinds: [4, 4, 0, 0, 0, 1, 1], ..PLAN },
        Plan { kinds: [4, 4, 0, 1, 1, 0, 0], ..PLAN },
        Plan { kinds: ALL_KINDS, unknown: 0, ..PLAN },
        Plan { keys: 1, ..PLAN },
    ];
    for plan in plans {
        let mut random = fastrand::Rng::with_seed(7);
        let history = linearizable(plan, &mut random);
        let begun = std::time::Instant::now();
        let verdict = check::<KeyValue>(&history, 20 * plan.operations as u64);
        println!("{plan:?}: {:?}", begun.elapsed());
        let Verdict::Linearizable { orders } = verdict else { panic!("{plan:?}: {verdict}") };
        for order in orders {
            let order: Vec<_> = order.into_iter().filter_map(|call| history.get(call)).collect();
            follow::<KeyValue>(&order).unwrap_or_else(|why| panic!("{plan:?}: {why}"));
        }
    }
}

#[test]
fn a_stale_read_late_in_a_long_history_is_found() {
    let mut random = fastrand::Rng::with_seed(8);
    let history = linearizable(PLAN, &mut random);
    let reads = history.operations().filter(|(_, operation)| {
        matches!(operation.op, Request::Get(_)) && operation.completed.is_some()
    });
    let Some((late, _)) = reads.last() else { panic!("no read") };
    let stale = changed(&history, |place, at, _, answer| {
        let answer =
            if Call(place) == late { Answer::Value(Some(bytes("1"))) } else { answer.clone() };
        Some((at, answer))
    });
    let begun = std::time::Instant::now();
    let verdict = check::<KeyValue>(&stale, 20 * PLAN.operations as u64);
    println!("{:?}: {verdict}", begun.elapsed());
    let Verdict::NotLinearizable(refutation) = verdict else { panic!("{verdict}") };
    assert_eq!(refutation.stuck, late);
}

/// Bounds of about twice what the hardest of eight histories needs, for each part of them. Whoever shortens the
/// search less needs more, and gives up on some: on most, if the object says nothing of its operations.
#[test]
fn a_thousand_operations_take_few_placements() {
    let several_keys = [4, 4, 0, 0, 0, 1, 1];
    let conditional = [4, 4, 0, 1, 1, 0, 0];
    let bounds = [
        (PLAN, 170),
        (Plan { clients: 32, ..PLAN }, 270),
        (Plan { keys: 1, ..PLAN }, 2_000),
        (Plan { keys: 1, unknown: 200, ..PLAN }, 2_000),
        (Plan { values: 4, ..PLAN }, 260),
        (Plan { kinds: conditional, ..PLAN }, 260),
        (Plan { kinds: several_keys, ..PLAN }, 8_000),
        (Plan { kinds: ALL_KINDS, unknown: 0, ..PLAN }, 13_000),
    ];
    let mut given_up = 0;
    for (plan, bound) in bounds {
        let plan = Plan { operations: 1_000, ..plan };
        for seed in 0..8 {
            let history = linearizable(plan, &mut fastrand::Rng::with_seed(seed));
            let verdict = check::<KeyValue>(&history, bound);
            let is_explained = matches!(verdict, Verdict::Linearizable { .. });
            assert!(is_explained, "{plan:?}, seed {seed}: {verdict}");
            let slow = check::<Wrong<KnowsNothing>>(&history, bound);
            given_up += usize::from(matches!(slow, Verdict::Incomplete { .. }));
        }
    }
    println!("an object that says nothing: {given_up} of 64 given up");
    assert!(given_up > 32, "{given_up}");
}
