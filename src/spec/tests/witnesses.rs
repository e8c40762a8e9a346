//! Every witness is reached, by chance or by script: none describes what cannot happen. And each is seen where a second
//! reading of it sees it, and nowhere else.

mod common;
#[path = "witnesses/readings.rs"]
mod readings;
mod runs;

use common::{PARAMETERS, Run, by_chance};
use quorate_cluster::{Action, Cluster};
use quorate_core::{Index, Message, Parameters};
use quorate_spec::witnesses::{find, in_set, missing_from, newly_seen, possible_in, seen_in};
use quorate_spec::{Reachability, Transition, WITNESSES};
use readings::READINGS;
use runs::{random_action, random_setting};
use std::collections::BTreeSet;

/// Asserts that a run has seen some witnesses and violated nothing.
fn expect(run: Run, names: &[&str]) -> Run {
    run.assert_sound();
    for name in names {
        assert!(find(name).is_some(), "no witness is called {name}");
        assert!(missing_from(run.seen).all(|witness| witness.name != *name), "{name} was not seen");
    }
    run
}

/// n1 leads again with these votes, and the entry of its old term reaches a follower's disk.
fn lead_again(run: &mut Run, voters: &[u8], follower: u8) {
    run.win(1, voters);
    run.heartbeat(1);
    run.deliver(1, follower);
    run.deliver(follower, 1);
    run.deliver(1, follower);
    run.sync(follower);
}

/// Figure 3.7 of the thesis (Figure 8 of the paper): an entry of an old term reaches a majority of disks
/// under a later leader and is replaced all the same, for nobody has committed it.
fn old_entry_on_a_majority_is_overwritten() -> Run {
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
    lead_again(&mut run, &[2, 3], 3);
    run.deliver(3, 1);
    assert_eq!(run.cluster.history.committed.len(), 1, "counting replicas committed an old entry");
    // Term 4: n5 leads again, and its entry replaces the other.
    run.crash(1, 0);
    run.win(5, &[3, 4]);
    run.heartbeat(5);
    run.settle(&[3, 4, 5]);
    assert_eq!(run.cluster.history.committed.len(), 3);
    expect(run, &["majority_entry_overwritten", "leader_backed_up", "older_term_committed"])
}

/// The same with four servers, where the entry reaches two: a half is no majority.
fn old_entry_on_a_half_is_overwritten() -> Run {
    let mut run = Run::with(4, Parameters { batch: 1, window: 1, ..PARAMETERS });
    run.elect(1, &[1, 2, 3, 4]);
    // Term 1: the entry reaches n1 alone.
    run.propose(1, 1);
    run.sync(1);
    run.crash(1, 0);
    // Term 2: n3 leads without it, and appends another in its place.
    run.win(3, &[2, 4]);
    run.crash(3, 0);
    // Term 3: n1 leads again, and its old entry reaches n2.
    lead_again(&mut run, &[2, 4], 2);
    run.crash(1, 0);
    // Term 4: n3 leads again, and its entry replaces the other.
    run.win(3, &[2, 4]);
    run.heartbeat(3);
    run.settle(&[2, 3, 4]);
    let run = expect(run, &["durable_entry_overwritten"]);
    assert!(missing_from(run.seen).any(|witness| witness.name == "majority_entry_overwritten"));
    run
}

/// A leader cut off from the others goes on taking requests, and its disk hangs.
fn old_leader_takes_requests() -> Run {
    let mut run = Run::new(3);
    run.elect(1, &[1, 2, 3]);
    run.win(2, &[3]);
    run.read(1);
    run.propose(1, 1);
    run.timeout(1);
    run.timeout(1);
    let seen = [
        "two_leaders_at_once",
        "read_at_old_leader",
        "write_at_old_leader",
        "write_unknown",
        "read_failed",
        "leader_stepped_down_disk_hung",
    ];
    expect(run, &seen)
}

/// A leader that leads again hears what a follower rejected in its older term: it is no answer to it any more.
fn rejection_of_an_older_term_comes() -> Run {
    let mut run = Run::new(3);
    run.elect(1, &[1, 3]);
    run.propose(1, 1);
    let batches = run.between(1, 2, |message| {
        matches!(message, Message::AppendEntries { previous, .. } if previous.index > Index::ZERO)
    });
    run.act(Action::Deliver(batches.last().expect("a batch after the no-op").clone()));
    run.settle(&[1, 3]);
    while run.leads(1) {
        run.timeout(1);
    }
    run.elect(1, &[1, 3]);
    let late = run.between(2, 1, |message| matches!(message, Message::AppendRejected { .. }));
    run.act(Action::Deliver(late.first().expect("a rejection").clone()));
    assert!(run.leads(1));
    let run = expect(run, &["append_rejected"]);
    assert!(missing_from(run.seen).any(|witness| witness.name == "late_rejection_ignored"));
    run
}

