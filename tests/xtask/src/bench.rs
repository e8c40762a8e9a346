//! What is run as a release and is no part of the tests: benchmarks and what else measures, in tests/bench, and
//! comparisons that take minutes.

use crate::programs::{ETCD, Program, REDIS};
use crate::{USAGE_ERROR, workspace_root};
use std::process::Command;

/// What runs the crate, before its arguments.
const BENCH: &[&str] = &["--package", "quorate-bench", "--"];

/// What compares the fast mode with the plain one on models, before their names.
const COMPARE: &[&str] = &["--package", "quorate-models", "--example", "compare", "--"];

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

/// `cargo xtask bench-cluster`: measures three servers on this machine beside others, which it installs if it may.
/// Returns the exit code: 0 when all of it was measured, 1 when nothing could be, 3 when some could not be, 64 for
/// options that are not understood.
pub(crate) fn cluster(options: &[String]) -> u8 {
    for program in others(options) {
        // It is measured without; that says NOT RUN in the place of the figures.
        if let Err(why) = program.ensure() {
            eprintln!("{why}");
        }
    }
    measure(Some("--cluster"), options)
}

/// The programs that are measured beside this project's, unless the options name others.
fn others(options: &[String]) -> Vec<&'static Program> {
    let chosen = options.iter().position(|option| option == "--systems");
    let chosen = chosen.and_then(|at| options.get(at + 1));
    let is_chosen = |name: &str| chosen.is_none_or(|names| names.split(',').any(|one| one == name));
    let all = [("etcd", &ETCD), ("redis", &REDIS)];
    all.into_iter().filter(|(name, _)| is_chosen(name)).map(|(_, program)| program).collect()
}

/// `cargo xtask models`: measures the named models, or all of them, and writes `models/README.md` anew.
/// Returns the exit code: 0 when all were measured, 1 when one could not be, 64 for an unknown one.
pub(crate) fn models(names: &[String]) -> u8 {
    measure(Some("--models"), names)
}

/// `cargo xtask compare`: compares the modes on the named models, or on the default one. Returns the exit code:
/// 0 when both reach the same states, 1 when they do not, 64 for an unknown model.
pub(crate) fn compare(names: &[String]) -> u8 {
    run_release(COMPARE, None, names)
}

fn measure(job: Option<&str>, names: &[String]) -> u8 {
    run_release(BENCH, job, names)
}

fn run_release(program: &[&str], job: Option<&str>, names: &[String]) -> u8 {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--release", "--locked"]).args(program).args(job).args(names);
    match command.current_dir(workspace_root()).status().map(|status| status.code()) {
        Ok(Some(0)) => 0,
        Ok(Some(code)) if [USAGE_ERROR, NOT_RUN].map(i32::from).contains(&code) => code as u8,
        Ok(_) => 1,
        Err(error) => {
            eprintln!("cargo: {error}");
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::others;

    #[test]
    fn only_programs_that_are_measured_are_installed() {
        let names = |line: &str| {
            let options: Vec<String> = line.split_whitespace().map(String::from).collect();
            others(&options).iter().map(|program| program.name).collect::<Vec<_>>()
        };
        assert_eq!(names("--rounds 3"), ["etcd", "redis-server"]);
        assert_eq!(names("--systems quorate,etcd --rounds 3"), ["etcd"]);
        assert!(names("--systems quorate,limit").is_empty());
    }
}
