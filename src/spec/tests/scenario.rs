//! Scenario files: bad ones are refused with the line and the reason, and every run is one.

mod runs;

use quorate_cluster::{Action, Cluster};
use quorate_spec::{Scenario, record, replay, script};
use runs::{random_action, random_setting};

const HEAD: &str = "scenario version=1\nsetting servers=3 network=faulty\n";

/// Why a text is no scenario.
fn parse_error(text: &str) -> String {
    Scenario::parse(text).expect_err("not a scenario").to_string()
}

/// Why the lines after a heading cannot be read.
fn line_error(lines: &str) -> String {
    parse_error(&format!("{HEAD}{lines}\nend\n"))
}

/// Why a script cannot be followed.
fn replay_error(lines: &str) -> String {
    let scenario = Scenario::parse(&format!("{HEAD}{lines}\nend\n")).expect("a scenario");
    replay(&scenario).expect_err("it cannot be followed").to_string()
}

#[test]
fn a_text_that_is_no_scenario_is_refused() {
    assert_eq!(parse_error(""), "line 1: the end; expected scenario version=1");
    assert_eq!(parse_error("# only a comment\n\n"), "line 2: the end; expected scenario version=1");
    assert_eq!(
        parse_error("hello\n"),
        "line 1: hello; expected scenario version=1, the only version known"
    );
}

#[test]
fn another_version_is_refused() {
    assert_eq!(
        parse_error(&HEAD.replace("version=1", "version=2")),
        "line 1: scenario version=2; expected scenario version=1, the only version known"
    );
}

#[test]
fn a_scenario_that_was_cut_short_is_refused() {
    assert_eq!(parse_error("scenario version=1\n"), "line 1: the end; expected a setting");
    let cut = "line 3: the end; expected `end`: the scenario has been cut short";
    assert_eq!(parse_error(&format!("{HEAD}settle\n")), cut);
    let cut = "line 2: the end; expected `end`: the scenario has been cut short";
    assert_eq!(parse_error(HEAD), cut);
    // Wherever a complete file is cut, it is refused: in a line or after one.
    let whole = format!("{HEAD}election_timeout n1\nsync n1 1\nexpect n1 candidate\nend\n");
    for length in 0..whole.len() - "\n".len() {
        assert!(Scenario::parse(&whole[..length]).is_err(), "cut after {length} bytes");
    }
    assert_eq!(
        parse_error(&format!("{HEAD}end\nsettle\n")),
        "line 4: settle; expected nothing after `end`"
    );
}

#[test]
fn a_setting_out_of_range_is_refused() {
    let setting = |setting: &str| parse_error(&format!("scenario version=1\n{setting}\nend\n"));
    assert_eq!(
        setting("setting servers=8 network=faulty"),
        "line 2: column 17: 8; expected 1 to 7 servers"
    );
    assert_eq!(
        setting("setting servers=3 network=perfect"),
        "line 2: column 27: perfect; expected one of facts, in-flight, faulty"
    );
    assert_eq!(setting("settle"), "line 2: column 1: settle; expected \"setting servers=\"");
    assert_eq!(
        setting("setting servers=3 network=faulty speed=9"),
        "line 2: column 33: a space; expected nothing more"
    );
}

