//! The proofs in Coq: compiled, asked what they rest on, and checked again by a smaller program.
//!
//! The sources are copied to `target/coq` and compiled there, in the order of `proofs/coq/_CoqProject`. Each
//! theorem says with `Print Assumptions` what it rests on, which must be nothing. Then `coqchk` reads the
//! compiled files, and those of the standard library that they use, with Coq's kernel alone, and must find no
//! axiom either. Each file, each theorem and the second check count as one test.

use crate::commands;
use crate::tally::Tally;
use crate::workspace_root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the sources are, from the root of the workspace.
const SOURCES: &str = "proofs/coq";
/// The list of the sources in the order in which they are compiled.
const PROJECT: &str = "_CoqProject";
/// Where the compiled files belong, and the name of the library.
const LIBRARY: [&str; 3] = ["-Q", "target/coq", "Quorate"];
/// What Coq says of a theorem that rests on nothing.
const CLOSED: &str = "Closed under the global context";
/// Of what the second check must find none.
const NONE_OF: [&str; 4] = [
    "Axioms",
    "Constants/Inductives relying on type-in-type",
    "Constants/Inductives relying on unsafe (co)fixpoints",
    "Inductives whose positivity is assumed",
];

/// Compiles and checks everything.
pub(crate) fn run() -> Tally {
    let mut tally = Tally::default();
    let names = match prepare(&workspace_root().join(SOURCES), &target()) {
        Ok(names) => names,
        Err(problem) => {
            println!("{problem}");
            tally.count(false);
            return tally;
        }
    };
    for name in &names {
        let (compiled, closed) = compile(name);
        tally.count(compiled);
        closed.into_iter().for_each(|is_closed| tally.count(is_closed));
        // Whatever comes after it needs it.
        if !compiled {
            return tally;
        }
    }
    tally.count(check_again(&names));
    tally
}

fn target() -> PathBuf {
    workspace_root().join("target").join("coq")
}

/// Copies the sources to an empty folder. Their names without the ending, in the order of compilation.
fn prepare(sources: &Path, target: &Path) -> Result<Vec<String>, String> {
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |error| format!("{path}: {error}")
    };
    let project = sources.join(PROJECT);
    let listed = listed(&fs::read_to_string(&project).map_err(at(&project))?);
    let mut present = Vec::new();
    for entry in fs::read_dir(sources).map_err(at(sources))? {
        let name = entry.map_err(at(sources))?.file_name().to_string_lossy().into_owned();
        present.extend(name.strip_suffix(".v").map(String::from));
    }
    if let Some(forgotten) = present.iter().find(|name| !listed.contains(name)) {
        return Err(format!("{}: {forgotten}.v is not listed", project.display()));
    }
    if target.exists() {
        fs::remove_dir_all(target).map_err(at(target))?;
    }
    fs::create_dir_all(target).map_err(at(target))?;
    for name in &listed {
        let from = sources.join(format!("{name}.v"));
        fs::copy(&from, target.join(format!("{name}.v"))).map_err(at(&from))?;
    }
    Ok(listed)
}

/// The sources that a project file lists, without their ending.
fn listed(project: &str) -> Vec<String> {
    project.lines().filter_map(|line| line.trim().strip_suffix(".v")).map(String::from).collect()
}

/// Compiles one file. Whether that succeeds; and for each theorem that it asks about, whether it rests on
/// nothing.
fn compile(name: &str) -> (bool, Vec<bool>) {
    let source = format!("target/coq/{name}.v");
    println!("== coq: coqc {} {source}", LIBRARY.join(" "));
    let text = fs::read_to_string(workspace_root().join(&source)).unwrap_or_default();
    let mut said = Vec::new();
    let mut command = Command::new("coqc");
    // The tactic would keep what it has proved in the folder it is called from.
    command.args(["-unset", "Lia Cache"]).args(LIBRARY).arg(&source);
    let result = commands::stream(&mut command, |line| said.push(line.to_string()));
    if let Err(error) = &result {
        println!("coqc: {error}");
    }
    (result.unwrap_or(false), closed(&asked(&text), &said))
}

