//! Where threads meet.
//!
//! A [`Mailbox`] holds what many threads put in until the one thread that owns it takes *all* of it in one
//! go: one lock and at most one wake-up however much has gathered. Under load that makes batches by itself,
//! for while the taker works on one, the next gathers.
//!
//! The content is a value of the owner's choice, so that it can be bounded where it must be and is not where
//! it need not: a counter takes no room. Whoever puts decides, with the content in sight, whether there is
//! room. Nobody who puts ever waits.

use crate::sync::{Condvar, Mutex};
use std::fmt;
use std::mem;

/// What a mailbox holds.
pub trait Content: Default {
    /// Whether there is nothing for the owner to take.
    fn is_empty(&self) -> bool;
}

impl<T> Content for Vec<T> {
    fn is_empty(&self) -> bool {
        Vec::is_empty(self)
    }
}

/// A place where one thread takes what others put. See the module's beginning.
#[derive(Debug)]
pub struct Mailbox<C> {
    inside: Mutex<Inside<C>>,
    filled: Condvar,
}

#[derive(Debug)]
struct Inside<C> {
    content: C,
    is_closed: bool,
    /// Whether the owner waits and nobody has woken it yet. Read and written under the lock, so no wake-up
    /// can be lost, and none is sent in vain.
    owner_waits: bool,
}

/// The mailbox is closed: nothing can be put in, or nothing is left to take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mailbox is closed")
    }
}

impl std::error::Error for Closed {}

impl<C: Content> Default for Mailbox<C> {
    fn default() -> Mailbox<C> {
        Mailbox::new()
    }
}

impl<C: Content> Mailbox<C> {
    /// A mailbox with nothing in it.
    pub fn new() -> Mailbox<C> {
        let inside = Inside { content: C::default(), is_closed: false, owner_waits: false };
        Mailbox { inside: Mutex::new(inside), filled: Condvar::new() }
    }

    /// Lets `fill` change the content, and wakes the owner if there is something to take. Returns what `fill`
    /// returns. Never waits for the owner.
    ///
    /// # Errors
    /// When the mailbox is closed; `fill` is not called.
    pub fn put<R>(&self, fill: impl FnOnce(&mut C) -> R) -> Result<R, Closed> {
        let mut inside = self.inside.lock();
        if inside.is_closed {
            return Err(Closed);
        }
        let result = fill(&mut inside.content);
        let must_wake = inside.owner_waits && !inside.content.is_empty();
        if must_wake {
            inside.owner_waits = false;
        }
        drop(inside);
        if must_wake {
            self.filled.notify_one();
        }
        Ok(result)
    }

    /// Waits until there is something, and swaps it with `content`, whose memory is used for what comes next.
    /// To be called by the owner alone.
    ///
    /// # Errors
    /// When the mailbox is closed and everything put in before that has been taken.
    ///
    /// # Panics
    /// When `content` is not empty: it would be put in again.
    pub fn take(&self, content: &mut C) -> Result<(), Closed> {
        assert!(content.is_empty(), "what was taken before was not dealt with");
        let mut inside = self.inside.lock();
        while inside.content.is_empty() {
            if inside.is_closed {
                return Err(Closed);
            }
            inside.owner_waits = true;
            inside = self.filled.wait(inside);
        }
        inside.owner_waits = false;
        mem::swap(&mut inside.content, content);
        Ok(())
    }

    /// Lets `look` see what waits.
    pub fn look<R>(&self, look: impl FnOnce(&C) -> R) -> R {
        look(&self.inside.lock().content)
    }

    /// Lets nothing more in. What is in can still be taken.
    pub fn close(&self) {
        let mut inside = self.inside.lock();
        inside.is_closed = true;
        inside.owner_waits = false;
        drop(inside);
        self.filled.notify_one();
    }
}

impl<T> Mailbox<Vec<T>> {
    /// Puts one thing in if fewer than `capacity` are there.
    ///
    /// # Errors
    /// The thing itself, when the mailbox is full or closed.
    pub fn offer(&self, thing: T, capacity: usize) -> Result<(), T> {
        let mut thing = Some(thing);
        // A closed mailbox leaves the thing where it is, like a full one.
        let _ = self.put(|things| {
            if things.len() < capacity {
                things.extend(thing.take());
            }
        });
        thing.map_or(Ok(()), Err)
    }
}
