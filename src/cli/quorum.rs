//! `quorate check quorum-without-leader`: why a leader at all.

use super::arguments::Format;
use super::{Exit, Failure, print};
use quorate_models::quorum_without_leader::demonstrate;
use quorate_models::quorum_without_leader::finding::Finding;
use serde_json::{Value, json};

/// Shows what quorums alone do, and what a leader changes.
pub(super) fn run(format: Format) -> Result<Exit, Failure> {
    let demonstration = demonstrate();
    let confirmed = demonstration.confirms_the_pattern();
    match format {
        Format::Human => {
            let last = if confirmed {
                "The violation without a leader is what this model shows, hence exit code 1."
            } else {
                "This is not what the model is to show: exit code 1."
            };
            print(&format!("{}\n\n{last}\n", demonstration.to_string().trim_end()))?;
        }
        Format::Json => {
            let value = json!({
                "model": "quorum-without-leader",
                "confirms_the_pattern": confirmed,
                "without_leader": finding(&demonstration.without_leader),
                "with_write_back": finding(&demonstration.with_write_back),
                "with_leader": finding(&demonstration.with_leader),
            });
            print(&format!("{value:#}\n"))?;
        }
    }
    Ok(Exit::Violated)
}

fn finding(finding: &Finding) -> Value {
    let steps = finding.counterexample.iter().flatten();
    let steps = steps.map(|step| json!({ "action": step.action, "state": step.state }));
    json!({
        "distinct": finding.distinct,
        "generated": finding.generated,
        "exhausted": finding.exhausted,
        "violation": finding.violated.as_ref().map(|violated| {
            json!({ "property": violated.property, "why": violated.why })
        }),
        "steps": steps.collect::<Vec<Value>>(),
    })
}
