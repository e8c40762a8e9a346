//! Requests, and how each gets its one outcome.
//!
//! A request names who is to be told of its outcome: a [`Recipient`], and a tag by which the recipient knows
//! which of its requests is meant. A connection is one recipient for all its requests, so a request costs it
//! no memory of its own. A caller that wants to wait uses a [`Ticket`].
//!
//! Exactly one outcome is delivered for every request that was let in, at the latest when the request timeout
//! has passed. Whether anybody still wants it makes no difference, so a client that goes away leaves nothing
//! behind.

use crate::error::Error;
use crate::machine::StateMachine;
use crate::sync::{Condvar, Mutex};
use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a client asks for.
pub enum Ask<M: StateMachine> {
    /// That the command be replicated and applied. Answered with what applying it returned.
    Write(M::Command),
    /// A linearizable answer to the query.
    Read(M::Query),
}

/// What a client asks for, and who is to be told.
pub struct Request<M: StateMachine> {
    /// What is asked for.
    pub ask: Ask<M>,
    /// Who is to be told of the outcome.
    pub recipient: Arc<dyn Recipient<M::Reply>>,
    /// What to tell the recipient which request it is.
    pub tag: u64,
}

/// Whoever is told of outcomes.
pub trait Recipient<R>: Send + Sync {
    /// Takes the outcome of the request with this tag. Called by whoever drives the server, which may be a thread in
    /// [`Client::submit`](crate::Client::submit), and the whole server waits meanwhile: it only puts the
    /// outcome where another thread finds it.
    fn deliver(&self, tag: u64, outcome: Result<R, Error>);

    /// Takes several outcomes at once, each with the tag of its request, out of the queue. A recipient of many
    /// requests takes them with one lock and one wake-up of whoever waits.
    fn deliver_all(&self, outcomes: &mut VecDeque<(u64, Result<R, Error>)>) {
        while let Some((tag, outcome)) = outcomes.pop_front() {
            self.deliver(tag, outcome);
        }
    }
}

/// The outcome of one request, to be waited for.
#[derive(Debug)]
pub struct Ticket<R> {
    slot: Arc<Slot<R>>,
    is_write: bool,
    limit: Duration,
    begun: Instant,
}

#[derive(Debug)]
pub(crate) struct Slot<R> {
    state: Mutex<SlotState<R>>,
    changed: Condvar,
}

#[derive(Debug)]
enum SlotState<R> {
    Waiting,
    Delivered(Result<R, Error>),
    /// The outcome was taken, or its absence was taken for one.
    Taken,
}

impl<R> Ticket<R> {
    /// A ticket for a request that is about to be made, and where its outcome is to be delivered.
    pub(crate) fn new(is_write: bool, limit: Duration) -> (Ticket<R>, Arc<Slot<R>>) {
        let slot =
            Arc::new(Slot { state: Mutex::new(SlotState::Waiting), changed: Condvar::new() });
        (Ticket { slot: Arc::clone(&slot), is_write, limit, begun: Instant::now() }, slot)
    }

    /// Waits for the outcome. Even if the server's own threads do not come to it - its state machine does not
    /// return, say - the wait ends with the request timeout.
    ///
    /// # Errors
    /// How the request ended instead.
    pub fn wait(self) -> Result<R, Error> {
        let mut state = self.slot.state.lock();
        loop {
            match mem::replace(&mut *state, SlotState::Taken) {
                SlotState::Delivered(outcome) => return outcome,
                SlotState::Waiting | SlotState::Taken => {}
            }
            let left = self.limit.saturating_sub(self.begun.elapsed());
            if left.is_zero() {
                return Err(timed_out(self.is_write));
            }
            *state = SlotState::Waiting;
            state = self.slot.changed.wait_timeout(state, left);
        }
    }
}

impl<R: Send> Recipient<R> for Slot<R> {
    fn deliver(&self, _tag: u64, outcome: Result<R, Error>) {
        let mut state = self.state.lock();
        if matches!(*state, SlotState::Waiting) {
            *state = SlotState::Delivered(outcome);
        }
        drop(state);
        self.changed.notify_one();
    }
}

/// What a request ends with when its time has passed.
pub(crate) fn timed_out(is_write: bool) -> Error {
    if is_write { Error::InDoubt } else { Error::TimedOut }
}

impl<M: StateMachine> fmt::Debug for Ask<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ask::Write(_) => "Write",
            Ask::Read(_) => "Read",
        })
    }
}

impl<M: StateMachine> fmt::Debug for Request<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { ask, tag, .. } = self;
        f.debug_struct("Request").field("ask", ask).field("tag", tag).finish_non_exhaustive()
    }
}
