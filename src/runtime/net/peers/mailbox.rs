//! What waits to be sent to one peer.
//!
//! The driver of a server must never wait for a peer, so putting something in returns at once: when the
//! box is full, what comes is dropped and counted. To the protocol that is a lost message.
//!
//! While the writer thread waits here its [`Line`] lies in the box, and what comes goes into it without the thread, as far
//! as the connection takes it at once. That is done under the lock of the box, so nothing overtakes anything.

use super::line::Line;
use super::parcel::{Parcel, Unsendable};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A bounded box between whoever sends and the writer thread.
pub(super) struct Mailbox<M> {
    inside: Mutex<Inside<M>>,
    changed: Condvar,
    capacity: usize,
}

struct Inside<M> {
    waiting: Vec<M>,
    /// The connection, while the writer waits for something to do.
    line: Option<Line>,
    is_closed: bool,
    /// The peer has been heard of, so that dialing it is worth a try at once.
    is_poked: bool,
}

/// What has become of parcels that were offered.
#[derive(Default)]
pub(super) struct Offered {
    /// How many were written into the line.
    pub(super) sent: usize,
    /// How many found the box full or closed.
    pub(super) dropped: usize,
    /// Why some cannot be sent at all.
    pub(super) unsendable: Vec<Unsendable>,
}

/// What the writer thread finds, with its line.
pub(super) enum Found {
    /// Something to send.
    Some(Line),
    /// Nothing, for as long as it waited.
    Nothing(Line),
    /// The box is closed.
    Closed,
}

impl<M> Mailbox<M> {
    pub(super) fn new(capacity: usize) -> Mailbox<M> {
        let inside = Inside { waiting: Vec::new(), line: None, is_closed: false, is_poked: false };
        Mailbox { inside: Mutex::new(inside), changed: Condvar::new(), capacity }
    }

    /// Sends what `parcels` yields, or puts it in, with one lock.
    pub(super) fn offer(&self, parcels: impl Iterator<Item = M>) -> Offered
    where
        M: Parcel,
    {
        let (mut parcels, mut offered) = (parcels, Offered::default());
        let mut inside = self.lock();
        let Inside { waiting, line, is_closed, .. } = &mut *inside;
        let mut lent = line.as_mut().filter(|_| waiting.is_empty() && !*is_closed);
        if let Some(line) = &mut lent
            && !line.has_unsent()
            && line.is_fresh()
        {
            offered.unsendable = line.fill(&mut parcels);
            let count = line.parcels();
            if count > 0 && line.write_at_once() {
                offered.sent = count;
            }
        }
        let is_left = lent.is_some_and(|line| line.has_unsent());
        let before = waiting.len();
        let room = if *is_closed { 0 } else { self.capacity.saturating_sub(before) };
        waiting.extend(parcels.by_ref().take(room));
        // The writer waits only while there is nothing to do.
        let must_wake = is_left || (before == 0 && !waiting.is_empty());
        drop(inside);
        if must_wake {
            self.changed.notify_one();
        }
        offered.dropped = parcels.count();
        offered
    }

    /// Moves everything into `into`, which must be empty, and waits up to `patience` since the last write for
    /// something to do. Meanwhile others use the line.
    pub(super) fn take(&self, into: &mut Vec<M>, line: Line, patience: Duration) -> Found {
        let mut inside = self.lock();
        inside.line = Some(line);
        loop {
            // Nobody else takes it out.
            let line = inside.line.take().filter(|_| !inside.is_closed);
            let Some(line) = line else { return Found::Closed };
            if !inside.waiting.is_empty() || line.has_unsent() {
                std::mem::swap(&mut inside.waiting, into);
                return Found::Some(line);
            }
            let until = line.last_write() + patience;
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Found::Nothing(line);
            };
            inside.line = Some(line);
            inside = self.wait(inside, left);
        }
    }

    /// Drops everything that waits, and says how much that was.
    pub(super) fn discard(&self) -> usize {
        let waiting = std::mem::take(&mut self.lock().waiting);
        waiting.len()
    }

    /// Waits before another attempt to dial: for this long, or until the peer has been heard of. False
    /// when the box is closed.
    pub(super) fn pause(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut inside = self.lock();
        while !inside.is_closed && !inside.is_poked {
            let Some(left) = until.checked_duration_since(Instant::now()) else { break };
            inside = self.wait(inside, left);
        }
        inside.is_poked = false;
        !inside.is_closed
    }

    /// Ends a pause.
    pub(super) fn poke(&self) {
        self.lock().is_poked = true;
        self.changed.notify_one();
    }

    /// Takes and gives nothing any more.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// How much waits.
    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Nothing can panic while it holds the lock, so what is inside is whole in any case.
    fn lock(&self) -> MutexGuard<'_, Inside<M>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        inside: MutexGuard<'a, Inside<M>>,
        patience: Duration,
    ) -> MutexGuard<'a, Inside<M>> {
        let woken = self.changed.wait_timeout(inside, patience);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests;
