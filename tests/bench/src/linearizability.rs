//! What it costs to check a history of clients.
//!
//! Sixteen clients get and set eight keys, each value once, and of one operation in a hundred the outcome stays
//! unknown. Histories are made before the clock starts, from fixed seeds.

use crate::figure::{Figure, Goal};
use quorate_spec::linearizability::{
    Answer, Bytes, Call, Contents, History, KeyValue, Object, Request, Verdict, bytes, check,
};
use std::time::Instant;

/// The operations of one history.
const OPERATIONS: usize = 100_000;
/// The rounds.
const ROUNDS: u64 = 5;
/// How many clients there are at a time.
const CLIENTS: usize = 16;
/// How many keys.
const KEYS: usize = 8;
/// Of one operation in so many the outcome is unknown.
const UNKNOWN: usize = 100;
/// How many placements may be tried for one operation.
const BUDGET: usize = 20;
/// At most how many microseconds an operation may take: a hundred thousand in three seconds.
const TARGET: f64 = 30.0;

/// Measures microseconds per operation.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    figures(OPERATIONS, ROUNDS)
}

fn figures(operations: usize, rounds: u64) -> Result<Vec<Figure>, String> {
    let mut micros = Vec::new();
    for seed in 0..rounds {
        let history = history(operations, &mut fastrand::Rng::with_seed(seed));
        let begun = Instant::now();
        let verdict = check::<KeyValue>(&history, (BUDGET * operations) as u64);
        let elapsed = begun.elapsed();
        if !matches!(verdict, Verdict::Linearizable { .. }) {
            return Err(format!("seed {seed}: {verdict}"));
        }
        micros.push(elapsed.as_secs_f64() * 1e6 / operations as f64);
    }
    let name = "linearizability: one operation".into();
    Ok(vec![Figure { name, rounds: micros, unit: "us", goal: Some(Goal::at_most(TARGET)) }])
}

/// What a client is about.
enum Client {
    /// It has nothing to do.
    Idle,
    /// It has asked, and nothing has happened yet.
    Asked(Call, Request),
    /// It is about to be answered.
    Done(Call, Answer),
}

/// A history to which a real store gives rise: again and again one of the clients takes its next step.
fn history(operations: usize, random: &mut fastrand::Rng) -> History<Request, Answer> {
    let mut history = History::default();
    let mut contents = Contents::default();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::Idle).collect();
    let mut asked = 0;
    for time in 0.. {
        let place = random.usize(..CLIENTS);
        let client = std::mem::replace(&mut clients[place], Client::Idle);
        clients[place] = match client {
            Client::Idle if asked == operations => break,
            Client::Idle => {
                asked += 1;
                let request = request(asked, random);
                Client::Asked(history.invoke(place as u64, request.clone(), time), request)
            }
            Client::Asked(call, request) => {
                let is_unknown = random.usize(..UNKNOWN) == 0;
                // Half of these never take effect.
                if is_unknown && random.bool() {
                    continue;
                }
                let (next, answer) = KeyValue::apply(&contents, &request);
                contents = next.unwrap_or(contents);
                if is_unknown { Client::Idle } else { Client::Done(call, answer) }
            }
            Client::Done(call, answer) => {
                history.complete(call, time, answer).expect("it was invoked");
                Client::Idle
            }
        };
    }
    history
}

fn request(number: usize, random: &mut fastrand::Rng) -> Request {
    let key: Bytes = bytes(&format!("k{}", random.usize(..KEYS)));
    if random.bool() { Request::Get(key) } else { Request::Set(key, bytes(&number.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::{figures, history};

    #[test]
    fn a_short_history_is_measured() {
        let figures = figures(500, 2).expect("linearizable");
        assert_eq!(figures[0].rounds.len(), 2);
    }

    #[test]
    fn some_outcomes_are_unknown() {
        let history = history(2_000, &mut fastrand::Rng::with_seed(1));
        let unknown = history.operations().filter(|(_, operation)| operation.completed.is_none());
        assert!((10..100).contains(&unknown.count()));
    }
}
