//! What is assumed of a cluster that did not begin at the beginning: for each trace of the past the least that
//! explains it.

mod made_up;
mod runs;

use made_up::set;
use quorate_cluster::notation::Notation;
use quorate_cluster::{Cluster, Command, Entry, Envelope, History, Log};
use quorate_core::{Index, Term};
use quorate_spec::{Abstract, Refinement, Watched, coupled, is_fact, replay};
use runs::{beginning, n};
use std::collections::BTreeMap;

/// A cluster of three of these servers, with messages on their way.
fn cluster(servers: &[&str], messages: &[&str]) -> Cluster {
    let mut cluster = Watched::begin(&beginning(3, servers)).cluster().clone();
    for message in messages {
        cluster.network.send(envelope(message));
    }
    cluster
}

fn envelope(message: &str) -> Envelope {
    Envelope::from_notation(message).unwrap_or_else(|why| panic!("{message}: {why:?}"))
}

/// What is assumed of such a cluster; it explains every server.
fn assumed(servers: &[&str], messages: &[&str]) -> Abstract<Command> {
    let cluster = cluster(servers, messages);
    let state = Refinement::new(&cluster).abstract_state;
    coupled(&state, &cluster).expect("what is assumed explains the servers");
    state.check_invariant().expect("what is assumed could have come to be");
    state
}

fn log(notation: &str) -> Vec<Entry> {
    Log::from_notation(notation).expect("a log").entries().to_vec()
}

/// Who leads a term, and with which log.
#[track_caller]
fn assert_leads(state: &Abstract<Command>, term: u64, server: u8, entries: &str) {
    let leader = state.leaders.get(&Term(term)).expect("the term has a leader");
    assert_eq!((leader.server, leader.log.as_slice()), (n(server), log(entries).as_slice()));
}

/// With which log a server stands in a term.
#[track_caller]
fn assert_stands(state: &Abstract<Command>, term: u64, server: u8, entries: &str) {
    let standing = state.candidates.get(&(Term(term), n(server))).expect("it stands");
    assert_eq!(*standing, log(entries));
}

#[test]
fn who_is_followed_leads() {
    let servers =
        ["n1 follower term=2 vote=n1 log=[]", "n2 follower term=2 vote=n1 log=[] leader=n1"];
    let state = assumed(&servers, &[]);
    assert_leads(&state, 2, 1, "[]");
    assert_eq!(state.leaders.len(), 1);
}

#[test]
fn who_speaks_and_who_is_spoken_to_as_a_leader_leads() {
    let servers = ["n1 follower term=3 log=[]", "n2 follower term=3 log=[]"];
    for message in [
        "n1>n2@2 AppendEntries previous=0@0 entries=[] commit=0 round=0",
        "n2>n1@2 AppendAccepted match=0 round=0",
        "n2>n1@2 AppendRejected previous=4 hint=1@1 round=0",
        "n2>n1@2 StaleTerm current=3",
    ] {
        let state = assumed(&servers, &[message]);
        assert_leads(&state, 2, 1, "[]");
        is_fact(&state, &envelope(message)).expect("what is assumed explains the message");
    }
    for message in ["n2>n1@2 VoteGranted", "n2>n1@2 RequestVote last=0@0"] {
        assert_eq!(assumed(&servers, &[message]).leaders, BTreeMap::new(), "{message}");
    }
}

#[test]
fn what_a_message_brings_is_in_its_leaders_log() {
    let servers = ["n1 follower term=3 log=[1:noop]", "n2 follower term=3 log=[]"];
    let goes_on = "n1>n2@2 AppendEntries previous=2@2 entries=[2:c1] commit=0 round=0";
    let begins = "n1>n2@2 AppendEntries previous=1@1 entries=[2:noop] commit=0 round=0";
    let whole = assumed(&servers, &[goes_on, begins]);
    assert_leads(&whole, 2, 1, "[1:noop,2:noop,2:c1]");
    // What comes after an entry that nobody has can be taken by nobody; but there was a leader.
    let orphan = assumed(&servers, &[goes_on]);
    assert_leads(&orphan, 2, 1, "[]");
}

