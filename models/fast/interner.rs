//! A table that keeps each value once and gives it a number.
//!
//! Reading takes no lock: values are never moved or changed, only added. Adding takes one, but happens a few
//! thousand times in a search that reads a billion times.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// How many values the first chunk holds; every further chunk holds twice as many as the one before.
const FIRST_CHUNK: usize = 1_024;

/// How many chunks there can be: enough for 2^32 values.
const CHUNKS: usize = 23;

/// Values by number, added only.
#[derive(Debug)]
pub(super) struct Store<T> {
    chunks: [OnceLock<Box<[OnceLock<T>]>>; CHUNKS],
    length: Mutex<u32>,
}

impl<T> Default for Store<T> {
    fn default() -> Store<T> {
        Store { chunks: [const { OnceLock::new() }; CHUNKS], length: Mutex::new(0) }
    }
}

/// The chunk in which a number stands, and its place there.
fn locate(number: u32) -> (usize, usize) {
    let shifted = number as usize + FIRST_CHUNK;
    let chunk = (shifted.ilog2() - FIRST_CHUNK.ilog2()) as usize;
    (chunk, shifted - (FIRST_CHUNK << chunk))
}

impl<T> Store<T> {
    /// Adds a value and gives its number.
    pub(super) fn add(&self, value: T) -> u32 {
        let mut length = self.length.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *length;
        let (chunk, place) = locate(number);
        let slots = self.chunks[chunk]
            .get_or_init(|| (0..FIRST_CHUNK << chunk).map(|_| OnceLock::new()).collect());
        // Under the lock nobody else fills this slot.
        assert!(slots[place].set(value).is_ok(), "a number is given once");
        *length = number.checked_add(1).expect("fewer than 2^32 different parts");
        number
    }

    /// The value with a number that [`Store::add`] has given.
    pub(super) fn get(&self, number: u32) -> &T {
        let (chunk, place) = locate(number);
        let slot = self.chunks[chunk].get().and_then(|slots| slots[place].get());
        slot.expect("only numbers that were given are asked for")
    }
}

/// A store that knows which values it holds.
#[derive(Debug)]
pub(super) struct Interner<K, T> {
    store: Store<T>,
    numbers: Mutex<BTreeMap<K, u32>>,
}

impl<K, T> Default for Interner<K, T> {
    fn default() -> Interner<K, T> {
        Interner { store: Store::default(), numbers: Mutex::new(BTreeMap::new()) }
    }
}

impl<K: Ord, T> Interner<K, T> {
    /// The number of a value; the first time, `make` makes what is kept for it.
    pub(super) fn number(&self, key: K, make: impl FnOnce(&K) -> T) -> u32 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = numbers.get(&key) {
            return *number;
        }
        let number = self.store.add(make(&key));
        numbers.insert(key, number);
        number
    }

    /// What is kept under a number.
    pub(super) fn get(&self, number: u32) -> &T {
        self.store.get(number)
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_CHUNK, Interner, Store, locate};

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let places: Vec<_> = (0..10_000).map(locate).collect();
        for (number, (chunk, place)) in places.iter().enumerate() {
            assert!(*place < FIRST_CHUNK << chunk, "{number}");
        }
        let distinct: std::collections::BTreeSet<_> = places.iter().collect();
        assert_eq!(distinct.len(), places.len());
    }

    #[test]
    fn what_is_added_is_found_again() {
        let store = Store::default();
        let numbers: Vec<u32> = (0..5_000_u64).map(|value| store.add(value * 3)).collect();
        assert!(numbers.iter().zip(0..).all(|(number, value)| *store.get(*number) == value * 3));
        let interner = Interner::default();
        let first = interner.number("a", |key| key.len());
        assert_eq!(interner.number("b", |key| key.len()), first + 1);
        assert_eq!(interner.number("a", |_| unreachable!("it is known")), first);
        // Two different values so far: the next one is the third.
        assert_eq!(interner.number("c", |key| key.len()), first + 2);
    }
}
