//! `quorate simulate`: runs clusters by chance, with faults and every check.

mod arguments;
mod render;

use super::arguments::Format;
use super::check::{EXAMPLE, must_be_writable, stop_when_interrupted, write};
use super::one_line::OneLine;
use super::text::{grouped, labelled, seconds};
use super::{Exit, Failure, coverage, formulas, help, print};
use arguments::{SimulateArguments, read};
use quorate_models::simulation::{
    Failure as Violated, Outcome, Summary, minimise, run_episode, simulate,
};
use quorate_models::{Coverage, Stopper};
use quorate_proofs::evaluate::Evaluated;
use quorate_spec::StepCheck;
use std::time::{Duration, Instant};

/// What is to be told of a simulation.
struct Report {
    outcome: Outcome,
    /// The failure, with as few actions as could be found.
    minimal: Option<Violated>,
    elapsed: Duration,
    /// Whether every episode was run and ended well.
    is_complete: bool,
    /// What was evaluated of the formulas, if they were.
    evaluated: Option<Evaluated>,
    /// What has happened in all runs that were merged, if this one was.
    merged: Option<Coverage>,
}

/// The lines of the help text that list the flags.
pub(super) fn flags_help() -> String {
    let line = |(flag, value, meaning): &arguments::Flag| {
        labelled(&format!("--{flag} {value}"), 22, meaning)
    };
    arguments::FLAGS.iter().map(line).collect()
}

/// Runs `quorate simulate` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let Some(arguments) = read(parser)? else { return print(&help()) };
    arguments.save.as_deref().map_or(Ok(()), |file| must_be_writable("save", file, EXAMPLE))?;
    arguments.coverage.as_deref().map_or(Ok(()), coverage::must_be_mergeable)?;
    let stopper = Stopper::default();
    stop_when_interrupted(&stopper)?;
    if arguments.format == Format::Human {
        print(&render::plan(&arguments))?;
    }
    let formulas = arguments.formulas.then(formulas::prepared);
    let opinion = formulas.as_deref().map(|formulas| -> &dyn StepCheck { formulas });
    let mut report = carry_out(&arguments, &stopper, opinion);
    report.evaluated = formulas.as_ref().map(|formulas| formulas.evaluated());
    let Outcome { summary, failure } = &report.outcome;
    let happened =
        failure.is_none().then(|| Coverage::of_simulation(summary, arguments.plan.checks));
    report.merged = coverage::merge(arguments.coverage.as_deref(), happened)?;
    if let (Some(minimal), Some(file)) = (&report.minimal, &arguments.save) {
        write(file, &minimal.script())?;
    }
    match arguments.format {
        Format::Human => print(&render::report(&arguments, &report))?,
        Format::Json => print(&format!("{:#}\n", render::json(&arguments, &report)))?,
    };
    Ok(match (&report.outcome.failure, report.is_complete) {
        (Some(_), _) => Exit::Violated,
        (None, true) => Exit::Holds,
        (None, false) => Exit::Incomplete,
    })
}

fn carry_out(
    arguments: &SimulateArguments,
    stopper: &Stopper,
    opinion: Option<&dyn StepCheck>,
) -> Report {
    let begin = Instant::now();
    let plan = &arguments.plan;
    let (outcome, is_complete) = match arguments.only {
        Some(number) => {
            let ended = run_episode(plan, number, 0, opinion, &mut |_| ());
            let is_complete = ended.is_ok();
            let failure = ended.as_ref().err().cloned();
            let summary = ended.unwrap_or_else(|_| Summary::default());
            (Outcome { summary, failure }, is_complete)
        }
        None => {
            let mut line = OneLine::new();
            let mut show = |done| {
                let elapsed = begin.elapsed();
                line.show(elapsed, || progress(elapsed, done, plan.actions));
            };
            let outcome = simulate(plan, arguments.threads, stopper, opinion, &mut show);
            line.end();
            let is_complete = outcome.is_complete(plan);
            (outcome, is_complete)
        }
    };
    let elapsed = begin.elapsed();
    let minimal = outcome.failure.as_deref().map(|failure| minimise::minimise(failure, opinion));
    Report { outcome, minimal, elapsed, is_complete, evaluated: None, merged: None }
}

/// How far a simulation is.
fn progress(elapsed: Duration, done: u64, of: u64) -> String {
    let rate = done as f64 / elapsed.as_secs_f64();
    let left = of.saturating_sub(done) as f64 / rate.max(1.0);
    let share = done as f64 * 100.0 / of.max(1) as f64;
    let (elapsed, done, rate) = (seconds(elapsed), grouped(done), grouped(rate as u64));
    format!("{elapsed}: {share:.0} %, {done} actions, {rate}/s, {left:.0} s left")
}
