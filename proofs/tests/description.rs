//! The description of the protocol, and descriptions that are refused.

use quorate_proofs::axioms::axioms;
use quorate_proofs::queries::{queries, untouched};
use quorate_proofs::stratification::stratify;
use quorate_proofs::{REPLICATION, parse};

#[test]
fn the_protocol_is_described_and_every_query_about_it_is_decidable() {
    let description = parse(REPLICATION).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(description.actions.len(), 8);
    assert_eq!(description.properties().count(), 5);
    assert_eq!(description.invariants().count(), 30);
    let queries = queries(&description);
    let steps = 8 * 30 - untouched(&description);
    assert_eq!(queries.len(), 30 + steps + 4 + 8);
    for query in &queries {
        assert!(stratify(&description, &query.assertions).is_ok(), "{}", query.name);
    }
    let (about_axioms, assumed) = axioms(&description);
    assert_eq!((about_axioms.len(), assumed.len()), (4, 0));
}

#[test]
fn an_axiom_that_says_something_else_is_assumed_and_not_proved() {
    let stronger = REPLICATION.replace(
        "(exists ((n node)) (and (member n p) (member n q)))",
        "(forall ((n node)) (and (member n p) (member n q)))",
    );
    let description = parse(&stronger).unwrap_or_else(|problem| panic!("{problem}"));
    let (about_axioms, assumed) = axioms(&description);
    assert_eq!((about_axioms.len(), assumed), (2, vec!["quorums_intersect".to_owned()]));
}

#[test]
fn a_circle_of_sorts_is_found() {
    // A majority for each node, and a node in each majority.
    let circle = REPLICATION.replace(
        "(state seen ",
        "(static own (node) quorum \"A majority of each node.\")\n(state seen ",
    );
    let description = parse(&circle).unwrap_or_else(|problem| panic!("{problem}"));
    let queries = queries(&description);
    let why = stratify(&description, &queries[0].assertions).err().unwrap_or_default();
    assert_eq!(
        why,
        "own makes a quorum of each node, quorums_intersect makes a node of each quorum"
    );
}

#[test]
fn what_depends_on_what_follows_the_quantifiers_and_their_signs() {
    let circle = |formula: &str| {
        let text = MINIMAL.replace("(p a)", formula);
        let description = parse(&text).unwrap_or_else(|problem| panic!("{formula}: {problem}"));
        // The invariant is asserted by the last query, which asks whether the action can happen.
        let queries = queries(&description);
        let last = queries.last().map(|query| query.assertions.as_slice());
        stratify(&description, last.unwrap_or_default()).is_err()
    };
    assert!(!circle("(exists ((b thing)) (p b))"));
    assert!(circle("(exists ((b thing)) (= a b))"));
    assert!(!circle("(not (exists ((b thing)) (= a b)))"));
    assert!(circle("(not (forall ((b thing)) (= a b)))"));
    assert!(circle("(=> (forall ((b thing)) (= a b)) (p a))"));
    assert!(circle("(= (p a) (forall ((b thing)) (= a b)))"));
    assert!(circle("(ite (forall ((b thing)) (= a b)) (p a) (not (p a)))"));
    assert!(circle("(some a)"));
    assert!(!circle("(not (some a))"));
}

