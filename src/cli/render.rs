//! Printing what a check is about to do, and what it found.

use super::arguments::{CheckArguments, QUORUM_WITHOUT_LEADER};
use super::check::{Beside, EXAMPLE};
use super::text::{count, grouped, labelled, memory, seconds, shell_word, wrapped};
use super::{coverage, formulas};
use quorate_cluster::ActionKind;
use quorate_models::{Counterexample, Counts, Mode, NAMED, Report, Search, StopReason, Verdict};
use quorate_spec::WITNESSES;
use std::fmt::Write;

/// A line of what is said about a check.
fn line(label: &str, text: &str) -> String {
    labelled(label, 10, text)
}

/// What a check is about to do.
pub(super) fn plan(arguments: &CheckArguments) -> String {
    let CheckArguments { model, bounds, .. } = arguments;
    let subject = arguments.subject();
    let is_own = arguments.required().is_empty();
    let purpose = if is_own { "with bounds of your own" } else { model.purpose };
    let mut out = wrapped(&format!("check {}{subject}: {purpose}", model.name), 2);
    out.push_str(&line("explores", &bounds.in_words()));
    let checks = match arguments.property {
        Some(property) => format!("{property}, and that no server's own assertion fails"),
        None => "every property".to_owned(),
    };
    let search = match arguments.search {
        Search::Bfs => "breadth first",
        Search::Dfs => "depth first",
    };
    let threads = count(arguments.threads, "thread");
    let mode = match (arguments.mode(), bounds.why_plain()) {
        (Mode::Plain, Some(why)) => format!("plain mode, because {why}"),
        (mode, _) => format!("{} mode", mode.name()),
    };
    let mode = if arguments.validate {
        format!("{mode}, every step under all names of the servers")
    } else {
        mode
    };
    let checks = match arguments.formulas {
        true => format!("{checks}; the formulas that solvers prove, on every abstract action"),
        false => checks,
    };
    out.push_str(&line("checks", &format!("{checks}; {search}, {threads}; {mode}")));
    if !arguments.required().is_empty() {
        let required = arguments.required().join(", ");
        out.push_str(&line("requires", &format!("that this happens somewhere: {required}")));
    }
    if let Some(Counts { distinct, generated }) = arguments.recorded() {
        let (distinct, generated) = (grouped(distinct), grouped(generated));
        let recorded = format!("{distinct} distinct states, {generated} generated");
        out.push_str(&line("recorded", &recorded));
    }
    out
}

/// The verdict in a line.
fn headline(arguments: &CheckArguments, report: &Report) -> String {
    match &report.verdict {
        Verdict::Exhausted => match arguments.property {
            Some(property) => format!("EXHAUSTED, {property} holds"),
            None => "EXHAUSTED, all hold".to_owned(),
        },
        Verdict::Violated(counterexample) => {
            format!("VIOLATED {}: {}", counterexample.property, counterexample.why)
        }
        Verdict::Vacuous => {
            let missing = report.missing.join(", ");
            format!("VACUOUS: everything was explored, but this never happened: {missing}")
        }
        Verdict::CountChanged(recorded) => format!(
            "COUNT CHANGED: no violation, but {} distinct and {} generated states are recorded",
            grouped(recorded.distinct),
            grouped(recorded.generated)
        ),
        Verdict::Incomplete(reason @ StopReason::Panicked) => {
            format!("INCOMPLETE: stopped by {reason}; whatever was not looked at may be violated")
        }
        Verdict::Incomplete(reason) => format!(
            "INCOMPLETE: stopped by {reason}; no violation among the {} states found so far, nothing is known \
             of the others",
            grouped(report.counts.distinct)
        ),
    }
}

