//! Several requests as one, and their outcomes.
//!
//! A client's writes in a row go to the leader together, and so do its reads in a row. Between servers such a run is
//! one packet each way: a [`Run`] collects its outcomes, and when the last one is there it tells whoever it was made
//! for - the thread of the client that asked, or the server that forwarded it.

use crate::machine::Machine;
use crate::packet::{Asks, Failure, Outcome};
use quorate_kv::Reply;
use quorate_runtime::{Client, Error, Recipient, Request};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The outcomes of the requests of a run.
pub(crate) struct Run {
    are_writes: bool,
    inside: Mutex<Inside>,
    /// What is to be done when all outcomes are there: once.
    then: Box<dyn Fn(Vec<Outcome>) + Send + Sync>,
}

struct Inside {
    outcomes: Vec<Option<Outcome>>,
    missing: usize,
}

impl Run {
    /// A run, and whom to tell of its outcomes.
    pub(crate) fn new(
        asks: &Asks,
        then: impl Fn(Vec<Outcome>) + Send + Sync + 'static,
    ) -> Arc<Run> {
        let (are_writes, missing) = (asks.are_writes(), asks.len());
        let inside = Mutex::new(Inside { outcomes: vec![None; missing], missing });
        Arc::new(Run { are_writes, inside, then: Box::new(then) })
    }

    /// Makes all requests of the run of the server in this process.
    pub(crate) fn submit(self: &Arc<Run>, asks: Asks, client: &Client<Machine>) {
        let recipient: Arc<dyn Recipient<Reply>> = Arc::clone(self) as _;
        let mut requests: Vec<Request<Machine>> = Vec::with_capacity(asks.len());
        asks.requests(&recipient, |place| place as u64, &mut requests);
        if let Err(error) = client.submit(&mut requests) {
            // What was let in stands before what was not.
            for Request { tag, .. } in requests {
                self.deliver(tag, Err(error.clone()));
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
        let is_complete = inside.missing == 0;
        if taken > 0 {
            self.tell(inside);
        }
        is_complete
    }

    /// Ends every request of the run whose way back is cut, unless it has an outcome: a write is in doubt, and a
    /// read has no effect in any case.
    pub(crate) fn cut_off(&self, why: &Failure) {
        let mut inside = self.lock();
        if inside.missing == 0 {
            return;
        }
        for outcome in &mut inside.outcomes {
            outcome.get_or_insert_with(|| Err(Failure::cut_off(self.are_writes, why.clone())));
        }
        inside.missing = 0;
        self.tell(inside);
    }

    /// Tells of the outcomes if all are there, and have just become so.
    fn tell(&self, mut inside: MutexGuard<'_, Inside>) {
        if inside.missing == 0 {
            let outcomes = std::mem::take(&mut inside.outcomes);
            drop(inside);
            (self.then)(outcomes.into_iter().flatten().collect());
        }
    }

    /// Nothing here can panic while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recipient<Reply> for Run {
    fn deliver(&self, tag: u64, outcome: Result<Reply, Error>) {
        let mut inside = self.lock();
        let place = usize::try_from(tag).ok().and_then(|tag| inside.outcomes.get_mut(tag));
        if let Some(place @ None) = place {
            *place = Some(outcome.map_err(Failure::from));
            inside.missing -= 1;
            self.tell(inside);
        }
    }
}
