//! What the threads of one server share: its mailbox and its status, and nothing else.
//!
//! Everything that can happen to a server goes through one mailbox, [`Arrivals`]. Messages and requests have
//! bounds, because others decide how many there are. The rest is a fixed number of fields: completions are a
//! count, and of each timer only the newest ring can mean anything.

use crate::clock::{Bell, Timer};
use crate::config::Limits;
use crate::error::Error;
use crate::figures::DiskFigures;
use crate::machine::StateMachine;
use crate::mailbox::{Closed, Content, Mailbox};
use crate::notices::{Notice, Notices};
use crate::request::Request;
use crate::status::{Queues, Status};
use crate::sync::{Condvar, Mutex};
use crate::transport::Inbox;
use quorate_core::Envelope;
use std::sync::Arc;

/// What the threads of one server share.
pub(crate) struct Shared<M: StateMachine> {
    pub(crate) arrivals: Mailbox<Arrivals<M>>,
    pub(crate) limits: Limits,
    published: Mutex<Published>,
    /// Told when the server has stopped, and when there are notices.
    changed: Condvar,
}

/// What a server says of itself.
struct Published {
    status: Status,
    notices: Notices,
}

/// What has arrived at a server since its driver last looked.
pub(crate) struct Arrivals<M: StateMachine> {
    /// How many writes have become durable.
    pub(crate) persisted: usize,
    /// How large the log was after that, and what the log thread had counted.
    pub(crate) disk: Option<(u64, DiskFigures)>,
    /// Why the disk can no longer be relied on.
    pub(crate) failure: Option<Arc<str>>,
    /// Messages of other servers, in order of arrival.
    pub(crate) messages: Vec<Envelope<M::Command>>,
    /// How many more there were for which there was no room.
    pub(crate) messages_lost: u64,
    /// Requests of clients, in order of arrival.
    pub(crate) requests: Vec<Request<M>>,
    /// How many more there were for which there was no room.
    pub(crate) requests_refused: u64,
    /// For each timer, the greatest epoch with which it has rung.
    pub(crate) rings: [Option<u64>; Timer::COUNT],
    /// Whether the server is to shut down.
    pub(crate) shutdown: bool,
}

impl<M: StateMachine> Default for Arrivals<M> {
    fn default() -> Arrivals<M> {
        Arrivals {
            persisted: 0,
            disk: None,
            failure: None,
            messages: Vec::new(),
            messages_lost: 0,
            requests: Vec::new(),
            requests_refused: 0,
            rings: [None; Timer::COUNT],
            shutdown: false,
        }
    }
}

impl<M: StateMachine> Content for Arrivals<M> {
    fn is_empty(&self) -> bool {
        // The figures of the log and the numbers of what was lost or refused wake nobody.
        self.persisted == 0
            && self.failure.is_none()
            && self.messages.is_empty()
            && self.requests.is_empty()
            && self.rings.iter().all(Option::is_none)
            && !self.shutdown
    }
}

impl<M: StateMachine> Shared<M> {
    pub(crate) fn new(limits: Limits, status: Status) -> Shared<M> {
        let arrivals = Mailbox::new();
        let published = Published { status, notices: Notices::default() };
        Shared { arrivals, limits, published: Mutex::new(published), changed: Condvar::new() }
    }

    /// Lets requests in, the first ones first, as far as there is room. What is not let in stays.
    ///
    /// # Errors
    /// Why not all were let in.
    pub(crate) fn submit(&self, requests: &mut Vec<Request<M>>) -> Result<(), Error> {
        let fitted = self.arrivals.put(|arrivals| {
            let room = self.limits.client_mailbox.saturating_sub(arrivals.requests.len());
            arrivals.requests.extend(requests.drain(..room.min(requests.len())));
            arrivals.requests_refused += requests.len() as u64;
            requests.is_empty()
        });
        match fitted {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Busy),
            Err(Closed) => Err(Error::Stopped { why: self.why_stopped() }),
        }
    }

    /// Where a transport puts messages.
    pub(crate) fn inbox(self: &Arc<Self>) -> Inbox<M::Command> {
        let shared = Arc::clone(self);
        Inbox::new(move |envelopes| {
            let room_for = shared.limits.peer_mailbox;
            let taken = shared.arrivals.put(|arrivals| {
                let room = room_for.saturating_sub(arrivals.messages.len()).min(envelopes.len());
                arrivals.messages.extend(envelopes.drain(..room));
                arrivals.messages_lost += envelopes.len() as u64;
            });
            envelopes.clear();
            taken.is_ok()
        })
    }

    /// What a clock rings.
    pub(crate) fn bell(self: &Arc<Self>) -> Bell {
        let shared = Arc::clone(self);
        Bell::new(move |timer, epoch| {
            // After the end nobody listens.
            let _ = shared.arrivals.put(|arrivals| {
                let newest = &mut arrivals.rings[timer as usize];
                *newest = (*newest).max(Some(epoch));
            });
        })
    }

    /// The status, copied.
    pub(crate) fn status(&self) -> Status {
        self.published.lock().status.clone()
    }

    /// Changes the status.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.published.lock().status);
    }

    /// Changes the status, and puts notices in, which it takes out of the vector.
    pub(crate) fn publish_with(&self, notices: &mut Vec<Notice>, change: impl FnOnce(&mut Status)) {
        let mut published = self.published.lock();
        change(&mut published.status);
        let has_news = published.notices.add(notices);
        drop(published);
        if has_news {
            self.changed.notify_all();
        }
    }

    /// Waits until there are notices, and takes them, with how many there were besides. None when the server
    /// has stopped and all have been taken.
    pub(crate) fn wait_notices(&self) -> Option<(Vec<Notice>, u64)> {
        let mut published = self.published.lock();
        while published.notices.is_empty() {
            if published.status.stopped.is_some() {
                return None;
            }
            published = self.changed.wait(published);
        }
        Some(published.notices.take())
    }

    /// What waits in the mailbox.
    pub(crate) fn queues(&self) -> Queues {
        self.arrivals.look(|arrivals| Queues {
            requests: arrivals.requests.len(),
            messages: arrivals.messages.len(),
        })
    }

    /// Says that the server has stopped, and lets nothing more in.
    pub(crate) fn stop(&self, why: &Arc<str>) {
        self.publish(|status| status.stopped = Some(Arc::clone(why)));
        self.arrivals.close();
        self.changed.notify_all();
    }

    /// Waits until the server has stopped; why it has.
    pub(crate) fn wait_stopped(&self) -> Arc<str> {
        let mut published = self.published.lock();
        loop {
            if let Some(why) = &published.status.stopped {
                return Arc::clone(why);
            }
            published = self.changed.wait(published);
        }
    }

    fn why_stopped(&self) -> Arc<str> {
        // The reason is there before the mailbox is closed.
        let stopped = self.published.lock().status.stopped.clone();
        stopped.unwrap_or_else(|| Arc::from("it is stopping"))
    }
}
