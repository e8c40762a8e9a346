//! Cutting a history into parts that can be checked alone.
//!
//! A history is linearizable if and only if its part for each object is \[HerlihyWing90\], and keys that
//! no operation joins are objects of their own \[HornKroening15\]. So the keys of one operation belong
//! together, and so do keys that a chain of operations joins; what belongs together is one part.

use super::history::Call;
use std::collections::BTreeMap;

/// Keys that belong together, and the operations on them.
#[derive(Debug)]
pub(super) struct Partition<K> {
    /// The keys, in order; none for an operation that has none.
    pub(super) keys: Vec<K>,
    /// The operations, in the order of their recording.
    pub(super) calls: Vec<Call>,
}

/// The parts of a history, given the keys of each operation, in the order of their first operation.
pub(super) fn partitions<K: Clone + Ord>(operations: &[(Call, Vec<K>)]) -> Vec<Partition<K>> {
    let mut places: BTreeMap<&K, usize> = BTreeMap::new();
    let mut joined = Joined::default();
    for (_, keys) in operations {
        let mut first = None;
        for key in keys {
            let place = *places.entry(key).or_insert_with(|| joined.add());
            joined.join(*first.get_or_insert(place), place);
        }
    }
    let mut parts: Vec<Partition<K>> = Vec::new();
    let mut part_of_root: BTreeMap<usize, usize> = BTreeMap::new();
    for (call, keys) in operations {
        let root = keys.first().map(|key| joined.root(places[key]));
        let new = parts.len();
        let part = root.map_or(new, |root| *part_of_root.entry(root).or_insert(new));
        if part == new {
            parts.push(Partition { keys: Vec::new(), calls: Vec::new() });
        }
        parts[part].calls.push(*call);
    }
    for (key, place) in places {
        let part = part_of_root[&joined.root(place)];
        parts[part].keys.push(key.clone());
    }
    parts
}

/// Sets that can be joined: each element points to another of its set, or is the root of it.
#[derive(Default)]
struct Joined {
    parents: Vec<usize>,
}

impl Joined {
    fn add(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.parents.len() - 1
    }

    fn root(&mut self, mut element: usize) -> usize {
        while self.parents[element] != element {
            // Every other element on the way is moved up, so that ways stay short.
            self.parents[element] = self.parents[self.parents[element]];
            element = self.parents[element];
        }
        element
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The older root stays; which one does not matter.
        self.parents[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, partitions};

    #[test]
    fn what_operations_join_belongs_together() {
        let keys = [vec![3], vec![1, 2], vec![5], vec![], vec![2, 4], vec![5, 3], vec![4], vec![]];
        let operations: Vec<_> = (0..).map(Call).zip(keys).collect();
        let parts = partitions(&operations);
        let parts: Vec<(Vec<i32>, Vec<usize>)> = parts
            .into_iter()
            .map(|part| (part.keys, part.calls.into_iter().map(|Call(place)| place).collect()))
            .collect();
        let expected = [
            (vec![3, 5], vec![0, 2, 5]),
            (vec![1, 2, 4], vec![1, 4, 6]),
            (vec![], vec![3]),
            (vec![], vec![7]),
        ];
        assert_eq!(parts, expected);
    }
}
