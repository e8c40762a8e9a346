//! What the threads of one server share: its mailbox, its status, and the seat of its driver.
//!
//! Everything that can happen to a server goes through one mailbox, [`Arrivals`]. Messages and requests have
//! bounds, because others decide how many there are. The rest is a fixed number of fields: completions are a
//! count, and of each timer only the newest ring can mean anything.
//!
//! The driver is what steps the core. It has a thread of its own, and a [`Seat`] in which any thread can work in its place:
//! who brings a message, a request or word of the disk while nothing goes on takes the seat for one batch. That spares two
//! changes of thread for each. Whatever ends a server ends it on the driver's own thread.

use crate::clock::{Bell, Timer};
use crate::config::Limits;
use crate::driver::Drive;
use crate::error::Error;
use crate::figures::DiskFigures;
use crate::log_thread::panic_text;
use crate::machine::StateMachine;
use crate::mailbox::{Closed, Content, Mailbox};
use crate::notices::{Notice, Notices};
use crate::request::Request;
use crate::status::{Queues, Status};
use crate::sync::{Condvar, Mutex};
use crate::transport::Inbox;
use quorate_core::Envelope;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the threads of one server share.
pub(crate) struct Shared<M: StateMachine> {
    pub(crate) arrivals: Mailbox<Arrivals<M>>,
    pub(crate) limits: Limits,
    seat: Mutex<Seat<M>>,
    published: Mutex<Published>,
    /// Told when the server has stopped, and when there are notices.
    changed: Condvar,
}

/// Where the driver works. Only who works on the mailbox takes the lock.
struct Seat<M: StateMachine> {
    /// Nothing before the server has started, and after it has stopped.
    driver: Option<Box<dyn Drive<M>>>,
    /// What the driver works on.
    arrivals: Arrivals<M>,
    /// Why the driver cannot go on.
    ended: Option<Arc<str>>,
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

impl<M: StateMachine> Arrivals<M> {
    /// Takes requests, the first ones first, until there are so many. Whether it took all.
    fn let_in(&mut self, requests: &mut Vec<Request<M>>, limit: usize) -> bool {
        let room = limit.saturating_sub(self.requests.len());
        self.requests.extend(requests.drain(..room.min(requests.len())));
        self.requests_refused += requests.len() as u64;
        requests.is_empty()
    }

    /// Takes messages, the first ones first, until there are so many, and counts the rest as lost.
    fn take_messages(&mut self, envelopes: &mut Vec<Envelope<M::Command>>, limit: usize) {
        let room = limit.saturating_sub(self.messages.len()).min(envelopes.len());
        self.messages.extend(envelopes.drain(..room));
        self.messages_lost += envelopes.len() as u64;
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
        let seat = Mutex::new(Seat { driver: None, arrivals: Arrivals::default(), ended: None });
        let published = Mutex::new(published);
        Shared { arrivals, limits, seat, published, changed: Condvar::new() }
    }

    /// Seats the driver.
    pub(crate) fn seat(&self, driver: Box<dyn Drive<M>>) {
        self.seat.lock().driver = Some(driver);
    }

    /// Takes the driver away, and what it was working on.
    pub(crate) fn unseat(&self) -> (Option<Box<dyn Drive<M>>>, Arrivals<M>) {
        let mut seat = self.seat.lock();
        (seat.driver.take(), mem::take(&mut seat.arrivals))
    }

    /// Lets the driver do one batch, on the thread of the caller, who works on the mailbox. Why it cannot go on, if so.
    pub(crate) fn drive(&self) -> Option<Arc<str>> {
        let mut seat = self.seat.lock();
        let Seat { driver, arrivals, ended } = &mut *seat;
        if let (Some(driver), None) = (driver, &ended) {
            self.arrivals.take_at_once(arrivals);
            let batch = catch_unwind(AssertUnwindSafe(|| driver.do_batch(arrivals)));
            *ended = match batch {
                Ok(ended) => ended,
                Err(panic) => {
                    Some(Arc::from(format!("it panicked: {}", panic_text(panic.as_ref()))))
                }
            };
        }
        ended.clone()
    }

    /// Puts something into the mailbox; and stands in for the driver if that waits and the caller may. One that holds a
    /// lock which the driver, the transport or the clock takes may not.
    fn bring<R>(
        &self,
        may_stand_in: bool,
        fill: impl FnOnce(&mut Arrivals<M>) -> R,
    ) -> Result<R, Closed> {
        if !may_stand_in {
            return self.arrivals.put(fill);
        }
        let (result, stands_in) = self.arrivals.put_and_stand_in(fill)?;
        if stands_in {
            let has_ended = self.drive().is_some();
            self.arrivals.hand_back(has_ended);
        }
        Ok(result)
    }

    /// Says what has become durable, how large the log is now, and what the log thread has counted; and stands in for the
    /// driver, unless there is more to write.
    pub(crate) fn report(&self, count: usize, disk: (u64, DiskFigures), is_done: bool) {
        // A driver that has stopped does not need to know.
        let _ = self.bring(is_done, |arrivals| {
            arrivals.persisted += count;
            arrivals.disk = Some(disk);
        });
    }

    /// Lets requests in, the first ones first, as far as there is room; what is not let in stays. Stands in for the
    /// driver if that waits and the caller may.
    ///
    /// # Errors
    /// Why not all were let in.
    pub(crate) fn submit(
        &self,
        requests: &mut Vec<Request<M>>,
        may_stand_in: bool,
    ) -> Result<(), Error> {
        let limit = self.limits.client_mailbox;
        let fitted = self.bring(may_stand_in, |arrivals| arrivals.let_in(requests, limit));
        match fitted {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Busy),
            Err(Closed) => Err(Error::Stopped { why: self.why_stopped() }),
        }
    }

    /// Where a transport puts messages.
    pub(crate) fn inbox(self: &Arc<Self>) -> Inbox<M::Command> {
        let shared = Arc::clone(self);
        let limit = self.limits.peer_mailbox;
        Inbox::new(move |envelopes, may_stand_in| {
            let taken =
                shared.bring(may_stand_in, |arrivals| arrivals.take_messages(envelopes, limit));
            envelopes.clear();
            taken.is_ok()
        })
    }

    /// What a clock rings.
    pub(crate) fn bell(self: &Arc<Self>) -> Bell {
        let shared = Arc::clone(self);
        Bell::new(move |timer, epoch| {
            // After the end nobody listens. The clock has a lock that the driver takes, so it does not stand in.
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
