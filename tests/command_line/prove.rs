use crate::session::{Run, Session, quorate};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Puts programs of these names into a folder, which say which version they are and otherwise run a script.
fn programs(session: &Session, names: &[&str], script: &str) -> PathBuf {
    let folder = session.directory.join("programs");
    fs::create_dir_all(&folder).expect("the directory can be written");
    for name in names {
        let file = folder.join(name);
        let text = format!("#!/bin/sh\ncase \"$1\" in --version) exit 0;; esac\n{script}\n");
        fs::write(&file, text).expect("the directory can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    folder
}

/// Runs the command where there are no programs but those.
fn run_with_programs(name: &'static str, names: &[&str], script: &str, line: &str) -> Run {
    let session = Session::new(name);
    let folder = programs(&session, names, script);
    let mut command = quorate();
    command.args(line.split_whitespace()).env("PATH", folder).current_dir(&session.directory);
    Run::of(&command.output().expect("the command was built"))
}

#[test]
fn a_solver_that_does_not_answer_never_proves_anything() {
    let scripts = [
        ("exit 0", "ended, saying \"nothing\""),
        ("exit 3", "died (exit status: 3)"),
        ("kill -9 $$", "died (signal: 9"),
        ("echo unsat; exit 1", "died (exit status: 1)"),
        ("echo unsat; kill -11 $$", "died (signal: 11"),
        ("echo unknown", "gave up"),
        ("echo timeout", "ended, saying \"timeout\""),
        ("echo unsatisfiable", "ended, saying \"unsatisfiable\""),
        ("echo 'unsat or not'", "ended, saying \"unsat or not\""),
        ("echo 'unsat'; echo 'unsat'", "ended, saying \"unsat\""),
        ("echo '(error \"line 1: no such thing\")'; echo unsat", "ended, saying \"(error"),
        ("echo unsat; echo '(error \"out of memory\")'", "ended, saying \"unsat\""),
        ("echo sat; exit 1", "died (exit status: 1)"),
        ("printf '\\377\\000\\033[2J'", "ended, saying"),
        ("echo 'cannot open' >&2", "ended, saying \"cannot open\""),
        ("exec /bin/sleep 1000", "no answer within 0.3 s"),
        ("echo unsat; exec /bin/sleep 1000", "no answer within 0.3 s"),
        ("exec >&-; exec /bin/sleep 1000", "no answer within 0.3 s"),
    ];
    for (script, expected) in scripts {
        let line = "prove --query property --time-limit 0.3 --threads 4 --seeds 1";
        let run = run_with_programs("prove_fakes", &["z3", "cvc5"], script, line);
        assert_eq!(run.code, Some(2), "{script}: {}{}", run.stdout, run.stderr);
        assert!(
            run.stdout.contains("INCOMPLETE: 0 of 4 queries hold, 4 are open"),
            "{script}: {}",
            run.stdout
        );
        assert!(run.stdout.contains(expected), "{script}: {}", run.stdout);
        assert!(
            !run.stdout.contains("PROVED") && !run.stdout.contains(" holds "),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_solver_that_always_says_the_same_proves_nothing() {
    // Nothing is possible, then no action is.
    let run = run_with_programs("prove_never", &["z3"], "echo unsat", "prove --solver z3");
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("happens.commit: commit never changes anything"), "{}", run.stdout);
    // Everything is possible; what it says of the structure cannot be read.
    let line = "prove --solver cvc5 --query one_vote";
    let run = run_with_programs("prove_ever", &["cvc5"], "echo sat; echo '(('", line);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("the structure that the solver gave could not be read"));
}

#[test]
fn solvers_that_contradict_each_other_prove_nothing() {
    let script = "case \"$0\" in *z3) echo sat;; *) echo unsat;; esac";
    let line = "prove --query property.log_matching --seeds 1";
    let run = run_with_programs("prove_contradiction", &["z3", "cvc5"], script, line);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stdout.contains("z3 seed 1 says possible; cvc5 says impossible"), "{}", run.stdout);
}

#[test]
fn without_a_solver_it_does_not_run_and_with_one_it_says_what_is_missing() {
    let run = run_with_programs("prove_missing", &[], "", "prove");
    run.must_fail(69);
    assert_eq!(
        run.stderr,
        "quorate: NOT RUN: z3 and cvc5 are missing; expected one of them; try apt-get install z3 cvc5\n"
    );
    let run = run_with_programs("prove_missing_z3", &["cvc5"], "echo unsat", "prove --solver z3");
    run.must_fail(69);
    let line = "prove --query quorums_intersect";
    let run = run_with_programs("prove_missing_cvc5", &["z3"], "echo unsat", line);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("NOT RUN    cvc5 is missing; try apt-get install cvc5"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("axiom.quorums_intersect.by_sets: cvc5 is missing"));
    // A part is not the proof.
    assert!(run.stdout.contains("HOLD: 1 query asked;") && !run.stdout.contains("PROVED"));
}

#[test]
fn queries_are_kept_where_it_is_said() {
    let session = Session::new("prove_keep");
    let folder = programs(&session, &["z3"], "echo unsat");
    let mut command = quorate();
    let line = "prove --solver z3 --query grant_vote.one_vote --keep queries";
    command.args(line.split(' ')).env("PATH", folder).current_dir(&session.directory);
    let run = Run::of(&command.output().expect("the command was built"));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let query = session.read("queries/grant_vote.one_vote.smt2");
    assert!(
        query.starts_with("; grant_vote.one_vote: is there a step after which this does not hold?")
    );
    assert!(query.contains("; guard vote_is_free\n") && query.ends_with("(check-sat)\n"));
}

#[test]
fn a_wrong_proof_is_refused() {
    let mut session = Session::new("prove_errors");
    session.write("open.epr", "(sort node \"A server.\")\n(static member (node\n");
    session
        .write("unknown.epr", "(sort node \"A server.\")\n  (state seen (nod) Bool \"It is.\")\n");
    session.write("empty.epr", "");
    session.write("bytes.epr", [0xff, 0xfe]);
    for line in [
        "prove --solver z4",
        "prove --query one_vot",
        "prove --query xxxxxxxxxxxxxxxxxx",
        "prove --mutation vote_twise",
        "prove --mutation vote_twice open.epr",
        "prove --seeds 1,x",
        "prove --seeds",
        "prove --time-limit 0",
        "prove --threads 0",
        "prove --sover z3",
        "prove -q",
        "prove empty.epr another.epr",
    ] {
        session.run(line).must_fail(64);
    }
    for line in ["prove open.epr", "prove unknown.epr", "prove empty.epr", "prove bytes.epr"] {
        session.run(line).must_fail(65);
    }
    session.run("prove missing.epr").must_fail(66);
    session.end();
}

#[test]
#[ignore = "needs cvc5"]
fn a_mistake_is_shown_as_a_small_step() {
    let mut session = Session::new("prove_mistake");
    let run = session.run("prove --mutation vote_twice");
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    for line in [
        "\n  then       grant_vote with n = ",
        "\n  voted'     + n",
        "\n  violates   one_vote: Nobody votes for two in one term.\n",
        "\n  for        c = n",
        "\nFAILED: 1 of 1 query.",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
}

#[test]
fn an_interrupt_ends_a_proof_as_incomplete() {
    let session = Session::new("prove_interrupted");
    let folder = programs(&session, &["z3"], "exec /bin/sleep 1000");
    let mut child = quorate()
        .args(["prove", "--solver", "z3"])
        .env("PATH", folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command was built");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut text = String::new();
    // Once it has said what it is about to do, it can be interrupted.
    stdout.read_line(&mut text).expect("it says what it does");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("the system has a command `kill`").success());
    stdout.read_to_string(&mut text).expect("what it says is text");
    assert_eq!(child.wait().expect("it ends").code(), Some(2), "{text}");
    assert!(
        text.contains("\nINCOMPLETE: 0 of 136 queries hold, 0 are open, 136 were not asked\n"),
        "{text}"
    );
}
