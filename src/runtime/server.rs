//! Starting a server and stopping it.

use crate::alarms::Alarms;
use crate::client::Client;
use crate::clock::Clock;
use crate::config::{Config, InvalidConfig};
use crate::driver::{self, Batch, Driver, SHUT_DOWN};
use crate::error::Error;
use crate::figures::Figures;
use crate::log_thread::{self, LogWork};
use crate::machine::StateMachine;
use crate::mailbox::Mailbox;
use crate::notices::Witness;
use crate::outcomes::Outcomes;
use crate::shared::Shared;
use crate::status::Status;
use crate::storage::{Recovered, Storage};
use crate::sync::{self, Thread};
use crate::transport::Transport;
use quorate_core::{NotAVoter, State, Timers};
use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

/// What a server is made of.
#[derive(Debug)]
pub struct Parts<M: StateMachine, S, T, K> {
    /// What is replicated, in its first state: the log is applied to it from the beginning.
    pub machine: M,
    /// Where term, vote and log are kept.
    pub storage: S,
    /// What the storage holds now.
    pub recovered: Recovered<M::Command>,
    /// How the other servers are reached.
    pub transport: T,
    /// Where time comes from.
    pub clock: K,
}

/// A server that runs in this process. Requests are made of it as of a [`Client`].
///
/// Dropping it shuts it down.
pub struct Server<M: StateMachine> {
    client: Client<M>,
    shared: Arc<Shared<M>>,
    driver: Option<Thread>,
    log: Option<Thread>,
}

/// Why a server could not be started.
#[derive(Debug)]
pub enum StartError {
    /// A setting cannot work.
    Config(InvalidConfig),
    /// What the storage holds is no log of a server of that term.
    Recovered(String),
    /// A thread could not be started: of the server itself, the transport or the clock.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Config(invalid) => invalid.fmt(f),
            StartError::Recovered(what) => write!(f, "recovered state: {what}"),
            StartError::Thread(error) => write!(f, "a thread could not be started: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<InvalidConfig> for StartError {
    fn from(invalid: InvalidConfig) -> StartError {
        StartError::Config(invalid)
    }
}

impl From<NotAVoter> for StartError {
    fn from(error: NotAVoter) -> StartError {
        StartError::Recovered(error.to_string())
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> StartError {
        StartError::Thread(error)
    }
}

impl<M: StateMachine> Server<M> {
    /// Starts a server: its threads, its transport and its clock.
    ///
    /// # Errors
    /// What is wrong with the settings or with what was recovered, or that a thread could not be started.
    /// Nothing runs then.
    pub fn start<S, T, K>(config: Config, parts: Parts<M, S, T, K>) -> Result<Server<M>, StartError>
    where
        S: Storage<Command = M::Command>,
        T: Transport<Command = M::Command>,
        K: Clock,
    {
        config.validate()?;
        let Config { id, configuration, timing, limits, parameters, seed } = config;
        let Parts { machine, storage, recovered, transport, clock } = parts;
        let Recovered { term, voted_for, log } = recovered;
        // Servers that are told the same must not all stand at the same moment.
        let seed = seed.map(|seed| seed ^ (u64::from(id.get()) << 32));
        if !log.is_well_formed(term) {
            let what = format!("terms of the log decrease, or exceed the server's term {term}");
            return Err(StartError::Recovered(what));
        }
        let state = State::recover(id, configuration, term, voted_for, log)?;
        let (log_bytes, witness) = (storage.log_bytes(), Witness::new(&state));
        let shared = Arc::new(Shared::new(limits, Status::at_start(&state, log_bytes)));
        let log = Arc::new(Mailbox::new());
        // From here on the driver's end, however it comes, stops transport and clock.
        let mut driver = Driver {
            state,
            parameters,
            transport,
            alarms: Alarms::new(clock, timing, seed),
            outcomes: Outcomes::new(machine, timing.request_timeout),
            request_timeout: timing.request_timeout,
            shared: Arc::clone(&shared),
            log: Arc::clone(&log),
            log_bytes,
            batch: Batch::new(),
            witness,
            figures: Figures::default(),
            inputs: Vec::new(),
            is_draining: false,
        };
        driver.alarms.begin(shared.bell())?;
        driver.transport.start(shared.inbox())?;
        driver.alarms.start(Timers { election: true, heartbeat: false });
        let (log_thread, driver_thread) = start_threads(id.get(), driver, storage, &shared, &log)?;
        let client = Client::new(Arc::clone(&shared), timing.request_timeout);
        Ok(Server { client, shared, driver: Some(driver_thread), log: Some(log_thread) })
    }

    /// A way to this server that other threads can have.
    pub fn client(&self) -> Client<M> {
        self.client.clone()
    }

    /// Lets no more requests in, waits until those that were have their outcome - at most the request
    /// timeout - and until what was decided is on disk, and ends all threads.
    ///
    /// # Errors
    /// [`Error::Stopped`], when the server had stopped before, or does so now, for another reason.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.end();
        let why = self.client.wait_stopped();
        if *why == *SHUT_DOWN { Ok(()) } else { Err(Error::Stopped { why }) }
    }

    /// Ends the threads, unless they have been.
    fn end(&mut self) {
        // A server that has stopped by itself takes no orders.
        let _ = self.shared.arrivals.put(|arrivals| arrivals.shutdown = true);
        for thread in [self.driver.take(), self.log.take()].into_iter().flatten() {
            // Both catch their panics and say so in the status.
            thread.join();
        }
    }
}

/// Starts the two threads of a server: log and driver.
fn start_threads<M, S, T, K>(
    id: u8,
    driver: Driver<M, T, K>,
    storage: S,
    shared: &Arc<Shared<M>>,
    log: &Arc<Mailbox<LogWork<M::Command>>>,
) -> io::Result<(Thread, Thread)>
where
    M: StateMachine,
    S: Storage<Command = M::Command>,
    T: Transport<Command = M::Command>,
    K: Clock,
{
    let (told, work) = (Arc::clone(shared), Arc::clone(log));
    let log_thread = sync::spawn(format!("n{id}-log"), move || {
        log_thread::run(storage, &work, &told);
    })?;
    shared.seat(Box::new(driver));
    let driven = Arc::clone(shared);
    match sync::spawn(format!("n{id}-driver"), move || driver::run(&driven)) {
        Ok(driver_thread) => Ok((log_thread, driver_thread)),
        Err(error) => {
            drop(shared.unseat());
            log.close();
            log_thread.join();
            Err(error)
        }
    }
}

impl<M: StateMachine> Deref for Server<M> {
    type Target = Client<M>;

    fn deref(&self) -> &Client<M> {
        &self.client
    }
}

impl<M: StateMachine> Drop for Server<M> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<M: StateMachine> fmt::Debug for Server<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