#[test]
fn lines_that_mean_nothing_are_refused() {
    let verbs = "election_timeout, heartbeat_timeout, deliver, duplicate, drop, sync, crash, \
                 propose, read, cut, heal, wipe, elect, settle, expect, end";
    assert_eq!(line_error("explode n1"), format!("line 3: explode; expected one of {verbs}"));
    // The line is counted in the file, comments and records included.
    assert_eq!(
        line_error("# one\n  | two\n\nsync n1"),
        "line 6: column 8: the end; expected \" \""
    );
    assert_eq!(line_error("crash n1"), "line 3: column 9: the end; expected \" keep=\"");
    assert_eq!(
        line_error("deliver n1>n2@1 Hello"),
        "line 3: column 17: Hello; expected one of RequestVote, VoteGranted, AppendEntries, \
         AppendAccepted, AppendRejected, StaleTerm"
    );
    assert_eq!(line_error("deliver all n1"), "line 3: which messages; expected a direction");
    assert_eq!(line_error("settle n1"), "line 3: column 1: n1; expected \"{\"");
    assert_eq!(
        line_error("settle {n1} {n2}"),
        "line 3: settle whom; expected nothing more or a set"
    );
    assert_eq!(line_error("elect n1"), "line 3: elect whom; expected a server and a set of voters");
    let what = "line 3: expected what: a server and parts of its notation, `message` or \
                `no message` and a direction, `nothing from` a server, a request and its outcome, \
                or `violated` and a property";
    assert_eq!(line_error("expect"), what);
    assert_eq!(line_error("expect n1"), what);
    assert_eq!(line_error("expect message n1 n2"), "line 3: which message; expected a direction");
    assert_eq!(
        line_error("expect violated ElectionSafety\nsettle"),
        "line 4: settle; expected `end` after `expect violated`"
    );
}

#[test]
fn servers_to_start_with_are_checked() {
    assert_eq!(
        line_error("election_timeout n1\nn2 follower term=1 log=[]"),
        "line 4: n2 cannot start in a state after the first action"
    );
    assert_eq!(
        line_error("n4 follower term=1 log=[]"),
        "line 3: there is no server n4; the setting has n1 to n3"
    );
    assert_eq!(
        line_error("n1 follower term=1 log=[]\nn1 follower term=2 log=[]"),
        "line 4: n1 already has a state to start in"
    );
    assert_eq!(
        line_error("n1 follower term=1 log=[2:noop,1:noop]"),
        "line 3: column 24: [2:noop,1:noop]; expected a log whose terms begin at 1 or later and \
         never decrease"
    );
}

#[test]
fn servers_start_only_as_a_server_can_be() {
    let cases = [
        ("n1 follower term=1 vote=n4 log=[]", "there is no server n4"),
        (
            "n1 follower term=1 log=[2:noop]",
            "the log has entries of later terms than the server's, or the disk's",
        ),
        (
            "n1 follower term=1 log=[1:noop] disk=[1:noop]@0/-",
            "the log has entries of later terms than the server's, or the disk's",
        ),
        (
            "n1 follower term=2 log=[1:noop] disk=[]@1/-",
            "the disk and the unfinished writes do not make up term, vote and log",
        ),
        (
            "n1 follower term=1 vote=n2 log=[] disk=[]@1/-",
            "the disk and the unfinished writes do not make up term, vote and log",
        ),
        (
            "n1 follower term=1 log=[1:noop] disk=[]@1/-",
            "the disk and the unfinished writes do not make up term, vote and log",
        ),
        (
            "n1 follower term=1 log=[1:noop] durable=0@1/-",
            "what the server knows of its disk is not so",
        ),
        ("n1 follower term=1 log=[1:noop] commit=2", "more is committed than the log has"),
        (
            "n1 follower term=1 log=[1:noop] commit=1 applied=18446744073709551615",
            "more is applied than is committed and durable",
        ),
        ("n1 follower term=1 log=[] verified=1", "more is verified than the log has"),
        ("n1 candidate term=1 log=[]", "a candidate votes for itself"),
        (
            "n1 leader term=1 vote=n1 log=[1:noop] first=1",
            "a leader knows how far each other server is, in order",
        ),
        (
            "n1 leader term=1 vote=n1 log=[1:noop] first=1 n2(next=9) n3(next=2)",
            "it leads beyond its own log",
        ),
        (
            "n1 leader term=2 vote=n1 log=[1:noop,2:noop] first=1 n2(next=3) n3(next=3)",
            "it leads beyond its own log",
        ),
        (
            "n1 leader term=1 vote=n1 log=[1:noop,1:noop] first=1 n2(next=2 match=2) n3(next=3)",
            "it leads beyond its own log",
        ),
    ];
    for (line, why) in cases {
        assert_eq!(line_error(line), format!("line 3: n1: {why}"));
    }
}

