//! Histories that satisfy the inductive invariant.

use super::choices::Choices;
use super::plan::Plan;
use quorate_cluster::{Command, Entry};
use quorate_core::{Configuration, Index, LogPosition, Payload, ServerId, ServerSet, Term};
use quorate_spec::{Abstract, Leadership};

/// Makes up a history of this size.
pub(super) fn make_histories(
    plan: &Plan,
    configuration: Configuration,
    choices: &mut Choices,
) -> Abstract<Command> {
    let mut state = Abstract::new(configuration);
    for node in state.nodes.values_mut() {
        let terms = usize::try_from(plan.terms).unwrap_or(0);
        node.term = Term(choices.favouring(terms, 20, terms + 1) as u64);
    }
    let mut commands = 0;
    for term in (1..=plan.terms).map(Term) {
        let voters = reached(&state, term);
        if configuration.is_quorum(voters) && choices.often(80) {
            make_leader(plan, &mut state, term, voters, &mut commands, choices);
        }
        make_votes(&mut state, term, voters, choices);
    }
    make_node_logs(&mut state, choices);
    make_acknowledgements(plan, &mut state, choices);
    make_chosen(&mut state, choices);
    make_applied(&mut state, choices);
    state
}

/// The servers that have reached a term.
fn reached(state: &Abstract<Command>, term: Term) -> ServerSet {
    state.nodes.iter().filter_map(|(id, node)| (node.term >= term).then_some(*id)).collect()
}

/// Every log that ends with an entry of the leader that created it, in a term up to this one, by increasing term
/// and length; the empty one first. These are the paths in the tree of leaders' logs.
pub(super) fn paths(state: &Abstract<Command>, newest: Term) -> Vec<&[Entry]> {
    let led = state.leaders.range(..=newest).flat_map(|(term, leader)| {
        let own = leader.log.iter().enumerate().filter(|(_, entry)| entry.term == *term);
        own.map(|(position, _)| &leader.log[..=position])
    });
    std::iter::once(&[][..]).chain(led).collect()
}

/// One of the paths up to a term; chance favours the longest of the newest leader.
fn any_path(
    state: &Abstract<Command>,
    newest: Term,
    percent: u8,
    choices: &mut Choices,
) -> Vec<Entry> {
    let paths = paths(state, newest);
    paths[choices.favouring(paths.len() - 1, percent, paths.len())].to_vec()
}

/// One of some servers.
fn any_of(servers: ServerSet, choices: &mut Choices) -> Option<ServerId> {
    servers.iter().nth(choices.below(servers.len()))
}

/// Some of these servers that are a majority, as all of them are: each is left out or not, while enough remain.
fn any_majority(
    configuration: Configuration,
    servers: ServerSet,
    choices: &mut Choices,
) -> ServerSet {
    let mut majority = servers;
    for server in servers.iter() {
        let without: ServerSet = majority.iter().filter(|other| *other != server).collect();
        if configuration.is_quorum(without) && choices.often(25) {
            majority = without;
        }
    }
    majority
}

/// A leader of a term, elected by a majority of those who have reached it.
fn make_leader(
    plan: &Plan,
    state: &mut Abstract<Command>,
    term: Term,
    voters: ServerSet,
    commands: &mut u64,
    choices: &mut Choices,
) {
    // Whoever is still in the term may still act as its leader.
    let here: ServerSet = voters.iter().filter(|id| state.nodes[id].term == term).collect();
    let is_here = !choices.are_each() && !here.is_empty() && choices.often(60);
    let Some(server) = any_of(if is_here { here } else { voters }, choices) else { return };
    let votes = any_majority(state.configuration, voters, choices);
    for voter in votes.iter() {
        state.voted.insert((term, voter), server);
    }
    let before = Term(term.0 - 1);
    let mut log = any_path(state, before, 45, choices);
    // No lemma says that a leader goes on from the log that it stood with.
    let is_same = !choices.are_each() && choices.often(85);
    let stood_with = if is_same { log.clone() } else { any_path(state, before, 30, choices) };
    state.candidates.insert((term, server), stood_with);
    for own in 0..choices.up_to(plan.logs - log.len() as u64) {
        let is_no_op =
            if choices.are_each() { own == 0 } else { choices.often(90 - 80 * u8::from(own > 0)) };
        let payload = if is_no_op {
            Payload::NoOp
        } else {
            *commands += 1;
            Payload::Command(Command(*commands))
        };
        log.push(Entry { term, payload });
    }
    state.leaders.insert(term, Leadership { server, votes, log });
}

/// The votes of those who did not elect the leader, and who stands.
fn make_votes(state: &mut Abstract<Command>, term: Term, voters: ServerSet, choices: &mut Choices) {
    let all: Vec<ServerId> = voters.iter().collect();
    for voter in &all {
        if !state.voted.contains_key(&(term, *voter)) && choices.often(60) {
            let own = all.iter().position(|server| server == voter).unwrap_or_default();
            let candidate = all[choices.favouring(own, 30, all.len())];
            state.voted.insert((term, *voter), candidate);
        }
    }
    for server in all {
        let has_votes =
            state.voted.iter().any(|((of, _), for_whom)| (*of, *for_whom) == (term, server));
        let stands = state.candidates.contains_key(&(term, server));
        if !stands && (has_votes || choices.often(10)) {
            let log = any_path(state, Term(term.0 - 1), 40, choices);
            state.candidates.insert((term, server), log);
        }
    }
}

