//! Deciding all queries: which solver is asked in which order, several queries at once, and what the answers amount to.
//!
//! z3 decides nearly every query in a moment, but which ones depends on its seed. So it is limited by work, not by time,
//! and what it leaves open is asked again with the next seed, then of cvc5. A query counts as decided only by an answer,
//! never by the want of one.

use crate::ast::Description;
use crate::queries::{About, Query};
use crate::solver::{Answer, Attempt, Limits, Solver, ask};
use crate::structure::{Structure, structure};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How queries are decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// What is tried, in this order, until one answers.
    pub attempts: Vec<Attempt>,
    /// When one is given up.
    pub limits: Limits,
    /// How many queries are asked at once.
    pub threads: usize,
    /// The directory in which the queries are written, and stay.
    pub directory: PathBuf,
}

/// What came of a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The answer is what it must be.
    Holds,
    /// It is not. The structure that shows it, if there is one that can be read.
    Fails(Option<Structure>),
    /// Nobody answered.
    Open,
}

/// A query, decided or given up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// Which one, counted from 0.
    pub query: usize,
    /// What came of it.
    pub verdict: Verdict,
    /// Who decided it, if anybody did.
    pub by: Option<Attempt>,
    /// Why others did not, in the order in which they were asked.
    pub given_up: Vec<(Attempt, String)>,
    /// How long all of this took.
    pub time: Duration,
}

/// The seeds that z3 is asked with.
pub const SEEDS: [u32; 3] = [1, 2, 3];

/// Decides all queries. `done` is told of each as it is decided, and `should_stop` is asked now and then whether to end;
/// the queries that are not decided by then are left out of the answer, which is in the order of the queries.
///
/// # Errors
/// What cannot be written in the directory.
pub fn prove(
    description: &Description,
    queries: &[Query],
    plan: &Plan,
    done: &mut (dyn FnMut(&Decided) + Send),
    should_stop: &(dyn Fn() -> bool + Sync),
) -> std::io::Result<Vec<Decided>> {
    let files: Vec<PathBuf> =
        queries.iter().map(|query| plan.directory.join(format!("{}.smt2", query.name))).collect();
    for (query, file) in queries.iter().zip(&files) {
        std::fs::write(file, &query.text)?;
    }
    let next = AtomicUsize::new(0);
    let decided = Mutex::new((Vec::new(), done));
    let work = || {
        while !should_stop() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(query), Some(file)) = (queries.get(at), files.get(at)) else { return };
            let found = decide(description, (at, query), file, plan, should_stop);
            // One that was interrupted is not given up, it was never asked.
            if found.verdict == Verdict::Open && should_stop() {
                return;
            }
            if let Ok(mut shared) = decided.lock() {
                (shared.1)(&found);
                shared.0.push(found);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..plan.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut decided = decided.into_inner().map(|(decided, _)| decided).unwrap_or_default();
    decided.sort_by_key(|found| found.query);
    Ok(decided)
}

/// Decides one query: asks until somebody answers.
fn decide(
    description: &Description,
    (at, query): (usize, &Query),
    file: &Path,
    plan: &Plan,
    should_stop: &(dyn Fn() -> bool + Sync),
) -> Decided {
    let begun = Instant::now();
    let mut found = Decided {
        query: at,
        verdict: Verdict::Open,
        by: None,
        given_up: Vec::new(),
        time: Duration::ZERO,
    };
    let suits = |attempt: &&Attempt| !query.needs_sets() || attempt.solver == Solver::Cvc5;
    let by_models = !matches!(query.about, About::Axiom { .. });
    for attempt in plan.attempts.iter().filter(suits) {
        let said = match ask(*attempt, file, by_models, &plan.limits, should_stop) {
            Answer::Unknown(why) => {
                found.given_up.push((*attempt, why));
                continue;
            }
            Answer::Impossible => None,
            Answer::Possible(said) => Some(said),
        };
        found.by = Some(*attempt);
        found.verdict = if said.is_some() == query.must_be_possible() {
            Verdict::Holds
        } else {
            Verdict::Fails(said.and_then(|said| structure(description, &said)))
        };
        break;
    }
    if matches!(found.verdict, Verdict::Fails(_)) && !query.must_be_possible() && by_models {
        confirm(description, &mut found, file, plan, should_stop);
    }
    found.time = begun.elapsed();
    found
}

/// Asks cvc5 as well, if it may be asked, about a counterexample that z3 found: cvc5's is smaller, and if it finds that
/// there is none, nothing is known.
fn confirm(
    description: &Description,
    found: &mut Decided,
    file: &Path,
    plan: &Plan,
    should_stop: &(dyn Fn() -> bool + Sync),
) {
    let is_cvc5 = |attempt: &&Attempt| attempt.solver == Solver::Cvc5;
    let second = plan.attempts.iter().find(is_cvc5);
    let Some(second) = second.filter(|second| found.by != Some(**second)) else { return };
    match ask(*second, file, true, &plan.limits, should_stop) {
        Answer::Possible(said) => {
            if let Some(smaller) = structure(description, &said) {
                found.verdict = Verdict::Fails(Some(smaller));
            }
        }
        Answer::Impossible => {
            let first = found.by.take();
            found.verdict = Verdict::Open;
            found.given_up.extend(first.map(|first| (first, "says possible".to_owned())));
            found.given_up.push((*second, "says impossible".to_owned()));
        }
        Answer::Unknown(why) => found.given_up.push((*second, why)),
    }
}

/// What all answers amount to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every query was decided, and every answer is what it must be.
    Proved,
    /// Some answer is not.
    Failed,
    /// Something was not asked or not answered, and nothing fails.
    Incomplete,
}

/// What all answers amount to. Nothing is proved by asking nothing.
pub fn outcome(queries: &[Query], decided: &[Decided]) -> Outcome {
    let holds = |at: usize| {
        decided.iter().any(|found| found.query == at && found.verdict == Verdict::Holds)
    };
    if decided.iter().any(|found| matches!(found.verdict, Verdict::Fails(_))) {
        Outcome::Failed
    } else if !queries.is_empty() && (0..queries.len()).all(holds) {
        Outcome::Proved
    } else {
        Outcome::Incomplete
    }
}
