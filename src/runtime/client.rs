//! How requests are made of a server that runs in this process.

use crate::error::Error;
use crate::machine::StateMachine;
use crate::notices::Notice;
use crate::request::{Ask, Recipient, Request, Ticket};
use crate::shared::Shared;
use crate::status::{Queues, Status};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A way to one server of this process. Cheap to clone, and may be used by any number of threads.
///
/// Nothing here waits for room. When too many requests are waiting, one more is refused as [`Error::Busy`], so
/// that whoever makes it can say so, or stop reading from its own client, and not hold a thread meanwhile.
pub struct Client<M: StateMachine> {
    shared: Arc<Shared<M>>,
    request_timeout: Duration,
}

impl<M: StateMachine> Client<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>, request_timeout: Duration) -> Client<M> {
        Client { shared, request_timeout }
    }

    /// Has a command replicated and applied, and waits for its reply, at most the request timeout.
    ///
    /// # Errors
    /// Why there is no reply, and what is known of the effect.
    pub fn propose(&self, command: M::Command) -> Result<M::Reply, Error> {
        self.ask(Ask::Write(command))?.wait()
    }

    /// Waits for a linearizable answer to a query, at most the request timeout: one from a state that holds
    /// every write that was acknowledged before the call.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn read(&self, query: M::Query) -> Result<M::Reply, Error> {
        self.ask(Ask::Read(query))?.wait()
    }

    /// Makes a request and does not wait for its outcome.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Stopped`]: the request was not let in and has no effect.
    pub fn ask(&self, ask: Ask<M>) -> Result<Ticket<M::Reply>, Error> {
        let is_write = matches!(ask, Ask::Write(_));
        let (ticket, slot) = Ticket::new(is_write, self.request_timeout);
        let recipient: Arc<dyn Recipient<M::Reply>> = slot;
        // Who waits for no longer than the request timeout does not do the work of a state machine.
        self.shared.submit(&mut vec![Request { ask, recipient, tag: 0 }], false)?;
        Ok(ticket)
    }

    /// Makes many requests with one lock, for threads that serve connections. Takes out of the vector, from its front,
    /// those that are let in: each is told its outcome, once. What is not let in stays in the vector and has no
    /// effect.
    ///
    /// When nothing goes on in the server, this thread steps the protocol, which is sooner than waking another: it may
    /// apply commands and deliver outcomes, also those of others. So the caller holds no lock that the state machine or
    /// a recipient takes.
    ///
    /// Requests are let in in order, and writes enter the log in that order. A read is answered from a state
    /// that holds every write *acknowledged* before it was made: a client that wants to read what it has just
    /// written waits for the write first.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Stopped`], when not all are let in.
    pub fn submit(&self, requests: &mut Vec<Request<M>>) -> Result<(), Error> {
        self.shared.submit(requests, true)
    }

    /// How the server is.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// What waits in the server's mailbox now.
    pub fn queues(&self) -> Queues {
        self.shared.queues()
    }

    /// Waits until something has happened in elections, and takes all of it, with how many more notices there
    /// were for which there was no room. None when the server has stopped and all have been taken. Whoever
    /// takes them is the only one to get them.
    pub fn wait_notices(&self) -> Option<(Vec<Notice>, u64)> {
        self.shared.wait_notices()
    }

    /// Waits until the server has stopped, for whatever reason, and says why.
    pub fn wait_stopped(&self) -> Arc<str> {
        self.shared.wait_stopped()
    }
}

impl<M: StateMachine> Clone for Client<M> {
    fn clone(&self) -> Client<M> {
        Client { shared: Arc::clone(&self.shared), request_timeout: self.request_timeout }
    }
}

impl<M: StateMachine> fmt::Debug for Client<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
