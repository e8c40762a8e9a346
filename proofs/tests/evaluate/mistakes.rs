//! Seeded mistakes: in the description, and in the making of structures. Real and forbidden steps must tell.

use crate::agreement::{Judge, Seen};
use crate::walk::{Attempt, Walk, any_state};
use quorate_proofs::ast::{Action, Description, Expression};
use quorate_proofs::evaluate::{Evaluator, Tables};
use quorate_proofs::{REPLICATION, mutation, parse};
use std::collections::BTreeMap;

/// A step, and what the specification says of it.
struct Case {
    seen: Seen,
    verdict: Verdict,
}

/// What the specification says of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// It is one.
    Allowed,
    /// A guard forbids it, wherever it leads.
    Forbidden,
    /// It leads elsewhere.
    Elsewhere,
}

/// Steps that are allowed, steps that are not, and steps that are but lead elsewhere: from states that are reached, and
/// from states of which chance says what they are.
fn cases(judge: &Judge) -> Vec<Case> {
    let mut random = fastrand::Rng::with_seed(3);
    let mut cases = Vec::new();
    for seed in 0..20 {
        let mut walk = Walk::new(3, seed);
        for _ in 0..300 {
            add_cases(judge, &walk.attempt(), &mut random, &mut cases);
        }
    }
    for seed in 0..1_500 {
        let state = any_state(3, &mut random);
        let mut walk = Walk { state, ..Walk::new(3, seed) };
        for _ in 0..4 {
            add_cases(judge, &walk.attempt(), &mut random, &mut cases);
        }
    }
    cases
}

fn add_cases(judge: &Judge, attempt: &Attempt, random: &mut fastrand::Rng, cases: &mut Vec<Case>) {
    let vocabulary = judge.evaluator.vocabulary();
    let allowed = attempt.result.is_ok();
    let Some(seen) = judge.see(attempt) else { return };
    let verdict = if allowed { Verdict::Allowed } else { Verdict::Forbidden };
    cases.push(Case { seen, verdict });
    for _ in 0..if allowed { 6 } else { 0 } {
        let mut elsewhere = judge.see(attempt).expect("it was seen");
        let symbol = random.usize(..vocabulary.symbols.len());
        let size = elsewhere.shape.size(vocabulary.symbols[symbol].result);
        let cell = random.usize(..elsewhere.shape.cells(symbol));
        let value = elsewhere.after.at(&elsewhere.shape, symbol, cell);
        let other = (usize::from(value) + 1) % size;
        // What an entry carries is said only where the log has one, when it is replaced.
        let is_open = vocabulary.symbols[symbol].name == "lval";
        if is_open || size < 2 || !vocabulary.symbols[symbol].is_state {
            continue;
        }
        elsewhere.after.put(&elsewhere.shape, symbol, cell, other as u8);
        cases.push(Case { seen: elsewhere, verdict: Verdict::Elsewhere });
    }
}

/// Whether the evaluator decides a case otherwise than the specification.
fn disagrees(evaluator: &Evaluator, case: &Case) -> bool {
    let Seen { action, parameters, .. } = &case.seen;
    let states = case.seen.states();
    match case.verdict {
        Verdict::Allowed => evaluator.step(*action, parameters, states).is_err(),
        Verdict::Elsewhere => evaluator.step(*action, parameters, states).is_ok(),
        Verdict::Forbidden => evaluator.guards(*action, parameters, states).all(|(_, holds)| holds),
    }
}

/// Whether the evaluator of a changed description decides some case otherwise.
fn is_seen(mutant: &Description, cases: &[Case]) -> bool {
    let evaluator = Evaluator::new(mutant).expect("not larger than before");
    cases.iter().any(|case| disagrees(&evaluator, case))
}

