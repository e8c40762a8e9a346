//! Mistakes in the protocol must not be provable, and every one that is listed must be one.

use quorate_proofs::mutation::{Mutation, mutations, own};
use quorate_proofs::prove::{Decided, Outcome, Plan, Verdict, outcome, prove};
use quorate_proofs::queries::{Query, queries};
use quorate_proofs::solver::{Attempt, Limits, Solver};
use quorate_proofs::{REPLICATION, parse};
use std::path::Path;

fn all() -> Vec<Mutation> {
    own().unwrap_or_else(|problem| panic!("{problem}"))
}

#[test]
fn every_mutation_changes_the_protocol_and_breaks_queries_that_there_are() {
    let protocol = parse(REPLICATION).unwrap_or_else(|problem| panic!("{problem}"));
    let all = all();
    assert!(all.iter().filter(|mutation| !mutation.is_unneeded()).count() >= 20);
    for mutation in &all {
        let name = &mutation.name;
        assert_eq!(all.iter().filter(|other| other.name == *name).count(), 1, "{name}");
        let broken = mutation.apply().unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_ne!(broken, protocol, "{name}");
        let queries = queries(&broken);
        for query in &mutation.fails {
            assert!(queries.iter().any(|known| known.name == *query), "{name}: no query {query}");
        }
    }
}

#[test]
fn every_guard_is_either_needed_or_known_to_be_unneeded() {
    let protocol = parse(REPLICATION).unwrap_or_else(|problem| panic!("{problem}"));
    let changed: Vec<_> = all()
        .iter()
        .map(|mutation| mutation.apply().unwrap_or_else(|problem| panic!("{problem}")))
        .collect();
    for action in &protocol.actions {
        for guard in &action.guards {
            let lacks = changed.iter().any(|description| {
                let same = description.action(&action.name);
                same.is_some_and(|same| !same.guards.contains(guard))
            });
            assert!(lacks, "no mutation takes away or weakens {} of {}", guard.name, action.name);
        }
    }
}

#[test]
fn lists_of_mutations_are_refused_where_they_are_wrong() {
    let problem = |text: &str| mutations(text).err().map(|problem| problem.to_string());
    assert!(
        problem("\n (mutant a \"A.\" (fails b) (without c d))")
            .is_some_and(|p| p.starts_with("2:2: "))
    );
    assert!(problem("(mutation a \"A.\" (fails) (without c d))").is_some());
    assert!(problem("(mutation a \"A.\" (fails b))").is_some());
    assert!(problem("(mutation a (fails b) (without c d))").is_some());
    let unknown = "(unneeded a \"A.\" (without commit no_such_guard))";
    let applied = mutations(unknown).unwrap_or_else(|problem| panic!("{problem}"))[0].apply();
    let problem = applied.err().map(|problem| problem.to_string());
    let expected = "1:18: change: a list that begins with \"without\"; expected one of something that is there";
    assert_eq!(problem.as_deref(), Some(expected));
}

/// Asks some queries about a broken protocol. Skipped by nobody: whoever lacks the solver runs the tests that are not
/// ignored.
fn ask(
    mutation: &Mutation,
    solver: Solver,
    is_wanted: impl Fn(&Query) -> bool,
) -> (Vec<Query>, Vec<Decided>) {
    let broken = mutation.apply().unwrap_or_else(|problem| panic!("{problem}"));
    let queries: Vec<Query> = queries(&broken).into_iter().filter(is_wanted).collect();
    let directory =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{}", mutation.name, solver.name()));
    std::fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan {
        attempts: vec![Attempt { solver, seed: 1 }],
        limits: Limits::default(),
        threads: 2,
        directory,
    };
    let decided = prove(&broken, &queries, &plan, &mut |_| (), &|| false);
    (queries, decided.unwrap_or_else(|error| panic!("{error}")))
}

/// Requires that every query that a mutation must break is broken, with a counterexample that can be read.
fn must_fail(mutation: &Mutation) {
    let (queries, decided) =
        ask(mutation, Solver::Cvc5, |query| mutation.fails.contains(&query.name));
    assert_eq!(decided.len(), mutation.fails.len());
    for found in &decided {
        let query = &queries[found.query];
        let Verdict::Fails(Some(structure)) = &found.verdict else {
            panic!("{}: {} is {:?}", mutation.name, query.name, found.verdict)
        };
        let broken = mutation.apply().unwrap_or_else(|problem| panic!("{problem}"));
        let lines = structure.render(&broken, query);
        assert!(lines.iter().any(|(label, _)| label == "violates"), "{lines:?}");
    }
}

#[test]
#[ignore = "needs cvc5"]
fn all_mistakes_are_found() {
    all().iter().filter(|mutation| !mutation.is_unneeded()).for_each(must_fail);
}

#[test]
#[ignore = "needs z3"]
fn the_proof_does_without_what_it_is_said_not_to_need() {
    for mutation in all().iter().filter(|mutation| mutation.is_unneeded()) {
        let (queries, decided) = ask(mutation, Solver::Z3, |_| true);
        assert_eq!(outcome(&queries, &decided), Outcome::Proved, "{}", mutation.name);
    }
}
