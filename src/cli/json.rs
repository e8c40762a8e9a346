//! Printing what a check found, for programs.

use super::arguments::CheckArguments;
use super::check::Beside;
use super::render::{applies, collision_one_in, never_fired, unseen};
use super::{coverage, formulas};
use quorate_cluster::ActionKind;
use quorate_models::{Counts, Report, Verdict, memory_peak};
use serde_json::{Value, json};

/// What a check found, as one object.
pub(super) fn report(arguments: &CheckArguments, report: &Report, beside: &Beside<'_>) -> Value {
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
    // The system counts memory in batches, so that its own peak may be a little below what it told before.
    let peak = memory_peak().max(report.memory);
    json!({
        "model": arguments.model.name,
        "bounds": bounds.collect::<serde_json::Map<String, Value>>(),
        "property": arguments.property,
        "mode": arguments.mode().name(),
        "verdict": verdict,
        "distinct": report.counts.distinct,
        "generated": report.counts.generated,
        "recorded": arguments.recorded().map(counts),
        "depth": report.depth,
        "seconds": report.elapsed.as_secs_f64(),
        "memory_bytes": report.memory,
        "validated": arguments.validate.then_some(report.validated),
        "formulas": beside.evaluated.map(formulas::json),
        "peak_memory_bytes": peak,
        "actions": actions.collect::<serde_json::Map<String, Value>>(),
        "never_fired": never_fired(arguments, report),
        "abstract": report.exercised.map(coverage::abstract_json),
        "coverage": beside.merged.map(coverage::json),
        "required": arguments.required(),
        "reached": report.reached,
        "missing": report.missing,
        "unseen": unseen(report),
        "collision_one_in": collision_one_in(report.counts.distinct),
        "stopped_by": stopped_by,
        "violation": violation,
    })
}
