//! How a run of requests gets its outcomes, wherever the leader is.
//!
//! The requests go to this server or to the one that is believed to lead. Only if all of them had no effect,
//! because the server asked does not lead, are they made again; when it is not known what became of one, it
//! is in doubt. If no leader is found within an election timeout, the client is told to try again.

use crate::links::Links;
use crate::machine::Machine;
use crate::packet::{Asks, Failure, Outcome};
use crate::run::Run;
use quorate_core::ServerId;
use quorate_runtime::Client;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait before asking again who leads.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a run waits for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For its outcomes.
    pub(crate) request: Duration,
    /// For a leader.
    pub(crate) leader: Duration,
}

/// One connection's way to the leader.
pub(crate) struct Asker {
    pub(crate) me: ServerId,
    pub(crate) client: Client<Machine>,
    pub(crate) links: Arc<Links>,
    pub(crate) patience: Patience,
    /// Who led when somebody last said so, if it was another server.
    pub(crate) leader: Option<ServerId>,
}

impl Asker {
    /// Makes all requests of a run, and waits for all outcomes, which come in the same order.
    pub(crate) fn ask(&mut self, asks: Asks) -> Vec<Outcome> {
        let begun = Instant::now();
        loop {
            let outcomes = self.ask_once(asks.clone(), begun + self.patience.request);
            let Some(hint) = refused_by_all(&outcomes) else {
                // Whoever gives no answer may be gone for long. Who leads now, the server of this process
                // will say.
                if outcomes.iter().any(is_without_answer) {
                    self.leader = None;
                }
                return outcomes;
            };
            let is_news = hint.is_some() && hint != self.leader;
            self.leader = hint.filter(|leader| *leader != self.me);
            if begun.elapsed() >= self.patience.leader {
                return outcomes;
            }
            if !is_news {
                thread::sleep(PAUSE);
            }
        }
    }

    fn ask_once(&self, asks: Asks, until: Instant) -> Vec<Outcome> {
        let run = Run::new(&asks);
        let left = || until.saturating_duration_since(Instant::now());
        let Some(leader) = self.leader else {
            run.submit(asks, &self.client);
            return run.wait(left());
        };
        if let Some(number) = self.links.forward(leader, asks, &run) {
            let outcomes = run.wait(left());
            self.links.forget(number);
            return outcomes;
        }
        // Nothing has left this server. Perhaps it knows of another leader by now.
        run.fail(&Failure::NotLeader(None));
        run.wait(Duration::ZERO)
    }
}

/// Whether it is not known what became of a request, or nobody answered it.
fn is_without_answer(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Failure::InDoubt | Failure::Unavailable(_)))
}

/// If no request had an effect because the server asked does not lead: whom it takes for the leader.
fn refused_by_all(outcomes: &[Outcome]) -> Option<Option<ServerId>> {
    let mut last = None;
    for outcome in outcomes {
        match outcome {
            Err(Failure::NotLeader(hint)) => last = Some(*hint),
            _ => return None,
        }
    }
    last
}
