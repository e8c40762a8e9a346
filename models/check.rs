//! The check: a search, its limits, and its verdict.

use crate::limits::{Limits, StopReason, Stopper, memory_used};
use crate::{Bounds, Counterexample, Counts, PlainModel};
use quorate_cluster::{Action, ActionKind};
use quorate_spec::witnesses::WITNESSES;
use stateright::{Checker, HasDiscoveries, Model};
use std::thread;
use std::time::{Duration, Instant};

/// In which order states are explored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Search {
    /// Breadth first: more memory, short counterexamples.
    Bfs,
    /// Depth first: less memory, long counterexamples.
    Dfs,
}

/// How to search.
#[derive(Clone, Debug)]
pub struct Options {
    /// In which order.
    pub search: Search,
    /// With how many threads.
    pub threads: usize,
    /// For violations of which property, or of any.
    pub property: Option<&'static str>,
    /// What may stop it early.
    pub limits: Limits,
    /// Stops it from outside.
    pub stopper: Stopper,
    /// The reachability witnesses that must be reached.
    pub required: &'static [&'static str],
    /// The counts that must be found.
    pub recorded: Option<Counts>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            search: Search::Bfs,
            threads: thread::available_parallelism().map_or(1, usize::from),
            property: None,
            limits: Limits::default(),
            stopper: Stopper::default(),
            required: &[],
            recorded: None,
        }
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Distinct and generated states so far.
    pub counts: Counts,
    /// The longest path so far.
    pub depth: u64,
    /// The memory that the process holds, in bytes, where the system tells.
    pub memory: Option<u64>,
    /// The time since the search began.
    pub elapsed: Duration,
    /// Whether the search is over and a found counterexample is being shortened.
    pub is_shortening: bool,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Distinct and generated states.
    pub counts: Counts,
    /// The longest path, in actions.
    pub depth: u64,
    /// How often actions of each kind led to a state, in the order of their declaration.
    pub fired: [u64; ActionKind::COUNT],
    /// The reachability witnesses that were reached.
    pub reached: Vec<&'static str>,
    /// The required ones that were not.
    pub missing: Vec<&'static str>,
    /// How long it took.
    pub elapsed: Duration,
    /// The most memory that the process held, in bytes, where the system tells.
    pub memory: Option<u64>,
}

/// The verdict of a search.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Every state within the bounds was explored, and every property holds in all of them.
    Exhausted,
    /// A property is violated.
    Violated(Box<Counterexample>),
    /// Everything was explored, and a required reachability witness never seen.
    Vacuous,
    /// Everything was explored, and the counts are not the recorded ones.
    CountChanged(Counts),
    /// Something stopped the search before its end.
    Incomplete(StopReason),
}

/// How often a running search is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// How long a counterexample may be shortened, at least; a search that took longer allows as long again.
const SHORTENING: Duration = Duration::from_secs(30);

/// Explores every state within the bounds. `watch` is told how far the search is, again and again.
pub fn check(bounds: &Bounds, options: &Options, watch: &mut dyn FnMut(&Progress)) -> Report {
    let quiet = QuietPanics::begin();
    let begun = Instant::now();
    let mut found = explore(bounds, options, begun, false, watch);
    let counterexample = found.violation.take().map(|(property, actions)| {
        let shortest = shorten(bounds, options, property, begun, watch);
        let is_shortest = shortest.is_some();
        let actions = shortest.unwrap_or(actions);
        Box::new(Counterexample::of_path(bounds, property, &actions, is_shortest))
    });
    drop(quiet);
    let is_reached = |name: &&str| {
        let place = WITNESSES.iter().position(|witness| witness.name == *name);
        place.is_some_and(|place| found.witnesses & (1 << place) != 0)
    };
    let names = || WITNESSES.iter().map(|witness| witness.name);
    let missing: Vec<&'static str> =
        options.required.iter().copied().filter(|name| !is_reached(name)).collect();
    let verdict = match (counterexample, options.stopper.reason()) {
        (Some(counterexample), _) => Verdict::Violated(counterexample),
        (None, Some(reason)) => Verdict::Incomplete(reason),
        (None, None) if !missing.is_empty() => Verdict::Vacuous,
        (None, None) => match options.recorded.filter(|recorded| *recorded != found.counts) {
            Some(recorded) => Verdict::CountChanged(recorded),
            None => Verdict::Exhausted,
        },
    };
    Report {
        verdict,
        counts: found.counts,
        depth: found.depth,
        fired: found.fired,
        reached: names().filter(is_reached).collect(),
        missing,
        elapsed: begun.elapsed(),
        memory: found.memory,
    }
}

