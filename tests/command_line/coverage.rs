use crate::session::Session;
use quorate_models::Kind;
use serde_json::Value;

/// A file in which nothing has happened.
const NOTHING: &str = r#"{ "format": "quorate coverage", "version": 1, "runs": 0, "compared": 0,
    "happened": { "actions": [], "abstract": [], "guards": [], "witnesses": [] } }"#;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON object")
}

#[test]
fn what_happened_is_merged_over_runs() {
    let mut session = Session::new("coverage");
    let mut run = |line: &str, code| assert_eq!(session.run(line).code, Some(code), "{line}");
    run("check pair --threads 1 --coverage all.json", 0);
    run("check small --threads 1 --coverage all.json", 0);
    run("coverage all.json", 1);
    run("simulate --steps 20_000 --threads 1 --coverage all.json", 0);
    run("simulate --servers 5 --steps 5_000 --threads 1 --checks steps --coverage steps.json", 0);
    run("coverage all.json steps.json", 1);
    // What happens on the way to a violation counts for nothing, and what is not known yet is no hole.
    run(
        "check small --elections 2 --wipes 1 --property VoteOnce --threads 1 --coverage all.json",
        1,
    );
    session.end();
}

#[test]
fn everything_together_is_covered() {
    let mut session = Session::new("coverage_whole");
    let names = |kind: Kind| {
        let items = kind.items().into_iter().filter(|item| item.explanation().is_none());
        items.map(|item| item.name).collect::<Vec<&str>>()
    };
    let mut whole = parsed(NOTHING);
    (whole["runs"], whole["compared"]) = (2.into(), 1.into());
    for kind in Kind::ALL {
        whole["happened"][kind.name()] = names(kind).into();
    }
    session.write("whole.json", whole.to_string());
    assert_eq!(session.run("coverage whole.json").code, Some(0));
    // What is added to a file is all that was in it and all that happened.
    assert_eq!(session.run("check pair --threads 1 --coverage whole.json").code, Some(0));
    session.end();
    let mut session = Session::new("coverage_whole_json");
    session.write("whole.json", whole.to_string());
    session.write("nothing.json", NOTHING);
    let report = parsed(&session.run("coverage whole.json nothing.json --format json").stdout);
    assert_eq!((&report["runs"], &report["compared"]), (&2.into(), &1.into()));
    assert_eq!(report["missing"], Value::Array(Vec::new()));
    let never = |kind: Kind| report["never"][kind.name()].as_array().map_or(0, Vec::len);
    let explained = report["explained"].as_object().map(serde_json::Map::len);
    assert_eq!(Some(Kind::ALL.map(never).iter().sum()), explained);
    let nothing = session.run("coverage nothing.json --format json");
    assert_eq!(nothing.code, Some(1));
    let missing = parsed(&nothing.stdout)["missing"].as_array().map_or(0, Vec::len);
    let all: usize =
        [Kind::Action, Kind::Abstract, Kind::Witness].map(|kind| names(kind).len()).iter().sum();
    // A guard of what never happened is not named beside it.
    assert_eq!(missing, all);
}

#[test]
fn reports_for_programs_say_what_never_happened() {
    let mut session = Session::new("coverage_json");
    let pair = parsed(&session.run("check pair --format json --coverage all.json").stdout);
    let silent = ["grant_vote.vote_is_free", "become_leader.not_leader_yet"];
    assert_eq!(pair["abstract"]["never_exercised"], Value::from(silent.to_vec()));
    assert_eq!(pair["abstract"]["never_happened"], Value::Array(Vec::new()));
    assert_eq!((&pair["coverage"]["runs"], &pair["coverage"]["compared"]), (&1.into(), &1.into()));
    let small = parsed(&session.run("check small --format json --coverage all.json").stdout);
    assert_eq!(small["abstract"], Value::Null);
    assert_eq!(small["coverage"]["runs"], 2);
    let simulated = "simulate --steps 5000 --format json --coverage all.json";
    let simulated = parsed(&session.run(simulated).stdout);
    assert!(simulated["abstract"]["never_exercised"].is_array());
    assert_eq!(simulated["coverage"]["compared"], 2);
    let alone = parsed(&session.run("check pair --format json").stdout);
    assert_eq!(alone["coverage"], Value::Null);
    // Nothing else is left beside the file.
    let files = std::fs::read_dir(&session.directory).expect("the directory exists");
    assert_eq!(files.count(), 1);
}

#[test]
fn a_file_of_another_kind_is_refused_before_the_run_and_stays_as_it_is() {
    let mut session = Session::new("coverage_errors");
    let known = NOTHING.replace("[]", "[\"no_such_name\"]");
    let files = [
        ("empty", String::new()),
        ("text", "scenario version=1\n".to_owned()),
        ("other", "{ \"model\": \"pair\" }".to_owned()),
        ("version", NOTHING.replace("\"version\": 1", "\"version\": 2")),
        ("runs", NOTHING.replace("\"runs\": 0", "\"runs\": -1")),
        ("compared", NOTHING.replace("\"compared\": 0", "\"compared\": 1")),
        ("unknown", known),
        ("lacking", NOTHING.replace("\"guards\"", "\"guard\"")),
    ];
    for (name, text) in &files {
        let file = format!("{name}.json");
        session.write(&file, text);
        for line in [format!("coverage {file}"), format!("check elections --coverage {file}")] {
            let run = session.run(&line);
            run.must_fail(65);
            let form = [&format!("quorate: {file}: "), "; expected ", "; try "];
            assert!(form.iter().all(|part| run.stderr.contains(*part)), "{line}: {}", run.stderr);
        }
        assert_eq!(session.read(&file), *text);
    }
    session.run("simulate --coverage text.json").must_fail(65);
    session.run("coverage missing.json").must_fail(66);
    session.run("coverage .").must_fail(66);
    session.run("check --coverage .").must_fail(73);
    session.run("check --coverage nowhere/all.json").must_fail(73);
    for line in ["coverage", "coverage --all", "coverage all.json --format xml", "check --coverage"]
    {
        session.run(line).must_fail(64);
    }
    session.run("check quorum-without-leader --coverage all.json").must_fail(64);
    session.end();
}
