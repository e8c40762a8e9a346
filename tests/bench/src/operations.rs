//! What one committed operation costs in the core.
//!
//! An operation is a command that is proposed, replicated to three servers, durable on a majority, applied
//! and answered. *Window* is how many operations are outstanding at any time. With 64 of them it matters
//! how they reach the leader, so both ways are measured: together, as a caller does that takes everything
//! waiting in one go, and one by one, each client's next command as soon as its last one is answered.
//!
//! A log is never compacted here, so a round begins with fresh servers, and pays for the growth of three
//! logs: of half a megabyte together, with short commands. Rounds are short and many, so that on a busy machine some
//! are not interrupted. Commands are made before the clock starts.

use crate::figure::{Figure, Goal};
use crate::trio::Trio;
use quorate_core::RequestId;
use std::sync::Arc;
use std::time::Instant;

/// The operations of one round.
const OPERATIONS: usize = 5_000;
/// The rounds.
const ROUNDS: usize = 201;
/// The length of a long command in bytes.
const LONG: usize = 256;

/// How commands reach the leader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arrival {
    /// So many in one step; the next ones when all of these are answered.
    Together(usize),
    /// So many outstanding, one in each step.
    OneByOne(usize),
}

/// Every way in which commands are proposed: its name, and at most how many microseconds an operation
/// may take.
const ARRIVALS: &[(&str, Arrival, Goal)] = &[
    ("window 1", Arrival::Together(1), Goal::at_most(4.0).aiming_at(1.0)),
    ("window 64, together", Arrival::Together(64), Goal::at_most(1.0).aiming_at(0.3)),
    ("window 64, one by one", Arrival::OneByOne(64), Goal::at_most(1.0).aiming_at(0.3)),
];

/// Measures microseconds and steps per operation.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    Ok(figures(OPERATIONS, ROUNDS))
}

fn figures(operations: usize, rounds: usize) -> Vec<Figure> {
    let short = |number: usize| (number as u128).to_le_bytes();
    let long = |number: usize| Arc::<[u8]>::from([number as u8; LONG]);
    let mut figures = Vec::new();
    for (name, arrival, goal) in ARRIVALS {
        let shorts: Vec<Cost> = (0..rounds).map(|_| round(operations, *arrival, short)).collect();
        let longs: Vec<Cost> = (0..rounds).map(|_| round(operations, *arrival, long)).collect();
        // Steps depend on nothing but the protocol: every round has as many.
        let steps = shorts.first().map(|cost| cost.steps);
        let times = |costs: Vec<Cost>| costs.iter().map(|cost| cost.micros).collect();
        let figure = |what, rounds, unit, goal| {
            let name = format!("core: {name}, {what}");
            Figure { name, rounds, unit, goal }
        };
        figures.push(figure("16 B", times(shorts), "us", Some(*goal)));
        figures.push(figure("Arc of 256 B", times(longs), "us", Some(*goal)));
        figures.push(figure("steps", steps.into_iter().collect(), "", None));
    }
    figures
}

/// What one operation cost.
struct Cost {
    /// Microseconds.
    micros: f64,
    /// Steps of all three servers.
    steps: f64,
}

/// Runs one round with fresh servers.
fn round<C: Clone>(operations: usize, arrival: Arrival, command: impl Fn(usize) -> C) -> Cost {
    let commands: Vec<C> = (0..operations).map(command).collect();
    let mut trio = Trio::new();
    let before = trio.steps;
    let begun = Instant::now();
    match arrival {
        Arrival::Together(window) => together(&mut trio, commands, window),
        Arrival::OneByOne(window) => one_by_one(&mut trio, commands, window),
    }
    let elapsed = begun.elapsed();
    assert_eq!(trio.answered, operations, "every operation is answered");
    Cost {
        micros: elapsed.as_secs_f64() * 1e6 / operations as f64,
        steps: (trio.steps - before) as f64 / operations as f64,
    }
}

/// Proposes `window` commands in one step, and the next ones when all are answered.
fn together<C: Clone>(trio: &mut Trio<C>, commands: Vec<C>, window: usize) {
    let mut commands = commands.into_iter();
    let mut proposed = 0;
    while commands.len() > 0 {
        let first = RequestId(proposed as u64);
        proposed += window.min(commands.len());
        trio.propose(first, commands.by_ref().take(window));
        while trio.answered < proposed && trio.deliver() {}
    }
}

/// Proposes each command in a step of its own, as soon as fewer than `window` are outstanding.
fn one_by_one<C: Clone>(trio: &mut Trio<C>, commands: Vec<C>, window: usize) {
    for (proposed, command) in commands.into_iter().enumerate() {
        while proposed - trio.answered >= window && trio.deliver() {}
        trio.propose(RequestId(proposed as u64), std::iter::once(command));
    }
    while trio.deliver() {}
}

#[cfg(test)]
mod tests {
    use super::{ARRIVALS, figures};

    #[test]
    fn every_way_of_proposing_answers_every_operation() {
        let figures = figures(200, 1);
        assert_eq!(figures.len(), 3 * ARRIVALS.len());
        assert!(figures.iter().all(|figure| figure.rounds.iter().all(|value| *value > 0.0)));
    }
}
