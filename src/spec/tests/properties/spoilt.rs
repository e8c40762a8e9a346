//! Actions of real runs, each spoilt so that one property fails.

use crate::common::{Past, Run, n};
use quorate_cluster::{Command, Committed, Entry, Log, Waiting, WaitingKind};
use quorate_core::{
    AbstractAction, Applied, Event, Index, Outcome, Payload, Refusal, Reply, RequestId, Role,
    Round, ServerSet, Term, WaitingRead,
};

use quorate_spec::{check_state, check_step};

/// A spoilt action, the property it breaks, and the words that must say why.
pub(crate) struct Case {
    pub(crate) property: &'static str,
    pub(crate) past: Past,
    pub(crate) why: &'static str,
}

/// Every case.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    elections(&mut cases);
    logs(&mut cases);
    commitment(&mut cases);
    application(&mut cases);
    monotonic(&mut cases);
    reads_and_messages(&mut cases);
    outcomes(&mut cases);
    requests(&mut cases);
    cases
}

/// n1 leads term 1; its no-op and two commands are committed and applied everywhere.
fn led() -> Run {
    let mut run = Run::new(3);
    run.elect(1, &[1, 2, 3]);
    run.propose(1, 2);
    run.settle(&[1, 2, 3]);
    run.assert_sound();
    run
}

/// An action in which this server is asked, refuses, and changes nothing.
fn asked(server: u8) -> Past {
    let mut run = led();
    run.read(server);
    run.last()
}

/// Adds a case: an action in which all is well, spoilt.
fn add(
    cases: &mut Vec<Case>,
    property: &'static str,
    mut past: Past,
    spoil: impl FnOnce(&mut Past),
    why: &'static str,
) {
    let verdict = check_step(&past.transition()).and_then(|()| check_state(&past.after));
    assert_eq!(verdict, Ok(()), "before it is spoilt");
    spoil(&mut past);
    cases.push(Case { property, past, why });
}

fn entry(term: u64, command: u64) -> Entry {
    Entry { term: Term(term), payload: Payload::Command(Command(command)) }
}

/// A log with another entry at an index.
fn with_entry(log: &Log, index: usize, entry: Entry) -> Log {
    let mut entries = log.entries().to_vec();
    entries[index - 1] = entry;
    entries.into_iter().collect()
}

fn elections(cases: &mut Vec<Case>) {
    let last = || led().last();
    let second = |past: &mut Past| {
        past.after.history.leaders.insert(Term(1), [n(1), n(3)].into_iter().collect());
    };
    let why = "n1 and n3 both became leader of term 1";
    add(cases, "ElectionSafety", last(), second, why);
    let twice = |past: &mut Past| {
        let both = [n(1), n(3)].into_iter().collect();
        past.after.history.votes.insert((Term(1), n(2)), both);
    };
    add(cases, "VoteOnce", last(), twice, "n2 voted for n1 and n3 in term 1");
    let other = |past: &mut Past| past.spoil(1).state.voted_for = Some(n(2));
    add(cases, "LeaderVotes", last(), other, "n1 leads term 1 but its vote is for n2");
    let forgotten = |past: &mut Past| past.spoil(1).disk.voted_for = None;
    let why = "n1 leads term 1 but its disk holds term 1 and a vote for nobody";
    add(cases, "LeaderVotes", last(), forgotten, why);
    let uncast = |past: &mut Past| {
        past.after.history.votes.insert((Term(1), n(1)), ServerSet::EMPTY);
    };
    let why = "n1 became leader of term 1 without its own vote";
    add(cases, "LeaderVotes", last(), uncast, why);
}

fn logs(cases: &mut Vec<Case>) {
    let last = || led().last();
    let unordered = |past: &mut Past| {
        let state = &mut past.spoil(2).state;
        state.log = with_entry(&state.log, 2, entry(9, 1));
    };
    let why = "the volatile log of n2, in term 1, holds the terms [1, 9, 1]";
    add(cases, "LogTerms", asked(2), unordered, why);
    let without_term = |past: &mut Past| past.spoil(2).disk.term = Term(0);
    let why = "the durable log of n2, in term 0, holds the terms [1, 1, 1]";
    add(cases, "LogTerms", asked(2), without_term, why);
    let shorter = |past: &mut Past| past.spoil(1).state.log.truncate_after(Index(2));
    let why = "n1, leader of term 1, had command 2 of term 1 at index 3 and now has no entry";
    add(cases, "LeaderAppendOnly", last(), shorter, why);
    let other = |past: &mut Past| {
        let state = &mut past.spoil(1).state;
        state.log = with_entry(&state.log, 2, entry(1, 9));
    };
    let why =
        "n1, leader of term 1, had command 1 of term 1 at index 2 and now has command 9 of term 1";
    add(cases, "LeaderAppendOnly", last(), other, why);
    let volatile = |past: &mut Past| {
        let state = &mut past.spoil(3).state;
        state.log = with_entry(&state.log, 2, entry(1, 9));
    };
    let why = "the volatile log of n1 and the volatile log of n3 both hold an entry of term 1 at index \
               3, but at index 2 one holds command 1 of term 1 and the other command 9 of term 1";
    add(cases, "LogMatching", last(), volatile, why);
    let durable = |past: &mut Past| {
        let disk = &mut past.spoil(3).disk;
        disk.log = with_entry(&disk.log, 2, entry(1, 9));
    };
    let why = "the volatile log of n1 and the durable log of n3 both hold an entry of term 1 at index \
               3, but at index 2 one holds command 1 of term 1 and the other command 9 of term 1";
    add(cases, "LogMatching", last(), durable, why);
}

