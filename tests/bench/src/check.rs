//! What the exhaustive check promises: how fast it is, how little memory a state takes, and how many states it
//! need not look at.
//!
//! Everything here is measured in one run, so that the ratios compare what ran on the same machine in the
//! same minutes. Each check is a process of its own.

use crate::checker::{Checked, Checker, all_flags};
use crate::figure::{Figure, Goal, HEADER};
use crate::stateright::{EXAMPLES, Examples};
use crate::summary::Summary;
use quorate_models::{BOUNDS, Bounds, find};
use std::time::{Duration, Instant};

/// The models that the promises are about.
const MODELS: [&str; 2] = ["standard", "deep"];
/// A closed bound from which the engine itself can be judged: it is neither tiny nor long.
const CLOSED: [(&str, &str); 8] = [
    ("servers", "3"),
    ("network", "in-flight"),
    ("max-term", "2"),
    ("max-log", "3"),
    ("elections", "2"),
    ("crashes", "1"),
    ("commands", "1"),
    ("duplicates", "0"),
];
/// Two elections and a crash, which plain mode can finish.
const REDUCED: &str = "elections";
/// How every check searches.
const HOW: [&str; 4] = ["--search", "dfs", "--threads", "2"];
/// How long a search of a promise may take. What it has found by then is measured all the same.
const LIMIT: [&str; 2] = ["--time-limit", "75s"];
/// At most so many rounds, of which none begins later than this.
const ROUNDS: (usize, Duration) = (3, Duration::from_secs(12));
/// What a process holds whatever it searches, in bytes.
const BASE: u64 = 64 << 20;

const DISTINCT: Goal = Goal::at_least(1.0).aiming_at(1.4);
const GENERATED: Goal = Goal::at_least(5.0).aiming_at(7.0);
const BYTES: Goal = Goal::at_most(24.0);
const REDUCTION: Goal = Goal::at_least(50.0);
const BESIDE_EXAMPLES: Goal = Goal::at_least(3.0).aiming_at(10.0);

/// Measures everything and prints it. Returns the exit code: 0 when everything was measured, 3 when something
/// could not be. A missed target is no failure.
pub(crate) fn run() -> u8 {
    let mut summary = Summary::default();
    println!("{HEADER}");
    let checker = match Checker::build() {
        Ok(checker) => checker,
        Err(why) => {
            summary.take("everything", Err(why));
            return summary.end();
        }
    };
    let mut rate = Err(format!("{} was not measured", MODELS[0]));
    for name in MODELS {
        let rounds = measure_model(&checker, name);
        if name == MODELS[0] {
            rate = rounds.as_deref().map_err(String::clone).and_then(best_cpu_rate);
        }
        summary.take(name, rounds.as_ref().map(|rounds| speed(name, rounds, true)));
        if let Ok(rounds) = rounds {
            summary.take(&format!("{name}: memory"), memory(name, &rounds));
        }
    }
    summary.take("closed bound", measure_closed(&checker));
    summary.take("reduction", measure_reduction(&checker));
    let examples = Examples::build();
    for example in &EXAMPLES {
        let name = format!("stateright's {}", example.name);
        let built = examples.as_ref().map_err(String::clone);
        let figures = built.and_then(|built| {
            let (distinct, seconds) = built.run(example)?;
            beside_example(&name, millions(distinct, seconds), rate.as_ref())
        });
        summary.take(&name, figures);
    }
    summary.end()
}

/// The words of a check: what is checked, and how.
fn words<'a>(parts: impl IntoIterator<Item = &'a [&'a str]>) -> Vec<String> {
    parts.into_iter().flatten().map(|word| (*word).to_owned()).collect()
}

/// Runs a named model in rounds, each within the time limit.
fn measure_model(checker: &Checker, name: &str) -> Result<Vec<Checked>, String> {
    find(name).ok_or("there is no model of this name")?;
    rounds(checker, &words([&[name][..], &HOW, &LIMIT]))
}

