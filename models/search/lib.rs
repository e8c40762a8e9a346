//! The engine of a search that goes depth first.
//!
//! It does what `stateright` does with its own engine, for any of its models all of whose properties are to hold always:
//! it looks once at every state that can be reached, and asks of each whether the properties hold. Tests compare both
//! on random models. What differs is what a search costs that reaches a hundred million states:
//!
//! - What is remembered of a state that has been reached is eight bytes, in a place that is found with one look at
//!   memory and no lock. The looks of all states to which one state leads go together (`fingerprints`).
//! - The way to a state is written down once for all states that branch off from it (`worker`).
//! - What threads have in common they come back to every some thousand states, not with each (`worker`, `market`).
//!
//! # Reading order
//! `fingerprints` (what has been reached), `worker` (what one thread does), `market` (how threads share work). `sync` is
//! how loom gets to see all that.

mod fingerprints;
mod market;
#[cfg(all(test, quorate_loom))]
mod orders;
mod sync;
#[cfg(all(test, not(quorate_loom)))]
mod tests;
#[cfg(test)]
mod toy;
mod worker;

use fingerprints::Fingerprints;
use market::Market;
use stateright::{Checker, Expectation, Model, Path, Property};
use std::collections::BTreeMap;
use std::thread::{self, JoinHandle};
use sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering, whole};
use worker::{Job, Pending, Worker};

/// A model that the engine can search.
pub trait Searchable:
    Model<State: Clone + PartialEq + Send + Sync, Action: Clone + PartialEq + Send + Sync>
    + Send
    + Sync
    + 'static
{
    /// A number that stands for a state in the search. Equal states have the same; of two states that have the same
    /// only one is looked at. They must be spread evenly over all 64-bit numbers, as hashes are.
    fn fingerprint(state: &Self::State) -> u64;
}

/// Each violated property, and what happens on the way to a state that violates it.
type Violations<M> = BTreeMap<&'static str, Vec<<M as Model>::Action>>;

/// A search, shared by its threads.
struct Search<M: Searchable> {
    model: M,
    threads: usize,
    seen: Fingerprints,
    market: Market<Job<M>>,
    violations: Mutex<Violations<M>>,
    generated: AtomicU64,
    depth: AtomicU64,
}

impl<M: Searchable> Search<M> {
    fn new(model: M, threads: usize, seen: Fingerprints) -> Search<M> {
        let always = |property: &Property<M>| property.expectation == Expectation::Always;
        assert!(model.properties().iter().all(always), "every property is to hold always");
        let [first] = <[M::State; 1]>::try_from(model.init_states())
            .unwrap_or_else(|all| panic!("one first state is needed, and there are {}", all.len()));
        seen.hold().insert(M::fingerprint(&first));
        seen.note(1);
        let job = Job { way: Vec::new(), pending: vec![Pending { state: first, from: None }] };
        Search {
            model,
            threads,
            seen,
            market: Market::new(threads, vec![job]),
            violations: Mutex::new(Violations::<M>::new()),
            generated: AtomicU64::new(1),
            depth: AtomicU64::new(0),
        }
    }

    fn violations(&self) -> MutexGuard<'_, Violations<M>> {
        whole(self.violations.lock())
    }

    fn note(&self, generated: u64, depth: u64) {
        self.generated.fetch_add(generated, Ordering::Relaxed);
        self.depth.fetch_max(depth, Ordering::Relaxed);
    }
}

/// A depth-first search under way.
///
/// It ends by itself: when every state has been looked at, when a property is violated, or when one of its threads
/// panics. Which of these it was, whoever began it must ask: [`Checker::discoveries`], and the threads
/// ([`Checker::handles`]).
pub struct DepthFirst<M: Searchable> {
    search: Arc<Search<M>>,
    threads: Vec<JoinHandle<()>>,
}

impl<M: Searchable> DepthFirst<M> {
    /// Begins to search, with so many threads.
    ///
    /// # Panics
    /// When there are no threads, when the model has another number of first states than one, when a property need not
    /// hold always, and when the system has no thread to give.
    pub fn spawn(model: M, threads: usize) -> DepthFirst<M> {
        assert!(threads > 0, "one thread or more");
        let search = Arc::new(Search::new(model, threads, Fingerprints::new()));
        let spawn = |number| {
            let search = Arc::clone(&search);
            let thread = thread::Builder::new().name(format!("search-{number}"));
            thread.spawn(|| Worker::new(search).work()).expect("the system has a thread to give")
        };
        let threads = (0..threads).map(spawn).collect();
        DepthFirst { search, threads }
    }
}

impl<M: Searchable> Checker<M> for DepthFirst<M> {
    fn model(&self) -> &M {
        &self.search.model
    }

    /// How many states have been generated, known ones too.
    fn state_count(&self) -> usize {
        self.search.generated.load(Ordering::Relaxed) as usize
    }

    fn unique_state_count(&self) -> usize {
        self.search.seen.count() as usize
    }

    /// The number of states on the longest way, the first included.
    fn max_depth(&self) -> usize {
        self.search.depth.load(Ordering::Relaxed) as usize + 1
    }

    #[allow(clippy::disallowed_types, reason = "it is what stateright's checkers return")]
    fn discoveries(&self) -> std::collections::HashMap<&'static str, Path<M::State, M::Action>> {
        let path = |(name, actions): (&&'static str, &Vec<M::Action>)| {
            let first = self.search.model.init_states().pop().expect("it began there");
            let path = Path::from_actions(&self.search.model, first, actions);
            (*name, path.expect("what was found can be walked again"))
        };
        self.search.violations().iter().map(path).collect()
    }

    fn handles(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.threads)
    }

    fn is_done(&self) -> bool {
        self.search.market.is_closed()
    }
}
