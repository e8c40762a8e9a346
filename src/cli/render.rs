//! Printing what a check is about to do, and what it found.

use super::arguments::CheckArguments;
use quorate_cluster::ActionKind;
use quorate_models::{Counterexample, Counts, Report, Search, Verdict};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size in memory.
pub(super) fn memory(bytes: u64) -> String {
    format!("{} MiB", grouped(bytes >> 20))
}

/// A time in seconds.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The bounds that apply when the command line changes none.
fn flags(arguments: &CheckArguments) -> String {
    let changed = arguments.changed.iter();
    let mut out: String = changed.map(|(flag, value)| format!(" --{flag} {value}")).collect();
    if let Some(property) = arguments.property {
        out.push_str(&format!(" --property {property}"));
    }
    out
}

/// What a check is about to do.
pub(super) fn plan(arguments: &CheckArguments, recorded: Option<Counts>) -> String {
    let CheckArguments { model, bounds, .. } = arguments;
    let mut out = format!("check {}{}: {}\n", model.name, flags(arguments), model.purpose);
    let _ = writeln!(out, "  explores   {}", bounds.in_words());
    let checks = match arguments.property {
        Some(property) => property.to_owned(),
        None => "every property".to_owned(),
    };
    let search = match arguments.search {
        Search::Bfs => "breadth first",
        Search::Dfs => "depth first",
    };
    let threads = match arguments.threads {
        1 => "1 thread".to_owned(),
        many => format!("{many} threads"),
    };
    let _ = writeln!(out, "  checks     {checks}, {search}, {threads}");
    if let Some(Counts { distinct, generated }) = recorded {
        let (distinct, generated) = (grouped(distinct), grouped(generated));
        let _ = writeln!(out, "  recorded   {distinct} distinct states, {generated} generated");
    }
    out
}

/// The verdict in a line.
fn headline(report: &Report) -> String {
    match &report.verdict {
        Verdict::Exhausted => "EXHAUSTED, all hold".to_owned(),
        Verdict::Violated(counterexample) => {
            format!("VIOLATED {}: {}", counterexample.property, counterexample.why)
        }
        Verdict::Vacuous => {
            let missing = report.missing.join(", ");
            format!("VACUOUS: everything was explored, but this was never reached: {missing}")
        }
        Verdict::CountChanged(recorded) => format!(
            "COUNT CHANGED: recorded were {} distinct and {} generated states",
            grouped(recorded.distinct),
            grouped(recorded.generated)
        ),
        Verdict::Incomplete(reason) => format!(
            "INCOMPLETE: stopped by {reason}; no violation among the states explored, nothing is known of \
             the others"
        ),
    }
}

/// What a check found, for people.
pub(super) fn report(arguments: &CheckArguments, report: &Report) -> String {
    let mut out = String::new();
    if let Verdict::Violated(counterexample) = &report.verdict {
        out.push_str(&trace(counterexample));
    }
    let _ = writeln!(out, "{}", headline(report));
    let Counts { distinct, generated } = report.counts;
    let rate = distinct as f64 / report.elapsed.as_secs_f64().max(0.001);
    let _ = writeln!(
        out,
        "  states     {} distinct, {} generated, longest path {}",
        grouped(distinct),
        grouped(generated),
        report.depth
    );
    let held = report.memory.map_or_else(String::new, |bytes| format!(", {}", memory(bytes)));
    let elapsed = seconds(report.elapsed);
    let _ = writeln!(out, "  took       {elapsed}, {} distinct/s{held}", grouped(rate as u64));
    let _ = writeln!(out, "  actions    {}", fired(arguments, report));
    let idle = never_fired(arguments, report);
    if !idle.is_empty() {
        let _ = writeln!(out, "  NEVER      {}", idle.join(", "));
    }
    let _ = writeln!(out, "  reached    {}", report.reached.join(", "));
    if !report.missing.is_empty() {
        let _ = writeln!(out, "  MISSING    {}", report.missing.join(", "));
    }
    let _ = writeln!(out, "  collision  {}", collision_odds(distinct));
    let _ = writeln!(out, "  next       {}", next_command(arguments, report));
    out
}