/// What a check found, for people.
pub(super) fn report(arguments: &CheckArguments, report: &Report, beside: &Beside<'_>) -> String {
    let mut out = String::new();
    if let Verdict::Violated(counterexample) = &report.verdict {
        out.push_str(&trace(counterexample));
    }
    out.push_str(&wrapped(&headline(arguments, report), 2));
    let Counts { distinct, generated } = report.counts;
    let rate = distinct as f64 / report.elapsed.as_secs_f64().max(0.001);
    let (states, all, depth) = (grouped(distinct), grouped(generated), report.depth);
    let states = format!("{states} distinct, {all} generated, depth {depth}");
    out.push_str(&line("states", &states));
    let held = report.memory.map_or_else(String::new, |bytes| format!(", {}", memory(bytes)));
    let elapsed = seconds(report.elapsed);
    let rate = grouped(rate as u64);
    out.push_str(&line("took", &format!("{elapsed}, {rate} distinct states a second{held}")));
    if arguments.validate {
        let steps = grouped(report.validated);
        let validated = format!("{steps} steps done under every way to rename the servers");
        out.push_str(&line("validated", &validated));
    }
    if let Some(evaluated) = beside.evaluated {
        out.push_str(&line("formulas", &formulas::in_words(evaluated)));
    }
    out.push_str(&line("actions", &fired(arguments, report)));
    // A search that ended early says little by what it has not met.
    let is_whole = !matches!(report.verdict, Verdict::Violated(_) | Verdict::Incomplete(_));
    let idle = never_fired(arguments, report);
    if !idle.is_empty() {
        let label = if is_whole { "NEVER" } else { "not yet" };
        out.push_str(&line(label, &idle.join(", ")));
    }
    let beside_abstract = match report.exercised {
        Some(exercised) => coverage::abstract_in_words(exercised, is_whole),
        None => "not looked at; --refinement yes does".to_owned(),
    };
    out.push_str(&line("abstract", &beside_abstract));
    out.push_str(&reached(arguments, report, is_whole));
    if let Some(file) = &arguments.coverage {
        out.push_str(&line("coverage", &coverage::merged_in_words(file, beside.merged)));
    }
    out.push_str(&line("collision", &collision_odds(distinct)));
    // A command that is broken cannot be pasted.
    let _ = writeln!(out, "  next       {}", next_command(arguments, report));
    out
}

/// The reachability witnesses: those required, and the others.
fn reached(arguments: &CheckArguments, report: &Report, is_whole: bool) -> String {
    let mut out = String::new();
    let required = arguments.required();
    let is_required = |name: &&&str| required.contains(*name);
    let found: Vec<&str> = report.reached.iter().filter(is_required).copied().collect();
    if !required.is_empty() {
        let (count, all, names) = (found.len(), required.len(), found.join(", "));
        out.push_str(&line("required", &format!("{count} of {all} happened: {names}")));
    }
    let others = report.reached.iter().filter(|name| !is_required(name));
    let others: Vec<&str> = others.copied().collect();
    if !others.is_empty() {
        let also = if required.is_empty() { "" } else { "also " };
        out.push_str(&line("happened", &format!("{also}{}", others.join(", "))));
    }
    let unseen = unseen(report);
    // What a violation cut short has not shown says nothing.
    let is_violated = matches!(report.verdict, Verdict::Violated(_));
    if !unseen.is_empty() && !is_violated {
        out.push_str(&line("unseen", &unseen.join(", ")));
    }
    if !report.missing.is_empty() {
        let missing = report.missing.join(", ");
        let name = arguments.model.name;
        out.push_str(&match (is_whole, required.is_empty()) {
            (true, false) => line("MISSING", &missing),
            (true, true) => {
                let text = format!("{missing}; {name} requires this, bounds of your own do not");
                line("missing", &text)
            }
            (false, _) => line("not yet", &missing),
        });
    }
    out
}

/// The reachability witnesses that were not reached, but for those that are missing.
pub(super) fn unseen(report: &Report) -> Vec<&'static str> {
    let names = WITNESSES.iter().map(|witness| witness.name);
    let is_seen = |name: &&str| report.reached.contains(name) || report.missing.contains(name);
    names.filter(|name| !is_seen(name)).collect()
}

/// A counterexample, step by step.
fn trace(counterexample: &Counterexample) -> String {
    let mut out = String::new();
    let kind = if counterexample.is_shortest {
        "A shortest counterexample"
    } else {
        "A counterexample, not shortened"
    };
    let length = count(counterexample.steps.len(), "step");
    let _ = writeln!(out, "{kind}, {length}; a star marks what changed:\n");
    for (number, step) in (1..).zip(&counterexample.steps) {
        let _ = writeln!(out, "{number:3}. {}", step.action);
        for did in &step.did {
            let _ = writeln!(out, "       {did}");
        }
    }
    out.push('\n');
    out
}

