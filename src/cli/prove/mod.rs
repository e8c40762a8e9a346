//! `quorate prove`: proves the protocol for any number of servers, with solvers.

mod arguments;
mod render;

use super::check::stop_when_interrupted;
use super::text::{labelled, seconds, unknown};
use super::{Exit, Failure, help, print};
use arguments::{ProveArguments, read};
use quorate_models::Stopper;
use quorate_proofs::ast::Description;
use quorate_proofs::prove::{Decided, Outcome, Plan, prove};
use quorate_proofs::queries::Query;
use quorate_proofs::solver::{Attempt, Solver};
use quorate_proofs::{REPLICATION, mutation, parse, prove, questions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often progress is written to a terminal, and elsewhere.
const INTERVALS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

/// What the description of the protocol is called.
const OWN: &str = "proofs/replication.epr";

/// What is asked, and of whom.
struct Task {
    /// What the description is called.
    name: String,
    description: Description,
    /// What is asked.
    queries: Vec<Query>,
    /// How many queries there are, asked or not.
    whole: usize,
    /// Why some are not asked.
    not_asked: Vec<(String, String)>,
    /// The axioms that are not proved.
    assumed: Vec<String>,
    /// The solvers that are wanted but missing.
    missing: Vec<Solver>,
    attempts: Vec<Attempt>,
}

/// The lines of the help text that list the flags.
pub(super) fn flags_help() -> String {
    let line = |(flag, value, meaning): &arguments::Flag| {
        labelled(&format!("--{flag} {value}"), 22, meaning)
    };
    arguments::FLAGS.iter().map(line).collect()
}

/// Runs `quorate prove` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let Some(arguments) = read(parser)? else { return print(&help()) };
    let task = task(&arguments)?;
    let stopper = Stopper::default();
    stop_when_interrupted(&stopper)?;
    let directory = Directory::new(arguments.keep.as_deref())?;
    print(&render::plan(&arguments, &task))?;
    let plan = Plan {
        attempts: task.attempts.clone(),
        limits: arguments.limits,
        threads: arguments.threads,
        directory: directory.path.clone(),
    };
    let begun = Instant::now();
    let mut progress = Progress::new(task.queries.len());
    let mut done = |_: &Decided| progress.show(begun.elapsed());
    let should_stop = || stopper.is_interrupted();
    let decided = prove(&task.description, &task.queries, &plan, &mut done, &should_stop);
    progress.end();
    let decided = decided.map_err(|error| cannot_write(&directory.path, &error))?;
    let outcome = prove::outcome(&task.queries, &decided);
    print(&render::report(&arguments, &task, &decided, outcome, begun.elapsed()))?;
    Ok(match outcome {
        Outcome::Proved => Exit::Holds,
        Outcome::Failed => Exit::Violated,
        Outcome::Incomplete => Exit::Incomplete,
    })
}

/// Finds out what is to be asked of whom.
fn task(arguments: &ProveArguments) -> Result<Task, Failure> {
    let (name, description, expected) = describe(arguments)?;
    let (all, assumed) = questions(&description);
    let whole = all.len();
    let mut queries = match &arguments.query {
        // Of a mistake only what it breaks is asked.
        None if !expected.is_empty() => {
            all.into_iter().filter(|query| expected.contains(&query.name)).collect()
        }
        None => all,
        Some(word) => {
            let meant: Vec<Query> =
                all.iter().filter(|query| query.is_meant_by(word)).cloned().collect();
            if meant.is_empty() {
                return Err(Failure::usage(unknown_query(word, &all)));
            }
            meant
        }
    };
    let is_missing = |solver: &Solver| !solver.is_there();
    let (missing, there): (Vec<Solver>, Vec<Solver>) =
        arguments.solvers.iter().partition(|solver| is_missing(solver));
    if there.is_empty() {
        let names: Vec<&str> = missing.iter().map(|solver| solver.name()).collect();
        let (is, expected) = if names.len() == 1 {
            ("is", "expected that program")
        } else {
            ("are", "expected one of them")
        };
        let message = format_args!(
            "NOT RUN: {} {is} missing; {expected}; try apt-get install {}",
            names.join(" and "),
            names.join(" ")
        );
        return Err(Failure::new(Exit::Unavailable, message));
    }
    let why =
        if missing.contains(&Solver::Cvc5) { "cvc5 is missing" } else { "z3 has no theory of it" };
    let needs_cvc5 = |query: &Query| query.needs_sets() && !there.contains(&Solver::Cvc5);
    let not_asked = queries.iter().filter(|query| needs_cvc5(query));
    let not_asked = not_asked.map(|query| (query.name.clone(), why.to_owned())).collect();
    queries.retain(|query| !needs_cvc5(query));
    let mut attempts = Vec::new();
    for solver in there {
        match solver {
            Solver::Z3 => {
                attempts.extend(arguments.seeds.iter().map(|seed| Attempt { solver, seed: *seed }));
            }
            Solver::Cvc5 => attempts.push(Attempt { solver, seed: 0 }),
        }
    }
    if !expected.is_empty() {
        // What is wrong has small models, and cvc5 looks for those.
        attempts.sort_by_key(|attempt| attempt.solver == Solver::Z3);
    }
    Ok(Task { name, description, queries, whole, not_asked, assumed, missing, attempts })
}

