//! Validating runs: whatever is remembered is first done under all other names.
//!
//! What a step does is found out once and then looked up, in states that differ from the one in which it was
//! found out and under other names for the servers. That names mean nothing is the one thing on which all of
//! that rests and which no comparison of counts shows. So in a validating run each step is done under every way
//! to rename the servers before it is remembered, whether the memory is that of nodes or that of facts.

use super::model::FastModel;
use super::refine::follows;
use crate::moves::Move;
use crate::symmetry::{SYMMETRY, Step};
use quorate_cluster::{Action, Cluster, Happening};
use quorate_spec::Refinement;

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// In a validating run, the violation that a move from these facts is if it does something else under other
    /// names.
    pub(super) fn asymmetry(&self, ghost: u32, made: &Move) -> Option<&'static str> {
        let rename = self.validates?;
        self.tracker.note_validated();
        let mut refinement = self.ghosts.get(ghost).ghost.refinement.clone();
        let is_symmetric = |step: &Step<'_>| step.is_symmetric(rename).is_ok();
        for done in &made.done {
            let performed = Some((&done.after, &done.happening));
            if !is_symmetric(&self.step(&done.before, &done.action, performed, refinement.as_ref()))
            {
                return Some(SYMMETRY);
            }
            // Whether it can is asked where the step is remembered.
            let _ = follows(refinement.as_mut(), &done.transition(), None);
        }
        let (before, action) = made.failed.as_ref()?;
        let is_alike = is_symmetric(&self.step(before, action, None, refinement.as_ref()));
        (!is_alike).then_some(SYMMETRY)
    }

    /// A step, and what is looked at beside it.
    fn step<'a>(
        &'a self,
        before: &'a Cluster,
        action: &'a Action,
        performed: Option<(&'a Cluster, &'a Happening)>,
        refinement: Option<&'a Refinement>,
    ) -> Step<'a> {
        let (parameters, checked) = (&self.setting.parameters, &self.checked[..]);
        Step { parameters, before, action, performed, refinement, checked }
    }
}
