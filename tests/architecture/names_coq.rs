//! The proofs in Coq: the names of the specification, and nothing that is believed without proof.
//!
//! What is proved there means something for the protocol here only if both speak of the same actions, guards
//! and properties. So their names are compared, in order. That no axiom is used is what Coq itself says when the
//! proofs are compiled; what could make it look so is not written in the first place.

use crate::source::{File, find_word, line_of};
use quorate_core::AbstractAction;
use quorate_spec::{Abstract, GUARDS};

/// The file with the protocol.
pub(crate) const PROTOCOL: &str = "proofs/coq/Protocol.v";
/// The file with the theorems.
pub(crate) const THEOREMS: &str = "proofs/coq/Theorems.v";

/// Commands that state something without proving it, or make Coq check less.
const BELIEVED: &[&str] = &[
    "Admitted",
    "admit",
    "give_up",
    "Axiom",
    "Axioms",
    "Parameter",
    "Parameters",
    "Conjecture",
    "Hypothesis",
    "Hypotheses",
    "Variable",
    "Variables",
    "Unset",
    "bypass_check",
];

/// The most lines that a file may have.
const FILE: usize = 400;

/// A guard that has no place there, where what a leader appends is a parameter of the action.
const ALWAYS_GIVEN: &str = "value_is_given";

/// Checks one source: how it begins, how long it is, and that it proves what it states.
pub(crate) fn check_source(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE {
        complaints.push(format!("{}:{FILE}: {lines} lines; at most {FILE}, split it", file.path));
    }
    if !file.text.starts_with("(**") {
        complaints.push(format!("{}:1: does not begin with `(**`; say why it exists", file.path));
    }
    let code = without_comments(&file.text);
    for word in BELIEVED {
        for at in find_word(&code, word) {
            let line = line_of(&code, at);
            complaints.push(format!("{}:{line}: `{word}`; prove it", file.path));
        }
    }
    // What stands open outside a section would be an axiom.
    let opened = find_word(&code, "Context").into_iter().min();
    let section = find_word(&code, "Section").into_iter().min();
    if let Some(at) = opened.filter(|at| section.is_none_or(|section| *at < section)) {
        let line = line_of(&code, at);
        complaints.push(format!("{}:{line}: `Context` outside a section", file.path));
    }
    complaints
}

/// Checks that the actions and their guards are those of the specification.
pub(crate) fn check_actions(text: &str) -> Vec<String> {
    let found = actions(text);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    if names != AbstractAction::NAMES {
        let expected = AbstractAction::NAMES;
        return vec![format!("{PROTOCOL}:1: actions {names:?}; the core has {expected:?}")];
    }
    let mut complaints = Vec::new();
    for (name, guards) in &found {
        let expected = GUARDS.iter().filter(|guard| guard.action == name);
        let expected = expected.map(|guard| guard.name).filter(|guard| *guard != ALWAYS_GIVEN);
        if !expected.clone().eq(guards.iter().map(String::as_str)) {
            let expected: Vec<&str> = expected.collect();
            complaints.push(format!(
                "{PROTOCOL}:1: {name} has the guards {guards:?}; the specification has {expected:?}"
            ));
        }
    }
    complaints
}

/// Checks that every safety property is defined, proved of every reachable state, and asked what its proof
/// rests on.
pub(crate) fn check_theorems(protocol: &str, theorems: &str) -> Vec<String> {
    let names: Vec<&str> = Abstract::<u8>::SAFETY.iter().map(|(name, _)| *name).collect();
    let code = without_comments(theorems);
    let proved = code.lines().filter_map(|line| line.strip_prefix("Theorem "));
    let proved: Vec<&str> = proved.filter_map(|line| line.split_whitespace().next()).collect();
    if proved != names {
        return vec![format!("{THEOREMS}:1: theorems {proved:?}; the specification has {names:?}")];
    }
    let mut complaints = Vec::new();
    for name in names {
        let defined = format!("\nDefinition {name} (s : state) : Prop :=\n");
        let stated = format!("\nTheorem {name} s : reachable s -> Protocol.{name} s.\n");
        let asked = format!("\nPrint Assumptions {name}.\n");
        for (place, text, line) in
            [(PROTOCOL, protocol, defined), (THEOREMS, &code, stated), (THEOREMS, &code, asked)]
        {
            if !text.contains(&line) {
                complaints.push(format!("{place}:1: no line {:?}", line.trim()));
            }
        }
    }
    complaints
}

/// The actions with their guards, in order: the constructors of `step` and what they assume.
fn actions(text: &str) -> Vec<(String, Vec<String>)> {
    let code = without_comments(text);
    let Some(begin) = code.find("Inductive step ") else { return Vec::new() };
    let relation = code[begin..].split(".\n").next().unwrap_or_default();
    let constructors = relation.split("\n| ").skip(1);
    let action = |constructor: &str| {
        let (head, assumed) = constructor.split_once(':')?;
        let mut assumed: Vec<&str> = assumed.split("->").collect();
        // The last is not assumed: it is the step.
        assumed.pop();
        let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_string();
        Some((first(head), assumed.into_iter().map(first).collect()))
    };
    constructors.filter_map(action).collect()
}

/// Blanks out comments, which nest, keeping every line break.
fn without_comments(text: &str) -> String {
    let (mut code, mut depth, mut rest) = (String::new(), 0_usize, text);
    while let Some(character) = rest.chars().next() {
        let length = if rest.starts_with("(*") {
            depth += 1;
            2
        } else if rest.starts_with("*)") && depth > 0 {
            depth -= 1;
            2
        } else {
            if depth == 0 || character == '\n' {
                code.push(character);
            }
            character.len_utf8()
        };
        rest = &rest[length..];
    }
    code
}

#[test]
fn what_is_believed_without_proof_is_found() {
    let complaints = |text: &str| check_source(&File::new("proofs/coq/x.v", text)).len();
    let good = "(** Why. (* admit *) Axiom *)\nSection A.\nContext {C : c}.\nLemma admitted : x.\n";
    assert_eq!(complaints(good), 0);
    assert_eq!(complaints("(** *)\nLemma a : b.\nAdmitted.\n"), 1);
    assert_eq!(complaints("(** *)\nAxiom a : b.\nParameter c : d.\n"), 2);
    assert_eq!(complaints("(** *)\nContext {C : c}.\nSection A.\n"), 1);
    assert_eq!(complaints("Lemma a : b.\n"), 1);
    assert_eq!(complaints(&format!("(** *)\n{}", "\n".repeat(FILE))), 1);
}

#[test]
fn another_action_guard_or_theorem_is_found() {
    let protocol = crate::source::read_file(PROTOCOL);
    let theorems = crate::source::read_file(THEOREMS);
    assert!(check_actions(&protocol).is_empty() && check_theorems(&protocol, &theorems).is_empty());
    let without = |what: &str| protocol.replace(what, "");
    assert_eq!(check_actions(&without("is_a_node n -> ")).len(), 5);
    assert_eq!(check_actions(&protocol.replace("| grant_vote", "| cast_vote")).len(), 1);
    assert_eq!(check_actions("").len(), 1);
    let weaker = theorems.replace("reachable s -> Protocol.log_matching s", "log_matching s");
    assert_eq!(check_theorems(&protocol, &weaker).len(), 1);
    let silent = theorems.replace("Print Assumptions applied_kept.\n", "");
    assert_eq!(check_theorems(&protocol, &silent).len(), 1);
    assert_eq!(check_theorems(&protocol, "").len(), 1);
}
