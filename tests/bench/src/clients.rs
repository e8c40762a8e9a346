//! What a request of a client costs a server, apart from sockets and from its way through the protocol.
//!
//! One connection, commands pipelined: 64 of them arrive in one read. *Parse* finds the arguments in what
//! arrived; *all* also makes the command, applies it and writes the reply. Bytes are made before the clock
//! starts.

use crate::figure::{Figure, Goal};
use quorate_kv::{Host, Info, Limits, Session, Step, Store};
use quorate_net::resp::{self, Requests};
use std::time::Instant;

/// The commands of one round.
const COMMANDS: usize = 64_000;
/// The rounds.
const ROUNDS: usize = 51;
/// Commands that arrive together.
const PIPELINE: usize = 64;
/// Different keys.
const KEYS: usize = 10_000;
/// The length of a value in bytes.
const VALUE: usize = 256;

/// Measures microseconds for a request.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    figures(COMMANDS, ROUNDS)
}

fn figures(commands: usize, rounds: usize) -> Result<Vec<Figure>, String> {
    let value = vec![b'v'; VALUE];
    let (mut session, mut store) =
        (Session::new(1, String::new(), Limits::default()), Store::new());
    let mut figures = Vec::new();
    for (name, is_write) in [("SET", true), ("GET", false)] {
        let pieces = pipelines(commands, |number, out| {
            let key = format!("key:{:012}", number * 7919 % KEYS);
            let words: &[&[u8]] = &[b"SET", key.as_bytes(), &value];
            let words = if is_write { words } else { &[b"GET", key.as_bytes()] };
            resp::write_array(out, words.len());
            words.iter().for_each(|word| resp::write_bulk(out, word));
        });
        let mut parse = Vec::new();
        let mut whole = Vec::new();
        for _ in 0..rounds {
            parse.push(time(commands, || count_arguments(&pieces))?);
            whole.push(time(commands, || answer(&pieces, &mut session, &mut store))?);
        }
        let figure = |what, rounds, target| {
            let name = format!("clients: {name} of {VALUE} B, {what}");
            Figure { name, rounds, unit: "us", goal: Some(Goal::at_most(target)) }
        };
        figures.push(figure("parse", parse, 0.2));
        figures.push(figure("all", whole, 1.0));
    }
    Ok(figures)
}

/// The commands, as many as arrive together in each piece.
fn pipelines(commands: usize, write: impl Fn(usize, &mut Vec<u8>)) -> Vec<Vec<u8>> {
    let numbers: Vec<usize> = (0..commands).collect();
    let piece = |numbers: &[usize]| {
        let mut out = Vec::new();
        numbers.iter().for_each(|number| write(*number, &mut out));
        out
    };
    numbers.chunks(PIPELINE).map(piece).collect()
}

/// Microseconds for each command.
fn time(commands: usize, work: impl FnOnce() -> Result<usize, String>) -> Result<f64, String> {
    let begun = Instant::now();
    let done = work()?;
    let elapsed = begun.elapsed();
    if done != commands {
        return Err(format!("{done} of {commands} commands were understood"));
    }
    Ok(elapsed.as_secs_f64() * 1e6 / commands as f64)
}

fn count_arguments(pieces: &[Vec<u8>]) -> Result<usize, String> {
    let mut requests = Requests::new(resp::Limits::default());
    let mut found = 0;
    for piece in pieces {
        requests.feed(piece);
        while let Some(request) = requests.next_request().map_err(|error| error.to_string())? {
            found += usize::from(request.len() >= 2);
        }
    }
    Ok(found)
}

fn answer(pieces: &[Vec<u8>], session: &mut Session, store: &mut Store) -> Result<usize, String> {
    let mut requests = Requests::new(resp::Limits::default());
    let (mut out, mut found) = (Vec::new(), 0);
    for piece in pieces {
        out.clear();
        requests.feed(piece);
        while let Some(request) = requests.next_request().map_err(|error| error.to_string())? {
            match session.take(&request, &Nobody) {
                Step::Read(query) => store.query(&query).write(session.protocol(), &mut out),
                Step::Write(command) => store.apply(&command).write(session.protocol(), &mut out),
                Step::Answer(value) | Step::Quit(value) => return Err(format!("{value:?}")),
            }
            found += 1;
        }
        std::hint::black_box(&out);
    }
    Ok(found)
}

/// A server that is not asked.
struct Nobody;

impl Host for Nobody {
    fn info(&self) -> Info {
        Info::default()
    }

    fn clients_but(&self, _: u64) -> Vec<String> {
        Vec::new()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn every_request_is_answered() {
        let figures = figures(300, 1).expect("all commands are good");
        assert_eq!(figures.len(), 4);
        assert!(figures.iter().all(|figure| figure.rounds.iter().all(|value| *value > 0.0)));
    }
}
