use crate::session::Session;

#[test]
fn what_a_simulation_does_and_finds() {
    let mut session = Session::new("simulate");
    let run = session.run("simulate --seed 7 --steps 20_000 --threads 1");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let run = session.run(
        "simulate --servers 5 --steps 10000 --episode 500 --faults crashes,loss --checks steps --threads 1",
    );
    assert_eq!(run.code, Some(0));
    let run = session.run("simulate --faults none --steps 2000 --only 1");
    assert_eq!(run.code, Some(0));
    session.end();
}

#[test]
fn a_violation_is_minimised_saved_and_replayed() {
    let mut session = Session::new("simulate_violated");
    let found = session
        .run("simulate --seed 3 --faults loss,wipes --steps 50000 --threads 1 --save failure.txt");
    assert_eq!(found.code, Some(1));
    let replayed = session.run("replay failure.txt");
    assert_eq!(replayed.code, Some(1));
    session.end();
}

#[test]
fn the_command_that_is_printed_finds_the_same_again() {
    Session::new("simulate_again").must_find_again("simulate --faults wipes --steps 50000");
}

#[test]
fn a_wrong_simulation_is_refused() {
    let mut session = Session::new("simulate_errors");
    session.must_refuse(&[
        "simulate three",
        "simulate --server 3",
        "simulate -s",
        "simulate --servers 8",
        "simulate --seed -1",
        "simulate --steps 0",
        "simulate --episode 1_000_001",
        "simulate --faults crash",
        "simulate --faults crashes,",
        "simulate --checks every",
        "simulate --threads 0",
        "simulate --only 1000",
        "simulate --format yaml",
        "simulate --save",
    ]);
    session.run("simulate --save nowhere/failure.txt").must_fail(73);
    session.end();
}
