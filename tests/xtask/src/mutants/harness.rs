//! Mutations of the runtime: what must find them are tests, not the exhaustive check.
//!
//! Such a patch names tests instead of a check: those of the threads, which loom runs in every order, as `check:
//! loom servers::a_write_is_on_disk_before_its_reply`, and any others with their package and target, as `check: test
//! quorate-wal faults a_call_that_fails_is_the_last_and_loses_nothing`. The tests run on the copy of the tree; what the
//! harness says is turned into the same report that a check gives, with a failed test in the place of a violated
//! property.

use super::verdict::Verdict;
use crate::steps::LOOM;
use crate::workspace_root;
use std::path::Path;
use std::process::{Command, Output};

/// The word with which the `check` of a patch begins that tests under loom find.
const LOOM_WORD: &str = "loom";

/// The word with which the `check` of a patch begins that other tests find.
const TEST_WORD: &str = "test";

/// What a patch asks for, if it asks for tests: the command without the tests, and the tests.
pub(crate) fn tests_of(check: &[String]) -> Option<(Command, &[String])> {
    let target = workspace_root().join("target").join("mutants");
    let (word, rest) = check.split_first()?;
    let (mut command, tests, folder) = match (word.as_str(), rest) {
        (LOOM_WORD, tests) => {
            let (program, arguments) = LOOM.words.split_first()?;
            let mut command = Command::new(program);
            command.args(arguments).envs(LOOM.environment.iter().copied());
            (command, tests, target.join("loom"))
        }
        (TEST_WORD, [package, test, tests @ ..]) => {
            let mut command = Command::new("cargo");
            command.args(["test", "--locked", "--package", package, "--test", test]);
            (command, tests, target.join("build"))
        }
        _ => return None,
    };
    // The copy's own directories: in one that both used, cargo would take what was built of a mutation for what is
    // built of the source.
    command.env("CARGO_TARGET_DIR", folder);
    (!tests.is_empty()).then_some((command, tests))
}

/// Runs tests on the tree at `tree`.
///
/// # Errors
/// When cargo could not be run, or the tests could not be built.
pub(crate) fn check(
    tree: &Path,
    (mut command, tests): (Command, &[String]),
) -> Result<Verdict, String> {
    command.arg("--").arg("--exact").args(tests).current_dir(tree);
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("cargo: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    match report(&stdout, tests.len()) {
        Some((code, report)) => Ok(Verdict::new(Some(code), &report, "")),
        None => Ok(Verdict::new(status.code(), "", &format!("{stderr}\n{stdout}"))),
    }
}

/// What a check would have printed, and its exit code: from the harness's own lines. Nothing if they do not say
/// that all tests ran, or which one failed.
fn report(stdout: &str, count: usize) -> Option<(i32, String)> {
    let of_test = |line: &str, end: &str| -> Option<String> {
        let name = line.strip_prefix("test ")?.strip_suffix(end)?;
        Some(name.trim_end_matches(" ... ").to_string())
    };
    if let Some(name) = stdout.lines().find_map(|line| of_test(line, " ... FAILED")) {
        let report =
            format!("{{\"verdict\": \"violated\", \"violation\": {{\"property\": \"{name}\"}}}}");
        return Some((1, report));
    }
    let passed = stdout.lines().filter(|line| of_test(line, " ... ok").is_some()).count();
    (passed == count).then(|| (0, "{\"verdict\": \"holds\"}".to_string()))
}

#[test]
fn the_harness_is_understood() {
    let passed = "running 1 test\ntest servers::a ... ok\n\ntest result: ok. 1 passed\n";
    let (code, text) = report(passed, 1).unwrap();
    assert!(Verdict::new(Some(code), &text, "").pass().is_ok());
    let failed = "test servers::a ... ok\ntest servers::b ... FAILED\n";
    let (code, text) = report(failed, 2).unwrap();
    let kill = Verdict::new(Some(code), &text, "").kill(&["servers::b".into()]).unwrap();
    assert_eq!(kill.property, "servers::b");
    // A test that does not exist has not passed, and one that took the process with it is no kill.
    assert_eq!(report("running 0 tests\n", 1), None);
    assert_eq!(report("running 1 test\ntest servers::a ... ", 1), None);
}

#[test]
fn a_patch_names_its_tests() {
    let asks = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(String::from).collect();
        tests_of(&words).map(|(_, tests)| tests.len())
    };
    assert_eq!(asks("loom servers::a servers::b"), Some(2));
    assert_eq!(asks("test quorate-wal faults a"), Some(1));
    for other in ["check elections", "loom", "test quorate-wal faults", "test quorate-wal", ""] {
        assert_eq!(asks(other), None, "{other:?}");
    }
}
