//! Compares the fast mode with the plain one on models that are too large for a test.
//!
//! The plain mode walks every state, so this is for models that it finishes in minutes. Whatever is named is
//! walked in plain mode once, and in fast mode with and without what is dropped; the sets must be the same.
//! `cargo xtask compare` runs it.

use quorate_models::fast::{Comparison, FastModel, Tricks, compare};
use quorate_models::{Bounds, NAMED, Stopper, Tracker, find};
use std::process::ExitCode;
use std::time::Instant;

/// What is compared when nothing is named: two elections and a crash of three servers.
const DEFAULT: &str = "elections";

/// The exit code of a usage error.
const USAGE_ERROR: u8 = 64;

fn compare_servers<const N: usize, const P: usize>(
    bounds: Bounds,
) -> Result<Vec<Comparison>, String> {
    let model =
        |tricks| FastModel::<N, P>::new(bounds, tricks, None, Tracker::new(Stopper::default()));
    compare(bounds, &[Tricks::NONE, Tricks::ALL].map(model))
}

/// Compares both modes on a model, and says what was found.
fn compare_model(bounds: Bounds) -> Result<Vec<Comparison>, String> {
    match bounds.servers {
        1 => compare_servers::<1, 1>(bounds),
        2 => compare_servers::<2, 2>(bounds),
        3 => compare_servers::<3, 6>(bounds),
        servers => {
            Err(format!("{servers} servers; expected at most 3, of which the plain mode sees all"))
        }
    }
}

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names = if names.is_empty() { vec![DEFAULT.to_owned()] } else { names };
    if let Some(unknown) = names.iter().find(|name| find(name).is_none()) {
        let known: Vec<&str> = NAMED.iter().map(|named| named.name).collect();
        eprintln!("model: {unknown:?}; expected one of {}", known.join(", "));
        return ExitCode::from(USAGE_ERROR);
    }
    let mut all_are_same = true;
    for named in names.iter().filter_map(|name| find(name)) {
        println!("{}: {}", named.name, named.bounds.in_words());
        let begun = Instant::now();
        match compare_model(named.bounds) {
            Ok(compared) => {
                for Comparison { tricks, plain, fast } in compared {
                    let drops = if tricks == Tricks::NONE { "nothing" } else { "what is dead" };
                    println!("  the same: {plain} states, {fast} without names, dropping {drops}");
                }
            }
            Err(difference) => {
                all_are_same = false;
                println!("  DIFFERENT: {difference}");
            }
        }
        println!("  took {:.1} s", begun.elapsed().as_secs_f64());
    }
    if all_are_same { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