/// Reads the description, or breaks the protocol's own: what it is called, and the queries that must fail.
fn describe(arguments: &ProveArguments) -> Result<(String, Description, Vec<String>), Failure> {
    let parsed = |name: String, text: &str| match parse(text) {
        Ok(description) => Ok((name, description, Vec::new())),
        Err(problem) => Err(Failure::new(Exit::BadData, format_args!("{name}:{problem}"))),
    };
    match (&arguments.file, &arguments.mutation) {
        (None, None) => parsed(OWN.to_owned(), REPLICATION),
        (Some(file), _) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| {
                let exit = match error.kind() {
                    std::io::ErrorKind::InvalidData => Exit::BadData,
                    _ => Exit::NoInput,
                };
                let expected = "expected a description that can be read; try quorate prove";
                Failure::new(exit, format_args!("{name}: {error}; {expected}"))
            })?;
            parsed(name, &text)
        }
        (None, Some(wanted)) => {
            let bad =
                |problem| Failure::new(Exit::BadData, format_args!("{}:{problem}", mutation::FILE));
            let all = mutation::own().map_err(bad)?;
            let Some(found) = all.iter().find(|known| known.name == *wanted) else {
                let known = all.iter().map(|known| known.name.as_str());
                return Err(Failure::usage(unknown("--mutation", wanted, known, "quorate help")));
            };
            let name = format!("{OWN} with {wanted}");
            Ok((name, found.apply().map_err(bad)?, found.fails.clone()))
        }
    }
}

/// The message that no query is meant by a word, with the nearest word that means some.
fn unknown_query(word: &str, queries: &[Query]) -> String {
    let whole = queries.iter().map(|query| query.name.as_str());
    let parts = queries.iter().flat_map(|query| query.name.split('.'));
    let distance = |known: &&str| strsim::damerau_levenshtein(known, word);
    let nearest = parts.chain(whole).min_by_key(distance).filter(|known| distance(known) <= 4);
    format!(
        "--query: {word:?}; expected the name of a query, an action, an invariant or a property; try {}",
        nearest.unwrap_or("one_vote")
    )
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let path = path.display();
    let expected = "expected a directory that can be written; try --keep queries";
    Failure::new(Exit::CannotWrite, format_args!("{path}: {error}; {expected}"))
}

/// Where the queries are written: a directory that is kept, or one that is removed at the end.
struct Directory {
    path: PathBuf,
    is_kept: bool,
}

impl Directory {
    fn new(keep: Option<&Path>) -> Result<Directory, Failure> {
        let path = keep.map_or_else(
            || std::env::temp_dir().join(format!("quorate-prove-{}", std::process::id())),
            Path::to_path_buf,
        );
        std::fs::create_dir_all(&path).map_err(|error| cannot_write(&path, &error))?;
        Ok(Directory { path, is_kept: keep.is_some() })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.is_kept {
            // What stays in a directory for temporary files does no harm.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Shows how many queries are decided: one line that is written anew on a terminal, plain lines elsewhere.
struct Progress {
    whole: usize,
    done: usize,
    is_terminal: bool,
    last: Duration,
    is_written: bool,
}

impl Progress {
    fn new(whole: usize) -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        Progress { whole, done: 0, is_terminal, last: Duration::ZERO, is_written: false }
    }

    fn show(&mut self, elapsed: Duration) {
        self.done += 1;
        let [on_terminal, elsewhere] = INTERVALS;
        let interval = if self.is_terminal { on_terminal } else { elsewhere };
        if elapsed.saturating_sub(self.last) < interval {
            return;
        }
        self.last = elapsed;
        let line = format!("{}: {} of {} queries", seconds(elapsed), self.done, self.whole);
        let mut err = std::io::stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        let _ = if self.is_terminal {
            self.is_written = true;
            write!(err, "\r\x1b[K{line}").and_then(|()| err.flush())
        } else {
            writeln!(err, "{line}")
        };
    }

    fn end(&self) {
        if self.is_written {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
        }
    }
}
