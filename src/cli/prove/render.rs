//! Printing what is about to be proved, and what came of it.

use super::super::text::{count, grouped, labelled, seconds, shell_word, wrapped};
use super::Task;
use super::arguments::ProveArguments;
use quorate_proofs::prove::{Decided, Outcome, Verdict};
use quorate_proofs::queries::{About, Query, untouched};
use quorate_proofs::solver::Solver;
use quorate_proofs::stratification::stratify;
use std::fmt::Write;
use std::time::Duration;

/// A line of what is said about a proof.
fn line(label: &str, text: &str) -> String {
    labelled(label, 10, text)
}

/// What is about to be proved.
pub(super) fn plan(arguments: &ProveArguments, task: &Task) -> String {
    let description = &task.description;
    let mut out = wrapped(
        &format!(
            "prove {}: {}, {}, {}",
            task.name,
            count(description.actions.len(), "action"),
            count(description.invariants().count(), "invariant"),
            properties(description.properties().count()),
        ),
        2,
    );
    out.push_str(&line("queries", &kinds(task)));
    if task.queries.len() + task.not_asked.len() == task.whole {
        let pairs = untouched(description);
        let text = format!(
            "{pairs} more are not needed: the action does not modify what the invariant is about"
        );
        out.push_str(&line("", &text));
    }
    for (query, why) in &task.not_asked {
        out.push_str(&line("not asked", &format!("{query}: {why}")));
    }
    out.push_str(&line("decidable", &decidable(task)));
    if !task.assumed.is_empty() {
        let text = format!("{}: axioms that are not proved", task.assumed.join(", "));
        out.push_str(&line("assumed", &text));
    }
    out.push_str(&line("solvers", &solvers(arguments, task)));
    for solver in &task.missing {
        let name = solver.name();
        out.push_str(&line("NOT RUN", &format!("{name} is missing; try apt-get install {name}")));
    }
    out
}

/// A number of queries.
fn queries(number: usize) -> String {
    if number == 1 { "1 query".to_owned() } else { format!("{number} queries") }
}

fn properties(number: usize) -> String {
    if number == 1 { "1 property".to_owned() } else { format!("{number} properties") }
}

/// How many queries there are of each kind.
fn kinds(task: &Task) -> String {
    let number =
        |is: fn(&About) -> bool| task.queries.iter().filter(|query| is(&query.about)).count();
    let kinds = [
        (number(|about| matches!(about, About::Start { .. })), "true at the start"),
        (number(|about| matches!(about, About::Step { .. })), "kept by an action"),
        (number(|about| matches!(about, About::Property { .. })), "properties that follow"),
        (number(|about| matches!(about, About::Happens { .. })), "actions that can happen"),
        (number(|about| matches!(about, About::Axiom { .. })), "axioms"),
    ];
    let kinds = kinds.iter().filter(|(number, _)| *number > 0);
    let kinds: Vec<String> = kinds.map(|(number, kind)| format!("{number} {kind}")).collect();
    let of = if task.queries.len() == task.whole {
        String::new()
    } else {
        format!(" of {}", task.whole)
    };
    format!("{}{of}: {}", task.queries.len(), kinds.join(", "))
}

/// Whether all queries are decidable, and why or why not.
fn decidable(task: &Task) -> String {
    let stratified =
        task.queries.iter().filter(|query| !matches!(query.about, About::Axiom { .. }));
    let results: Vec<_> =
        stratified.map(|query| (query, stratify(&task.description, &query.assertions))).collect();
    let failed = results.iter().filter_map(|(query, result)| Some((query, result.as_ref().err()?)));
    let failed: Vec<_> = failed.collect();
    match (failed.first(), results.first()) {
        (Some((query, why)), _) => format!(
            "NOT all: {} of {} may never be answered; {}: {why}",
            failed.len(),
            results.len(),
            query.name
        ),
        (None, Some((_, Ok(order)))) => {
            let order: Vec<&str> = order.iter().map(quorate_proofs::smt::sort).collect();
            format!("all; nothing leads back in {}", order.join(", "))
        }
        _ => "in arithmetic or the theory of finite sets".to_owned(),
    }
}

fn solvers(arguments: &ProveArguments, task: &Task) -> String {
    let mut said = Vec::new();
    let asked = |solver| task.attempts.iter().any(|attempt| attempt.solver == solver);
    if asked(Solver::Z3) {
        let seeds: Vec<String> = arguments.seeds.iter().map(u32::to_string).collect();
        let resources = grouped(arguments.limits.resources);
        said.push(format!("z3, seeds {}, {resources} units of work for each", seeds.join(", ")));
    }
    if asked(Solver::Cvc5) {
        said.push("cvc5".to_owned());
    }
    format!("{}; {} at once", said.join("; then "), queries(arguments.threads))
}

