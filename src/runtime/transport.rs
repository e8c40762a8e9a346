//! What the driver asks of a network.
//!
//! The protocol lets messages be lost, late, repeated and out of order, so a [`Transport`] promises
//! nothing, except that it never makes the driver wait. What does not fit is lost, and the protocol sends
//! it again. What arrives goes into the [`Inbox`], which does not make the transport wait either, unless its thread
//! offers to do the driver's work.

use quorate_core::Envelope;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Moves messages between servers. The driver owns it, and alone calls it, from one thread at a time.
pub trait Transport: Send + 'static {
    /// What entries carry.
    type Command;

    /// Begins to deliver what arrives for this server into its inbox, by threads of its own. Called once,
    /// before anything is sent.
    ///
    /// # Errors
    /// When a thread could not be started.
    fn start(&mut self, inbox: Inbox<Self::Command>) -> io::Result<()>;

    /// Sends messages, each to the server that its `to` names: all that one batch of inputs gave rise to,
    /// in order. Takes them all out of the vector, whose memory the driver uses again. Never blocks: what a
    /// full peer mailbox cannot take is dropped.
    fn send(&mut self, envelopes: &mut Vec<Envelope<Self::Command>>);

    /// Ends and joins the threads that [`Transport::start`] began; nothing is delivered afterwards. Called
    /// once, last.
    fn stop(&mut self) {}
}

/// Where a transport's threads put the messages that arrive for one server.
pub struct Inbox<C> {
    offer: Arc<Offer<C>>,
}

/// What takes messages out of the vector, and may let the receiver work on the caller's thread; whether the receiver
/// still runs.
type Offer<C> = dyn Fn(&mut Vec<Envelope<C>>, bool) -> bool + Send + Sync;

impl<C> Inbox<C> {
    /// An inbox whose messages go to `offer`: it takes all of them out of the vector, drops what it has no
    /// room for, and returns whether the receiver still runs. It never blocks, unless it is told that the
    /// receiver may work on the caller's thread.
    pub fn new(
        offer: impl Fn(&mut Vec<Envelope<C>>, bool) -> bool + Send + Sync + 'static,
    ) -> Inbox<C> {
        Inbox { offer: Arc::new(offer) }
    }

    /// Offers messages, those of one read together: they are taken with one lock and at most one wake-up.
    /// Takes them all out of the vector; what the inbox has no room for is dropped. Whether the server still
    /// runs; if not, the reader may end.
    pub fn offer(&self, envelopes: &mut Vec<Envelope<C>>) -> bool {
        (self.offer)(envelopes, false)
    }

    /// The same, from a thread that has nothing better to do: if the server has not either, it steps the protocol
    /// on this thread, which is sooner than waking another. It may call [`Transport::send`] meanwhile, so the
    /// caller holds no lock that this takes.
    pub fn offer_and_stand_in(&self, envelopes: &mut Vec<Envelope<C>>) -> bool {
        (self.offer)(envelopes, true)
    }
}

impl<C> Clone for Inbox<C> {
    fn clone(&self) -> Inbox<C> {
        Inbox { offer: Arc::clone(&self.offer) }
    }
}

impl<C> fmt::Debug for Inbox<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}
