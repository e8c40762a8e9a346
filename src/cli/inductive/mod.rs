//! `quorate inductive`: one step of the core from states that satisfy the invariant, reached by a run or not.

mod arguments;
mod render;

use super::arguments::Format;
use super::check::stop_when_interrupted;
use super::one_line::OneLine;
use super::text::{grouped, labelled, seconds};
use super::{Exit, Failure, help, print};
use arguments::{InductiveArguments, read};
use quorate_models::Stopper;
use quorate_models::inductive::{Outcome, induct, look_at_one};
use std::time::{Duration, Instant};

/// How an inductive check ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// A step broke something.
    Violated,
    /// It was stopped.
    Incomplete,
    /// There was no state to be looked at.
    Vacuous,
    /// Every step keeps everything.
    Kept,
}

/// What is to be told of an inductive check.
struct Report {
    outcome: Outcome,
    elapsed: Duration,
}

impl Report {
    const fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome { failure: Some(_), .. } => Verdict::Violated,
            Outcome { is_stopped: true, .. } => Verdict::Incomplete,
            outcome if outcome.summary.states == 0 => Verdict::Vacuous,
            _ => Verdict::Kept,
        }
    }
}

/// The lines of the help text that list the flags.
pub(super) fn flags_help() -> String {
    let line = |(flag, value, meaning): &arguments::Flag| {
        labelled(&format!("--{flag} {value}"), 22, meaning)
    };
    arguments::FLAGS.iter().map(line).collect()
}

/// Runs `quorate inductive` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let Some(arguments) = read(parser)? else { return print(&help()) };
    let stopper = Stopper::default();
    stop_when_interrupted(&stopper)?;
    if arguments.format == Format::Human {
        print(&render::plan(&arguments))?;
    }
    let report = carry_out(&arguments, &stopper);
    match arguments.format {
        Format::Human => print(&render::report(&arguments, &report))?,
        Format::Json => print(&format!("{:#}\n", render::json(&arguments, &report)))?,
    };
    Ok(match report.verdict() {
        Verdict::Violated | Verdict::Vacuous => Exit::Violated,
        Verdict::Incomplete => Exit::Incomplete,
        Verdict::Kept => Exit::Holds,
    })
}

fn carry_out(arguments: &InductiveArguments, stopper: &Stopper) -> Report {
    let begin = Instant::now();
    let plan = &arguments.plan;
    let outcome = match arguments.only {
        Some(number) => look_at_one(plan, number),
        None => {
            let mut line = OneLine::new();
            let mut show = |made, steps| {
                let elapsed = begin.elapsed();
                line.show(elapsed, || progress(elapsed, made, steps, plan.count()));
            };
            let outcome = induct(plan, arguments.threads, stopper, &mut show);
            line.end();
            outcome
        }
    };
    Report { outcome, elapsed: begin.elapsed() }
}

/// How far an inductive check is; how many states there are in all is not known before they are listed.
fn progress(elapsed: Duration, made: u64, steps: u64, of: Option<u64>) -> String {
    let (made_rate, step_rate) =
        (made as f64 / elapsed.as_secs_f64(), steps as f64 / elapsed.as_secs_f64());
    let left = of.map_or_else(String::new, |of| {
        let left = of.saturating_sub(made) as f64 / made_rate.max(1.0);
        format!(", {left:.0} s left")
    });
    let (states, states_rate) = (grouped(made), grouped(made_rate as u64));
    let (steps, steps_rate) = (grouped(steps), grouped(step_rate as u64));
    let elapsed = seconds(elapsed);
    format!("{elapsed}: {states} states, {states_rate}/s, {steps} steps, {steps_rate}/s{left}")
}
