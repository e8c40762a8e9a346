//! Where one thread for clients finds what others have for it.
//!
//! A [`Desk`] is the recipient of all requests that the connections of one thread make: the driver puts the outcomes
//! of a batch there with one lock, and rings at most once. An [`Address`] says which attempt of which connection an
//! outcome is for, in the tag that the runtime hands back; so a request costs no memory of its own, and what comes
//! for an attempt that nobody waits for any more finds no place.

use crate::packet::Outcome;
use mio::net::TcpStream;
use mio::{Registry, Token, Waker};
use quorate_kv::{Reply, Session};
use quorate_runtime::letterbox::Letterbox;
use quorate_runtime::mailbox::Content;
use quorate_runtime::{Error, Recipient};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

/// Which connection of a thread, which of its attempts to ask, and which request of that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    /// The place of the connection; less than [`SLOTS`].
    pub(crate) slot: usize,
    /// The number of the attempt, which comes again after [`ATTEMPTS`] others.
    pub(crate) attempt: u32,
    /// The request; less than [`REQUESTS`].
    pub(crate) request: usize,
}

/// How many connections a thread can have.
pub(crate) const SLOTS: usize = 1 << SLOT_BITS;
/// How many attempts have numbers of their own: more than can be made while one waits for its outcomes.
pub(crate) const ATTEMPTS: u32 = 1 << ATTEMPT_BITS;
/// How many requests a run can have.
pub(crate) const REQUESTS: usize = 1 << REQUEST_BITS;

const SLOT_BITS: u32 = 22;
const ATTEMPT_BITS: u32 = 30;
const REQUEST_BITS: u32 = 12;

impl Address {
    /// As one number.
    pub(crate) fn tag(self) -> u64 {
        let high = ((self.slot as u64) << ATTEMPT_BITS) | u64::from(self.attempt);
        (high << REQUEST_BITS) | self.request as u64
    }

    /// From the number again.
    pub(crate) fn of(tag: u64) -> Address {
        let cut = |from: u32, bits: u32| (tag >> from) & ((1 << bits) - 1);
        Address {
            slot: cut(REQUEST_BITS + ATTEMPT_BITS, SLOT_BITS) as usize,
            attempt: cut(REQUEST_BITS, ATTEMPT_BITS) as u32,
            request: cut(0, REQUEST_BITS) as usize,
        }
    }
}

/// A client that was let in.
pub(crate) struct Newcomer {
    pub(crate) stream: TcpStream,
    pub(crate) number: u64,
    pub(crate) session: Arc<Mutex<Session>>,
}

/// What lies on a desk.
#[derive(Default)]
pub(crate) struct Letters {
    /// Outcomes of single requests, by the tag of their address.
    pub(crate) outcomes: VecDeque<(u64, Result<Reply, Error>)>,
    /// The outcomes of whole attempts that another server was asked.
    pub(crate) runs: Vec<(Address, Vec<Outcome>)>,
    pub(crate) newcomers: Vec<Newcomer>,
    /// The server stops.
    pub(crate) is_stopping: bool,
}

impl Content for Letters {
    fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
            && self.runs.is_empty()
            && self.newcomers.is_empty()
            && !self.is_stopping
    }
}

/// The desk of one thread.
pub(crate) struct Desk {
    letters: Letterbox<Letters>,
}

impl Desk {
    /// The desk of a thread that sleeps in a poll, where a ring is this event.
    pub(crate) fn new(registry: &Registry, ring: Token) -> io::Result<Arc<Desk>> {
        let waker = Waker::new(registry, ring)?;
        let ring = move || {
            // It fails only when the system has no memory for a number; then the thread wakes later.
            let _ = waker.wake();
        };
        Ok(Arc::new(Desk { letters: Letterbox::new(ring) }))
    }

    /// Puts something there.
    pub(crate) fn put(&self, fill: impl FnOnce(&mut Letters)) {
        self.letters.put(fill);
    }

    /// Whether its owner may sleep.
    pub(crate) fn may_sleep(&self) -> bool {
        self.letters.may_sleep()
    }

    /// Takes everything.
    pub(crate) fn take(&self, letters: &mut Letters) {
        self.letters.take(letters);
    }
}

impl Recipient<Reply> for Desk {
    fn deliver(&self, tag: u64, outcome: Result<Reply, Error>) {
        self.put(|letters| letters.outcomes.push_back((tag, outcome)));
    }

    fn deliver_all(&self, outcomes: &mut VecDeque<(u64, Result<Reply, Error>)>) {
        self.put(|letters| letters.outcomes.append(outcomes));
    }
}

#[test]
fn an_address_survives_as_a_number() {
    let (slot, attempt, request) = (SLOTS - 1, ATTEMPTS - 1, REQUESTS - 1);
    let all = [(0, 0, 0), (slot, 0, 0), (0, attempt, 0), (0, 0, request), (7, 5, 3)];
    for (slot, attempt, request) in all {
        let address = Address { slot, attempt, request };
        assert_eq!(Address::of(address.tag()), address);
    }
    assert_eq!(Address { slot, attempt, request }.tag(), u64::MAX);
}
