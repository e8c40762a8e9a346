//! Clusters without messages, to ask properties of.
//!
//! A property reads a whole cluster, and a state is the numbers of its parts. To put a cluster together for each
//! question costs more than the answer; but one state that is looked at is much like the one before it. So the
//! cluster of the last question is kept, with the numbers of what it is made of, and only what differs is replaced;
//! and what was replaced is put aside, for it will be wanted again soon.

use super::model::FastModel;
use super::parts::Ghost;
use super::state::FastState;
use quorate_cluster::{Clients, Cluster, History, Network, Server};
use std::mem;
use std::sync::{Mutex, PoisonError};

/// Parts that have been replaced, with their numbers.
#[derive(Debug)]
struct Aside<T>(Vec<Option<(u32, T)>>);

impl<T> Aside<T> {
    /// Room for the last 2^`bits`, more or less.
    fn new(bits: u32) -> Aside<T> {
        Aside((0..1_u32 << bits).map(|_| None).collect())
    }

    /// Puts a part with its number aside, and in its place the one that is wanted, put aside earlier or made.
    fn replace(&mut self, part: &mut T, number: &mut u32, wanted: u32, make: impl FnOnce() -> T) {
        if *number == wanted {
            return;
        }
        let mask = self.0.len() - 1;
        let found = self.0[wanted as usize & mask].take_if(|(known, _)| *known == wanted);
        let new = found.map_or_else(make, |(_, new)| new);
        let old = mem::replace(part, new);
        self.0[*number as usize & mask] = Some((*number, old));
        *number = wanted;
    }
}

/// A cluster without messages, and the numbers of its parts.
#[derive(Debug)]
struct Silent<const N: usize> {
    nodes: [u32; N],
    ghost: u32,
    cluster: Cluster,
    /// Of all places: what nodes of different servers have in common is no number.
    servers: Aside<Server>,
    facts: Aside<(History, Clients)>,
}

/// The clusters of the last questions: one for each thread that asks.
#[derive(Debug)]
pub(super) struct SilentClusters<const N: usize>(Mutex<Vec<Box<Silent<N>>>>);

impl<const N: usize> Default for SilentClusters<N> {
    fn default() -> SilentClusters<N> {
        SilentClusters(Mutex::new(Vec::new()))
    }
}

impl<const N: usize> SilentClusters<N> {
    fn take(&self) -> Option<Box<Silent<N>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, silent: Box<Silent<N>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(silent);
    }
}

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// Asks something of the cluster that a state stands for, without the messages in flight.
    pub(super) fn ask_silent<T>(
        &self,
        state: &FastState<N, P>,
        ask: impl FnOnce(&Cluster) -> T,
    ) -> T {
        let mut silent = self.silent_clusters.take().unwrap_or_else(|| self.silent(state));
        self.replace_parts(&mut silent, state);
        let answer = ask(&silent.cluster);
        self.silent_clusters.put_back(silent);
        answer
    }

    /// The cluster that a state stands for, put together.
    fn silent(&self, state: &FastState<N, P>) -> Box<Silent<N>> {
        let mut cluster = self.cluster_of(state);
        cluster.network = Network::new(self.setting.network);
        let (servers, facts) = (Aside::new(12), Aside::new(10));
        Box::new(Silent { nodes: state.nodes, ghost: state.ghost, cluster, servers, facts })
    }

    /// Replaces the parts of a cluster that a state does not have.
    fn replace_parts(&self, silent: &mut Silent<N>, state: &FastState<N, P>) {
        let Silent { nodes, ghost, cluster, servers, facts } = silent;
        for ((server, number), node) in cluster.servers.iter_mut().zip(nodes).zip(state.nodes) {
            servers.replace(server, number, node, || self.nodes.get(node).node.clone());
        }
        if *ghost != state.ghost {
            let mut known = (mem::take(&mut cluster.history), mem::take(&mut cluster.clients));
            facts.replace(&mut known, ghost, state.ghost, || {
                let Ghost { history, clients, .. } = &self.ghosts.get(state.ghost).ghost;
                (history.clone(), clients.clone())
            });
            (cluster.history, cluster.clients) = known;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Aside;

    #[test]
    fn a_part_is_made_once_until_its_place_is_taken() {
        let mut aside = Aside::new(2);
        let (mut part, mut number) = ("made 1".to_owned(), 1);
        let mut made = Vec::new();
        // 5 and 1 have the same place, so of these two only the one that was replaced last is still there.
        for wanted in [1, 2, 1, 5, 2, 1, 5, 1, 2] {
            aside.replace(&mut part, &mut number, wanted, || {
                made.push(wanted);
                format!("made {wanted}")
            });
            assert_eq!((part.as_str(), number), (format!("made {wanted}").as_str(), wanted));
        }
        assert_eq!(made, [2, 5, 1]);
    }
}
