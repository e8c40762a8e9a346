//! The check: a search, its limits, and its verdict.

use crate::fast::{FastModel, Tricks};
use crate::limits::{Limits, StopReason, Stopper, memory_used};
use crate::searched::Searched;
use crate::{Bounds, Counterexample, Counts, PlainModel, Tracker};
use quorate_cluster::{Action, ActionKind};
use quorate_search::DepthFirst;
use quorate_spec::{Exercised, StepCheck, witnesses};
use stateright::{Checker, HasDiscoveries};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// In which order states are explored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Search {
    /// Breadth first: more memory, short counterexamples.
    Bfs,
    /// Depth first: less memory, long counterexamples.
    Dfs,
}

/// How states are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As whole clusters: simple, and what the fast mode is compared with.
    Plain,
    /// As numbers of parts, without what can never matter again, and one for all that differ in the names of
    /// servers alone.
    Fast,
}

impl Mode {
    /// The name of this mode.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Plain => "plain",
            Mode::Fast => "fast",
        }
    }
}

/// How to search.
#[derive(Clone, Debug)]
pub struct Options {
    /// How states are told apart. Bounds that the fast mode cannot have are explored in plain mode:
    /// [`Bounds::why_plain`] says which.
    pub mode: Mode,
    /// Whether every step is done under all other names for the servers before the fast mode remembers it. The
    /// plain mode takes no state for another and has nothing to validate.
    pub validate: bool,
    /// In which order.
    pub search: Search,
    /// With how many threads.
    pub threads: usize,
    /// For violations of which property, or of those that speak [end to end](quorate_spec::properties::END_TO_END), or
    /// of any. A server whose assertion fails is reported always.
    pub property: Option<&'static str>,
    /// What may stop it early.
    pub limits: Limits,
    /// Stops it from outside.
    pub stopper: Stopper,
    /// The reachability witnesses that must be reached.
    pub required: &'static [&'static str],
    /// The counts that must be found.
    pub recorded: Option<Counts>,
    /// A second opinion on every abstract action, where steps are compared with the abstract protocol.
    pub opinion: Option<Arc<dyn StepCheck>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            mode: Mode::Fast,
            validate: false,
            search: Search::Dfs,
            threads: thread::available_parallelism().map_or(1, usize::from),
            property: None,
            limits: Limits::default(),
            stopper: Stopper::default(),
            required: &[],
            recorded: None,
            opinion: None,
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
    /// How many steps were done under every way to rename the servers: in a validating run, all that were
    /// remembered.
    pub validated: u64,
    /// The guards that were exercised, where steps were compared with the abstract protocol.
    pub exercised: Option<Exercised>,
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
    let begun = Instant::now();
    let mut found = explore(bounds, options, begun, false, watch);
    let counterexample = found.violation.take().map(|(property, actions)| {
        let (is_shortest, (property, actions)) = if options.finds_shortest() {
            (true, (property, actions))
        } else {
            let shortest = shorten(bounds, options, begun, watch);
            (shortest.is_some(), shortest.unwrap_or((property, actions)))
        };
        let opinion = options.opinion.as_deref();
        Box::new(Counterexample::of_path(bounds, property, &actions, is_shortest, opinion))
    });
    let reached: Vec<&'static str> =
        witnesses::in_set(found.witnesses).map(|witness| witness.name).collect();
    let missing: Vec<&'static str> =
        options.required.iter().copied().filter(|name| !reached.contains(name)).collect();
    let verdict = match (counterexample, found.stopped_by) {
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
        validated: found.validated,
        exercised: bounds.compares(options.property).then_some(found.exercised),
        reached,
        missing,
        elapsed: begun.elapsed(),
        memory: found.memory,
    }
}

impl Options {
    /// Whether a violation that this search finds first has no shorter way to it. One thread that goes
    /// breadth first takes states in the order of their distance; several overtake each other.
    fn finds_shortest(&self) -> bool {
        self.search == Search::Bfs && self.threads <= 1
    }
}

