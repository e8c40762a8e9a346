//! The set of fingerprints of all states that have been reached.
//!
//! It only grows, and most of what a search does with it is to ask for a fingerprint that is there, somewhere in
//! gigabytes. So a question touches one place of memory, and takes no lock: a fingerprint is looked for from the
//! place on that its value names, over the few that are taken. Whoever finds a free place first puts its own there,
//! with one atomic exchange, and so each is new to exactly one thread.
//!
//! What is to grow must not be looked at. Threads hold the set for a stretch of work at a time, and only between two
//! of them it is enlarged, by whoever finds it too full ([`Fingerprints::make_room`]). Places are proportional
//! to values, so that everything moves in order, from the beginning of the memory to its end.

use crate::sync::{AtomicU64, Mutex, Ordering, RwLock, RwLockReadGuard, whole};
use core::hint::black_box;

/// In how many tables the set is kept. They are enlarged one after the other, so that never much more than the
/// set itself is held.
const TABLES: usize = 64;

/// The places of each table at first.
const PLACES: usize = 1 << 13;

/// Fingerprints, zero for a free place; the last places continue with the first.
struct Table {
    places: Vec<AtomicU64>,
}

/// A set of fingerprints.
pub(crate) struct Fingerprints {
    tables: RwLock<Vec<Table>>,
    /// Whose turn it is to enlarge the set.
    turn: Mutex<()>,
    /// How many there are, as far as threads have said.
    count: AtomicU64,
    room: usize,
}

/// The set, for a stretch of work.
pub(crate) struct Held<'a>(RwLockReadGuard<'a, Vec<Table>>);

impl Table {
    fn new(places: usize) -> Table {
        Table { places: (0..places).map(|_| AtomicU64::new(0)).collect() }
    }

    /// From where on a fingerprint is looked for.
    fn first_place(&self, fingerprint: u64) -> usize {
        ((u128::from(fingerprint) * self.places.len() as u128) >> 64) as usize
    }

    /// Adds a fingerprint; whether it is new.
    ///
    /// # Panics
    /// When all places are taken. There is room in all tables together, so then fingerprints are not spread evenly.
    fn insert(&self, fingerprint: u64) -> bool {
        let (last, first) = self.places.split_at(self.first_place(fingerprint));
        for place in first.iter().chain(last) {
            let mut found = place.load(Ordering::Relaxed);
            if found == 0 {
                let put =
                    place.compare_exchange(0, fingerprint, Ordering::Relaxed, Ordering::Relaxed);
                match put {
                    Ok(_) => return true,
                    Err(other) => found = other,
                }
            }
            if found == fingerprint {
                return false;
            }
        }
        panic!(
            "a table of fingerprints is full; they must be spread evenly over all 64-bit numbers"
        );
    }

    /// The same fingerprints in half as many places again.
    fn enlarged(&self) -> Table {
        let larger = Table::new(self.places.len() + self.places.len() / 2);
        for place in &self.places {
            let fingerprint = place.load(Ordering::Relaxed);
            if fingerprint != 0 {
                larger.insert(fingerprint);
            }
        }
        larger
    }
}

impl Fingerprints {
    pub(crate) fn new() -> Fingerprints {
        Fingerprints::with(TABLES, PLACES)
    }

    /// An empty set of so many tables with so many places each.
    pub(crate) fn with(tables: usize, places: usize) -> Fingerprints {
        let room = tables * places / 8;
        let tables = (0..tables).map(|_| Table::new(places)).collect();
        let (tables, turn) = (RwLock::new(tables), Mutex::new(()));
        Fingerprints { tables, turn, count: AtomicU64::new(0), room }
    }

    /// How many fingerprints may be added between two calls of [`Fingerprints::make_room`], by all threads together,
    /// but for what one more state of each leads to.
    pub(crate) const fn room(&self) -> usize {
        self.room
    }

    /// How many there are, but for those that threads have not told of.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Tells of fingerprints that were new.
    pub(crate) fn note(&self, new: u64) {
        self.count.fetch_add(new, Ordering::Relaxed);
    }

