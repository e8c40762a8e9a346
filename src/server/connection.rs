//! One client.
//!
//! A connection takes the commands that have arrived one after the other. Writes in a row are one run, and so are reads
//! in a row: a run starts when the one before it has all its outcomes, so a client reads what it has written, and
//! writes after what it has read. While a run is under way nothing more is taken, and nothing more is read: who sends
//! faster than it is answered is stopped by its own socket.
//!
//! Nothing here waits. A [`Connection`] has its turn when something has happened to it - bytes have arrived, outcomes,
//! room to write, or the end of its patience - does all that can be done at once, and writes all replies with one call.
//!
//! After a write whose outcome is not its own - no leader, too busy, in doubt - the commands that had
//! arrived behind it are not begun. A client that sent them at once meant them to follow it.

use crate::asking::{Asking, Way};
use crate::clients::Clients;
use crate::desk::{Address, Newcomer, REQUESTS};
use crate::packet::{Asks, Outcome, bounded};
use crate::socket::{Brought, Socket};
use quorate_kv::{Command, Query, Session, Step};
use quorate_net::resp::{self, Protocol, Requests};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use std::vec;

/// A run of so many bytes is not added to: with one more command it still fits into a frame.
const RUN: usize = 1024 * 1024;

const AFTER_FAILURE: &str =
    "TRYAGAIN a write before this command failed on this connection; the command had no effect";

/// What a thread lends to the connection whose turn it is.
pub(crate) struct Means {
    pub(crate) way: Way,
    pub(crate) clients: Arc<Clients>,
    /// Memory to read into.
    pub(crate) input: Vec<u8>,
    /// Memory for replies.
    pub(crate) output: Vec<u8>,
}

/// The state of one connection.
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) number: u64,
    slot: usize,
    requests: Requests,
    /// Shared with whoever lists connections.
    session: Arc<Mutex<Session>>,
    /// The run that is being collected.
    run: Pending,
    /// A command that must wait for that run.
    held: Option<Taken>,
    /// The run that is under way.
    asking: Option<Asking>,
    /// What is still to be written of the run before, and in which version of the protocol.
    answers: vec::IntoIter<Outcome>,
    answered_in: Protocol,
    /// A write failed, and commands that had arrived behind it are not begun.
    has_failed: bool,
    /// Nothing more will arrive.
    is_ended: bool,
    /// It ends after what is to be written.
    is_last: bool,
}

/// A run that is being collected.
#[derive(Default)]
struct Pending {
    writes: Vec<Command>,
    reads: Vec<Query>,
    /// How many bytes both hold.
    size: usize,
}

/// A command that was taken, and what the session was around it.
struct Taken {
    step: Step,
    /// Reads are answered from what this server has applied.
    is_stale: bool,
    before: Protocol,
    after: Protocol,
}

/// What becomes of a connection after its turn.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// It waits for something to happen.
    Wait,
    /// It could go on, and others shall have their turn.
    Again,
    /// It is over.
    Close,
}

/// Why no more commands are taken.
#[derive(PartialEq, Eq)]
enum Stop {
    /// A run is under way.
    Began,
    /// All that have arrived are taken.
    Empty,
    /// There may be more.
    Enough,
}

impl Connection {
    pub(crate) fn new(newcomer: Newcomer, slot: usize, means: &Means) -> Connection {
        let Newcomer { stream, number, session } = newcomer;
        Connection {
            socket: Socket::new(stream),
            number,
            slot,
            requests: Requests::new(means.clients.known.settings.requests),
            session,
            run: Pending::default(),
            held: None,
            asking: None,
            answers: Vec::new().into_iter(),
            answered_in: Protocol::Resp2,
            has_failed: false,
            is_ended: false,
            is_last: false,
        }
    }

    /// Takes the outcome of one request.
    pub(crate) fn put(&mut self, address: Address, outcome: Outcome) {
        if let Some(asking) = &mut self.asking {
            asking.put(address, outcome);
        }
    }

    /// Takes the outcomes of a whole run.
    pub(crate) fn put_all(&mut self, address: Address, outcomes: Vec<Outcome>) {
        if let Some(asking) = &mut self.asking {
            asking.put_all(address, outcomes);
        }
    }

    /// When it is to be looked at again, whatever happens until then.
    pub(crate) fn deadline(&self, means: &Means) -> Option<Instant> {
        let stalled = means.clients.known.settings.stalled;
        let given_up = self.socket.stalled.map(|since| since + stalled);
        let asked = self.asking.as_ref().map(|asking| asking.deadline(&means.way));
        given_up.into_iter().chain(asked).min()
    }

    /// Does what can be done now.
    ///
    /// # Errors
    /// When the client is gone, or reads nothing: the connection is over.
    pub(crate) fn turn(&mut self, means: &mut Means) -> io::Result<Next> {
        let (now, stalled) = (means.way.now, means.clients.known.settings.stalled);
        if self.socket.stalled.is_some_and(|since| since + stalled <= now) {
            means.clients.tell_given_up(self.number, self.socket.unwritten());
            return Err(ErrorKind::TimedOut.into());
        }
        self.socket.borrow(&mut means.output);
        let next = self.serve(means).and_then(|next| self.socket.write(now).map(|()| next));
        self.socket.give_back(&mut means.output);
        self.requests.give_back(&mut means.input);
        let is_over = self.is_last && self.answers.len() == 0 && self.socket.unwritten() == 0;
        if is_over { Ok(Next::Close) } else { next }
    }

    /// Lets nothing be kept for it elsewhere.
    pub(crate) fn leave(mut self, means: &mut Means) {
        if let Some(mut asking) = self.asking.take() {
            asking.forget(&means.way);
        }
        means.clients.leave(self.number);
    }

