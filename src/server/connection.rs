//! One client.
//!
//! A thread reads what has arrived, takes the commands in it one after the other, and writes all replies
//! with one call. Writes in a row are one run, and so are reads in a row: a run starts when the one before
//! it has all its outcomes, so a client reads what it has written, and writes after what it has read.
//!
//! After a write whose outcome is not its own - no leader, too busy, in doubt - the commands that had
//! arrived behind it are not begun. A client that sent them at once meant them to follow it.

use crate::asking::Asker;
use crate::clients::Clients;
use crate::machine::Machine;
use crate::packet::{Asks, Outcome, bounded};
use quorate_kv::{Command, Query, Session, Step};
use quorate_net::resp::{self, Protocol, Requests, Value};
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

/// How many commands of one connection are taken before their replies are written.
const PIPELINE: usize = 1024;
/// How many bytes of replies are kept before they are written.
const OUTPUT: usize = 1024 * 1024;
/// A run of so many bytes is not added to: with one more command it still fits into a frame.
const RUN: usize = 1024 * 1024;

const AFTER_FAILURE: &str =
    "TRYAGAIN a write before this command failed on this connection; the command had no effect";

/// The state of one connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) requests: Requests,
    /// Shared with whoever lists connections.
    pub(crate) session: Arc<Mutex<Session>>,
    pub(crate) asker: Asker,
    pub(crate) machine: Machine,
    pub(crate) clients: Arc<Clients>,
    pub(crate) run: Pending,
    pub(crate) out: Vec<u8>,
    /// A write failed, and commands behind it are waiting.
    pub(crate) has_failed: bool,
}

/// The run that is being collected.
#[derive(Default)]
pub(crate) struct Pending {
    writes: Vec<Command>,
    reads: Vec<Query>,
    /// How many bytes both hold.
    size: usize,
}

/// Whether a connection goes on.
#[derive(PartialEq, Eq)]
enum Next {
    /// More commands have arrived.
    Continue,
    /// All that have arrived are answered.
    Read,
    /// It ends after what is to be written.
    Close,
}

impl Connection {
    /// Serves the client until it goes, or is told to.
    pub(crate) fn serve(mut self) -> io::Result<()> {
        loop {
            if self.requests.read_from(&mut self.stream)? == 0 {
                return Ok(());
            }
            loop {
                let next = self.answer()?;
                self.write_out()?;
                match next {
                    Next::Continue => {}
                    Next::Read => break,
                    Next::Close => return Ok(()),
                }
            }
            self.has_failed = false;
        }
    }

    /// Takes commands that have arrived, and puts their replies into `out`.
    fn answer(&mut self) -> io::Result<Next> {
        for _ in 0..PIPELINE {
            let session = Arc::clone(&self.session);
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            let protocol = session.protocol();
            let step = match self.requests.next_request() {
                Ok(Some(request)) => session.take(&request, &*self.clients),
                Ok(None) => {
                    drop(session);
                    self.end_run(protocol)?;
                    return Ok(Next::Read);
                }
                Err(error) => {
                    drop(session);
                    self.end_run(protocol)?;
                    resp::write_error(&mut self.out, &format!("ERR {error}"));
                    return Ok(Next::Close);
                }
            };
            let (is_stale, changed) = (session.is_readonly(), session.protocol());
            drop(session);
            if self.take(step, is_stale, protocol, changed)? == Next::Close {
                return Ok(Next::Close);
            }
        }
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let protocol = session.protocol();
        drop(session);
        self.end_run(protocol)?;
        Ok(Next::Continue)
    }

    /// Does what a command asks for. `before` and `after` are the versions of the protocol around it.
    fn take(
        &mut self,
        step: Step,
        is_stale: bool,
        before: Protocol,
        after: Protocol,
    ) -> io::Result<Next> {
        if self.run.size > RUN {
            self.end_run(before)?;
        }
        match step {
            Step::Write(command) => {
                if !self.run.reads.is_empty() {
                    self.end_run(before)?;
                }
                self.run.size += command.size();
                self.run.writes.push(command);
            }
            Step::Read(query) if is_stale => {
                self.end_run(before)?;
                if self.has_failed {
                    resp::write_error(&mut self.out, AFTER_FAILURE);
                } else {
                    self.put_outcome(Ok(self.machine.stale(&query)), before)?;
                }
            }
            Step::Read(query) => {
                if !self.run.writes.is_empty() {
                    self.end_run(before)?;
                }
                self.run.size += query.size();
                self.run.reads.push(query);
            }
            Step::Answer(value) => self.put(&value, before, after)?,
            Step::Quit(value) => {
                self.put(&value, before, after)?;
                return Ok(Next::Close);
            }
        }
        Ok(Next::Continue)
    }

    /// Answers a command for the connection itself, after those before it.
    fn put(&mut self, value: &Value, before: Protocol, after: Protocol) -> io::Result<()> {
        self.end_run(before)?;
        value.write(after, &mut self.out);
        Ok(())
    }

    /// Lets the run that was collected happen, and writes its replies.
    fn end_run(&mut self, protocol: Protocol) -> io::Result<()> {
        let Pending { writes, reads, .. } = std::mem::take(&mut self.run);
        let asks = if reads.is_empty() { Asks::Writes(writes) } else { Asks::Reads(reads) };
        if asks.len() == 0 {
            return Ok(());
        }
        if self.has_failed {
            for _ in 0..asks.len() {
                resp::write_error(&mut self.out, AFTER_FAILURE);
            }
            return Ok(());
        }
        let are_writes = asks.are_writes();
        let outcomes: Vec<Outcome> = self.asker.ask(asks);
        self.has_failed = are_writes && outcomes.iter().any(Result::is_err);
        outcomes.into_iter().try_for_each(|outcome| self.put_outcome(outcome, protocol))
    }

    /// Writes a reply, and what there is once that is much.
    fn put_outcome(&mut self, outcome: Outcome, protocol: Protocol) -> io::Result<()> {
        match bounded(outcome) {
            Ok(reply) => reply.write(protocol, &mut self.out),
            Err(failure) => resp::write_error(&mut self.out, &failure.to_string()),
        }
        if self.out.len() > OUTPUT { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        self.out.shrink_to(OUTPUT);
        Ok(())
    }
}
