//! Mutations: the protocol with one rule broken, which the exhaustive check must find.
//!
//! A check that never fails proves nothing. So every rule of the protocol has a patch in
//! `models/mutants` that breaks it. Each patch is applied to a copy of the source tree and the command
//! is built from it; the check that the patch names must then end in a violation of one of the
//! properties that it names. A mistake in the runtime is found by tests instead, which the patch names. First the
//! same check must pass on the copy as it is: only then does a failure mean that it was the mutation that was found.
//!
//! The copy and its build directory stay in `target/mutants`, and only files whose content changes are
//! written, so that what a mutation does not touch is compiled once.

mod harness;
mod patch;
mod tree;
mod verdict;

use crate::USAGE_ERROR;
use crate::programs::{CARGO, GIT};
use crate::tally::{NotRun, Tally};
use crate::workspace_root;
use patch::Patch;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Instant;
use tree::Tree;
use verdict::{Kill, Verdict};

/// Where the patches are, from the root of the workspace.
const FOLDER: &str = "models/mutants";

/// What every check is told besides: to report for a program, and to give up rather than hang.
const OPTIONS: [&str; 4] = ["--format", "json", "--time-limit", "10m"];

/// `cargo xtask mutants [NAME...]`: runs the named mutations, or all of them, and returns the exit code.
pub(crate) fn run(wanted: &[String]) -> u8 {
    let patches = match patch::read_all(&workspace_root().join(FOLDER)) {
        Ok(patches) => patches,
        Err(problem) => {
            println!("{problem}");
            let tally = Tally { failed: 1, ..Tally::default() };
            println!("{}", tally.summary());
            return tally.exit_code();
        }
    };
    if let Some(unknown) = wanted.iter().find(|name| !patches.iter().any(|p| p.name == **name)) {
        let known: Vec<&str> = patches.iter().map(|patch| patch.name.as_str()).collect();
        eprintln!("mutation: {unknown:?}; expected one of {}", known.join(", "));
        return USAGE_ERROR;
    }
    let is_wanted = |patch: &Patch| wanted.is_empty() || wanted.contains(&patch.name);
    let tally = run_patches(&patches.into_iter().filter(is_wanted).collect::<Vec<_>>());
    println!("{}", tally.summary());
    tally.exit_code()
}

/// Runs all mutations, each of which is one test.
pub(crate) fn run_all() -> Tally {
    match patch::read_all(&workspace_root().join(FOLDER)) {
        Ok(patches) => run_patches(&patches),
        Err(problem) => {
            println!("{problem}");
            Tally { failed: 1, ..Tally::default() }
        }
    }
}

/// Runs some mutations, and prints which was killed by what.
fn run_patches(patches: &[Patch]) -> Tally {
    for program in [CARGO, GIT] {
        if let Err(why) = program.ensure() {
            let how = program.install.to_string();
            let not_run = NotRun { name: "mutations".into(), why, how };
            return Tally { not_run: vec![not_run], ..Tally::default() };
        }
    }
    let mut tally = Tally::default();
    let mut bench = match Bench::new() {
        Ok(bench) => bench,
        Err(problem) => {
            println!("{problem}");
            tally.count(false);
            return tally;
        }
    };
    // All of them first, so that the unmutated copy is built once. Each is reported with its mutations.
    for patch in patches {
        let _ = bench.baseline(&patch.check);
    }
    let mut rows = Vec::new();
    for patch in patches {
        println!("== mutation {}: {}", patch.name, patch.check.join(" "));
        let begun = Instant::now();
        let result = bench.try_patch(patch);
        let seconds = begun.elapsed().as_secs_f64();
        match &result {
            Ok(kill) => {
                println!("== {}: killed by {} in {seconds:.1} s", patch.name, kill.property)
            }
            Err(problem) => println!("== {}: FAILED in {seconds:.1} s: {problem}", patch.name),
        }
        tally.count(result.is_ok());
        rows.push((patch.name.clone(), result.ok()));
    }
    println!("{}", kill_matrix(&rows));
    tally
}

