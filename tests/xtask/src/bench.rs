//! What is run as a release and is no part of the tests: benchmarks, and comparisons that take minutes.

use crate::{USAGE_ERROR, workspace_root};
use std::process::Command;

/// What runs a benchmark, before its name: the crate in tests/bench.
const BENCH: &[&str] = &["--package", "quorate-bench", "--"];

/// What compares the fast mode with the plain one on models, before their names.
const COMPARE: &[&str] = &["--package", "quorate-models", "--example", "compare", "--"];

/// Runs the named benchmarks, or all of them. Returns the exit code: 0 when all were measured, 1 when one
/// could not be, 64 for an unknown one.
pub(crate) fn run(names: &[String]) -> u8 {
    run_release(BENCH, names)
}

/// Compares the modes on the named models, or on the default one. Returns the exit code: 0 when both reach the
/// same states, 1 when they do not, 64 for an unknown model.
pub(crate) fn compare(names: &[String]) -> u8 {
    run_release(COMPARE, names)
}

fn run_release(program: &[&str], names: &[String]) -> u8 {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--release", "--locked"]).args(program).args(names);
    match command.current_dir(workspace_root()).status() {
        Ok(status) if status.success() => 0,
        Ok(status) if status.code() == Some(i32::from(USAGE_ERROR)) => USAGE_ERROR,
        Ok(_) => 1,
        Err(error) => {
            eprintln!("cargo: {error}");
            1
        }
    }
}
