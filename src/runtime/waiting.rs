//! The requests that wait for their outcome.
//!
//! Request ids are given in the order of arrival, and outcomes come in nearly that order, so a queue with gaps
//! finds a request by subtraction and needs neither a hasher nor a tree. All requests wait equally long, so the
//! front of the queue is also the next to time out.

use crate::error::Error;
use crate::machine::StateMachine;
use crate::request::Recipient;
use quorate_core::RequestId;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// A request that waits.
pub(crate) struct Waiter<M: StateMachine> {
    /// The query, if it is a read.
    pub(crate) query: Option<M::Query>,
    pub(crate) recipient: Arc<dyn Recipient<M::Reply>>,
    pub(crate) tag: u64,
    /// When it has waited long enough, by the server's clock.
    pub(crate) deadline: Duration,
}

/// An outcome on its way to its recipient.
pub(crate) struct Answer<M: StateMachine> {
    pub(crate) recipient: Arc<dyn Recipient<M::Reply>>,
    pub(crate) tag: u64,
    pub(crate) outcome: Result<M::Reply, Error>,
}

impl<M: StateMachine> Waiter<M> {
    pub(crate) fn answer(self, outcome: Result<M::Reply, Error>) -> Answer<M> {
        Answer { recipient: self.recipient, tag: self.tag, outcome }
    }
}

/// All requests that wait. The front of the queue, if there is one, is not a gap.
pub(crate) struct Waiting<M: StateMachine> {
    queue: VecDeque<Option<Waiter<M>>>,
    /// The id of the front.
    first: u64,
    /// How many are no gaps.
    count: usize,
}

impl<M: StateMachine> Waiting<M> {
    pub(crate) fn new() -> Waiting<M> {
        Waiting { queue: VecDeque::new(), first: 1, count: 0 }
    }

    /// How many requests wait.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How much room they take up, gaps included.
    pub(crate) fn room_taken(&self) -> usize {
        self.queue.len()
    }

    /// Lets a request wait, and gives it its id.
    pub(crate) fn add(&mut self, waiter: Waiter<M>) -> RequestId {
        let id = RequestId(self.first + self.queue.len() as u64);
        self.queue.push_back(Some(waiter));
        self.count += 1;
        id
    }

    /// Ends the waiting of a request; nothing if it has ended already.
    pub(crate) fn remove(&mut self, id: RequestId) -> Option<Waiter<M>> {
        let place = usize::try_from(id.0.checked_sub(self.first)?).ok()?;
        let waiter = self.queue.get_mut(place)?.take()?;
        self.count -= 1;
        self.drop_gaps();
        Some(waiter)
    }

    /// The query of a read that waits.
    pub(crate) fn query(&self, id: RequestId) -> Option<&M::Query> {
        let place = usize::try_from(id.0.checked_sub(self.first)?).ok()?;
        self.queue.get(place)?.as_ref()?.query.as_ref()
    }

    /// When the next request will have waited long enough.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.queue.front()?.as_ref().map(|waiter| waiter.deadline)
    }

    /// Ends the waiting of the first request if its deadline has come.
    pub(crate) fn expire(&mut self, now: Duration) -> Option<Waiter<M>> {
        self.next_deadline().filter(|deadline| *deadline <= now)?;
        let waiter = self.queue.front_mut().and_then(Option::take)?;
        self.count -= 1;
        self.drop_gaps();
        Some(waiter)
    }

    /// Ends the waiting of all.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Waiter<M>> {
        self.first += self.queue.len() as u64;
        self.count = 0;
        self.queue.drain(..).flatten()
    }

    fn drop_gaps(&mut self) {
        while self.queue.front().is_some_and(Option::is_none) {
            self.queue.pop_front();
            self.first += 1;
        }
    }
}