/// What came of it.
pub(super) fn report(
    arguments: &ProveArguments,
    task: &Task,
    decided: &[Decided],
    outcome: Outcome,
    elapsed: Duration,
) -> String {
    let width = task.queries.iter().map(|query| query.name.len()).max().unwrap_or(0);
    let mut out = format!("\n  {:width$}  result  time     by\n", "query");
    let asked = |found: &Decided| task.queries.get(found.query);
    for (found, query) in decided.iter().filter_map(|found| Some((found, asked(found)?))) {
        out.push_str(&row(found, query, width));
    }
    out.push('\n');
    let fails = |found: &&Decided| matches!(found.verdict, Verdict::Fails(_));
    for (found, query) in
        decided.iter().filter(fails).filter_map(|found| Some((found, asked(found)?)))
    {
        out.push_str(&counterexample(task, found, query));
        out.push('\n');
    }
    out.push_str(&wrapped(&headline(task, decided, outcome), 2));
    out.push_str(&line("took", &seconds(elapsed)));
    if let Some(keep) = &arguments.keep {
        let keep = shell_word(&keep.display().to_string());
        out.push_str(&line("kept", &format!("the queries, in {keep}")));
    }
    // A command that is broken cannot be pasted.
    let _ = writeln!(out, "  next       {}", next(arguments, task, decided, outcome));
    out
}

fn row(found: &Decided, query: &Query, width: usize) -> String {
    let result = match found.verdict {
        Verdict::Holds => "holds",
        Verdict::Fails(_) => "FAILS",
        Verdict::Open => "open",
    };
    let given_up = found.given_up.iter().map(|(attempt, why)| format!("{attempt} {why}"));
    let by = found.by.iter().map(ToString::to_string);
    let said: Vec<String> = by.chain(given_up).collect();
    let time = format!("{:.2} s", found.time.as_secs_f64());
    format!("  {:width$}  {result:6}  {time:8} {}\n", query.name, said.join("; "))
}

/// The counterexample to a query.
fn counterexample(task: &Task, found: &Decided, query: &Query) -> String {
    let what = match &query.about {
        About::Start { .. } => "a start that is allowed".to_owned(),
        About::Step { action, .. } => {
            format!("a state in which all invariants hold, and {action} there")
        }
        About::Property { .. } => "a state in which all invariants hold".to_owned(),
        About::Happens { action } => {
            return wrapped(&format!("{}: {action} never changes anything", query.name), 2);
        }
        About::Axiom { axiom, .. } => {
            return wrapped(
                &format!("{}: {axiom} is not true of what it is meant for", query.name),
                2,
            );
        }
    };
    let mut out = wrapped(&format!("{}: {what}", query.name), 2);
    match &found.verdict {
        Verdict::Fails(Some(structure)) => {
            for (label, text) in structure.render(&task.description, query) {
                out.push_str(&line(&label, &text));
            }
        }
        _ => out.push_str(&line("", "the structure that the solver gave could not be read")),
    }
    out
}

fn headline(task: &Task, decided: &[Decided], outcome: Outcome) -> String {
    let number =
        |is: fn(&Verdict) -> bool| decided.iter().filter(|found| is(&found.verdict)).count();
    let whole = task.queries.len();
    match outcome {
        Outcome::Failed => format!(
            "FAILED: {} of {}. A state in which all invariants hold need not be reachable: either the \
             protocol is wrong or the invariant says too little",
            number(|verdict| matches!(verdict, Verdict::Fails(_))),
            queries(whole)
        ),
        Outcome::Incomplete => format!(
            "INCOMPLETE: {} of {} hold, {} are open, {} were not asked",
            number(|verdict| *verdict == Verdict::Holds),
            queries(whole),
            number(|verdict| *verdict == Verdict::Open),
            whole - decided.len()
        ),
        Outcome::Proved if whole < task.whole && task.not_asked.len() < task.whole - whole => {
            format!("HOLD: {} asked; the proof consists of {}", queries(whole), task.whole)
        }
        Outcome::Proved => {
            let names = task.description.properties().map(|claim| claim.name.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            if task.assumed.is_empty() {
                format!("PROVED, for any number of servers, terms and entries: {names}")
            } else {
                format!("PROVED, if what is assumed is true: {names}")
            }
        }
    }
}

/// What to try next, as a command.
fn next(arguments: &ProveArguments, task: &Task, decided: &[Decided], outcome: Outcome) -> String {
    let mut command = "quorate prove".to_owned();
    if let Some(mutation) = &arguments.mutation {
        let _ = write!(command, " --mutation {mutation}");
    }
    let not_held = decided.iter().find(|found| found.verdict != Verdict::Holds);
    let query = not_held.and_then(|found| task.queries.get(found.query));
    match (outcome, query) {
        (Outcome::Proved, _) if arguments.query.is_none() && arguments.mutation.is_none() => {
            let is_z3 = task.attempts.iter().any(|attempt| attempt.solver == Solver::Z3);
            command.push_str(if is_z3 { " --solver cvc5" } else { " --mutation vote_twice" });
        }
        (Outcome::Proved, _) | (_, None) => {}
        (Outcome::Failed | Outcome::Incomplete, Some(query)) => {
            let _ = write!(command, " --query {} --keep queries", query.name);
        }
    }
    if let Some(file) = &arguments.file {
        let _ = write!(command, " {}", shell_word(&file.display().to_string()));
    }
    command
}
