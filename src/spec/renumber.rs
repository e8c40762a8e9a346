//! The abstract protocol with other names for its nodes.
//!
//! It knows its nodes by their names and treats all alike, as the core does its servers: the renamed action in
//! a renamed state leads to the renamed state. So an exhaustive check that looks at one of all states that
//! differ in names alone can carry the abstract state along. That it is so is checked in validating runs.

use crate::abstract_protocol::{Abstract, Leadership};
use crate::refinement::Refinement;
use quorate_core::{Names, Renumber};

impl<C: Clone> Renumber for Leadership<C> {
    fn renumber(&self, names: Names<'_>) -> Leadership<C> {
        Leadership {
            server: names(self.server),
            votes: self.votes.renumber(names),
            log: self.log.clone(),
        }
    }
}

impl<C: Clone> Renumber for Abstract<C> {
    fn renumber(&self, names: Names<'_>) -> Abstract<C> {
        let nodes = self.nodes.iter().map(|(server, node)| (names(*server), node.clone()));
        let voted = self.voted.iter();
        let voted = voted.map(|((term, voter), vote)| ((*term, names(*voter)), names(*vote)));
        let candidates = self.candidates.iter();
        let candidates = candidates.map(|((term, who), log)| ((*term, names(*who)), log.clone()));
        let leaders = self.leaders.iter().map(|(term, leader)| (*term, leader.renumber(names)));
        let acked = self.acked.iter();
        let acked = acked.map(|((term, server), index)| ((*term, names(*server)), *index));
        let chosen = self.chosen.iter().map(|(term, indices)| {
            let indices = indices.iter().map(|(index, by)| (*index, by.renumber(names)));
            (*term, indices.collect())
        });
        let applied = self.applied.iter();
        let applied = applied.map(|((server, index), by)| ((names(*server), *index), by.clone()));
        Abstract {
            configuration: self.configuration.renumber(names),
            nodes: nodes.collect(),
            voted: voted.collect(),
            candidates: candidates.collect(),
            leaders: leaders.collect(),
            acked: acked.collect(),
            chosen: chosen.collect(),
            applied: applied.collect(),
        }
    }
}

impl Renumber for Refinement {
    fn renumber(&self, names: Names<'_>) -> Refinement {
        Refinement { abstract_state: self.abstract_state.renumber(names) }
    }
}
