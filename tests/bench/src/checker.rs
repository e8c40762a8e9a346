//! The command `quorate check`, built as a release and run as a process of its own.
//!
//! Memory belongs to a process and not to a check in it, and so does processor time. A process of its own
//! begins with nothing, and what it reports at its end is what this one check took.

use crate::child;
use quorate_models::{BOUNDS, Bounds, Counts};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The time after which a check is taken for one that hangs. Its own limits are shorter.
const LIMIT: Duration = Duration::from_secs(3_600);
/// The verdict of a complete search without a violation.
const EXHAUSTED: &str = "exhausted";

/// The built command.
pub(crate) struct Checker {
    program: PathBuf,
}

/// What one check found, and what it took.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Checked {
    /// The states.
    pub(crate) counts: Counts,
    /// The longest path that was followed.
    pub(crate) depth: u64,
    /// How long the search took.
    pub(crate) seconds: f64,
    /// The most memory that the process held, in bytes, where the system tells.
    pub(crate) peak_memory: Option<u64>,
    /// The processor time of all its threads, in seconds, where the system tells.
    pub(crate) cpu_seconds: Option<f64>,
    /// Whether everything was explored. Otherwise the time limit stopped it.
    pub(crate) is_complete: bool,
}

/// The target directory: the one that this program was built in.
///
/// # Errors
/// When this program does not know where it is.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let here = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let target = here.ancestors().nth(2).map(Path::to_path_buf);
    target.ok_or_else(|| format!("{}: expected a program in a target directory", here.display()))
}

/// Builds the command `quorate` as a release. Returns where it is.
///
/// # Errors
/// When it does not compile.
pub(crate) fn build_command() -> Result<PathBuf, String> {
    let target = target_directory()?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked", "--package", "quorate"]);
    cargo.args(["--bin", "quorate", "--target-dir"]).arg(&target);
    cargo.arg("--manifest-path").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"));
    match cargo.status() {
        Ok(status) if status.success() => Ok(target.join("release").join("quorate")),
        Ok(status) => Err(format!("cargo build --bin quorate: {status}")),
        Err(error) => Err(format!("cargo: {error}")),
    }
}

impl Checker {
    /// Builds the command.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) fn build() -> Result<Checker, String> {
        Ok(Checker { program: build_command()? })
    }

    /// Runs `quorate check` with these words behind it. Progress is shown on standard error.
    ///
    /// # Errors
    /// When it found anything but that all holds, of all states or of those within its time limit.
    pub(crate) fn check(&self, words: &[String]) -> Result<Checked, String> {
        let line = format!("quorate check {}", words.join(" "));
        eprintln!("-- {line}");
        let mut command = Command::new(&self.program);
        command.arg("check").args(words).args(["--format", "json"]);
        let ended = child::run(&mut command, LIMIT)?;
        let checked = Checked::read(&ended.stdout, ended.cpu_seconds);
        checked.map_err(|error| format!("{line}: {error}; it ended with {}", ended.status))
    }
}

impl Checked {
    /// Reads the report that a check prints for programs.
    ///
    /// # Errors
    /// When it is no such report, or one of something else than that all holds.
    pub(crate) fn read(report: &str, cpu_seconds: Option<f64>) -> Result<Checked, String> {
        let report: Value = serde_json::from_str(report)
            .map_err(|error| format!("its report: {error}; expected one JSON object"))?;
        let missing = |name: &str| format!("its report: no number {name:?}; expected one");
        let whole = |name: &str| report[name].as_u64().ok_or_else(|| missing(name));
        let word = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
        let (verdict, stopped_by) = (word("verdict"), word("stopped_by"));
        let is_complete = verdict == EXHAUSTED;
        if !is_complete && !stopped_by.starts_with("the time limit") {
            let why = if stopped_by.is_empty() { stopped_by } else { format!(" by {stopped_by}") };
            return Err(format!("verdict: {verdict:?}{why}; expected {EXHAUSTED:?}"));
        }
        Ok(Checked {
            counts: Counts { distinct: whole("distinct")?, generated: whole("generated")? },
            depth: whole("depth")?,
            seconds: report["seconds"].as_f64().ok_or_else(|| missing("seconds"))?,
            peak_memory: report["peak_memory_bytes"].as_u64(),
            cpu_seconds,
            is_complete,
        })
    }

