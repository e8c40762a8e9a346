//! What one thread does: it takes the last of the states that it has still to look at, and puts those to which it leads
//! behind the others.
//!
//! So at any time the states that it has still to look at all branch off from the way to the last one that it looked at,
//! and that way is all that need be known of how they were reached.

use crate::fingerprints::Held;
use crate::sync::Arc;
use crate::{Search, Searchable};
use core::mem;
use stateright::Property;

/// How many states are looked at before others are told of it, and perhaps given some.
const STRETCH: usize = 1_500;

/// States to look at, and the way from which they branch off.
pub(crate) struct Job<M: Searchable> {
    /// What happened from the first state on.
    pub(crate) way: Vec<M::Action>,
    /// The states, those that branch off latest at the end.
    pub(crate) pending: Vec<Pending<M>>,
}

/// A state to look at.
pub(crate) struct Pending<M: Searchable> {
    pub(crate) state: M::State,
    /// How many actions of the way lead to where it branches off, and which one from there to it; nothing leads to
    /// the first state.
    pub(crate) from: Option<(usize, M::Action)>,
}

/// A thread at work.
pub(crate) struct Worker<M: Searchable> {
    search: Arc<Search<M>>,
    properties: Vec<Property<M>>,
    job: Job<M>,
    /// The actions of a state, and the fingerprints of the states to which they lead; kept for their memory alone.
    actions: Vec<M::Action>,
    fingerprints: Vec<u64>,
    untold: Untold,
}

/// What the other threads have not been told of yet.
#[derive(Default)]
struct Untold {
    generated: u64,
    new: u64,
    depth: u64,
}

impl<M: Searchable> Worker<M> {
    pub(crate) fn new(search: Arc<Search<M>>) -> Worker<M> {
        let properties = search.model.properties();
        let job = Job { way: Vec::new(), pending: Vec::new() };
        let (actions, fingerprints, untold) = (Vec::new(), Vec::new(), Untold::default());
        Worker { search, properties, job, actions, fingerprints, untold }
    }

    /// Works until there is no work any more, or the search is over.
    pub(crate) fn work(&mut self) {
        let search = Arc::clone(&self.search);
        while let Some(job) = search.market.wait() {
            self.job = job;
            while !self.job.pending.is_empty() {
                search.seen.make_room();
                self.stretch(&search, &search.seen.hold());
                self.tell();
                if search.market.is_closed() {
                    return;
                }
                self.share();
            }
        }
    }

    /// Looks at some states.
    fn stretch(&mut self, search: &Search<M>, seen: &Held<'_>) {
        let most_new = (search.seen.room() / search.threads).max(1) as u64;
        for _ in 0..STRETCH {
            if self.untold.new >= most_new {
                return;
            }
            let Some(Pending { state, from }) = self.job.pending.pop() else { return };
            let depth = match from {
                Some((shared, action)) => {
                    self.job.way.truncate(shared);
                    self.job.way.push(action);
                    shared + 1
                }
                None => 0,
            };
            self.untold.depth = self.untold.depth.max(depth as u64);
            if !self.holds(&state) {
                return;
            }
            self.expand(&search.model, seen, &state, depth);
        }
    }

    /// Puts the states to which a state leads behind the others, as far as nobody has reached them yet.
    fn expand(&mut self, model: &M, seen: &Held<'_>, state: &M::State, depth: usize) {
        let pending = &mut self.job.pending;
        let mut end = pending.len();
        model.actions(state, &mut self.actions);
        for action in self.actions.drain(..) {
            let next = model.next_state(state, action.clone());
            let Some(next) = next.filter(|next| model.within_boundary(next)) else { continue };
            self.fingerprints.push(M::fingerprint(&next));
            pending.push(Pending { state: next, from: Some((depth, action)) });
        }
        self.untold.generated += self.fingerprints.len() as u64;
        // Memory is slow to answer, but answers many questions at once.
        seen.look_at(&self.fingerprints);
        // Most have been reached before, and are not worth a move.
        for (place, fingerprint) in (end..).zip(self.fingerprints.drain(..)) {
            if seen.insert(fingerprint) {
                self.untold.new += 1;
                pending.swap(end, place);
                end += 1;
            }
        }
        pending.truncate(end);
    }

    /// Whether every property holds in a state. If not, that is noted, and the search is over.
    fn holds(&self, state: &M::State) -> bool {
        let model = &self.search.model;
        let violated = self.properties.iter().filter(|it| !(it.condition)(model, state));
        let mut violated = violated.peekable();
        if violated.peek().is_none() {
            return true;
        }
        let mut violations = self.search.violations();
        for property in violated {
            violations.entry(property.name).or_insert_with(|| self.job.way.clone());
        }
        drop(violations);
        self.search.market.close();
        false
    }

    /// Tells the others how far it is.
    fn tell(&mut self) {
        let Untold { generated, new, depth } = mem::take(&mut self.untold);
        self.search.seen.note(new);
        self.search.note(generated, depth);
    }

    /// Leaves every other state for another thread if one waits. Behind those that branch off first there may be most
    /// to come, or nothing that has not been reached.
    fn share(&mut self) {
        if self.job.pending.len() > 1 && self.search.market.wants() {
            let mut is_theirs = false;
            let every_other = |_: &mut Pending<M>| {
                is_theirs = !is_theirs;
                is_theirs
            };
            let pending = self.job.pending.extract_if(.., every_other).collect();
            self.search.market.leave(Job { way: self.job.way.clone(), pending });
        }
    }
}

impl<M: Searchable> Drop for Worker<M> {
    /// Whether it has ended well or panics, nobody waits for it any longer: when one ends, the search is over.
    fn drop(&mut self) {
        self.search.market.close();
    }
}
