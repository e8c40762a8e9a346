//! Telling what happens to a server while it runs, a line each.
//!
//! What happens in elections is told as it happens, in the notation of the abstract protocol and of servers,
//! so that a line can be compared with what a check or a scenario prints. What builds up - a disk that does
//! not answer, a log that is full - is looked for.

use quorate_cluster::notation::Written;
use quorate_core::{Refusal, StepDown};
use quorate_net::peers;
use quorate_runtime::{Client, Notice};
use quorate_server::{Machine, Node};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a server is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// From when on a disk is called slow.
const SLOW: Duration = Duration::from_secs(1);
/// How often at most refused messages are told of.
const TELL: Duration = Duration::from_secs(10);

/// Tells what happens in elections, on a thread of its own, until the server has stopped.
pub(super) fn tell_notices(client: Client<Machine>) -> io::Result<()> {
    let mut refusals = Refusals::default();
    let tell = move || {
        while let Some((notices, lost)) = client.wait_notices() {
            notices.iter().for_each(|notice| tell_notice(notice, &mut refusals));
            if lost > 0 {
                tracing::warn!(lost, "more has happened than could be told");
            }
        }
    };
    thread::Builder::new().name("notices".into()).spawn(tell).map(|_| ())
}

/// Messages that were refused and not told of yet: whoever sends them decides how many there are.
#[derive(Default)]
struct Refusals {
    told: Option<Instant>,
    untold: u64,
}

fn tell_notice(notice: &Notice, refusals: &mut Refusals) {
    match notice {
        Notice::Performs(action) => tracing::info!("{}", Written(action)),
        Notice::Follows { term, leader: Some(leader) } => {
            tracing::info!("follower term={term} leader={leader}");
        }
        Notice::Follows { term, leader: None } => tracing::info!("follower term={term}"),
        Notice::SteppedDown { term, why: StepDown::HigherTerm } => {
            tracing::info!("stepped down, term={term}: a greater term exists");
        }
        Notice::SteppedDown { term, why: StepDown::MajoritySilent } => {
            tracing::warn!("stepped down, term={term}: no majority answers");
        }
        Notice::SteppedDown { term, why: StepDown::DiskHung } => {
            tracing::warn!("stepped down, term={term}: the disk does not finish a write");
        }
        Notice::Refused { from, why } => {
            refusals.untold += 1;
            if refusals.told.is_none_or(|told| told.elapsed() >= TELL) {
                let refused = std::mem::take(&mut refusals.untold);
                refusals.told = Some(Instant::now());
                let why = in_words(*why);
                tracing::warn!(refused, "refused a message that says it is from {from}: {why}");
            }
        }
    }
}

fn in_words(why: Refusal) -> &'static str {
    match why {
        Refusal::Misaddressed => "it is for another server, or from none that votes",
        Refusal::Malformed => "its fields contradict each other",
        Refusal::NeverRequested => "it answers what was never asked",
        Refusal::SecondLeader => "it claims to lead a term that has another leader",
        Refusal::ReplacesCommitted => "it would replace a committed entry",
    }
}

/// Tells what happens on the connections between servers.
pub(super) fn tell_connection(event: &peers::Event) {
    match event {
        peers::Event::Dialed { .. } | peers::Event::Accepted { .. } => tracing::info!("{event}"),
        peers::Event::CannotAccept { .. } => tracing::error!("{event}"),
        peers::Event::DialFailed { .. }
        | peers::Event::Lost { .. }
        | peers::Event::Ended { .. }
        | peers::Event::NotAdmitted { .. }
        | peers::Event::Unsendable { .. } => tracing::warn!("{event}"),
    }
}

/// Looks at a server until it is to stop or has stopped, and tells what has built up.
pub(super) fn watch(node: &Node, stop: &Receiver<()>, max_log_bytes: u64) {
    let (mut was_full, mut disk) = (false, Disk::new(Instant::now()));
    while stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let status = node.client().status();
        if let Some(why) = &status.stopped {
            tracing::error!("has stopped by itself: {why}");
            return;
        }
        let is_full = status.log_bytes >= max_log_bytes;
        if is_full && !was_full {
            let log_bytes = status.log_bytes;
            tracing::warn!(log_bytes, "the log has reached its limit: writes are refused");
        }
        was_full = is_full;
        let syncs = status.figures.disk.sync_latency.count();
        disk.look(syncs, status.unfinished_writes, Instant::now());
    }
}

/// Whether the disk answers.
struct Disk {
    /// How many batches it had made durable, and since when.
    syncs: u64,
    since: Instant,
    is_slow: bool,
}

impl Disk {
    fn new(now: Instant) -> Disk {
        Disk { syncs: 0, since: now, is_slow: false }
    }

    /// Takes in how many batches have become durable by now and how many writes the disk owes, and tells when
    /// it begins or ceases to be slow; whether it told.
    fn look(&mut self, syncs: u64, owes: usize, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.since);
        if syncs != self.syncs || owes == 0 {
            let was_slow = std::mem::replace(&mut self.is_slow, false);
            (self.syncs, self.since) = (syncs, now);
            if was_slow {
                tracing::info!("the disk goes on, after {:.1} s", waited.as_secs_f64());
            }
            return was_slow;
        }
        if waited < SLOW || self.is_slow {
            return false;
        }
        self.is_slow = true;
        tracing::warn!(
            "the disk is slow: {owes} writes have waited for {:.1} s",
            waited.as_secs_f64()
        );
        true
    }
}

#[test]
fn a_disk_is_slow_once_and_then_goes_on() {
    let begun = Instant::now();
    let at = |milliseconds| begun + Duration::from_millis(milliseconds);
    let mut disk = Disk::new(begun);
    // Idle for long, and then busy: that is not slow.
    assert!(!disk.look(0, 0, at(5_000)) && !disk.look(0, 3, at(5_900)));
    assert!(!disk.look(1, 2, at(6_500)) && !disk.look(1, 2, at(7_400)));
    assert!(disk.look(1, 2, at(7_600)), "a second has passed");
    assert!(!disk.look(1, 4, at(9_000)), "it has been told");
    assert!(disk.look(2, 1, at(9_500)) && !disk.look(2, 1, at(9_600)));
}
