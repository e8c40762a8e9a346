//! From the core's outcomes to the clients' replies.
//!
//! The core says *that* a write is applied at an index and *that* a read may be answered; what the answer is
//! only the state machine knows. Entries are applied first, and each result is kept just long enough to find
//! the request that waits for it. Then reads are answered, from a state that holds at least what they need.
//!
//! A panic of the state machine must leave no request without an outcome. So a request stays where it can be
//! found until its answer is there, and an answer until it is delivered.

use crate::error::Error;
use crate::figures::RequestFigures;
use crate::machine::StateMachine;
use crate::request::{Recipient, Request, timed_out};
use crate::waiting::{Answer, Waiter, Waiting};
use quorate_core::{Applied, Log, Outcome, Payload, Reply, RequestId};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The state machine, and everybody who waits for something of it.
pub(crate) struct Outcomes<M: StateMachine> {
    machine: M,
    waiting: Waiting<M>,
    /// What is to be delivered once the status is published.
    answers: VecDeque<Answer<M>>,
    /// Whom something is being delivered to, and what.
    recipient: Option<Arc<dyn Recipient<M::Reply>>>,
    delivered: VecDeque<(u64, Result<M::Reply, Error>)>,
    /// How long before its deadline a request was let in.
    request_timeout: Duration,
    figures: RequestFigures,
}

impl<M: StateMachine> Outcomes<M> {
    pub(crate) fn new(machine: M, request_timeout: Duration) -> Outcomes<M> {
        Outcomes {
            machine,
            waiting: Waiting::new(),
            answers: VecDeque::new(),
            recipient: None,
            delivered: VecDeque::new(),
            request_timeout,
            figures: RequestFigures::default(),
        }
    }

    /// What has become of requests so far.
    pub(crate) fn figures(&self) -> &RequestFigures {
        &self.figures
    }

    /// How many requests wait for their outcome.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.count()
    }

    pub(crate) fn room_taken(&self) -> usize {
        self.waiting.room_taken()
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.waiting.next_deadline()
    }

    /// Lets a request wait.
    pub(crate) fn add(&mut self, waiter: Waiter<M>) -> RequestId {
        self.waiting.add(waiter)
    }

    /// Answers a request that was not let in.
    pub(crate) fn refuse(&mut self, waiter: Waiter<M>, error: Error) {
        self.end(waiter, Err(error));
    }

    /// Answers the requests that have waited long enough.
    pub(crate) fn expire(&mut self, now: Duration) {
        while let Some(waiter) = self.waiting.expire(now) {
            let is_write = waiter.query.is_none();
            self.end(waiter, Err(timed_out(is_write)));
        }
    }

    /// Counts how a request ended, and lets the answer wait for its delivery.
    fn end(&mut self, waiter: Waiter<M>, result: Result<M::Reply, Error>) {
        let RequestFigures { writes, reads, .. } = &mut self.figures;
        let ended = if waiter.query.is_none() { writes } else { reads };
        ended.count(&result);
        self.answers.push_back(waiter.answer(result));
    }

    /// The same for a request that has its reply now.
    fn reply(&mut self, waiter: Waiter<M>, reply: M::Reply, now: Duration) {
        let RequestFigures { write_latency, read_latency, .. } = &mut self.figures;
        let latency = if waiter.query.is_none() { write_latency } else { read_latency };
        let begun = waiter.deadline.saturating_sub(self.request_timeout);
        latency.record_time(now.saturating_sub(begun));
        self.end(waiter, Ok(reply));
    }

    /// Applies entries, and answers the writes among `replies` with the results. They are in the order of the
    /// log, because the core reports a write in the step that applies it. `now` is the time by the server's
    /// clock.
    pub(crate) fn apply(
        &mut self,
        log: &Log<M::Command>,
        applied: Option<Applied>,
        replies: &[Reply],
        now: Duration,
    ) {
        let Some(Applied { first, last }) = applied else { return };
        let count = usize::try_from(last.next().beyond(first)).unwrap_or(usize::MAX);
        let mut written = replies.iter().filter_map(|reply| match reply.outcome {
            Outcome::Written(index) => Some((index, reply.request)),
            _ => None,
        });
        let mut next = written.next();
        let mut index = first;
        for entry in log.after(first.previous(), count) {
            let result = match &entry.payload {
                Payload::NoOp => None,
                Payload::Command(command) => Some(self.machine.apply(index, command)),
            };
            if let (Some(result), Some((_, request))) = (result, next.filter(|n| n.0 == index)) {
                next = written.next();
                if let Some(waiter) = self.waiting.remove(request) {
                    self.reply(waiter, result, now);
                }
            }
            index = index.next();
        }
    }

    /// Answers all requests whose outcome the core has decided, other than by applying them.
    pub(crate) fn answer(&mut self, replies: &mut Vec<Reply>, now: Duration) {
        for Reply { request, outcome } in replies.iter().copied() {
            let result = match outcome {
                Outcome::Written(_) => continue,
                Outcome::Readable(_) => {
                    let query = self.waiting.query(request);
                    let Some(query) = query else { continue };
                    Ok(self.machine.query(query))
                }
                Outcome::NotLeader(hint) | Outcome::ReadFailed(hint) => {
                    Err(Error::NotLeader { hint })
                }
                Outcome::Busy => Err(Error::Busy),
                Outcome::Unknown => Err(Error::InDoubt),
            };
            let Some(waiter) = self.waiting.remove(request) else { continue };
            match result {
                Ok(reply) => self.reply(waiter, reply, now),
                Err(error) => self.end(waiter, Err(error)),
            }
        }
        replies.clear();
    }

    /// Delivers every answer there is, those in a row to one recipient together.
    pub(crate) fn deliver(&mut self) {
        loop {
            // What a recipient that panicked has left.
            if let Some(recipient) = &self.recipient {
                recipient.deliver_all(&mut self.delivered);
            }
            self.recipient = None;
            self.delivered.clear();
            let Some(first) = self.answers.front() else { return };
            let recipient = Arc::clone(&first.recipient);
            let is_theirs = |answer: &mut Answer<M>| Arc::ptr_eq(&answer.recipient, &recipient);
            while let Some(answer) = self.answers.pop_front_if(is_theirs) {
                self.delivered.push_back((answer.tag, answer.outcome));
            }
            self.recipient = Some(recipient);
        }
    }

    /// How many answers are still to be delivered.
    fn undelivered(&self) -> usize {
        self.answers.len() + self.delivered.len()
    }

    /// Ends every request that was let in, and those that were not: the server has stopped. Of a write that
    /// was on its way nobody knows what becomes of it.
    pub(crate) fn end_all(&mut self, why: &Arc<str>, not_let_in: impl Iterator<Item = Request<M>>) {
        let stopped = || Error::Stopped { why: Arc::clone(why) };
        for waiter in self.waiting.drain() {
            let is_write = waiter.query.is_none();
            let error = if is_write { Error::InDoubt } else { stopped() };
            self.answers.push_back(waiter.answer(Err(error)));
        }
        for Request { recipient, tag, .. } in not_let_in {
            self.answers.push_back(Answer { recipient, tag, outcome: Err(stopped()) });
        }
        // A recipient that panics must not take the others' outcomes with it.
        while self.undelivered() > 0 {
            let before = self.undelivered();
            let ended = catch_unwind(AssertUnwindSafe(|| self.deliver()));
            if ended.is_err() && self.undelivered() == before {
                // It would panic at the same one for ever.
                self.delivered.pop_front();
            }
        }
    }
}
