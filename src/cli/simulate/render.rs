//! Printing what a simulation is about to do, and what it found.

use super::super::text::{count, grouped, labelled, seconds, shell_word, wrapped};
use super::super::{coverage, formulas};
use super::Report;
use super::arguments::{SimulateArguments, faults_in_words};
use quorate_cluster::ActionKind;
use quorate_core::AbstractAction;
use quorate_models::simulation::{Checks, Failure, Summary};
use quorate_spec::witnesses;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A line of what is said about a simulation.
fn line(label: &str, text: &str) -> String {
    labelled(label, 10, text)
}

/// What a simulation is about to do.
pub(super) fn plan(arguments: &SimulateArguments) -> String {
    let plan = &arguments.plan;
    let (servers, actions) = (count(plan.servers.into(), "server"), grouped(plan.actions));
    let (episode, threads) = (grouped(plan.episode), count(arguments.threads, "thread"));
    let seed = plan.seed;
    let what = match arguments.only {
        Some(only) => format!("episode {only} of {episode} actions, seed {seed}"),
        None => format!("{actions} actions in episodes of {episode}, seed {seed}, {threads}"),
    };
    let mut out = wrapped(&format!("simulate {servers}: {what}"), 2);
    out.push_str(&line("faults", &faults_in_words(plan.faults, ", ")));
    let checks = match plan.checks {
        Checks::Steps => {
            "what each step shows; the whole cluster after every 64th action and at the end of an episode"
        }
        Checks::Refinement => {
            "what each step shows, and that it is a sequence of abstract actions; the whole cluster after every \
             64th action and at the end of an episode"
        }
        Checks::All => {
            "every property after each action, and that it is a sequence of abstract actions"
        }
    };
    let checks = match arguments.formulas {
        true => format!("{checks}; the formulas that solvers prove, on every abstract action"),
        false => checks.to_owned(),
    };
    out.push_str(&line("checks", &checks));
    out.push_str(&line(
        "at the end",
        "clients saw one object; without faults, the cluster recovers",
    ));
    out
}

/// What a simulation found, for people.
pub(super) fn report(arguments: &SimulateArguments, report: &Report) -> String {
    let mut out = String::new();
    let summary = &report.outcome.summary;
    if let Some(minimal) = &report.minimal {
        out.push('\n');
        out.push_str(&minimal.script());
        out.push('\n');
    }
    out.push_str(&wrapped(&headline(report), 2));
    if let (Some(failure), Some(minimal)) = (&report.outcome.failure, &report.minimal) {
        out.push_str(&line("found", &found(failure, minimal)));
    }
    let rate = summary.actions as f64 / report.elapsed.as_secs_f64().max(0.001);
    let (rate, elapsed) = (grouped(rate as u64), seconds(report.elapsed));
    let (actions, episodes) = (grouped(summary.actions), grouped(summary.episodes));
    let plural = if summary.episodes == 1 { "" } else { "s" };
    out.push_str(&line("ran", &format!("{actions} actions in {episodes} episode{plural}")));
    out.push_str(&line("took", &format!("{elapsed}, {rate} actions a second")));
    if let Some(evaluated) = &report.evaluated {
        out.push_str(&line("formulas", &formulas::in_words(evaluated)));
    }
    // What the other episodes did says nothing of a failure.
    if report.outcome.failure.is_none() {
        out.push_str(&happened(arguments, summary));
    }
    if let Some(file) = &arguments.coverage {
        let merged = report.merged.as_ref();
        out.push_str(&line("coverage", &coverage::merged_in_words(file, merged)));
    }
    // A command that is broken cannot be pasted.
    let _ = writeln!(out, "  next       {}", next(arguments, report));
    out
}

/// What happened, and what did not.
fn happened(arguments: &SimulateArguments, summary: &Summary) -> String {
    let mut out = String::new();
    out.push_str(&line("actions", &in_words(&fired(arguments, summary))));
    out.push_str(&line("abstract", &in_words(&performed(summary))));
    out.push_str(&line(
        "clients",
        &format!(
            "{} requests answered, {} ended unknown, {} entries committed; greatest term {}",
            grouped(summary.answered),
            grouped(summary.unknown),
            grouped(summary.committed),
            grouped(summary.greatest_term),
        ),
    ));
    let rounds = count(usize::try_from(summary.recovery_rounds).unwrap_or(usize::MAX), "round");
    out.push_str(&line("recovery", &format!("within {rounds} without faults")));
    let never = never(arguments, summary);
    if !never.is_empty() {
        out.push_str(&line("never", &never.join(", ")));
    }
    let guards = match arguments.plan.checks.refine() {
        true => coverage::guards_in_words(summary.exercised, true),
        false => "not looked at; --checks all does".to_owned(),
    };
    out.push_str(&line("guards", &guards));
    out
}

