//! Writing scenarios: a script with what happened, and a script of what happened.

use crate::Violation;
use crate::describe::mark_changed_parts;
use crate::replay::{Performed, Replay};
use crate::scenario::{END, VERSION};
use quorate_cluster::notation::Notation;
use quorate_cluster::{Action, Setting};
use std::collections::{BTreeMap, BTreeSet};

/// The text of a scenario with what happened now recorded after each line: the actions that the line stands
/// for, what they did, and at last how the line changed the servers.
pub fn record(text: &str, run: &Replay) -> String {
    let mut by_line: BTreeMap<usize, Vec<&Performed>> = BTreeMap::new();
    for performed in &run.performed {
        by_line.entry(performed.line).or_default().push(performed);
    }
    let mut out = String::new();
    let last = run.performed.last().map(|performed| performed.line);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with('|') {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if let Some(performed) = by_line.get(&number) {
            record_line(line.trim(), performed, &mut out);
        }
        for (_, violation) in run.on_the_way.iter().filter(|(line, _)| *line == number) {
            out.push_str(&format!("  | violates {}: {}\n", violation.property, violation.why));
        }
        let is_end = |violation: &&Violation| {
            let is_earlier = run.on_the_way.iter().any(|(_, known)| known == *violation);
            last == Some(number) && !is_earlier
        };
        if let Some(violation) = run.violation.as_ref().filter(is_end) {
            out.push_str(&format!("  | VIOLATED {}: {}\n", violation.property, violation.why));
        }
    }
    out
}

/// Records what one line of a script did.
fn record_line(line: &str, performed: &[&Performed], out: &mut String) {
    // That a message is sent says nothing new where the same line delivers it.
    let delivered: BTreeSet<String> = performed
        .iter()
        .filter_map(|performed| match &performed.action {
            Action::Deliver(envelope) => Some(format!("sends {}", envelope.to_notation())),
            _ => None,
        })
        .collect();
    let mut changed: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for performed in performed {
        let notation = performed.action.to_string();
        if notation != line {
            out.push_str(&format!("  | {notation}\n"));
        }
        for did in performed.did.iter().filter(|did| !delivered.contains(*did)) {
            out.push_str(&format!("  |   {did}\n"));
        }
        for (before, after) in &performed.changed {
            let id = after.split(' ').next().unwrap_or_default();
            changed.entry(id).or_insert((before, after)).1 = after;
        }
    }
    for (before, after) in changed.values().filter(|(before, after)| before != after) {
        out.push_str(&format!("  |   {}\n", mark_changed_parts(before, after)));
    }
}

/// The text of a scenario that performs these actions, and ends in a violation if one is named.
pub fn script(setting: &Setting, actions: &[Action], violated: Option<&str>) -> String {
    let heading = [VERSION.to_owned(), setting.to_string()];
    let actions = actions.iter().map(Action::to_string);
    let violated = violated.map(|property| format!("expect violated {property}"));
    let lines = heading.into_iter().chain(actions).chain(violated).chain([END.to_owned()]);
    lines.map(|line| line + "\n").collect()
}
