//! Benchmarks: the crate in tests/bench, built as a release and run.

use crate::{USAGE_ERROR, workspace_root};
use std::process::Command;

/// What runs a benchmark, before its name.
const BENCH: &[&str] =
    &["run", "--quiet", "--release", "--locked", "--package", "quorate-bench", "--"];

/// Runs the named benchmarks, or all of them. Returns the exit code: 0 when all were measured, 1 when one
/// could not be, 64 for an unknown one.
pub(crate) fn run(names: &[String]) -> u8 {
    let mut command = Command::new("cargo");
    command.args(BENCH).args(names).current_dir(workspace_root());
    match command.status() {
        Ok(status) if status.success() => 0,
        Ok(status) if status.code() == Some(i32::from(USAGE_ERROR)) => USAGE_ERROR,
        Ok(_) => 1,
        Err(error) => {
            eprintln!("cargo: {error}");
            1
        }
    }
}
