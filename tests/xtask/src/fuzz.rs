//! `cargo xtask fuzz`: the targets of `tests/fuzz` under libFuzzer.
//!
//! It needs `cargo fuzz` and a C++ compiler, and neither a sanitizer nor another toolchain: there is no unsafe code
//! here whose accesses a sanitizer could check, and the compiler counts covered code on its own.

use crate::programs::{CARGO_FUZZ, CPP, Program};
use crate::{USAGE_ERROR, commands};
use std::process::Command;

/// Where the crate is.
const FOLDER: &str = "tests/fuzz";

/// Its targets.
const TARGETS: [&str; 6] = ["core", "log", "peers", "clients", "notation", "configuration"];

/// What is fuzzed, and for how long.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Plan {
    targets: Vec<&'static str>,
    minutes: u64,
}

/// Reads `[TARGET...] [--minutes N]`; all targets, ten minutes each, if nothing is said.
fn read(arguments: &[String]) -> Result<Plan, String> {
    let mut plan = Plan { targets: Vec::new(), minutes: 10 };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--minutes" {
            let text = arguments.next().map(String::as_str).unwrap_or_default();
            let number = text.parse().ok().filter(|minutes| *minutes > 0);
            plan.minutes = number
                .ok_or_else(|| format!("--minutes: {text:?}; expected a number from 1 on"))?;
            continue;
        }
        let Some(target) = TARGETS.into_iter().find(|target| target == argument) else {
            let known = TARGETS.join(", ");
            return Err(format!("target: {argument:?}; expected one of {known}, or --minutes N"));
        };
        plan.targets.push(target);
    }
    if plan.targets.is_empty() {
        plan.targets = TARGETS.to_vec();
    }
    Ok(plan)
}

/// Fuzzes the named targets, or all of them. Returns the exit code: 0 when nothing was found, 1 when something was,
/// 3 when it could not run, 64 for a usage error.
pub(crate) fn run(arguments: &[String]) -> u8 {
    let plan = match read(arguments) {
        Ok(plan) => plan,
        Err(what) => {
            eprintln!("{what}; try cargo xtask help");
            return USAGE_ERROR;
        }
    };
    let needs: [&Program; 2] = [&CARGO_FUZZ, &CPP];
    for program in needs {
        if let Err(why) = program.ensure() {
            println!("NOT RUN fuzz: {why}; to run it: {}", program.install);
            return 3;
        }
    }
    let manifest = format!("{FOLDER}/Cargo.toml");
    let seeds = ["run", "--quiet", "--locked", "--manifest-path", &manifest, "--example", "seeds"];
    if !succeeds(&seeds) {
        return 1;
    }
    let mut found = Vec::new();
    for target in plan.targets {
        println!("== fuzz {target}, {} minutes", plan.minutes);
        let limit = format!("-max_total_time={}", 60 * plan.minutes);
        let build = ["fuzz", "run", "--fuzz-dir", FOLDER, "--sanitizer", "none"];
        let options = ["--features", "libfuzzer", target, "--", &limit, "-timeout=60"];
        let words: Vec<&str> = build
            .into_iter()
            .chain(options)
            .chain(["-max_len=8192", "-print_final_stats=1"])
            .collect();
        if !succeeds(&words) {
            found.push(target);
        }
    }
    match found.as_slice() {
        [] => {
            println!("nothing found");
            0
        }
        found => {
            println!("FOUND something in {}; the input is in {FOLDER}/artifacts", found.join(", "));
            1
        }
    }
}

/// Whether cargo succeeds.
fn succeeds(arguments: &[&str]) -> bool {
    let mut command = Command::new("cargo");
    command.args(arguments).env("CARGO_TARGET_DIR", "target/fuzz");
    commands::stream(&mut command, |_| ()).unwrap_or_else(|error| {
        println!("cargo: {error}");
        false
    })
}

#[cfg(test)]
mod tests {
    use super::{FOLDER, Plan, TARGETS, read};
    use crate::workspace_root;

    #[test]
    fn targets_and_minutes_are_read_and_what_is_wrong_is_named() {
        let plan = |line: &str| read(&line.split(' ').map(String::from).collect::<Vec<_>>());
        assert_eq!(read(&[]), Ok(Plan { targets: TARGETS.to_vec(), minutes: 10 }));
        assert_eq!(plan("log --minutes 3"), Ok(Plan { targets: vec!["log"], minutes: 3 }));
        assert!(plan("--minutes 0").is_err_and(|what| what.contains("expected a number from 1")));
        assert!(plan("lgo").is_err_and(|what| what.contains("\"lgo\"; expected one of core, log")));
    }

    #[test]
    fn every_target_that_is_there_can_be_named() {
        let folder = workspace_root().join(FOLDER).join("targets");
        let entries = std::fs::read_dir(folder).expect("the targets are there").flatten();
        let name = |path: std::path::PathBuf| path.file_stem()?.to_str().map(String::from);
        let mut found: Vec<String> = entries.filter_map(|entry| name(entry.path())).collect();
        found.sort();
        let mut known = TARGETS.to_vec();
        known.sort_unstable();
        assert_eq!(found, known);
    }
}
