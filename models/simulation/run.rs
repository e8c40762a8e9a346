//! Threads that share the episodes of a simulation.

use super::{Failure, Plan, Summary, run_episode};
use crate::Stopper;
use quorate_spec::StepCheck;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How often progress is reported.
const INTERVAL: Duration = Duration::from_millis(100);

/// How a simulation ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What the episodes did that ended well.
    pub summary: Summary,
    /// The first episode that failed, if one did.
    pub failure: Option<Box<Failure>>,
}

impl Outcome {
    /// Whether every episode of the plan was run and ended well.
    pub fn is_complete(&self, plan: &Plan) -> bool {
        self.failure.is_none() && self.summary.actions == plan.actions
    }
}

/// Runs a simulation with so many threads, and with a second opinion on every abstract action if there is one. `progress` is told now and then how many actions have happened.
///
/// It ends before its time when the stopper stops it, and when an episode fails: then every earlier episode
/// is still run, so that the failure does not depend on which thread was faster.
///
/// # Panics
/// When the simulation itself is wrong.
pub fn simulate(
    plan: &Plan,
    threads: usize,
    stopper: &Stopper,
    opinion: Option<&dyn StepCheck>,
    progress: &mut dyn FnMut(u64),
) -> Outcome {
    let shared = Shared {
        next: AtomicU64::new(0),
        end: AtomicU64::new(plan.episodes()),
        done: AtomicU64::new(0),
    };
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        let (shared, stopper) = (&shared, stopper.clone());
        for _ in 0..threads.max(1) {
            let (sender, stopper) = (sender.clone(), stopper.clone());
            scope.spawn(move || {
                let part = Box::new(work(plan, shared, &stopper, opinion));
                // The receiver lives until every sender is gone.
                sender.send(part).ok()
            });
        }
        drop(sender);
        let mut outcome = Outcome { summary: Summary::default(), failure: None };
        loop {
            match receiver.recv_timeout(INTERVAL) {
                Ok(part) => outcome.add(*part),
                Err(RecvTimeoutError::Timeout) => progress(shared.done.load(Ordering::Relaxed)),
                Err(RecvTimeoutError::Disconnected) => return outcome,
            }
        }
    })
}

impl Outcome {
    /// Adds what another thread found.
    fn add(&mut self, other: Outcome) {
        self.summary.add(&other.summary);
        let failures = self.failure.take().into_iter().chain(other.failure);
        self.failure = failures.min_by_key(|failure| failure.episode);
    }
}

/// What the threads share.
struct Shared {
    /// The next episode that nobody has taken.
    next: AtomicU64,
    /// The first episode that need not be run.
    end: AtomicU64,
    /// How many actions have happened.
    done: AtomicU64,
}

/// Runs episodes until none is left.
fn work(
    plan: &Plan,
    shared: &Shared,
    stopper: &Stopper,
    opinion: Option<&dyn StepCheck>,
) -> Outcome {
    let mut outcome = Outcome { summary: Summary::default(), failure: None };
    while !stopper.is_stopped() {
        let episode = shared.next.fetch_add(1, Ordering::Relaxed);
        if episode >= shared.end.load(Ordering::Relaxed) {
            break;
        }
        let known = outcome.summary.witnesses;
        match run_episode(plan, episode, known, opinion, &mut |_| ()) {
            Ok(summary) => {
                outcome.summary.add(&summary);
                shared.done.fetch_add(summary.actions, Ordering::Relaxed);
            }
            Err(failure) => {
                shared.end.fetch_min(episode, Ordering::Relaxed);
                outcome.add(Outcome { summary: Summary::default(), failure: Some(failure) });
            }
        }
    }
    outcome
}