fn commitment(cases: &mut Vec<Case>) {
    let last = || led().last();
    let mut later = led();
    later.win(2, &[3]);
    let incomplete = |past: &mut Past| {
        let state = &mut past.spoil(2).state;
        state.log = with_entry(&state.log, 2, entry(1, 9));
    };
    let why = "n2, leader of term 2, holds command 9 of term 1 at index 2, where command 1 of term 1 \
               was committed in term 1";
    add(cases, "LeaderCompleteness", later.last(), incomplete, why);
    let lost = |past: &mut Past| {
        past.spoil(2).disk.log.truncate_after(Index(2));
        past.spoil(3).disk.log.truncate_after(Index(1));
    };
    // One disk of three may lose an entry, two may not.
    let why = "command 2 of term 1 at index 3 is committed, but of 3 servers it is durable on n1";
    add(cases, "CommittedDurable", last(), lost, why);
    let too_far = |past: &mut Past| past.spoil(3).state.commit_index = Index(4);
    let why = "n3 takes index 4 for committed, but holds no entry at index 4, where no entry was \
               committed";
    add(cases, "CommitKnown", last(), too_far, why);
    let unheld = |past: &mut Past| past.spoil(2).disk.log.truncate_after(Index(1));
    let why = "n1, leader of term 1, counts n2 up to index 3, but at index 2 its disk holds no entry \
               where the leader's log holds command 1 of term 1";
    add(cases, "MatchDurable", last(), unheld, why);
    let earlier = |past: &mut Past| past.spoil(2).disk.term = Term(0);
    let why = "n1, leader of term 1, counts n2 up to index 3, but term 0 is durable there";
    add(cases, "MatchDurable", last(), earlier, why);
}

/// The last action in which a leader committed something.
fn commit(run: &Run) -> Past {
    let is_commit =
        |event: &Event| matches!(event, Event::Performed(AbstractAction::Commit { .. }));
    run.last_where(|past| {
        past.happening.step.as_ref().is_some_and(|step| step.effects.events.iter().any(is_commit))
    })
}

fn application(cases: &mut Vec<Case>) {
    let last = || led().last();
    let other = |past: &mut Past| {
        let state = &mut past.spoil(3).state;
        state.log = with_entry(&state.log, 2, entry(1, 9));
    };
    let why = "n3 applied command 9 of term 1 at index 2, where command 1 of term 1 is committed";
    add(cases, "StateMachineSafety", last(), other, why);
    // The commit of the two commands, where another leader had committed something else.
    let disagreeing = |past: &mut Past| {
        let known = Committed { entry: entry(1, 9), term: Term(1) };
        past.before.history.committed.push(known);
    };
    let why = "n1, leader of term 1, committed command 1 of term 1 at index 2, where command 9 of term \
               1 was committed before";
    add(cases, "StateMachineSafety", commit(&led()), disagreeing, why);
    let too_far = |past: &mut Past| {
        past.effects().apply = Some(Applied { first: Index(4), last: Index(4) });
    };
    let why = "n1 applied no entry at index 4, where no entry is committed";
    add(cases, "StateMachineSafety", commit(&led()), too_far, why);
    let twice = |past: &mut Past| {
        past.effects().apply = Some(Applied { first: Index(1), last: Index(3) });
    };
    let why = "n1 applied 1 to 3 while its last applied index went from 1 to 3";
    add(cases, "ApplyInOrder", commit(&led()), twice, why);
    let silent = |past: &mut Past| past.effects().apply = None;
    let why = "n1 moved from 1 to 3 but applied nothing";
    add(cases, "ApplyInOrder", commit(&led()), silent, why);
    let nothing = |past: &mut Past| {
        past.effects().apply = Some(Applied { first: Index(4), last: Index(3) });
    };
    let why = "n1 applied 4 to 3 while its last applied index went from 3 to 3";
    add(cases, "ApplyInOrder", last(), nothing, why);
    let undone = |past: &mut Past| past.spoil(3).disk.log.truncate_after(Index(2));
    let why = "n3 applied command 2 of term 1 at index 3, where its disk holds no entry";
    add(cases, "AppliedKept", asked(3), undone, why);
    // A crash forgets what was applied, but the disk must not.
    let mut crashed = led();
    crashed.crash(3, 0);
    add(cases, "AppliedKept", crashed.last(), undone, why);
}