    /// Answers, takes and reads, until it must wait or has read once.
    fn serve(&mut self, means: &mut Means) -> io::Result<Next> {
        let mut has_read = false;
        loop {
            if !self.settle(means) || !self.answer(means)? || self.is_last {
                return Ok(Next::Wait);
            }
            match self.take_commands(means) {
                Stop::Began | Stop::Enough => continue,
                Stop::Empty if self.is_ended => self.is_last = true,
                Stop::Empty if !self.socket.can_read => {
                    self.has_failed = false;
                    return Ok(Next::Wait);
                }
                Stop::Empty if has_read => return Ok(Next::Again),
                Stop::Empty => {
                    has_read = true;
                    self.requests.borrow(&mut means.input);
                    let brought = self.socket.read(&mut self.requests)?;
                    self.is_ended = brought == Brought::End;
                }
            }
        }
    }

    /// Looks what has become of the run that is under way. Whether there is none any more.
    fn settle(&mut self, means: &mut Means) -> bool {
        let Some(asking) = &mut self.asking else { return true };
        asking.look(&mut means.way);
        let Some(outcomes) = asking.settle(&mut means.way) else { return false };
        if asking.are_writes() && outcomes.iter().any(Result::is_err) {
            self.has_failed = true;
            // What has arrived by now is behind it, also where it has not been read.
            self.socket.can_read = true;
        }
        self.answered_in = asking.protocol;
        self.answers = outcomes.into_iter();
        self.asking = None;
        true
    }

    /// Puts out what is to be answered, as far as there is room for it. Whether there was room for all of it.
    fn answer(&mut self, means: &Means) -> io::Result<bool> {
        let most = means.clients.known.settings.output;
        loop {
            if self.socket.unwritten() > most {
                self.socket.write(means.way.now)?;
                if self.socket.unwritten() > most {
                    return Ok(false);
                }
            }
            let Some(outcome) = self.answers.next() else { return Ok(true) };
            self.put_outcome(outcome, self.answered_in);
        }
    }

    fn put_outcome(&mut self, outcome: Outcome, protocol: Protocol) {
        match bounded(outcome) {
            Ok(reply) => reply.write(protocol, &mut self.socket.out),
            Err(failure) => resp::write_error(&mut self.socket.out, &failure.to_string()),
        }
    }

    /// Takes commands that have arrived.
    fn take_commands(&mut self, means: &mut Means) -> Stop {
        if let Some(held) = self.held.take()
            && !self.take(held, means)
        {
            return Stop::Began;
        }
        let session = Arc::clone(&self.session);
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = &means.clients.known.settings;
        let (pipeline, output) = (settings.pipeline.clamp(1, REQUESTS), settings.output);
        for _ in 0..pipeline {
            let before = session.protocol();
            let request = self.requests.next_request();
            let step = request.map(|request| Some(session.take(&request?, &*means.clients)));
            let step = match step {
                Ok(Some(step)) => step,
                // What is no command will be none when it is asked for again, after the run.
                Ok(None) | Err(_) if self.begin_run(before, means) => return Stop::Began,
                Ok(None) => return Stop::Empty,
                Err(error) => {
                    resp::write_error(&mut self.socket.out, &format!("ERR {error}"));
                    self.is_last = true;
                    return Stop::Enough;
                }
            };
            let (is_stale, after) = (session.is_readonly(), session.protocol());
            if !self.take(Taken { step, is_stale, before, after }, means) {
                return Stop::Began;
            }
            if self.is_last || self.socket.unwritten() > output {
                return Stop::Enough;
            }
        }
        let protocol = session.protocol();
        if self.begin_run(protocol, means) { Stop::Began } else { Stop::Enough }
    }

    /// Does what a command asks for. False if it must wait for the run before it, which has begun.
    fn take(&mut self, taken: Taken, means: &mut Means) -> bool {
        let Pending { writes, reads, size } = &self.run;
        let goes_on = match &taken.step {
            Step::Write(_) => reads.is_empty() && *size <= RUN,
            Step::Read(_) if !taken.is_stale => writes.is_empty() && *size <= RUN,
            Step::Read(_) | Step::Answer(_) | Step::Quit(_) => {
                writes.is_empty() && reads.is_empty()
            }
        };
        if !goes_on && self.begin_run(taken.before, means) {
            self.held = Some(taken);
            return false;
        }
        match taken.step {
            Step::Write(command) => {
                self.run.size += command.size();
                self.run.writes.push(command);
            }
            Step::Read(_) if taken.is_stale && self.has_failed => {
                resp::write_error(&mut self.socket.out, AFTER_FAILURE);
            }
            Step::Read(query) if taken.is_stale => {
                let reply = means.clients.known.machine.stale(&query);
                self.put_outcome(Ok(reply), taken.before);
            }
            Step::Read(query) => {
                self.run.size += query.size();
                self.run.reads.push(query);
            }
            Step::Answer(value) => value.write(taken.after, &mut self.socket.out),
            Step::Quit(value) => {
                value.write(taken.after, &mut self.socket.out);
                self.is_last = true;
            }
        }
        true
    }

    /// Lets the run that was collected begin. False if there was none, or it was refused.
    fn begin_run(&mut self, protocol: Protocol, means: &mut Means) -> bool {
        let Pending { writes, reads, .. } = std::mem::take(&mut self.run);
        let asks = if reads.is_empty() { Asks::Writes(writes) } else { Asks::Reads(reads) };
        if self.has_failed {
            for _ in 0..asks.len() {
                resp::write_error(&mut self.socket.out, AFTER_FAILURE);
            }
        }
        if self.has_failed || asks.len() == 0 {
            return false;
        }
        self.asking = Some(Asking::begin(asks, protocol, self.slot, &mut means.way));
        true
    }
}
