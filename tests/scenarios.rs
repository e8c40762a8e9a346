//! The scenarios: scripts that show one thing each, run on the core with every check after every action.
//!
//! A file of `tests/scenarios` is a script with what happened recorded in it. It fails when the script cannot
//! be followed, when anything is violated that it does not expect, or the other way round, when a claim of
//! it is not true, and when something else happens than is recorded. `UPDATE=1 cargo test --test scenarios`
//! records anew; the change is then read and explained like any other.

use quorate::spec::{Scenario, record, replay};
use std::path::{Path, PathBuf};

/// Runs a script. Its text with what happened now, if it went as it claims.
fn run(text: &str) -> Result<String, String> {
    let scenario = Scenario::parse(text).map_err(|error| error.to_string())?;
    let run = replay(&scenario).map_err(|error| error.to_string())?;
    let recorded = record(text, &run);
    run.as_expected().map_err(|why| format!("{why}\n{recorded}"))?;
    Ok(recorded)
}

/// Runs a script that must go as it claims and as it records.
fn check(text: &str) -> Result<(), String> {
    let now = run(text)?;
    match difference(text, &now) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

/// The first line in which two texts differ.
fn difference(recorded: &str, now: &str) -> Option<String> {
    if recorded == now {
        return None;
    }
    let (mut old, mut new) = (recorded.lines(), now.lines());
    for number in 1.. {
        let (then, now) = (old.next(), new.next());
        if then != now || then.is_none() {
            let show = |line: Option<&str>| line.unwrap_or("the end").to_owned();
            return Some(format!(
                "line {number} is not what happens now\n  - {}\n  + {}",
                show(then),
                show(now)
            ));
        }
    }
    None
}

/// Every scenario file, by name.
fn files() -> Vec<PathBuf> {
    // What cargo says now, for the tree may have moved since this was compiled.
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").to_owned());
    let folder = Path::new(&root).join("tests/scenarios");
    let entries = std::fs::read_dir(&folder).expect("the folder of the scenarios");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() > 20, "only {} scenarios in {}", files.len(), folder.display());
    files
}

fn name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[test]
fn every_scenario_goes_as_it_claims_and_as_it_records() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut failures = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("a scenario");
        let outcome = if update {
            run(&text)
                .map(|now| std::fs::write(&file, now).expect("a scenario that can be written"))
        } else {
            check(&text)
        };
        if let Err(why) = outcome {
            failures.push(format!("{}: {why}", name(&file)));
        }
    }
    let hint = "to record what happens now: UPDATE=1 cargo test --test scenarios";
    assert!(failures.is_empty(), "\n{}\n{hint}\n", failures.join("\n"));
}

#[test]
fn every_scenario_says_what_it_shows_and_where_it_is_from() {
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("a scenario");
        let name = name(&file);
        assert!(name.ends_with(".txt"), "{name}: not a scenario");
        let about: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!((4..=8).contains(&about.len()), "{name}: begins with {} lines of why", about.len());
        let about = about.join("\n");
        // A section of the thesis or the paper, a public bug as in `etcd#14370`, or this core's own rule.
        let is_bug = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        let cites = about.contains("14 §") || about.split('#').skip(1).any(is_bug);
        assert!(cites || about.contains("rule of this core"), "{name}: cites nothing");
    }
}

/// A script around some lines.
fn script(lines: &str) -> String {
    format!("scenario version=1\nsetting servers=3 network=faulty\n{lines}\nend\n")
}

/// What a script fails with.
fn failure(lines: &str) -> String {
    let text = script(lines);
    // Recorded as it happens, so that nothing else is wrong with it.
    let recorded = run(&text).unwrap_or(text);
    check(&recorded).expect_err("a script that fails")
}

#[test]
fn a_script_that_violates_fails() {
    let lines = "elect n1 {n2}\nsettle\nwipe n1";
    assert!(failure(lines).starts_with("violated TermMonotonic: "), "{}", failure(lines));
    let recorded = run(&script(&format!("{lines}\nexpect violated TermMonotonic")));
    check(&recorded.expect("it is expected")).expect("and recorded");
}

#[test]
fn a_script_that_violates_something_else_than_expected_fails() {
    let why = failure("elect n1 {n2}\nsettle\nwipe n1\nexpect violated ElectionSafety");
    let first = why.lines().next().unwrap_or_default();
    assert!(first.ends_with("; expected a violation of ElectionSafety"), "{why}");
}

#[test]
fn a_script_that_does_not_violate_what_it_expects_fails() {
    let why = failure("elect n1 {n2}\nexpect violated ElectionSafety");
    assert!(why.starts_with("violated nothing; expected a violation of ElectionSafety"), "{why}");
}

#[test]
fn a_script_whose_claim_is_not_true_fails() {
    let claims = [
        ("expect n2 leader", "line 5: expected leader, but it is n2 follower term=1"),
        ("expect n1 commit=0", "line 5: expected commit=0, but it is n1 leader term=1"),
        ("expect message n2>n1 VoteGranted", "line 5: no such message; in flight: nothing"),
        ("expect r1 waiting", "line 5: expected r1 waiting, but it is not issued"),
        (
            "propose n1 r1\nexpect r1 written at 2",
            "line 6: expected r1 written at 2, but it is waiting",
        ),
        (
            "propose n1 r1\ncrash n1 keep=0\nexpect r1 waiting",
            "line 7: expected r1 waiting, but it is lost",
        ),
        ("propose n1 r1\nexpect nothing from n1", "line 6: expected nothing from n1: n1>n2@1 "),
        ("propose n1 r1\nexpect no message n1>n2 AppendEntries", "line 6: in flight: n1>n2@1 "),
    ];
    for (claim, expected) in claims {
        let why = failure(&format!("elect n1 {{n2}}\nsettle\n{claim}"));
        assert!(why.starts_with(expected), "{claim}: {why}");
    }
}

#[test]
fn a_script_with_an_old_record_fails() {
    let recorded = run(&script("election_timeout n1\nsync n1 1")).expect("it goes well");
    check(&recorded).expect("it is recorded");
    let old = recorded.replace("n1>n2@1 RequestVote last=0@0", "n1>n2@1 RequestVote last=1@1");
    let why = check(&old).expect_err("it is no longer what happens");
    assert_eq!(
        why,
        "line 7 is not what happens now\n  \
         -   |   sends n1>n2@1 RequestVote last=1@1\n  \
         +   |   sends n1>n2@1 RequestVote last=0@0"
    );
    // Nor may the record end early, or go on too long.
    let short: Vec<&str> = recorded.lines().filter(|line| !line.contains("votes={n1}")).collect();
    assert!(check(&(short.join("\n") + "\n")).is_err());
    assert!(check(&recorded.replace("\nend\n", "\n  | more\nend\n")).is_err());
}
