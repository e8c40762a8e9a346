//! Histories in which one lemma is broken, and nothing else.
//!
//! What is made up satisfies every lemma. To see what one lemma is good for, a few facts of such a history are
//! changed at random until that lemma is broken and every other one, with the safety properties, still holds.

use super::case::is_sound;
use super::choices::Choices;
use super::histories::paths;
use super::plan::Plan;
use quorate_cluster::{Command, Entry};
use quorate_core::{Index, LogPosition, Payload, ServerId, ServerSet, Term};
use quorate_spec::{Abstract, Leadership};

/// How often it is tried.
const ATTEMPTS: usize = 60;

/// The greatest number of facts that are changed.
const EDITS: usize = 4;

/// A history like this one in which the lemma is broken alone, if one is found.
pub(super) fn break_lemma(
    plan: &Plan,
    lemma: &str,
    sound: &Abstract<Command>,
    choices: &mut Choices,
) -> Option<Abstract<Command>> {
    let lemma = Abstract::<Command>::INVARIANT.into_iter().find(|known| known.name == lemma)?;
    if (lemma.holds)(sound).is_err() {
        return Some(sound.clone());
    }
    (0..ATTEMPTS).find_map(|_| {
        let mut state = sound.clone();
        for _ in 0..=choices.below(EDITS) {
            edit(plan, &mut state, choices);
        }
        let is_broken = (lemma.holds)(&state).is_err();
        (is_broken && is_sound(&state, Some(lemma.name))).then_some(state)
    })
}

/// Changes one fact.
fn edit(plan: &Plan, state: &mut Abstract<Command>, choices: &mut Choices) {
    let server = any_server(state, choices);
    let other = any_server(state, choices);
    let term = Term(choices.up_to(plan.terms - 1) + 1);
    let index = Index(choices.up_to(plan.logs - 1) + 1);
    match choices.below(11) {
        0 => {
            state.voted.insert((term, server), other);
        }
        1 => {
            state.voted.remove(&(term, server));
        }
        2 => {
            let log = any_log(plan, state, choices);
            state.candidates.insert((term, server), log);
        }
        3 => {
            state.candidates.remove(&(term, server));
        }
        4 => {
            let log = any_log(plan, state, choices);
            state.nodes.entry(server).and_modify(|node| node.log = log);
        }
        5 => {
            state.nodes.entry(server).and_modify(|node| node.term = term);
        }
        6 => {
            let votes = some_servers(state, choices);
            let log = any_log(plan, state, choices);
            state.leaders.entry(term).or_insert(Leadership { server, votes, log });
        }
        7 => edit_leader(plan, state, term, choices),
        8 => {
            state.acked.insert((term, server), index);
        }
        9 => {
            let by = some_servers(state, choices);
            state.chosen.entry(term).or_default().insert(index, by);
        }
        _ => {
            let log = any_log(plan, state, choices);
            let last = Index(choices.up_to(plan.logs - 1) + 1).max(index);
            let entry = usize::try_from(index.0 - 1).ok().and_then(|at| log.get(at)).cloned();
            if let Some(entry) = entry {
                let chooser = LogPosition { term, index: last };
                state.applied.entry((server, index)).or_default().insert(chooser, entry);
            }
        }
    }
}

/// Changes who leads a term, by whose votes, or with which log.
fn edit_leader(plan: &Plan, state: &mut Abstract<Command>, term: Term, choices: &mut Choices) {
    let (server, votes) = (any_server(state, choices), some_servers(state, choices));
    let log = any_log(plan, state, choices);
    let Some(leader) = state.leaders.get_mut(&term) else { return };
    match choices.below(3) {
        0 => leader.server = server,
        1 => leader.votes = votes,
        _ => leader.log = log,
    }
}

fn any_server(state: &Abstract<Command>, choices: &mut Choices) -> ServerId {
    let ids: Vec<ServerId> = state.configuration.voters().iter().collect();
    ids[choices.below(ids.len())]
}

fn some_servers(state: &Abstract<Command>, choices: &mut Choices) -> ServerSet {
    state.configuration.voters().iter().filter(|_| choices.often(60)).collect()
}

/// A path in the tree of logs, often with an entry that is changed or one too many.
fn any_log(plan: &Plan, state: &Abstract<Command>, choices: &mut Choices) -> Vec<Entry> {
    let paths = paths(state, Term(plan.terms));
    let mut log = paths[choices.below(paths.len())].to_vec();
    let payload = match choices.below(3) {
        0 => Payload::Command(Command(1)),
        _ => Payload::NoOp,
    };
    let entry = Entry { term: Term(choices.up_to(plan.terms - 1) + 1), payload };
    let at = choices.below(log.len() + 1);
    match choices.below(4) {
        0 => {}
        1 if at < log.len() => log[at] = entry,
        _ => log.push(entry),
    }
    log.truncate(usize::try_from(plan.logs).unwrap_or(usize::MAX));
    log
}
