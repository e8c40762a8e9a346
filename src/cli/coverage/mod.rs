//! `quorate coverage`: what has never happened in all runs that were merged into some files; and what checks and
//! simulations say of it.

mod file;

use super::arguments::{Format, one_of, text_value};
use super::check::must_be_writable;
use super::text::{count, labelled, wrapped};
use super::{Exit, Failure, help, print};
use lexopt::Arg;
use quorate_core::AbstractAction;
use quorate_models::{Coverage, Item, Kind};
use quorate_spec::{Exercised, GUARDS};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Runs `quorate coverage` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut format = Format::Human;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(file) => files.push(file.into()),
            Arg::Long("format") => {
                let value = text_value(parser, "format")?;
                let formats = [("human", Format::Human), ("json", Format::Json)];
                format = one_of("format", &value, formats)?;
            }
            Arg::Long("help") | Arg::Short('h') => return print(&help()),
            other => return Err(other.unexpected().into()),
        }
    }
    if files.is_empty() {
        return Err(Failure::usage(
            "file: none; expected files that --coverage wrote; try quorate coverage FILE",
        ));
    }
    let mut together = Coverage::default();
    for file in &files {
        let coverage = file::read(file)?.ok_or_else(|| {
            let show = file.display();
            let message = format!(
                "{show}: no such file; expected one that --coverage wrote; try quorate check --coverage {show}"
            );
            Failure::new(Exit::NoInput, message)
        })?;
        together.add(&coverage);
    }
    match format {
        Format::Human => print(&report(&together))?,
        Format::Json => print(&format!("{:#}\n", json(&together)))?,
    };
    Ok(if together.missing().is_empty() { Exit::Holds } else { Exit::Violated })
}

/// Whether a run can be added to a file: not after an hour of search.
pub(super) fn must_be_mergeable(file: &Path) -> Result<(), Failure> {
    must_be_writable("coverage", file, "coverage.json")?;
    file::read(file).map(|_| ())
}

/// Adds what happened in a run, if it is to be added, to a file, if one is named: what has happened in all its runs.
pub(super) fn merge(
    file: Option<&Path>,
    happened: Option<Coverage>,
) -> Result<Option<Coverage>, Failure> {
    let (Some(file), Some(mut happened)) = (file, happened) else { return Ok(None) };
    // Another run may have been added since this one began.
    if let Some(before) = file::read(file)? {
        happened.add(&before);
    }
    file::write(file, &happened)?;
    Ok(Some(happened))
}

/// How much of the abstract protocol a run has put to use.
pub(super) fn abstract_in_words(exercised: Exercised, is_whole: bool) -> String {
    let idle: Vec<&str> = exercised.idle_actions().collect();
    let all = AbstractAction::NAMES.len();
    let actions = format!("{} of {all} actions happened", all - idle.len());
    let guards = guards_in_words(exercised, is_whole);
    format!("{actions}{}; guards: {guards}", not_among(&idle, is_whole))
}

/// Which guards a run has exercised.
pub(super) fn guards_in_words(exercised: Exercised, is_whole: bool) -> String {
    let silent: Vec<&str> = exercised.silent_guards().map(|guard| guard.full_name).collect();
    let (some, all) = (exercised.guards().count(), GUARDS.len());
    format!("{some} of {all} exercised{}", not_among(&silent, is_whole))
}

fn not_among(names: &[&str], is_whole: bool) -> String {
    let label = if is_whole { "never" } else { "not yet" };
    if names.is_empty() { String::new() } else { format!(", {label} {}", names.join(", ")) }
}

/// The same for programs.
pub(super) fn abstract_json(exercised: Exercised) -> Value {
    let silent = exercised.silent_guards().map(|guard| guard.full_name);
    json!({
        "never_happened": exercised.idle_actions().collect::<Vec<&str>>(),
        "never_exercised": silent.collect::<Vec<&str>>(),
    })
}

/// What a run says of the file to which it was to be added.
pub(super) fn merged_in_words(file: &Path, merged: Option<&Coverage>) -> String {
    let file = file.display();
    let Some(coverage) = merged else {
        return format!(
            "not added to {file}: what happens on the way to a violation counts for nothing"
        );
    };
    let missing = missing_in_words(coverage);
    let said = missing.map_or_else(
        || "nothing is missing".to_owned(),
        |missing| format!("never in any of them: {missing}"),
    );
    format!("{}; {said}", runs(coverage, &format!(" in {file}")))
}

/// How many runs, and where.
fn runs(coverage: &Coverage, place: &str) -> String {
    let runs = count(usize::try_from(coverage.runs).unwrap_or(usize::MAX), "run");
    let compared = match coverage.compared {
        0 => "none".to_owned(),
        compared => compared.to_string(),
    };
    format!("{runs}{place}, {compared} of them compared with the abstract protocol")
}

/// What no run has shown, if there is anything.
fn missing_in_words(coverage: &Coverage) -> Option<String> {
    let missing = coverage.missing();
    let of =
        |kind| -> Vec<Item> { missing.iter().copied().filter(|item| item.kind == kind).collect() };
    let kinds = Kind::ALL.map(|kind| (kind, of(kind))).into_iter();
    let kinds = kinds.filter(|(_, items)| !items.is_empty());
    let kinds: Vec<String> = kinds
        .map(|(kind, items)| match kind {
            Kind::Abstract if coverage.compared == 0 => {
                "abstract protocol, not looked at".to_owned()
            }
            _ => format!("{} {}", kind.name(), names(&items)),
        })
        .collect();
    (!kinds.is_empty()).then(|| kinds.join("; "))
}

fn names(items: &[Item]) -> String {
    items.iter().map(|item| item.name).collect::<Vec<&str>>().join(", ")
}

/// A line of what is said of several runs.
fn line(label: &str, text: &str) -> String {
    labelled(label, 10, text)
}

/// What has happened in several runs together, and what has not.
fn report(coverage: &Coverage) -> String {
    let headline = missing_in_words(coverage).map_or_else(
        || "COVERED, nothing is missing".to_owned(),
        |missing| format!("MISSING, never in any run: {missing}"),
    );
    let mut out = wrapped(&headline, 2);
    out.push_str(&line("together", &runs(coverage, "")));
    for kind in Kind::ALL {
        let (some, all) = (coverage.happened(kind).len(), kind.items().len());
        let what = if kind == Kind::Guard { "exercised" } else { "happened" };
        out.push_str(&line(kind.name(), &format!("{some} of {all} {what}")));
    }
    for (item, reason) in coverage.explained() {
        out.push_str(&line("explained", &format!("{} need not happen: {reason}", item.name)));
    }
    out
}

/// The same for programs.
pub(super) fn json(coverage: &Coverage) -> Value {
    let object = |of: &dyn Fn(Kind) -> Vec<Item>| -> Map<String, Value> {
        let names = |kind| of(kind).iter().map(|item| json!(item.name)).collect::<Vec<Value>>();
        Kind::ALL.into_iter().map(|kind| (kind.name().to_owned(), names(kind).into())).collect()
    };
    let explained = coverage.explained().into_iter();
    let explained = explained.map(|(item, reason)| (item.name.to_owned(), json!(reason)));
    json!({
        "runs": coverage.runs,
        "compared": coverage.compared,
        "happened": object(&|kind| coverage.happened(kind)),
        "never": object(&|kind| coverage.never(kind)),
        "explained": explained.collect::<Map<String, Value>>(),
        "missing": coverage.missing().iter().map(|item| item.name).collect::<Vec<&str>>(),
    })
}