    /// The same, if everything was explored.
    ///
    /// # Errors
    /// When it was not.
    pub(crate) fn complete(self) -> Result<Checked, String> {
        let seconds = self.seconds;
        let complete = self.is_complete.then_some(self);
        complete.ok_or_else(|| format!("stopped by its time limit after {seconds:.0} s"))
    }
}

/// The words that set every bound to what these bounds say, whatever model they stand behind.
pub(crate) fn all_flags(bounds: &Bounds) -> Vec<String> {
    BOUNDS.iter().flat_map(|bound| [format!("--{}", bound.flag), bound.show(bounds)]).collect()
}

/// The flags that differ between bounds and others, with the values of the first.
pub(crate) fn differing_flags(bounds: &Bounds, others: &Bounds) -> Vec<String> {
    let differing = BOUNDS.iter().filter(|bound| bound.show(bounds) != bound.show(others));
    differing.map(|bound| format!("--{} {}", bound.flag, bound.show(bounds))).collect()
}

#[cfg(test)]
mod tests {
    use super::{Checked, all_flags, differing_flags};
    use quorate_models::{BOUNDS, Bounds, Counts};

    fn report(verdict: &str, stopped_by: &str) -> String {
        format!(
            "{{ \"verdict\": \"{verdict}\", \"stopped_by\": {stopped_by}, \"distinct\": 5, \
             \"generated\": 7, \"depth\": 3, \"seconds\": 0.5, \"peak_memory_bytes\": 4096 }}"
        )
    }

    #[test]
    fn a_report_is_read() {
        let checked = Checked::read(&report("exhausted", "null"), Some(0.25));
        let expected = Checked {
            counts: Counts { distinct: 5, generated: 7 },
            depth: 3,
            seconds: 0.5,
            peak_memory: Some(4_096),
            cpu_seconds: Some(0.25),
            is_complete: true,
        };
        assert_eq!(checked, Ok(expected.clone()));
        assert_eq!(expected.clone().complete(), Ok(expected.clone()));
        let stopped = Checked::read(&report("incomplete", "\"the time limit of 9 s\""), Some(0.25));
        assert_eq!(stopped, Ok(Checked { is_complete: false, ..expected }));
        assert!(stopped.and_then(Checked::complete).is_err());
    }

    #[test]
    fn a_report_of_anything_else_is_an_error_that_says_what_it_is() {
        let error = |text: &str| Checked::read(text, None).expect_err(text);
        let violated = error(&report("violated", "null"));
        assert_eq!(violated, "verdict: \"violated\"; expected \"exhausted\"");
        let memory = error(&report("incomplete", "\"the memory limit of 9 MiB\""));
        assert!(memory.contains("by the memory limit of 9 MiB"), "{memory}");
        let without = error(&report("exhausted", "null").replace("\"seconds\"", "\"hours\""));
        assert_eq!(without, "its report: no number \"seconds\"; expected one");
        assert!(error("quorate: model").ends_with("expected one JSON object"));
    }

    #[test]
    fn flags_set_the_bounds_that_they_were_made_from() {
        let bounds = Bounds { servers: 2, crashes: 4, refinement: true, ..Bounds::LEAST };
        assert_eq!(
            differing_flags(&bounds, &Bounds::LEAST),
            ["--servers 2", "--crashes 4", "--refinement yes"]
        );
        let mut read = Bounds::LEAST;
        for pair in all_flags(&bounds).chunks(2) {
            let bound = BOUNDS.iter().find(|bound| pair[0] == format!("--{}", bound.flag));
            bound.expect("a flag of a bound").parse(&mut read, &pair[1]).expect("a value of it");
        }
        assert_eq!(read, bounds);
    }
}
