//! Every witness is reached, by chance or by script: none describes what cannot happen.

mod common;
mod runs;

use common::{PARAMETERS, Run, by_chance};
use quorate_cluster::{Action, Cluster};
use quorate_core::{Message, Parameters};
use quorate_spec::witnesses::{find, missing_from};
use quorate_spec::{Transition, WITNESSES};
use runs::{random_action, random_setting};
use std::collections::BTreeSet;

/// Asserts that a run has seen some witnesses and violated nothing. What it has seen.
fn expect(run: &Run, names: &[&str]) -> u64 {
    run.assert_sound();
    for name in names {
        assert!(find(name).is_some(), "no witness is called {name}");
        assert!(missing_from(run.seen).all(|witness| witness.name != *name), "{name} was not seen");
    }
    run.seen
}

/// Figure 3.7 of the thesis (Figure 8 of the paper): an entry of an old term reaches a majority of disks
/// under a later leader and is replaced all the same, for nobody has committed it.
fn old_entry_on_a_majority_is_overwritten() -> u64 {
    let mut run = Run::with(5, Parameters { batch: 1, window: 1, ..PARAMETERS });
    run.elect(1, &[1, 2, 3, 4, 5]);
    // Term 1: the entry reaches n1 and n2.
    run.propose(1, 1);
    run.sync(1);
    run.deliver(1, 2);
    run.sync(2);
    // Term 2: n5 leads without it, and appends another in its place.
    run.crash(1, 0);
    run.win(5, &[3, 4]);
    run.crash(5, 0);
    // Term 3: n1 leads again, and its old entry reaches n3: three disks of five.
    run.win(1, &[2, 3]);
    run.heartbeat(1);
    run.deliver(1, 3);
    run.deliver(3, 1);
    run.deliver(1, 3);
    run.sync(3);
    run.deliver(3, 1);
    assert_eq!(run.cluster.history.committed.len(), 1, "counting replicas committed an old entry");
    // Term 4: n5 leads again, and its entry replaces the other.
    run.crash(1, 0);
    run.win(5, &[3, 4]);
    run.heartbeat(5);
    run.settle(&[3, 4, 5]);
    assert_eq!(run.cluster.history.committed.len(), 3);
    expect(&run, &["majority_entry_overwritten", "leader_backed_up", "older_term_committed"])
}

/// A leader cut off from the others goes on taking requests, and its disk hangs.
fn old_leader_takes_requests() -> u64 {
    let mut run = Run::new(3);
    run.elect(1, &[1, 2, 3]);
    run.win(2, &[3]);
    run.read(1);
    run.propose(1, 1);
    run.timeout(1);
    run.timeout(1);
    let seen =
        ["two_leaders_at_once", "read_at_old_leader", "write_at_old_leader", "write_unknown"];
    expect(&run, &seen);
    expect(&run, &["read_failed", "leader_stepped_down_disk_hung"])
}

/// A vote arrives twice. Three of four make a majority, so the second must not count.
fn vote_counted_once() -> u64 {
    let mut run = Run::new(4);
    run.timeout(1);
    run.sync(1);
    run.deliver(1, 2);
    run.sync(2);
    for vote in run.between(2, 1, |message| matches!(message, Message::VoteGranted)) {
        run.act(Action::Duplicate(vote.clone()));
        run.act(Action::Deliver(vote));
    }
    assert!(!run.leads(1));
    expect(&run, &["repeated_vote_ignored"])
}

/// The followers' disks are faster than the leader's.
fn followers_commit_alone() -> u64 {
    let mut run = Run::new(3);
    run.elect(1, &[1, 2, 3]);
    run.propose(1, 1);
    for follower in [2, 3] {
        run.deliver(1, follower);
        run.sync(follower);
        run.deliver(follower, 1);
    }
    expect(&run, &["commit_by_followers_alone"])
}

/// A leader that keeps one read waiting refuses the second.
fn second_read_is_refused() -> u64 {
    let mut run = Run::with(3, Parameters { max_reads: 1, ..PARAMETERS });
    run.elect(1, &[1, 2, 3]);
    run.read(1);
    run.read(1);
    expect(&run, &["read_busy"])
}

#[test]
fn every_witness_is_reached() {
    let scripted = old_entry_on_a_majority_is_overwritten()
        | old_leader_takes_requests()
        | vote_counted_once()
        | followers_commit_alone()
        | second_read_is_refused();
    let seen = scripted | by_chance(2, 3, 1000) | by_chance(3, 10, 1000) | by_chance(5, 5, 1000);
    let missing: Vec<&str> = missing_from(seen).map(|witness| witness.name).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}

/// A transition of a random run, and a cluster in which all but some server is as it was at first.
fn each_transition(mut look: impl FnMut(&Transition<'_>, &dyn Fn(&Cluster) -> Cluster)) {
    for seed in 0..30 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut run = runs::Run::new(random_setting(&mut rng, 1 + (seed % 5) as u8));
        let first = run.cluster.clone();
        for _ in 0..1_000 {
            let action = random_action(&mut rng, &run.cluster);
            let before = run.cluster.clone();
            let happening = run.perform(&action).expect("the core follows the protocol");
            let after = &run.cluster;
            let transition =
                Transition { before: &before, action: &action, happening: &happening, after };
            // Where no server acts, no witness may show, whichever server is left.
            let acts = match &action {
                Action::Crash { server, .. } | Action::Sync { server, .. } => Some(*server),
                _ => happening.step.as_ref().map(|step| step.server),
            };
            let actor = acts.unwrap_or(runs::n(1));
            look(&transition, &|cluster| {
                let mut alone = Cluster { network: first.network.clone(), ..cluster.clone() };
                for (server, unused) in alone.servers.iter_mut().zip(&first.servers) {
                    if server.state.id != actor {
                        server.clone_from(unused);
                    }
                }
                alone
            });
        }
    }
}

#[test]
fn a_witness_reads_the_acting_server_alone_or_says_what_that_one_must_show() {
    let mut seen = 0_u64;
    each_transition(|transition, alone| {
        let (before, after) = (alone(transition.before), alone(transition.after));
        let apart = Transition { before: &before, after: &after, ..*transition };
        for (place, witness) in WITNESSES.iter().enumerate() {
            let (name, happened) = (witness.name, (witness.seen)(transition));
            seen |= u64::from(happened) << place;
            let shown = witness.only_if.map_or(happened, |only_if| only_if(transition));
            assert!(!happened || shown, "{name} happened unannounced in {}", transition.action);
            let shown_apart = witness.only_if.unwrap_or(witness.seen)(&apart);
            assert_eq!(shown, shown_apart, "{name} reads other servers in {}", transition.action);
        }
    });
    assert!(seen.count_ones() > 35, "{}", seen.count_ones());
}

#[test]
fn names_are_unique_and_readings_are_sentences() {
    let names: BTreeSet<&str> = WITNESSES.iter().map(|witness| witness.name).collect();
    assert_eq!(names.len(), WITNESSES.len());
    for witness in WITNESSES {
        assert!(witness.reading.ends_with('.'), "{}", witness.name);
    }
}
