//! Quorums alone are not enough: the counterexample, the counts, and that every check here can fail.

use quorate_models::quorum_without_leader::finding::{
    CONSISTENT, Facts, Finding, Question, Register, RegisterState, establish, find_inconsistency,
};
use quorate_models::quorum_without_leader::history::{History, WORKLOAD, Workload};
use quorate_models::quorum_without_leader::leader_and_follower::{LeaderAndFollower, Shortcut};
use quorate_models::quorum_without_leader::quorums_only::{INTERSECTION, QuorumsOnly};
use quorate_models::quorum_without_leader::{Demonstration, FAILURES, demonstrate};
use stateright::semantics::register::{Register as Sequential, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use std::collections::BTreeSet;

fn quorums_only(question: Question) -> QuorumsOnly {
    QuorumsOnly::new(WORKLOAD, question)
}

fn leader_and_follower(question: Question) -> LeaderAndFollower {
    LeaderAndFollower::new(WORKLOAD, question)
}

/// A search without stateright: every state whole in an ordered set, so that no two can be confused by a
/// fingerprint, level by level. Returns the number of states up to and including the level of the first
/// violation, and that level.
fn search_by_hand<M: Register<State: Ord>>(model: &M) -> (usize, Option<usize>) {
    let mut seen: BTreeSet<M::State> = model.init_states().into_iter().collect();
    let mut level: Vec<M::State> = model.init_states();
    for depth in 0.. {
        if level.iter().any(|state| state.history().violation().is_some()) {
            return (seen.len(), Some(depth));
        }
        let mut next = Vec::new();
        for state in level.iter().flat_map(|state| model.next_states(state)) {
            if seen.insert(state.clone()) {
                next.push(state);
            }
        }
        if next.is_empty() {
            return (seen.len(), None);
        }
        level = next;
    }
    unreachable!("the levels end")
}

fn steps(finding: &Finding) -> usize {
    finding.counterexample.as_ref().expect("a counterexample").len() - 1
}

fn false_statements(facts: &Facts) -> Vec<&str> {
    facts.facts.iter().filter(|fact| !fact.holds).map(|fact| fact.statement).collect()
}

fn assert_report(report: &str, found: &Demonstration) {
    assert!(report.contains("VIOLATED `no read goes back`"), "{report}");
    assert!(report.contains(&format!("{} distinct states", found.with_leader.distinct)));
    assert!(report.contains("The two quorums meet in r2"), "{report}");
    assert!(report.contains("Confirmed within these bounds"), "{report}");
    assert!(!report.contains("FALSE"), "{report}");
}

/// The whole demonstration, with the counts of its bounds on record.
#[test]
fn the_demonstration_confirms_the_pattern() {
    let found = demonstrate();
    assert!(found.confirms_the_pattern(), "{found}");
    assert_report(&found.to_string(), &found);

    // A search that ended at a violation has not visited everything, and does not say so.
    let violated = found.without_leader.violated.as_ref().expect("a violation");
    assert_eq!(violated.property, CONSISTENT);
    assert!(!found.without_leader.exhausted && !found.without_leader.holds());

    assert!(found.with_write_back.exhausted);
    assert_eq!(
        (found.with_write_back.distinct, found.with_write_back.generated),
        (41_791, 152_733)
    );
    assert!(found.with_leader.exhausted);
    assert_eq!((found.with_leader.distinct, found.with_leader.generated), (453_154, 2_259_119));
    assert_eq!(found.facts_without_leader.distinct, 29_344);
    // Both questions visit the same states, so they must count the same.
    assert_eq!(found.facts_with_leader.distinct, found.with_leader.distinct);
    assert_eq!(found.availability().len(), 18);
}

/// A write has to be sent and to be stored once, or there is only one version to return; each of two reads
/// has to be sent and needs the answers of two replicas: 1 + 1 + 3 + 3 steps. No way is shorter.
#[test]
fn the_inconsistent_read_takes_eight_steps() {
    let finding = find_inconsistency(quorums_only(Question::Consistency));
    assert_eq!(steps(&finding), 8);
    assert_eq!(search_by_hand(&quorums_only(Question::Consistency)).1, Some(8));
    let trace = finding.counterexample.expect("a counterexample");
    let last = trace.last().expect("a last step");
    assert_eq!(last.action, "r3 answers read 2 with v0; read 2 returns v0");
    assert_eq!(
        last.state,
        "r1=v1 r2=v0 r3=v0 | write 1 in progress, read 1 returned v1, read 2 returned v0: INCONSISTENT"
    );
}

/// Failures are not needed for the counterexample, and do not make it shorter.
#[test]
fn failures_do_not_shorten_the_counterexample() {
    let failing = QuorumsOnly { failures: FAILURES, ..quorums_only(Question::Consistency) };
    assert_eq!(steps(&find_inconsistency(failing)), 8);
}

/// stateright counts fingerprints; whole states give the same counts.
#[test]
fn no_fingerprints_collide() {
    let write_back = QuorumsOnly { write_back: true, ..quorums_only(Question::Consistency) };
    let finding = find_inconsistency(write_back.clone());
    assert_eq!((finding.distinct, None), search_by_hand(&write_back));
    assert_eq!(finding.distinct, 2_323);
    let leader = leader_and_follower(Question::Consistency);
    let finding = find_inconsistency(leader.clone());
    assert_eq!((finding.distinct, None), search_by_hand(&leader));
    assert_eq!(finding.distinct, 114_200);
}

/// Each rule of the pattern is needed: without it, the same search finds a read that goes back.
#[test]
fn every_shortcut_is_caught() {
    let expected = [
        (
            Shortcut::UnconfirmedReads,
            9,
            "read 1 returned v0 although write 1 had finished before it began.",
        ),
        (
            Shortcut::UnheldTakeover,
            14,
            "read 2 returned v0 although read 1, which had finished before it began, returned v1.",
        ),
        (
            Shortcut::StaleVotes,
            11,
            "read 1 returned v0 although write 1 had finished before it began.",
        ),
    ];
    for (shortcut, length, why) in expected {
        let broken = leader_and_follower(Question::Consistency);
        let finding = find_inconsistency(LeaderAndFollower { shortcut: Some(shortcut), ..broken });
        assert!(!finding.exhausted, "{shortcut:?}");
        assert_eq!(steps(&finding), length, "{shortcut:?}");
        assert_eq!(finding.violated.expect("a violation").why, why, "{shortcut:?}");
    }
}

/// The statements about failures can be false: with quorums of one nothing stops when the majority does,
/// and they do not intersect; with quorums of three nothing goes on when one replica is down.
#[test]
fn availability_depends_on_the_quorum() {
    let facts = |quorum| {
        establish(QuorumsOnly { quorum, failures: FAILURES, ..quorums_only(Question::Facts) })
    };
    assert_eq!(false_statements(&facts(2)), Vec::<&str>::new());
    assert_eq!(
        false_statements(&facts(1)),
        [
            "once two replicas are down, no new write completes",
            "once two replicas are down, no new read completes",
            "with two replicas down, a write and a read wait for ever",
            INTERSECTION,
        ]
    );
    assert_eq!(
        false_statements(&facts(3)),
        [
            "with one replica down, a new write still completes",
            "with one replica down, a new read still completes",
            "with at most one replica down, no run stops before every operation has completed",
        ]
    );
}

/// Without a second term there is no successor: then the leader's failure is the end.
#[test]
fn without_fail_over_the_leader_is_indispensable() {
    let facts = establish(LeaderAndFollower {
        failures: FAILURES,
        last_term: 1,
        ..leader_and_follower(Question::Facts)
    });
    assert_eq!(
        false_statements(&facts),
        [
            "with the first leader down, a new write still completes",
            "with the first leader down, a new read still completes",
            "with the first leader down, all that is left to do still completes",
            "two replicas at once believe that they lead",
        ]
    );
}

/// The property is linearizability: on every history that one writer and one reader can have, the judge of
/// this chapter and stateright's tester, which knows nothing about versions, agree.
#[test]
fn the_property_is_linearizability() {
    let workload = Workload { writes: 2, reads: 2 };
    let tester = LinearizabilityTester::new(Sequential(0));
    let (mut consistent, mut inconsistent) = (0, 0);
    compare(&History::new(workload), &tester, &mut consistent, &mut inconsistent);
    assert_eq!((consistent, inconsistent), (565, 904));
}

type Tester = LinearizabilityTester<u8, Sequential<u8>>;

const WRITER: u8 = 0;
const READER: u8 = 1;

/// Compares the verdicts on this history and on all that continue it.
fn compare(history: &History, tester: &Tester, consistent: &mut usize, inconsistent: &mut usize) {
    let good = history.violation().is_none();
    assert_eq!(good, tester.is_consistent(), "{history}");
    *(if good { &mut *consistent } else { &mut *inconsistent }) += 1;
    let mut continued = Vec::new();
    if let Some(write) = history.next_write() {
        let (mut history, mut tester) = (history.clone(), tester.clone());
        history.start_write();
        tester.on_invoke(WRITER, RegisterOp::Write(write)).expect("one write at a time");
        continued.push((history, tester));
    }
    if history.write_in_progress().is_some() {
        let (mut history, mut tester) = (history.clone(), tester.clone());
        history.finish_write();
        tester.on_return(WRITER, RegisterRet::WriteOk).expect("a write in progress");
        continued.push((history, tester));
    }
    if history.next_read().is_some() {
        let (mut history, mut tester) = (history.clone(), tester.clone());
        history.start_read();
        tester.on_invoke(READER, RegisterOp::Read).expect("one read at a time");
        continued.push((history, tester));
    }
    if history.read_in_progress().is_some() {
        for version in 0..=2 {
            let (mut history, mut tester) = (history.clone(), tester.clone());
            history.finish_read(version);
            tester.on_return(READER, RegisterRet::ReadOk(version)).expect("a read in progress");
            continued.push((history, tester));
        }
    }
    for (history, tester) in continued {
        compare(&history, &tester, consistent, inconsistent);
    }
}
