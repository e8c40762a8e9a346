//! How a run of requests gets its outcomes, wherever the leader is.
//!
//! The requests go to this server or to the one that is believed to lead. Only if all of them had no effect are
//! they made again: because the server asked does not lead, or, if they are reads, because the connection to it
//! broke. When it is not known what became of a write, it is in doubt. If no leader is found within an election
//! timeout, the client is told to try again.
//!
//! Nothing here waits. An [`Asking`] is told what comes, is asked what has become of it, and says until when it is to
//! be left alone.

use crate::desk::{ATTEMPTS, Address, Desk};
use crate::links::Links;
use crate::machine::Machine;
use crate::packet::{Asks, Failure, Outcome};
use crate::run::Run;
use quorate_core::ServerId;
use quorate_kv::Reply;
use quorate_net::resp::Protocol;
use quorate_runtime::{Client, Recipient, Request};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long to wait before asking again who leads.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a run waits for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For its outcomes.
    pub(crate) request: Duration,
    /// For a leader.
    pub(crate) leader: Duration,
}

/// The way of one thread's connections to the leader.
pub(crate) struct Way {
    pub(crate) me: ServerId,
    pub(crate) client: Client<Machine>,
    pub(crate) links: Arc<Links>,
    pub(crate) patience: Patience,
    pub(crate) desk: Arc<Desk>,
    /// The same desk, as the runtime knows it.
    pub(crate) recipient: Arc<dyn Recipient<Reply>>,
    /// Who led when somebody last said so, if it was another server.
    pub(crate) leader: Option<ServerId>,
    /// What will be asked of this server at the end of the turn.
    pub(crate) requests: Vec<Request<Machine>>,
    pub(crate) last_attempt: u32,
    /// When the turn began.
    pub(crate) now: Instant,
}

impl Way {
    /// Makes the requests of a turn of the server in this process, with one lock.
    pub(crate) fn submit(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        if let Err(error) = self.client.submit(&mut self.requests) {
            // What was let in stands before what was not.
            let outcomes = self.requests.drain(..).map(|request| (request.tag, Err(error.clone())));
            self.desk.put(|letters| letters.outcomes.extend(outcomes));
        }
    }
}

/// A run of one connection that is under way.
pub(crate) struct Asking {
    asks: Asks,
    /// In which version of the protocol it is to be answered.
    pub(crate) protocol: Protocol,
    slot: usize,
    begun: Instant,
    /// Since when a leader is looked for, because who was taken for it did not lead or is gone.
    seeking: Option<Instant>,
    attempt: u32,
    /// Who is asked, if it is another server, and under which number.
    asked: Option<(ServerId, u64)>,
    outcomes: Vec<Option<Outcome>>,
    missing: usize,
    /// When to ask again.
    again: Option<Instant>,
}

impl Asking {
    /// Asks for the first time.
    pub(crate) fn begin(asks: Asks, protocol: Protocol, slot: usize, way: &mut Way) -> Asking {
        let mut asking = Asking {
            asks,
            protocol,
            slot,
            begun: way.now,
            seeking: None,
            attempt: 0,
            asked: None,
            outcomes: Vec::new(),
            missing: 0,
            again: None,
        };
        asking.ask(way);
        asking
    }

    pub(crate) fn are_writes(&self) -> bool {
        self.asks.are_writes()
    }

    /// Asks the server that is believed to lead.
    fn ask(&mut self, way: &mut Way) {
        self.forget(way);
        way.last_attempt = (way.last_attempt + 1) % ATTEMPTS;
        self.attempt = way.last_attempt;
        self.again = None;
        self.missing = self.asks.len();
        self.outcomes.clear();
        self.outcomes.resize(self.missing, None);
        let (slot, attempt) = (self.slot, self.attempt);
        let Some(leader) = way.leader else {
            let tag = |request| Address { slot, attempt, request }.tag();
            return self.asks.clone().requests(&way.recipient, tag, &mut way.requests);
        };
        let desk = Arc::clone(&way.desk);
        let run = Run::new(&self.asks, move |outcomes| {
            let address = Address { slot, attempt, request: 0 };
            desk.put(|letters| letters.runs.push((address, outcomes)));
        });
        match way.links.forward(leader, self.asks.clone(), &run) {
            Some(number) => self.asked = Some((leader, number)),
            // Nothing has left this server. Perhaps it knows of another leader by now.
            None => self.end_all(|| Failure::NotLeader(None)),
        }
    }

