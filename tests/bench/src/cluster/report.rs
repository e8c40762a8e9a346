//! What the rounds say: tables of what was measured, and ratios beside what was promised.

use super::latency::Measured;
use super::load::{Sample, Work};
use super::rounds::{CLIENTS, Rounds, Subject};
use super::systems::Kind;
use crate::figure::{Figure, Goal};
use std::fmt::Write as _;

/// What is promised of a system beside etcd's: the time of a single client's write, ...
const ONE_WRITE_BESIDE: Goal = Goal::at_most(0.35).by_median();
/// ... the longest times of many clients, ...
const LONG_WRITES_BESIDE: Goal = Goal::at_most(0.33).by_median();
/// ... and how much many clients get done.
const RATE_BESIDE: Goal = Goal::at_least(5.0).aiming_at(7.0).by_median();
/// The median time of a single client's write, in milliseconds.
const ONE_WRITE: Goal = Goal::at_most(0.45).by_median();
/// Writes of 64 clients, in thousands a second.
const WRITES: Goal = Goal::at_least(25.0).by_median();

/// A value of what one round measured.
type Value = fn(&Measured) -> f64;

const P50: Value = |measured| measured.percentile(50);
const P99: Value = |measured| measured.percentile(99);
const RATE: Value = Measured::rate;

/// The middle one of some values; of none, not a number.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// "1 client", or how many clients.
fn people(at: usize) -> String {
    let clients = CLIENTS[at];
    format!("{clients} client{}", if clients == 1 { "" } else { "s" })
}

fn name(work: Work) -> &'static str {
    match work {
        Work::Set => "SET",
        Work::Get => "GET",
    }
}

