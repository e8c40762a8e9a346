//! What the check needs of a model, plain or fast.

use crate::Tracker;
use quorate_cluster::Action;
use quorate_search::Searchable;
use stateright::{Model, Path};
use std::hash::Hash;

/// A model of the closed system that the check can search.
pub(crate) trait Searched: Searchable + Model<State: Hash> {
    /// What the search keeps track of.
    fn tracker(&self) -> &Tracker;

    /// What a discovery of the search means: the property that is violated, and what happens in the closed
    /// system on the way there.
    fn blame(
        &self,
        discovered: &'static str,
        path: Path<Self::State, Self::Action>,
    ) -> (&'static str, Vec<Action>);
}
