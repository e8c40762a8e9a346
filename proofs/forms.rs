//! Reading a description: a list of forms, each of which may use what stands before it.
//!
//! | form | declares |
//! |---|---|
//! | `(sort NAME "READING")` | a sort |
//! | `(static NAME (SORT ...) SORT "READING")` | a symbol that is the same in all states |
//! | `(state NAME (SORT ...) SORT "READING")` | a symbol that actions can change |
//! | `(axiom NAME "READING" FORMULA)` | what is assumed of static symbols |
//! | `(define NAME ((VARIABLE SORT) ...) "READING" FORMULA)` | a name for a formula of one state |
//! | `(update NAME ((VARIABLE SORT) ...) "READING" FORMULA)` | a name for a formula of two |
//! | `(init NAME FORMULA)` | what is true before anything has happened |
//! | `(action NAME ((VARIABLE SORT) ...) "READING" (modifies NAME ...) (guard NAME FORMULA) ... (update FORMULA) ...)` | an action |
//! | `(group NAME "READING")` | the group of the claims that follow |
//! | `(invariant NAME "READING" "REASON" FORMULA)` | a part of the inductive invariant |
//! | `(property NAME "READING" "REASON" FORMULA)` | a property, which follows from the invariant |
//! | `(inductive-property NAME "READING" "REASON" FORMULA)` | a property that is a part of the invariant |

use crate::ast::{
    Action, Claim, Definition, Description, Expression, Group, Named, SortName, Symbol, When,
};
use crate::reader::{Node, Position, Problem, read};
use crate::terms::{Primes, Scope, new_name, sort, variables};

/// The names of the forms.
pub(crate) const FORMS: [&str; 12] = [
    "sort",
    "static",
    "state",
    "axiom",
    "define",
    "update",
    "init",
    "action",
    "group",
    "invariant",
    "property",
    "inductive-property",
];

/// Reads a description and checks it.
///
/// # Errors
/// The first thing that is wrong, and where: no lists, an unknown form or name, sorts that do not fit, a prime
/// where there is one state, an action that does not say what becomes of something it modifies, or a description
/// in which there is nothing to prove.
pub fn parse(text: &str) -> Result<Description, Problem> {
    describe(&read(text)?)
}

/// Checks a description that has been read as lists.
///
/// # Errors
/// As [`parse`].
pub fn describe(forms: &[Node]) -> Result<Description, Problem> {
    let mut description = Description {
        sorts: Vec::new(),
        symbols: Vec::new(),
        axioms: Vec::new(),
        definitions: Vec::new(),
        initial: Vec::new(),
        actions: Vec::new(),
        groups: Vec::new(),
        claims: Vec::new(),
    };
    for form in forms {
        add(&mut description, form)?;
    }
    let missing = [
        ("init", description.initial.is_empty()),
        ("action", description.actions.is_empty()),
        ("property", description.properties().next().is_none()),
    ];
    match missing.into_iter().find(|(_, is_missing)| *is_missing) {
        Some((what, _)) => {
            let at = Position { line: 1, column: 1 };
            Err(Problem::new(at, format_args!("description: no {what}; expected at least one")))
        }
        None => Ok(description),
    }
}

/// The shapes of the forms, for messages.
fn shape(form: &str) -> &'static str {
    match form {
        "sort" | "group" => "(NAME \"READING\")",
        "static" | "state" => "(NAME (SORT ...) SORT \"READING\")",
        "axiom" => "(NAME \"READING\" FORMULA)",
        "init" => "(NAME FORMULA)",
        "define" | "update" => "(NAME ((VARIABLE SORT) ...) \"READING\" FORMULA)",
        "action" => {
            "(NAME ((VARIABLE SORT) ...) \"READING\" (modifies NAME ...) (guard NAME FORMULA) ... (update FORMULA) ...)"
        }
        _ => "(NAME \"READING\" \"REASON\" FORMULA)",
    }
}

fn wrong_shape(node: &Node, form: &str) -> Problem {
    let shape = shape(form).trim_start_matches('(');
    Problem::new(node.at, format_args!("{form}: not of its shape; expected ({form} {shape}"))
}

fn reading(node: &Node) -> Result<String, Problem> {
    match node.text() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => {
            let found = node.in_words();
            Err(Problem::new(
                node.at,
                format_args!("reading: {found}; expected a sentence in quotes"),
            ))
        }
    }
}