fn monotonic(cases: &mut Vec<Case>) {
    let last = || led().last();
    let term = |past: &mut Past| past.spoil(2).state.current_term = Term(0);
    add(cases, "TermMonotonic", asked(2), term, "the term of n2 fell from 1 to 0");
    let durable = |past: &mut Past| past.spoil(2).disk.term = Term(0);
    add(cases, "TermMonotonic", asked(2), durable, "the durable term of n2 fell from 1 to 0");
    let vote = |past: &mut Past| past.spoil(2).state.voted_for = Some(n(3));
    let why = "the vote of n2 in term 1 changed from n1 to n3";
    add(cases, "VoteOnce", asked(2), vote, why);
    let forgotten = |past: &mut Past| past.spoil(2).disk.voted_for = None;
    let why = "the durable vote of n2 in term 1 changed from n1 to nobody";
    add(cases, "VoteOnce", asked(2), forgotten, why);
    let commit_index = |past: &mut Past| past.spoil(2).state.commit_index = Index(1);
    let why = "the commit index of n2 fell from 3 to 1";
    add(cases, "CommitMonotonic", asked(2), commit_index, why);
    let last_applied = |past: &mut Past| past.spoil(2).state.last_applied = Index(1);
    let why = "the last applied index of n2 fell from 3 to 1";
    add(cases, "CommitMonotonic", asked(2), last_applied, why);
    let match_index = |past: &mut Past| past.leader(1).progress[1].match_index = Index(1);
    let why = "n1, leader of term 1: the match index of n3 fell from 3 to 1";
    add(cases, "MatchMonotonic", last(), match_index, why);
    let mut reading = led();
    reading.read(1);
    reading.settle(&[1, 2, 3]);
    reading.heartbeat(1);
    let round = |past: &mut Past| past.leader(1).progress[0].round = Round::ZERO;
    let why = "n1, leader of term 1: the round of n2 fell from 1 to 0";
    add(cases, "MatchMonotonic", reading.last(), round, why);
    let next_index = |past: &mut Past| past.leader(1).progress[0].next_index = Index(3);
    let why = "n1, leader of term 1, would send n2 index 3 next although it holds index 3";
    add(cases, "NextGtMatch", last(), next_index, why);
}

/// The action in which a read of index 3 was answered.
fn served() -> Past {
    let mut run = led();
    run.read(1);
    run.settle(&[1, 2, 3]);
    run.assert_sound();
    let is_read = |reply: &Reply| matches!(reply.outcome, Outcome::Readable(_));
    run.last_where(|past| {
        past.happening.step.as_ref().is_some_and(|step| step.effects.reply.iter().any(is_read))
    })
}

fn reads_and_messages(cases: &mut Vec<Case>) {
    let stale = |past: &mut Past| {
        let kind = WaitingKind::Read { must_see: Index(4) };
        past.before.clients.waiting.insert(RequestId(3), Waiting { server: n(1), kind });
    };
    let why =
        "n1 answered read r3 for index 3 with 3 applied, though 4 was committed when it was issued";
    add(cases, "ReadNeverStale", served(), stale, why);
    let early = |past: &mut Past| past.spoil(1).state.last_applied = Index(2);
    let why =
        "n1 answered read r3 for index 3 with 2 applied, though 3 was committed when it was issued";
    add(cases, "ReadNeverStale", served(), early, why);
    // A single server answers in the step in which the read is issued.
    let mut alone = Run::new(1);
    alone.elect(1, &[1]);
    alone.read(1);
    let early = |past: &mut Past| past.spoil(1).state.last_applied = Index(0);
    let why =
        "n1 answered read r1 for index 1 with 0 applied, though 1 was committed when it was issued";
    add(cases, "ReadNeverStale", alone.last(), early, why);
    let mut beating = led();
    beating.heartbeat(1);
    let refused = |past: &mut Past| {
        let refusal = Event::Refused { from: n(3), why: Refusal::SecondLeader };
        past.effects().events.push(refusal);
    };
    let why = "n1 in term 1 refused a message of n3: SecondLeader";
    add(cases, "NoRefusal", beating.last(), refused, why);
}