#[test]
fn servers_that_do_not_fit_together_violate_at_the_start() {
    let text = format!(
        "{HEAD}n1 leader term=1 vote=n1 log=[1:noop] first=1 n2(next=2) n3(next=2)\n\
         n2 leader term=1 vote=n2 log=[1:noop] first=1 n1(next=2) n3(next=2)\nend\n"
    );
    let scenario = Scenario::parse(&text).expect("a scenario");
    let run = replay(&scenario).expect("it can be followed");
    let why = run.as_expected().expect_err("no term has two leaders");
    assert!(why.starts_with("violated ElectionSafety: "), "{why}");
}

#[test]
fn what_cannot_happen_is_refused() {
    let cases = [
        ("election_timeout n4", "line 3: election_timeout n4: there is no server n4"),
        ("sync n1 1", "line 3: sync n1 1: 1 writes named; 0 are unfinished"),
        ("election_timeout n1\nsync n1 0", "line 4: sync n1 0: 0 writes named; 1 are unfinished"),
        ("crash n1 keep=1", "line 3: crash n1 keep=1: 1 writes named; 0 are unfinished"),
        ("propose n1 r2", "line 3: propose n1 r2: request r2 named; the next one is r1"),
        ("read n9 r1", "line 3: read n9 r1: there is no server n9"),
        (
            "deliver n1>n2@1 VoteGranted",
            "line 3: deliver n1>n2@1 VoteGranted: not in flight: n1>n2@1 VoteGranted",
        ),
        ("deliver n1>n2 VoteGranted", "line 3: no such message; in flight: nothing"),
        ("deliver n1>n4 VoteGranted", "line 3: there is no server n4; n1 to n3 exist"),
        ("drop all n1>n2", "line 3: no such message; in flight: nothing"),
        ("settle {n1,n5}", "line 3: there is no server n5; n1 to n3 exist"),
        ("elect n1 {}", "line 3: n1 does not lead with these votes"),
        (
            "cut n1>n2\nelect n1 {n2}",
            "line 4: deliver n1>n2@1 RequestVote last=0@0: nothing arrives from n1 at n2: cut",
        ),
        ("expect n4 follower", "line 3: there is no server n4"),
        (
            "elect n1 {n2}\nheartbeat_timeout n1\ndeliver n1>n3 AppendEntries",
            "line 5: several such messages: n1>n3@1 AppendEntries previous=0@0 entries=[1:noop] commit=0 round=0; \
             n1>n3@1 AppendEntries previous=1@1 entries=[] commit=0 round=0",
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(replay_error(lines), expected, "{lines}");
    }
    // A set of messages has no copies to lose, and nothing to cut.
    let text = "scenario version=1\nsetting servers=3 network=in-flight\ncut n1>n2\nend\n";
    let scenario = Scenario::parse(text).expect("a scenario");
    assert_eq!(
        replay(&scenario).expect_err("no such action").to_string(),
        "line 3: cut n1>n2: a network of kind in-flight has no such action"
    );
}

#[test]
fn parts_that_a_notation_leaves_out_can_be_expected() {
    let lines = "expect n1 follower commit=0 vote=- leader=- writes=[]\n\
                 elect n1 {n2}\nexpect n1 leader reads=[] waiting=[] n3(next=2 in_flight=[1])";
    let scenario = Scenario::parse(&format!("{HEAD}{lines}\nend\n")).expect("a scenario");
    replay(&scenario).expect("all of it is so");
    let not_left_out = replay_error("election_timeout n1\nexpect n1 writes=[]");
    assert!(not_left_out.starts_with("line 4: expected writes=[], but it is n1 candidate"));
    // What is no part of the notation is never so.
    assert!(replay_error("expect n1 comit=0").starts_with("line 3: expected comit=0, but it is"));
}

#[test]
fn requests_are_numbered_on_from_the_commands_that_servers_start_with() {
    let start = "n1 follower term=1 log=[1:noop,1:c4]\nn2 follower term=1 log=[1:noop,1:c4]";
    let lines = format!("{start}\nelect n1 {{n2}}\npropose n1 r5\nsettle\nexpect r5 written at 4");
    let scenario = Scenario::parse(&format!("{HEAD}{lines}\nend\n")).expect("a scenario");
    let run = replay(&scenario).expect("it can be followed");
    run.as_expected().expect("and violates nothing");
}

/// A run of some actions that can happen.
fn random_run(seed: u64) -> (quorate_cluster::Setting, Vec<Action>, Cluster) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let setting = random_setting(&mut rng, 1 + (seed % 5) as u8);
    let mut cluster = Cluster::new(&setting);
    let mut actions = Vec::new();
    for _ in 0..200 {
        let action = random_action(&mut rng, &cluster);
        cluster.perform(&setting.parameters, &action).expect("the action is possible");
        actions.push(action);
    }
    (setting, actions, cluster)
}