#[test]
fn what_a_write_brings_is_in_its_leaders_log() {
    // n2 has left the term of the leader from whom it has an older entry, which is not yet on its disk.
    let writes = "writes=[0+[1:noop]@2/-:replicate(n2,2,0,1),1+[]@3/-:bump_term(n2,3)]";
    let server = format!("n2 follower term=3 log=[1:noop] disk=[]@2/- {writes}");
    let state = assumed(&["n1 follower term=3 log=[]", &server, "n3 follower term=3 log=[]"], &[]);
    // It cannot have led: it is in that term, and has not voted.
    assert_leads(&state, 2, 1, "[1:noop]");
}

#[test]
fn of_an_unknown_leader_the_first_with_the_longest_log_is_taken() {
    let equal = ["n1 follower term=3 log=[1:noop]", "n2 follower term=3 log=[1:noop]"];
    assert_leads(&assumed(&equal, &[]), 1, 1, "[1:noop]");
    let longer = ["n1 follower term=3 log=[1:noop]", "n2 follower term=3 log=[1:noop,1:c1,2:noop]"];
    let state = assumed(&longer, &[]);
    assert_leads(&state, 1, 2, "[1:noop,1:c1]");
    assert_leads(&state, 2, 2, "[1:noop,1:c1,2:noop]");
}

#[test]
fn who_cannot_have_stood_is_taken_for_a_leader_last() {
    // n1 has not voted in term 2, and n2 and n3 have left it.
    let servers = [
        "n1 follower term=2 log=[1:noop,2:noop]",
        "n2 follower term=3 log=[1:noop,2:noop]",
        "n3 follower term=3 log=[1:noop,2:noop]",
    ];
    assert_leads(&assumed(&servers, &[]), 2, 2, "[1:noop,2:noop]");
    let nobody_else_has_it =
        [servers[0], "n3 follower term=3 log=[]", "n2 follower term=3 log=[1:noop]"];
    assert_leads(&assumed(&nobody_else_has_it, &[]), 2, 2, "[1:noop,2:noop]");
    // As it is often written by hand: nobody can have stood. Then it is who has the log.
    let cluster = cluster(&["n2 follower term=1 log=[1:noop]"], &[]);
    let state = Refinement::new(&cluster).abstract_state;
    assert_leads(&state, 1, 2, "[1:noop]");
    coupled(&state, &cluster).expect("what is assumed explains the servers");
}

#[test]
fn of_an_unknown_leader_votes_tell_more_than_logs() {
    // In term 2 n2 voted for n1, and n3 for itself. In term 3 n1 stands.
    let servers = [
        "n1 candidate term=3 vote=n1 log=[] votes={n1}",
        "n2 follower term=2 vote=n1 log=[]",
        "n3 follower term=2 vote=n3 log=[2:noop]",
    ];
    let state = assumed(&servers, &[]);
    assert_leads(&state, 2, 1, "[2:noop]");
    // n1 has left the term, so it may have voted for itself, and did.
    assert_eq!(state.leaders[&Term(2)].votes, set([1, 2]));
    assert_eq!(state.voted[&(Term(2), n(3))], n(3));
    // In term 2 n2 voted for n3, and in term 3 the others for n1, which has left term 2 as well.
    let servers = [
        "n1 candidate term=3 vote=n1 log=[] votes={n1}",
        "n2 follower term=2 vote=n3 log=[2:noop]",
        "n3 follower term=3 vote=n1 log=[]",
    ];
    assert_leads(&assumed(&servers, &[]), 2, 3, "[2:noop]");
}

#[test]
fn a_candidate_stands_with_what_it_has() {
    let state =
        assumed(&["n1 follower term=2 log=[1:noop]", "n3 candidate term=2 vote=n3 log=[]"], &[]);
    assert_stands(&state, 2, 3, "[]");
}

#[test]
fn who_leads_has_stood_with_what_it_had_before() {
    let servers = [
        "n1 leader term=2 vote=n1 log=[1:noop,2:noop] first=2 heard={n1} n2(next=2) n3(next=2)",
        "n2 follower term=2 vote=n1 log=[]",
        "n3 follower term=2 log=[1:noop,1:c1]",
    ];
    let state = assumed(&servers, &[]);
    assert_stands(&state, 2, 1, "[1:noop]");
}