/// Every way to take one part of a formula away, or to turn it round.
fn changes(formula: &Expression) -> Vec<(String, Expression)> {
    use Expression::{And, Equal, Exists, Forall, IfThenElse, Implies, Not, Or};
    let mut found = Vec::new();
    let one = |part: &Expression| changes(part);
    match formula {
        And(parts) | Or(parts) => {
            let again = |parts| if matches!(formula, And(_)) { And(parts) } else { Or(parts) };
            for place in 0..parts.len() {
                let mut without = parts.clone();
                let gone = without.remove(place);
                found.push((format!("without {gone:?}"), again(without)));
                for (what, changed) in one(&parts[place]) {
                    let mut other = parts.clone();
                    other[place] = changed;
                    found.push((what, again(other)));
                }
            }
        }
        Not(part) => {
            found.push(("not what it was".to_owned(), (**part).clone()));
        }
        Implies(a, b) => {
            found.push((format!("without the condition {a:?}"), (**b).clone()));
            let changed = one(b).into_iter();
            found.extend(changed.map(|(what, b)| (what, Implies(a.clone(), Box::new(b)))));
        }
        Equal(a, b) => {
            let negated = Not(Box::new(Equal(a.clone(), b.clone())));
            found.push((format!("not {formula:?}"), negated));
            let changed = one(b).into_iter();
            found.extend(changed.map(|(what, b)| (what, Equal(a.clone(), Box::new(b)))));
        }
        IfThenElse(condition, yes, no) => {
            let swapped = IfThenElse(condition.clone(), no.clone(), yes.clone());
            found.push((format!("the other way round {formula:?}"), swapped));
            for (what, changed) in one(condition) {
                found.push((what, IfThenElse(Box::new(changed), yes.clone(), no.clone())));
            }
        }
        Forall(bound, body) => {
            let changed = one(body).into_iter();
            found.extend(changed.map(|(what, body)| (what, Forall(bound.clone(), Box::new(body)))));
        }
        Exists(bound, body) => {
            let changed = one(body).into_iter();
            found.extend(changed.map(|(what, body)| (what, Exists(bound.clone(), Box::new(body)))));
        }
        _ => {}
    }
    found
}

/// Every description with one guard or update gone, or changed; and what was done.
fn mutants(description: &Description) -> Vec<(String, Description)> {
    let mut mutants = Vec::new();
    let mut add = |place: usize, what: String, action: Action| {
        let mut mutant = description.clone();
        let what = format!("{}: {what}", action.name);
        mutant.actions[place] = action;
        mutants.push((what, mutant));
    };
    for (place, action) in description.actions.iter().enumerate() {
        for at in 0..action.guards.len() {
            let mut without = action.clone();
            let gone = without.guards.remove(at);
            add(place, format!("no guard {}", gone.name), without);
            for (what, formula) in changes(&gone.formula) {
                let mut changed = action.clone();
                changed.guards[at].formula = formula;
                add(place, format!("guard {}, {what}", gone.name), changed);
            }
        }
        for at in 0..action.updates.len() {
            let mut without = action.clone();
            without.updates.remove(at);
            add(place, format!("no update {}", at + 1), without);
            for (what, formula) in changes(&action.updates[at]) {
                let mut changed = action.clone();
                changed.updates[at] = formula;
                add(place, format!("update {}, {what}", at + 1), changed);
            }
        }
    }
    // Definitions that actions use; those of claims come later.
    for (place, known) in description.definitions.iter().enumerate() {
        for (what, body) in changes(&known.body).into_iter().filter(|_| known.name != "choosable") {
            let mut mutant = description.clone();
            mutant.definitions[place].body = body;
            mutants.push((format!("{}: {what}", known.name), mutant));
        }
    }
    mutants
}

