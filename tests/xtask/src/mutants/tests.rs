//! Tests of the mutations' machinery, and of the patches themselves as far as that is fast.

use super::matrix::{Found, Outcome, agrees, page, printed};
use super::patch::{EndToEnd, Expected, Harm};
use super::patch::{parse, read_all};
use super::tree::{Tree, git_apply};
use super::verdict::{Kill, Pass, Verdict};
use super::{FOLDER, PAGE, SAMPLE};
use crate::programs::GIT;
use crate::workspace_root;
use std::fs;
use std::path::{Path, PathBuf};

const GOOD: &str = "\
# name: example
# catalogue: B99
# breaks: a rule of some length that needs
#   a second line [Ongaro14 §3.4]
# seen in: nowhere
# check: check elections --crashes 0
# killed by: Vote Once, Election Safety
# end to end check: check standard
# end to end: Election Safety
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
    let by = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(patch.expected, Expected::Killed(by(&["Vote Once", "Election Safety"])));
    let harm = Harm::Killed(by(&["Election Safety"]));
    let check = by(&["check", "standard"]);
    assert_eq!(patch.end_to_end, Some(EndToEnd { check, expected: harm }));
    assert_eq!(patch.why_nothing(), None);
    assert_eq!(patch.checks().count(), 2);

    let harmless =
        GOOD.replace("end to end: Election Safety", "end to end: none: no client sees it");
    let patch = parse(Path::new("example.patch"), &harmless).unwrap();
    assert_eq!(patch.why_nothing(), Some("no client sees it"));

    let lines = "# killed by: Vote Once, Election Safety\n# end to end check: check standard\n# end to end: Election Safety\n";
    let equal = GOOD.replace(lines, "# equivalent: the rule follows from another\n");
    let patch = parse(Path::new("example.patch"), &equal).unwrap();
    assert_eq!(patch.expected, Expected::Equivalent("the rule follows from another".into()));
    assert_eq!((patch.end_to_end, patch.check.len()), (None, 4));
}

