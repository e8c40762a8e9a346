//! The description that solvers prove: the names of the specification, and its guards word for word.
//!
//! The specification writes each guard twice: as code that evaluates it, and as a formula that says what the solvers
//! are given. The second is compared here with what they really are given.

use quorate_core::AbstractAction;
use quorate_proofs::ast::{Action, Description, Sort};
use quorate_proofs::{REPLICATION, parse, smt};
use quorate_spec::{Abstract, GUARDS, Guard};

/// Where the description is.
pub(crate) const DESCRIPTION: &str = "proofs/replication.epr";
/// Where the invariant of the proofs in Coq is.
pub(crate) const INVARIANT: &str = "proofs/coq/Invariant.v";

/// The parts of the invariant in Coq that have no counterpart: there a candidate's log and that of a leader are values
/// of their own, here they are functions of candidate and term.
const ONLY_IN_COQ: [&str; 2] = ["cand_once", "tlog_started"];

/// Checks that actions, guards and properties are those of the specification, in the same order.
pub(crate) fn check(description: &Description) -> Vec<String> {
    let mut complaints = Vec::new();
    let actions: Vec<&str> = description.actions.iter().map(|known| known.name.as_str()).collect();
    if actions != AbstractAction::NAMES {
        let expected = AbstractAction::NAMES;
        complaints.push(format!("{DESCRIPTION}:1: actions {actions:?}; the core has {expected:?}"));
    }
    complaints.extend(description.actions.iter().flat_map(|action| guards(description, action)));
    let found: Vec<&str> = description.properties().map(|known| known.name.as_str()).collect();
    let expected: Vec<&str> = Abstract::<u8>::SAFETY.iter().map(|(name, _)| *name).collect();
    if found != expected {
        complaints.push(format!(
            "{DESCRIPTION}:1: properties {found:?}; the specification has {expected:?}"
        ));
    }
    complaints
}

/// Checks the guards of an action. One that only says of what sort something is, is a parameter.
fn guards(description: &Description, action: &Action) -> Vec<String> {
    let mut complaints = Vec::new();
    let name = &action.name;
    let parameters: Vec<String> = action
        .parameters
        .iter()
        .filter(|parameter| parameter.sort != Sort::Bool)
        .map(|parameter| format!("({} {})", parameter.name, smt::sort(&parameter.sort)))
        .collect();
    let expected = GUARDS.iter().filter(|guard| guard.action == name);
    let (sorts, formulas): (Vec<&Guard>, Vec<&Guard>) = expected.partition(|guard| {
        let is_sort = |sort: &str| description.sorts.iter().any(|known| known.name == sort);
        let words: Vec<&str> = guard.relation.trim_matches(['(', ')']).split(' ').collect();
        matches!(words.as_slice(), [_, sort] if is_sort(sort))
    });
    for guard in sorts {
        if !parameters.contains(&guard.relation.to_owned()) {
            let (guard, relation) = (guard.name, guard.relation);
            complaints.push(format!(
                "{DESCRIPTION}:1: {name} has no parameter {relation}, which {guard} asks for"
            ));
        }
    }
    let said: Vec<(&str, &str)> =
        formulas.iter().map(|known| (known.name, known.relation)).collect();
    let given: Vec<(&str, String)> = action
        .guards
        .iter()
        .map(|known| (known.name.as_str(), smt::expression(description, &known.formula)))
        .collect();
    if !said.iter().copied().eq(given.iter().map(|(name, formula)| (*name, formula.as_str()))) {
        complaints.push(format!(
            "{DESCRIPTION}:1: {name} has the guards {given:?}; the specification has {said:?}"
        ));
    }
    complaints
}

/// Checks that the parts of the invariant in Coq have the names that they have in the description.
pub(crate) fn check_invariant(description: &Description, invariant: &str) -> Vec<String> {
    let fields =
        invariant.lines().filter_map(|line| line.strip_prefix("  has_")?.split_once(" : "));
    // The whole is a record of the groups.
    let fields: Vec<&str> =
        fields.map(|(name, _)| name).filter(|name| name.contains('_')).collect();
    let is_known = |name: &&&str| description.claim(name).is_some() || ONLY_IN_COQ.contains(*name);
    let mut complaints: Vec<String> = fields
        .iter()
        .filter(|name| !is_known(name))
        .map(|name| format!("{INVARIANT}:1: {name} is no invariant of {DESCRIPTION}"))
        .collect();
    if fields.len() < 15 {
        complaints
            .push(format!("{INVARIANT}:1: found only {fields:?}; the invariant has more parts"));
    }
    complaints
}

/// The description of the protocol.
pub(crate) fn description() -> Description {
    parse(REPLICATION).unwrap_or_else(|problem| panic!("{DESCRIPTION}:{problem}"))
}

#[test]
fn another_action_guard_or_property_is_found() {
    let complaints = |before: &str, after: &str| {
        assert!(REPLICATION.contains(before), "{before}");
        let text = REPLICATION.replace(before, after);
        check(&parse(&text).unwrap_or_else(|problem| panic!("{problem}"))).len()
    };
    assert_eq!(complaints("(guard ", "(guard "), 0);
    assert_eq!(complaints("(action bump_term ", "(action raise_term "), 2);
    assert_eq!(
        complaints("  (guard vote_is_free (forall ((d node)) (=> (voted n t d) (= d c))))\n", ""),
        1
    );
    assert_eq!(
        complaints("(guard chosen_term_seen (seen n t))", "(guard chosen_term_seen (left n t))"),
        1
    );
    assert_eq!(
        complaints("(guard is_chosen (chosen t i))", "(guard chosen_before (chosen t i))"),
        1
    );
    assert_eq!(complaints("property log_matching", "property logs_match"), 1);
}

#[test]
fn another_invariant_in_coq_is_found() {
    let (description, invariant) = (description(), crate::source::read_file(INVARIANT));
    assert_eq!(check_invariant(&description, &invariant).len(), 0);
    assert_eq!(
        check_invariant(&description, &invariant.replace("has_one_vote", "has_a_vote")).len(),
        1
    );
    assert_eq!(check_invariant(&description, "").len(), 1);
}
