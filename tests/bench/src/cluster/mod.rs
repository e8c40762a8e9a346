//! What three servers do for clients, all on this machine, beside what others do: time of a durable write, writes and
//! linearizable reads in a second, memory, and how long nobody leads when the leader is killed.
//!
//! Such figures say little without the machine. So each is measured beside etcd's three servers, beside one server of
//! Redis that makes every write durable, and beside what this machine allows at best: [`limit`] makes the same writes
//! durable in two of three logs in this process, without sockets, protocol or store. All take turns in one run, and
//! the ratios can be compared between machines.
//!
//! A comparison is worth as much as it is fair. All systems have their data on the same disk, in the build directory;
//! the same clients ask all of them, with as many connections, one request under way on each; and what clients cost
//! is measured too. The clients of etcd are made here for this, in [`speech`], because those of its makers would cost
//! several times as much processor time as those of Redis, out of the two processors that all have to share.

mod crowd;
mod failover;
mod latency;
mod limit;
mod load;
mod memory;
mod plan;
mod process;
mod progress;
mod report;
mod rounds;
mod servers;
mod speech;
mod systems;

use crate::figure::{Figure, Goal, HEADER};
use crate::place::Place;
use crate::summary::Summary;
use latency::Measured;
use plan::{Part, Plan};
use progress::Progress;
use servers::Servers;
use std::path::Path;
use std::time::Duration;
use systems::{Kind, Timing};

/// How often each leader is killed.
const KILLS: usize = 7;
/// How long a failover takes about until all is as before, in seconds.
const KILL_TAKES: f64 = 2.5;
/// How long the part memory takes about, in seconds.
const MEMORY_TAKES: f64 = 40.0;
/// The median time without a leader, in milliseconds.
const FAILOVER: Goal = Goal::at_most(500.0).by_median();
/// The same with tuned timeouts.
const FAILOVER_TUNED: Goal = Goal::at_most(150.0).by_median();
/// The exit code of a usage error.
const USAGE_ERROR: u8 = 64;

/// Measures what the words say and prints it. Returns the exit code: 0 when everything was measured, 3 when something
/// could not be, 64 for words that are not understood. A missed target is no failure.
pub(crate) fn run(words: &[String]) -> u8 {
    let plan = match Plan::read(words) {
        Ok(plan) => plan,
        Err(what) => {
            eprintln!("{what}");
            return USAGE_ERROR;
        }
    };
    let mut summary = Summary::default();
    let kills = failovers(&plan).count() * KILLS;
    let load = if plan.has_part(Part::Load) { rounds::estimate(&plan) } else { 0.0 };
    let has_memory = plan.has_part(Part::Memory) && plan.has_system(Kind::Quorate);
    let memory = if has_memory { MEMORY_TAKES } else { 0.0 };
    let mut progress = Progress::new(load + memory + kills as f64 * KILL_TAKES);
    if plan.has_part(Part::Load) {
        under_load(&plan, &mut summary, &mut progress);
    }
    println!("\n{HEADER}");
    if has_memory {
        progress.step("memory after a million writes", MEMORY_TAKES);
        summary.take("memory", in_place("memory", memory::measure));
    }
    for (kind, timing) in failovers(&plan) {
        let name = format!("failover, {}, {}", kind.name(), timing_name(timing));
        progress.step(&name, KILLS as f64 * KILL_TAKES);
        summary.take(&name, in_place("failover", |at| without_leader(kind, timing, at)));
    }
    summary.end()
}

/// Whose leaders are killed.
fn failovers(plan: &Plan) -> impl Iterator<Item = (Kind, Timing)> + '_ {
    let is_wanted = plan.has_part(Part::Failover);
    let kinds = plan.systems().filter(move |kind| is_wanted && kind.servers() > 1);
    kinds.flat_map(|kind| [(kind, Timing::Default), (kind, Timing::Tuned)])
}

fn timing_name(timing: Timing) -> &'static str {
    match timing {
        Timing::Default => "default timeouts",
        Timing::Tuned => "tuned timeouts",
    }
}

