//! Making a failure short: delta debugging over its actions [Zeller02 §3].
//!
//! Parts of the run are left out, larger ones first, and what is left is run again. An action that can no
//! longer happen, because the message it delivers was never sent, is skipped; requests are numbered anew. If
//! the same property still fails, the part was not needed. It ends when no single action can be left out.
//! The result is no shortest run, but each of its actions is needed.

use super::episode::Episode;
use super::{Checks, Failure};
use quorate_cluster::{Action, Setting};
use quorate_spec::{StepCheck, Violation};

/// The same failure with fewer actions, found with the same second opinion.
pub fn minimise(failure: &Failure, opinion: Option<&dyn StepCheck>) -> Failure {
    let mut shortest = failure.clone();
    let mut parts = 2;
    while shortest.actions.len() > 1 {
        let length = shortest.actions.len().div_ceil(parts);
        let starts = (0..shortest.actions.len()).step_by(length);
        // From the end: what happened late is needed least often, and its absence changes least.
        let shorter = starts.rev().find_map(|start| {
            let end = (start + length).min(shortest.actions.len());
            let kept = shortest.actions[..start].iter().chain(&shortest.actions[end..]);
            fails_still(&shortest, &kept.cloned().collect::<Vec<Action>>(), opinion)
        });
        match shorter {
            Some(shorter) => {
                shortest = shorter;
                parts = (parts - 1).max(2);
            }
            None if length == 1 => break,
            None => parts = (parts * 2).min(shortest.actions.len()),
        }
    }
    shortest
}

/// Runs these actions, as far as they can happen. The failure, if it is of the same property and shorter.
fn fails_still(
    failure: &Failure,
    actions: &[Action],
    opinion: Option<&dyn StepCheck>,
) -> Option<Failure> {
    let (happened, violation) = run(failure.setting, actions, opinion);
    let violation = violation.filter(|found| found.property == failure.violation.property)?;
    let is_shorter = happened.len() < failure.actions.len();
    is_shorter.then(|| Failure { violation, actions: happened, ..failure.clone() })
}

/// Runs actions as far as they can happen, with every check. Which happened, and what failed.
fn run(
    setting: Setting,
    actions: &[Action],
    opinion: Option<&dyn StepCheck>,
) -> (Vec<Action>, Option<Violation>) {
    let mut episode = Episode::begin(setting, Checks::All, opinion);
    let mut violation = None;
    for action in actions {
        let Some(action) = possible_now(&episode, action) else { continue };
        if let Err(found) = episode.perform(action) {
            violation = Some(found);
            break;
        }
    }
    let violation = violation.or_else(|| episode.end().err());
    (episode.into_actions(), violation)
}

/// The action with its requests numbered for now, if it can happen now.
fn possible_now(episode: &Episode<'_>, action: &Action) -> Option<Action> {
    let cluster = &episode.cluster;
    let arrives = |envelope| cluster.network.carries(envelope) && !cluster.network.is_cut(envelope);
    let unfinished = |server| cluster.server(server).map_or(0, |s| s.disk.unfinished.len());
    let can_happen = match action {
        Action::Deliver(envelope) | Action::Duplicate(envelope) => arrives(envelope),
        Action::Drop(envelope) => cluster.network.carries(envelope),
        Action::Sync { server, count } => *count <= unfinished(*server),
        Action::Crash { server, keep } => *keep <= unfinished(*server),
        Action::ElectionTimeout(_)
        | Action::HeartbeatTimeout(_)
        | Action::Propose { .. }
        | Action::Read { .. }
        | Action::Cut { .. }
        | Action::Heal
        | Action::Wipe(_) => true,
    };
    let next = cluster.next_request();
    can_happen.then(|| match action.clone() {
        Action::Propose { server, .. } => Action::Propose { server, requests: vec![next] },
        Action::Read { server, .. } => Action::Read { server, request: next },
        other => other,
    })
}
