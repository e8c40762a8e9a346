//! `quorate replay`: runs a scenario on the core, step by step, with every check.

use super::text::count;
use super::{Exit, Failure, help, print};
use lexopt::Arg;
use quorate_spec::{Replay, Scenario, record, replay};
use std::fmt::Write;
use std::io::Error;
use std::path::PathBuf;

/// The longest scenario file that is read, in bytes.
const MAX_LENGTH: u64 = 64 << 20;

/// Runs `quorate replay` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let mut file: Option<PathBuf> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if file.is_none() => file = Some(value.into()),
            Arg::Long("help") | Arg::Short('h') => return print(&help()),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(file) = file else {
        return Err(Failure::usage("file: none; expected a scenario; try quorate replay FILE"));
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
    let fail = |exit, what: String| Failure::new(exit, format_args!("{show}: {what}"));
    let missing = |error: Error| {
        fail(Exit::NoInput, format!("{error}; expected a scenario; try quorate help"))
    };
    let metadata = std::fs::metadata(file).map_err(missing)?;
    if metadata.is_dir() {
        return Err(fail(
            Exit::NoInput,
            "a directory; expected a file; try quorate help".to_owned(),
        ));
    }
    let length = metadata.len();
    if length > MAX_LENGTH {
        return Err(fail(Exit::BadData, format!("{length} bytes; expected at most {MAX_LENGTH}")));
    }
    let bytes = std::fs::read(file).map_err(missing)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        fail(Exit::BadData, format!("byte {at} is no UTF-8; expected the text of a scenario"))
    })
}

/// What happened, line by line, and the verdict.
fn report(text: &str, run: &Replay) -> String {
    let now = record(text, run);
    let mut out = now.clone();
    let has_record = text.lines().any(|line| line.trim_start().starts_with('|'));
    let difference = (1..).zip(text.lines().zip(now.lines())).find(|(_, (then, now))| then != now);
    if has_record && let Some((line, _)) = difference {
        let _ = writeln!(out, "DIFFERS from what the file records, from line {line} on");
    }
    let actions = count(run.performed.len(), "action");
    let _ = match (&run.violation, &run.expected) {
        (Some(found), Some(expected)) if found.property != expected => writeln!(
            out,
            "VIOLATED {}, where {expected} was expected: {}",
            found.property, found.why
        ),
        (Some(found), _) => writeln!(out, "VIOLATED {}: {}", found.property, found.why),
        (None, Some(expected)) => {
            writeln!(out, "all hold after each of {actions}; {expected} is no longer violated")
        }
        (None, None) => writeln!(out, "all hold after each of {actions}"),
    };
    out
}
