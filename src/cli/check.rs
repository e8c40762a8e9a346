//! `quorate check`: explores a model and says what holds.

use super::arguments::{Asked, CheckArguments, Format, read};
use super::progress::ProgressLine;
use super::{Exit, Failure, print, quorum, render};
use quorate_models::{Counts, Options, Report, StopReason, Stopper, Verdict, check, counts_line};
use std::path::{Path, PathBuf};

/// Runs `quorate check` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    match read(parser)? {
        Asked::QuorumWithoutLeader(format) => quorum::run(format),
        Asked::Protocol(arguments) => check_protocol(&arguments),
    }
}

fn check_protocol(arguments: &CheckArguments) -> Result<Exit, Failure> {
    let is_as_named = arguments.bounds == arguments.model.bounds;
    let recorded = arguments.model.recorded().filter(|_| is_as_named);
    if arguments.format == Format::Human {
        print(&render::plan(arguments, recorded))?;
    }
    let stopper = Stopper::default();
    stop_when_interrupted(&stopper)?;
    let options = Options {
        search: arguments.search,
        threads: arguments.threads,
        property: arguments.property,
        limits: arguments.limits,
        stopper,
        required: if is_as_named { arguments.model.required } else { &[] },
        recorded: recorded.filter(|_| !arguments.update_counts),
    };
    let mut line = ProgressLine::new(recorded);
    let mut report = check(&arguments.bounds, &options, &mut |progress| line.show(progress));
    line.end();
    if !is_as_named {
        list_missing(arguments, &mut report);
    }
    match arguments.format {
        Format::Human => print(&render::report(arguments, &report))?,
        Format::Json => {
            print(&format!("{:#}\n", render::report_json(arguments, &report, recorded)))?
        }
    };
    if let (Verdict::Violated(counterexample), Some(file)) = (&report.verdict, &arguments.save) {
        write(file, &counterexample.script)?;
    }
    if let (Verdict::Exhausted, true) = (&report.verdict, arguments.update_counts) {
        record_counts(arguments.model.name, report.counts)?;
    }
    Ok(match report.verdict {
        Verdict::Exhausted => Exit::Holds,
        Verdict::Violated(_) | Verdict::Vacuous | Verdict::CountChanged(_) => Exit::Violated,
        Verdict::Incomplete(_) => Exit::Incomplete,
    })
}

/// With bounds of one's own, a witness that the model requires may be out of reach: it is listed only.
fn list_missing(arguments: &CheckArguments, report: &mut Report) {
    let required = arguments.model.required.iter();
    report.missing = required.copied().filter(|name| !report.reached.contains(name)).collect();
}

/// The first interrupt stops the search, and what was found is reported; the second ends the command.
fn stop_when_interrupted(stopper: &Stopper) -> Result<(), Failure> {
    let stopper = stopper.clone();
    let handler = move || {
        if stopper.reason() == Some(StopReason::Interrupted) {
            std::process::exit(i32::from(Exit::Incomplete as u8));
        }
        stopper.stop(StopReason::Interrupted);
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::usage(format_args!("signals: {error}")))
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error| Failure::new(Exit::CannotWrite, format_args!("{}: {error}", file.display()));
    std::fs::write(file, text).map_err(fail)
}

/// Where the counts are recorded, in the source tree that this command was built from.
fn counts_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/counts.txt")
}

/// Records the counts of a model, in place of those it had.
fn record_counts(name: &str, counts: Counts) -> Result<(), Failure> {
    let file = counts_file();
    let text = std::fs::read_to_string(&file).map_err(|error| {
        let message =
            format_args!("{}: {error}; expected the source tree", file.display()).to_string();
        Failure::new(Exit::NoInput, message)
    })?;
    let is_other = |line: &&str| line.split_whitespace().next() != Some(name);
    let mut lines: Vec<String> = text.lines().filter(is_other).map(str::to_owned).collect();
    lines.push(counts_line(name, counts));
    write(&file, &(lines.join("\n") + "\n"))?;
    print(&format!("  recorded   in {}\n", file.display())).map(|_| ())
}
