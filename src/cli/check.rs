//! `quorate check`: explores a model and says what holds.

use super::arguments::{Asked, CheckArguments, Format, read};
use super::progress::ProgressLine;
use super::{
    Exit, Failure, coverage, formulas, help, huge_pages, json, note, print, quorum, render,
};
use quorate_models::{
    Counts, Coverage, Mode, Options, Report, Stopper, Verdict, check, counts_line,
};
use quorate_proofs::evaluate::Evaluated;
use quorate_spec::StepCheck;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs `quorate check` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    match read(parser)? {
        Asked::Help => print(&help()),
        Asked::QuorumWithoutLeader(format) => quorum::run(format),
        Asked::Protocol(arguments) => check_protocol(&arguments),
    }
}

/// What is told of a check beside its own report.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// What was evaluated of the formulas, if they were.
    pub(super) evaluated: Option<&'a Evaluated>,
    /// What has happened in all runs that were merged, if this one was.
    pub(super) merged: Option<&'a Coverage>,
}

fn check_protocol(arguments: &CheckArguments) -> Result<Exit, Failure> {
    // Not after an hour of search.
    arguments.save.as_deref().map_or(Ok(()), |file| must_be_writable("save", file, EXAMPLE))?;
    arguments.coverage.as_deref().map_or(Ok(()), coverage::must_be_mergeable)?;
    huge_pages::ask();
    let stopper = Stopper::default();
    stop_when_interrupted(&stopper)?;
    if arguments.format == Format::Human {
        print(&render::plan(arguments))?;
    }
    let recorded = arguments.recorded();
    let formulas = arguments.formulas.then(formulas::prepared);
    let options = Options {
        mode: arguments.mode(),
        validate: arguments.validate,
        search: arguments.search,
        threads: arguments.threads,
        property: arguments.property,
        limits: arguments.limits,
        stopper,
        required: arguments.required(),
        recorded: recorded.filter(|_| !arguments.update_counts),
        opinion: formulas.clone().map(|formulas| -> Arc<dyn StepCheck> { formulas }),
    };
    let mut line = ProgressLine::new(recorded);
    let mut report = check(&arguments.bounds, &options, &mut |progress| line.show(progress));
    line.end();
    list_missing(arguments, &mut report);
    if let (Verdict::Violated(counterexample), Some(file)) = (&report.verdict, &arguments.save) {
        write(file, &counterexample.script)?;
    }
    let merged = coverage::merge(arguments.coverage.as_deref(), Coverage::of_check(&report))?;
    let evaluated = formulas.map(|formulas| formulas.evaluated());
    let beside = Beside { evaluated: evaluated.as_ref(), merged: merged.as_ref() };
    match arguments.format {
        Format::Human => print(&render::report(arguments, &report, &beside))?,
        Format::Json => print(&format!("{:#}\n", json::report(arguments, &report, &beside)))?,
    };
    if arguments.update_counts {
        match report.verdict {
            Verdict::Exhausted => record_counts(arguments, report.counts)?,
            _ => note("counts: not recorded; expected the verdict EXHAUSTED"),
        }
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
pub(super) fn stop_when_interrupted(stopper: &Stopper) -> Result<(), Failure> {
    let stopper = stopper.clone();
    let handler = move || {
        if stopper.is_interrupted() {
            std::process::exit(i32::from(Exit::Incomplete as u8));
        }
        stopper.interrupt();
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::usage(format_args!("signals: {error}")))
}

/// The name of a file for a counterexample.
pub(super) const EXAMPLE: &str = "counterexample.txt";

/// Whether there is a place for the file that a flag names; the example is a name for one.
pub(super) fn must_be_writable(flag: &str, file: &Path, example: &str) -> Result<(), Failure> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    if file.is_dir() || !parent.is_dir() {
        let (show, parent) = (file.display(), parent.display());
        let message = if file.is_dir() {
            format!("--{flag}: \"{show}\"; expected a file, not a directory; try {show}/{example}")
        } else {
            format!("--{flag}: \"{show}\"; expected a directory that exists; try mkdir -p {parent}")
        };
        return Err(Failure::new(Exit::CannotWrite, message));
    }
    Ok(())
}

/// Writes a file.
pub(super) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error| Failure::new(Exit::CannotWrite, format_args!("{}: {error}", file.display()));
    std::fs::write(file, text).map_err(fail)
}

/// Where the counts are recorded, in the source tree that this command was built from.
fn counts_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/counts.txt")
}

/// Records the counts of a model in a mode.
fn record_counts(arguments: &CheckArguments, counts: Counts) -> Result<(), Failure> {
    let file = counts_file();
    let text = std::fs::read_to_string(&file).map_err(|error| {
        let show = file.display();
        let message = format!("{show}: {error}; expected the source tree of quorate");
        Failure::new(Exit::NoInput, message)
    })?;
    write(&file, &with_counts(&text, arguments.model.name, arguments.mode(), counts))?;
    note(&format!("counts: recorded in {}", file.display()));
    Ok(())
}

/// The records with the counts of a model and mode in the place of those it had, or at the end.
fn with_counts(text: &str, name: &str, mode: Mode, counts: Counts) -> String {
    let is_its_own = |line: &str| line.split_whitespace().take(2).eq([name, mode.name()]);
    let new = counts_line(name, mode, counts);
    let mut lines: Vec<&str> = text.lines().collect();
    match lines.iter().position(|line| is_its_own(line)) {
        Some(place) => lines[place] = &new,
        None => lines.push(&new),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{counts_file, with_counts};
    use quorate_models::{Counts, Mode, NAMED};

    #[test]
    fn counts_are_recorded_in_place() {
        let counts = Counts { distinct: 5, generated: 7 };
        let text = "# model, mode, distinct, generated\nsmoke plain 1 2\npair plain 3 4\n";
        let replaced = "# model, mode, distinct, generated\nsmoke plain 5 7\npair plain 3 4\n";
        assert_eq!(with_counts(text, "smoke", Mode::Plain, counts), replaced);
        let added = format!("{text}smoke fast 5 7\n");
        assert_eq!(with_counts(text, "smoke", Mode::Fast, counts), added);
    }

    #[test]
    fn recording_what_is_recorded_changes_nothing() {
        let text = std::fs::read_to_string(counts_file()).expect("the records are in the tree");
        for model in NAMED {
            let mode = model.bounds.mode(Mode::Fast);
            let counts = model.recorded(mode).expect("every named model has its counts recorded");
            assert_eq!(with_counts(&text, model.name, mode, counts), text);
        }
    }
}
