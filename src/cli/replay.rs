//! `quorate replay`: runs a scenario on the core, step by step, with every check.

use super::{Exit, Failure, print};
use quorate_spec::{Replay, Scenario, record, replay};
use std::fmt::Write;
use std::path::PathBuf;

/// The longest scenario file that is read, in bytes.
const MAX_LENGTH: u64 = 64 << 20;

/// Runs `quorate replay` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let mut file: Option<PathBuf> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Value(value) if file.is_none() => file = Some(value.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(file) = file else {
        return Err(Failure::usage("file: none; expected quorate replay FILE"));
    };
    let text = read(&file)?;
    let fail = |error| Failure::new(Exit::BadData, format_args!("{}: {error}", file.display()));
    let scenario = Scenario::parse(&text).map_err(fail)?;
    let run = replay(&scenario).map_err(fail)?;
    print(&report(&text, &run))?;
    Ok(if run.violation.is_some() { Exit::Violated } else { Exit::Holds })
}

fn read(file: &std::path::Path) -> Result<String, Failure> {
    let show = file.display();
    let missing = |error| Failure::new(Exit::NoInput, format_args!("{show}: {error}"));
    let length = std::fs::metadata(file).map_err(missing)?.len();
    if length > MAX_LENGTH {
        let message =
            format_args!("{show}: {length} bytes; expected at most {MAX_LENGTH}").to_string();
        return Err(Failure::new(Exit::BadData, message));
    }
    let bytes = std::fs::read(file).map_err(missing)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format_args!("{show}: byte {at} is no text; expected a scenario").to_string();
        Failure::new(Exit::BadData, message)
    })
}

fn report(text: &str, run: &Replay) -> String {
    let now = record(text, run);
    let mut out = now.clone();
    let has_record = text.lines().any(|line| line.trim_start().starts_with('|'));
    let difference = (1..).zip(text.lines().zip(now.lines())).find(|(_, (then, now))| then != now);
    if has_record && let Some((line, _)) = difference {
        let _ = writeln!(out, "DIFFERS from what the file records, from line {line} on");
    }
    let actions = run.performed.len();
    match (&run.violation, &run.expected) {
        (Some(violation), _) => {
            let _ = writeln!(out, "VIOLATED {}: {}", violation.property, violation.why);
        }
        (None, Some(expected)) => {
            let _ =
                writeln!(out, "all hold after {actions} actions; {expected} is no longer violated");
        }
        (None, None) => {
            let _ = writeln!(out, "all hold after each of {actions} actions");
        }
    }
    out
}
