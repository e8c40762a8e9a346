//! A state as the numbers of its parts.

use super::parts::{mix, sorts};
use crate::Spent;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

/// A state of a model of `N` servers with `P` keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FastState<const N: usize, const P: usize> {
    /// The nodes.
    pub(super) nodes: [u32; N],
    /// The facts.
    pub(super) ghost: u32,
    /// The budgets used up.
    pub(super) spent: SpentCounts,
    /// The property that the step to this state violated.
    pub(super) violated: Option<&'static str>,
    /// The messages, in the order of their numbers.
    pub(super) network: SmallVec<[u16; 24]>,
    /// For each way to rename the servers, the sum of the keys of the parts; or, where servers are sorted, the
    /// signature of each.
    pub(super) keys: [u128; P],
    /// Where servers are sorted, the sum over the ways to rename them that fit.
    pub(super) sorted: u64,
}

/// The budgets used up, small.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct SpentCounts {
    pub(super) elections: u8,
    pub(super) crashes: u8,
    pub(super) commands: u8,
    pub(super) reads: u8,
    pub(super) duplicates: u8,
    pub(super) heartbeats: u8,
    pub(super) wipes: u8,
}

impl SpentCounts {
    /// All counts in one number.
    const fn packed(self) -> u64 {
        let SpentCounts { elections, crashes, commands, reads, duplicates, heartbeats, wipes } =
            self;
        u64::from_le_bytes([elections, crashes, commands, reads, duplicates, heartbeats, wipes, 0])
    }

    /// The counts of the plain model.
    pub(super) fn plain(self) -> Spent {
        Spent {
            elections: u64::from(self.elections),
            crashes: u64::from(self.crashes),
            commands: u64::from(self.commands),
            reads: u64::from(self.reads),
            duplicates: u64::from(self.duplicates),
            heartbeats: u64::from(self.heartbeats),
            wipes: u64::from(self.wipes),
        }
    }
}

impl<const N: usize, const P: usize> FastState<N, P> {
    /// The fingerprint: the same for states that differ in the names of servers alone.
    pub fn fingerprint(&self) -> u64 {
        // What has no names is mixed into every key: its own sum must not meet that of the parts.
        let nameless = u128::from(mix(u128::from(self.spent.packed()) | 1 << 100));
        let nameless = nameless << 64 | u128::from(self.violated.is_some());
        if sorts(N, P) {
            return mix(u128::from(self.sorted).wrapping_add(nameless));
        }
        self.keys.iter().fold(0, |sum, key| sum.wrapping_add(mix(key.wrapping_add(nameless))))
    }

    /// Adds a part to the sums, or takes one away.
    pub(super) fn add_keys(&mut self, keys: &[u128; P]) {
        for (sum, key) in self.keys.iter_mut().zip(keys) {
            *sum = sum.wrapping_add(*key);
        }
    }

    /// Takes a part out of the sums.
    pub(super) fn subtract_keys(&mut self, keys: &[u128; P]) {
        for (sum, key) in self.keys.iter_mut().zip(keys) {
            *sum = sum.wrapping_sub(*key);
        }
    }
}

impl<const N: usize, const P: usize> Hash for FastState<N, P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.fingerprint());
    }
}
