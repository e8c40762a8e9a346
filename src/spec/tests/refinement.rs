//! A transition that is not what it says is rejected: a disk that changes by itself, a wrong witness, a
//! message that is not true, a server that loses its disk.

mod runs;

use quorate_cluster::{Action, Cluster, Envelope, Happening};
use quorate_core::{
    AbstractAction, Applied, Event, Index, LogPosition, Message, RequestId, Round, ServerId, Term,
};
use quorate_spec::{Exercised, Refinement, Transition, Violation, facts_hold, is_fact, refine};
use runs::{Run, n, setting};

/// A transition, and the abstract protocol beside the cluster before it.
struct Step {
    refinement: Refinement,
    before: Cluster,
    action: Action,
    happening: Happening,
    after: Cluster,
}

impl Step {
    fn of(run: Run, action: Action) -> Step {
        let mut after = run.cluster.clone();
        let happening = after.perform(&run.setting.parameters, &action).expect("it is possible");
        let Run { cluster: before, refinement, .. } = run;
        Step { refinement, before, action, happening, after }
    }

    fn transition(&self) -> Transition<'_> {
        let Step { before, action, happening, after, .. } = self;
        Transition { before, action, happening, after }
    }

    fn refine(&self) -> Result<Exercised, Violation> {
        refine(&mut self.refinement.abstract_state.clone(), &self.transition())
    }

    /// Expects a rejection that names something.
    fn rejected(&self, name: &str) {
        let violation = self.refine().expect_err(name);
        assert_eq!(violation.property, "Refinement");
        assert!(violation.why.contains(name), "{} does not name {name}", violation.why);
    }

    fn effects(&mut self) -> &mut quorate_cluster::Effects {
        &mut self.happening.step.as_mut().expect("a server took a step").effects
    }
}

/// Three servers; n1 leads, its no-op and two commands are applied everywhere.
fn settled() -> Run {
    let mut run = Run::new(setting(3));
    run.elect(n(1));
    run.propose(n(1), 2);
    run.settle();
    run
}

/// The step in which n2 makes a vote for n3 durable and sends it.
fn vote() -> Step {
    let mut run = settled();
    run.play([Action::ElectionTimeout(n(3)), Action::Sync { server: n(3), count: 1 }]);
    let mut requests = run.cluster.network.in_flight.keys().cloned();
    let request = requests.find(|request| request.to == n(2)).expect("n2 is asked");
    run.play([Action::Deliver(request)]);
    Step::of(run, Action::Sync { server: n(2), count: 1 })
}

/// The step in which the last acknowledgement that is needed reaches the leader.
fn commit() -> Step {
    let mut run = settled();
    run.propose(n(1), 1);
    let mut batches = run.cluster.network.in_flight.keys().cloned();
    let batch = batches.find(|batch| batch.to == n(2)).expect("n2 gets the entry");
    let sync = |number| Action::Sync { server: n(number), count: 1 };
    run.play([sync(1), Action::Deliver(batch), sync(2)]);
    // It has acknowledged what it had before, and then the new entry: the greater of the messages.
    let messages = run.cluster.network.in_flight.keys().cloned();
    let accepted = messages.filter(|accepted| accepted.to == n(1)).max().expect("n2 acknowledges");
    Step::of(run, Action::Deliver(accepted))
}

#[test]
fn what_happened_refines() {
    vote().refine().expect("a vote");
    commit().refine().expect("a commit");
}

/// Who follows a run looks at the server that acted: that it did what it says, and that it is coupled.
#[test]
fn following_looks_at_the_server_that_acted() {
    let follow = |step: &Step| step.refinement.clone().follow(&step.transition(), None);
    let check = |step: &Step| step.refinement.clone().check(&step.transition());
    let mut step = vote();
    let exercised = step.refine().expect("a vote");
    assert_eq!((follow(&step), check(&step)), (Ok(exercised), Ok(exercised)));
    // n2 acts, and says that it voted for n3.
    step.after.servers[1].disk.voted_for = Some(n(1));
    let why = follow(&step).expect_err("another vote on its disk").why;
    assert!(why.contains("the disk of n2 holds vote"), "{why}");
    // What is in memory, refinement does not compare.
    for server in [0, 1] {
        let mut step = vote();
        step.after.servers[server].state.commit_index = Index(9);
        step.refine().expect("no disk has changed");
        assert_eq!(check(&step).expect_err("nothing was committed").property, "Coupling");
        assert_eq!(follow(&step).is_err(), server == 1, "n1 did not act");
    }
}

