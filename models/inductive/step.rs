//! One step, and everything that must hold after it.

use super::case::Case;
use quorate_cluster::{
    Action, ActionKind, Choices, Cluster, Command, Happening, NetworkKind, SyncGranularity,
};
use quorate_core::{Event, Message, RequestId};
use quorate_spec::{
    ASSERTIONS, Abstract, Exercised, Transition, Violation, coupled, coupled_server, facts_hold,
    guarded, refine,
};

/// The name of the property that the inductive invariant and the safety properties hold.
pub const INVARIANT: &str = "Invariant";

/// The kinds of steps.
pub const STEPS: [&str; 12] = [
    "election_timeout",
    "heartbeat_timeout",
    "sync",
    "crash",
    "propose",
    "read",
    "deliver RequestVote",
    "deliver VoteGranted",
    "deliver AppendEntries",
    "deliver AppendAccepted",
    "deliver AppendRejected",
    "deliver StaleTerm",
];

/// Where the kind of a step stands in the list of their names.
pub(super) const fn place(action: &Action) -> usize {
    match action {
        Action::ElectionTimeout(_) => 0,
        Action::HeartbeatTimeout(_) => 1,
        Action::Sync { .. } => 2,
        Action::Crash { .. } => 3,
        Action::Propose { .. } => 4,
        Action::Read { .. } => 5,
        Action::Deliver(envelope) | Action::Duplicate(envelope) | Action::Drop(envelope) => {
            match envelope.message {
                Message::RequestVote { .. } => 6,
                Message::VoteGranted => 7,
                Message::AppendEntries { .. } => 8,
                Message::AppendAccepted { .. } => 9,
                Message::AppendRejected { .. } => 10,
                Message::StaleTerm { .. } => 11,
            }
        }
        // What the network and wiped disks do is no step of the protocol; none of these is offered.
        Action::Cut { .. } | Action::Heal | Action::Wipe(_) => 3,
    }
}

/// Everything that can happen in a state: to each server whatever can happen without a message, and the arrival
/// of every message that is true.
pub fn actions(case: &Case) -> Vec<Action> {
    let mut choices = Choices::all();
    choices.sync = SyncGranularity::AnyPrefix;
    choices.offer(ActionKind::Deliver, false);
    let mut all = Vec::new();
    case.cluster.possible_actions(&choices, &mut all);
    let RequestId(next) = case.cluster.next_request();
    // Two commands at once are one write.
    all.extend(case.setting.ids().map(|server| Action::Propose {
        server,
        requests: vec![RequestId(next), RequestId(next + 1)],
    }));
    all.extend(case.messages.iter().cloned().map(Action::Deliver));
    all
}

/// What an action did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Looked {
    /// What happened.
    pub happening: Happening,
    /// Whether a server changed.
    pub changed: bool,
    /// The guards that it exercised.
    pub exercised: Exercised,
}

/// Lets an action happen once, and says what it did.
///
/// # Errors
/// What does not hold after it.
pub fn look_at(case: &Case, action: &Action, without: Option<&str>) -> Result<Looked, Violation> {
    debug_assert!(case.setting.network == NetworkKind::Facts, "what arrives stays in flight");
    let mut before = case.cluster.clone();
    if let Action::Deliver(envelope) = action {
        before.network.send(envelope.clone());
    }
    let mut after = before.clone();
    let performed = guarded(|| after.perform(&case.setting.parameters, action))
        .map_err(|why| Violation { property: ASSERTIONS, why })?;
    let happening = match performed {
        Ok(happening) => happening,
        Err(impossible) => unreachable!("{action} was offered as possible: {impossible}"),
    };
    let transition = Transition { before: &before, action, happening: &happening, after: &after };
    let exercised = follow(case, &transition, without)?;
    let changed = before.servers != after.servers;
    Ok(Looked { happening, changed, exercised })
}

/// Follows a step with the abstract protocol, and says which guards it exercised. What it does not change need not be
/// looked at again: a lemma reads the history alone, a coupling predicate the history and one server, a fact the history.
fn follow(
    case: &Case,
    transition: &Transition<'_>,
    without: Option<&str>,
) -> Result<Exercised, Violation> {
    let mut histories = case.histories.clone();
    let exercised = refine(&mut histories, transition)?;
    if performs(transition.happening) && histories != case.histories {
        invariant_holds(&histories, without)?;
        facts_hold(&histories, transition.after)?;
        coupled(&histories, transition.after)?;
    } else {
        changed_servers(transition).try_for_each(|server| coupled_server(&histories, server))?;
    }
    Ok(exercised)
}

fn changed_servers<'a>(
    transition: &Transition<'a>,
) -> impl Iterator<Item = &'a quorate_cluster::Server> {
    let (before, after): (&'a Cluster, &'a Cluster) = (transition.before, transition.after);
    let both = before.servers.iter().zip(&after.servers);
    both.filter(|(before, after)| before != after).map(|(_, after)| after)
}

/// Whether something performed an abstract action.
fn performs(happening: &Happening) -> bool {
    let events = happening.step.iter().flat_map(|step| &step.effects.events);
    let mut events = events.filter(|event| matches!(event, Event::Performed(_)));
    !happening.synced.is_empty() || events.next().is_some()
}

/// Whether every lemma but one, and every safety property, holds.
fn invariant_holds(histories: &Abstract<Command>, without: Option<&str>) -> Result<(), Violation> {
    let violated = |why| Violation { property: INVARIANT, why };
    histories.check_safety().map_err(violated)?;
    histories
        .check_invariant_but(without)
        .map_err(|(lemma, found)| violated(format!("{lemma} does not hold: {found}")))
}