/// The logs of the nodes: a leader's part of its own, a candidate's what it stands with, and any other path.
fn make_node_logs(state: &mut Abstract<Command>, choices: &mut Choices) {
    let ids: Vec<ServerId> = state.nodes.keys().copied().collect();
    for id in ids {
        let term = state.nodes[&id].term;
        let log = {
            let paths = paths(state, term);
            let leader = state.leaders.get(&term);
            let standing = state.candidates.get(&(term, id)).filter(|_| leader.is_none());
            let likely = standing.or(leader.map(|leader| &leader.log));
            let likely = likely.and_then(|log| paths.iter().position(|path| path == log));
            let likely = likely.unwrap_or(paths.len() - 1);
            paths[choices.favouring(likely, 60, paths.len())].to_vec()
        };
        if let Some(node) = state.nodes.get_mut(&id) {
            node.log = log;
        }
    }
}

/// The lemmas that acknowledgements can break.
const KEPT: [&str; 3] = ["ack_keep", "vote_keep", "lead_keep"];

/// Acknowledgements, each as long as nothing choosable is lost.
fn make_acknowledgements(plan: &Plan, state: &mut Abstract<Command>, choices: &mut Choices) {
    let mut pairs: Vec<(Term, ServerId, u64)> = Vec::new();
    for (term, leader) in &state.leaders {
        let last = leader.log.len() as u64;
        pairs.extend(reached(state, *term).iter().map(|server| (*term, server, last)));
    }
    choices.shuffle(&mut pairs);
    let lemmas: Vec<_> = Abstract::<Command>::INVARIANT
        .into_iter()
        .filter(|lemma| KEPT.contains(&lemma.name) && Some(lemma.name) != plan.without)
        .collect();
    for (term, server, last) in pairs {
        // The more is acknowledged the more can be lost, so what can be is everything up to some index.
        let loses_nothing = |index: &Index| {
            state.acked.insert((term, server), *index);
            lemmas.iter().all(|lemma| (lemma.holds)(state).is_ok())
        };
        let most = (1..=last).map(Index).take_while(loses_nothing).count();
        state.acked.remove(&(term, server));
        let acked = choices.favouring(most, 60, most + 1) as u64;
        if acked > 0 {
            state.acked.insert((term, server), Index(acked));
        }
    }
}

/// What is chosen, of all that a majority has acknowledged.
fn make_chosen(state: &mut Abstract<Command>, choices: &mut Choices) {
    let mut chosen = Vec::new();
    for (term, leader) in &state.leaders {
        for (index, entry) in (1..).map(Index).zip(&leader.log) {
            let acked = state.nodes.keys().filter(|id| state.acked_index(*term, **id) >= index);
            let mut by: ServerSet = acked.copied().collect();
            let is_own = entry.term == *term;
            if !is_own || !state.configuration.is_quorum(by) || !choices.often(65) {
                continue;
            }
            // Any majority of them will do.
            let but = choices.free(by.len() + 1);
            let fewer: ServerSet =
                by.iter().enumerate().filter(|(n, _)| *n != but).map(|(_, id)| id).collect();
            if state.configuration.is_quorum(fewer) {
                by = fewer;
            }
            chosen.push((*term, index, by));
        }
    }
    for (term, index, by) in chosen {
        state.chosen.entry(term).or_default().insert(index, by);
    }
}

/// Everything that has chosen the entry which a node holds at an index, in a term that it has reached.
pub(super) fn choosers(
    state: &Abstract<Command>,
    server: ServerId,
    index: Index,
) -> Vec<(LogPosition, Entry)> {
    let Some(node) = state.nodes.get(&server) else { return Vec::new() };
    let at = |log: &[Entry]| log.get(usize::try_from(index.0).ok()?.checked_sub(1)?).cloned();
    let Some(entry) = at(&node.log) else { return Vec::new() };
    let of_term = |(term, indices): (&Term, &std::collections::BTreeMap<Index, ServerSet>)| {
        let led = state.leaders.get(term).and_then(|leader| at(&leader.log));
        let fits = led.as_ref() == Some(&entry);
        let indices = indices.range(index..).filter(|_| fits);
        indices.map(|(i, _)| LogPosition { term: *term, index: *i }).collect::<Vec<_>>()
    };
    let chosen = state.chosen.range(..=node.term).flat_map(of_term);
    chosen.map(|chooser| (chooser, entry.clone())).collect()
}

/// What was applied, of all that is chosen; where all states are listed, from the beginning and by what chose it
/// first.
fn make_applied(state: &mut Abstract<Command>, choices: &mut Choices) {
    let nodes: Vec<(ServerId, u64)> =
        state.nodes.iter().map(|(id, node)| (*id, node.log.len() as u64)).collect();
    for (server, last) in nodes {
        let mut goes_on = true;
        for index in (1..=last).map(Index) {
            let mut choosers = choosers(state, server, index);
            if choices.are_each() {
                choosers.truncate(usize::from(goes_on));
            }
            for (chooser, entry) in choosers {
                goes_on = choices.often(75);
                if goes_on {
                    state.applied.entry((server, index)).or_default().insert(chooser, entry);
                }
            }
        }
    }
}