    /// Takes the outcome of a request of this attempt.
    pub(crate) fn put(&mut self, address: Address, outcome: Outcome) {
        if address.attempt != self.attempt {
            return;
        }
        if let Some(place @ None) = self.outcomes.get_mut(address.request) {
            *place = Some(outcome);
            self.missing -= 1;
        }
    }

    /// Takes the outcomes of this attempt.
    pub(crate) fn put_all(&mut self, address: Address, outcomes: Vec<Outcome>) {
        for (request, outcome) in outcomes.into_iter().enumerate() {
            self.put(Address { request, ..address }, outcome);
        }
    }

    fn end_all(&mut self, why: impl Fn() -> Failure) {
        for outcome in &mut self.outcomes {
            outcome.get_or_insert_with(|| Err(why()));
        }
        self.missing = 0;
    }

    /// The outcomes, in the order of the requests, if that is what they are in the end.
    pub(crate) fn settle(&mut self, way: &mut Way) -> Option<Vec<Outcome>> {
        while self.missing == 0 && self.again.is_none() {
            let Some(hint) = self.without_effect() else {
                // Whoever gives no answer may be gone for long. Who leads now, the server of this process
                // will say.
                if self.outcomes.iter().flatten().any(is_without_answer) {
                    way.leader = None;
                }
                return Some(self.end(way));
            };
            let asked = self.asked.map_or(way.me, |(leader, _)| leader);
            let is_news = hint.is_some_and(|leader| leader != asked);
            way.leader = hint.filter(|leader| *leader != way.me);
            // A connection that broke had been one to a leader, so the search for another begins with it.
            if self.has_broken() {
                self.seeking = None;
            }
            let seeking = *self.seeking.get_or_insert(way.now);
            let is_over = |begun, patience| way.now.saturating_duration_since(begun) >= patience;
            if is_over(seeking, way.patience.leader) || is_over(self.begun, way.patience.request) {
                return Some(self.end(way));
            }
            if is_news {
                self.ask(way);
            } else {
                self.again = Some(way.now + PAUSE);
            }
        }
        None
    }

    fn end(&mut self, way: &Way) -> Vec<Outcome> {
        self.forget(way);
        self.outcomes.drain(..).flatten().collect()
    }

    /// Lets nothing be kept for it any more.
    pub(crate) fn forget(&mut self, way: &Way) {
        if let Some((_, number)) = self.asked.take() {
            way.links.forget(number);
        }
    }

    /// When it is to be looked at again, whatever happens until then.
    pub(crate) fn deadline(&self, way: &Way) -> Instant {
        self.again.unwrap_or(self.begun + way.patience.request)
    }

    /// Looks at it again.
    pub(crate) fn look(&mut self, way: &mut Way) {
        match self.again {
            Some(again) if again <= way.now => self.ask(way),
            Some(_) => {}
            None if self.begun + way.patience.request <= way.now => {
                let are_writes = self.are_writes();
                self.end_all(|| Failure::cut_off(are_writes, Failure::too_late()));
            }
            None => {}
        }
    }

    /// Whether the connection over which reads were asked broke.
    fn has_broken(&self) -> bool {
        self.outcomes.contains(&Some(Err(Failure::ConnectionBroke)))
    }

    /// If no request had an effect, because the server asked does not lead or is not connected any more: whom it
    /// takes for the leader. What a read of the same run has already brought is no effect either.
    fn without_effect(&self) -> Option<Option<ServerId>> {
        if self.has_broken() {
            return Some(None);
        }
        let mut last = None;
        for outcome in self.outcomes.iter().flatten() {
            match outcome {
                Err(Failure::NotLeader(hint)) => last = Some(*hint),
                _ => return None,
            }
        }
        last
    }
}

/// Whether it is not known what became of a request, or nobody answered it.
fn is_without_answer(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Failure::InDoubt | Failure::Unavailable(_)))
}
