//! The names of the abstract actions: the same in the core, in the specification and in the proofs.
//!
//! A name that differs needs a table of translations for ever, and the table is what goes wrong.

use crate::source::{blank, find_word, line_of};
use quorate_core::AbstractAction;

/// Checks that each variant of the core's enum has its own name in `snake_case`, in the same order.
pub(crate) fn check_declaration(text: &str) -> Vec<String> {
    let code = blank(text);
    let Some(begin) = code.find("pub enum AbstractAction {") else {
        return vec![
            "src/core/action.rs:1: no AbstractAction; expected the abstract actions".into(),
        ];
    };
    let body = code[begin..].split("\n}").next().unwrap_or_default();
    // Variants are indented by one step, their fields by two.
    let is_variant =
        |line: &&str| line.starts_with("    ") && line[4..].starts_with(char::is_uppercase);
    let variants: Vec<String> = body.lines().filter(is_variant).map(snake_case).collect();
    if variants == AbstractAction::NAMES {
        return Vec::new();
    }
    let line = line_of(&code, begin);
    let names = AbstractAction::NAMES;
    vec![format!(
        "src/core/action.rs:{line}: variants {variants:?}, but NAMES {names:?}; make them agree"
    )]
}

/// Checks that a text which speaks of the abstract actions by name speaks of all of them.
pub(crate) fn check_mentions(place: &str, text: &str) -> Vec<String> {
    let mentions = |name: &&str| !find_word(text, name).is_empty();
    let (found, missing): (Vec<&str>, Vec<&str>) =
        AbstractAction::NAMES.into_iter().partition(mentions);
    // `apply` and `commit` are also ordinary words.
    if found.iter().all(|name| !name.contains('_')) {
        return Vec::new();
    }
    let complain = |name: &&str| {
        format!("{place}:1: names other abstract actions but not {name}; use the core's names")
    };
    missing.iter().map(complain).collect()
}

/// The name of a variant from the line that declares it.
fn snake_case(line: &str) -> String {
    let mut name = String::new();
    for letter in line.trim().chars().take_while(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn variants_that_have_other_names_are_found() {
    let declaration = |variants: &[&str]| {
        let fields = " {\n        /// Who.\n        server: ServerId,\n    },\n";
        let variants: String = variants.iter().map(|v| format!("    {v}{fields}")).collect();
        format!("/// Actions.\npub enum AbstractAction {{\n{variants}}}\n")
    };
    let good = [
        "BumpTerm",
        "BecomeCandidate",
        "GrantVote",
        "BecomeLeader",
        "LeaderAppend",
        "Replicate",
        "Commit",
        "Apply",
    ];
    assert_eq!(check_declaration(&declaration(&good)), Vec::<String>::new());
    assert_eq!(check_declaration(&declaration(&good[1..])).len(), 1);
    assert_eq!(check_declaration(&declaration(&["Vote"])).len(), 1);
    assert_eq!(check_declaration("enum Other {}").len(), 1);
}

#[test]
fn a_text_that_forgets_an_action_is_found() {
    let all = AbstractAction::NAMES.join("\n");
    assert!(check_mentions("proofs/x.epr", &all).is_empty());
    assert!(check_mentions("src/spec", "nothing; commit, apply").is_empty());
    let renamed = all.replace("grant_vote", "cast_vote");
    assert_eq!(check_mentions("proofs/x.epr", &renamed).len(), 1);
}
