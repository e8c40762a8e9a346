use crate::session::Session;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;

#[test]
fn a_wrong_command_line_says_what_was_wrong_what_is_right_and_what_to_try() {
    let mut session = Session::new("errors");
    let lines = [
        "chek",
        "--bogus",
        "list smoke",
        "--version --help",
        "check smok",
        "check everything",
        "check smoke pair",
        "check --servres 3",
        "check -x",
        "check --servers",
        "check --servers 9",
        "check --servers 0",
        "check --servers many",
        "check --max-term 99999999999999999999",
        "check --network facs",
        "check --duplicates 1",
        "check --refinement maybe",
        "check --search depth",
        "check --format xml",
        "check --threads 0",
        "check --threads -1",
        "check --property VoteTwice",
        "check --property Refinement",
        "check pair --property VoteOnce --refinement yes",
        "check small --plain --validate",
        "check small --validate=yes",
        "check --time-limit 5d",
        "check --state-limit 0",
        "check --memory-limit lots",
        "check --update-counts=yes",
        "check --update-counts --crashes 2",
        "check --update-counts --property VoteOnce",
        "check quorum-without-leader --servers 3",
        "check none --servers 9",
        "replay",
        "replay a.txt b.txt",
        "replay --fast",
    ];
    session.must_refuse(&lines);
    session.end();
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_refused() {
    let bytes = std::ffi::OsStr::from_bytes(b"a\xffb");
    let word = |text: &'static str| std::ffi::OsStr::new(text);
    let cases: [&[&std::ffi::OsStr]; 5] = [
        &[bytes],
        &[word("check"), bytes],
        &[word("check"), word("--servers"), bytes],
        &[word("check"), word("--property"), bytes],
        &[word("list"), bytes],
    ];
    for arguments in cases {
        Session::new("errors_bytes").run_with(arguments).must_fail(64);
    }
    // The name of a file need not be text.
    Session::new("errors_bytes_file").run_with(&[word("replay"), bytes]).must_fail(66);
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_search() {
    let mut session = Session::new("errors_save");
    session.run("check elections --save missing/counterexample.txt").must_fail(73);
    session.run("check elections --save .").must_fail(73);
    session.end();
}