/// Runs a check several times, unless it takes long.
fn rounds(checker: &Checker, words: &[String]) -> Result<Vec<Checked>, String> {
    let begun = Instant::now();
    let mut rounds = vec![checker.check(words)?];
    while rounds.len() < ROUNDS.0 && begun.elapsed() < ROUNDS.1 {
        rounds.push(checker.check(words)?);
    }
    Ok(rounds)
}

/// Distinct and generated states a second.
fn speed(name: &str, rounds: &[Checked], is_promised: bool) -> Vec<Figure> {
    let part = if rounds.iter().all(|round| round.is_complete) { "" } else { " (part)" };
    let figure = |what: &str, count: fn(&Checked) -> u64, goal: Goal| Figure {
        name: format!("{name}{part}: {what}"),
        rounds: rounds.iter().map(|round| millions(count(round), round.seconds)).collect(),
        unit: "M/s",
        goal: Some(if is_promised { goal } else { Goal::more() }),
    };
    vec![
        figure("distinct states", |round| round.counts.distinct, DISTINCT),
        figure("generated states", |round| round.counts.generated, GENERATED),
    ]
}

/// The memory of a distinct state, beyond what a process holds anyway.
fn memory(name: &str, rounds: &[Checked]) -> Result<Vec<Figure>, String> {
    let bytes = |round: &Checked| {
        let peak = round.peak_memory.ok_or("this system does not tell the memory of a process")?;
        Ok(peak.saturating_sub(BASE) as f64 / round.counts.distinct.max(1) as f64)
    };
    let rounds = rounds.iter().map(bytes).collect::<Result<Vec<f64>, String>>()?;
    let name = format!("{name}: memory of a distinct state");
    Ok(vec![Figure { name, rounds, unit: "B", goal: Some(BYTES) }])
}

/// The closed bound, in rounds.
fn measure_closed(checker: &Checker) -> Result<Vec<Figure>, String> {
    let mut words = words([&["smoke"][..], &HOW, &LIMIT]);
    words.extend(all_flags(&closed()?));
    let rounds = rounds(checker, &words)?;
    let counts = rounds.iter().map(|round| round.counts.distinct as f64).collect();
    let name = "2 elections, 1 crash, 1 command";
    let mut figures = speed(name, &rounds, false);
    let name = format!("{name}: states");
    figures.push(Figure { name, rounds: counts, unit: "", goal: None });
    Ok(figures)
}

/// The closed bound.
fn closed() -> Result<Bounds, String> {
    let mut bounds = Bounds::LEAST;
    for (flag, value) in CLOSED {
        let bound = BOUNDS.iter().find(|bound| bound.flag == flag);
        let bound = bound.ok_or_else(|| format!("--{flag}: there is no such bound"))?;
        bound.parse(&mut bounds, value).map_err(|error| error.to_string())?;
    }
    Ok(bounds)
}

/// How many times fewer states the fast mode has than the plain one, which must come to the same verdict.
fn measure_reduction(checker: &Checker) -> Result<Vec<Figure>, String> {
    let fast = checker.check(&words([&[REDUCED][..], &HOW])).and_then(Checked::complete)?;
    let plain = checker.check(&words([&[REDUCED, "--plain"][..], &HOW]));
    Ok(reduction(&fast, &plain.and_then(Checked::complete)?))
}

fn reduction(fast: &Checked, plain: &Checked) -> Vec<Figure> {
    let figure = |what: &str, value: f64, unit, goal| Figure {
        name: format!("{REDUCED}: {what}"),
        rounds: vec![value],
        unit,
        goal,
    };
    let ratio = plain.counts.distinct as f64 / fast.counts.distinct.max(1) as f64;
    vec![
        figure("distinct states, plain", plain.counts.distinct as f64, "", None),
        figure("distinct states, fast", fast.counts.distinct as f64, "", None),
        figure("plain by fast, with equal verdicts", ratio, "x", Some(REDUCTION)),
        figure("seconds, plain by fast", plain.seconds / fast.seconds, "x", None),
    ]
}

