//! Printing what an inductive check is about to do, and what it found.

use super::super::coverage;
use super::super::text::{count, grouped, labelled, seconds, wrapped};
use super::arguments::InductiveArguments;
use super::{Report, Verdict};
use quorate_cluster::Command;
use quorate_core::AbstractAction;
use quorate_models::inductive::{Plan, STEPS, States, Summary, Table};
use quorate_spec::{Abstract, COUPLING};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A line of what is said about an inductive check.
fn line(label: &str, text: &str) -> String {
    labelled(label, 11, text)
}

/// What an inductive check is about to do.
pub(super) fn plan(arguments: &InductiveArguments) -> String {
    let Plan { servers, terms, logs, seed, states, without } = arguments.plan;
    let size = count(servers.into(), "server");
    let which = match (arguments.only, states) {
        (Some(only), States::All) => format!("state {only} of all"),
        (Some(only), States::Random(_)) => format!("state {only}, seed {seed}"),
        (None, States::All) => format!("all states, {}", count(arguments.threads, "thread")),
        (None, States::Random(states)) => {
            let (states, threads) = (grouped(states), count(arguments.threads, "thread"));
            format!("{states} states, seed {seed}, {threads}")
        }
    };
    let mut out =
        wrapped(&format!("inductive {size}, terms to {terms}, logs to {logs}: {which}"), 2);
    let lemmas = Abstract::<Command>::INVARIANT.len();
    let but =
        without.map_or_else(String::new, |lemma| format!(", but for {lemma}, which is broken"));
    let predicates = COUPLING.len();
    out.push_str(&line(
        "before",
        &format!("{lemmas} lemmas of the invariant{but}; {predicates} coupling predicates; messages are true"),
    ));
    out.push_str(&line("after", "the same, safety, and that the step is abstract actions"));
    out
}

/// What an inductive check found, for people.
pub(super) fn report(arguments: &InductiveArguments, report: &Report) -> String {
    let mut out = String::new();
    let summary = &report.outcome.summary;
    if let Some(failure) = &report.outcome.failure {
        let _ =
            writeln!(out, "\n{}\n{}\n\n{}\n", failure.case.setting, failure.case, failure.action);
    }
    out.push_str(&wrapped(&headline(arguments, report), 2));
    out.push_str(&line("states", &states(summary)));
    let (steps, changing) = (summary.all_steps(), summary.changed.iter().sum());
    out.push_str(&line(
        "steps",
        &format!("{}, of which {} changed a server", grouped(steps), grouped(changing)),
    ));
    let time = report.elapsed.as_secs_f64().max(0.001);
    let (states_rate, steps_rate) =
        (grouped((summary.states as f64 / time) as u64), grouped((steps as f64 / time) as u64));
    let elapsed = seconds(report.elapsed);
    out.push_str(&line(
        "took",
        &format!("{elapsed}, {states_rate} states, {steps_rate} steps a second"),
    ));
    // What other states were like says nothing of a failure.
    if report.outcome.failure.is_none() && summary.states > 0 {
        out.push_str(&variety(summary));
    }
    // A command that is broken cannot be pasted.
    let _ = writeln!(out, "  next        {}", next(arguments, report));
    out
}

fn headline(arguments: &InductiveArguments, report: &Report) -> String {
    match (report.verdict(), &report.outcome.failure, arguments.plan.states) {
        (Verdict::Violated, Some(failure), _) => {
            let violation = &failure.violation;
            let number = failure.number;
            format!("VIOLATED {}: {} (state {number})", violation.property, violation.why)
        }
        (Verdict::Violated | Verdict::Incomplete, _, _) => {
            "INCOMPLETE: stopped by an interrupt; no violation among the steps that were taken"
                .to_owned()
        }
        (Verdict::Vacuous, _, _) => {
            "VACUOUS: nothing that was made up is a state to be looked at".to_owned()
        }
        (Verdict::Kept, _, _) if arguments.only.is_some() => {
            "KEPT by every step from this state".to_owned()
        }
        (Verdict::Kept, _, States::All) => {
            "EXHAUSTED, kept by every step from every state".to_owned()
        }
        (Verdict::Kept, _, States::Random(_)) => {
            "KEPT by every step; chance does not look everywhere".to_owned()
        }
    }
}

/// How many states there were, and of what kind.
fn states(summary: &Summary) -> String {
    let (made, looked_at) = (grouped(summary.made), grouped(summary.states));
    let away = grouped(summary.not_invariant + summary.not_coupled);
    let distinct = summary.distinct.len();
    let share = percent(summary.unreachable() as u64, distinct as u64);
    format!(
        "{made} made up, {away} turned away, {looked_at} looked at; {} different but for names, of which at \
         least {share} no run reaches",
        grouped(distinct as u64)
    )
}

fn percent(part: u64, of: u64) -> String {
    format!("{:.0} %", part as f64 * 100.0 / of.max(1) as f64)
}