/// A vote arrives twice. Three of four make a majority, so the second must not count.
fn vote_counted_once() -> Run {
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
    expect(run, &["repeated_vote_ignored"])
}

/// The followers' disks are faster than the leader's.
fn followers_commit_alone() -> Run {
    let mut run = Run::new(3);
    run.elect(1, &[1, 2, 3]);
    run.propose(1, 1);
    for follower in [2, 3] {
        run.deliver(1, follower);
        run.sync(follower);
        run.deliver(follower, 1);
    }
    expect(run, &["commit_by_followers_alone"])
}

/// A leader that keeps one read waiting refuses the second.
fn second_read_is_refused() -> Run {
    let mut run = Run::with(3, Parameters { max_reads: 1, ..PARAMETERS });
    run.elect(1, &[1, 2, 3]);
    run.read(1);
    run.read(1);
    expect(run, &["read_busy"])
}

/// All runs by script.
fn scripted() -> [Run; 7] {
    [
        old_entry_on_a_majority_is_overwritten(),
        old_entry_on_a_half_is_overwritten(),
        old_leader_takes_requests(),
        rejection_of_an_older_term_comes(),
        vote_counted_once(),
        followers_commit_alone(),
        second_read_is_refused(),
    ]
}

#[test]
fn every_witness_is_reached() {
    let scripted = scripted().iter().fold(0, |seen, run| seen | run.seen);
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
            let performed = run.perform_watched(&action, |transition| {
                // Where no server acts, no witness may show, whichever server is left.
                let actor = transition.acting().unwrap_or(runs::n(1));
                look(transition, &|cluster| {
                    let mut alone = Cluster { network: first.network.clone(), ..cluster.clone() };
                    for (server, unused) in alone.servers.iter_mut().zip(&first.servers) {
                        if server.state.id != actor {
                            server.clone_from(unused);
                        }
                    }
                    alone
                });
            });
            performed.expect("the core follows the protocol");
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

/// Asserts that of an action just those witnesses are seen that the second readings see, and adds up which.
fn compare(transition: &Transition<'_>, seen: &mut u64) {
    let mut all = 0;
    for (place, (witness, (name, reading))) in WITNESSES.iter().zip(READINGS).enumerate() {
        assert_eq!(witness.name, *name, "the readings are in the order of the witnesses");
        let happened = reading(transition);
        let action = transition.action;
        assert_eq!((witness.seen)(transition), happened, "{name} in {action}");
        all |= u64::from(happened) << place;
    }
    *seen |= all;
    assert_eq!(seen_in(transition), all, "{}", transition.action);
    let half = 0x5555_5555_5555_5555;
    assert_eq!(newly_seen(transition, half), all & !half, "{}", transition.action);
    let places = WITNESSES.iter().enumerate();
    let shown = |witness: &Reachability| witness.only_if.is_some_and(|shows| shows(transition));
    let possible: u64 = places.map(|(place, witness)| u64::from(shown(witness)) << place).sum();
    assert_eq!(possible_in(transition), possible, "{}", transition.action);
}

#[test]
fn a_second_reading_sees_the_same() {
    assert_eq!(WITNESSES.len(), READINGS.len());
    let mut seen = 0;
    for past in scripted().iter().flat_map(|run| &run.past) {
        compare(&past.transition(), &mut seen);
    }
    for (servers, seeds) in [(1, 2), (2, 4), (3, 12), (4, 4), (5, 6)] {
        for seed in 0..seeds {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut run = Run::new(servers);
            (0..1_000).for_each(|_| run.act_by_chance(&mut rng));
            run.past.iter().for_each(|past| compare(&past.transition(), &mut seen));
        }
    }
    let missing: Vec<&str> = missing_from(seen).map(|witness| witness.name).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}

#[test]
fn names_are_unique_and_readings_are_sentences() {
    let names: BTreeSet<&str> = WITNESSES.iter().map(|witness| witness.name).collect();
    assert_eq!(names.len(), WITNESSES.len());
    for (place, witness) in WITNESSES.iter().enumerate() {
        assert!(witness.reading.ends_with('.'), "{}", witness.name);
        assert_eq!(find(witness.name).map(|found| found.name), Some(witness.name));
        let alone: Vec<&str> = in_set(1 << place).map(|witness| witness.name).collect();
        assert_eq!(alone, [witness.name]);
        assert!(missing_from(1 << place).all(|missing| missing.name != witness.name));
        assert_eq!(missing_from(1 << place).count(), WITNESSES.len() - 1);
    }
    assert!(find("no_such_witness").is_none());
}
