//! How a cluster that is left in peace comes back: in as many rounds as it must, and not at all if it cannot.

mod runs;

use quorate_cluster::{Cluster, NetworkKind, Setting};
use quorate_core::{Parameters, Spreading};
use quorate_spec::recovery::{RECOVERABILITY, recover};
use quorate_spec::{Violation, Watched};
use runs::{beginning, setting};

/// How a cluster of three recovers that begins like this.
fn recovered(parameters: Parameters, servers: &[&str]) -> Result<u64, Violation> {
    let setting = Setting { parameters, ..setting(3) };
    recover(&setting, Watched::begin(&beginning(3, servers)).cluster())
}

/// In how many rounds it does.
fn rounds(servers: &[&str]) -> u64 {
    recovered(Parameters::default(), servers).expect("it recovers")
}

/// Three servers that have a leader, n1.
const LED: [&str; 3] = [
    "n1 leader term=1 vote=n1 log=[1:noop] commit=1 first=1 n2(next=2 match=1) n3(next=2 match=1)",
    "n2 follower term=1 vote=n1 log=[1:noop] leader=n1 verified=1",
    "n3 follower term=1 vote=n1 log=[1:noop] leader=n1 verified=1",
];

#[test]
fn who_leads_commits_in_one_round() {
    assert_eq!(rounds(&LED), 1);
    // Followers hear of the commit with the next heartbeat.
    let parameters = Parameters { spreading: Spreading::WithNextMessage, ..Parameters::default() };
    assert_eq!(recovered(parameters, &LED).expect("it recovers"), 2);
}

#[test]
fn an_election_takes_one_round() {
    assert_eq!(rounds(&[]), 2);
    for servers in 1..=7 {
        let network = NetworkKind::Facts;
        let setting = Setting { servers, network, parameters: Parameters::default() };
        assert_eq!(recover(&setting, &Cluster::new(&setting)), Ok(2), "{servers} servers");
    }
}

#[test]
fn who_has_the_most_complete_durable_log_stands() {
    // The others have voted in the two terms by which n2 is behind, and each term takes it a round.
    let behind = [
        "n1 follower term=3 vote=n1 log=[1:noop]",
        "n2 follower term=1 log=[1:noop,1:c1]",
        "n3 follower term=3 vote=n3 log=[]",
    ];
    assert_eq!(rounds(&behind), 4);
    // However many terms these are.
    let far = ["n1 follower term=9 vote=n1 log=[]", behind[1], "n3 follower term=9 vote=n3 log=[]"];
    assert_eq!(rounds(&far), 10);
    // A log that ends in a later term is the more complete one, however short.
    let shorter = [
        "n1 follower term=3 log=[1:noop,1:c1,1:c2]",
        "n2 follower term=3 log=[3:noop]",
        "n3 follower term=3 log=[]",
    ];
    assert_eq!(rounds(&shorter), 2);
    // What is not durable yet becomes so before anybody stands.
    let unfinished = [
        "n1 follower term=1 log=[1:noop]",
        "n3 follower term=1 log=[1:noop,1:c1] disk=[1:noop]@1/- writes=[1+[1:c1]@1/-:replicate(n3,1,1,2)]",
    ];
    assert_eq!(rounds(&unfinished), 2);
}

#[test]
fn a_leader_of_an_old_term_learns_so_first() {
    let [n2, n3] = [2, 3].map(|server| format!("n{server} follower term=3 log=[1:noop]"));
    // A majority takes the command before n3 is heard, or nobody does.
    assert_eq!(rounds(&[LED[0], LED[1], &n3]), 2);
    assert_eq!(rounds(&[LED[0], &n2, &n3]), 3);
}

#[test]
fn of_two_leaders_the_newer_one_is_asked() {
    let newer = "n3 leader term=2 vote=n3 log=[1:noop,2:noop] first=2 n1(next=2) n2(next=2)";
    let follower = "n2 follower term=2 vote=n3 log=[1:noop]";
    assert_eq!(rounds(&[LED[0], follower, newer]), 1);
}

#[test]
fn what_does_not_recover_is_told_with_its_bound() {
    let refusing = Parameters { max_uncommitted: 0, ..Parameters::default() };
    let [n1, n2, n3] =
        [1, 2, 3].map(|server| format!("n{server} follower term={} log=[]", 3 + server % 2));
    let terms_apart = [n1.as_str(), n2.as_str(), n3.as_str()];
    for (servers, bound) in [(vec![], 10), (terms_apart.to_vec(), 11)] {
        let violation = recovered(refusing, &servers).expect_err("nothing is accepted");
        assert_eq!(violation.property, RECOVERABILITY);
        assert_eq!(violation.why, format!("not recovered after {bound} rounds without faults"));
    }
}
