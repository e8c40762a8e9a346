//! The driver: what steps the core, on one thread at a time.
//!
//! It takes everything that has arrived, steps each input, and hands on what all the steps together ask for,
//! in this order:
//!
//! 1. messages, so that entries are on their way to followers before the leader's own disk has them
//!    [Ongaro14 §10.2.1];
//! 2. writes, as one piece, to the log thread;
//! 3. entries to the state machine, and then outcomes to clients.
//!
//! *Architecture invariant: the driver takes no decision of the protocol.* It knows who leads only to
//! say so. It never waits but for its mailbox: the disk, the network and clients all meet it there. Its own thread waits
//! there; who brings something meanwhile does the next batch itself, and leaves what comes after it to that thread.

use crate::alarms::Alarms;
use crate::clock::{Clock, Timer};
use crate::error::Error;
use crate::figures::Figures;
use crate::log_thread::LogWork;
use crate::machine::StateMachine;
use crate::mailbox::{Closed, Mailbox};
use crate::notices::Witness;
use crate::outcomes::Outcomes;
use crate::request::{Ask, Request};
use crate::shared::{Arrivals, Shared};
use crate::transport::Transport;
use crate::waiting::Waiter;
use quorate_core::{
    AbstractAction, Applied, Effects, Envelope, Event, Input, Parameters, Proposal, Reply, Role,
    State, StepDown, Timers, Write, step_into,
};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

/// Why a server that was told to stop has stopped.
pub(crate) const SHUT_DOWN: &str = "it was shut down";

/// What the driver owns.
pub(crate) struct Driver<M: StateMachine, T: Transport<Command = M::Command>, K: Clock> {
    pub(crate) state: State<M::Command>,
    pub(crate) parameters: Parameters,
    pub(crate) transport: T,
    pub(crate) alarms: Alarms<K>,
    pub(crate) outcomes: Outcomes<M>,
    pub(crate) request_timeout: Duration,
    pub(crate) shared: Arc<Shared<M>>,
    pub(crate) log: Arc<Mailbox<LogWork<M::Command>>>,
    pub(crate) log_bytes: u64,
    pub(crate) batch: Batch<M::Command>,
    pub(crate) witness: Witness,
    pub(crate) figures: Figures,
    /// What requests are to the core.
    pub(crate) inputs: Vec<Input<M::Command>>,
    /// Whether the server is to shut down.
    pub(crate) is_draining: bool,
}

/// What the steps of one batch ask for, together; and what there is to say about them.
pub(crate) struct Batch<C> {
    effects: Effects<C>,
    messages: Vec<Envelope<C>>,
    writes: Vec<Write<C>>,
    applied: Option<Applied>,
    replies: Vec<Reply>,
    timers: Timers,
    messages_refused: u64,
    stepped_down: Option<StepDown>,
    messages_lost: u64,
    /// Whether there were writes since the timer for idleness was set.
    has_written: bool,
}

impl<C> Batch<C> {
    pub(crate) fn new() -> Batch<C> {
        Batch {
            effects: Effects::default(),
            messages: Vec::new(),
            writes: Vec::new(),
            applied: None,
            replies: Vec::new(),
            timers: Timers::default(),
            messages_refused: 0,
            stepped_down: None,
            messages_lost: 0,
            has_written: false,
        }
    }

    /// Adds what one step asks for.
    fn collect(&mut self, figures: &mut Figures) {
        let effects = &mut self.effects;
        self.messages.append(&mut effects.send);
        if let Some(Write { witness: AbstractAction::BecomeCandidate { .. }, .. }) = &effects.write
        {
            figures.elections_started += 1;
        }
        self.writes.extend(effects.write.take());
        self.replies.append(&mut effects.reply);
        self.timers.election |= effects.timers.election;
        self.timers.heartbeat |= effects.timers.heartbeat;
        if let Some(Applied { first, last }) = effects.apply {
            // The core applies in order, so what comes now begins where the last one ended.
            let first = self.applied.map_or(first, |before| before.first);
            self.applied = Some(Applied { first, last });
        }
        for event in &effects.events {
            match event {
                Event::Performed(AbstractAction::BecomeLeader { .. }) => figures.elections_won += 1,
                Event::Performed(_) => {}
                Event::SteppedDown(why) => {
                    figures.step_downs.count(*why);
                    self.stepped_down = Some(*why);
                }
                Event::Refused { .. } => self.messages_refused += 1,
            }
        }
        effects.clear();
    }
}

