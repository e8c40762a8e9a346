use crate::session::{Run, Session};
use quorate_models::{Mode, find};
use quorate_spec::{Scenario, replay};
use serde_json::Value;

/// The smallest check that ends with a violation: a disk loses everything, and with it a vote.
const UNSAFE: &str =
    "check small --elections 2 --crashes 0 --commands 0 --wipes 1 --property VoteOnce";

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("the report is one JSON object")
}

#[test]
fn named_models_are_exhausted() {
    let mut session = Session::new("check");
    assert_eq!(session.run("check small --threads 1").code, Some(0));
    assert_eq!(session.run("check single --threads 1").code, Some(0));
    assert_eq!(session.run("check pair --threads 1 --search bfs").code, Some(0));
    session.end();
}

#[test]
fn with_bounds_of_ones_own_missing_witnesses_are_listed_and_nothing_is_recorded() {
    let mut session = Session::new("check_own");
    assert_eq!(session.run("check small --threads 1 --commands 0").code, Some(0));
    assert_eq!(session.run("check --threads 1 --elections 0 --reads 1").code, Some(0));
    session.end();
}

#[test]
fn a_validating_run_says_how_many_steps_it_did_under_all_names() {
    let mut session = Session::new("check_validate");
    let run = session.run("check small --threads 1 --validate");
    assert_eq!(run.code, Some(0));
    assert!(run.stdout.contains("steps done under every way to rename"), "{}", run.stdout);
    session.end();
    let report =
        json(&Session::new("check_validate_json").run("check small --validate --format json"));
    assert!(report["validated"].as_u64().is_some_and(|steps| steps > 0));
}

#[test]
fn one_property_can_be_checked_alone() {
    let mut session = Session::new("check_property");
    assert_eq!(session.run("check pair --threads 1 --property VoteOnce").code, Some(0));
    assert_eq!(session.run("check pair --threads 1 --property Refinement").code, Some(0));
    // What violates another property is no reason to stop.
    let other = "check small --threads 1 --elections 2 --crashes 0 --commands 0 --wipes 1 --property LogTerms";
    assert_eq!(session.run(other).code, Some(0));
    session.end();
}

#[test]
fn the_report_for_programs_has_the_recorded_counts() {
    for model in ["small", "single", "pair"] {
        let mut session = Session::new("check_json");
        let run = session.run(&format!("check {model} --format json"));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        let report = json(&run);
        let named = find(model).expect("the model exists");
        let recorded =
            named.recorded(named.bounds.mode(Mode::Fast)).expect("its counts are recorded");
        assert_eq!(report["model"], model);
        assert_eq!(report["verdict"], "exhausted");
        assert_eq!(report["distinct"], recorded.distinct);
        assert_eq!(report["generated"], recorded.generated);
        assert_eq!(report["recorded"]["distinct"], recorded.distinct);
        assert_eq!(report["required"], Value::from(named.required));
        assert_eq!(report["missing"], Value::Array(Vec::new()));
        assert_eq!(report["violation"], Value::Null);
        assert_eq!(report["bounds"]["wipes"], "0");
        // The one is the most that the check saw when it looked, the other also what was between two looks.
        let [seen, peak] = ["memory_bytes", "peak_memory_bytes"].map(|name| report[name].as_u64());
        assert_eq!(peak.is_some(), cfg!(target_os = "linux"));
        assert!(seen <= peak, "{seen:?} {peak:?}");
    }
}

#[test]
fn a_violation_is_shown_saved_and_replayed() {
    let mut session = Session::new("check_violated");
    assert_eq!(session.run(&format!("{UNSAFE} --threads 1 --save vote.txt")).code, Some(1));
    let saved = session.read("vote.txt");
    let replayed = session.run("replay vote.txt");
    assert_eq!(replayed.code, Some(1));
    assert!(replayed.stdout.contains("VIOLATED VoteOnce"), "{}", replayed.stdout);
    let scenario = Scenario::parse(&saved).expect("what is saved is a scenario");
    let violation = replay(&scenario).expect("it can happen").violation.expect("it is violated");
    assert_eq!(violation.property, "VoteOnce");
    session.end();
}

#[test]
fn every_search_shows_a_counterexample_of_the_same_length() {
    let mut lengths = Vec::new();
    for how in
        ["--search bfs --threads 1", "--search bfs --threads 2", "--threads 1", "--threads 2"]
    {
        let mut session = Session::new("check_lengths");
        let run = session.run(&format!("{UNSAFE} {how} --format json"));
        assert_eq!(run.code, Some(1));
        let violation = &json(&run)["violation"];
        assert_eq!(violation["property"], "VoteOnce");
        assert_eq!(violation["shortest"], true);
        let steps = violation["steps"].as_array().map(Vec::len);
        assert_eq!(violation["length"].as_u64(), steps.map(|steps| steps as u64));
        let script = violation["script"].as_str().expect("the script is text");
        let found = replay(&Scenario::parse(script).expect("it is a scenario"));
        let found = found.expect("it can happen").violation.expect("it is violated");
        assert_eq!(Some(found.why.as_str()), violation["why"].as_str());
        lengths.push(steps);
    }
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}

#[test]
fn what_quorums_alone_do_is_a_violation_on_purpose() {
    let mut session = Session::new("check_quorums");
    let run = session.run("check quorum-without-leader");
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    assert!(run.stdout.ends_with("is what this model shows, hence exit code 1.\n"));
    let report = json(&session.run("check quorum-without-leader --format json"));
    assert_eq!(report["confirms_the_pattern"], true);
    assert_eq!(report["without_leader"]["violation"]["property"], "no read goes back");
    assert_eq!(report["with_leader"]["exhausted"], true);
    assert_eq!(report["with_leader"]["violation"], Value::Null);
}
