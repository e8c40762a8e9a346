//! The targets on their seeds, and on what chance makes of those.

use quorate_fuzz::{TARGETS, seeds};

/// How many changed inputs are tried for each seed.
const TRIES: usize = 300;

/// A seed with some bytes changed, left out or said again.
fn changed(seed: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..random.usize(1..5) {
        let (one, two) = (random.usize(..=bytes.len()), random.usize(..=bytes.len()));
        let range = one.min(two)..one.max(two).min(one.min(two) + 16);
        match random.u8(..4) {
            0 => drop(bytes.drain(range)),
            1 => {
                let again = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, again);
            }
            _ if one < bytes.len() => bytes[one] = random.u8(..),
            _ => bytes.push(random.u8(..)),
        }
    }
    bytes
}

#[test]
fn seeds_and_what_chance_makes_of_them_are_read() {
    for (name, target) in TARGETS {
        let found = seeds::of(name);
        assert!(found.len() >= 5, "{name}");
        let mut random = fastrand::Rng::with_seed(1);
        for seed in found {
            target(&seed);
            (0..TRIES).for_each(|_| target(&changed(&seed, &mut random)));
        }
    }
}

#[test]
fn nothing_is_something_too() {
    TARGETS.iter().for_each(|(_, target)| target(&[]));
}
