//! What a scenario claims is looked at: each claim can be true, and says what is so where it is not.

use quorate_spec::{Scenario, record, replay};

const HEAD: &str = "scenario version=1\nsetting servers=3 network=faulty\n";

/// n1 leads, and a command is on its way to n2 and n3; lines 3 to 5.
const ASKED: &str = "elect n1 {n2}\nsettle {n1,n2}\npropose n1 r1\n";

fn text(lines: &str) -> String {
    format!("{HEAD}{ASKED}{lines}\nend\n")
}

fn scenario(lines: &str) -> Scenario {
    Scenario::parse(&text(lines)).expect("a scenario")
}

/// Expects claims, on the sixth line and those after it, to be true.
fn is_so(lines: &str) {
    let run = replay(&scenario(lines)).unwrap_or_else(|why| panic!("{lines}: {why}"));
    run.as_expected().unwrap_or_else(|why| panic!("{lines}: {why}"));
}

/// Expects the claim on the last of these lines not to be true. What is said of it.
fn is_not_so(lines: &str) -> String {
    let error = replay(&scenario(lines)).expect_err(lines).to_string();
    let line = format!("line {}: ", 5 + lines.lines().count());
    error.strip_prefix(&line).unwrap_or_else(|| panic!("{line}{error}")).to_owned()
}

#[test]
fn of_servers() {
    is_so("expect n1 leader log=[1:noop,1:c1] n2(next=3 match=1 in_flight=[2])");
    let other = is_not_so("expect n2 follower log=[1:noop,1:c1]");
    assert!(
        other.starts_with("expected log=[1:noop,1:c1], but it is n2 follower term=1 "),
        "{other}"
    );
    let within = is_not_so("expect n1 leader n2(next=9 match=1)");
    assert!(within.starts_with("expected n2(next=9 match=1), but it is n1 leader "), "{within}");
}

#[test]
fn of_messages() {
    let batch = "n1>n2@1 AppendEntries previous=1@1 entries=[1:c1] commit=1 round=0";
    is_so("expect message n1>n2 AppendEntries\nexpect message n1>n2");
    is_so("expect message n1>n2 @1 AppendEntries previous=1@1 entries=[1:c1] round=0");
    is_so("expect no message n1>n2 VoteGranted\nexpect no message n2>n3\nexpect nothing from n2");
    assert_eq!(is_not_so("expect no message n1>n2"), format!("in flight: {batch}"));
    assert_eq!(is_not_so("expect no message n1>n2 AppendEntries"), format!("in flight: {batch}"));
    assert!(is_not_so("expect message n1>n2 @2").starts_with("no such message; in flight: "));
    assert_eq!(is_not_so("expect nothing from n1"), format!("expected nothing from n1: {batch}"));
    let all = is_not_so("expect message n1>n2 VoteGranted");
    assert!(all.starts_with(&format!("no such message; in flight: {batch}; n1>n3@1 ")), "{all}");
    let none = is_not_so("settle\nexpect message n1>n2");
    assert_eq!(none, "no such message; in flight: nothing");
}

#[test]
fn of_requests() {
    is_so("expect r1 waiting\nexpect r2 not issued");
    is_so("settle\nexpect r1 written at 2");
    is_so("crash n1 keep=0\nexpect r1 lost");
    is_so(
        "propose n2 r2\nexpect r2 not leader, try n1\nread n1 r3\nsettle\nexpect r3 readable at 1",
    );
    let waits = "expected r1 written at 2, but it is waiting";
    assert_eq!(is_not_so("expect r1 written at 2"), waits);
    assert_eq!(is_not_so("expect r2 waiting"), "expected r2 waiting, but it is not issued");
    let lost = is_not_so("crash n1 keep=0\nexpect r1 waiting");
    assert_eq!(lost, "expected r1 waiting, but it is lost");
    let written = is_not_so("settle\nexpect r1 written at 3");
    assert_eq!(written, "expected r1 written at 3, but it is written at 2");
}

#[test]
fn of_violations() {
    let holds = replay(&scenario("expect violated ElectionSafety")).expect("it can be followed");
    assert!(holds.as_expected().is_err(), "nothing was violated");
    let text = format!("{HEAD}expect violated ElectionSaftey\nend\n");
    let error = Scenario::parse(&text).expect_err("no such property").to_string();
    assert!(error.starts_with("line 3: ElectionSaftey; expected one of VoteOnce, "), "{error}");
    assert!(error.contains(", ElectionSafety, "), "{error}");
}

#[test]
fn violations_are_recorded_where_they_happen() {
    let lost = "  | VIOLATED CommittedDurable: the no-op of term 1 at index 1 is committed, but of 3 servers it is \
                durable on n1";
    let uncounted = "  | VIOLATED MatchDurable: n1, leader of term 1, counts n2 up to index 1, but term 0 is \
                     durable there";
    let fell = "  | violates TermMonotonic: the durable term of n2 fell from 1 to 0";
    let (two, three) = ("  |   n2 follower *term=0 *log=[]", "  |   n3 follower *term=0 *log=[]");
    // The one that is expected is blamed, and what is violated before it is told on the way.
    let cases: [(&str, &[&str]); 3] = [
        ("wipe n2\nexpect violated MatchDurable", &["wipe n2", two, uncounted]),
        (
            "wipe n2\nheartbeat_timeout n1\nexpect violated CommittedDurable",
            &["wipe n2", two, lost],
        ),
        (
            "settle\nwipe n2\nwipe n3\nexpect violated CommittedDurable",
            &["wipe n2", two, fell, "wipe n3", three, lost],
        ),
    ];
    for (lines, expected) in cases {
        let run = replay(&scenario(lines)).expect("it can be followed");
        assert_eq!(run.as_expected(), Ok(()), "{lines}");
        let text = record(&text(lines), &run);
        let told = text.lines().skip_while(|line| *line != "wipe n2").take(expected.len());
        assert_eq!(told.collect::<Vec<&str>>(), expected, "{lines}");
        let count = text.lines().filter(|line| line.to_lowercase().contains("| viola")).count();
        assert_eq!(count, expected.len() / 3, "{lines}");
    }
    // Each property is told of once.
    let lines = "settle\nwipe n2\nwipe n3\nexpect violated ElectionSafety";
    let other = replay(&scenario(lines)).expect("it can be followed");
    assert!(other.as_expected().is_err(), "another property was violated");
    let text = record(&text(lines), &other);
    assert_eq!(text.matches("| violates TermMonotonic: ").count(), 1, "{text}");
}