/// Measures in a directory that goes away afterwards.
fn in_place<T>(name: &str, measure: impl FnOnce(&Path) -> Result<T, String>) -> Result<T, String> {
    let place = Place::new(&format!("bench-cluster-{name}"))?;
    measure(place.path())
}

/// Writes and reads: prints tables, and ratios beside their targets.
fn under_load(plan: &Plan, summary: &mut Summary, progress: &mut Progress) {
    let rounds = match in_place("load", |at| Ok(rounds::measure(plan, at, progress))) {
        Ok(rounds) => rounds,
        Err(why) => return summary.take("load", Err(why)),
    };
    println!(
        "Values of {} B, keys {}; medians of {} rounds.",
        load::LENGTH,
        load::KEYS,
        plan.rounds
    );
    println!(
        "us: processor time a request, of all servers and of the clients; share: the clients'."
    );
    println!("{}\n{}", rounds.tables(), rounds.memory());
    for line in rounds.subjects.iter().flat_map(|subject| &subject.turns.disturbed) {
        println!("tried again: {line}");
    }
    println!("\n{HEADER}");
    for subject in &rounds.subjects {
        if let Err(why) = &subject.memory {
            summary.take(subject.kind.name(), Err(why));
        }
    }
    if !plan.has_system(Kind::Quorate) {
        return;
    }
    summary.take("promises of quorate alone", rounds.alone());
    for other in plan.systems().filter(|kind| *kind != Kind::Quorate) {
        summary.take(&format!("ratios to {}", other.name()), rounds.beside(other));
    }
    if plan.has_limit {
        summary.take("ratios to the limit", rounds.beside_limit());
    }
}

/// How long there is no leader after one was killed.
fn without_leader(kind: Kind, timing: Timing, directory: &Path) -> Result<Vec<Figure>, String> {
    let mut servers = Servers::start(kind, timing, directory)?;
    let times: Result<Vec<Duration>, String> =
        (0..KILLS).map(|_| failover::measure_once(&mut servers)).collect();
    Ok(vec![failover_figure(kind, timing, times?)])
}

fn failover_figure(kind: Kind, timing: Timing, times: Vec<Duration>) -> Figure {
    let goal = match timing {
        Timing::Default => FAILOVER,
        Timing::Tuned => FAILOVER_TUNED,
    };
    let longest = Measured::new(times.clone(), Duration::ZERO).percentile(100);
    Figure {
        name: format!("{}, failover, {} (max {longest:.0})", kind.name(), timing_name(timing)),
        rounds: times.iter().map(|time| time.as_secs_f64() * 1e3).collect(),
        unit: "ms",
        goal: (kind == Kind::Quorate).then_some(goal),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Plan, Timing, USAGE_ERROR, failover_figure, failovers, run};
    use std::time::Duration;

    #[test]
    fn what_counts_of_failovers_is_the_middle_one() {
        let times = || [900, 300, 499, 800, 400].map(Duration::from_millis).to_vec();
        let ours = failover_figure(Kind::Quorate, Timing::Default, times());
        assert_eq!((ours.rounds.len(), ours.is_met()), (5, Some(true)));
        assert!(ours.name.ends_with("(max 900)"), "{}", ours.name);
        let tuned = failover_figure(Kind::Quorate, Timing::Tuned, times());
        assert_eq!(tuned.is_met(), Some(false));
        assert_eq!(failover_figure(Kind::Etcd, Timing::Tuned, times()).is_met(), None);
    }

    #[test]
    fn only_who_has_a_leader_loses_it() {
        let count = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).into()).collect();
            failovers(&Plan::read(&words).expect("good")).count()
        };
        assert_eq!(count(&[]), 4);
        assert_eq!(count(&["--systems", "redis,etcd"]), 2);
        assert_eq!(count(&["--only", "load"]), 0);
        assert_eq!(run(&["--no-such-option".into()]), USAGE_ERROR);
    }
}