/// Distinct states in a second of processor time, beside those of an example.
fn beside_example(
    name: &str,
    theirs: f64,
    ours: Result<&f64, &String>,
) -> Result<Vec<Figure>, String> {
    let ours = *ours.map_err(String::clone)?;
    let figure =
        |name: String, value: f64, unit, goal| Figure { name, rounds: vec![value], unit, goal };
    Ok(vec![
        figure(format!("{name}: distinct states a CPU second"), theirs, "M/s", None),
        figure(format!("{}: distinct states a CPU second", MODELS[0]), ours, "M/s", None),
        figure(format!("{} by {name}", MODELS[0]), ours / theirs, "x", Some(BESIDE_EXAMPLES)),
    ])
}

/// The best number of distinct states in a second of processor time, in millions.
fn best_cpu_rate(rounds: &[Checked]) -> Result<f64, String> {
    let rates = rounds.iter().filter_map(|round| {
        let seconds = round.cpu_seconds.filter(|seconds| *seconds > 0.0)?;
        Some(millions(round.counts.distinct, seconds))
    });
    let best = rates.max_by(f64::total_cmp);
    best.ok_or_else(|| "this system does not tell processor times".to_owned())
}

/// So many things in so many seconds, in millions a second.
fn millions(count: u64, seconds: f64) -> f64 {
    count as f64 / 1e6 / seconds
}

#[cfg(test)]
mod tests {
    use super::{BASE, beside_example, best_cpu_rate, closed, memory, reduction, speed};
    use crate::checker::Checked;
    use quorate_models::{Bounds, Counts};

    fn checked(distinct: u64, seconds: f64) -> Checked {
        Checked {
            counts: Counts { distinct, generated: 6 * distinct },
            depth: 3,
            seconds,
            peak_memory: Some(BASE + 20 * distinct),
            cpu_seconds: Some(2.0 * seconds),
            is_complete: true,
        }
    }

    #[test]
    fn the_promises_of_a_model_are_speed_and_memory() {
        let rounds = [checked(2_000_000, 2.0), checked(2_000_000, 1.0)];
        let mut figures = speed("standard", &rounds, true);
        figures.extend(memory("standard", &rounds).expect("the system told it"));
        let last: Vec<f64> = figures.iter().filter_map(|f| f.rounds.last().copied()).collect();
        assert_eq!(last, [2.0, 12.0, 20.0]);
        assert!(figures.iter().all(|figure| figure.is_met() == Some(true)));
    }

    #[test]
    fn a_slow_or_stopped_search_is_measured_and_says_so() {
        let slow = [Checked { is_complete: false, ..checked(1_000, 1.0) }];
        let figures = speed("standard", &slow, true);
        assert!(figures.iter().all(|figure| figure.is_met() == Some(false)));
        assert!(figures[0].name.starts_with("standard (part): "));
        let untold = [Checked { peak_memory: None, ..checked(1_000, 1.0) }];
        assert!(memory("standard", &untold).is_err());
    }

    #[test]
    fn ratios_compare_states_and_processor_time() {
        let figures = reduction(&checked(1_000, 1.0), &checked(60_000, 30.0));
        assert_eq!((&figures[2].rounds[..], figures[2].is_met()), (&[60.0][..], Some(true)));
        let ours = best_cpu_rate(&[checked(4_000_000, 4.0), checked(4_000_000, 1.0)]);
        assert_eq!(ours, Ok(2.0));
        let figures = beside_example("raft", 1.0, ours.as_ref()).expect("both were measured");
        assert_eq!((&figures[2].rounds[..], figures[2].is_met()), (&[2.0][..], Some(false)));
        let untold = Checked { cpu_seconds: None, ..checked(1, 1.0) };
        let ours = best_cpu_rate(&[untold]);
        assert!(beside_example("raft", 1.0, ours.as_ref()).is_err());
    }

    #[test]
    fn the_closed_bound_is_what_its_name_says() {
        let expected = Bounds {
            max_term: 2,
            max_log: 3,
            elections: 2,
            crashes: 1,
            commands: 1,
            ..Bounds::LEAST
        };
        assert_eq!(closed(), Ok(expected));
    }
}
