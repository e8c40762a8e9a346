//! `cargo xtask`: the project's own commands.
//!
//! `cargo xtask test` runs everything that a change must pass, in the order in which failures are
//! cheapest to learn about, and ends with one line that counts. `cargo xtask mutants` breaks the protocol
//! on purpose and demands that the exhaustive check notices. `cargo xtask bench` measures the project's
//! figures, `cargo xtask bench-check` those of the exhaustive check, and `cargo xtask bench-cluster` those of three
//! servers; they are no part of the tests, for a slow machine is no mistake. `cargo xtask models` writes what the named models cost, and `cargo xtask compare`
//! holds the fast mode against the plain one where that takes minutes.
//!
//! It is a crate and not a script so that it runs wherever the project builds, and so that what decides
//! between passed, failed and not run has tests of its own.

mod bench;
mod commands;
mod coq;
mod coverage;
mod fuzz;
mod mutants;
mod programs;
mod proofs;
mod steps;
mod tally;
mod torture;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask test [STEP...]
       cargo xtask mutants [NAME...]
       cargo xtask bench [NAME...]
       cargo xtask bench-check
       cargo xtask bench-cluster
       cargo xtask models [NAME...]
       cargo xtask compare [MODEL...]
       cargo xtask coverage
       cargo xtask torture [--minutes N] [--seed S]
       cargo xtask fuzz [TARGET...] [--minutes N]
       cargo xtask proofs

  test         runs all checks of a change, or only the named steps
  mutants      applies each mutation of models/mutants, or only the named ones, and requires the
               check that its header names to find it
  bench        measures core, small and build, or only the named ones, beside their targets
  bench-check  measures the exhaustive check beside its targets, and beside stateright's examples
  bench-cluster
               measures three servers as processes on this machine beside their targets, and
               beside what the disk makes of three logs; about a minute long
  models       checks all named models, or only these, and writes models/README.md anew
  compare      compares the states of both modes of the check, on the model elections or on the
               named ones; minutes long
  coverage     tells which lines of the protocol the quick checks never run, and requires an
               explanation of each in models/unreached.txt; two minutes long
  torture      lets three servers suffer faults of every kind under load, for 5 minutes or as many as
               are said; which faults follows from the seed, 1 if none is said
  fuzz         feeds everything that reads bytes with all kinds of bytes, 10 minutes for each target
  proofs       proves the protocol with z3 and each of five seeds alone, and with cvc5, and finds all
               known mistakes in it; minutes long
  help         prints this text, and the steps

Exit code: 0 all passed; 1 something failed; 3 nothing failed, but something could not run;
64 usage error.
";

/// The commands, for messages.
const COMMANDS: &str = "test, mutants, bench, bench-check, bench-cluster, models, compare, \
     coverage, torture, fuzz, proofs";

/// The exit code of a usage error.
const USAGE_ERROR: u8 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    ExitCode::from(run(&arguments))
}

/// Runs one command and returns its exit code.
fn run(arguments: &[String]) -> u8 {
    match arguments.split_first() {
        Some((command, names)) if command == "test" => steps::run(names),
        Some((command, names)) if command == "mutants" => mutants::run(names),
        Some((command, names)) if command == "bench" => bench::run(names),
        Some((command, [])) if command == "bench-check" => bench::check(),
        Some((command, [])) if command == "bench-cluster" => bench::cluster(),
        Some((command, [])) if command == "coverage" => coverage::run(),
        Some((command, [])) if command == "proofs" => proofs::run(),
        Some((command, names))
            if ["bench-check", "bench-cluster", "coverage", "proofs"]
                .contains(&command.as_str()) =>
        {
            eprintln!("{command}: {:?}; expected nothing behind it", names.join(" "));
            USAGE_ERROR
        }
        Some((command, names)) if command == "models" => bench::models(names),
        Some((command, names)) if command == "compare" => bench::compare(names),
        Some((command, arguments)) if command == "torture" => torture::run(arguments),
        Some((command, arguments)) if command == "fuzz" => fuzz::run(arguments),
        Some((command, [])) if command == "help" || command == "--help" => {
            print!("{USAGE}");
            println!("\nSteps: {}", steps::names().join(", "));
            0
        }
        Some((command, [])) => {
            eprintln!("command: {command:?}; expected one of {COMMANDS}; try cargo xtask help");
            USAGE_ERROR
        }
        Some((command, _)) => {
            eprintln!("command: {command:?} with arguments; expected one of {COMMANDS}");
            USAGE_ERROR
        }
        None => {
            eprint!("{USAGE}");
            USAGE_ERROR
        }
    }
}

/// The root of the workspace: what cargo says now, for the tree may have moved since this was compiled.
fn workspace_root() -> PathBuf {
    let now = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = now.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::{USAGE_ERROR, run, workspace_root};

    #[test]
    fn unknown_commands_steps_and_mutations_are_usage_errors() {
        for line in [
            "",
            "tset",
            "tset format",
            "test frmat",
            "mutants no_such_mutation",
            "bench-check x",
            "bench-cluster x",
            "coverage x",
            "proofs x",
            "torture --minuets 3",
            "fuzz no_such_target",
        ] {
            let arguments: Vec<String> = line.split_whitespace().map(String::from).collect();
            assert_eq!(run(&arguments), USAGE_ERROR, "cargo xtask {line}");
        }
    }

    #[test]
    fn the_root_of_the_workspace_holds_its_manifest() {
        assert!(workspace_root().join("Cargo.lock").is_file());
    }
}
