//! Several requests as one, and their outcomes.
//!
//! A client's writes in a row go to the leader together, and so do its reads in a row. A [`Run`] collects
//! their outcomes, and when the last one is there it is complete: a thread that waits is woken, or a packet
//! goes back to the server that forwarded them.

use crate::machine::Machine;
use crate::packet::{Asks, Failure, Outcome, bounded};
use quorate_kv::Reply;
use quorate_runtime::{Ask, Client, Error, Recipient, Request};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The outcomes of the requests of a run.
pub(crate) struct Run {
    are_writes: bool,
    inside: Mutex<Inside>,
    is_complete: Condvar,
    /// What is to be done when all outcomes are there, if nobody waits.
    then: Option<Box<dyn Fn(Vec<Outcome>) + Send + Sync>>,
}

struct Inside {
    outcomes: Vec<Option<Outcome>>,
    missing: usize,
}

impl Run {
    /// A run whose outcomes are waited for.
    pub(crate) fn new(asks: &Asks) -> Arc<Run> {
        Run::build(asks, None)
    }

    /// A run of which somebody else is told.
    pub(crate) fn then(
        asks: &Asks,
        then: impl Fn(Vec<Outcome>) + Send + Sync + 'static,
    ) -> Arc<Run> {
        Run::build(asks, Some(Box::new(then)))
    }

    fn build(asks: &Asks, then: Option<Box<dyn Fn(Vec<Outcome>) + Send + Sync>>) -> Arc<Run> {
        let (are_writes, missing) = (asks.are_writes(), asks.len());
        let inside = Mutex::new(Inside { outcomes: vec![None; missing], missing });
        Arc::new(Run { are_writes, inside, is_complete: Condvar::new(), then })
    }

    /// Makes all requests of the run of the server in this process.
    pub(crate) fn submit(self: &Arc<Run>, asks: Asks, client: &Client<Machine>) {
        let asks: Vec<Ask<Machine>> = match asks {
            Asks::Writes(commands) => commands.into_iter().map(Ask::Write).collect(),
            Asks::Reads(queries) => queries.into_iter().map(Ask::Read).collect(),
        };
        let request = |(tag, ask)| {
            let recipient: Arc<dyn Recipient<Reply>> = Arc::clone(self) as _;
            Request { ask, recipient, tag }
        };
        let mut requests: Vec<Request<Machine>> = (0..).zip(asks).map(request).collect();
        if let Err(error) = client.submit(&mut requests) {
            // What was let in stands before what was not.
            for Request { tag, .. } in requests {
                self.put(tag, Err(error.clone()));
            }
        }
    }

    /// Takes outcomes from the one at `first` on. Whether all are there now.
    pub(crate) fn take(&self, first: usize, outcomes: Vec<Outcome>) -> bool {
        let mut inside = self.lock();
        let places = inside.outcomes.iter_mut().skip(first).zip(outcomes);
        let new = places.filter(|(place, _)| place.is_none());
        let taken = new.map(|(place, outcome)| *place = Some(outcome)).count();
        inside.missing -= taken;
        if inside.missing == 0 {
            self.is_complete.notify_one();
        }
        inside.missing == 0
    }

    /// Ends every request of the run with the same failure, unless it has an outcome.
    pub(crate) fn fail(&self, why: &Failure) {
        let mut inside = self.lock();
        for outcome in &mut inside.outcomes {
            outcome.get_or_insert_with(|| Err(why.clone()));
        }
        inside.missing = 0;
        self.is_complete.notify_one();
    }

    /// What becomes of a request whose way back is cut: a read has no effect in any case.
    pub(crate) fn cut_off(&self, why: &str) -> Failure {
        if self.are_writes { Failure::InDoubt } else { Failure::Unavailable(why.into()) }
    }

    /// Waits for all outcomes, and at last makes do without.
    pub(crate) fn wait(&self, patience: Duration) -> Vec<Outcome> {
        let until = Instant::now() + patience;
        let mut inside = self.lock();
        while inside.missing > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.is_complete.wait_timeout(inside, left);
            inside = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let late = || Err(self.cut_off("no answer in time"));
        // What comes later finds no place.
        inside.missing = 0;
        inside.outcomes.drain(..).map(|outcome| outcome.unwrap_or_else(late)).collect()
    }

    fn put(&self, tag: u64, outcome: Result<Reply, Error>) {
        let outcome = outcome.map_err(|error| match error {
            Error::NotLeader { hint } => Failure::NotLeader(hint),
            Error::Busy => Failure::Busy,
            Error::OutOfSpace { limit } => Failure::OutOfSpace(limit),
            Error::InDoubt => Failure::InDoubt,
            Error::TimedOut => Failure::Unavailable("no answer in time".into()),
            Error::Stopped { why } => Failure::Unavailable(format!("the server stopped: {why}")),
        });
        let mut inside = self.lock();
        let place = usize::try_from(tag).ok().and_then(|tag| inside.outcomes.get_mut(tag));
        let Some(place @ None) = place else { return };
        *place = Some(outcome);
        inside.missing -= 1;
        if inside.missing > 0 {
            return;
        }
        match &self.then {
            None => self.is_complete.notify_one(),
            Some(then) => {
                let outcomes = inside.outcomes.drain(..).flatten().map(bounded).collect();
                drop(inside);
                then(outcomes);
            }
        }
    }

    /// Nothing here can panic while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recipient<Reply> for Run {
    fn deliver(&self, tag: u64, outcome: Result<Reply, Error>) {
        self.put(tag, outcome);
    }
}