/// How varied the states were, and what happened.
fn variety(summary: &Summary) -> String {
    let mut out = String::new();
    let table = |table: &Table| {
        let counts: Vec<String> = table.iter().map(|states| grouped(*states)).collect();
        counts.join(", ")
    };
    let tables = [
        ("leaders", &summary.leaders, "terms with a leader"),
        ("logs", &summary.lengths, "entries in the longest log"),
        ("chosen", &summary.chosen, "entries counted by a leader"),
        ("writes", &summary.unfinished, "unfinished writes"),
    ];
    for (label, numbers, what) in tables {
        let text = format!("states with 0, 1, ... 6 or more {what}: {}", table(numbers));
        out.push_str(&line(label, &text));
    }
    let [followers, candidates, leaders] = summary.roles.map(grouped);
    let (two, differ) = (grouped(summary.two_leaders), grouped(summary.different_logs));
    let messages = grouped(summary.messages / summary.states.max(1));
    out.push_str(&line(
        "servers",
        &format!(
            "{followers} followers, {candidates} candidates, {leaders} leaders; states with two leaders {two}, \
             with different logs {differ}; {messages} true messages a state"
        ),
    ));
    out.push_str(&line("happened", &in_words(STEPS.into_iter().zip(summary.steps))));
    out.push_str(&line("changed", &in_words(STEPS.into_iter().zip(summary.changed))));
    out.push_str(&line(
        "abstract",
        &in_words(AbstractAction::NAMES.into_iter().zip(summary.performed)),
    ));
    out.push_str(&line("guards", &coverage::guards_in_words(summary.exercised, true)));
    out.push_str(&line(
        "unreachable",
        &in_words(summary.shown().map(|(name, states)| (name, states as u64))),
    ));
    let never = summary.never();
    if !never.is_empty() {
        out.push_str(&line("never", &never.join(", ")));
    }
    out
}

/// What to try next, as a command.
fn next(arguments: &InductiveArguments, report: &Report) -> String {
    let Plan { seed, states, .. } = arguments.plan;
    match (&report.outcome.failure, report.verdict(), states) {
        (Some(failure), _, _) => arguments.command(seed, Some(failure.number)),
        (None, Verdict::Kept, States::Random(_)) => arguments.command(seed.wrapping_add(1), None),
        _ => arguments.command(seed, None),
    }
}

fn in_words(counted: impl Iterator<Item = (&'static str, u64)>) -> String {
    let words = counted.map(|(name, count)| format!("{name} {}", grouped(count)));
    words.collect::<Vec<String>>().join(", ")
}

/// What an inductive check found, as one object.
pub(super) fn json(arguments: &InductiveArguments, report: &Report) -> Value {
    let (plan, summary) = (&arguments.plan, &report.outcome.summary);
    let object = |names: &[&str], counts: &[u64]| -> Map<String, Value> {
        names.iter().zip(counts).map(|(name, count)| ((*name).to_owned(), json!(count))).collect()
    };
    let verdict = match report.verdict() {
        Verdict::Violated => "violated",
        Verdict::Incomplete => "incomplete",
        Verdict::Vacuous => "vacuous",
        Verdict::Kept => "kept",
    };
    let violation = report.outcome.failure.as_ref().map(|failure| {
        json!({
            "property": failure.violation.property,
            "why": failure.violation.why,
            "state": failure.number,
            "setting": failure.case.setting.to_string(),
            "before": failure.case.to_string(),
            "action": failure.action.to_string(),
            "again": arguments.command(plan.seed, Some(failure.number)),
        })
    });
    let (signs, shown): (Vec<&str>, Vec<u64>) =
        summary.shown().map(|(name, states)| (name, states as u64)).unzip();
    json!({
        "servers": plan.servers,
        "terms": plan.terms,
        "logs": plan.logs,
        "seed": plan.seed,
        "without": plan.without,
        "verdict": verdict,
        "made": summary.made,
        "not_invariant": summary.not_invariant,
        "not_coupled": summary.not_coupled,
        "states": summary.states,
        "distinct": summary.distinct.len(),
        "unreachable": summary.unreachable(),
        "signs": object(&signs, &shown),
        "seconds": report.elapsed.as_secs_f64(),
        "steps": object(&STEPS, &summary.steps),
        "changed": object(&STEPS, &summary.changed),
        "performed": object(&AbstractAction::NAMES, &summary.performed),
        "abstract": coverage::abstract_json(summary.exercised),
        "leaders": summary.leaders,
        "lengths": summary.lengths,
        "chosen": summary.chosen,
        "unfinished": summary.unfinished,
        "roles": summary.roles,
        "two_leaders": summary.two_leaders,
        "different_logs": summary.different_logs,
        "messages": summary.messages,
        "never": summary.never(),
        "violation": violation,
    })
}
