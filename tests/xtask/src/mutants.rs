//! Mutations: the protocol with one rule broken, which the exhaustive check must find.
//!
//! A check that never fails proves nothing. So every rule of the protocol has a patch in
//! `models/mutants` that breaks it. Each patch is applied to a copy of the source tree and the command
//! is built from it; the check that the patch names must then end in a violation of one of the
//! properties that it names, once with every property and once with those alone that say what the protocol is for.
//! A mistake in the runtime is found by tests instead, which the patch names. First the
//! same check must pass on the copy as it is: only then does a failure mean that it was the mutation that was found.
//!
//! The search is breadth first and has one thread, so that it finds the same each time, by a shortest way. The copy
//! and its build directory stay in `target/mutants`, and only files whose content changes are
//! written, so that what a mutation does not touch is compiled once.

mod harness;
mod matrix;
mod patch;
mod tree;
mod verdict;

use crate::USAGE_ERROR;
use crate::programs::{CARGO, GIT};
use crate::tally::{NotRun, Tally};
use crate::workspace_root;
use matrix::{Found, Outcome};
use patch::{Expected, Harm, LOCAL_OFF, Patch};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Instant;
use tree::Tree;
use verdict::{Pass, Verdict};

/// Where the patches are, from the root of the workspace.
const FOLDER: &str = "models/mutants";

/// The page in that folder with the catalogue and the kill matrix.
const PAGE: &str = "README.md";

/// What every check is told besides: to report for a program, and to give up rather than hang.
const OPTIONS: [&str; 4] = ["--format", "json", "--time-limit", "10m"];

/// What a check of a mutation is told besides that, so that it always finds the same.
const ORDERLY: [&str; 4] = ["--search", "bfs", "--threads", "1"];

