//! Mutations of the runtime's threads: what must find them is a test under loom.
//!
//! Such a patch names tests instead of a check: `check: loom servers::a_write_is_on_disk_before_its_reply`.
//! The tests run on the copy of the tree as the step `loom` runs them; what the harness says is turned into
//! the same report that a check gives, with a failed test in the place of a violated property.

use super::verdict::Verdict;
use crate::steps::LOOM;
use crate::workspace_root;
use std::path::Path;
use std::process::{Command, Output};

/// The word with which the `check` of such a patch begins.
pub(crate) const WORD: &str = "loom";

/// Runs the named tests on the tree at `tree`.
///
/// # Errors
/// When cargo could not be run, or the tests could not be built.
pub(crate) fn check(tree: &Path, tests: &[String]) -> Result<Verdict, String> {
    let (program, arguments) = LOOM.words.split_first().ok_or("no command for loom")?;
    let mut command = Command::new(program);
    command.args(arguments).arg("--").arg("--exact").args(tests);
    command.envs(LOOM.environment.iter().copied()).current_dir(tree);
    // The libraries are the same for copy and source, and are built once.
    command.env("CARGO_TARGET_DIR", workspace_root().join("target").join("loom"));
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("{program}: {error}"))?;
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
    assert_eq!(Verdict::new(Some(code), &text, "").pass(), Ok(()));
    let failed = "test servers::a ... ok\ntest servers::b ... FAILED\n";
    let (code, text) = report(failed, 2).unwrap();
    let kill = Verdict::new(Some(code), &text, "").kill(&["servers::b".into()]).unwrap();
    assert_eq!(kill.property, "servers::b");
    // A test that does not exist has not passed, and one that took the process with it is no kill.
    assert_eq!(report("running 0 tests\n", 1), None);
    assert_eq!(report("running 1 test\ntest servers::a ... ", 1), None);
}