/// What one exploration found.
struct Found {
    violation: Option<(&'static str, Vec<Action>)>,
    counts: Counts,
    depth: u64,
    fired: [u64; ActionKind::COUNT],
    witnesses: u64,
    memory: Option<u64>,
}

/// Finds a shortest path to a violation of a property, if the time and the limits allow.
fn shorten(
    bounds: &Bounds,
    options: &Options,
    property: &'static str,
    begun: Instant,
    watch: &mut dyn FnMut(&Progress),
) -> Option<Vec<Action>> {
    let options = Options {
        search: Search::Bfs,
        threads: 1,
        property: Some(property),
        limits: Limits { time: Some(SHORTENING.max(begun.elapsed() * 2)), ..options.limits },
        stopper: Stopper::beside(&options.stopper),
        ..options.clone()
    };
    explore(bounds, &options, Instant::now(), true, watch).violation.map(|(_, actions)| actions)
}

/// Runs one search to its end, or until something stops it.
fn explore(
    bounds: &Bounds,
    options: &Options,
    begun: Instant,
    is_shortening: bool,
    watch: &mut dyn FnMut(&Progress),
) -> Found {
    let model = PlainModel::new(*bounds, options.property, options.stopper.clone());
    let builder =
        model.checker().threads(options.threads.max(1)).finish_when(HasDiscoveries::AnyFailures);
    match options.search {
        Search::Bfs => observe(builder.spawn_bfs(), options, begun, is_shortening, watch),
        Search::Dfs => observe(builder.spawn_dfs(), options, begun, is_shortening, watch),
    }
}

/// Watches a search until it ends, and stops it where a limit is reached.
fn observe(
    checker: impl Checker<PlainModel>,
    options: &Options,
    begun: Instant,
    is_shortening: bool,
    watch: &mut dyn FnMut(&Progress),
) -> Found {
    let counts = |checker: &dyn Checker<PlainModel>| Counts {
        distinct: checker.unique_state_count() as u64,
        generated: checker.state_count() as u64,
    };
    let mut most_memory = memory_used();
    while !checker.is_done() {
        thread::sleep(GLANCE);
        let memory = memory_used();
        most_memory = most_memory.max(memory);
        let progress = Progress {
            counts: counts(&checker),
            depth: checker.max_depth() as u64,
            memory,
            elapsed: begun.elapsed(),
            is_shortening,
        };
        watch(&progress);
        options.stopper.heed_interrupt();
        if let Some(reason) = exceeded(&options.limits, &progress) {
            options.stopper.stop(reason);
        }
    }
    let checker = checker.join();
    let model = checker.model();
    let discovered =
        checker.discoveries().into_iter().min_by_key(|(_, path)| path.clone().into_vec().len());
    Found {
        counts: counts(&checker),
        depth: (checker.max_depth() as u64).saturating_sub(1),
        fired: model.fired(),
        witnesses: model.witnesses(),
        violation: discovered.map(|(name, path)| (name, path.into_actions())),
        memory: most_memory,
    }
}

/// The limit that a search has reached, if any.
fn exceeded(limits: &Limits, progress: &Progress) -> Option<StopReason> {
    let time = limits.time.filter(|limit| progress.elapsed >= *limit).map(StopReason::Time);
    let states = limits.states.filter(|limit| progress.counts.distinct >= *limit);
    let memory = limits.memory.filter(|limit| progress.memory.is_some_and(|used| used >= *limit));
    time.or(states.map(StopReason::States)).or(memory.map(StopReason::Memory))
}

/// While it lives, panics print nothing: a failed assertion of a server is a finding, not an accident.
struct QuietPanics;

impl QuietPanics {
    fn begin() -> QuietPanics {
        std::panic::set_hook(Box::new(|_| {}));
        QuietPanics
    }
}

impl Drop for QuietPanics {
    fn drop(&mut self) {
        drop(std::panic::take_hook());
    }
}