/// Changes that make no difference to steps of the specification, and why.
const SAME: [(&str, &str); 6] = [
    (
        "apply: no guard index_not_after_chosen",
        "the specification looks up what has chosen an index, and never finds anything before it",
    ),
    (
        "apply: guard holds_chosen_entry, without Apply { symbol: \"log\", when: Now, arguments: [Variable(\"n\"), \
         Variable(\"j\"), Variable(\"u\")] }",
        "the parameter u is the term of what the node holds there",
    ),
    (
        "replicate: guard previous_matches, without Apply { symbol: \"log\", when: Now, arguments: [Variable(\"n\"), \
         Variable(\"p\"), Variable(\"pt\")] }",
        "so is the parameter pt",
    ),
    (
        "replicate: guard previous_not_after_last, without the condition Variable(\"hp\")",
        "where there is no previous entry, the first index stands for it",
    ),
    (
        "replicate: no guard term_has_leader",
        "only a term with a leader has a log that reaches anything",
    ),
    ("commit: no guard term_has_leader", "only a term with a leader has a log with an entry"),
];

#[test]
fn every_part_of_every_action_matters() {
    let judge = Judge::of(REPLICATION);
    let cases = cases(&judge);
    assert!(!cases.iter().any(|case| disagrees(&judge.evaluator, case)));
    let mutants = mutants(&parse(REPLICATION).expect("it is well formed"));
    let count = mutants.len();
    let unseen = mutants.into_iter().filter(|(_, mutant)| !is_seen(mutant, &cases));
    let unseen: Vec<String> = unseen.map(|(what, _)| what).collect();
    let missed = |mutant: &&String| !SAME.iter().any(|(same, _)| same == mutant);
    let missed: Vec<&str> = unseen.iter().filter(missed).map(String::as_str).collect();
    println!("{count} changes, {} cases", cases.len());
    assert!(missed.is_empty(), "{} of {count} unseen:\n{}", missed.len(), missed.join("\n"));
    assert_eq!(unseen.len(), SAME.len(), "each of these is still needed: {unseen:#?}");
}

#[test]
fn every_listed_mistake_of_an_action_is_seen() {
    let judge = Judge::of(REPLICATION);
    let cases = cases(&judge);
    let own = parse(REPLICATION).expect("it is well formed");
    let (mut seen, mut unseen) = (0, Vec::new());
    for mistake in mutation::own().expect("the list is well formed") {
        let mutant = mistake.apply().expect("it applies");
        // What is not about these actions, no step of them can show.
        if mutant.actions[..own.actions.len()] == own.actions {
            continue;
        }
        match is_seen(&mutant, &cases) {
            true => seen += 1,
            false => unseen.push(mistake.name),
        }
    }
    println!("{seen} seen");
    assert_eq!(
        unseen,
        ["apply_beyond", "take_from_no_leader", "commit_without_leader"],
        "the reasons are those of `SAME`"
    );
}

#[test]
fn a_structure_that_forgets_a_relation_is_noticed() {
    let judge = Judge::of(REPLICATION);
    let vocabulary = judge.evaluator.vocabulary();
    let mut cases = cases(&judge);
    cases.retain(|case| case.verdict == Verdict::Allowed);
    let mut noticed: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, symbol) in vocabulary.symbols.iter().enumerate() {
        let forgotten = cases.iter().filter(|case| {
            let Seen { action, parameters, shape, before, after } = &case.seen;
            let forget = |tables: &Tables| {
                let mut tables = tables.clone();
                (0..shape.cells(number)).for_each(|cell| tables.put(shape, number, cell, 0));
                tables
            };
            let (before, after) = (forget(before), forget(after));
            let states = quorate_proofs::evaluate::States { shape, before: &before, after: &after };
            judge.evaluator.step(*action, parameters, states).is_err()
                || judge.evaluator.axioms(shape, &after).is_err()
                || judge.evaluator.claims(shape, &after).is_err()
        });
        noticed.insert(&symbol.name, forgotten.count());
    }
    println!("{noticed:?}");
    // The first term is the first element; with nothing said of it, it still is.
    let missed = noticed.iter().filter(|(name, count)| **count == 0 && **name != "t0");
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "{missed:?}");
}