#[test]
fn every_run_is_a_scenario_that_ends_where_it_ended() {
    for seed in 0..60 {
        let (setting, actions, end) = random_run(seed);
        let text = script(&setting, &actions, None);
        let scenario =
            Scenario::parse(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        let run = replay(&scenario).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        run.as_expected().unwrap_or_else(|why| panic!("seed {seed}: {why}\n{text}"));
        assert_eq!(run.end, end, "seed {seed}");
        let performed = run.performed.iter().map(|performed| &performed.action);
        assert!(performed.eq(&actions), "seed {seed}");

        // What is recorded is not read, and recording again changes nothing.
        let recorded = record(&text, &run);
        let again = Scenario::parse(&recorded).expect("a recorded scenario");
        let rerun = replay(&again).expect("it can be followed again");
        assert_eq!(rerun.end, end, "seed {seed}");
        assert_eq!(record(&recorded, &rerun), recorded, "seed {seed}");
    }
}

#[test]
fn a_start_in_the_middle_reads_back() {
    for seed in 0..20 {
        let (setting, actions, _) = random_run(seed);
        let mut cluster = Cluster::new(&setting);
        let half = &actions[..100];
        for action in half {
            cluster.perform(&setting.parameters, action).expect("the action is possible");
        }
        let servers: Vec<String> = cluster.servers.iter().map(ToString::to_string).collect();
        let text = format!("scenario version=1\n{setting}\n{}\nend\n", servers.join("\n"));
        let scenario =
            Scenario::parse(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        let run = replay(&scenario).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        assert_eq!(run.end.servers, cluster.servers, "seed {seed}");
    }
}

#[test]
fn no_text_makes_it_panic() {
    let mut rng = fastrand::Rng::with_seed(7);
    for seed in 0..40 {
        let (setting, actions, _) = random_run(seed);
        let mut cluster = Cluster::new(&setting);
        for action in &actions[..60 + (seed as usize)] {
            cluster.perform(&setting.parameters, action).expect("the action is possible");
        }
        let servers: Vec<String> = cluster.servers.iter().map(ToString::to_string).collect();
        let more = "elect n1 {n2,n3}\nsettle\nheartbeat_timeout n1\ncrash n2 keep=0";
        let text = format!("scenario version=1\n{setting}\n{}\n{more}\nend\n", servers.join("\n"));
        for _ in 0..100 {
            let mut changed: Vec<char> = text.chars().collect();
            for _ in 0..rng.usize(1..4) {
                let place = rng.usize(0..changed.len());
                let digit = char::from(b'0' + rng.u8(0..10));
                let other = changed[rng.usize(0..changed.len())];
                match rng.u8(0..4) {
                    0 => changed[place] = other,
                    1 => drop(changed.remove(place)),
                    _ if changed[place].is_ascii_digit() => changed[place] = digit,
                    _ => {}
                }
            }
            let changed: String = changed.into_iter().collect();
            if let Ok(scenario) = Scenario::parse(&changed) {
                let run = std::panic::catch_unwind(|| replay(&scenario).is_ok());
                assert!(run.is_ok(), "{changed}");
            }
        }
    }
}
