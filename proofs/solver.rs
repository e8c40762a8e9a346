//! Asking a solver: a program of its own, which is given a file and believed only if it answers as it should.
//!
//! A solver can die, hang, give up, be missing, or print an error and go on as if nothing had happened. Only one of
//! those is an answer, so "impossible" is taken for an answer in exactly one form: the word `unsat`, nothing beside it,
//! and an exit code that says success.

use crate::reader::{Node, read_deeply};
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A solver that queries are written for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Solver {
    /// Z3 \[DeMouraBjorner08\], by instances of quantifiers.
    Z3,
    /// cvc5 \[BarbosaEtAl22\], by finite models, so that its counterexamples are small.
    Cvc5,
}

impl Solver {
    /// The program, and the system package that provides it.
    pub fn name(self) -> &'static str {
        match self {
            Solver::Z3 => "z3",
            Solver::Cvc5 => "cvc5",
        }
    }

    /// Whether the program is there: whether it says which version it is.
    pub fn is_there(self) -> bool {
        let mut probe = Command::new(self.name());
        probe.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }
}

/// One way of asking: which solver, and what its chance follows from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// The solver.
    pub solver: Solver,
    /// The seed of its choices.
    pub seed: u32,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.solver {
            Solver::Z3 => write!(f, "z3 seed {}", self.seed),
            Solver::Cvc5 => f.write_str("cvc5"),
        }
    }
}

/// When an attempt is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For z3: how much work, in its own units. About 4 million of them take a second, and unlike seconds they are the
    /// same on every machine and under every load. The hardest query needs 4 million with the worst seed seen.
    pub resources: u64,
    /// For both: how long, should a solver hang.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { resources: 20_000_000, time: Duration::from_secs(600) }
    }
}

/// What a solver answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// There is no such state or step.
    Impossible,
    /// There is one; the text after the answer should describe it.
    Possible(String),
    /// It is not known, and why.
    Unknown(String),
}

/// Asks about the query in a file; of cvc5, whether there is a finite model of it if `by_models`, which its theory of
/// sets does not go with. `should_stop` is asked now and then whether to give up.
pub fn ask(
    attempt: Attempt,
    file: &Path,
    by_models: bool,
    limits: &Limits,
    should_stop: &dyn Fn() -> bool,
) -> Answer {
    let mut command = Command::new(attempt.solver.name());
    match attempt.solver {
        Solver::Z3 => {
            let (seed, resources) = (attempt.seed, limits.resources);
            command.args(["-smt2", "-model"]);
            command.arg(format!("smt.random_seed={seed}")).arg(format!("sat.random_seed={seed}"));
            command.arg(format!("rlimit={resources}"));
        }
        Solver::Cvc5 => {
            command.args(["--lang=smt2", "--produce-models", "--dump-models"]);
            command.args(by_models.then_some("--finite-model-find"));
        }
    }
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Answer::Unknown(format!("could not be started: {error}")),
    };
    let said = child.stdout.take().map(listen);
    let complained = child.stderr.take().map(listen);
    let status = match wait(&mut child, limits.time, should_stop) {
        Ok(status) => status,
        Err(why) => return Answer::Unknown(why),
    };
    // It has ended. But a process that it started may still hold the other end of a pipe.
    let all = |pipe: Option<Receiver<String>>| {
        pipe.and_then(|pipe| pipe.recv_timeout(Duration::from_secs(5)).ok()).unwrap_or_default()
    };
    judge(status, &all(said), &all(complained))
}

/// The most that is read of what a solver says, in bytes.
const MOST_SAID: u64 = 64 << 20;

/// Reads a pipe to its end, in a thread of its own, for a full pipe would stop the solver.
fn listen(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        // What could not be read is not there, and then it is no answer.
        let _ = pipe.take(MOST_SAID).read_to_end(&mut said);
        let _ = sender.send(String::from_utf8_lossy(&said).into_owned());
    });
    receiver
}

/// Waits until a solver ends; ends it when its time is over or nobody wants to know any more.
fn wait(
    child: &mut Child,
    time: Duration,
    should_stop: &dyn Fn() -> bool,
) -> Result<ExitStatus, String> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    let why = loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if should_stop() => break "was interrupted".to_owned(),
            Ok(None) if begun.elapsed() >= time => {
                break format!("no answer within {} s", time.as_secs_f64());
            }
            Ok(None) => std::thread::sleep(pause),
            Err(error) => break format!("could not be waited for: {error}"),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    // If it cannot be killed it has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    Err(why)
}

/// Decides what was said.
fn judge(status: ExitStatus, said: &str, complained: &str) -> Answer {
    let (first, rest) = said.split_once('\n').unwrap_or((said, ""));
    let (first, rest) = (first.trim(), rest.trim());
    match first {
        "unsat" if status.success() && rest.is_empty() => Answer::Impossible,
        "sat" if status.success() => Answer::Possible(rest.to_owned()),
        "unknown" if status.success() => Answer::Unknown("gave up".to_owned()),
        _ => {
            let complaint = [said, complained].into_iter().flat_map(str::lines);
            let line = complaint.map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing");
            let line: String = line.chars().take(80).filter(|c| !c.is_control()).collect();
            let ended =
                if status.success() { "ended".to_owned() } else { format!("died ({status})") };
            Answer::Unknown(format!("{ended}, saying {line:?}"))
        }
    }
}

/// The lists of what followed `sat`, if they are lists.
pub(crate) fn model(said: &str) -> Option<Vec<Node>> {
    // A relation is often printed as one alternative in another in another.
    let lists = read_deeply(said, 2_000).ok()?;
    match lists.as_slice() {
        [one] => Some(one.items()?.to_vec()),
        _ => None,
    }
}
