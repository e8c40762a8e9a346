//! Printing a description in SMT-LIB, the notation of solvers [BarrettEtAl17].
//!
//! The notation of descriptions is nearly that of solvers already. Sorts become uninterpreted sorts, and every state
//! symbol becomes two: `seen` in the state before an action, `|seen'|` in the state after it. Definitions become
//! functions, those of one state twice. So a query that is kept in a file reads like the description.
//!
//! [BarrettEtAl17]: <https://smt-lib.org>

use crate::ast::{Definition, Description, Expression, Sort, Symbol, Variable, When};

/// Prints a sort.
pub fn sort(sort: &Sort) -> &str {
    match sort {
        Sort::Bool => "Bool",
        Sort::Named(name) => name,
    }
}

fn primed(name: &str, when: When) -> String {
    match when {
        When::Now => name.to_owned(),
        When::After => format!("|{name}'|"),
    }
}

/// Prints variables as a quantifier or a function binds them.
fn bound(variables: &[Variable]) -> String {
    let one = |variable: &Variable| format!("({} {})", variable.name, sort(&variable.sort));
    format!("({})", variables.iter().map(one).collect::<Vec<_>>().join(" "))
}

/// Prints a formula or a term.
pub fn expression(description: &Description, formula: &Expression) -> String {
    let one = |part: &Expression| expression(description, part);
    let list = |head: &str, parts: &[&Expression]| {
        let parts: Vec<String> = parts.iter().map(|part| one(part)).collect();
        format!("({head} {})", parts.join(" "))
    };
    let applied = |name: String, arguments: &[Expression]| {
        if arguments.is_empty() { name } else { list(&name, &arguments.iter().collect::<Vec<_>>()) }
    };
    match formula {
        Expression::Constant(value) => value.to_string(),
        Expression::Variable(name) => name.clone(),
        Expression::Apply { symbol, when, arguments } => {
            let is_state = description.symbol(symbol).is_some_and(|known| known.is_state);
            let when = if is_state { *when } else { When::Now };
            applied(primed(symbol, when), arguments)
        }
        Expression::Call { definition, when, arguments } => {
            applied(primed(definition, *when), arguments)
        }
        Expression::Not(part) => list("not", &[part]),
        Expression::And(parts) if parts.is_empty() => "true".to_owned(),
        Expression::Or(parts) if parts.is_empty() => "false".to_owned(),
        Expression::And(parts) => list("and", &parts.iter().collect::<Vec<_>>()),
        Expression::Or(parts) => list("or", &parts.iter().collect::<Vec<_>>()),
        Expression::Implies(a, b) => list("=>", &[a, b]),
        Expression::Equal(a, b) => list("=", &[a, b]),
        Expression::IfThenElse(condition, yes, no) => list("ite", &[condition, yes, no]),
        Expression::Forall(variables, body) => {
            format!("(forall {} {})", bound(variables), one(body))
        }
        Expression::Exists(variables, body) => {
            format!("(exists {} {})", bound(variables), one(body))
        }
    }
}

/// Prints an assertion.
pub fn assertion(description: &Description, formula: &Expression) -> String {
    format!("(assert {})\n", expression(description, formula))
}

/// Prints the declaration of a constant.
pub fn constant(name: &str, of: &Sort) -> String {
    format!("(declare-fun {name} () {})\n", sort(of))
}

/// Prints the vocabulary: all sorts, symbols and definitions, and the axioms.
pub fn vocabulary(description: &Description) -> String {
    let mut out = String::new();
    for sort in &description.sorts {
        out.push_str(&format!("(declare-sort {} 0)\n", sort.name));
    }
    for symbol in &description.symbols {
        out.push_str(&declaration(symbol, When::Now));
        if symbol.is_state {
            out.push_str(&declaration(symbol, When::After));
        }
    }
    for known in &description.definitions {
        out.push_str(&definition(description, known, When::Now));
        if known.modifies.is_empty() {
            out.push_str(&definition(description, known, When::After));
        }
    }
    for axiom in &description.axioms {
        out.push_str(&format!("; axiom {}\n", axiom.name));
        out.push_str(&assertion(description, &axiom.formula));
    }
    out
}

fn declaration(symbol: &Symbol, when: When) -> String {
    let arguments: Vec<&str> = symbol.arguments.iter().map(sort).collect();
    let (name, arguments) = (primed(&symbol.name, when), arguments.join(" "));
    format!("(declare-fun {name} ({arguments}) {})\n", sort(&symbol.result))
}

fn definition(description: &Description, known: &Definition, when: When) -> String {
    let body = match when {
        When::Now => known.body.clone(),
        When::After => known.body.after(),
    };
    let (name, parameters) = (primed(&known.name, when), bound(&known.parameters));
    format!("(define-fun {name} {parameters} Bool {})\n", expression(description, &body))
}

/// What an action leaves as it is.
pub fn frame(description: &Description, modifies: &[String]) -> Vec<Expression> {
    let state = description.symbols.iter().filter(|symbol| symbol.is_state);
    state.filter(|symbol| !modifies.contains(&symbol.name)).map(unchanged).collect()
}

/// Says of a symbol that it is the same in both states.
pub fn unchanged(symbol: &Symbol) -> Expression {
    let variables: Vec<Variable> = (0..)
        .zip(&symbol.arguments)
        .map(|(at, sort)| Variable { name: format!("x{at}"), sort: sort.clone() })
        .collect();
    let value = |when| {
        let arguments = variables.iter().map(|known| Expression::Variable(known.name.clone()));
        let (symbol, arguments) = (symbol.name.clone(), arguments.collect());
        Box::new(Expression::Apply { symbol, when, arguments })
    };
    let same = Expression::Equal(value(When::After), value(When::Now));
    if variables.is_empty() { same } else { Expression::Forall(variables, Box::new(same)) }
}
