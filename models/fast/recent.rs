//! Small tables of what has been found out lately, in front of work that can always be done again.
//!
//! A search asks the same questions over and over, mostly those that it asked a moment ago. A table that
//! keeps only the newest answer for each slot has no lock, no growth and one memory access for a question;
//! what it has forgotten is found out anew.

use super::parts::mix;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers below 2^this fit into the parts of a packed answer.
const PART_BITS: u32 = 20;

/// Numbers of steps are below 2^this.
const STEP_BITS: u32 = 64 - 2 * PART_BITS;

/// Numbers of messages are below 2^this, where they are packed.
const MESSAGE_BITS: u32 = STEP_BITS - 3;

/// Slots for 64-bit words, none of which is 0.
#[derive(Debug)]
struct Slots(Box<[AtomicU64]>);

impl Slots {
    fn new(bits: u32) -> Slots {
        Slots((0..1_u64 << bits).map(|_| AtomicU64::new(0)).collect())
    }

    /// The slot of a hash. There are 2^bits of them, so the remainder is taken by a mask.
    fn at(&self, hash: u64) -> &AtomicU64 {
        let mask = self.0.len() - 1;
        &self.0[(hash >> 32) as usize & mask]
    }
}

/// What has been met of late, by a 64-bit hash: two that share one are taken for the same, at the odds at which
/// the search itself takes two states for the same.
#[derive(Debug)]
pub(super) struct RecentlyMet(Slots);

impl RecentlyMet {
    /// Of the last 2^`bits`, more or less.
    pub(super) fn new(bits: u32) -> RecentlyMet {
        RecentlyMet(Slots::new(bits))
    }

    /// A hash of the nodes and facts of a state.
    pub(super) fn hash(nodes: &[u32], ghost: u32) -> u64 {
        nodes.iter().fold(Self::hash_with(0, ghost), |hash, node| Self::hash_with(hash, *node))
    }

    /// A hash of what has this hash, and a number.
    pub(super) fn hash_with(hash: u64, number: u32) -> u64 {
        mix(hash ^ u64::from(number)).max(1)
    }

    /// Whether this has been met, as far as is remembered.
    pub(super) fn contains(&self, hash: u64) -> bool {
        self.0.at(hash).load(Ordering::Relaxed) == hash
    }

    /// Remembers that this has been met.
    pub(super) fn insert(&self, hash: u64) {
        self.0.at(hash).store(hash, Ordering::Relaxed);
    }
}

/// What steps did to the facts, where they violated nothing. Question and answer share a word, so that a
/// reader never sees half of one.
#[derive(Debug)]
pub(super) struct RecentFacts(Slots);

impl Default for RecentFacts {
    fn default() -> RecentFacts {
        RecentFacts(Slots::new(18))
    }
}

impl RecentFacts {
    /// Facts and the number of a step in one word, if they fit.
    fn question(ghost: u32, step: u32) -> Option<u64> {
        let fits = ghost >> PART_BITS == 0 && step >> STEP_BITS == 0;
        fits.then(|| (u64::from(step) << PART_BITS | u64::from(ghost)) << PART_BITS)
    }

    /// The facts after a step, as far as is remembered.
    pub(super) fn get(&self, ghost: u32, step: u32) -> Option<u32> {
        let question = Self::question(ghost, step)?;
        let word = self.0.at(mix(question)).load(Ordering::Relaxed);
        // The answer is kept plus one, so that 0 is no answer.
        let answer = word.checked_sub(question).filter(|answer| *answer >> PART_BITS == 0)?;
        u32::try_from(answer.checked_sub(1)?).ok()
    }

    /// Remembers the facts after a step.
    pub(super) fn set(&self, ghost: u32, step: u32, after: u32) {
        let answer = u64::from(after) + 1;
        if let Some(question) = Self::question(ghost, step).filter(|_| answer >> PART_BITS == 0) {
            self.0.at(mix(question)).store(question | answer, Ordering::Relaxed);
        }
    }
}

/// A message between two nodes: the word is the question and, as its lowest bit, the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeathQuestion(u64);

/// Which messages between two nodes were found to be dead, and which not.
#[derive(Debug)]
pub(super) struct RecentDeaths(Slots);

