//! Where threads meet.
//!
//! A [`Mailbox`] holds what many threads put in until the one thread that owns it takes *all* of it in one
//! go: one lock and at most one wake-up however much has gathered. Under load that makes batches by itself,
//! for while the taker works on one, the next gathers.
//!
//! **Somebody can stand in for the owner.** To wake a thread takes longer than the work it is woken for, often. So who
//! puts something in while the owner waits can do the owner's work instead of waking it
//! ([`put_and_stand_in`](Mailbox::put_and_stand_in)), once, and then hands back: what has come meanwhile is the owner's.
//! At any time at most one thread works, the owner or its stand-in. Only where the owner's work may be done by others,
//! who then share what it works on, is this used; the owner then waits by [`wait`](Mailbox::wait).
//!
//! The content is a value of the owner's choice, so that it can be bounded where it must be and is not where
//! it need not: a counter takes no room. Whoever puts decides, with the content in sight, whether there is
//! room. Nobody who puts ever waits.

use crate::sync::{Condvar, Guard, Mutex};
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
    /// Read and written under the lock, so no wake-up can be lost, and none is sent in vain.
    worker: Worker,
}

/// Who deals with what is in a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Worker {
    /// The owner works, or was woken to.
    Owner,
    /// The owner waits, and nobody has woken it yet.
    Nobody,
    /// The owner waits, and another thread works in its place.
    StandIn,
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
        let inside = Inside { content: C::default(), is_closed: false, worker: Worker::Owner };
        Mailbox { inside: Mutex::new(inside), filled: Condvar::new() }
    }

    /// Lets `fill` change the content, and wakes the owner if there is something to take. Returns what `fill`
    /// returns. Never waits for the owner.
    ///
    /// # Errors
    /// When the mailbox is closed; `fill` is not called.
    pub fn put<R>(&self, fill: impl FnOnce(&mut C) -> R) -> Result<R, Closed> {
        let (result, must_wake) = self.put_for(Worker::Owner, fill)?;
        if must_wake {
            self.filled.notify_one();
        }
        Ok(result)
    }

    /// Lets `fill` change the content like [`put`](Mailbox::put), but if the owner waits and there is something to take
    /// the caller stands in for it: it is told so, works once, and [hands back](Mailbox::hand_back).
    ///
    /// # Errors
    /// When the mailbox is closed; `fill` is not called.
    pub fn put_and_stand_in<R>(&self, fill: impl FnOnce(&mut C) -> R) -> Result<(R, bool), Closed> {
        self.put_for(Worker::StandIn, fill)
    }

    /// Changes the content. If nobody works and there is something to take, `worker` does from now on: whether it is so.
    fn put_for<R>(
        &self,
        worker: Worker,
        fill: impl FnOnce(&mut C) -> R,
    ) -> Result<(R, bool), Closed> {
        let mut inside = self.inside.lock();
        if inside.is_closed {
            return Err(Closed);
        }
        let result = fill(&mut inside.content);
        let begins = inside.worker == Worker::Nobody && !inside.content.is_empty();
        if begins {
            inside.worker = worker;
        }
        Ok((result, begins))
    }

    /// Ends the work of a stand-in. What has come meanwhile is for the owner, which is woken for it; and also, if it
    /// `must_look`, when there is nothing.
    pub fn hand_back(&self, must_look: bool) {
        let mut inside = self.inside.lock();
        let must_wake = must_look || inside.is_closed || !inside.content.is_empty();
        inside.worker = if must_wake { Worker::Owner } else { Worker::Nobody };
        drop(inside);
        if must_wake {
            self.filled.notify_one();
        }
    }

    /// Waits until there is something and nobody stands in. To be called by the owner alone, which then works.
    ///
    /// # Errors
    /// When the mailbox is closed and everything put in before that has been taken.
    pub fn wait(&self) -> Result<(), Closed> {
        self.wait_inside().map(|_| ())
    }

    fn wait_inside(&self) -> Result<Guard<'_, Inside<C>>, Closed> {
        let mut inside = self.inside.lock();
        if inside.content.is_empty() && !inside.is_closed {
            inside.worker = Worker::Nobody;
        }
        while inside.worker != Worker::Owner {
            inside = self.filled.wait(inside);
        }
        if inside.content.is_empty() && inside.is_closed { Err(Closed) } else { Ok(inside) }
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
        mem::swap(&mut self.wait_inside()?.content, content);
        Ok(())
    }

    /// Swaps what there is, perhaps nothing, with `content`. To be called by whoever works, the owner or its stand-in.
    ///
    /// # Panics
    /// When `content` is not empty: it would be put in again.
    pub fn take_at_once(&self, content: &mut C) {
        assert!(content.is_empty(), "what was taken before was not dealt with");
        mem::swap(&mut self.inside.lock().content, content);
    }

    /// Lets `look` see what waits.
    pub fn look<R>(&self, look: impl FnOnce(&C) -> R) -> R {
        look(&self.inside.lock().content)
    }

    /// Lets nothing more in. What is in can still be taken.
    pub fn close(&self) {
        let mut inside = self.inside.lock();
        inside.is_closed = true;
        // Who stands in wakes the owner when it hands back.
        if inside.worker == Worker::Nobody {
            inside.worker = Worker::Owner;
        }
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
