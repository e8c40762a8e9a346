//! The steps of `cargo xtask test`.
//!
//! A step is some commands and the programs they need. It *passes*, *fails*, or *could not run* for want
//! of a program; what could not run is never counted as passed. Tests inside a command are counted from
//! the test harness's own lines.

use crate::programs::{
    CARGO, CLIPPY, COQ, CVC5, GIT, OWN_MOUNTS, Program, REDIS, REDIS_PY, REDIS_TOOLS, RUSTFMT, Z3,
};
use crate::tally::{HarnessCounts, NotRun, Tally};
use crate::{USAGE_ERROR, commands, coq, mutants, proofs};
use std::process::Command;
use std::time::Instant;

/// One step of the full run.
struct Step {
    name: &'static str,
    needs: &'static [Program],
    work: Work,
}

/// What a step does.
enum Work {
    /// Runs every line.
    Lines(&'static [Line]),
    /// Checks every named model, with these arguments: it must be exhausted, and everything must hold.
    Models(&'static [&'static [&'static str]]),
    /// Checks the proofs in Coq.
    Coq,
    /// Breaks the protocol on purpose, in some of the known ways; the checks must notice.
    Mutations,
}

/// One command line: the program and its arguments, and variables of its environment.
pub(crate) struct Line {
    /// The program, and its arguments.
    pub(crate) words: &'static [&'static str],
    /// Variables of its environment.
    pub(crate) environment: &'static [(&'static str, &'static str)],
}

/// A command line without variables.
pub(crate) const fn line(words: &'static [&'static str]) -> Line {
    Line { words, environment: &[] }
}

const LINT: &[&str] =
    &["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];

/// The fuzzer's crate is a workspace of its own.
const FUZZ_FORMAT: Line =
    line(&["cargo", "fmt", "--manifest-path", "tests/fuzz/Cargo.toml", "--check"]);

/// The threads of the runtime, in every order. What is built for loom is of no use to anything else, so it
/// has a folder of its own.
pub(crate) const LOOM: Line = Line {
    words: &["cargo", "test", "--locked", "--package", "quorate-runtime", "--test", "threads"],
    environment: &[("RUSTFLAGS", "--cfg quorate_loom"), ("CARGO_TARGET_DIR", "target/loom")],
};

/// The threads of a search, likewise.
const SEARCH_LOOM: Line = Line {
    words: &["cargo", "test", "--locked", "--package", "quorate-search", "--lib"],
    environment: LOOM.environment,
};

/// What checks a model, before its name.
const CHECK: &[&str] =
    &["cargo", "run", "--quiet", "--release", "--locked", "--bin", "quorate", "--", "check"];

/// Mounts a file system of one megabyte, and runs on it the test that needs one.
const SMALL_DISK: &[&str] = &[
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    "disk=$(mktemp -d) && mount -t tmpfs -o size=1m none \"$disk\" || exit 1
     QUORATE_SMALL_DISK=$disk cargo test --package quorate-wal --locked --test small_disk -- --ignored
     result=$?; umount \"$disk\"; rmdir \"$disk\"; exit $result",
];

/// Mounts one of four megabytes, and runs on it a server of three until it is full.
const FULL_DISK: &[&str] = &[
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    "disk=$(mktemp -d) && mount -t tmpfs -o size=4m none \"$disk\" || exit 1
     QUORATE_SMALL_DISK=$disk cargo test --package quorate --locked --test cluster full_disk -- --ignored
     result=$?; umount \"$disk\"; rmdir \"$disk\"; exit $result",
];

/// The targets of the fuzzer on their seeds and on what chance makes of those. It is a workspace of its own.
const SEEDS: Line = Line {
    words: &["cargo", "test", "--manifest-path", "tests/fuzz/Cargo.toml", "--locked"],
    environment: &[("CARGO_TARGET_DIR", "target/fuzz")],
};

/// Asks a real Redis the same as this project's store.
const REDIS_TEST: &[&str] =
    &["cargo", "test", "--package", "quorate-kv", "--locked", "--test", "redis", "--", "--ignored"];

/// Programs of Redis as clients of a cluster.
const REDIS_TOOLS_TEST: &[&str] = &[
    "cargo",
    "test",
    "--package",
    "quorate",
    "--locked",
    "--test",
    "cluster",
    "--",
    "--ignored",
    "redis_programs::redis_cli",
    "redis_programs::redis_benchmark",
];

/// A script in Python as a client of a cluster.
const REDIS_PY_TEST: Line = Line {
    words: &[
        "cargo",
        "test",
        "--package",
        "quorate",
        "--locked",
        "--test",
        "cluster",
        "redis_programs::redis_py",
        "--",
        "--ignored",
    ],
    environment: &[("QUORATE_REDIS_PY", "target/redis-py/bin/python")],
};

/// All steps, the cheapest to learn from first.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        needs: &[CARGO, RUSTFMT],
        work: Work::Lines(&[line(&["cargo", "fmt", "--all", "--check"]), FUZZ_FORMAT]),
    },
    Step { name: "lint", needs: &[CARGO, CLIPPY], work: Work::Lines(&[line(LINT)]) },
    Step {
        name: "docs",
        needs: &[CARGO],
        work: Work::Lines(&[Line {
            words: &["cargo", "doc", "--workspace", "--no-deps", "--locked"],
            environment: &[("RUSTDOCFLAGS", "-D warnings")],
        }]),
    },
    Step {
        name: "tests",
        needs: &[CARGO],
        work: Work::Lines(&[line(&["cargo", "test", "--workspace", "--locked", "--no-fail-fast"])]),
    },
    Step { name: "seeds", needs: &[CARGO], work: Work::Lines(&[SEEDS]) },
    Step { name: "loom", needs: &[CARGO], work: Work::Lines(&[LOOM, SEARCH_LOOM]) },
    Step {
        name: "small-disk",
        needs: &[CARGO, OWN_MOUNTS],
        work: Work::Lines(&[line(SMALL_DISK), line(FULL_DISK)]),
    },
    Step { name: "redis", needs: &[CARGO, REDIS], work: Work::Lines(&[line(REDIS_TEST)]) },
    Step {
        name: "redis-tools",
        needs: &[CARGO, REDIS_TOOLS],
        work: Work::Lines(&[line(REDIS_TOOLS_TEST)]),
    },
    Step { name: "redis-py", needs: &[CARGO, REDIS_PY], work: Work::Lines(&[REDIS_PY_TEST]) },
    Step { name: "proofs", needs: &[CARGO, Z3, CVC5], work: Work::Lines(proofs::LINES) },
    Step { name: "coq", needs: &[COQ], work: Work::Coq },
    Step {
        name: "models",
        needs: &[CARGO],
        work: Work::Models(&[
            &["smoke"],
            &["small"],
            &["small", "--plain"],
            &["single"],
            &["pair"],
            &["elections"],
            &["elections-4"],
            &["pipeline"],
            &["async-disk"],
            &["reads"],
            &["outcomes"],
            &["refinement"],
            &["figure-8"],
            &["five"],
            &["standard"],
            &["unbounded"],
        ]),
    },
    Step { name: "mutations", needs: &[CARGO, GIT], work: Work::Mutations },
];

