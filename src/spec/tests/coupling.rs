//! Every coupling predicate can fail: each is shown a cluster in which someone has touched just that.

mod runs;

use quorate_cluster::{Action, Cluster, Command, Server, State};
use quorate_core::{Candidate, Index, Role, ServerId, Term};
use quorate_spec::{Abstract, COUPLING, coupled, coupled_server};
use runs::{Run, n, setting};
use std::collections::BTreeSet;

/// Three servers; n1 leads with three entries applied everywhere, one more is on its way to the disks.
fn led() -> Run {
    let mut run = Run::new(setting(3));
    run.elect(n(1));
    run.propose(n(1), 2);
    run.settle();
    run.propose(n(1), 1);
    let batch = run.cluster.network.in_flight.keys().find(|batch| batch.to == n(2)).cloned();
    run.play([Action::Deliver(batch.expect("n2 gets the entry"))]);
    run
}

/// Three servers; n3 stands in the next term, with its own vote on disk.
fn contested() -> Run {
    let mut run = led();
    run.play([Action::ElectionTimeout(n(3)), Action::Sync { server: n(3), count: 1 }]);
    run
}

fn server(cluster: &mut Cluster, id: ServerId) -> &mut State {
    &mut cluster.servers[usize::from(id.get()) - 1].state
}