/// The copy of the source tree, and what is known of it.
struct Bench {
    tree: Tree,
    /// Where the copy is built.
    build: PathBuf,
    /// For each check, what running it on the unmutated copy has shown.
    baselines: BTreeMap<Vec<String>, Result<(), String>>,
}

impl Bench {
    fn new() -> Result<Bench, String> {
        let root = workspace_root();
        let folder = root.join("target").join("mutants");
        let tree = Tree::new(root, folder.join("tree"));
        tree.restore()?;
        Ok(Bench { tree, build: folder.join("build"), baselines: BTreeMap::new() })
    }

    /// Applies a patch, runs its check, and restores the copy.
    ///
    /// # Errors
    /// Why the mutation does not count as killed.
    fn try_patch(&mut self, patch: &Patch) -> Result<Kill, String> {
        self.baseline(&patch.check)?;
        self.tree.apply(&patch.path)?;
        let verdict = self.build_and_check(&patch.check);
        self.tree.restore()?;
        verdict?.kill(&patch.killed_by)
    }

    /// Whether a check passes without a mutation. It is run once.
    fn baseline(&mut self, check: &[String]) -> Result<(), String> {
        if let Some(known) = self.baselines.get(check) {
            return known.clone();
        }
        println!("== without mutation: {}", check.join(" "));
        let result = self.run_baseline(check);
        self.baselines.insert(check.to_vec(), result.clone());
        result
    }

    /// Runs a check on the unmutated copy; it must pass.
    fn run_baseline(&self, check: &[String]) -> Result<(), String> {
        self.tree.restore()?;
        let verdict =
            self.build_and_check(check).map_err(|why| format!("without the mutation {why}"))?;
        verdict
            .pass()
            .map_err(|problem| format!("without the mutation `{}`: {problem}", check.join(" ")))
    }

    /// Runs what a patch names on the copy as it is now.
    fn build_and_check(&self, check: &[String]) -> Result<Verdict, String> {
        match harness::tests_of(check) {
            Some(tests) => harness::check(self.tree.path(), tests),
            None => self.build().and_then(|()| self.check(check)),
        }
    }

    fn build(&self) -> Result<(), String> {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--release", "--locked", "--bin", "quorate"]);
        cargo.current_dir(self.tree.path()).env("CARGO_TARGET_DIR", &self.build);
        match cargo.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err("it does not compile; a patch is adjusted to the code it breaks".into()),
            Err(error) => Err(format!("cargo: {error}")),
        }
    }

    fn check(&self, arguments: &[String]) -> Result<Verdict, String> {
        let program = self.build.join("release").join("quorate");
        let mut command = Command::new(&program);
        command.args(arguments).args(OPTIONS).current_dir(self.tree.path());
        let Output { status, stdout, stderr } =
            command.output().map_err(|error| format!("{}: {error}", program.display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Verdict::new(status.code(), &text(&stdout), &text(&stderr)))
    }
}

/// The table of what was found by which property, after how much work.
fn kill_matrix(rows: &[(String, Option<Kill>)]) -> String {
    let number = |n: Option<u64>| n.map_or("-".to_string(), |n| n.to_string());
    let header = ["mutation", "property", "states", "length"].map(String::from);
    let table: Vec<[String; 4]> = std::iter::once(header)
        .chain(rows.iter().map(|(name, kill)| match kill {
            Some(k) => [name.clone(), k.property.clone(), number(k.states), number(k.length)],
            None => [name.clone(), "NOT KILLED".into(), "-".into(), "-".into()],
        }))
        .collect();
    let width = |column: usize| table.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let [name, property, states, length] = [0, 1, 2, 3].map(width);
    let lines = table
        .iter()
        .map(|[a, b, c, d]| format!("{a:<name$}  {b:<property$}  {c:>states$}  {d:>length$}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
