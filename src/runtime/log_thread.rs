//! The log thread: group commit.
//!
//! One thread owns the storage. It takes all writes that wait, has them made durable together, and reports
//! how many they were; meanwhile the next ones gather. Under load one sync serves many writes, and nobody had
//! to decide how many. Nothing is reported that the storage has not confirmed, and after an error nothing is
//! reported at all but the error.

use crate::figures::DiskFigures;
use crate::machine::StateMachine;
use crate::mailbox::{Content, Mailbox};
use crate::shared::Shared;
use crate::storage::{Storage, StorageError};
use quorate_core::Write;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// What waits for the disk.
pub(crate) struct LogWork<C> {
    /// Writes, in the order in which the core issued them.
    pub(crate) writes: Vec<Write<C>>,
    /// Whether nothing was written for a while.
    pub(crate) is_idle: bool,
}

impl<C> Default for LogWork<C> {
    fn default() -> LogWork<C> {
        LogWork { writes: Vec::new(), is_idle: false }
    }
}

impl<C> Content for LogWork<C> {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && !self.is_idle
    }
}

/// Runs the log thread until its mailbox is closed and empty, or the storage fails.
pub(crate) fn run<M: StateMachine, S: Storage<Command = M::Command>>(
    mut storage: S,
    mailbox: &Mailbox<LogWork<M::Command>>,
    shared: &Arc<Shared<M>>,
) {
    // Whatever goes wrong here, the driver must hear of it: it would wait for ever.
    let ended = catch_unwind(AssertUnwindSafe(|| serve::<M, S>(&mut storage, mailbox, shared)));
    let why = match ended {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("the storage failed: {error}"),
        Err(panic) => format!("the storage panicked: {}", panic_text(panic.as_ref())),
    };
    // What is still handed over will not be written; it is not kept either.
    mailbox.close();
    let why: Arc<str> = Arc::from(why);
    let reason = Arc::clone(&why);
    if shared.arrivals.put(|arrivals| arrivals.failure = Some(reason)).is_err() {
        // The driver has ended before; then this is what there is to say about the end.
        shared.publish(|status| status.stopped = Some(why));
    }
}

fn serve<M: StateMachine, S: Storage<Command = M::Command>>(
    storage: &mut S,
    mailbox: &Mailbox<LogWork<M::Command>>,
    shared: &Shared<M>,
) -> Result<(), StorageError> {
    let (mut work, mut figures) = (LogWork::default(), DiskFigures::default());
    while mailbox.take(&mut work).is_ok() {
        if !work.writes.is_empty() {
            let begun = Instant::now();
            storage.write(&work.writes)?;
            figures.sync_latency.record_time(begun.elapsed());
            let (count, bytes) = (work.writes.len(), storage.log_bytes());
            figures.writes_per_sync.record(count as u64);
            let is_done = !work.is_idle && mailbox.look(Content::is_empty);
            shared.report(count, (bytes, figures), is_done);
            work.writes.clear();
        }
        if work.is_idle {
            storage.idle()?;
            work.is_idle = false;
        }
    }
    storage.idle()
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
