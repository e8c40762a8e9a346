//! `cargo xtask torture`: three servers under load and faults, for as long as one likes.
//!
//! The work is a test of `tests/cluster`, which the full run does for about a minute with one seed. Here it runs for
//! minutes or hours, with any seed, and with a server whose disk runs full, where the machine allows a file system for
//! that.

use crate::programs::OWN_MOUNTS;
use crate::{USAGE_ERROR, commands};
use std::process::Command;

/// What runs the test, whatever its length.
const TEST: &str = "cargo test --package quorate --locked --test cluster -- \
    --ignored --exact --nocapture torture::torture_of_any_length";

/// What a run that passed says.
const PASSED: &str = "TORTURE PASSED with seed ";

/// How long and with which seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Plan {
    minutes: u64,
    seed: u64,
}

/// Reads `--minutes N --seed S`, in any order; five minutes and the seed 1 if nothing is said.
fn read(arguments: &[String]) -> Result<Plan, String> {
    let mut plan = Plan { minutes: 5, seed: 1 };
    let mut arguments = arguments.iter();
    while let Some(flag) = arguments.next() {
        let place = match flag.as_str() {
            "--minutes" => &mut plan.minutes,
            "--seed" => &mut plan.seed,
            _ => return Err(format!("option: {flag:?}; expected --minutes N or --seed S")),
        };
        let text = arguments.next().map(String::as_str).unwrap_or_default();
        *place = text.parse().map_err(|_| format!("{flag}: {text:?}; expected a number"))?;
    }
    Ok(plan)
}

/// Runs the torture. Returns the exit code: 0 when all holds, 1 when something does not, 3 when all holds but there
/// was no disk that could run full, 64 for a usage error.
pub(crate) fn run(arguments: &[String]) -> u8 {
    let plan = match read(arguments) {
        Ok(plan) => plan,
        Err(what) => {
            eprintln!("{what}; try cargo xtask help");
            return USAGE_ERROR;
        }
    };
    let no_disk = OWN_MOUNTS.ensure().err();
    let mut command = if no_disk.is_none() { on_small_disk("512m", TEST) } else { shell(TEST) };
    command.env("QUORATE_TORTURE_MINUTES", plan.minutes.to_string());
    command.env("QUORATE_TORTURE_SEED", plan.seed.to_string());
    let mut has_passed = false;
    let result = commands::stream(&mut command, |line| has_passed |= line.contains(PASSED));
    if let Err(error) = &result {
        println!("sh: {error}");
    }
    match (result.unwrap_or(false) && has_passed, no_disk) {
        (true, None) => 0,
        (true, Some(why)) => {
            println!("NOT RUN a disk that runs full: {why}; to run it: {}", OWN_MOUNTS.install);
            3
        }
        (false, _) => {
            let Plan { minutes, seed } = plan;
            println!("to repeat: cargo xtask torture --minutes {minutes} --seed {seed}");
            1
        }
    }
}

/// A command line of the shell.
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

/// A command line that runs beside a small file system of its own, whose directory is in `QUORATE_SMALL_DISK`.
fn on_small_disk(size: &str, line: &str) -> Command {
    let script = format!(
        "disk=$(mktemp -d) && mount -t tmpfs -o size={size} none \"$disk\" || exit 1
         QUORATE_SMALL_DISK=$disk {line}
         result=$?; umount \"$disk\"; rmdir \"$disk\"; exit $result"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    command
}

#[cfg(test)]
mod tests {
    use super::{Plan, read};

    #[test]
    fn minutes_and_seed_are_read_and_what_is_wrong_is_named() {
        let plan = |line: &str| read(&line.split(' ').map(String::from).collect::<Vec<_>>());
        assert_eq!(read(&[]), Ok(Plan { minutes: 5, seed: 1 }));
        assert_eq!(plan("--seed 7 --minutes 30"), Ok(Plan { minutes: 30, seed: 7 }));
        assert_eq!(plan("--minutes"), Err("--minutes: \"\"; expected a number".into()));
        assert_eq!(plan("--seed x"), Err("--seed: \"x\"; expected a number".into()));
        assert!(plan("30").is_err_and(|what| what.contains("\"30\"; expected --minutes")));
    }
}