/// A driver, whatever its transport and its clock are.
pub(crate) trait Drive<M: StateMachine>: Send {
    /// Deals with everything that has arrived. Why the server stops, if it does.
    fn do_batch(&mut self, arrivals: &mut Arrivals<M>) -> Option<Arc<str>>;

    /// Gives every request that waits its outcome, and those that were not let in: the server has stopped.
    fn end(&mut self, why: &Arc<str>, not_let_in: &mut dyn Iterator<Item = Request<M>>);
}

/// Runs the driver's own thread until the server is shut down or cannot go on. Whatever ends it, every request that was
/// let in gets its outcome.
pub(crate) fn run<M: StateMachine>(shared: &Shared<M>) {
    let why = loop {
        if shared.arrivals.wait() == Err(Closed) {
            break Arc::from(SHUT_DOWN);
        }
        if let Some(why) = shared.drive() {
            break why;
        }
    };
    // Once the mailbox is closed, what it still holds is all that will ever come.
    shared.stop(&why);
    let (driver, mut arrivals) = shared.unseat();
    let mut late = Arrivals::default();
    shared.arrivals.take_at_once(&mut late);
    if let Some(mut driver) = driver {
        driver.end(&why, &mut arrivals.requests.drain(..).chain(late.requests.drain(..)));
    }
}

impl<M: StateMachine, T: Transport<Command = M::Command>, K: Clock> Drive<M> for Driver<M, T, K> {
    fn do_batch(&mut self, arrivals: &mut Arrivals<M>) -> Option<Arc<str>> {
        if let Some(why) = arrivals.failure.take() {
            return Some(why);
        }
        self.step_disk_and_peers(arrivals);
        self.let_in(&mut arrivals.requests);
        // What came together with the shutdown may have come before it.
        self.is_draining |= mem::take(&mut arrivals.shutdown);
        let mut inputs = mem::take(&mut self.inputs);
        for input in inputs.drain(..) {
            self.step(input);
        }
        self.inputs = inputs;
        self.step_timers(&mut arrivals.rings);
        self.settle();
        let is_drained = self.is_draining && self.outcomes.waiting() == 0;
        is_drained.then(|| Arc::from(SHUT_DOWN))
    }

    fn end(&mut self, why: &Arc<str>, not_let_in: &mut dyn Iterator<Item = Request<M>>) {
        self.outcomes.end_all(why, not_let_in);
        // The log thread still makes durable what it was given, and then ends.
        self.log.close();
    }
}

impl<M: StateMachine, T: Transport<Command = M::Command>, K: Clock> Driver<M, T, K> {
    /// Steps what the disk has finished, and what other servers say.
    fn step_disk_and_peers(&mut self, arrivals: &mut Arrivals<M>) {
        if let Some((log_bytes, figures)) = arrivals.disk.take() {
            (self.log_bytes, self.figures.disk) = (log_bytes, figures);
        }
        let (messages, requests) = (arrivals.messages.len(), arrivals.requests.len());
        self.figures.messages_received += messages as u64;
        self.figures.requests_refused += mem::take(&mut arrivals.requests_refused);
        if messages + requests > 0 {
            self.figures.arrivals_per_batch.record((messages + requests) as u64);
        }
        self.batch.messages_lost += mem::take(&mut arrivals.messages_lost);
        match mem::take(&mut arrivals.persisted) {
            0 => {}
            count => self.step(Input::Persisted(count)),
        }
        for envelope in arrivals.messages.drain(..) {
            // Other servers decide how many writes their messages cause. A disk that does not keep up loses
            // messages, not memory.
            if self.state.unfinished.len() < self.shared.limits.unfinished_writes {
                self.step(Input::Receive(envelope));
            } else {
                self.batch.messages_lost += 1;
            }
        }
    }