/// The theorems about which a source asks what they rest on.
fn asked(text: &str) -> Vec<String> {
    let questions = text.lines().filter_map(|line| line.strip_prefix("Print Assumptions "));
    questions.map(|name| name.trim_end_matches('.').to_string()).collect()
}

/// For each theorem in question, whether it rests on nothing. An axiom takes any number of lines, so if
/// anything but the right number of right answers was said, none is believed.
fn closed(asked: &[String], said: &[String]) -> Vec<bool> {
    let all = said.len() == asked.len() && said.iter().all(|line| line == CLOSED);
    let verdict = if all { "rests on nothing" } else { "FAILED: not known to rest on nothing" };
    asked.iter().for_each(|name| println!("== coq: theorem {name} {verdict}"));
    vec![all; asked.len()]
}

/// Checks the compiled files, and everything that they use, with the kernel alone.
fn check_again(names: &[String]) -> bool {
    let mut command = Command::new("coqchk");
    command.args(["-silent", "-o"]).args(LIBRARY);
    command.args(names.iter().map(|name| format!("Quorate.{name}")));
    println!("== coq: coqchk -silent -o {} and all files", LIBRARY.join(" "));
    command.current_dir(workspace_root()).stdin(Stdio::null());
    let checked = match command.output() {
        Ok(output) => {
            // It writes its summary to either, depending on its version.
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            print!("{said}");
            output.status.success() && finds_none(&said)
        }
        Err(error) => {
            println!("coqchk: {error}");
            false
        }
    };
    println!("== coq: second check {}", if checked { "finds no axiom" } else { "FAILED" });
    checked
}

/// Whether the second check says of everything that it looks for that there is none.
fn finds_none(said: &str) -> bool {
    let says = |what: &str| said.lines().any(|line| line.trim() == format!("* {what}: <none>"));
    NONE_OF.into_iter().all(says)
}

#[cfg(test)]
mod tests {
    use super::{CLOSED, NONE_OF, asked, closed, finds_none, listed, prepare};
    use crate::workspace_root;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_string()).collect()
    }

    #[test]
    fn only_closed_theorems_pass() {
        let names = asked("Qed.\nPrint Assumptions a.\nPrint Assumptions b.\n");
        assert_eq!(names, ["a", "b"]);
        assert_eq!(closed(&names, &lines(&[CLOSED, CLOSED])), [true, true]);
        assert_eq!(closed(&names, &lines(&[CLOSED])), [false, false]);
        let axiom = ["Axioms:", "classic : forall P : Prop, P \\/ ~ P", CLOSED];
        assert_eq!(closed(&names, &lines(&axiom)), [false, false]);
        assert_eq!(closed(&names, &lines(&["Axioms:", CLOSED])), [false, false]);
    }

    #[test]
    fn the_second_check_must_find_nothing_at_all() {
        let summary = NONE_OF.map(|what| format!("* {what}: <none>"));
        assert!(finds_none(&summary.join("\n")));
        for at in 0..summary.len() {
            let mut other = summary.to_vec();
            other[at] = other[at].replace(" <none>", "");
            assert!(!finds_none(&other.join("\n")), "{other:?}");
        }
    }

    #[test]
    fn the_sources_are_copied_in_the_order_of_the_project() {
        assert_eq!(listed("-Q . Quorate\nB.v\nA.v\n"), ["B", "A"]);
        let folder = workspace_root().join("target").join("xtask-coq-test");
        let (sources, target) = (folder.join("sources"), folder.join("target"));
        std::fs::create_dir_all(&sources).unwrap_or_else(|e| panic!("{e}"));
        let write = |name: &str, text: &str| {
            std::fs::write(sources.join(name), text).unwrap_or_else(|e| panic!("{e}"));
        };
        write("_CoqProject", "B.v\n");
        write("B.v", "");
        assert_eq!(prepare(&sources, &target), Ok(lines(&["B"])));
        assert!(target.join("B.v").is_file());
        write("A.v", "");
        let forgotten = prepare(&sources, &target);
        std::fs::remove_dir_all(&folder).unwrap_or_else(|e| panic!("{e}"));
        assert!(forgotten.is_err_and(|problem| problem.ends_with("A.v is not listed")));
    }
}
