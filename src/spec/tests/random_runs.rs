//! Random runs of clusters of 1 to 5 servers: every step refines, every state is coupled, every message in
//! flight is a fact, and the abstract protocol keeps its promises.

mod runs;

use quorate_cluster::{ActionKind, Cluster, Command, Envelope, History};
use quorate_core::{AbstractAction, Event, Message};
use quorate_spec::{Abstract, Refinement, coupled, facts_hold, is_fact};
use runs::{Run, n, random_action, random_setting};
use std::collections::BTreeMap;

/// What a batch of runs has done, so that nothing holds for want of anything happening.
#[derive(Default)]
struct Seen {
    actions: BTreeMap<&'static str, usize>,
    performed: BTreeMap<&'static str, usize>,
}

impl Seen {
    fn note(&mut self, action: &AbstractAction) {
        *self.performed.entry(action.name()).or_default() += 1;
    }
}

/// Runs a cluster for so many actions.
fn run(seed: u64, servers: u8, actions: usize, seen: &mut Seen) -> Run {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut run = Run::new(random_setting(&mut rng, servers));
    for step in 0..actions {
        let action = random_action(&mut rng, &run.cluster);
        let happening = run.perform(&action).unwrap_or_else(|violation| {
            panic!("seed {seed}, {servers} servers, step {step}: {action:?}: {violation:?}")
        });
        *seen.actions.entry(action.name()).or_default() += 1;
        happening.synced.iter().for_each(|action| seen.note(action));
        for event in happening.step.iter().flat_map(|step| &step.effects.events) {
            if let Event::Performed(action) = event {
                seen.note(action);
            }
        }
        if step % 64 == 0 {
            let state = &run.refinement.abstract_state;
            facts_hold(state, &run.cluster).expect("messages in flight are facts");
            state.check_safety().expect("the abstract protocol is safe");
        }
    }
    run
}

#[test]
fn every_step_refines_and_every_state_is_coupled() {
    let mut seen = Seen::default();
    for seed in 0..40 {
        let servers = 1 + (seed % 5) as u8;
        run(seed, servers, 1_500, &mut seen);
    }
    for action in ActionKind::all().filter(|kind| *kind != ActionKind::Wipe).map(ActionKind::name) {
        assert!(seen.actions.contains_key(action), "{action} never happened: {:?}", seen.actions);
    }
    for action in AbstractAction::NAMES {
        let count = seen.performed.get(action).copied().unwrap_or_default();
        assert!(count > 50, "{action} was performed {count} times");
    }
}

/// Asserts of an assumed state that it has no entry, choice or application that there never was. Who led a term and who
/// voted when is not always to be known, and then made up.
fn assert_assumes_no_more(assumed: &Abstract<Command>, truth: &Abstract<Command>) {
    assert_eq!(assumed.nodes, truth.nodes);
    for (term, leader) in &assumed.leaders {
        let log = &truth.leaders.get(term).expect("the term had a leader").log;
        assert!(log.starts_with(&leader.log), "term {term}: {:?}, not {log:?}", leader.log);
    }
    for (term, indices) in &assumed.chosen {
        let chosen = truth.chosen.get(term).expect("the term chose something");
        assert!(indices.keys().all(|index| chosen.contains_key(index)), "{term}: {indices:?}");
    }
    assert!(assumed.applied.keys().all(|applied| truth.applied.contains_key(applied)));
}

/// Asserts of an assumed state that it explains a cluster and could have come to be.
fn assert_explains(state: &Abstract<Command>, cluster: &Cluster, seed: u64) {
    coupled(state, cluster).unwrap_or_else(|why| panic!("seed {seed}: {why:?}"));
    // What messages say of entries that nobody has any more cannot be explained.
    let is_lost = |envelope: &Envelope| match envelope.message {
        Message::RequestVote { last } => {
            let mut logs = cluster.servers.iter().flat_map(|it| [&it.state.log, &it.disk.log]);
            !logs.any(|log| log.matches(last.index, last.term))
        }
        Message::AppendAccepted { match_index, .. } => {
            state.leaders[&envelope.term].log.len() < match_index.0 as usize
        }
        _ => false,
    };
    if !cluster.network.in_flight.keys().any(is_lost) {
        let invariant = state.check_invariant();
        invariant.unwrap_or_else(|(name, why)| panic!("seed {seed}: {name}: {why}"));
    }
}

/// What servers take for committed explains itself, if the cluster's history is not known either: as after a
/// cluster was written down.
#[test]
fn a_run_can_be_taken_up_without_its_history() {
    for seed in 100..600 {
        let servers = 1 + (seed % 5) as u8;
        let run = run(seed, servers, 300, &mut Seen::default());
        let mut cluster = run.cluster;
        cluster.history = History::default();
        let state = Refinement::new(&cluster).abstract_state;
        assert_explains(&state, &cluster, seed);
        let committed = cluster.servers.iter().any(|server| server.state.commit_index.0 > 0);
        assert_eq!(!state.chosen.is_empty(), committed, "seed {seed}: {:?}", state.chosen);
    }
}

#[test]
fn a_run_can_be_taken_up_in_the_middle() {
    for seed in 100..600 {
        let servers = 1 + (seed % 5) as u8;
        let mut taken_up = run(seed, servers, 300, &mut Seen::default());
        let truth = std::mem::replace(&mut taken_up.refinement, Refinement::new(&taken_up.cluster));
        let state = &taken_up.refinement.abstract_state;
        assert_assumes_no_more(state, &truth.abstract_state);
        assert_explains(state, &taken_up.cluster, seed);
        for envelope in taken_up.cluster.network.in_flight.keys() {
            // Only entries after one that nobody has any more have no place in an assumed log.
            let found = is_fact(state, envelope).err().unwrap_or_default();
            let is_orphan = found.contains("does not hold");
            assert!(found.is_empty() || is_orphan, "seed {seed}: {envelope:?}: {found}");
        }
        state.check_safety().expect("what is assumed is possible");
        let mut rng = fastrand::Rng::with_seed(seed);
        for step in 0..300 {
            let action = random_action(&mut rng, &taken_up.cluster);
            taken_up.perform(&action).unwrap_or_else(|violation| {
                panic!("seed {seed}, {servers} servers, step {step}: {action:?}: {violation:?}")
            });
        }
    }
}

/// Checks of an action look at the server that acted alone.
#[test]
fn an_action_touches_no_server_but_the_one_that_acts() {
    for seed in 200..220 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let servers = 1 + (seed % 5) as u8;
        let mut run = Run::new(random_setting(&mut rng, servers));
        for _ in 0..500 {
            let action = random_action(&mut rng, &run.cluster);
            let performed = run.perform_watched(&action, |done| {
                for (was, is) in done.before.servers.iter().zip(&done.after.servers) {
                    let acted = done.acting() == Some(is.state.id);
                    assert!(was == is || acted, "{action} touched {is:?}");
                }
            });
            performed.expect("the protocol is sound");
        }
    }
}

#[test]
fn a_leader_commits_everywhere() {
    let mut run = Run::new(runs::setting(3));
    run.elect(n(1));
    run.propose(n(1), 3);
    run.settle();
    assert!(run.cluster.servers.iter().all(|server| server.state.last_applied.0 == 4));
}