/// A counterexample, step by step.
fn trace(counterexample: &Counterexample) -> String {
    let mut out = String::new();
    let kind =
        if counterexample.is_shortest { "a shortest counterexample" } else { "not shortened" };
    let length = counterexample.steps.len();
    let _ = writeln!(out, "{length} steps, {kind}; a star marks what changed:\n");
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
fn applies(arguments: &CheckArguments, kind: ActionKind) -> bool {
    let bounds = &arguments.bounds;
    match kind {
        ActionKind::ElectionTimeout | ActionKind::Sync => true,
        ActionKind::Deliver => bounds.servers > 1,
        ActionKind::HeartbeatTimeout => bounds.heartbeats > 0,
        ActionKind::Duplicate => {
            let keeps_all = bounds.network == quorate_cluster::NetworkKind::Facts;
            bounds.duplicates > 0 && bounds.servers > 1 && !keeps_all
        }
        ActionKind::Crash => bounds.crashes > 0,
        ActionKind::Propose => bounds.commands > 0,
        ActionKind::Read => bounds.reads > 0,
        // A message never delivered is a lost one, so these networks need no faults of their own.
        ActionKind::Drop | ActionKind::Cut | ActionKind::Heal | ActionKind::Wipe => false,
    }
}

fn fired(arguments: &CheckArguments, report: &Report) -> String {
    let kinds = ActionKind::all().filter(|kind| applies(arguments, *kind));
    let counts =
        kinds.map(|kind| format!("{} {}", kind.name(), grouped(report.fired[kind as usize])));
    counts.collect::<Vec<String>>().join(", ")
}

/// The actions that the bounds allow and that never led anywhere.
fn never_fired(arguments: &CheckArguments, report: &Report) -> Vec<&'static str> {
    let kinds = ActionKind::all().filter(|kind| applies(arguments, *kind));
    kinds.filter(|kind| report.fired[*kind as usize] == 0).map(ActionKind::name).collect()
}

/// How likely it is that two of the distinct states share one of 2^64 fingerprints, so that one was missed.
fn collision_odds(distinct: u64) -> String {
    let pairs = distinct as f64 * distinct as f64 / 2.0;
    let odds = 2.0_f64.powi(64) / pairs.max(1.0);
    format!("odds that any two states share a fingerprint: 1 in {}", grouped(odds as u64))
}

/// What to try next.
fn next_command(arguments: &CheckArguments, report: &Report) -> String {
    let name = arguments.model.name;
    let flags = flags(arguments);
    match (&report.verdict, &arguments.save) {
        (Verdict::Exhausted, _) => {
            let models = quorate_models::NAMED;
            let place = models.iter().position(|model| model.name == name).unwrap_or(0);
            match models.get(place + 1) {
                Some(next) => format!("quorate check {}", next.name),
                None => {
                    format!("quorate check {name} --max-term {}", arguments.bounds.max_term + 1)
                }
            }
        }
        (Verdict::Violated(_), Some(file)) => format!("quorate replay {}", file.display()),
        (Verdict::Violated(_), None) => {
            format!("quorate check {name}{flags} --save counterexample.txt")
        }
        (Verdict::Vacuous, _) => format!("quorate check {name}{flags} with larger bounds"),
        (Verdict::CountChanged(_), _) => {
            format!("explain the change, then quorate check {name} --update-counts")
        }
        (Verdict::Incomplete(_), _) => {
            format!("quorate check {name}{flags} --search dfs with larger limits")
        }
    }
}

/// What a check found, for programs.
pub(super) fn report_json(
    arguments: &CheckArguments,
    report: &Report,
    recorded: Option<Counts>,
) -> Value {
    let counts =
        |counts: Counts| json!({ "distinct": counts.distinct, "generated": counts.generated });
    let verdict = match &report.verdict {
        Verdict::Exhausted => "exhausted",
        Verdict::Violated(_) => "violated",
        Verdict::Vacuous => "vacuous",
        Verdict::CountChanged(_) => "count changed",
        Verdict::Incomplete(_) => "incomplete",
    };
    let violation = match &report.verdict {
        Verdict::Violated(counterexample) => {
            let steps = counterexample.steps.iter();
            let steps = steps.map(|step| json!({ "action": step.action, "did": step.did }));
            json!({
                "property": counterexample.property,
                "why": counterexample.why,
                "length": counterexample.steps.len(),
                "shortest": counterexample.is_shortest,
                "steps": steps.collect::<Vec<Value>>(),
                "script": counterexample.script,
            })
        }
        _ => Value::Null,
    };
    let stopped_by = match &report.verdict {
        Verdict::Incomplete(reason) => json!(reason.to_string()),
        _ => Value::Null,
    };
    let bounds = quorate_models::BOUNDS.iter();
    let bounds = bounds.map(|bound| (bound.flag.to_owned(), json!(bound.show(&arguments.bounds))));
    let kinds = ActionKind::all().filter(|kind| applies(arguments, *kind));
    let actions = kinds.map(|kind| (kind.name().to_owned(), json!(report.fired[kind as usize])));
    json!({
        "model": arguments.model.name,
        "bounds": bounds.collect::<serde_json::Map<String, Value>>(),
        "property": arguments.property,
        "verdict": verdict,
        "distinct": report.counts.distinct,
        "generated": report.counts.generated,
        "recorded": recorded.map(counts),
        "depth": report.depth,
        "seconds": report.elapsed.as_secs_f64(),
        "memory_bytes": report.memory,
        "actions": actions.collect::<serde_json::Map<String, Value>>(),
        "never_fired": never_fired(arguments, report),
        "reached": report.reached,
        "missing": report.missing,
        "stopped_by": stopped_by,
        "violation": violation,
    })
}