#[test]
fn a_disk_does_not_change_by_itself() {
    let mut step = vote();
    step.after.servers[0].disk.term = Term(9);
    step.rejected("the disk of n1 holds term 9");

    let mut step = vote();
    step.after.servers[2].disk.log.truncate_after(Index(1));
    step.rejected("the disk of n3 holds the log");

    let mut step = vote();
    step.after.servers[1].disk.voted_for = Some(n(1));
    step.rejected("the disk of n2 holds vote");
}

#[test]
fn a_write_has_the_witness_that_it_says() {
    let mut step = vote();
    step.happening.synced.clear();
    step.rejected("the disk of n2 holds term 2");

    let (server, term) = (n(2), Term(2));
    let mut step = vote();
    step.happening.synced = vec![AbstractAction::BumpTerm { server, term }];
    step.rejected("the disk of n2 holds vote");

    let mut step = vote();
    step.happening.synced = vec![AbstractAction::GrantVote { server, candidate: n(1), term }];
    step.rejected("guard is_candidate of grant_vote");

    let mut step = vote();
    step.happening.synced = vec![AbstractAction::BecomeCandidate { server, term }];
    step.rejected("the disk of n2 holds vote");
}

#[test]
fn a_message_is_a_fact() {
    // A vote for another than the one it was cast for.
    let mut step = vote();
    step.effects().send[0].to = n(1);
    step.rejected("n2 voted for n3 in term 2");
    // A vote that was never cast.
    let mut step = vote();
    step.effects().send[0].term = Term(3);
    step.rejected("n2 has not voted in term 3");
}

#[test]
fn an_event_says_what_happened() {
    // More is committed than was acknowledged.
    let mut step = commit();
    let everyone = step.before.servers.iter().map(|server| server.state.id).collect();
    let (term, index) = (Term(1), Index(4));
    let committed = AbstractAction::Commit { term, index, acknowledged: everyone };
    step.effects().events[0] = Event::Performed(committed);
    step.rejected("guard all_acknowledged of commit");

    // An entry is applied without a commit.
    let mut step = commit();
    step.effects().events.remove(0);
    step.rejected("guard is_chosen of apply");

    // The state machine gets more than is applied.
    let mut step = commit();
    step.effects().apply = Some(Applied { first: Index(4), last: Index(5) });
    step.rejected("hands over");

    // A leader appends what its log does not have.
    let mut step = commit();
    let appended = AbstractAction::LeaderAppend { term, index: Index(5) };
    step.effects().events.push(Event::Performed(appended));
    step.rejected("guard value_is_given of leader_append");
}

#[test]
fn a_crash_performs_what_it_keeps() {
    let leader_with_two_writes = || {
        let mut run = settled();
        run.propose(n(1), 1);
        run.propose(n(1), 2);
        run
    };
    for keep in 0..=2 {
        let step = Step::of(leader_with_two_writes(), Action::Crash { server: n(1), keep });
        step.refine().expect("any prefix may survive");
        assert_eq!(step.happening.synced.len(), keep);
    }
    let mut step = Step::of(leader_with_two_writes(), Action::Crash { server: n(1), keep: 2 });
    step.happening.synced.remove(0);
    step.rejected("guard previous_matches of replicate");
}

#[test]
fn a_wiped_disk_is_rejected() {
    Step::of(settled(), Action::Wipe(n(2))).rejected("the disk of n2 holds term 0");
    // A disk that never held anything can lose nothing.
    Step::of(Run::new(setting(3)), Action::Wipe(n(2))).refine().expect("nothing is lost");
}

/// Puts a message in flight that a cluster would have to send for it to be true.
fn claim(from: u8, to: u8, term: u64, message: Message<quorate_cluster::Command>) -> Envelope {
    Envelope { from: n(from), to: n(to), term: Term(term), message }
}

