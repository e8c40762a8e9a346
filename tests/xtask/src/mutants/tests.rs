//! Tests of the mutations' machinery, and of the patches themselves as far as that is fast.

use super::patch::{parse, read_all};
use super::tree::{Tree, git_apply};
use super::verdict::{Kill, Verdict};
use super::{FOLDER, kill_matrix};
use crate::programs::GIT;
use crate::workspace_root;
use std::fs;
use std::path::{Path, PathBuf};

const GOOD: &str = "\
# name: example
# breaks: a rule of some length that needs
#   a second line [Ongaro14 §3.4]
# seen in: nowhere
# check: check elections --crashes 0
# killed by: Vote Once, Election Safety
--- a/file
+++ b/file
@@ -1 +1 @@
-old
+new
";

#[test]
fn every_patch_has_its_header_and_applies_to_the_code() {
    let root = workspace_root();
    let patches = read_all(&root.join(FOLDER)).unwrap();
    if let Err(why) = GIT.ensure() {
        // The step `mutations` reports this as not run.
        return println!("not checked that the patches apply: {why}");
    }
    let problems: Vec<String> = patches
        .iter()
        .filter_map(|patch| {
            let problem = git_apply(&root, &patch.path, &["--check"]).err()?;
            Some(format!("{FOLDER}/{}.patch: {problem}", patch.name))
        })
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_header_is_read() {
    let patch = parse(Path::new("example.patch"), GOOD).unwrap();
    assert_eq!(patch.name, "example");
    assert_eq!(patch.check, ["check", "elections", "--crashes", "0"]);
    assert_eq!(patch.killed_by, ["Vote Once", "Election Safety"]);
}

#[test]
fn a_bad_header_is_refused() {
    let cases = [
        ("# seen in: nowhere\n", "", "seen in: missing"),
        ("# killed by: Vote Once, Election Safety", "# killed by:", "killed by: missing"),
        ("# name: example", "# name: other", "expected the name of the file"),
        (" [Ongaro14 §3.4]", "", "its source in brackets"),
        ("check elections --crashes 0", "elections", "arguments of a check command"),
        ("check elections --crashes 0", "loom", "loom and its tests"),
        ("# seen in", "# sen in", "unknown key"),
        ("# seen in: nowhere", "# name: example", "said twice"),
        ("# name: example\n", "#   more\n", "continues nothing"),
        ("--- a/file\n", "", "no patch after the header"),
    ];
    for (old, new, expected) in cases {
        assert!(GOOD.contains(old), "{old:?} is not in the sample");
        let problem = parse(Path::new("example.patch"), &GOOD.replacen(old, new, 1)).unwrap_err();
        assert!(problem.contains(expected), "{problem:?} does not say {expected:?}");
    }
}

fn verdict(code: i32, report: &str) -> Result<Kill, String> {
    let killed_by = ["Vote Once".to_string(), "Election Safety".to_string()];
    Verdict::new(Some(code), report, "").kill(&killed_by)
}

#[test]
fn a_violation_of_a_named_property_is_a_kill() {
    let report = r#"{"verdict": "VIOLATED", "distinct": 812,
        "violation": {"property": "vote_once", "length": 6}}"#;
    let kill = Kill { property: "vote_once".into(), states: Some(812), length: Some(6) };
    assert_eq!(verdict(1, report), Ok(kill.clone()));
    // Progress may come before the report, if that is on a line of its own.
    let line = report.replace('\n', " ");
    assert_eq!(verdict(1, &format!("exploring\n{line}\n")), Ok(kill));
}

#[test]
fn nothing_else_is_a_kill() {
    let other = r#"{"verdict": "VIOLATED", "violation": {"property": "Log Matching"}}"#;
    let vacuous = r#"{"verdict": "VACUOUS"}"#;
    let cases = [
        (0, r#"{"verdict": "EXHAUSTED"}"#, "SURVIVED"),
        (1, other, "Log Matching"),
        (1, vacuous, "VACUOUS"),
        (1, "VIOLATED: Vote Once", "no JSON report"),
        (2, r#"{"verdict": "INCOMPLETE"}"#, "exit code 2"),
        (101, "", "exit code 101"),
    ];
    for (code, report, expected) in cases {
        let problem = verdict(code, report).unwrap_err();
        assert!(problem.contains(expected), "{problem:?} does not say {expected:?}");
    }
    let killed = Verdict::new(None, "", "killed").kill(&[]).unwrap_err();
    assert!(killed.contains("a signal"), "{killed}");
}

#[test]
fn without_the_mutation_only_a_reported_success_counts() {
    let pass = |code, report| Verdict::new(code, report, "").pass();
    assert_eq!(pass(Some(0), r#"{"verdict": "EXHAUSTED"}"#), Ok(()));
    assert!(pass(Some(0), "hello").unwrap_err().contains("no JSON report"));
    assert!(pass(Some(1), r#"{"verdict": "VIOLATED"}"#).unwrap_err().contains("exit code 1"));
}

#[test]
fn the_matrix_names_survivors() {
    let kill = Kill { property: "Vote Once".into(), states: Some(812), length: None };
    let rows = [("found".to_string(), Some(kill)), ("unseen".to_string(), None)];
    let expected = "\
mutation  property    states  length
found     Vote Once      812       -
unseen    NOT KILLED       -       -";
    assert_eq!(kill_matrix(&rows), expected);
}

/// An empty folder of this name for one test.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("quorate-xtask-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("source/inner")).unwrap();
    folder
}

#[test]
fn a_copy_is_patched_and_restored_without_touching_what_is_equal() {
    if GIT.ensure().is_err() {
        return;
    }
    let folder = scratch("tree");
    let (source, copy) = (folder.join("source"), folder.join("copy"));
    fs::write(source.join("file"), "old\n").unwrap();
    fs::write(source.join("inner/equal"), "equal\n").unwrap();
    let patch = folder.join("example.patch");
    fs::write(&patch, GOOD).unwrap();
    let tree = Tree::new(source, copy.clone());
    tree.restore().unwrap();
    let written = |name: &str| fs::metadata(copy.join(name)).unwrap().modified().unwrap();
    let before = written("inner/equal");

    tree.apply(&patch).unwrap();
    assert_eq!(fs::read_to_string(copy.join("file")).unwrap(), "new\n");
    assert!(tree.apply(&patch).unwrap_err().contains("does not apply"));
    fs::write(copy.join("stray"), "").unwrap();

    tree.restore().unwrap();
    assert_eq!(fs::read_to_string(copy.join("file")).unwrap(), "old\n");
    assert!(!copy.join("stray").exists());
    assert_eq!(written("inner/equal"), before);
    fs::remove_dir_all(folder).unwrap();
}
