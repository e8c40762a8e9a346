//! Mutations: the description of the protocol, broken on purpose.
//!
//! A proof that goes through for a broken protocol proves nothing. `mutants.epr` lists known mistakes, each as a change of
//! `replication.epr` and the queries that must fail because of it:
//!
//! | form | says |
//! |---|---|
//! | `(mutation NAME "READING" (fails QUERY ...) CHANGE ...)` | these queries must fail |
//! | `(unneeded NAME "READING" CHANGE ...)` | the proof must go through nevertheless: safety does not need what is taken away |
//!
//! | change | does |
//! |---|---|
//! | `(without ACTION GUARD)` | the action happens without this guard |
//! | `(weaker ACTION GUARD FORMULA)` | the guard says this instead |
//! | `(instead FORM)` | the form takes the place of the one of its kind and name |
//! | `(also FORM)` | the form comes after the last action |
//! | `(no-axiom NAME)` | the axiom is not assumed |

use crate::ast::Description;
use crate::forms::describe;
use crate::reader::{Kind, Node, Problem, read};

/// What the list of mutations is called.
pub const FILE: &str = "proofs/mutants.epr";

/// The list of mutations.
const MUTANTS: &str = include_str!("mutants.epr");

/// A change of the protocol, and what must come of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mutation {
    /// Its name.
    pub name: String,
    /// The mistake, in one sentence.
    pub reading: String,
    /// The queries that must fail; if there is none, all must hold.
    pub fails: Vec<String>,
    changes: Vec<Node>,
}

/// The mutations of the protocol.
///
/// # Errors
/// What is wrong with the list, and where.
pub fn own() -> Result<Vec<Mutation>, Problem> {
    mutations(MUTANTS)
}

/// Reads a list of mutations.
///
/// # Errors
/// What is wrong with the list, and where.
pub fn mutations(text: &str) -> Result<Vec<Mutation>, Problem> {
    read(text)?.iter().map(mutation).collect()
}

fn mutation(form: &Node) -> Result<Mutation, Problem> {
    let wrong = || {
        let expected = "expected (mutation NAME \"READING\" (fails QUERY ...) CHANGE ...) or (unneeded NAME \"READING\" CHANGE ...)";
        Problem::new(form.at, format_args!("mutation: {}; {expected}", form.in_words()))
    };
    let [head, name, reading, rest @ ..] = form.items().unwrap_or_default() else {
        return Err(wrong());
    };
    let (fails, changes) = match (head.word(), rest) {
        (Some("mutation"), [fails, changes @ ..]) if fails.head() == Some("fails") => {
            let queries = fails.items().unwrap_or_default().iter().skip(1);
            let queries: Option<Vec<String>> =
                queries.map(|query| query.word().map(str::to_owned)).collect();
            (queries.filter(|queries| !queries.is_empty()).ok_or_else(wrong)?, changes)
        }
        (Some("unneeded"), changes) => (Vec::new(), changes),
        _ => return Err(wrong()),
    };
    match (name.word(), reading.text()) {
        (Some(name), Some(reading)) if !changes.is_empty() => Ok(Mutation {
            name: name.to_owned(),
            reading: reading.to_owned(),
            fails,
            changes: changes.to_vec(),
        }),
        _ => Err(wrong()),
    }
}

impl Mutation {
    /// Whether the proof must go through in spite of it.
    pub fn is_unneeded(&self) -> bool {
        self.fails.is_empty()
    }

    /// The protocol with this mistake.
    ///
    /// # Errors
    /// A change that changes nothing, or makes no description.
    pub fn apply(&self) -> Result<Description, Problem> {
        let mut forms = read(crate::REPLICATION)?;
        for change in &self.changes {
            apply(&mut forms, change).ok_or_else(|| {
                let expected = "expected one of something that is there";
                Problem::new(change.at, format_args!("change: {}; {expected}", change.in_words()))
            })?;
        }
        describe(&forms)
    }
}

/// Makes one change; nothing if there is nothing to be changed so.
fn apply(forms: &mut Vec<Node>, change: &Node) -> Option<()> {
    match change.items()? {
        [head, action, guard] if head.word() == Some("without") => {
            let (parts, at) = find_guard(forms, action.word()?, guard.word()?)?;
            parts.remove(at);
        }
        [head, action, guard, formula] if head.word() == Some("weaker") => {
            let (parts, at) = find_guard(forms, action.word()?, guard.word()?)?;
            let Kind::List(items) = &mut parts.get_mut(at)?.kind else { return None };
            items.pop()?;
            items.push(formula.clone());
        }
        [head, form] if head.word() == Some("instead") => {
            let is_same = |other: &Node| other.head() == form.head() && name(other) == name(form);
            let place = forms.iter_mut().find(|other| is_same(other))?;
            *place = form.clone();
        }
        [head, form] if head.word() == Some("also") => {
            let last = forms.iter().rposition(|form| form.head() == Some("action"))?;
            forms.insert(last + 1, form.clone());
        }
        [head, axiom] if head.word() == Some("no-axiom") => {
            let is_it = |form: &Node| form.head() == Some("axiom") && name(form) == axiom.word();
            let at = forms.iter().position(is_it)?;
            forms.remove(at);
        }
        _ => return None,
    }
    Some(())
}

/// The name that a form declares.
fn name(form: &Node) -> Option<&str> {
    form.items()?.get(1)?.word()
}

/// The parts of an action, and where in them a guard is.
fn find_guard<'a>(
    forms: &'a mut [Node],
    action: &str,
    guard: &str,
) -> Option<(&'a mut Vec<Node>, usize)> {
    let is_it = |form: &&mut Node| form.head() == Some("action") && name(form) == Some(action);
    let Kind::List(parts) = &mut forms.iter_mut().find(is_it)?.kind else { return None };
    let is_guard = |part: &Node| part.head() == Some("guard") && name(part) == Some(guard);
    let at = parts.iter().position(is_guard)?;
    Some((parts, at))
}