/// The names of all steps.
pub(crate) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Runs the named steps, or all of them, and prints the summary. Returns the exit code: 0 when everything
/// ran and passed, 1 when something failed, 3 when nothing failed but something could not run, 64 for an
/// unknown step.
pub(crate) fn run(wanted: &[String]) -> u8 {
    if let Some(unknown) = wanted.iter().find(|name| !names().contains(&name.as_str())) {
        eprintln!("step: {unknown:?}; expected one of {}", names().join(", "));
        return USAGE_ERROR;
    }
    let is_wanted = |step: &&Step| wanted.is_empty() || wanted.iter().any(|n| n == step.name);
    let mut tally = Tally::default();
    for step in STEPS.iter().filter(is_wanted) {
        tally.add(run_step(step));
    }
    println!("{}", tally.summary());
    tally.exit_code()
}

/// Runs one step, or says why it cannot run.
fn run_step(step: &Step) -> Tally {
    if let Some(not_run) = what_is_missing(step) {
        println!("== {}: not run: {}", step.name, not_run.why);
        return Tally { not_run: vec![not_run], ..Tally::default() };
    }
    let begun = Instant::now();
    let mut tally = Tally::default();
    match &step.work {
        Work::Lines(lines) => {
            for line in *lines {
                tally.add(run_line(step.name, line.words, line.environment));
            }
        }
        Work::Models(models) => {
            for model in *models {
                let words: Vec<&str> = CHECK.iter().chain(*model).copied().collect();
                tally.add(run_line(step.name, &words, &[]));
            }
        }
        Work::Coq => tally.add(coq::run()),
        Work::Mutations => {
            println!("== {}: a sample of cargo xtask mutants", step.name);
            tally.add(mutants::run_sample());
        }
    }
    let verdict = match tally.exit_code() {
        0 => "passed",
        1 => "FAILED",
        _ => "ran in part",
    };
    println!("== {} {verdict} in {:.1} s", step.name, begun.elapsed().as_secs_f64());
    tally
}

