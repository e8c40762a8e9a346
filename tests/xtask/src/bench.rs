//! Benchmarks, and what else measures: the crate in tests/bench, built as a release and run.

use crate::{USAGE_ERROR, workspace_root};
use std::process::Command;

/// What runs the crate, before its arguments.
const BENCH: &[&str] =
    &["run", "--quiet", "--release", "--locked", "--package", "quorate-bench", "--"];

/// The exit code of the crate when something could not be measured.
const NOT_RUN: u8 = 3;

/// `cargo xtask bench`: runs the named benchmarks, or all of them. Returns the exit code: 0 when all were
/// measured, 1 when one could not be, 64 for an unknown one.
pub(crate) fn run(names: &[String]) -> u8 {
    measure(None, names)
}

/// `cargo xtask bench-check`: measures what the exhaustive check promises. Returns the exit code: 0 when all
/// of it was measured, 1 when nothing could be, 3 when some could not be.
pub(crate) fn check() -> u8 {
    measure(Some("--check"), &[])
}

/// `cargo xtask models`: measures the named models, or all of them, and writes `models/README.md` anew.
/// Returns the exit code: 0 when all were measured, 1 when one could not be, 64 for an unknown one.
pub(crate) fn models(names: &[String]) -> u8 {
    measure(Some("--models"), names)
}

fn measure(job: Option<&str>, names: &[String]) -> u8 {
    let mut command = Command::new("cargo");
    command.args(BENCH).args(job).args(names).current_dir(workspace_root());
    match command.status().map(|status| status.code()) {
        Ok(Some(0)) => 0,
        Ok(Some(code)) if [USAGE_ERROR, NOT_RUN].map(i32::from).contains(&code) => code as u8,
        Ok(_) => 1,
        Err(error) => {
            eprintln!("cargo: {error}");
            1
        }
    }
}
