//! Counterexamples: a path to a violation, in the notation.

use crate::Bounds;
use crate::symmetry::{self, SYMMETRY};
use quorate_cluster::{Action, Cluster, Setting};
use quorate_core::Renumber;
use quorate_spec::properties::PropertyInfo;
use quorate_spec::{
    FORMULAS, Refinement, StepCheck, Transition, describe, guarded, properties, script,
};

/// How a property is violated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counterexample {
    /// The property.
    pub property: &'static str,
    /// What was found, in words.
    pub why: String,
    /// The steps to it.
    pub steps: Vec<Step>,
    /// Whether no shorter one exists within the bounds.
    pub is_shortest: bool,
    /// A scenario that replays it.
    pub script: String,
}

/// One step of a counterexample.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The action, in the notation.
    pub action: String,
    /// What it did, in lines.
    pub did: Vec<String>,
}

impl Counterexample {
    /// Walks a path on the core, with a second opinion if there was one, and describes it.
    pub fn of_path(
        bounds: &Bounds,
        property: &'static str,
        actions: &[Action],
        is_shortest: bool,
        opinion: Option<&dyn StepCheck>,
    ) -> Counterexample {
        let setting = bounds.setting();
        let mut cluster = Cluster::new(&setting);
        let mut refinement = Refinement::new(&cluster);
        let info = properties::find(property);
        let mut why = String::new();
        let mut steps = Vec::new();
        for action in actions {
            let before = cluster.clone();
            let happening = match guarded(|| cluster.perform(&setting.parameters, action)) {
                Ok(Ok(happening)) => happening,
                Ok(Err(impossible)) => unreachable!("a path was explored: {impossible}"),
                Err(failed) => {
                    why = failed;
                    steps.push(Step { action: action.to_string(), did: Vec::new() });
                    break;
                }
            };
            let after = &cluster;
            let transition = Transition { before: &before, action, happening: &happening, after };
            steps.push(Step { action: action.to_string(), did: describe(&transition) });
            let beside = refinement.clone();
            let diverged = refinement.check_beside(&transition, opinion).err();
            let broken = match info {
                Some(info) => (info.step)(&transition).and_then(|()| (info.state)(after)).err(),
                None if property == SYMMETRY => asymmetry(&setting, &transition, &beside),
                None => diverged.filter(|v| v.property == property).map(|v| v.why),
            };
            if let Some(found) = broken {
                why = found;
                break;
            }
        }
        // What happens under other names, or what a second opinion is, no scenario can show.
        let expected = Some(property).filter(|property| ![SYMMETRY, FORMULAS].contains(property));
        let script = script(&setting, &actions[..steps.len()], expected);
        Counterexample { property, why, steps, is_shortest, script }
    }
}

/// How a step differs under other names for the servers, if it does.
fn asymmetry(
    setting: &Setting,
    transition: &Transition<'_>,
    beside: &Refinement,
) -> Option<String> {
    let checked: Vec<&PropertyInfo> = properties::PROPERTIES.iter().collect();
    let step = symmetry::Step {
        parameters: &setting.parameters,
        before: transition.before,
        action: transition.action,
        performed: Some((transition.after, transition.happening)),
        refinement: Some(beside),
        checked: &checked,
    };
    step.is_symmetric(Renumber::renumber).err()
}
