//! What a discovery of a search means: which property fails, and what happens on the way there.

use super::model::{FastAction, FastModel};
use super::state::FastState;
use crate::moves::{Move, make_move};
use crate::searched::Searched;
use crate::{SYMMETRY, Tracker};
use quorate_cluster::{Action, Cluster};
use quorate_search::Searchable;
use quorate_spec::ASSERTIONS;
use stateright::Path;

impl<const N: usize, const P: usize> Searchable for FastModel<N, P> {
    fn fingerprint(state: &FastState<N, P>) -> u64 {
        state.fingerprint()
    }
}

impl<const N: usize, const P: usize> Searched for FastModel<N, P> {
    fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// Walks the path on whole clusters: the first property that fails there is the one to blame.
    fn blame(
        &self,
        _: &'static str,
        path: Path<FastState<N, P>, FastAction>,
    ) -> (&'static str, Vec<Action>) {
        let mut cluster = Cluster::new(&self.setting);
        let mut refinement = self.first_ghost(&cluster).refinement;
        let mut actions = Vec::new();
        let mut marked = None;
        for (state, action) in path.into_vec() {
            marked = state.violated;
            let Some(action) = action.map(|action| self.action_of(&state, action)) else { break };
            let parameters = &self.setting.parameters;
            let made = make_move(cluster.clone(), parameters, self.bounds.sync, action);
            let Move { done, failed } =
                made.expect("what dropped messages leave out is never needed");
            for done in done {
                actions.push(done.action.clone());
                let transition = done.transition();
                let broken = self.checked.iter().find(|property| {
                    let step = (property.step)(&transition);
                    step.and_then(|()| (property.state)(&done.after)).is_err()
                });
                if let Some(property) = broken {
                    return (property.name, actions);
                }
                let diverged = refinement.as_mut().and_then(|beside| {
                    beside.check_beside(&transition, self.opinion.as_deref()).err()
                });
                if let Some(violation) = diverged {
                    return (violation.property, actions);
                }
                cluster = done.after;
            }
            if let Some((_, failed)) = failed {
                actions.push(failed);
                return (ASSERTIONS, actions);
            }
        }
        // That a step does something else under other names is no property of the step itself.
        if marked == Some(SYMMETRY) {
            return (SYMMETRY, actions);
        }
        unreachable!("the fast model reports a violation that whole clusters do not show")
    }
}