/// A name that nothing of its kind has yet.
fn unused<'a>(node: &Node, mut taken: impl Iterator<Item = &'a str>) -> Result<String, Problem> {
    let name = new_name(node)?;
    if taken.any(|other| other == name) {
        let message = format_args!("name: {name:?} is taken; expected another");
        return Err(Problem::new(node.at, message));
    }
    Ok(name)
}

/// A name for a symbol or a definition, which share their names.
fn vocabulary(description: &Description, node: &Node) -> Result<String, Problem> {
    let symbols = description.symbols.iter().map(|symbol| symbol.name.as_str());
    let definitions = description.definitions.iter().map(|definition| definition.name.as_str());
    unused(node, symbols.chain(definitions))
}

fn unknown_form(form: &Node, known: &str) -> Problem {
    let found = form.head().unwrap_or_default();
    Problem::new(form.at, format_args!("form: {found:?}; expected one of {known}"))
}

fn add(description: &mut Description, form: &Node) -> Result<(), Problem> {
    let Some((head, rest)) = form.head().zip(form.items().map(|items| &items[1..])) else {
        let found = form.in_words();
        let message = format_args!("form: {found}; expected a list like (sort ...)");
        return Err(Problem::new(form.at, message));
    };
    match (head, rest) {
        ("sort", [name, text]) => {
            let sorts = description.sorts.iter().map(|sort| sort.name.as_str());
            let name = unused(name, sorts)?;
            description.sorts.push(SortName { name, reading: reading(text)? });
        }
        ("static" | "state", [name, arguments, result, text]) => {
            let name = vocabulary(description, name)?;
            let items = arguments.items().ok_or_else(|| wrong_shape(form, head))?;
            let sorts = items.iter().map(|item| sort(description, item));
            let arguments = sorts.collect::<Result<_, _>>()?;
            let result = sort(description, result)?;
            let (is_state, reading) = (head == "state", reading(text)?);
            description.symbols.push(Symbol { name, arguments, result, is_state, reading });
        }
        ("axiom", [name, text, formula]) => {
            let name = unused(name, names(&description.axioms))?;
            reading(text)?;
            let assumed = one_state(description, formula)?;
            if description.mentions(&assumed, &state_symbols(description)) {
                let message =
                    format_args!("axiom: {name} is about the state; expected static symbols alone");
                return Err(Problem::new(formula.at, message));
            }
            description.axioms.push(Named { name, formula: assumed });
        }
        ("define" | "update", [name, parameters, text, formula]) => {
            let name = vocabulary(description, name)?;
            let reading = reading(text)?;
            let head = (head, name, reading);
            let definition = definition(description, head, (parameters, formula))?;
            description.definitions.push(definition);
        }
        ("init", [name, formula]) => {
            let name = unused(name, names(&description.initial))?;
            let formula = one_state(description, formula)?;
            description.initial.push(Named { name, formula });
        }
        ("action", [name, parameters, text, modifies, parts @ ..]) => {
            let actions = description.actions.iter().map(|action| action.name.as_str());
            let name = unused(name, actions)?;
            let reading = reading(text)?;
            let head = (name, reading);
            let action = action(description, form, head, (parameters, modifies, parts))?;
            description.actions.push(action);
        }
        ("group", [name, text]) => {
            let groups = description.groups.iter().map(|group| group.name.as_str());
            let name = unused(name, groups)?;
            description.groups.push(Group { name, reading: reading(text)? });
        }
        ("invariant" | "property" | "inductive-property", [name, text, reason, formula]) => {
            let head = (form, head, name);
            let claim = claim(description, head, (text, reason, formula))?;
            description.claims.push(claim);
        }
        _ if FORMS.contains(&head) => return Err(wrong_shape(form, head)),
        _ => {
            return Err(unknown_form(form, &FORMS.join(", ")));
        }
    }
    Ok(())
}

fn names(named: &[Named]) -> impl Iterator<Item = &str> {
    named.iter().map(|named| named.name.as_str())
}

fn state_symbols(description: &Description) -> Vec<String> {
    let state = description.symbols.iter().filter(|symbol| symbol.is_state);
    state.map(|symbol| symbol.name.clone()).collect()
}

/// A formula of one state, in which nothing is a variable yet.
fn one_state(description: &Description, formula: &Node) -> Result<Expression, Problem> {
    Scope { description, variables: Vec::new(), primes: Primes::None }.formula(formula)
}

