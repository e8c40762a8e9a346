//! The fast model reaches the states that the plain one reaches: the same set, not only as many.

use super::dead::{Future, is_dead};
use super::parts::{Glance, Heading, Renamings, place_of};
use super::sorted::Viewed;
use super::{Comparison, FastModel, FastState, Tricks};
use crate::searched::Searched;
use crate::{ANY, Bounds, NAMED, SYMMETRY, Stopper, Tracker, find};
use quorate_cluster::{Cluster, Network};
use quorate_core::{Names, Renumber, ServerId};
use stateright::{Checker, Model};
use std::collections::BTreeSet;

fn tracker() -> Tracker {
    Tracker::new(Stopper::default())
}

fn model<const N: usize, const P: usize>(bounds: Bounds, tricks: Tricks) -> FastModel<N, P> {
    FastModel::new(bounds, tricks, None, tracker())
}

/// Compares both models within some bounds, with and without what the tricks drop.
fn compare<const N: usize, const P: usize>(bounds: Bounds) -> Vec<Comparison> {
    let models = [Tricks::NONE, Tricks::ALL].map(|tricks| model::<N, P>(bounds, tricks));
    match super::compare(bounds, &models) {
        Ok(compared) => compared,
        Err(difference) => panic!("{difference}"),
    }
}

/// Whether a model, in which something has been made wrong, is found to reach something else.
fn is_caught<const N: usize, const P: usize>(model: FastModel<N, P>) -> bool {
    super::compare(model.bounds, &[model]).is_err()
}

fn bounds(name: &str) -> Bounds {
    Bounds { refinement: false, ..find(name).expect("a named model").bounds }
}

#[test]
fn single_is_the_same() {
    compare::<1, 1>(bounds("single"));
}

#[test]
fn pair_is_the_same() {
    compare::<2, 2>(bounds("pair"));
}

#[test]
fn small_is_the_same() {
    compare::<3, 6>(bounds("small"));
}

/// The same kind of model, as small as can be compared state by state.
fn shrunk(bounds: Bounds) -> Bounds {
    let budget = |budget: u64, most: u64| if budget == ANY { ANY } else { budget.min(most) };
    Bounds {
        servers: bounds.servers.min(2),
        max_term: bounds.max_term.min(2),
        max_log: bounds.max_log.min(2),
        elections: budget(bounds.elections, 2),
        crashes: budget(bounds.crashes, 1),
        commands: bounds.commands.min(1),
        reads: bounds.reads.min(1),
        duplicates: bounds.duplicates.min(1),
        ..bounds
    }
}

#[test]
fn every_named_model_is_the_same_when_it_is_shrunk() {
    for named in NAMED.iter().filter(|named| named.bounds.servers > 1) {
        eprintln!("{}", named.name);
        compare::<2, 2>(shrunk(named.bounds));
    }
}

#[test]
fn two_elections_and_a_crash_that_loses_writes_are_the_same() {
    compare::<2, 2>(Bounds { duplicates: 1, ..bounds("pair") });
}

#[test]
fn the_abstract_protocol_beside_is_the_same() {
    let with = |bounds| Bounds { refinement: true, ..bounds };
    compare::<1, 1>(with(Bounds { elections: 2, commands: 1, ..bounds("single") }));
    compare::<2, 2>(with(bounds("pair")));
    let network = quorate_cluster::NetworkKind::Facts;
    compare::<2, 2>(with(Bounds { network, commands: 0, max_log: 2, ..bounds("pair") }));
    compare::<3, 6>(with(Bounds { crashes: 0, ..bounds("small") }));
}

#[test]
fn disks_that_lose_everything_are_the_same() {
    compare::<2, 2>(Bounds { wipes: 1, crashes: 0, ..bounds("pair") });
    compare::<2, 2>(Bounds { wipes: 2, commands: 0, max_log: 2, ..bounds("pair") });
    let one = Bounds { wipes: 1, crashes: 0, commands: 0, max_log: 1, ..bounds("small") };
    compare::<3, 6>(one);
}

#[test]
fn reads_heartbeats_and_leaders_that_time_out_are_the_same() {
    let bounds = Bounds {
        max_log: 2,
        commands: 0,
        crashes: 0,
        reads: 1,
        heartbeats: 1,
        leader_timeouts: true,
        ..bounds("pair")
    };
    compare::<2, 2>(bounds);
}

#[test]
fn disks_that_never_owe_a_write_are_the_same() {
    let sync = quorate_cluster::SyncGranularity::AtOnce;
    compare::<2, 2>(Bounds { sync, ..bounds("pair") });
    compare::<3, 6>(Bounds { sync, ..bounds("small") });
}