    /// The set, to be asked.
    pub(crate) fn hold(&self) -> Held<'_> {
        Held(whole(self.tables.read()))
    }

    /// Enlarges the set if there is no room below three quarters of it. Then it waits until nobody holds the set.
    ///
    /// Whoever takes hold of a set again and again can keep out for ever who waits for nobody to. So those who find
    /// the set too full come one after the other, and wait for it only if it still is when it is their turn; as long
    /// as it is, the others come here and hold nothing.
    pub(crate) fn make_room(&self) {
        if self.is_full() {
            let turn = whole(self.turn.lock());
            if self.is_full() {
                let mut tables = whole(self.tables.write());
                tables.iter_mut().for_each(|table| *table = table.enlarged());
            }
            drop(turn);
        }
    }

    fn is_full(&self) -> bool {
        let held = self.hold();
        let places: usize = held.0.iter().map(|table| table.places.len()).sum();
        self.count() as usize + self.room > places / 4 * 3
    }
}

impl Held<'_> {
    /// Looks at where these fingerprints are, or would be. It changes nothing, but memory then answers sooner: these
    /// looks do not wait for each other, as insertions do.
    pub(crate) fn look_at(&self, fingerprints: &[u64]) {
        for fingerprint in fingerprints {
            let table = &self.0[*fingerprint as usize % self.0.len()];
            black_box(table.places[table.first_place(*fingerprint)].load(Ordering::Relaxed));
        }
    }

    /// Adds a fingerprint; whether it is new.
    pub(crate) fn insert(&self, fingerprint: u64) -> bool {
        // Zero is a free place; one more state may be taken for another.
        let fingerprint = fingerprint.max(1);
        let table = fingerprint as usize % self.0.len();
        self.0[table].insert(fingerprint)
    }
}

#[cfg(all(test, not(quorate_loom)))]
mod tests {
    use super::{Fingerprints, Table};
    use std::collections::BTreeSet;

    #[test]
    fn it_is_a_set() {
        let mut random = fastrand::Rng::with_seed(1);
        let (set, mut known) = (Fingerprints::with(16, 1 << 8), BTreeSet::new());
        for _ in 0..200 {
            set.make_room();
            let held = set.hold();
            let mut new = 0;
            for _ in 0..set.room() {
                // Half of them anywhere, the others close together and at both ends, where places run out.
                let any = random.u64(..);
                let near = [1, 1 << 40, u64::MAX - 2_000][random.usize(..3)];
                let fingerprint = if random.bool() { any } else { near + random.u64(..1_000) };
                let is_new = known.insert(fingerprint);
                assert_eq!(held.insert(fingerprint), is_new, "{fingerprint}");
                new += u64::from(is_new);
            }
            set.note(new);
            assert_eq!(set.count(), known.len() as u64);
        }
        let held = set.hold();
        assert!(known.iter().all(|fingerprint| !held.insert(*fingerprint)));
        let places: usize = held.0.iter().map(|table| table.places.len()).sum();
        assert!(places > 2 * known.len() / 2 && known.len() > places / 4, "{places}");
    }

    #[test]
    fn what_wraps_around_is_found() {
        let table = Table::new(4);
        assert_eq!([u64::MAX, u64::MAX - 1, 7].map(|it| table.insert(it)), [true; 3]);
        assert_eq!([u64::MAX, u64::MAX - 1, 7].map(|it| table.insert(it)), [false; 3]);
        let larger = table.enlarged();
        assert_eq!(larger.places.len(), 6);
        assert_eq!([u64::MAX, u64::MAX - 1, 7].map(|it| larger.insert(it)), [false; 3]);
    }

    #[test]
    fn fingerprints_that_are_not_spread_do_not_hang() {
        let table = Table::new(4);
        assert!([4, 8, 12, 16].iter().all(|it| table.insert(*it)));
        assert!(!table.insert(16));
        let refused = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| table.insert(20)));
        assert!(refused.is_err());
    }

    #[test]
    fn each_is_new_to_one_thread() {
        let set = Fingerprints::with(4, 1 << 10);
        let work = |seed: u64| {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut all = 0;
            for _ in 0..400 {
                set.make_room();
                let held = set.hold();
                let inserted = (0..set.room() / 4).filter(|_| {
                    let fingerprint = random.u64(1..=10_000).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    held.insert(fingerprint)
                });
                let new = inserted.count() as u64;
                set.note(new);
                all += new;
            }
            all
        };
        let new: u64 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|seed| scope.spawn(move || work(seed))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
        });
        assert_eq!((new, set.count()), (10_000, 10_000));
    }
}