#[test]
fn every_kind_of_message_can_be_untrue() {
    let run = settled();
    let state = &run.refinement.abstract_state;
    let at = |term, index| LogPosition { term: Term(term), index: Index(index) };
    let round = Round::ZERO;
    let entries = || run.cluster.servers[0].state.log.entries().to_vec();
    let append = |previous, entries, commit_index| {
        let commit_index = Index(commit_index);
        Message::AppendEntries { previous, entries, commit_index, round }
    };
    let accepted = |match_index| Message::AppendAccepted { match_index: Index(match_index), round };
    let rejected = || Message::AppendRejected { previous: Index(7), hint: at(1, 3), round };
    let stale = |current| Message::StaleTerm { current: Term(current) };

    let truths = [
        claim(1, 2, 1, Message::RequestVote { last: at(0, 0) }),
        claim(2, 1, 1, Message::VoteGranted),
        claim(1, 2, 1, append(at(0, 0), entries(), 3)),
        claim(1, 2, 1, append(at(1, 3), Vec::new(), 0)),
        claim(2, 1, 1, accepted(3)),
        claim(2, 1, 1, accepted(0)),
        claim(2, 1, 1, rejected()),
        claim(2, 1, 1, stale(5)),
    ];
    for envelope in truths {
        is_fact(state, &envelope).unwrap_or_else(|found| panic!("{envelope:?}: {found}"));
    }
    let lies = [
        claim(1, 2, 1, Message::RequestVote { last: at(1, 1) }),
        claim(3, 2, 1, Message::RequestVote { last: at(0, 0) }),
        claim(2, 3, 1, Message::VoteGranted),
        claim(2, 1, 2, Message::VoteGranted),
        claim(2, 3, 1, append(at(0, 0), Vec::new(), 0)),
        claim(1, 2, 2, append(at(0, 0), Vec::new(), 0)),
        claim(1, 2, 1, append(at(1, 4), Vec::new(), 0)),
        claim(1, 2, 1, append(at(2, 3), Vec::new(), 0)),
        claim(1, 2, 1, append(at(1, 1), entries(), 0)),
        claim(1, 2, 1, append(at(0, 0), entries(), 4)),
        claim(2, 1, 1, accepted(4)),
        claim(2, 3, 1, accepted(0)),
        claim(2, 3, 1, rejected()),
        claim(2, 1, 2, stale(5)),
    ];
    for envelope in lies {
        assert!(is_fact(state, &envelope).is_err(), "{envelope:?} is no fact");
        let mut cluster = run.cluster.clone();
        cluster.network.send(envelope);
        let violation = facts_hold(state, &cluster).expect_err("an untrue message in flight");
        assert_eq!(violation.property, "Refinement");
    }
}

#[test]
fn a_fresh_cluster_needs_no_history() {
    let cluster = Cluster::new(&setting(5));
    let fresh = quorate_spec::Abstract::new(setting(5).configuration());
    assert_eq!(Refinement::new(&cluster).abstract_state, fresh);
}

/// Logs in the manner of the figure with which the thesis asks what a new leader may meet
/// [Ongaro14 §3.5], written by hand, and then a run from there.
#[test]
fn logs_written_by_hand_get_a_history() {
    let terms: [&[u64]; 7] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let mut run = Run::new(setting(7));
    for (server, terms) in run.cluster.servers.iter_mut().zip(terms) {
        // The same term at the same index is the same entry.
        let entry = |(position, term): (usize, &u64)| quorate_cluster::Entry {
            term: Term(*term),
            payload: quorate_core::Payload::Command(quorate_cluster::Command(
                term * 100 + position as u64,
            )),
        };
        server.disk.log = terms.iter().enumerate().map(entry).collect();
        server.disk.term = Term(7);
        let (id, configuration) = (server.state.id, server.state.configuration);
        let (term, log) = (server.disk.term, server.disk.log.clone());
        server.state =
            quorate_cluster::State::recover(id, configuration, term, None, log).expect("a voter");
    }
    run.refinement = Refinement::new(&run.cluster);
    quorate_spec::coupled(&run.refinement.abstract_state, &run.cluster).expect("they explain it");
    run.elect(n(1));
    assert!(matches!(run.cluster.servers[0].state.role, quorate_core::Role::Leader(_)));
    run.propose(n(1), 1);
    run.settle();
    let lengths: Vec<u64> =
        run.cluster.servers.iter().map(|server| server.disk.log.last_index().0).collect();
    assert_eq!(lengths, [12; 7]);
    run.refinement.abstract_state.check_safety().expect("and it stays safe");
}

#[test]
fn requests_are_not_part_of_the_abstract_protocol() {
    let mut run = settled();
    let state = run.refinement.abstract_state.clone();
    let request: RequestId = run.cluster.next_request();
    let server: ServerId = n(2);
    run.play([Action::Read { server, request }]);
    assert_eq!(run.refinement.abstract_state, state);
}
