//! A state as the numbers of its parts.

use super::parts::mix;
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
    pub(super) network: SmallVec<[u16; 16]>,
    /// For each way to rename the servers, the sum of the keys of the parts; or, where servers are sorted, the
    /// signature of each.
    pub(super) keys: [u64; P],
    /// The fingerprint, once the state is settled.
    pub(super) fingerprint: u64,
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
    /// A key from all counts, and from whether a property is violated.
    pub(super) const fn key(self, is_violated: bool) -> u64 {
        let SpentCounts { elections, crashes, commands, reads, duplicates, heartbeats, wipes } =
            self;
        let counts = [elections, crashes, commands, reads, duplicates, heartbeats, wipes];
        let [a, b, c, d, e, f, g] = counts;
        // Mixed twice, for these numbers are alike.
        mix(mix(u64::from_le_bytes([a, b, c, d, e, f, g, is_violated as u8])))
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
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The same state with the budgets used up further, and perhaps a violation.
    pub(super) fn with(&self, spent: SpentCounts, violated: Option<&'static str>) -> Self {
        // Much faster than a clone that does not know that numbers can be copied.
        let network = SmallVec::from_slice(&self.network);
        FastState { network, spent, violated, ..*self }
    }

    /// Adds a part to the sums, or takes one away.
    pub(super) fn add_keys(&mut self, keys: &[u64; P]) {
        for (sum, key) in self.keys.iter_mut().zip(keys) {
            *sum = sum.wrapping_add(*key);
        }
    }

    /// Takes a part out of the sums.
    pub(super) fn subtract_keys(&mut self, keys: &[u64; P]) {
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
