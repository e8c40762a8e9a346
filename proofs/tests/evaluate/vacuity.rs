//! What is wanting when a guard says nothing: as a relation and as the specification looks for it, it is the same, and
//! the guard follows from it.

use crate::agreement::Judge;
use crate::walk::{Attempt, attempts};
use quorate_proofs::REPLICATION;
use quorate_spec::{GUARDS, Guard};
use std::collections::BTreeMap;

/// What a guard is called that says what is wanting.
const WANTING: &str = "wanting_";

/// What a guard is called that says that another one follows from it.
const FOLLOWS: &str = "follows_";

/// The description with two guards more for each that has a vacuity.
fn with_vacuities() -> String {
    let mut description = REPLICATION.to_owned();
    let mut known: Vec<&str> = Vec::new();
    for guard in GUARDS {
        let Guard { name, relation, vacuity, .. } = guard;
        let Some(vacuity) = vacuity.filter(|_| !known.contains(name)) else { continue };
        known.push(name);
        let wanting = vacuity.relation();
        let more = format!(
            "(guard {WANTING}{name} {wanting})\n  (guard {FOLLOWS}{name} (=> {wanting} {relation}))"
        );
        // Actions that have a guard of this name all have the same one.
        let old = format!("(guard {name}");
        assert!(description.contains(&old), "{name}");
        description = description.replace(&old, &format!("{more}\n  {old}"));
    }
    description
}

/// How often each guard was found exercised, and not.
type Found = BTreeMap<&'static str, [u64; 2]>;

/// Asks both about an attempt, whether it is allowed or not.
fn compare(judge: &Judge, attempt: &Attempt, found: &mut Found) {
    let Some(seen) = judge.see(attempt) else { return };
    let exercised = attempt.before.exercised_by(&attempt.action);
    for (name, holds) in judge.evaluator.guards(seen.action, &seen.parameters, seen.states()) {
        assert!(holds || !name.starts_with(FOLLOWS), "{:?}: {name}", attempt.action);
        let Some(name) = name.strip_prefix(WANTING) else { continue };
        let is_this = |guard: &&Guard| guard.action == attempt.action.name() && guard.name == name;
        let guard = GUARDS.iter().find(is_this).expect("a guard of the action");
        let says_something = exercised.guards().any(|exercised| exercised == guard);
        assert_eq!(says_something, !holds, "{:?}: {name}", attempt.action);
        found.entry(guard.full_name).or_default()[usize::from(holds)] += 1;
    }
}

#[test]
fn a_guard_is_vacuous_where_its_relation_says_so() {
    let judge = Judge::of(&with_vacuities());
    let mut found = Found::new();
    attempts((100, 1_000), 2, |attempt| compare(&judge, attempt, &mut found));
    println!("{found:?}");
    let expected = GUARDS.iter().filter(|guard| guard.vacuity.is_some());
    let expected = expected.map(|guard| guard.full_name);
    assert!(expected.clone().all(|name| found.contains_key(name)), "{found:?}");
    assert_eq!(expected.count(), found.len());
    assert!(found.values().flatten().all(|times| *times > 10), "{found:?}");
}
