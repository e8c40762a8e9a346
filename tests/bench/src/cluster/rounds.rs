//! The rounds of a load: in each, every system has its turn with every number of clients.
//!
//! What happens on the machine meanwhile hits all of them alike, and a ratio compares what was measured within
//! seconds. Another system begins each round, for who comes after whom must not matter either.

use super::latency::Measured;
use super::limit::Logs;
use super::load::{Sample, Until, Work, fill, run};
use super::plan::Plan;
use super::progress::Progress;
use super::servers::Servers;
use super::systems::{Kind, Timing};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How many clients ask at a time.
pub(super) const CLIENTS: [usize; 3] = [1, 64, 256];
/// How long clients write in each round.
const WRITING: Duration = Duration::from_millis(1_500);
/// How long they read.
const READING: Duration = Duration::from_millis(1_000);
/// How long the logs alone are written to.
const ALONE: Duration = Duration::from_millis(700);
/// How long everybody rests before each turn, so that what one leaves behind does not burden the next.
const REST: Duration = Duration::from_millis(200);
/// How often a turn is tried that something disturbs, such as an election.
const TRIES: usize = 3;

/// A system after the rounds.
pub(super) struct Subject {
    /// Which.
    pub(super) kind: Kind,
    /// The memory that each server holds, in MiB; or why there are no figures of this system.
    pub(super) memory: Result<Vec<f64>, String>,
    /// What was measured.
    pub(super) turns: Turns,
}

/// What a system did in its turns.
#[derive(Default)]
pub(super) struct Turns {
    /// For each number of clients what writing and what reading ones measured, one of each a round.
    pub(super) samples: [[Vec<Sample>; 2]; CLIENTS.len()],
    /// What disturbed turns that were tried again.
    pub(super) disturbed: Vec<String>,
}

/// What was measured in all rounds.
pub(super) struct Rounds {
    /// The systems.
    pub(super) subjects: Vec<Subject>,
    /// For each number of clients what the logs alone did with as many writes waiting, one a round; nothing if
    /// nobody wanted to know.
    pub(super) limit: Option<Result<[Vec<Measured>; CLIENTS.len()], String>>,
}

/// How long all rounds take about, in seconds.
pub(super) fn estimate(plan: &Plan) -> f64 {
    let turn = WRITING + READING + 2 * REST;
    let systems = plan.systems().count() as f64 * turn.as_secs_f64();
    let limit = if plan.has_limit { ALONE.as_secs_f64() } else { 0.0 };
    plan.rounds as f64 * CLIENTS.len() as f64 * (systems + limit)
}

/// Starts all systems and lets them work.
pub(super) fn measure(plan: &Plan, directory: &Path, progress: &mut Progress) -> Rounds {
    let start = |kind: Kind| {
        let servers = Servers::start(kind, Timing::Default, directory);
        (kind, servers.and_then(|servers| fill(&servers).map(|()| servers)), Turns::default())
    };
    let mut systems: Vec<_> = plan.systems().map(start).collect();
    let mut limit = plan.has_limit.then(|| Logs::start(&directory.join("alone")));
    let mut alone: [Vec<Measured>; CLIENTS.len()] = Default::default();
    let seconds = estimate(plan) / (plan.rounds * CLIENTS.len()) as f64;
    for round in 0..plan.rounds {
        for (at, clients) in CLIENTS.into_iter().enumerate() {
            let name = format!("load, round {} of {}, {clients} at a time", round + 1, plan.rounds);
            progress.step(&name, seconds);
            if let Some(Ok(logs)) = &mut limit {
                match logs.run(clients, ALONE) {
                    Ok(measured) => alone[at].push(measured),
                    Err(why) => limit = Some(Err(why)),
                }
            }
            for turn in 0..systems.len() {
                let turn = (turn + round) % systems.len();
                let (_, system, turns) = &mut systems[turn];
                if let Ok(servers) = system
                    && let Err(why) = turns.take(servers, at)
                {
                    *system = Err(why);
                }
            }
        }
    }
    let subject = |(kind, system, turns): (Kind, Result<Servers, String>, Turns)| {
        let memory = system.and_then(|servers| servers.memory());
        Subject { kind, memory, turns }
    };
    let subjects = systems.into_iter().map(subject).collect();
    Rounds { subjects, limit: limit.map(|logs| logs.map(|_| alone)) }
}

impl Turns {
    /// Lets clients write, and then read.
    fn take(&mut self, servers: &Servers, at: usize) -> Result<(), String> {
        let clients = CLIENTS[at];
        for (work, time) in [(Work::Set, WRITING), (Work::Get, READING)] {
            let mut tries = 0;
            let sample = loop {
                thread::sleep(REST);
                tries += 1;
                match run(servers, clients, work, Until::Time(time)) {
                    Ok(sample) => break sample,
                    Err(why) if tries == TRIES => return Err(why),
                    Err(why) => {
                        let name = servers.kind.name();
                        self.disturbed.push(format!("{name}, {clients} clients, {work:?}: {why}"));
                    }
                }
            };
            self.samples[at][work as usize].push(sample);
        }
        Ok(())
    }
}