/// Whether the model can have actions of this kind at all.
pub(super) fn applies(arguments: &CheckArguments, kind: ActionKind) -> bool {
    let bounds = &arguments.bounds;
    match kind {
        ActionKind::ElectionTimeout => bounds.elections > 0,
        ActionKind::Sync => bounds.elections > 0,
        ActionKind::Deliver => bounds.servers > 1,
        ActionKind::HeartbeatTimeout => bounds.heartbeats > 0,
        ActionKind::Duplicate => {
            let keeps_all = bounds.network == quorate_cluster::NetworkKind::Facts;
            bounds.duplicates > 0 && bounds.servers > 1 && !keeps_all
        }
        ActionKind::Crash => bounds.crashes > 0,
        ActionKind::Wipe => bounds.wipes > 0,
        ActionKind::Propose => bounds.commands > 0,
        ActionKind::Read => bounds.reads > 0,
        // A message never delivered is a lost one, so these networks need no faults of their own.
        ActionKind::Drop | ActionKind::Cut | ActionKind::Heal => false,
    }
}

fn fired(arguments: &CheckArguments, report: &Report) -> String {
    let kinds = ActionKind::all().filter(|kind| applies(arguments, *kind));
    let counts =
        kinds.map(|kind| format!("{} {}", kind.name(), grouped(report.fired[kind as usize])));
    counts.collect::<Vec<String>>().join(", ")
}

/// The actions that the bounds allow and that never led anywhere.
pub(super) fn never_fired(arguments: &CheckArguments, report: &Report) -> Vec<&'static str> {
    let kinds = ActionKind::all().filter(|kind| applies(arguments, *kind));
    kinds.filter(|kind| report.fired[*kind as usize] == 0).map(ActionKind::name).collect()
}

/// One in how many searches of so many states has two that share one of 2^64 fingerprints.
pub(super) fn collision_one_in(distinct: u64) -> u64 {
    let pairs = distinct as f64 * distinct as f64 / 2.0;
    (2.0_f64.powi(64) / pairs.max(1.0)) as u64
}

fn collision_odds(distinct: u64) -> String {
    let odds = grouped(collision_one_in(distinct));
    format!("odds that two states share a fingerprint, so that one was missed: 1 in {odds}")
}

/// What to try next, as a command.
fn next_command(arguments: &CheckArguments, report: &Report) -> String {
    let name = arguments.model.name;
    let with = |flag: &'static str, value: String| arguments.command_with(&[(flag, value)]);
    match (&report.verdict, &arguments.save) {
        (Verdict::Exhausted, _) if arguments.subject().is_empty() => {
            let place = NAMED.iter().position(|model| model.name == name).unwrap_or(0);
            let next = NAMED.get(place + 1).map_or(QUORUM_WITHOUT_LEADER, |next| next.name);
            format!("quorate check {next}")
        }
        (Verdict::Exhausted, _) => with("crashes", (arguments.bounds.crashes + 1).to_string()),
        (Verdict::Violated(_), Some(file)) => {
            format!("quorate replay {}", shell_word(&file.display().to_string()))
        }
        (Verdict::Violated(_), None) => with("save", EXAMPLE.to_owned()),
        (Verdict::Vacuous, _) => "quorate list  # says what each of these is".to_owned(),
        (Verdict::CountChanged(_), _) => {
            format!("quorate check {name} --update-counts  # once the change is explained")
        }
        (Verdict::Incomplete(StopReason::Time(limit)), _) => {
            with("time-limit", format!("{}s", limit.as_secs_f64() * 4.0))
        }
        (Verdict::Incomplete(StopReason::States(limit)), _) => {
            with("state-limit", limit.saturating_mul(10).to_string())
        }
        (Verdict::Incomplete(StopReason::Memory(limit)), _) => match arguments.search {
            Search::Bfs => with("search", "dfs".to_owned()),
            Search::Dfs => with("memory-limit", format!("{}M", (limit >> 20).max(1) * 2)),
        },
        (Verdict::Incomplete(StopReason::Interrupted), _) => arguments.command_with(&[]),
        (Verdict::Incomplete(StopReason::Panicked), _) => with("threads", "1".to_owned()),
    }
}

#[cfg(test)]
mod tests;
