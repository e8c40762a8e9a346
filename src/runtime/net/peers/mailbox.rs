//! What waits to be sent to one peer.
//!
//! The driver of a server must never wait for a peer, so putting something in returns at once: when the
//! box is full, what comes is dropped and counted. To the protocol that is a lost message.

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
    is_closed: bool,
    /// The peer has been heard of, so that dialing it is worth a try at once.
    is_poked: bool,
}

/// What the writer thread finds.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// Something to send.
    Some,
    /// Nothing, for as long as it waited.
    Nothing,
    /// The box is closed.
    Closed,
}

impl<M> Mailbox<M> {
    pub(super) fn new(capacity: usize) -> Mailbox<M> {
        let inside = Inside { waiting: Vec::new(), is_closed: false, is_poked: false };
        Mailbox { inside: Mutex::new(inside), changed: Condvar::new(), capacity }
    }

    /// Puts in what `parcels` yields, with one lock. Says how many it took and how many were dropped,
    /// because the box is full or closed.
    pub(super) fn offer(&self, parcels: impl Iterator<Item = M>) -> (usize, usize) {
        let mut inside = self.lock();
        let before = inside.waiting.len();
        let room = if inside.is_closed { 0 } else { self.capacity.saturating_sub(before) };
        let mut parcels = parcels;
        inside.waiting.extend(parcels.by_ref().take(room));
        let taken = inside.waiting.len() - before;
        drop(inside);
        // The writer waits only while the box is empty.
        if before == 0 && taken > 0 {
            self.changed.notify_one();
        }
        (taken, parcels.count())
    }

    /// Moves everything into `into`, which must be empty, and waits up to `patience` for something.
    pub(super) fn take(&self, into: &mut Vec<M>, patience: Duration) -> Found {
        let until = Instant::now() + patience;
        let mut inside = self.lock();
        loop {
            if inside.is_closed {
                return Found::Closed;
            }
            if !inside.waiting.is_empty() {
                std::mem::swap(&mut inside.waiting, into);
                return Found::Some;
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Found::Nothing;
            };
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
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_dropped() {
        let mailbox = Mailbox::new(2);
        assert_eq!(mailbox.offer([1].into_iter()), (1, 0));
        assert_eq!(mailbox.offer([2, 3, 4].into_iter()), (1, 2));
        let mut taken = Vec::new();
        assert_eq!(mailbox.take(&mut taken, Duration::ZERO), Found::Some);
        assert_eq!(taken, [1, 2]);
        taken.clear();
        assert_eq!(mailbox.take(&mut taken, Duration::ZERO), Found::Nothing);
        assert_eq!(mailbox.offer([4].into_iter()), (1, 0));
        assert_eq!((mailbox.len(), mailbox.discard(), mailbox.len()), (1, 1, 0));
    }

    #[test]
    fn a_closed_box_takes_and_gives_nothing() {
        let mailbox = Mailbox::new(2);
        assert_eq!(mailbox.offer([1].into_iter()), (1, 0));
        mailbox.close();
        assert_eq!(mailbox.offer([2].into_iter()), (0, 1));
        assert!(mailbox.is_closed());
        assert_eq!(mailbox.take(&mut Vec::new(), Duration::from_secs(60)), Found::Closed);
        assert!(!mailbox.pause(Duration::from_secs(60)));
    }

    #[test]
    fn a_poke_ends_one_pause() {
        let mailbox = Mailbox::<u8>::new(2);
        mailbox.poke();
        let begun = Instant::now();
        assert!(mailbox.pause(Duration::from_secs(60)));
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert!(mailbox.pause(Duration::from_millis(1)));
    }
}
