//! The proof with solvers: what every change runs, and `cargo xtask proofs`, which runs more.
//!
//! Every change must leave the proof provable by z3, and every known mistake unprovable. The long form asks whether that
//! was luck: z3 with each of five seeds alone, and cvc5, which goes about it in another way, on every query.

use crate::programs::{CARGO, CVC5, Z3};
use crate::steps::{Line, line, run_line};
use crate::tally::{NotRun, Tally};

/// What runs the proof, before its options.
const PROVE: [&str; 9] =
    ["cargo", "run", "--quiet", "--release", "--locked", "--bin", "quorate", "--", "prove"];

/// A command line that runs the proof with two options.
const fn prove([first, second, third, fourth]: [&'static str; 4]) -> [&'static str; 13] {
    let [a, b, c, d, e, f, g, h, i] = PROVE;
    [a, b, c, d, e, f, g, h, i, first, second, third, fourth]
}

const Z3_ON_ALL: [&str; 13] = prove(["--solver", "z3", "--seeds", "1,2,3"]);
const AXIOM_BY_SETS: [&str; 13] = prove(["--solver", "cvc5", "--query", "quorums_intersect"]);

/// The mistakes, which must be found, and what the proof is said to do without.
const MUTATIONS: &[&str] =
    &["cargo", "test", "--package", "quorate-proofs", "--locked", "--", "--ignored"];

/// A counterexample, as the command shows it.
const SHOWN: &[&str] = &[
    "cargo",
    "test",
    "--package",
    "quorate",
    "--locked",
    "--test",
    "command_line",
    "prove",
    "--",
    "--ignored",
];

/// What every change runs.
pub(crate) const LINES: &[Line] =
    &[line(&Z3_ON_ALL), line(&AXIOM_BY_SETS), line(MUTATIONS), line(SHOWN)];

/// The seeds that z3 must do with one by one.
const SEEDS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// Runs the long form. Returns the exit code: 0 when everything holds, 1 when something does not, 3 when a solver is
/// missing.
pub(crate) fn run() -> u8 {
    let mut tally = Tally::default();
    for program in [CARGO, Z3, CVC5] {
        if let Err(why) = program.ensure() {
            tally.not_run.push(NotRun { name: "proofs".into(), why, how: program.install.into() });
        }
    }
    if tally.not_run.is_empty() {
        for seed in SEEDS {
            tally.add(run_line("proofs", &prove(["--solver", "z3", "--seeds", seed]), &[]));
        }
        tally.add(run_line("proofs", &[PROVE.as_slice(), &["--solver", "cvc5"]].concat(), &[]));
        tally.add(run_line("proofs", MUTATIONS, &[]));
    }
    println!("{}", tally.summary());
    tally.exit_code()
}