#[test]
fn any_number_of_losses_and_repetitions_are_the_same() {
    let network = quorate_cluster::NetworkKind::Facts;
    compare::<2, 2>(Bounds { network, commands: 0, max_log: 2, ..bounds("pair") });
    let any = Bounds { elections: ANY, crashes: ANY, ..bounds("pair") };
    compare::<2, 2>(Bounds { network, commands: 0, max_log: 1, ..any });
    let one = Bounds { crashes: 0, commands: 0, max_log: 1, ..bounds("small") };
    compare::<3, 6>(Bounds { network, ..one });
}

/// A wrong rule: it judges by memory although a crash may come.
fn forgets_crashes(message: &Heading, from: &Glance, to: &Glance, future: Future) -> bool {
    is_dead(message, from, to, Future { can_crash: false, ..future })
}

/// A wrong rule: it drops acknowledgements although leaders look whom they have heard from.
fn forgets_timeouts(message: &Heading, from: &Glance, to: &Glance, future: Future) -> bool {
    is_dead(message, from, to, Future { leaders_time_out: false, ..future })
}

#[test]
fn a_rule_that_drops_too_much_is_caught() {
    let mut wrong = model::<2, 2>(bounds("pair"), Tricks::ALL);
    wrong.is_dead = forgets_crashes;
    assert!(is_caught(wrong));

    let heard = Bounds {
        max_log: 1,
        elections: 1,
        commands: 0,
        crashes: 0,
        duplicates: 1,
        heartbeats: 1,
        leader_timeouts: true,
        ..bounds("pair")
    };
    let mut wrong = model::<2, 2>(heard, Tricks::ALL);
    wrong.is_dead = forgets_timeouts;
    assert!(is_caught(wrong));
}

#[test]
fn dropping_messages_although_disks_may_lose_everything_is_caught() {
    let bounds = Bounds { wipes: 1, crashes: 0, commands: 0, max_log: 2, ..bounds("pair") };
    let mut wrong = model::<2, 2>(bounds, Tricks::ALL);
    assert!(!wrong.tricks.drop_dead_messages);
    wrong.tricks = Tricks::ALL;
    assert!(is_caught(wrong));
}

/// A wrong way to rename: it forgets the votes on disks.
fn forgets_votes_on_disks(cluster: &Cluster, names: Names<'_>) -> Cluster {
    let mut renamed = cluster.renumber(names);
    for node in &mut renamed.servers {
        let old = cluster.servers.iter().find(|old| names(old.state.id) == node.state.id);
        node.disk.voted_for = old.and_then(|old| old.disk.voted_for);
    }
    renamed
}

/// A wrong way to rename: it forgets who led.
fn forgets_leaders(cluster: &Cluster, names: Names<'_>) -> Cluster {
    let mut renamed = cluster.renumber(names);
    renamed.history.leaders.clone_from(&cluster.history.leaders);
    renamed
}

/// Explores a model; whether a step was found that does something else under other names.
fn is_asymmetric<const N: usize, const P: usize>(model: FastModel<N, P>) -> bool {
    let checker = model.checker().spawn_bfs().join();
    let discoveries = checker.discoveries().into_iter();
    let blamed = discoveries.map(|(name, path)| checker.model().blame(name, path).0);
    let blamed: Vec<&str> = blamed.collect();
    assert!(checker.model().tracker.validated() > 0);
    assert!(blamed.is_empty() || blamed == [SYMMETRY]);
    !blamed.is_empty()
}

#[test]
fn names_mean_nothing() {
    for name in ["small", "elections"] {
        assert!(!is_asymmetric(model::<3, 6>(bounds(name), Tricks::ALL).validating()), "{name}");
    }
    let compared = Bounds { refinement: true, ..bounds("pair") };
    assert!(!is_asymmetric(model::<2, 2>(compared, Tricks::ALL).validating()));
}

#[test]
fn a_step_that_does_something_else_under_other_names_is_caught() {
    for wrong in [forgets_votes_on_disks, forgets_leaders] {
        let mut model = model::<3, 6>(bounds("small"), Tricks::ALL);
        model.validates = Some(wrong);
        assert!(is_asymmetric(model));
    }
}