fn outcomes(cases: &mut Vec<Case>) {
    let done = || commit(&led());
    let reply = |request, outcome| Reply { request: RequestId(request), outcome };
    let twice = |past: &mut Past| {
        let again = past.effects().reply[0];
        past.effects().reply.push(again);
    };
    add(cases, "OneOutcome", done(), twice, "n1 answered r1 twice");
    let unasked = |past: &mut Past| past.effects().reply[0] = reply(7, Outcome::Unknown);
    add(cases, "OneOutcome", done(), unasked, "n1 answered r7, which does not wait");
    let elsewhere = |past: &mut Past| {
        let waiting = Waiting { server: n(2), kind: WaitingKind::Write };
        past.before.clients.waiting.insert(RequestId(1), waiting);
    };
    add(cases, "OneOutcome", done(), elsewhere, "n1 answered r1, which waits at n2");
    let unnoticed = |past: &mut Past| {
        let waiting = Waiting { server: n(1), kind: WaitingKind::Write };
        past.after.clients.waiting.insert(RequestId(1), waiting);
    };
    add(cases, "OneOutcome", done(), unnoticed, "n1 answered r1, which still waits");
    let as_read = |past: &mut Past| past.effects().reply[0].outcome = Outcome::Readable(Index(2));
    let why = "n1 answered r1, a Write, with Readable(Index(2))";
    add(cases, "OneOutcome", done(), as_read, why);
    let wrong = |past: &mut Past| past.effects().reply[0].outcome = Outcome::Written(Index(3));
    let why = "n1 said that r1 is done at 3, which is command 2 of term 1";
    add(cases, "OneOutcome", done(), wrong, why);
    let early = |past: &mut Past| past.spoil(1).state.last_applied = Index(1);
    let why = "n1 said that r1 is done at 2 with 1 applied";
    add(cases, "OneOutcome", done(), early, why);
    let untrue = |past: &mut Past| past.effects().reply[0].outcome = Outcome::Busy;
    let why = "n1 said that r1 had no effect, but holds it at index 2";
    add(cases, "OneOutcome", done(), untrue, why);
    let lost = |past: &mut Past| {
        past.after.clients.waiting.remove(&RequestId(1));
        past.effects().reply.remove(0);
    };
    let why = "n1 gave 1 answers, but of 2 requests 0 still wait";
    add(cases, "OneOutcome", done(), lost, why);
}

fn requests(cases: &mut Vec<Case>) {
    let mut waiting = led();
    waiting.propose(1, 1);
    waiting.read(1);
    let last = || waiting.last();
    let forgets = |past: &mut Past| past.leader(1).writes.clear();
    add(cases, "OneOutcome", last(), forgets, "r3 waits, but n1 no longer knows it");
    let misplaces = |past: &mut Past| past.leader(1).writes[0].index = Index(2);
    add(cases, "OneOutcome", last(), misplaces, "r3 waits, but n1 no longer knows it");
    // A write that is applied by now, and was never answered.
    let applied = |past: &mut Past| past.spoil(1).state.last_applied = Index(4);
    add(cases, "OneOutcome", last(), applied, "r3 waits, but n1 no longer knows it");
    let steps_down =
        |past: &mut Past| past.spoil(1).state.role = Role::Follower(Default::default());
    add(cases, "OneOutcome", last(), steps_down, "r3 waits, but n1 no longer knows it");
    let invents = |past: &mut Past| {
        let read = WaitingRead { request: RequestId(9), read_index: Index(3), round: Round(1) };
        past.leader(1).reads.push_back(read);
    };
    add(cases, "OneOutcome", last(), invents, "servers hold 3 requests, but 2 wait");
    // A follower answers at once, but not whom it was not asked by.
    let (mut writing, mut reading) = (led(), led());
    writing.propose(2, 1);
    reading.read(2);
    let another = |past: &mut Past| past.effects().reply[0].request = RequestId(9);
    let why = "n2 answered r9, which does not wait";
    add(cases, "OneOutcome", writing.last(), another, why);
    add(cases, "OneOutcome", reading.last(), another, why);
    let made_up = |past: &mut Past| past.after.history.committed[2].entry = entry(1, 7);
    let why = "command 7 is committed at index 3, but only 2 were issued";
    add(cases, "Integrity", commit(&led()), made_up, why);
    let repeated = |past: &mut Past| past.after.history.committed[2].entry = entry(1, 1);
    let why = "command 1 is committed at index 2 and at index 3";
    add(cases, "Integrity", commit(&led()), repeated, why);
}