fn headline(report: &Report) -> String {
    match (&report.outcome.failure, report.is_complete) {
        (Some(failure), _) => {
            format!("VIOLATED {}: {}", failure.violation.property, failure.violation.why)
        }
        (None, true) => "SIMULATED, all hold; chance does not look everywhere".to_owned(),
        (None, false) => {
            "INCOMPLETE: stopped by an interrupt; no violation in the episodes that ended"
                .to_owned()
        }
    }
}

fn found(failure: &Failure, minimal: &Failure) -> String {
    let (all, few) = (failure.actions.len(), minimal.actions.len());
    format!(
        "in episode {}, after {}; {few} of them are needed",
        failure.episode,
        count(all, "action")
    )
}

/// What to try next, as a command.
fn next(arguments: &SimulateArguments, report: &Report) -> String {
    let seed = arguments.plan.seed;
    match (&report.outcome.failure, &arguments.save) {
        (Some(_), Some(file)) => {
            format!("quorate replay {}", shell_word(&file.display().to_string()))
        }
        (Some(failure), None) => {
            arguments.command(seed, Some(failure.episode)) + " --save failure.txt"
        }
        (None, _) => {
            let seed = if report.is_complete { seed.wrapping_add(1) } else { seed };
            let file = arguments.coverage.as_ref().map(|file| file.display().to_string());
            let file = file.map(|file| format!(" --coverage {}", shell_word(&file)));
            arguments.command(seed, None) + &file.unwrap_or_default()
        }
    }
}

type Counted = Vec<(&'static str, u64)>;

fn in_words(counted: &Counted) -> String {
    let words = counted.iter().map(|(name, count)| format!("{name} {}", grouped(*count)));
    words.collect::<Vec<String>>().join(", ")
}

fn fired(arguments: &SimulateArguments, summary: &Summary) -> Counted {
    let offered = ActionKind::all().filter(|kind| arguments.plan.faults.offer(*kind));
    offered.map(|kind| (kind.name(), summary.fired[kind as usize])).collect()
}

fn performed(summary: &Summary) -> Counted {
    AbstractAction::NAMES.into_iter().zip(summary.performed).collect()
}

/// The actions and witnesses that never happened.
fn never(arguments: &SimulateArguments, summary: &Summary) -> Vec<&'static str> {
    let counted = fired(arguments, summary).into_iter().chain(performed(summary));
    let idle = counted.filter(|(_, count)| *count == 0).map(|(name, _)| name);
    let missing = witnesses::missing_from(summary.witnesses).map(|witness| witness.name);
    idle.chain(missing).collect()
}

/// What a simulation found, as one object.
pub(super) fn json(arguments: &SimulateArguments, report: &Report) -> Value {
    let (plan, summary) = (&arguments.plan, &report.outcome.summary);
    let object = |counted: Counted| -> Map<String, Value> {
        counted.into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect()
    };
    let verdict = match (&report.outcome.failure, report.is_complete) {
        (Some(_), _) => "violated",
        (None, true) => "simulated",
        (None, false) => "incomplete",
    };
    let violation = report.outcome.failure.as_ref().zip(report.minimal.as_ref());
    let violation = violation.map(|(failure, minimal)| {
        json!({
            "property": failure.violation.property,
            "why": failure.violation.why,
            "episode": failure.episode,
            "actions": failure.actions.len(),
            "needed": minimal.actions.len(),
            "script": minimal.script(),
            "again": arguments.command(plan.seed, Some(failure.episode)),
        })
    });
    json!({
        "servers": plan.servers,
        "seed": plan.seed,
        "episode": plan.episode,
        "faults": plan.faults.names(),
        "checks": plan.checks.name(),
        "formulas": report.evaluated.as_ref().map(formulas::json),
        "verdict": verdict,
        "actions": summary.actions,
        "episodes": summary.episodes,
        "seconds": report.elapsed.as_secs_f64(),
        "fired": object(fired(arguments, summary)),
        "performed": object(performed(summary)),
        "never": never(arguments, summary),
        "abstract": plan.checks.refine().then(|| coverage::abstract_json(summary.exercised)),
        "coverage": report.merged.as_ref().map(coverage::json),
        "answered": summary.answered,
        "unknown": summary.unknown,
        "committed": summary.committed,
        "greatest_term": summary.greatest_term,
        "recovery_rounds": summary.recovery_rounds,
        "violation": violation,
    })
}
