//! `cargo xtask coverage`: which lines of the protocol the quick checks never run.
//!
//! A property that holds says nothing of a line that nothing reached. So the command is built without
//! optimisation, some checks and simulations run under valgrind's callgrind, which counts what every line of
//! the source costs, and every line that has code in the program and cost nothing is told. Each must be
//! explained in `models/unreached.txt`; a line without an explanation is a failure, and so is an explanation of
//! a line that is reached, or gone.
//!
//! Only lines of functions count. What the compiler derives has lines too, those of the fields, which say
//! nothing.

mod callgrind;
mod explained;
mod program;
mod source;

use crate::programs::{CARGO, OBJDUMP, Program, VALGRIND};
use crate::workspace_root;
use explained::Explained;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The exit code when a program that is needed is not there.
const NOT_RUN: u8 = 3;

/// Where the protocol is.
const CORE: &str = "src/core/";

/// What is run, each a command of quorate.
const RUNS: &[&[&str]] = &[
    &["check", "small", "--validate", "--threads", "1"],
    &["check", "pair", "--threads", "1"],
    &["check", "reads", "--servers", "2", "--validate", "--threads", "1"],
    &["check", "outcomes", "--servers", "2", "--validate", "--threads", "1"],
    &["check", "async-disk", "--servers", "2", "--threads", "1"],
    &["check", "pipeline", "--servers", "2", "--threads", "1"],
    &["simulate", "--servers", "1", "--steps", "4000", "--threads", "1"],
    &["simulate", "--steps", "4000", "--threads", "1"],
    &["simulate", "--servers", "5", "--seed", "3", "--steps", "8000", "--threads", "1"],
];

/// Lines of files: for each file, named from the root of the workspace, some of its lines.
type Lines = BTreeMap<String, BTreeSet<usize>>;

/// Measures, and compares with what is explained. Returns the exit code: 0 when every line is reached or
/// explained, 1 when not, 3 when it could not be measured for want of a program.
pub(crate) fn run() -> u8 {
    for program in [&CARGO, &VALGRIND, &OBJDUMP] {
        if let Err(why) = program.ensure() {
            let Program { install, .. } = program;
            eprintln!("coverage: NOT RUN: {why}; {install}");
            return NOT_RUN;
        }
    }
    match measure() {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(why) => {
            eprintln!("coverage: {why}");
            1
        }
    }
}

fn measure() -> Result<bool, String> {
    let root = workspace_root();
    let folder = root.join("target/coverage");
    let quorate = build(&folder)?;
    let with_code = program::lines_with_code(&quorate)?;
    let mut reached = Lines::new();
    for (number, arguments) in RUNS.iter().enumerate() {
        println!("quorate {}", arguments.join(" "));
        let counts = folder.join(format!("callgrind.{number}"));
        run_counted(&quorate, arguments, &counts)?;
        let text = std::fs::read(&counts).map_err(|e| format!("{}: {e}", counts.display()))?;
        callgrind::add_reached(&String::from_utf8_lossy(&text), CORE, &mut reached);
    }
    let file = root.join("models/unreached.txt");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let explained = Explained::parse(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    report(&root, &with_code, &reached, explained)
}

/// Builds the command so that every line of it can be told from its neighbours.
fn build(folder: &Path) -> Result<std::path::PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--bin", "quorate", "--target-dir"]).arg(folder);
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "2");
    let status = cargo.current_dir(workspace_root()).status().map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(folder.join("debug/quorate")) } else { Err("cannot build".into()) }
}

/// Runs the command under callgrind. What it finds must hold.
fn run_counted(quorate: &Path, arguments: &[&str], counts: &Path) -> Result<(), String> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", counts.display()));
    let output = valgrind.arg(quorate).args(arguments).output();
    let output = output.map_err(|error| format!("valgrind: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("quorate {}: {}: {said}", arguments.join(" "), output.status))
}

/// Tells what was not reached. Whether all of it is explained, and nothing else is.
fn report(
    root: &Path,
    with_code: &Lines,
    reached: &Lines,
    mut explained: Explained,
) -> Result<bool, String> {
    let (mut all, mut missed, mut unexplained) = (0, 0, 0);
    for (file, lines) in with_code.iter().filter(|(file, _)| file.starts_with(CORE)) {
        let text = std::fs::read_to_string(root.join(file)).map_err(|e| format!("{file}: {e}"))?;
        let functions = source::lines_of_functions(&text);
        let counted = lines.intersection(&functions);
        let is_reached = |line: &usize| reached.get(file).is_some_and(|all| all.contains(line));
        for line in counted {
            all += 1;
            if is_reached(line) {
                continue;
            }
            missed += 1;
            let code = text.lines().nth(line - 1).unwrap_or_default().trim();
            let function = source::function_at(&text, *line);
            if !explained.takes(file, function, code) {
                unexplained += 1;
                println!("  NOT REACHED  {file}:{line} in {function}: {code}");
            }
        }
    }
    let stale = explained.unused();
    for (file, code) in &stale {
        println!("  EXPLAINED, BUT REACHED OR GONE  {file} | {code}");
    }
    let share = (all - missed) as f64 * 100.0 / f64::from(all.max(1));
    println!(
        "{all} lines of functions in {CORE}, {share:.1} % reached; {missed} are not, {unexplained} of them \
         unexplained"
    );
    if all == 0 {
        return Err("no line was found; expected debug information for src/core".into());
    }
    Ok(unexplained == 0 && stale.is_empty())
}
