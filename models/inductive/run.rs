//! Threads that share the states.

use super::case::{AllCases, Case, TurnedAway, make_case};
use super::plan::{Plan, States};
use super::step::{actions, look_at};
use super::{Failure, Summary};
use crate::Stopper;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How often progress is reported.
const INTERVAL: Duration = Duration::from_millis(100);

/// How an inductive check ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What was looked at.
    pub summary: Summary,
    /// The first state from which a step breaks something, if there is one.
    pub failure: Option<Box<Failure>>,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
}

/// Looks at the states of a plan with so many threads. `progress` is told now and then how many have been made up,
/// and how many steps have been taken.
///
/// It ends before its time when the stopper stops it, and when a step breaks something: then every earlier state is
/// still looked at, so that the failure does not depend on which thread was faster.
///
/// # Panics
/// When the check itself is wrong.
pub fn induct(
    plan: &Plan,
    threads: usize,
    stopper: &Stopper,
    progress: &mut dyn FnMut(u64, u64),
) -> Outcome {
    let end = AtomicU64::new(plan.count().unwrap_or(u64::MAX));
    let shared = Shared { end, made: AtomicU64::new(0), steps: AtomicU64::new(0) };
    let threads = threads.max(1) as u64;
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        let shared = &shared;
        for thread in 0..threads {
            let (sender, stopper) = (sender.clone(), stopper.clone());
            scope.spawn(move || {
                let part = match plan.states {
                    States::Random(_) => random(plan, (thread, threads), shared, &stopper),
                    States::All => each(plan, (thread, threads), shared, &stopper),
                };
                // The receiver lives until every sender is gone.
                sender.send(part).ok()
            });
        }
        drop(sender);
        let mut outcome = Outcome::default();
        loop {
            match receiver.recv_timeout(INTERVAL) {
                Ok(part) => outcome.add(part),
                Err(RecvTimeoutError::Timeout) => {
                    progress(
                        shared.made.load(Ordering::Relaxed),
                        shared.steps.load(Ordering::Relaxed),
                    );
                }
                Err(RecvTimeoutError::Disconnected) => return outcome,
            }
        }
    })
}

/// Looks at the one state of a plan that has this number.
pub fn look_at_one(plan: &Plan, number: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    let made = match plan.states {
        States::Random(_) => Some(make_case(plan, number)),
        States::All => AllCases::new(plan).nth(place),
    };
    if let Some(made) = made {
        outcome.take(plan, number, made);
    }
    outcome
}

/// What the threads share.
struct Shared {
    /// The first state that need not be looked at.
    end: AtomicU64,
    /// How many states have been made up.
    made: AtomicU64,
    /// How many steps have been taken.
    steps: AtomicU64,
}

impl Shared {
    /// Notes a state that has been looked at.
    fn note(&self, before: u64, outcome: &Outcome) {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.steps.fetch_add(outcome.summary.all_steps() - before, Ordering::Relaxed);
        if let Some(failure) = &outcome.failure {
            self.end.fetch_min(failure.number, Ordering::Relaxed);
        }
    }
}

/// Looks at every state whose number leaves this remainder.
fn random(
    plan: &Plan,
    (thread, threads): (u64, u64),
    shared: &Shared,
    stopper: &Stopper,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut number = thread;
    while number < shared.end.load(Ordering::Relaxed) {
        if stopper.is_stopped() {
            outcome.is_stopped = true;
            break;
        }
        let before = outcome.summary.all_steps();
        outcome.take(plan, number, make_case(plan, number));
        shared.note(before, &outcome);
        number += threads;
    }
    outcome
}

/// Makes up every state, and looks at those whose number leaves this remainder: to make one costs little.
fn each(plan: &Plan, (thread, threads): (u64, u64), shared: &Shared, stopper: &Stopper) -> Outcome {
    let mut outcome = Outcome::default();
    for (number, made) in (0..).zip(AllCases::new(plan)) {
        if stopper.is_stopped() {
            outcome.is_stopped = true;
            break;
        }
        if number >= shared.end.load(Ordering::Relaxed) {
            break;
        }
        if number % threads == thread {
            let before = outcome.summary.all_steps();
            outcome.take(plan, number, made);
            shared.note(before, &outcome);
        }
    }
    outcome
}

impl Outcome {
    /// Lets everything happen to a state that can.
    fn take(&mut self, plan: &Plan, number: u64, made: Result<Case, TurnedAway>) {
        let case = match made {
            Ok(case) => case,
            Err(why) => return self.summary.note_turned_away(why),
        };
        self.summary.note_case(&case);
        for action in actions(&case) {
            match look_at(&case, &action, plan.without) {
                Ok(looked) => self.summary.note_step(&action, &looked),
                Err(violation) => {
                    let failure = Failure { number, case, action, violation };
                    self.failure = Some(Box::new(failure));
                    return;
                }
            }
        }
    }

    /// Adds what another thread found.
    fn add(&mut self, other: Outcome) {
        self.summary.add(other.summary);
        self.is_stopped |= other.is_stopped;
        let failures = self.failure.take().into_iter().chain(other.failure);
        self.failure = failures.min_by_key(|failure| failure.number);
    }
}