/// The first program that a step needs and that is neither there nor can be installed.
fn what_is_missing(step: &Step) -> Option<NotRun> {
    step.needs.iter().find_map(|program| {
        let why = program.ensure().err()?;
        Some(NotRun { name: step.name.into(), why, how: program.install.into() })
    })
}

/// Runs one command line and counts its tests.
pub(crate) fn run_line(step: &str, words: &[&str], environment: &[(&str, &str)]) -> Tally {
    let variables = environment.iter().map(|(name, value)| format!("{name}={value:?} "));
    println!("== {step}: {}{}", variables.collect::<String>(), words.join(" "));
    let mut counts = HarnessCounts::default();
    let Some((program, arguments)) = words.split_first() else { return counts.finish(false) };
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied());
    let result = commands::stream(&mut command, |line| counts.read(line));
    if let Err(error) = &result {
        println!("{program}: {error}");
    }
    counts.finish(result.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::{STEPS, Step, Work, line, names, run_line, run_step};
    use crate::programs::Program;
    use crate::tally::Tally;

    #[test]
    fn names_are_unique_and_every_step_needs_something() {
        let mut sorted = names();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), STEPS.len());
        assert!(STEPS.iter().all(|step| !step.needs.is_empty()));
    }

    #[test]
    fn a_step_that_lacks_a_program_is_not_run_and_not_passed() {
        const NOTHING: Program = Program {
            name: "nothing",
            probe: &["quorate-no-such-program"],
            package: None,
            install: "do nothing",
        };
        const WORK: Work = Work::Lines(&[line(&["cargo", "--version"])]);
        let tally = run_step(&Step { name: "example", needs: &[NOTHING], work: WORK });
        assert_eq!((tally.passed, tally.failed), (0, 0));
        assert_eq!(tally.exit_code(), 3);
        let expected =
            "NOT RUN example: nothing is missing; to run it: do nothing\n0 passed, 0 failed";
        assert_eq!(tally.summary(), expected);
    }

    #[test]
    fn a_line_that_succeeds_fails_or_cannot_start_is_counted() {
        let counted = |words| {
            let Tally { passed, failed, .. } = run_line("example", words, &[]);
            (passed, failed)
        };
        assert_eq!(counted(&["cargo", "--version"]), (1, 0));
        assert_eq!(counted(&["false"]), (0, 1));
        assert_eq!(counted(&["quorate-no-such-program"]), (0, 1));
    }
}