impl Default for RecentDeaths {
    fn default() -> RecentDeaths {
        RecentDeaths(Slots::new(14))
    }
}

impl RecentDeaths {
    /// A message, the nodes that sent it and are to receive it, and whether any can still crash, in one word, if they
    /// fit.
    pub(super) fn question(
        message: u32,
        nodes: [u32; 2],
        can_crash: bool,
    ) -> Option<DeathQuestion> {
        let fits = message >> MESSAGE_BITS == 0 && nodes.iter().all(|node| node >> PART_BITS == 0);
        let [from, to] = nodes.map(u64::from);
        let parts = (u64::from(message) << PART_BITS | from) << PART_BITS | to;
        // Never 0, which is no answer.
        let word = (parts << 1 | u64::from(can_crash)) << 2 | 2;
        fits.then_some(DeathQuestion(word))
    }

    /// The answer, as far as is remembered.
    pub(super) fn get(&self, question: DeathQuestion) -> Option<bool> {
        let word = self.0.at(mix(question.0)).load(Ordering::Relaxed);
        (word & !1 == question.0).then_some(word & 1 == 1)
    }

    /// Remembers an answer.
    pub(super) fn set(&self, question: DeathQuestion, is_dead: bool) {
        let word = question.0 | u64::from(is_dead);
        self.0.at(mix(question.0)).store(word, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{RecentDeaths, RecentFacts, RecentlyMet};

    #[test]
    fn only_what_was_remembered_is_known() {
        let held = RecentlyMet::new(10);
        let hash = RecentlyMet::hash(&[1, 2, 3], 4);
        assert!(!held.contains(hash));
        held.insert(hash);
        assert!(held.contains(hash));
        for other in [([2, 1, 3], 4), ([1, 2, 3], 5), ([1, 2, 4], 4)] {
            assert!(!held.contains(RecentlyMet::hash(&other.0, other.1)));
        }
    }

    #[test]
    fn an_answer_belongs_to_its_question() {
        let facts = RecentFacts::default();
        let cases =
            |count: u32| (0..count).flat_map(move |n| [(n, 7 * n, n + 1), (n, 7 * n + 1, n)]);
        for (ghost, step, after) in cases(50_000) {
            assert_eq!(facts.get(ghost, step), None);
            facts.set(ghost, step, after);
            assert_eq!(facts.get(ghost, step), Some(after));
        }
        let known = cases(50_000).filter_map(|(ghost, step, after)| {
            facts.get(ghost, step).map(|found| assert_eq!(found, after))
        });
        assert!(known.count() > 25_000, "most are still remembered");
    }

    #[test]
    fn a_message_is_dead_between_its_own_nodes_alone() {
        let deaths = RecentDeaths::default();
        let question = |message, from, to, can_crash| {
            RecentDeaths::question(message, [from, to], can_crash).expect("it fits")
        };
        let last = (1 << 20) - 1;
        for (message, from, to) in [(0, 0, 0), (7, 1, 2), ((1 << 21) - 1, last, last)] {
            for is_dead in [true, false] {
                let asked = question(message, from, to, is_dead);
                assert_eq!(deaths.get(asked), None);
                deaths.set(asked, is_dead);
                assert_eq!(deaths.get(asked), Some(is_dead));
            }
        }
        let others = [(7, 2, 1, true), (6, 1, 2, true), (7, 1, 3, false), (8, 1, 2, false)];
        for (message, from, to, can_crash) in others {
            assert_eq!(deaths.get(question(message, from, to, can_crash)), None);
        }
        for (message, from, to) in [(1 << 21, 0, 0), (0, last + 1, 0), (0, 0, last + 1)] {
            assert!(RecentDeaths::question(message, [from, to], true).is_none());
        }
    }

    #[test]
    fn what_does_not_fit_is_not_remembered() {
        let facts = RecentFacts::default();
        for (ghost, step, after) in [(1 << 20, 0, 0), (0, 1 << 24, 0), (0, 0, 1 << 20)] {
            facts.set(ghost, step, after);
            assert_eq!(facts.get(ghost, step), None);
        }
    }
}