/// What one exploration found.
struct Found {
    /// A property, and the shortest path found to a violation of it.
    violation: Option<(&'static str, Vec<Action>)>,
    /// Why some states were not explored, if so.
    stopped_by: Option<StopReason>,
    counts: Counts,
    depth: u64,
    fired: [u64; ActionKind::COUNT],
    validated: u64,
    exercised: Exercised,
    witnesses: u64,
    memory: Option<u64>,
}

/// Finds a shortest path to a violation, if the time and the limits allow. Of all violations, so that it
/// does not depend on which one the search before happened to meet.
fn shorten(
    bounds: &Bounds,
    options: &Options,
    begun: Instant,
    watch: &mut dyn FnMut(&Progress),
) -> Option<(&'static str, Vec<Action>)> {
    let options = Options {
        search: Search::Bfs,
        threads: 1,
        limits: Limits { time: Some(SHORTENING.max(begun.elapsed())), ..options.limits },
        stopper: options.stopper.beside(),
        ..options.clone()
    };
    explore(bounds, &options, Instant::now(), true, watch).violation
}

/// Runs one search to its end, or until something stops it.
fn explore(
    bounds: &Bounds,
    options: &Options,
    begun: Instant,
    is_shortening: bool,
    watch: &mut dyn FnMut(&Progress),
) -> Found {
    let tracker = Tracker::new(options.stopper.clone());
    let mut look = Look { options, begun, is_shortening, watch };
    if bounds.mode(options.mode) == Mode::Plain {
        let model = PlainModel::new(*bounds, options.property, tracker);
        return look.search(model.with_opinion(options.opinion.clone()));
    }
    // Up to four servers every part has a key for each way to rename them; from five on, where there are many
    // ways, servers are sorted first.
    match bounds.servers {
        1 => look.search(fast_model::<1, 1>(bounds, options, tracker)),
        2 => look.search(fast_model::<2, 2>(bounds, options, tracker)),
        3 => look.search(fast_model::<3, 6>(bounds, options, tracker)),
        4 => look.search(fast_model::<4, 24>(bounds, options, tracker)),
        5 => look.search(fast_model::<5, 5>(bounds, options, tracker)),
        6 => look.search(fast_model::<6, 6>(bounds, options, tracker)),
        _ => look.search(fast_model::<7, 7>(bounds, options, tracker)),
    }
}

/// The fast model that these options ask for.
fn fast_model<const N: usize, const P: usize>(
    bounds: &Bounds,
    options: &Options,
    tracker: Tracker,
) -> FastModel<N, P> {
    let model = FastModel::new(*bounds, Tricks::ALL, options.property, tracker);
    let model = model.with_opinion(options.opinion.clone());
    if options.validate { model.validating() } else { model }
}

/// How a search is looked at while it runs.
struct Look<'a> {
    options: &'a Options,
    begun: Instant,
    is_shortening: bool,
    watch: &'a mut dyn FnMut(&Progress),
}

impl Look<'_> {
    /// Runs one search to its end, or until something stops it.
    fn search<M: Searched>(&mut self, model: M) -> Found {
        let threads = self.options.threads.max(1);
        match self.options.search {
            Search::Bfs => {
                let builder = model.checker().threads(threads);
                self.observe(builder.finish_when(HasDiscoveries::AnyFailures).spawn_bfs())
            }
            Search::Dfs => self.observe(DepthFirst::spawn(model, threads)),
        }
    }

    /// Watches a search until it ends, and stops it where a limit is reached.
    fn observe<M: Searched>(&mut self, mut checker: impl Checker<M>) -> Found {
        let options = self.options;
        let counts = |checker: &dyn Checker<M>| Counts {
            distinct: checker.unique_state_count() as u64,
            generated: checker.state_count() as u64,
        };
        let mut most_memory = memory_used();
        let threads = checker.handles();
        // What the engine itself calls done is not asked: a thread that still works may find something.
        loop {
            let is_finished = threads.iter().all(JoinHandle::is_finished);
            let memory = memory_used();
            most_memory = most_memory.max(memory);
            let progress = Progress {
                counts: counts(&checker),
                depth: (checker.max_depth() as u64).saturating_sub(1),
                memory,
                elapsed: self.begun.elapsed(),
                is_shortening: self.is_shortening,
            };
            (self.watch)(&progress);
            if is_finished {
                break;
            }
            options.stopper.heed_interrupt();
            if let Some(reason) = exceeded(&options.limits, &progress) {
                options.stopper.stop(reason);
            }
            thread::sleep(GLANCE);
        }
        let panicked = threads.into_iter().map(JoinHandle::join).filter(Result::is_err).count() > 0;
        let tracker = checker.model().tracker();
        let cut_by =
            tracker.is_cut().then(|| options.stopper.reason().unwrap_or(StopReason::Interrupted));
        let (fired, witnesses) = (tracker.fired(), tracker.seen());
        let (validated, exercised) = (tracker.validated(), tracker.exercised());
        tracker.end_search();
        Found {
            violation: first_violation(&checker),
            stopped_by: if panicked { Some(StopReason::Panicked) } else { cut_by },
            counts: counts(&checker),
            depth: (checker.max_depth() as u64).saturating_sub(1),
            fired,
            validated,
            exercised,
            witnesses,
            memory: most_memory,
        }
    }
}

/// Of the violations that a search found, the one with the shortest path; of several, the first to blame.
fn first_violation<M: Searched>(checker: &impl Checker<M>) -> Option<(&'static str, Vec<Action>)> {
    let found = checker.discoveries().into_iter();
    let found = found.map(|(name, path)| checker.model().blame(name, path));
    let blame = |name: &str| crate::property_names().position(|known| known == name);
    found.min_by_key(|(name, actions)| (actions.len(), blame(name)))
}

/// The limit that a search has reached, if any.
fn exceeded(limits: &Limits, progress: &Progress) -> Option<StopReason> {
    let time = limits.time.filter(|limit| progress.elapsed >= *limit).map(StopReason::Time);
    let states = limits.states.filter(|limit| progress.counts.distinct >= *limit);
    let memory = limits.memory.filter(|limit| progress.memory.is_some_and(|used| used >= *limit));
    time.or(states.map(StopReason::States)).or(memory.map(StopReason::Memory))
}