    /// Lets requests wait for their outcome, and makes inputs of them: writes that follow each other become
    /// one. Calls nothing that could panic while a request is neither in the mailbox nor waiting.
    fn let_in(&mut self, requests: &mut Vec<Request<M>>) {
        if requests.is_empty() {
            return;
        }
        let deadline = self.alarms.now() + self.request_timeout;
        let is_full = self.is_log_full();
        let limits = self.shared.limits;
        for Request { ask, recipient, tag } in requests.drain(..) {
            let refusal = match &ask {
                _ if self.is_draining => Some(Error::Stopped { why: Arc::from(SHUT_DOWN) }),
                _ if self.outcomes.room_taken() >= limits.waiting_requests => Some(Error::Busy),
                Ask::Write(_) if is_full => Some(Error::OutOfSpace { limit: limits.max_log_bytes }),
                Ask::Write(_) | Ask::Read(_) => None,
            };
            let (command, query) = match ask {
                Ask::Write(command) => (Some(command), None),
                Ask::Read(query) => (None, Some(query)),
            };
            let waiter = Waiter { query, recipient, tag, deadline };
            if let Some(error) = refusal {
                self.outcomes.refuse(waiter, error);
                continue;
            }
            let request = self.outcomes.add(waiter);
            match (command, self.inputs.last_mut()) {
                (None, _) => self.inputs.push(Input::Read(request)),
                (Some(command), Some(Input::Propose(proposals))) => {
                    proposals.push(Proposal { request, command });
                }
                (Some(command), _) => {
                    self.inputs.push(Input::Propose(vec![Proposal { request, command }]));
                }
            }
        }
    }

    /// Steps the timers that have run out and were not set again meanwhile, by this batch for example.
    fn step_timers(&mut self, rings: &mut [Option<u64>; Timer::COUNT]) {
        self.alarms.start(mem::take(&mut self.batch.timers));
        for timer in Timer::ALL {
            let Some(epoch) = rings[timer as usize].take() else { continue };
            if !self.alarms.has_run_out(timer, epoch) {
                continue;
            }
            match timer {
                Timer::Election => self.step(Input::ElectionTimeout),
                Timer::Heartbeat => self.step(Input::HeartbeatTimeout),
                Timer::Requests => self.outcomes.expire(self.alarms.now()),
                Timer::Idle => self.on_idle(),
            }
        }
        self.alarms.start(mem::take(&mut self.batch.timers));
    }

    /// Tells the storage that it is idle, unless it is not.
    fn on_idle(&mut self) {
        let is_busy = mem::take(&mut self.batch.has_written) || !self.state.unfinished.is_empty();
        if is_busy {
            self.alarms.watch_idleness();
        } else {
            // A log thread that has failed has said so by other means.
            let _ = self.log.put(|work| work.is_idle = true);
        }
    }

    fn step(&mut self, input: Input<M::Command>) {
        step_into(&self.parameters, &mut self.state, input, &mut self.batch.effects);
        self.witness.see(&self.state, &self.batch.effects);
        self.batch.collect(&mut self.figures);
    }

    /// Does what the steps of this batch asked for.
    fn settle(&mut self) {
        let batch = &mut self.batch;
        if !batch.messages.is_empty() {
            self.figures.messages_sent += batch.messages.len() as u64;
            self.transport.send(&mut batch.messages);
            batch.messages.clear();
        }
        if !batch.writes.is_empty() {
            batch.has_written |= !self.alarms.watch_idleness();
            // A log thread that has failed has said so by other means.
            let _ = self.log.put(|work| work.writes.append(&mut batch.writes));
            batch.writes.clear();
        }
        let now = if batch.replies.is_empty() { Duration::ZERO } else { self.alarms.now() };
        if let Some(Applied { first, last }) = batch.applied {
            self.figures.entries_applied += last.next().beyond(first);
        }
        self.outcomes.apply(&self.state.log, batch.applied.take(), &batch.replies, now);
        self.outcomes.answer(&mut batch.replies, now);
        self.figures.requests = *self.outcomes.figures();
        self.alarms.watch_requests(self.outcomes.next_deadline());
        let (state, log_bytes, waiting) = (&self.state, self.log_bytes, self.outcomes.waiting());
        let figures = &self.figures;
        self.shared.publish_with(&mut self.witness.notices, |status| {
            status.look_at(state);
            status.figures = *figures;
            status.log_bytes = log_bytes;
            status.waiting_requests = waiting;
            status.messages_lost = batch.messages_lost;
            status.messages_refused = batch.messages_refused;
            status.stepped_down = batch.stepped_down;
        });
        self.outcomes.deliver();
    }

    /// Whether this server, as leader, refuses writes because the log has reached its limit. Others say that
    /// they do not lead.
    fn is_log_full(&self) -> bool {
        let leads = matches!(self.state.role, Role::Leader(_));
        leads && self.log_bytes >= self.shared.limits.max_log_bytes
    }
}

impl<M: StateMachine, T: Transport<Command = M::Command>, K: Clock> Drop for Driver<M, T, K> {
    fn drop(&mut self) {
        // Also when the driver's own thread could not be started.
        self.transport.stop();
        self.alarms.stop();
    }
}
