//! What a search keeps track of besides states: what happened in it, and whether it may go on.

use crate::Stopper;
use crate::tally::Tally;
use quorate_cluster::ActionKind;
use quorate_spec::{Exercised, Transition, witnesses};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The counts and flags of one search, shared by its threads.
#[derive(Debug)]
pub struct Tracker {
    stopper: Stopper,
    fired: Tally<{ ActionKind::COUNT }>,
    /// Reachability witnesses, as bits in the order of their list.
    seen: AtomicU64,
    /// The guards of the abstract protocol that were exercised, as bits in the order of their list.
    exercised: AtomicU64,
    /// How many steps have been done under other names too.
    validated: AtomicU64,
    /// Whether some state was left without a future because the search had been stopped.
    is_cut: AtomicBool,
    /// Whether the search is over, so that stopping it means nothing any more.
    is_over: AtomicBool,
}

impl Tracker {
    /// For a search that this stops.
    pub fn new(stopper: Stopper) -> Tracker {
        Tracker {
            stopper,
            fired: Tally::new(),
            seen: AtomicU64::new(0),
            exercised: AtomicU64::new(0),
            validated: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    /// How often actions of each kind led to a state, in the order of declaration.
    pub fn fired(&self) -> [u64; ActionKind::COUNT] {
        self.fired.counts()
    }

    /// Which reachability witnesses have been seen, as bits in the order of their list.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Whether some state was left without a future because the search had been stopped. Only then is the
    /// search incomplete: a limit that is reached once everything has been explored changes nothing.
    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// Says that the search is over: the paths that it found can be walked again, stopped or not.
    pub fn end_search(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether a state may have a future. If not, the search is cut short.
    pub fn may_go_on(&self) -> bool {
        let is_stopped = self.stopper.is_stopped() && !self.is_over.load(Ordering::Relaxed);
        if is_stopped {
            self.is_cut.store(true, Ordering::Relaxed);
        }
        !is_stopped
    }

    /// Notes that an action has led to a state.
    pub fn note_action(&self, kind: ActionKind) {
        self.fired.count(kind as usize);
    }

    /// Notes that a step is done under every way to rename the servers.
    pub fn note_validated(&self) {
        self.validated.fetch_add(1, Ordering::Relaxed);
    }

    /// How many steps have been done under every way to rename the servers.
    pub fn validated(&self) -> u64 {
        self.validated.load(Ordering::Relaxed)
    }

    /// Notes which guards of the abstract protocol a step exercised.
    pub fn note_exercised(&self, exercised: Exercised) {
        let bits = exercised.bits();
        if bits & !self.exercised.load(Ordering::Relaxed) != 0 {
            self.exercised.fetch_or(bits, Ordering::Relaxed);
        }
    }

    /// Which guards of the abstract protocol have been exercised.
    pub fn exercised(&self) -> Exercised {
        Exercised::from_bits(self.exercised.load(Ordering::Relaxed))
    }

    /// Notes which witnesses a transition shows.
    pub fn note_witnesses(&self, transition: &Transition<'_>) {
        let new = witnesses::newly_seen(transition, self.seen());
        if new != 0 {
            self.seen.fetch_or(new, Ordering::Relaxed);
        }
    }
}