/// The predicate, the run, and what breaks it there.
type Corruption = (&'static str, fn() -> Run, fn(&mut Abstract<Command>, &mut Cluster));

/// For each predicate, in their order, how to break it.
fn corruptions() -> Vec<Corruption> {
    [of_disks_and_votes(), of_leaders_and_followers(), of_commits_and_debts()].concat()
}

fn of_disks_and_votes() -> Vec<Corruption> {
    vec![
        ("nodes_are_disks", led, |_, cluster| cluster.servers[1].disk.term = Term(9)),
        ("nodes_are_disks", led, |state, _| {
            state.voted.remove(&(Term(1), n(2)));
        }),
        ("volatile_is_settled", led, |_, cluster| server(cluster, n(2)).current_term = Term(9)),
        ("volatile_is_settled", led, |_, cluster| server(cluster, n(2)).voted_for = None),
        ("volatile_is_settled", led, |_, cluster| {
            server(cluster, n(2)).log.truncate_after(Index(2));
        }),
        ("unfinished_is_mirrored", led, |_, cluster| server(cluster, n(1)).unfinished.clear()),
        ("unfinished_is_mirrored", led, |_, cluster| {
            server(cluster, n(2)).unfinished[0].length = Index(9);
        }),
        ("confirmed_is_durable", led, |_, cluster| server(cluster, n(2)).durable.index = Index(4)),
        ("confirmed_is_durable", led, |_, cluster| server(cluster, n(2)).durable.term = Term(0)),
        ("candidate_log_is_clog", contested, |state, _| {
            state.candidates.insert((Term(2), n(3)), Vec::new());
        }),
        ("counted_votes_were_cast", contested, |_, cluster| {
            let Role::Candidate(candidate) = &mut server(cluster, n(3)).role else { panic!() };
            candidate.votes.insert(n(2));
        }),
        ("counted_votes_were_cast", led, |state, _| {
            state.leaders.get_mut(&Term(1)).expect("n1 leads").votes.insert(n(7));
        }),
    ]
}

fn of_leaders_and_followers() -> Vec<Corruption> {
    vec![
        ("leader_log_is_tlog", led, |state, _| {
            state.leaders.get_mut(&Term(1)).expect("n1 leads").log.pop();
        }),
        ("leader_log_is_tlog", led, |state, _| {
            state.leaders.get_mut(&Term(1)).expect("n1 leads").server = n(2);
        }),
        // A candidate of a term that it leads.
        ("candidate_does_not_lead", led, |_, cluster| {
            server(cluster, n(1)).role = Role::Candidate(Candidate::default());
        }),
        ("first_index_begins_the_term", led, |_, cluster| {
            let Role::Leader(leader) = &mut server(cluster, n(1)).role else { panic!() };
            leader.first_index = leader.first_index.next();
        }),
        ("next_is_within_reach", led, |_, cluster| {
            let Role::Leader(leader) = &mut server(cluster, n(1)).role else { panic!() };
            leader.progress[0].next_index = leader.progress[0].match_index;
        }),
        ("next_is_within_reach", led, |_, cluster| {
            let end = server(cluster, n(1)).log.last_index().next();
            let Role::Leader(leader) = &mut server(cluster, n(1)).role else { panic!() };
            leader.progress[0].next_index = end.next();
        }),
        ("match_is_acknowledged", led, |_, cluster| {
            let Role::Leader(leader) = &mut server(cluster, n(1)).role else { panic!() };
            leader.progress[0].match_index = Index(4);
        }),
        ("match_is_acknowledged", led, |state, _| {
            state.acked.remove(&(Term(1), n(1)));
        }),
        ("verified_is_the_leaders", led, |_, cluster| {
            let Role::Follower(follower) = &mut server(cluster, n(3)).role else { panic!() };
            follower.verified = Index(4);
        }),
        ("verified_is_the_leaders", led, |_, cluster| {
            let Role::Follower(follower) = &mut server(cluster, n(3)).role else { panic!() };
            follower.leader = None;
        }),
        ("verified_is_the_leaders", led, |_, cluster| {
            let Role::Follower(follower) = &mut server(cluster, n(3)).role else { panic!() };
            follower.leader = Some(n(2));
        }),
    ]
}

fn of_commits_and_debts() -> Vec<Corruption> {
    vec![
        ("commit_is_chosen", led, |_, cluster| server(cluster, n(2)).commit_index = Index(4)),
        ("commit_is_chosen", led, |state, _| state.chosen.clear()),
        ("last_applied_is_applied", led, |_, cluster| {
            server(cluster, n(2)).last_applied = Index(4);
        }),
        ("last_applied_is_applied", led, |state, _| {
            state.applied.remove(&(n(2), Index(2)));
        }),
        ("last_applied_is_applied", led, |state, _| {
            state.applied.remove(&(n(2), Index(3)));
        }),
        // A promised entry that its leader never had.
        ("debts_come_true", led, |state, _| {
            state.leaders.get_mut(&Term(1)).expect("n1 leads").log.pop();
        }),
        // A write that would not do what it says.
        ("debts_come_true", led, |_, cluster| {
            let write = cluster.servers[1].disk.unfinished[0].clone();
            cluster.servers[0].disk.unfinished[0].witness = write.witness;
        }),
        // A write that would do something else than it says.
        ("debts_come_true", led, |_, cluster| {
            cluster.servers[0].disk.unfinished[0].entries.clear();
        }),
        // A log in memory that the writes do not lead to.
        ("debts_come_true", led, |_, cluster| {
            server(cluster, n(2)).log.truncate_after(Index(3));
        }),
        // A candidate that would never have stood.
        ("debts_come_true", led, |_, cluster| {
            server(cluster, n(2)).role = Role::Candidate(Candidate::default());
        }),
        // A leader that would count itself for more than it acknowledges.
        ("debts_come_true", led, |_, cluster| {
            let leader = cluster.servers[0].state.role.clone();
            server(cluster, n(2)).role = leader;
            server(cluster, n(2)).log.truncate_after(Index(3));
        }),
        // A vote that would not be cast.
        ("debts_come_true", led, |_, cluster| server(cluster, n(2)).voted_for = Some(n(3))),
    ]
}

#[test]
fn every_predicate_can_fail() {
    let mut failed: BTreeSet<&str> = BTreeSet::new();
    for (name, run, corrupt) in corruptions() {
        let Run { mut cluster, refinement, .. } = run();
        let mut state = refinement.abstract_state;
        coupled(&state, &cluster).expect("nobody has touched it yet");
        corrupt(&mut state, &mut cluster);
        let coupling = COUPLING.iter().find(|coupling| coupling.name == name);
        let holds = coupling.expect("a predicate of this name").holds;
        let fails = |server: &Server| holds(&state, server).is_err();
        assert!(cluster.servers.iter().any(fails), "{name} holds of a corrupt cluster");
        for server in &cluster.servers {
            let seen = coupled_server(&state, server).is_err();
            assert!(seen || !fails(server), "{name} is not among those of one server");
        }
        let violation = coupled(&state, &cluster).expect_err("one predicate fails");
        assert_eq!(violation.property, "Coupling");
        assert!(violation.why.contains("does not hold"), "{}", violation.why);
        failed.insert(name);
    }
    let all: BTreeSet<&str> = COUPLING.iter().map(|coupling| coupling.name).collect();
    assert_eq!(failed, all);
    assert_eq!(all.len(), COUPLING.len(), "two predicates have the same name");
}

#[test]
fn a_crash_keeps_what_couples() {
    for keep in 0..=1 {
        for id in [n(1), n(2)] {
            let mut run = led();
            run.play([Action::Crash { server: id, keep }]);
            run.settle();
            run.elect(n(3));
            run.elect(n(1));
        }
    }
}