#[test]
fn a_candidate_stands_with_a_log_that_ends_as_it_says() {
    let servers = ["n1 follower term=3 log=[1:noop,1:c1]", "n3 follower term=4 log=[]"];
    let says = |last: &str| format!("n3>n1@3 RequestVote last={last}");
    for (last, entries) in [("0@0", "[]"), ("1@1", "[1:noop]"), ("2@1", "[1:noop,1:c1]")] {
        let state = assumed(&servers, &[&says(last)]);
        assert_stands(&state, 3, 3, entries);
        is_fact(&state, &envelope(&says(last))).expect("it stands like this");
    }
    // So does one that leads, if its log as leader is not known so far.
    let servers = ["n1 follower term=4 log=[1:noop,1:c1]", "n2 follower term=4 log=[]"];
    let leads = "n2>n1@3 AppendAccepted match=0 round=0";
    let state = assumed(&servers, &[leads, "n1>n2@3 RequestVote last=2@1"]);
    assert_leads(&state, 3, 1, "[]");
    assert_stands(&state, 3, 1, "[1:noop,1:c1]");
    // Nobody has this log any more, nor is anybody known who led its term.
    let cluster = cluster(&servers, &[&says("2@2")]);
    let state = Refinement::new(&cluster).abstract_state;
    is_fact(&state, &envelope(&says("2@2"))).expect("it stands like this");
}

#[test]
fn for_whom_somebody_votes_stands_with_the_last_log_of_before() {
    let servers = [
        "n1 follower term=3 vote=n3 log=[1:noop,1:c1,3:noop]",
        "n2 follower term=3 vote=n3 log=[1:noop]",
        "n3 follower term=4 log=[]",
    ];
    let state = assumed(&servers, &[]);
    assert_stands(&state, 3, 3, "[1:noop,1:c1]");
}

#[test]
fn nothing_is_chosen_for_want_of_a_commit() {
    let servers = ["n1 follower term=2 log=[1:noop]", "n2 follower term=2 log=[1:noop]"];
    assert_eq!(assumed(&servers, &[]).chosen, BTreeMap::new());
}

#[test]
fn what_is_committed_is_chosen_and_every_later_leader_has_it() {
    let servers = [
        "n1 follower term=2 log=[1:noop,1:c1] commit=2",
        "n2 follower term=2 vote=n2 log=[1:noop,1:c1]",
        "n3 follower term=2 vote=n2 log=[1:noop] leader=n2 verified=1",
    ];
    let state = assumed(&servers, &[]);
    let chosen = BTreeMap::from([(Index(2), set([1, 2]))]);
    assert_eq!(state.chosen, BTreeMap::from([(Term(1), chosen)]));
    assert_leads(&state, 2, 2, "[1:noop,1:c1]");
    assert_eq!(state.acked_index(Term(1), n(1)), Index(2));
    assert_eq!(state.acked_index(Term(1), n(3)), Index(0));
}

/// Figure 3.7 of the thesis [Ongaro14 §3.6.2], and the commit of the entry of term 4 is known to n4 alone, and
/// only as far as its log goes. The leader of term 3 has not heard of it.
const COMMITTED_BY_A_LATER_LEADER: [&str; 5] = [
    "n1 follower term=4 vote=n1 log=[1:noop,2:noop,4:noop]",
    "n2 follower term=4 vote=n1 log=[1:noop,2:noop,4:noop]",
    "n3 follower term=4 vote=n1 log=[1:noop,2:noop,4:noop]",
    "n4 follower term=4 log=[1:noop,2:noop] commit=2 leader=n1 verified=2",
    "n5 leader term=3 vote=n5 log=[1:noop,3:noop] first=2 n1(next=2) n2(next=2) n3(next=2) n4(next=2)",
];

#[test]
fn what_was_committed_was_chosen_by_a_leader_with_whom_all_later_ones_agree() {
    let scenario = beginning(5, &COMMITTED_BY_A_LATER_LEADER);
    let watched = Watched::begin(&scenario);
    // Once without the history that is assumed, once with it.
    let mut forgetful = watched.cluster().clone();
    forgetful.history = History::default();
    for cluster in [&forgetful, watched.cluster()] {
        let state = Refinement::new(cluster).abstract_state;
        state.check_invariant().expect("it could have come to be");
        let chosen = state.chooser_of_prefix(&log("[1:noop,2:noop]"), Index(2), Term(4));
        assert_eq!(chosen.map(|chooser| chooser.term), Some(Term(4)));
        assert!(!state.chosen.contains_key(&Term(2)), "the leader of term 3 would have it");
    }
    let terms: Vec<u64> = watched.cluster().history.committed.iter().map(|it| it.term.0).collect();
    assert_eq!(terms, [4, 4]);
    let run = replay(&scenario).expect("a cluster can be like this");
    assert_eq!(run.as_expected(), Ok(()));
}
