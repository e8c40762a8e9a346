use crate::session::Session;

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
    Session::new("inductive_again")
        .must_find_again("inductive --without ack_seen --states 2000 --threads 1");
}

#[test]
fn a_wrong_question_is_refused() {
    let mut session = Session::new("inductive_errors");
    session.must_refuse(&[
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
    ]);
    session.end();
}
