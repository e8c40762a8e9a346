use crate::session::Session;
use serde_json::Value;

#[test]
fn what_one_step_from_any_state_does_and_finds() {
    let mut session = Session::new("inductive");
    for line in [
        "inductive --servers 1 --terms 2 --logs 2 --states all --threads 1",
        "inductive --states 200 --threads 1",
        "inductive --servers 5 --terms 2 --logs 1 --seed 7 --states 20 --threads 1",
        "inductive --states 200 --only 0 --threads 1",
    ] {
        let run = session.run(line);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{line}");
    }
    session.end();
}

#[test]
fn an_invariant_that_lacks_a_lemma_is_not_inductive() {
    let mut session = Session::new("inductive_violated");
    let run = session.run("inductive --without ack_seen --states 2000 --threads 1");
    assert_eq!(run.code, Some(1));
    session.end();
}

#[test]
fn the_command_that_is_printed_finds_the_same_again() {
    let mut session = Session::new("inductive_again");
    let mut json = |line: &str| -> Value {
        serde_json::from_str(&session.run(line).stdout).expect("one JSON object")
    };
    let first = json("inductive --without ack_seen --states 2000 --threads 1 --format json");
    let again = first["violation"]["again"].as_str().expect("a command").to_owned();
    let again = again.strip_prefix("quorate ").expect("it is this command");
    let second = json(&format!("{again} --format json"));
    assert_eq!(second["violation"], first["violation"]);
    assert_eq!(second["verdict"], "violated");
}

#[test]
fn a_wrong_question_is_refused() {
    let mut session = Session::new("inductive_errors");
    for line in [
        "inductive three",
        "inductive --server 3",
        "inductive -s",
        "inductive --servers 6",
        "inductive --terms 7",
        "inductive --logs 0",
        "inductive --seed -1",
        "inductive --states some",
        "inductive --states 0",
        "inductive --without no_lemma",
        "inductive --only 10_000",
        "inductive --threads 0",
        "inductive --format yaml",
        "inductive --states",
    ] {
        let run = session.run(line);
        run.must_fail(64);
        let form = ["; expected ", "; try "];
        assert!(form.iter().all(|part| run.stderr.contains(part)), "{line}: {}", run.stderr);
    }
    session.end();
}
