//! A model to try the engine with: a graph.

use crate::Searchable;
use stateright::{Model, Property};
use std::sync::Arc;

/// A graph of numbered nodes, of which the search begins at the first.
#[derive(Clone, Default)]
pub(crate) struct Graph {
    /// For each node those to which it leads; nothing where an action leads nowhere.
    pub(crate) edges: Vec<Vec<Option<u64>>>,
    /// The nodes that violate the one property, and those that violate the other.
    pub(crate) bad: [Vec<u64>; 2],
    /// The nodes beyond the boundary.
    pub(crate) beyond: Vec<u64>,
    /// A node at which a thread panics.
    pub(crate) panics_at: Option<u64>,
    /// What is called when a node is looked at.
    pub(crate) looks: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

/// The names of its properties.
pub(crate) const NAMES: [&str; 2] = ["good", "fine"];

impl Model for Graph {
    type State = u64;
    type Action = usize;

    fn init_states(&self) -> Vec<u64> {
        vec![0]
    }

    fn actions(&self, state: &u64, actions: &mut Vec<usize>) {
        assert!(self.panics_at != Some(*state), "a thread panics");
        self.looks.iter().for_each(|looks| looks(*state));
        actions.extend(0..self.edges[*state as usize].len());
    }

    fn next_state(&self, last: &u64, action: usize) -> Option<u64> {
        self.edges[*last as usize][action]
    }

    fn properties(&self) -> Vec<Property<Graph>> {
        vec![
            Property::always(NAMES[0], |graph: &Graph, state| !graph.bad[0].contains(state)),
            Property::always(NAMES[1], |graph: &Graph, state| !graph.bad[1].contains(state)),
        ]
    }

    fn within_boundary(&self, state: &u64) -> bool {
        !self.beyond.contains(state)
    }
}

impl Searchable for Graph {
    /// Mixed, so that they are anywhere.
    fn fingerprint(state: &u64) -> u64 {
        (state + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}
