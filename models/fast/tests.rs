//! The fast model reaches the states that the plain one reaches: the same set, not only as many.

use super::dead::{Future, is_dead};
use super::parts::{Glance, Heading, Renamings};
use super::{FastModel, Tricks};
use crate::{ANY, Bounds, PlainModel, Spent, Stopper, Tracker, find};
use quorate_cluster::Cluster;
use quorate_core::{Renumber, ServerId};
use stateright::Model;
use std::collections::{BTreeMap, BTreeSet};

/// A state without names: the least of all ways to rename its servers, with the budgets used up.
type Canonical = (Cluster, Spent);

fn tracker() -> Tracker {
    Tracker::new(Stopper::default(), &[])
}

fn permutations(count: u8) -> Vec<Vec<u8>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in permutations(count - 1) {
        for place in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(place, count);
            all.push(longer);
        }
    }
    all
}

/// All the states that differ from a cluster in names alone.
fn orbit(cluster: &Cluster) -> BTreeSet<Cluster> {
    let count = u8::try_from(cluster.servers.len()).expect("few servers");
    let rename = |order: &Vec<u8>| {
        cluster.renumber(&|server: ServerId| {
            ServerId::new(order[usize::from(server.get()) - 1]).expect("numbered from 1")
        })
    };
    permutations(count).iter().map(rename).collect()
}

fn canonical(cluster: &Cluster, spent: Spent) -> Canonical {
    (orbit(cluster).pop_first().expect("at least itself"), spent)
}

/// Every state of the plain model.
fn plain_states(bounds: Bounds) -> BTreeSet<Canonical> {
    let model = PlainModel::new(bounds, None, tracker());
    let mut seen: BTreeSet<Canonical> = BTreeSet::new();
    let mut open = model.init_states();
    while let Some(state) = open.pop() {
        assert_eq!(state.violated, None);
        if seen.insert((state.cluster.clone(), state.spent)) {
            open.extend(model.next_states(&state));
        }
    }
    seen
}

/// Every state of the fast model: one for each fingerprint, mapped back.
fn fast_states<const N: usize, const P: usize>(
    model: &FastModel<N, P>,
) -> BTreeMap<u64, Canonical> {
    let mut seen = BTreeMap::new();
    let mut open = model.init_states();
    while let Some(state) = open.pop() {
        let print = state.fingerprint();
        if let std::collections::btree_map::Entry::Vacant(entry) = seen.entry(print) {
            let (cluster, spent) = (model.cluster_of(&state), state.spent.plain());
            entry.insert(canonical(&cluster, spent));
            open.extend(model.next_states(&state));
        }
    }
    seen
}

/// Compares what a model reaches with what the plain one does within the same bounds.
fn compare_with<const N: usize, const P: usize>(
    model: &FastModel<N, P>,
    plain: &BTreeSet<Canonical>,
) -> Result<(), String> {
    let expected: BTreeSet<Canonical> = plain
        .iter()
        .map(|(cluster, spent)| canonical(&model.reduce(cluster, spent), *spent))
        .collect();
    let found = fast_states(model);
    let distinct: BTreeSet<&Canonical> = found.values().collect();
    let counts = format!("{} expected, {} found", expected.len(), found.len());
    if distinct.len() != found.len() {
        return Err(format!("{counts}: a state has two fingerprints"));
    }
    if let Some((missed, _)) = expected.iter().find(|state| !distinct.contains(state)) {
        return Err(format!("{counts}: missed\n{missed}"));
    }
    if distinct.len() != expected.len() {
        return Err(format!("{counts}: more than the plain model reaches"));
    }
    // Every state of the plain model is one of those that differ from a found one in names alone.
    if model.tricks == Tricks::NONE {
        let orbits: usize = distinct.iter().map(|(cluster, _)| orbit(cluster).len()).sum();
        if orbits != plain.len() {
            return Err(format!("{counts}: {orbits} in their orbits, {} plain", plain.len()));
        }
    }
    Ok(())
}

/// Compares both models within some bounds, with and without what the tricks drop.
fn compare<const N: usize, const P: usize>(bounds: Bounds) {
    let plain = plain_states(bounds);
    for tricks in [Tricks::NONE, Tricks::ALL] {
        let model = FastModel::<N, P>::new(bounds, tricks, None, tracker());
        assert_eq!(compare_with(&model, &plain), Ok(()), "{tricks:?}");
    }
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
fn smoke_is_the_same() {
    compare::<3, 6>(bounds("smoke"));
}

#[test]
fn two_elections_and_a_crash_that_loses_writes_are_the_same() {
    compare::<2, 2>(Bounds { duplicates: 1, ..bounds("pair") });
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
fn any_number_of_losses_and_repetitions_are_the_same() {
    let network = quorate_cluster::NetworkKind::Facts;
    compare::<2, 2>(Bounds { network, commands: 0, max_log: 2, ..bounds("pair") });
    let any = Bounds { elections: ANY, crashes: ANY, ..bounds("pair") };
    compare::<2, 2>(Bounds { network, commands: 0, max_log: 1, ..any });
    let one = Bounds { crashes: 0, commands: 0, max_log: 1, ..bounds("smoke") };
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
    let plain = plain_states(bounds("pair"));
    let mut model = FastModel::<2, 2>::new(bounds("pair"), Tricks::ALL, None, tracker());
    model.is_dead = forgets_crashes;
    assert!(compare_with(&model, &plain).is_err());

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
    let plain = plain_states(heard);
    let mut model = FastModel::<2, 2>::new(heard, Tricks::ALL, None, tracker());
    model.is_dead = forgets_timeouts;
    assert!(compare_with(&model, &plain).is_err());
}

#[test]
fn a_broken_key_is_caught() {
    let plain = plain_states(bounds("pair"));
    let mut model = FastModel::<2, 2>::new(bounds("pair"), Tricks::NONE, None, tracker());
    // Every part has the keys of its own name alone: states that differ in names are told apart.
    model.renamings = Renamings::identities(2);
    assert!(compare_with(&model, &plain).is_err());
}