/// The symbols that a formula primes, itself or through definitions, in the order of their declaration.
fn primed(description: &Description, formula: &Expression) -> Vec<String> {
    let mut found = Vec::new();
    formula.visit(&mut |part| match part {
        Expression::Apply { symbol, when: When::After, .. } => found.push(symbol.clone()),
        Expression::Call { definition, .. } => {
            let definition = description.definition(definition);
            found.extend(definition.into_iter().flat_map(|known| known.modifies.clone()));
        }
        _ => {}
    });
    state_symbols(description).into_iter().filter(|name| found.contains(name)).collect()
}

/// Reads a definition, from its parameters on.
fn definition(
    description: &Description,
    (head, name, reading): (&str, String, String),
    (parameters, formula): (&Node, &Node),
) -> Result<Definition, Problem> {
    let primes = if head == "define" { Primes::None } else { Primes::Any };
    let mut scope = Scope { description, variables: Vec::new(), primes };
    scope.variables = variables(&scope, parameters)?;
    let body = scope.formula(formula)?;
    let modifies = primed(description, &body);
    Ok(Definition { name, parameters: scope.variables, reading, modifies, body })
}

/// Reads a claim.
fn claim(
    description: &Description,
    (form, head, name): (&Node, &str, &Node),
    (text, reason, formula): (&Node, &Node, &Node),
) -> Result<Claim, Problem> {
    let name = unused(name, description.claims.iter().map(|claim| claim.name.as_str()))?;
    let Some(group) = description.groups.last() else {
        let message =
            format_args!("{head}: {name} is in no group; expected a (group ...) before it");
        return Err(Problem::new(form.at, message));
    };
    Ok(Claim {
        name,
        group: group.name.clone(),
        reading: reading(text)?,
        reason: reading(reason)?,
        is_inductive: head != "property",
        is_property: head != "invariant",
        formula: one_state(description, formula)?,
    })
}

/// Reads an action, from its parameters on.
fn action(
    description: &Description,
    form: &Node,
    (name, reading): (String, String),
    (parameters, modifies, parts): (&Node, &Node, &[Node]),
) -> Result<Action, Problem> {
    let mut scope = Scope { description, variables: Vec::new(), primes: Primes::None };
    let parameters = variables(&scope, parameters)?;
    scope.variables.clone_from(&parameters);
    let modifies = modified(description, modifies)?;
    let (mut guards, mut updates) = (Vec::new(), Vec::new());
    for part in parts {
        match part.items() {
            Some([head, name, formula]) if head.word() == Some("guard") => {
                let name = unused(name, names(&guards))?;
                scope.primes = Primes::None;
                guards.push(Named { name, formula: scope.formula(formula)? });
            }
            Some([head, formula]) if head.word() == Some("update") => {
                scope.primes = Primes::Of(&modifies);
                updates.push(scope.formula(formula)?);
            }
            _ => {
                let found = part.in_words();
                let expected = "expected (guard NAME FORMULA) or (update FORMULA)";
                return Err(Problem::new(part.at, format_args!("action: {found}; {expected}")));
            }
        }
    }
    // What an action modifies and then says nothing of could become anything.
    let said: Vec<String> =
        updates.iter().flat_map(|update: &Expression| primed(description, update)).collect();
    if let Some(silent) = modifies.iter().find(|name| !said.contains(name)) {
        let message =
            format_args!("action: {name} modifies {silent}; expected an update that says how");
        return Err(Problem::new(form.at, message));
    }
    Ok(Action { name, parameters, reading, modifies, guards, updates })
}

/// Reads `(modifies NAME ...)`.
fn modified(description: &Description, node: &Node) -> Result<Vec<String>, Problem> {
    let Some([head, items @ ..]) = node.items().filter(|_| node.head() == Some("modifies")) else {
        let found = node.in_words();
        return Err(Problem::new(
            node.at,
            format_args!("action: {found}; expected (modifies NAME ...)"),
        ));
    };
    debug_assert_eq!(head.word(), Some("modifies"));
    let mut found: Vec<String> = Vec::new();
    for item in items {
        let name = unused(item, found.iter().map(String::as_str))?;
        if !description.symbol(&name).is_some_and(|symbol| symbol.is_state) {
            let message = format_args!("modifies: {name:?}; expected a state symbol");
            return Err(Problem::new(item.at, message));
        }
        found.push(name);
    }
    Ok(found)
}