/// How the copy is built: again and again, for short searches.
const BUILD: [(&str, &str); 3] = [
    ("CARGO_INCREMENTAL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// The mutations that every change must kill, one or two for each chapter of the protocol and some of the runtime, so
/// that they end within minutes: `cargo xtask mutants` tries all.
const SAMPLE: [&str; 8] = [
    "acknowledge_before_durable",
    "append_after_a_torn_tail",
    "let_the_commit_index_fall",
    "lost_wake_up",
    "read_without_asking_a_majority",
    "reply_before_sync",
    "vote_for_smaller_names_alone",
    "vote_twice_in_a_term",
];

/// `cargo xtask mutants [NAME...]`: runs the named mutations, or all of them, and returns the exit code. The
/// page beside the patches gets their new rows.
pub(crate) fn run(wanted: &[String]) -> u8 {
    let patches = match patch::read_all(&workspace_root().join(FOLDER)) {
        Ok(patches) => patches,
        Err(problem) => return report(&failed(&problem)),
    };
    if let Some(unknown) = wanted.iter().find(|name| !patches.iter().any(|p| p.name == **name)) {
        let known: Vec<&str> = patches.iter().map(|patch| patch.name.as_str()).collect();
        eprintln!("mutation: {unknown:?}; expected one of {}", known.join(", "));
        return USAGE_ERROR;
    }
    let is_wanted = |patch: &&Patch| wanted.is_empty() || wanted.contains(&patch.name);
    let chosen: Vec<&Patch> = patches.iter().filter(is_wanted).collect();
    let (mut tally, rows) = run_patches(&chosen);
    if !rows.is_empty() {
        let page = workspace_root().join(FOLDER).join(PAGE);
        match matrix::write(&page, &rows, &patches) {
            Ok(()) => println!("written to {}", page.display()),
            Err(problem) => tally.add(failed(&problem)),
        }
    }
    report(&tally)
}

/// Prints the closing lines, and returns the exit code.
fn report(tally: &Tally) -> u8 {
    println!("{}", tally.summary());
    tally.exit_code()
}

/// Runs the sample, of which each mutation is one test.
pub(crate) fn run_sample() -> Tally {
    match patch::read_all(&workspace_root().join(FOLDER)) {
        Ok(patches) => {
            let chosen: Vec<&Patch> =
                patches.iter().filter(|patch| SAMPLE.contains(&patch.name.as_str())).collect();
            run_patches(&chosen).0
        }
        Err(problem) => failed(&problem),
    }
}

/// One failure, which is said at once.
fn failed(problem: &str) -> Tally {
    println!("{problem}");
    Tally { failed: 1, ..Tally::default() }
}

/// Runs some mutations, and prints which was killed by what. Also returns that, unless they cannot be run.
fn run_patches<'a>(patches: &[&'a Patch]) -> (Tally, Vec<(&'a Patch, Option<Outcome>)>) {
    for program in [CARGO, GIT] {
        if let Err(why) = program.ensure() {
            let how = program.install.to_string();
            let not_run = NotRun { name: "mutations".into(), why, how };
            return (Tally { not_run: vec![not_run], ..Tally::default() }, Vec::new());
        }
    }
    let mut bench = match Bench::new() {
        Ok(bench) => bench,
        Err(problem) => return (failed(&problem), Vec::new()),
    };
    // All of them first, so that the unmutated copy is built once. Each is reported with its mutations.
    for check in patches.iter().flat_map(|patch| patch.checks()) {
        let _ = bench.baseline(check);
    }
    let mut tally = Tally::default();
    let mut rows: Vec<(&Patch, Option<Outcome>)> = Vec::new();
    for patch in patches {
        println!("== mutation {}: {}", patch.name, patch.check.join(" "));
        let begun = Instant::now();
        let result = bench.try_patch(patch);
        let seconds = begun.elapsed().as_secs_f64();
        match &result {
            Ok(outcome) => println!("== {}: {} in {seconds:.1} s", patch.name, outcome.in_words()),
            Err(problem) => println!("== {}: FAILED in {seconds:.1} s: {problem}", patch.name),
        }
        if let (Ok(_), Some(why)) = (&result, patch.why_nothing()) {
            println!("   {why}");
        }
        tally.count(result.is_ok());
        rows.push((patch, result.ok()));
    }
    println!("{}", matrix::printed(&rows));
    (tally, rows)
}

/// The copy of the source tree, and what is known of it.
struct Bench {
    tree: Tree,
    /// Where the copy is built.
    build: PathBuf,
    /// For each check, what running it on the unmutated copy has shown.
    baselines: BTreeMap<Vec<String>, Result<Pass, String>>,
}

impl Bench {
    fn new() -> Result<Bench, String> {
        let root = workspace_root();
        let folder = root.join("target").join("mutants");
        let tree = Tree::new(root, folder.join("tree"));
        tree.restore()?;
        Ok(Bench { tree, build: folder.join("build"), baselines: BTreeMap::new() })
    }

    /// Applies a patch, runs its checks, and restores the copy.
    ///
    /// # Errors
    /// Why the mutation is not what its header says.
    fn try_patch(&mut self, patch: &Patch) -> Result<Outcome, String> {
        let mut baselines = Vec::new();
        for check in patch.checks() {
            baselines.push(self.baseline(check)?);
        }
        self.tree.apply(&patch.path)?;
        let outcome = self.judge(patch, &baselines);
        self.tree.restore()?;
        outcome
    }

    /// Runs the checks of a patch on the copy, to which it has been applied.
    fn judge(&self, patch: &Patch, baselines: &[Pass]) -> Result<Outcome, String> {
        let verdict = self.build_and_check(&patch.check, &ORDERLY)?;
        let all = match &patch.expected {
            Expected::Killed(killed_by) => Found::Killed(verdict.kill(killed_by)?),
            Expected::Equivalent(_) => {
                let pass = verdict.pass()?;
                if baselines.first() != Some(&pass) {
                    let (states, before) = (pass.states, baselines.first().map(|p| p.states));
                    let found = format!("{states:?} states, and {before:?} without it");
                    return Err(format!("{found}; expected equal numbers of what is equivalent"));
                }
                Found::Nothing(pass.states)
            }
        };
        let Some(wanted) = &patch.end_to_end else { return Ok(Outcome { all, end_to_end: None }) };
        let verdict = self.check(&wanted.check, &[LOCAL_OFF.as_slice(), &ORDERLY].concat())?;
        let found = match &wanted.expected {
            Harm::Killed(killed_by) => verdict.kill(killed_by).map(Found::Killed),
            Harm::None(_) => verdict.no_harm().map(|pass| Found::Nothing(pass.states)),
        };
        let found = found.map_err(|problem| format!("end to end: {problem}"))?;
        Ok(Outcome { all, end_to_end: Some(found) })
    }

    /// Whether a check passes without a mutation. It is run once.
    fn baseline(&mut self, check: &[String]) -> Result<Pass, String> {
        if let Some(known) = self.baselines.get(check) {
            return known.clone();
        }
        println!("== without mutation: {}", check.join(" "));
        let result = self.run_baseline(check);
        self.baselines.insert(check.to_vec(), result.clone());
        result
    }

    /// Runs a check on the unmutated copy; it must pass.
    fn run_baseline(&self, check: &[String]) -> Result<Pass, String> {
        self.tree.restore()?;
        let verdict = self
            .build_and_check(check, &[])
            .map_err(|why| format!("without the mutation {why}"))?;
        verdict
            .pass()
            .map_err(|problem| format!("without the mutation `{}`: {problem}", check.join(" ")))
    }

    /// Runs what a patch names on the copy as it is now.
    fn build_and_check(&self, check: &[String], options: &[&str]) -> Result<Verdict, String> {
        match harness::tests_of(check) {
            Some(tests) => harness::check(self.tree.path(), tests),
            None => self.build().and_then(|()| self.check(check, options)),
        }
    }

    fn build(&self) -> Result<(), String> {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--release", "--locked", "--bin", "quorate"]);
        cargo.current_dir(self.tree.path()).env("CARGO_TARGET_DIR", &self.build).envs(BUILD);
        match cargo.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err("it does not compile; a patch is adjusted to the code it breaks".into()),
            Err(error) => Err(format!("cargo: {error}")),
        }
    }

    fn check(&self, arguments: &[String], options: &[&str]) -> Result<Verdict, String> {
        let program = self.build.join("release").join("quorate");
        let mut command = Command::new(&program);
        command.args(arguments).args(OPTIONS).args(options).current_dir(self.tree.path());
        let Output { status, stdout, stderr } =
            command.output().map_err(|error| format!("{}: {error}", program.display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Verdict::new(status.code(), &text(&stdout), &text(&stderr)))
    }
}

#[cfg(test)]
mod tests;
