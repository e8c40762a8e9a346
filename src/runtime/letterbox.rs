//! A mailbox whose owner sleeps elsewhere.
//!
//! The owner of a [`Mailbox`](crate::mailbox::Mailbox) has nothing else to wait for. A thread that serves sockets
//! has: it sleeps where the operating system tells it of them. So a [`Letterbox`] does not wait; it rings a bell that
//! the owner hears in its sleep, and only if the owner sleeps, for ringing is a call of the system.
//!
//! The owner first says that it is going to sleep, which it may only while nothing is there, and then sleeps until the
//! bell or something else wakes it. Both is decided under the lock: whoever puts something in either finds that the
//! owner may sleep, and rings, or was there before it and keeps it awake. A bell that rings late, when the owner is
//! awake already, must be remembered by whatever the owner sleeps in, and only costs it the next sleep.

use crate::mailbox::Content;
use crate::sync::Mutex;
use std::fmt;
use std::mem;

/// A place where one thread takes what others put, while it waits for other things too. See the module's beginning.
pub struct Letterbox<C> {
    inside: Mutex<Inside<C>>,
    ring: Box<dyn Fn() + Send + Sync>,
}

struct Inside<C> {
    content: C,
    /// Whether the owner may be asleep and nobody has rung yet.
    owner_sleeps: bool,
}

impl<C: Content> Letterbox<C> {
    /// An empty one, with what wakes its owner.
    pub fn new(ring: impl Fn() + Send + Sync + 'static) -> Letterbox<C> {
        let inside = Inside { content: C::default(), owner_sleeps: false };
        Letterbox { inside: Mutex::new(inside), ring: Box::new(ring) }
    }

    /// Lets `fill` change the content, and rings if the owner sleeps and there is something to take. Returns what
    /// `fill` returns. Never waits for the owner.
    pub fn put<R>(&self, fill: impl FnOnce(&mut C) -> R) -> R {
        let mut inside = self.inside.lock();
        let result = fill(&mut inside.content);
        let must_ring = inside.owner_sleeps && !inside.content.is_empty();
        if must_ring {
            inside.owner_sleeps = false;
        }
        drop(inside);
        if must_ring {
            (self.ring)();
        }
        result
    }

    /// Whether the owner may go to sleep: if so, the next one to put something in rings. To be called by the owner
    /// alone, who calls [`take`](Letterbox::take) when it is awake again.
    pub fn may_sleep(&self) -> bool {
        let mut inside = self.inside.lock();
        inside.owner_sleeps = inside.content.is_empty();
        inside.owner_sleeps
    }

    /// Swaps what there is, perhaps nothing, with `content`, whose memory is used for what comes next. To be called by
    /// the owner alone.
    ///
    /// # Panics
    /// When `content` is not empty: it would be put in again.
    pub fn take(&self, content: &mut C) {
        assert!(content.is_empty(), "what was taken before was not dealt with");
        let mut inside = self.inside.lock();
        inside.owner_sleeps = false;
        mem::swap(&mut inside.content, content);
    }
}

impl<C> fmt::Debug for Letterbox<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letterbox").finish_non_exhaustive()
    }
}