impl Rounds {
    /// The figures of a system, if it has any.
    fn subject(&self, kind: Kind) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.kind == kind && subject.memory.is_ok())
    }

    /// A table for each kind of work and number of clients: medians of the rounds.
    pub(super) fn tables(&self) -> String {
        let mut out = String::new();
        for work in [Work::Set, Work::Get] {
            for at in 0..CLIENTS.len() {
                let title = format!("{}, {}", name(work), people(at));
                let _ = writeln!(
                    out,
                    "\n{title:<18}{:>9}{:>19}{:>9}{:>9}{:>13}{:>13}{:>9}",
                    "k/s", "least to most", "p50 ms", "p99 ms", "servers us", "clients us", "share"
                );
                for subject in self.subjects.iter().filter(|subject| subject.memory.is_ok()) {
                    let samples = &subject.turns.samples[at][work as usize];
                    let measured: Vec<&Measured> = samples.iter().map(|s| &s.measured).collect();
                    let _ = write!(out, "  {:<16}{}", subject.kind.name(), times(&measured));
                    let _ = writeln!(out, "{}", costs(samples));
                }
                if let (Work::Set, Some(Ok(limit))) = (work, &self.limit) {
                    let measured: Vec<&Measured> = limit[at].iter().collect();
                    let _ = writeln!(out, "  {:<16}{}", "the limit", times(&measured));
                }
            }
        }
        out
    }

    /// The memory that systems hold after the rounds.
    pub(super) fn memory(&self) -> String {
        let mut out = String::new();
        for subject in &self.subjects {
            let Ok(memory) = &subject.memory else { continue };
            let writes = subject.turns.samples.iter().flat_map(|works| &works[Work::Set as usize]);
            let writes: usize = writes.map(|sample| sample.measured.count()).sum();
            let each: Vec<String> = memory.iter().map(|mib| format!("{mib:.0}")).collect();
            let (name, millions) = (subject.kind.name(), writes as f64 / 1e6);
            let each = each.join(", ");
            let _ = writeln!(out, "memory of {name} after {millions:.2} M writes: {each} MiB");
        }
        out
    }

    /// What is promised of this project alone.
    ///
    /// # Errors
    /// When it was not measured.
    pub(super) fn alone(&self) -> Result<Vec<Figure>, String> {
        let ours = self.subject(Kind::Quorate).ok_or("quorate was not measured")?;
        let figure = |at: usize, value: Value, what: &str, unit, goal| Figure {
            name: format!("SET, {}: {what}", people(at)),
            rounds: ours.turns.samples[at][0]
                .iter()
                .map(|sample| value(&sample.measured))
                .collect(),
            unit,
            goal: Some(goal),
        };
        Ok(vec![figure(0, P50, "p50", "ms", ONE_WRITE), figure(1, RATE, "rate", "k/s", WRITES)])
    }

    /// This project by another system, round by round: by etcd, to which the promises compare it, rates and times,
    /// and by others the rates.
    ///
    /// # Errors
    /// When one of them was not measured.
    pub(super) fn beside(&self, other: Kind) -> Result<Vec<Figure>, String> {
        let find = |kind: Kind| {
            let missing = || format!("{} was not measured", kind.name());
            self.subject(kind).ok_or_else(missing)
        };
        let (ours, theirs) = (find(Kind::Quorate)?, find(other)?);
        let is_promised = other == Kind::Etcd;
        let mut figures = Vec::new();
        for work in [Work::Set, Work::Get] {
            for (at, clients) in CLIENTS.into_iter().enumerate() {
                let of = |subject: &'_ Subject, value: Value| -> Vec<f64> {
                    let samples = subject.turns.samples[at][work as usize].iter();
                    samples.map(|sample| value(&sample.measured)).collect()
                };
                let values = [("rate", RATE), ("p50", P50), ("p99", P99)];
                for (what, value) in values.into_iter().take(if is_promised { 3 } else { 1 }) {
                    let goal = match (work, clients, what) {
                        (Work::Set, 1, "p50") if is_promised => Some(ONE_WRITE_BESIDE),
                        (Work::Set, 64.., "p99") if is_promised => Some(LONG_WRITES_BESIDE),
                        (_, 64.., "rate") if is_promised => Some(RATE_BESIDE),
                        (_, _, "rate") => Some(Goal::more()),
                        _ => None,
                    };
                    let title = format!("{}, {}", name(work), people(at));
                    let name = format!("{title}: {what} by {}", other.name());
                    let rounds = ratios(&of(ours, value), &of(theirs, value));
                    figures.push(Figure { name, rounds, unit: "x", goal });
                }
            }
        }
        Ok(figures)
    }

    /// How far this project is from what the disk allows, round by round.
    ///
    /// # Errors
    /// When one of both was not measured.
    pub(super) fn beside_limit(&self) -> Result<Vec<Figure>, String> {
        let ours = self.subject(Kind::Quorate).ok_or("quorate was not measured")?;
        let limit = self.limit.as_ref().ok_or("the limit was not measured")?;
        let limit = limit.as_ref().map_err(Clone::clone)?;
        let each = (0..CLIENTS.len()).flat_map(|at| {
            let of = |value: Value| -> (Vec<f64>, Vec<f64>) {
                let ours = ours.turns.samples[at][0].iter().map(|sample| value(&sample.measured));
                (ours.collect(), limit[at].iter().map(value).collect())
            };
            let ((our_p50, p50), (our_rate, rate)) = (of(P50), of(RATE));
            let figure = |what: &str, rounds| {
                let name = format!("SET, {}: {what}", people(at));
                Figure { name, rounds, unit: "x", goal: None }
            };
            [
                figure("p50 by the limit", ratios(&our_p50, &p50)),
                figure("rate of the limit by ours", ratios(&rate, &our_rate)),
            ]
        });
        Ok(each.collect())
    }
}

/// Pairs of the same round, divided.
fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}

/// Rate, its range, and times, as in the table.
fn times(rounds: &[&Measured]) -> String {
    let all = |value: Value| rounds.iter().map(|measured| value(measured)).collect::<Vec<f64>>();
    let mut rates = all(RATE);
    rates.sort_by(f64::total_cmp);
    let end = |rate: Option<&f64>| rate.copied().unwrap_or(f64::NAN);
    let range = format!("{:.1} to {:.1}", end(rates.first()), end(rates.last()));
    let (rate, p50, p99) = (median(rates), median(all(P50)), median(all(P99)));
    format!("{rate:>9.1}{range:>19}{p50:>9.2}{p99:>9.2}")
}

/// Microseconds of processor time a request, of servers and of clients, and the share that the clients have of both.
fn costs(samples: &[Sample]) -> String {
    let each = |value: fn(&Sample) -> Option<f64>| {
        let values: Option<Vec<f64>> = samples.iter().map(value).collect();
        values.map(median)
    };
    let servers = each(|sample| Some(sample.servers? * 1e6 / sample.measured.count() as f64));
    let clients = each(|sample| Some(sample.clients? * 1e6 / sample.measured.count() as f64));
    let share = each(|sample| Some(sample.clients? / (sample.clients? + sample.servers?)));
    let shown = |value: Option<f64>| value.map_or("untold".into(), |value| format!("{value:.1}"));
    let share = share.map_or("untold".into(), |share| format!("{:.0} %", share * 100.0));
    format!("{:>13}{:>13}{share:>9}", shown(servers), shown(clients))
}

#[cfg(test)]
mod tests;