#[test]
fn a_broken_key_is_caught() {
    let mut wrong = model::<2, 2>(bounds("pair"), Tricks::NONE);
    // Every part has the keys of its own name alone: states that differ in names are told apart.
    wrong.renamings = Renamings::identities(2);
    assert!(is_caught(wrong));
    let three = Bounds { crashes: 0, commands: 0, max_log: 1, ..bounds("small") };
    let mut wrong = model::<3, 3>(three, Tricks::NONE);
    wrong.renamings = Renamings::identities(3);
    assert!(is_caught(wrong));
}

/// How many states a model has, if it drops nothing; and how many are in their orbits.
fn orbits<const N: usize, const P: usize>(bounds: Bounds) -> (usize, usize) {
    let reached = model::<N, P>(bounds, Tricks::NONE).reached();
    let reached = reached.expect("no state has two fingerprints");
    (reached.states.len(), reached.in_orbits)
}

/// How many states a model has in which each stands for itself.
fn unreduced<const N: usize>(bounds: Bounds) -> usize {
    let model = model::<N, 1>(bounds, Tricks::NONE);
    let mut seen = BTreeSet::new();
    let mut open = model.init_states();
    while let Some(state) = open.pop() {
        if seen.insert(state.fingerprint()) {
            open.extend(model.next_states(&state));
        }
    }
    seen.len()
}

#[test]
fn sorting_the_servers_reduces_as_much_as_renaming_them_every_way() {
    let three = Bounds { crashes: 0, ..bounds("small") };
    let (states, in_orbits) = orbits::<3, 6>(three);
    assert_eq!(orbits::<3, 3>(three), (states, in_orbits));
    assert_eq!(unreduced::<3>(three), in_orbits);

    let four = Bounds { servers: 4, ..Bounds::LEAST };
    let (states, in_orbits) = orbits::<4, 24>(four);
    assert_eq!(orbits::<4, 4>(four), (states, in_orbits));
    assert_eq!(unreduced::<4>(four), in_orbits);
}

#[test]
fn the_orbits_of_five_servers_make_up_the_unreduced_states() {
    let five = Bounds { servers: 5, ..Bounds::LEAST };
    let (states, in_orbits) = orbits::<5, 5>(five);
    assert_eq!(unreduced::<5>(five), in_orbits);
    assert!(in_orbits > 50 * states, "hardly any symmetry: {states} {in_orbits}");
}

/// Shows every state of a model, and how many there are.
fn for_each_state<const N: usize, const P: usize>(
    model: &FastModel<N, P>,
    mut show: impl FnMut(&FastState<N, P>),
) -> usize {
    let mut open = model.init_states();
    let mut seen = BTreeSet::new();
    while let Some(state) = open.pop() {
        if seen.insert(state.fingerprint()) {
            show(&state);
            open.extend(model.next_states(&state));
        }
    }
    seen.len()
}

#[test]
fn a_question_is_asked_of_the_cluster_that_a_state_stands_for() {
    let model = model::<3, 6>(bounds("small"), Tricks::ALL);
    let mut asked = BTreeSet::new();
    let states = for_each_state(&model, |state| {
        let network = Network::new(model.setting.network);
        let cluster = Cluster { network, ..model.cluster_of(state) };
        model.ask_silent(state, |silent| assert_eq!(*silent, cluster));
        asked.insert(cluster);
    });
    assert!(states > 3_000 && asked.len() > 1_000, "{} in {states} states", asked.len());
}

#[test]
fn what_servers_see_has_no_names() {
    let model = model::<3, 3>(bounds("small"), Tricks::NONE);
    let mut distinct = BTreeSet::new();
    for_each_state(&model, |state| {
        let ghost = &model.ghosts.get(state.ghost).ghost;
        let cluster = model.cluster_of(state);
        for names in model.renamings.names() {
            let name = |server: ServerId| names[place_of(server)];
            let renamed = cluster.renumber(&name);
            for (place, node) in cluster.servers.iter().enumerate() {
                let new = place_of(names[place]);
                must_look_alike(node, &renamed.servers[new], names);
                distinct.extend(node.views::<3>());
            }
            for envelope in cluster.network.in_flight.keys() {
                must_look_alike(envelope, &envelope.renumber(&name), names);
            }
            must_look_alike(ghost, &ghost.renumber(&name), names);
        }
    });
    assert!(distinct.len() > 100, "servers look all the same: {}", distinct.len());
}

/// What each server sees of a part, it sees of the renamed part under its new name.
fn must_look_alike<T: Viewed>(part: &T, renamed: &T, names: &[ServerId]) {
    let (old, new) = (part.views::<3>(), renamed.views::<3>());
    for (place, name) in names.iter().enumerate() {
        assert_eq!(old[place], new[place_of(*name)]);
    }
}
