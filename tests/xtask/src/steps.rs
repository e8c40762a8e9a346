//! The steps of `cargo xtask test`, and how their results are counted.
//!
//! A step is a command. It *passes*, *fails*, or *could not run* for want of a program; what could not
//! run is never counted as passed. Tests inside a step are counted from the test harness's own lines.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// One command of the full run.
struct Step {
    name: &'static str,
    /// The program and its arguments.
    command: &'static [&'static str],
    /// How to install the program when it is missing.
    install: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        command: &["cargo", "fmt", "--all", "--check"],
        install: "rustup component add rustfmt",
    },
    Step {
        name: "lint",
        command: &[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        install: "rustup component add clippy",
    },
    Step {
        name: "tests",
        command: &["cargo", "test", "--workspace", "--locked"],
        install: "https://rustup.rs",
    },
];

/// What running the steps has shown so far.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    not_run: Vec<String>,
}

/// Runs the named steps, or all of them, and prints the summary.
///
/// The exit code is 0 when everything ran and passed, 1 when something failed, 3 when nothing failed
/// but something could not run, 64 for an unknown step.
pub(crate) fn run(names: &[String]) -> ExitCode {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        eprintln!("step: {unknown:?}; expected one of {}", known.join(", "));
        return ExitCode::from(64);
    }
    let mut tally = Tally::default();
    for step in STEPS.iter().filter(|s| names.is_empty() || names.iter().any(|n| n == s.name)) {
        run_step(step, &mut tally);
    }
    for reason in &tally.not_run {
        println!("NOT RUN {reason}");
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    match (tally.failed, tally.not_run.is_empty()) {
        (0, true) => ExitCode::SUCCESS,
        (0, false) => ExitCode::from(3),
        _ => ExitCode::FAILURE,
    }
}

fn run_step(step: &Step, tally: &mut Tally) {
    println!("== {}: {}", step.name, step.command.join(" "));
    let begun = Instant::now();
    let (program, arguments) = (step.command[0], &step.command[1..]);
    let spawned = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            let why = format!("{}: {program}: {error}; install it: {}", step.name, step.install);
            return tally.not_run.push(why);
        }
    };
    let (mut passed, mut failed) = (0, 0);
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let (more_passed, more_failed) = harness_counts(&line).unwrap_or_default();
            passed += more_passed;
            failed += more_failed;
            println!("{line}");
        }
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    // A step without a test harness is one test; one that breaks outside its tests is one failure.
    if passed + failed == 0 || (!succeeded && failed == 0) {
        *(if succeeded { &mut passed } else { &mut failed }) += 1;
    }
    tally.passed += passed;
    tally.failed += failed;
    let verdict = if succeeded { "passed" } else { "FAILED" };
    println!("== {} {verdict} in {:.0} s", step.name, begun.elapsed().as_secs_f64());
}

/// The numbers of passed and failed tests in a closing line of the standard test harness.
fn harness_counts(line: &str) -> Option<(u64, u64)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let mut parts = counts.split("; ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some((passed, failed))
}

#[cfg(test)]
mod tests {
    use super::harness_counts;

    #[test]
    fn counts_come_from_the_harness_line_alone() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out";
        assert_eq!(harness_counts(line), Some((12, 3)));
        assert_eq!(harness_counts("12 passed; 3 failed"), None);
    }
}