#[test]
fn a_bad_header_is_refused() {
    let cases = [
        ("# seen in: nowhere\n", "", "seen in: missing"),
        ("# killed by: Vote Once, Election Safety", "# killed by:", "killed by: empty"),
        ("# killed by: Vote Once, Election Safety\n", "", "killed by: missing"),
        ("# end to end: Election Safety\n", "", "end to end: missing"),
        ("# end to end: Election Safety", "# end to end: none:", "expected a reason"),
        ("check: check standard", "check: standard", "the arguments of a check"),
        ("# name: example\n", "# name: example\n# equivalent: yes\n", "expected one of the two"),
        ("check elections --crashes 0", "loom servers::a", "found by tests"),
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
    let exhausted = Pass { states: Some(812) };
    assert_eq!(pass(Some(0), r#"{"verdict": "EXHAUSTED", "distinct": 812}"#), Ok(exhausted));
    assert!(pass(Some(0), "hello").unwrap_err().contains("no JSON report"));
    assert!(pass(Some(1), r#"{"verdict": "VIOLATED"}"#).unwrap_err().contains("exit code 1"));
}

#[test]
fn what_must_happen_and_never_does_is_a_kill_too() {
    let vacuous = r#"{"verdict": "vacuous", "distinct": 7, "missing": ["a", "noop_committed"]}"#;
    let verdict = Verdict::new(Some(1), vacuous, "");
    let property = "noop_committed missing".to_string();
    let kill = Kill { property, states: Some(7), length: None };
    assert_eq!(verdict.kill(&["noop_committed".into()]), Ok(kill));
    assert!(verdict.kill(&["write_done".into()]).unwrap_err().contains("vacuous"));
}

#[test]
fn harm_is_a_violation_and_nothing_else() {
    let harm = |code, report| Verdict::new(Some(code), report, "").no_harm();
    let pass = Ok(Pass { states: Some(7) });
    assert_eq!(harm(0, r#"{"verdict": "exhausted", "distinct": 7}"#), pass);
    assert_eq!(harm(1, r#"{"verdict": "count changed", "distinct": 7}"#), pass);
    assert_eq!(harm(1, r#"{"verdict": "vacuous", "distinct": 7}"#), pass);
    let violated = r#"{"verdict": "violated", "violation": {"property": "ElectionSafety"}}"#;
    assert!(harm(1, violated).unwrap_err().contains("ElectionSafety"));
    // A search that did not end has seen nothing.
    assert!(harm(2, r#"{"verdict": "incomplete", "distinct": 7}"#).is_err());
    assert!(harm(0, "hello").is_err());
}

/// A mutation by this name, with one outcome for each kind of check.
fn example(name: &str) -> (super::patch::Patch, Outcome) {
    let text = GOOD.replace("name: example", &format!("name: {name}"));
    let patch = parse(Path::new(&format!("{name}.patch")), &text).unwrap();
    let kill = Kill { property: "Vote Once".into(), states: Some(812), length: None };
    let end_to_end = Some(Found::Nothing(Some(7)));
    (patch, Outcome { all: Found::Killed(kill), end_to_end })
}

#[test]
fn the_matrix_names_survivors() {
    let ((found, outcome), (unseen, _)) = (example("found"), example("unseen"));
    let rows = [(&found, Some(outcome)), (&unseen, None)];
    let expected = "\
mutation  check                  property    states  length  end to end  states  length
found     elections --crashes 0  Vote Once   812     -       none        7       -
unseen    elections --crashes 0  NOT KILLED  -       -       -           -       -";
    assert_eq!(printed(&rows), expected);
}

#[test]
fn the_page_gets_the_matrix_and_must_agree_with_the_headers() {
    let (patch, outcome) = example("found");
    let text = "why\n<!-- matrix -->\nold\n<!-- end of matrix -->\nmore\n";
    let patches = [patch];
    let written = page(text, &[(&patches[0], Some(outcome))], &patches).unwrap();
    assert!(written.starts_with("why\n<!-- matrix -->\n| catalogue | mutation |"), "{written}");
    assert!(written.ends_with("| none | 7 | - |\n<!-- end of matrix -->\nmore\n"), "{written}");
    assert!(!written.contains("old"));
    assert!(page("no place", &[], &[]).unwrap_err().contains("<!-- matrix -->"));

    assert_eq!(agrees(&written, &patches), Ok(()));
    // What was not tried stays, unless it belongs to another header; and what was not found is said and refused.
    assert_eq!(page(&written, &[], &patches).unwrap(), written);
    let of_old_header = page(&written.replace("B99", "B98"), &[], &patches).unwrap();
    assert!(of_old_header.contains("| `elections --crashes 0` | not run | - |"), "{of_old_header}");
    assert!(agrees(&of_old_header, &patches).unwrap_err().contains("not run"));
    let survived = page(&written, &[(&patches[0], None)], &patches).unwrap();
    assert!(agrees(&survived, &patches).unwrap_err().contains("NOT KILLED"));
    assert!(agrees(text, &patches).unwrap_err().contains("no row begins"));
    for (old, new) in [("B99", "B98"), ("nowhere", "elsewhere"), ("--crashes 0", "--crashes 1")] {
        assert!(agrees(&written.replace(old, new), &patches).is_err(), "{old}");
    }
    let two = written.replacen("| B99", "| B99 | [`x`](x.patch) | - |\n| B99", 1);
    assert!(agrees(&two, &patches).unwrap_err().contains("no patch belongs"));
}

#[test]
fn the_page_of_the_patches_agrees_with_their_headers_and_the_sample_exists() {
    let folder = workspace_root().join(FOLDER);
    let patches = read_all(&folder).unwrap();
    agrees(&fs::read_to_string(folder.join(PAGE)).unwrap(), &patches).unwrap();
    for name in SAMPLE {
        assert!(patches.iter().any(|patch| patch.name == name), "{name} is no mutation");
    }
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
