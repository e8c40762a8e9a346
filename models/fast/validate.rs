//! Validating runs: whatever is remembered is first done under all other names.
//!
//! What a step does is found out once and then looked up, in states that differ from the one in which it was
//! found out and under other names for the servers. That names mean nothing is the one thing on which all of
//! that rests and which no comparison of counts shows. So in a validating run each step is done under every way
//! to rename the servers before it is remembered, whether the memory is that of nodes or that of facts.

use super::model::FastModel;
use super::parts::Ghost;
use crate::symmetry::{SYMMETRY, Step};
use quorate_cluster::{Action, Cluster, Happening};

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// In a validating run, the violation that a step is if it does something else under other names.
    pub(super) fn asymmetry(
        &self,
        ghost: u32,
        before: &Cluster,
        action: &Action,
        performed: Option<&(Cluster, Happening)>,
    ) -> Option<&'static str> {
        let rename = self.validates?;
        let Ghost { refinement, .. } = &self.ghosts.get(ghost).ghost;
        let step = Step {
            parameters: &self.setting.parameters,
            before,
            action,
            performed: performed.map(|(after, happening)| (after, happening)),
            refinement: refinement.as_ref(),
            checked: &self.checked,
        };
        self.tracker.note_validated();
        step.is_symmetric(rename).err().map(|_| SYMMETRY)
    }
}