/// A small description. The tests below replace a part of it.
const MINIMAL: &str = "\
(sort thing \"A thing.\")
(static one () thing \"One of them.\")
(state p (thing) Bool \"It is so.\")
(state q (thing) Bool \"It is otherwise.\")
(define some ((c thing)) \"There is one like it.\" (exists ((d thing)) (and (p d) (= c d))))
(init all_are_so (forall ((a thing)) (p a)))
(action swap ((x thing)) \"It changes.\"
  (modifies p)
  (guard is_so (p x))
  (update (forall ((y thing)) (= (p' y) (not (p y))))))
(group only \"The only one.\")
(inductive-property good \"It is good.\" \"It always was.\"
  (forall ((a thing)) (p a)))
";

/// Replaces a part of the small description, and requires that it is refused with this message at this place.
fn must_refuse(cases: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (before, after, expected) in cases {
        assert!(MINIMAL.contains(before), "{before}");
        let problem = parse(&MINIMAL.replacen(before, after, 1)).err();
        let problem = problem.unwrap_or_else(|| panic!("{after}: is not refused"));
        if !problem.to_string().starts_with(expected) {
            wrong.push(format!("{after}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn lists_and_forms_are_refused_where_they_are_wrong() {
    must_refuse(&[
        ("(p x))", "(p x)", "7:1: list: \"(\" is not closed; expected a \")\""),
        ("(group only", ")(group only", "11:1: list: \")\"; expected a \"(\" before it"),
        (
            "\"It changes.\"",
            "\"It changes.",
            "12:55: text: '\"' is not closed; expected another '\"'",
        ),
        // Forms.
        (
            "(group only",
            "(gruop only",
            "11:1: form: \"gruop\"; expected one of sort, static, state,",
        ),
        ("(sort thing", "sort (sort thing", "1:1: form: \"sort\"; expected a list like (sort ...)"),
        (
            "(sort thing \"A thing.\")",
            "(sort thing)",
            "1:1: sort: not of its shape; expected (sort NAME",
        ),
        ("\"A thing.\"", "\" \"", "1:13: reading: a text; expected a sentence in quotes"),
        (
            "(group only \"The only one.\")",
            "",
            "12:1: inductive-property: good is in no group; expected a (group ...) before it",
        ),
        (
            "(init all_are_so (forall ((a thing)) (p a)))",
            "",
            "1:1: description: no init; expected at least one",
        ),
        ("inductive-property", "invariant", "1:1: description: no property; expected at least one"),
    ]);
}

#[test]
fn names_are_refused_where_they_are_wrong() {
    must_refuse(&[
        ("(state q ", "(state p ", "4:8: name: \"p\" is taken; expected another"),
        ("(state q ", "(state forall ", "4:8: name: \"forall\"; expected a word like one_vote"),
        ("(state q ", "(state Q ", "4:8: name: \"Q\"; expected a word like one_vote"),
        (
            "(action swap ((x thing))",
            "(action swap ((q thing))",
            "7:16: variable: \"q\"; expected a name that means nothing yet",
        ),
        (
            "(forall ((y thing))",
            "(forall ((x thing))",
            "10:21: variable: \"x\"; expected a name that means nothing yet",
        ),
        ("(x thing)", "(x think)", "7:18: sort: \"think\"; expected a declared sort"),
    ]);
}

#[test]
fn terms_are_refused_where_they_are_wrong() {
    must_refuse(&[
        (
            "(p x)",
            "(p z)",
            "9:19: term: \"z\"; expected a variable, a symbol or a definition that is known here",
        ),
        ("(p x)", "(p x x)", "9:17: p: 2 arguments; expected 1"),
        ("(p x)", "x", "9:16: term: \"x\" is of sort thing; expected sort Bool"),
        (
            "(p x)",
            "(= x (p x))",
            "9:21: term: a list that begins with \"p\" is of sort Bool; expected sort thing",
        ),
        (
            "(p x)",
            "(ite (p x) x (p x))",
            "9:29: term: a list that begins with \"p\" is of sort Bool; expected sort thing",
        ),
        ("(p x)", "(not (p x) (p x))", "9:16: not: 2 arguments; expected (not FORMULA)"),
        ("(p x)", "()", "9:16: term: an empty list; expected a formula or a term"),
    ]);
}

#[test]
fn states_are_refused_where_they_are_confused() {
    must_refuse(&[
        (
            "(guard is_so (p x))",
            "(guard is_so (p' x))",
            "9:17: term: p' where there is one state; expected p",
        ),
        (
            "(forall ((a thing)) (p a)))\n(action",
            "(forall ((a thing)) (p' a)))\n(action",
            "6:39: term: p' where there is one state; expected p",
        ),
        (
            "(= (p' y)",
            "(= (q' y)",
            "10:35: term: q' of what is not modified; expected q under modifies",
        ),
        ("(p' y)", "(p' one')", "10:38: term: one' is static; expected one without a prime"),
        (
            "(modifies p)",
            "(modifies p q)",
            "7:1: action: swap modifies q; expected an update that says how",
        ),
        ("(modifies p)", "(modifies p one)", "8:15: modifies: \"one\"; expected a state symbol"),
        (
            "(init all",
            "(axiom so \"So.\" (p one)) (init all",
            "6:17: axiom: so is about the state; expected static symbols alone",
        ),
    ]);
}

#[test]
fn the_small_description_is_right_and_lists_cannot_be_nested_for_ever() {
    assert!(parse(MINIMAL).is_ok());
    let deep = format!("{}{}", "(".repeat(201), ")".repeat(201));
    let problem = parse(&deep).err().map(|problem| problem.to_string());
    assert_eq!(problem.as_deref(), Some("1:201: list: nested more than 200 deep"));
}
