//! Reading formulas: names are resolved and sorts checked on the way.

use crate::ast::{Description, Expression, Sort, Variable, When};
use crate::reader::{Kind, Node, Position, Problem};

/// Which symbols may be primed in a formula.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Primes<'a> {
    /// None: the formula speaks of one state.
    None,
    /// Those that the action modifies.
    Of(&'a [String]),
    /// Any state symbol.
    Any,
}

/// What a formula is read in.
pub(crate) struct Scope<'a> {
    /// Everything that is declared before it.
    pub(crate) description: &'a Description,
    /// The parameters, and the variables of the quantifiers around.
    pub(crate) variables: Vec<Variable>,
    /// Which symbols may be primed.
    pub(crate) primes: Primes<'a>,
}

/// The words of the language itself, which nothing may be called.
pub(crate) const RESERVED: [&str; 11] =
    ["and", "or", "not", "=>", "=", "ite", "forall", "exists", "true", "false", "Bool"];

fn problem<T>(at: Position, message: impl std::fmt::Display) -> Result<T, Problem> {
    Err(Problem::new(at, message))
}

/// A sort's name in a message.
pub(crate) fn sort_in_words(sort: &Sort) -> &str {
    match sort {
        Sort::Bool => "Bool",
        Sort::Named(name) => name,
    }
}

/// Reads a sort.
pub(crate) fn sort(description: &Description, node: &Node) -> Result<Sort, Problem> {
    match node.word() {
        Some("Bool") => Ok(Sort::Bool),
        Some(name) if description.sorts.iter().any(|sort| sort.name == name) => {
            Ok(Sort::Named(name.to_owned()))
        }
        _ => problem(node.at, format_args!("sort: {}; expected a declared sort", node.in_words())),
    }
}

/// Reads the name of something new.
pub(crate) fn new_name(node: &Node) -> Result<String, Problem> {
    let is_letter = |c: char| c.is_ascii_lowercase();
    let name = node.word().filter(|name| {
        name.starts_with(is_letter)
            && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '_')
            && !RESERVED.contains(name)
    });
    name.map(str::to_owned).ok_or_else(|| {
        let found = node.in_words();
        Problem::new(node.at, format_args!("name: {found}; expected a word like one_vote"))
    })
}

/// Reads variables: `((n node) (t term))`.
pub(crate) fn variables(scope: &Scope<'_>, node: &Node) -> Result<Vec<Variable>, Problem> {
    let Some(items) = node.items() else {
        let found = node.in_words();
        return problem(node.at, format_args!("variables: {found}; expected ((NAME SORT) ...)"));
    };
    let mut found: Vec<Variable> = Vec::new();
    for item in items {
        let Some([name_at, sort_at]) = item.items() else {
            let found = item.in_words();
            return problem(item.at, format_args!("variable: {found}; expected (NAME SORT)"));
        };
        let name = new_name(name_at)?;
        let description = scope.description;
        let is_taken = scope.variables.iter().chain(&found).any(|known| known.name == name)
            || description.symbol(&name).is_some()
            || description.definition(&name).is_some();
        if is_taken {
            let message =
                format_args!("variable: {name:?}; expected a name that means nothing yet");
            return problem(name_at.at, message);
        }
        found.push(Variable { name, sort: sort(description, sort_at)? });
    }
    Ok(found)
}

impl Scope<'_> {
    /// Reads a formula.
    pub(crate) fn formula(&mut self, node: &Node) -> Result<Expression, Problem> {
        self.of_sort(node, &Sort::Bool)
    }

    /// Reads a term that must be of this sort.
    fn of_sort(&mut self, node: &Node, expected: &Sort) -> Result<Expression, Problem> {
        let (term, sort) = self.term(node)?;
        if sort == *expected {
            return Ok(term);
        }
        let (found, expected) = (sort_in_words(&sort), sort_in_words(expected));
        let what = node.in_words();
        problem(node.at, format_args!("term: {what} is of sort {found}; expected sort {expected}"))
    }

    /// Reads any term, and finds its sort.
    fn term(&mut self, node: &Node) -> Result<(Expression, Sort), Problem> {
        match &node.kind {
            Kind::Word(word) if word == "true" || word == "false" => {
                Ok((Expression::Constant(word == "true"), Sort::Bool))
            }
            Kind::Word(word) => match self.variables.iter().find(|known| known.name == *word) {
                Some(known) => Ok((Expression::Variable(known.name.clone()), known.sort.clone())),
                None => self.applied(node, word, &[]),
            },
            Kind::Text(_) => problem(node.at, "term: a text; expected a formula or a term"),
            Kind::List(items) => match items.split_first() {
                Some((head, arguments)) => match head.word() {
                    Some(word) if RESERVED.contains(&word) => {
                        let formula = self.connective(node, word, arguments)?;
                        Ok(formula)
                    }
                    Some(word) => self.applied(head, word, arguments),
                    None => {
                        let found = head.in_words();
                        problem(head.at, format_args!("term: {found}; expected a symbol's name"))
                    }
                },
                None => problem(node.at, "term: an empty list; expected a formula or a term"),
            },
        }
    }

    fn connective(
        &mut self,
        node: &Node,
        word: &str,
        arguments: &[Node],
    ) -> Result<(Expression, Sort), Problem> {
        let formula = match (word, arguments) {
            ("and" | "or", arguments) => {
                let read = arguments.iter().map(|argument| self.formula(argument));
                let parts = read.collect::<Result<Vec<_>, _>>()?;
                if word == "and" { Expression::And(parts) } else { Expression::Or(parts) }
            }
            ("not", [a]) => Expression::Not(Box::new(self.formula(a)?)),
            ("=>", [a, b]) => {
                Expression::Implies(Box::new(self.formula(a)?), Box::new(self.formula(b)?))
            }
            ("=", [a, b]) => {
                let (left, sort) = self.term(a)?;
                Expression::Equal(Box::new(left), Box::new(self.of_sort(b, &sort)?))
            }
            ("ite", [condition, yes, no]) => {
                let condition = Box::new(self.formula(condition)?);
                let (yes, sort) = self.term(yes)?;
                let no = Box::new(self.of_sort(no, &sort)?);
                return Ok((Expression::IfThenElse(condition, Box::new(yes), no), sort));
            }
            ("forall" | "exists", [bound, body]) => {
                let bound = variables(self, bound)?;
                let outside = self.variables.len();
                self.variables.extend(bound.iter().cloned());
                let body = self.formula(body);
                self.variables.truncate(outside);
                let body = Box::new(body?);
                if word == "forall" {
                    Expression::Forall(bound, body)
                } else {
                    Expression::Exists(bound, body)
                }
            }
            _ => {
                let expected = match word {
                    "not" => "(not FORMULA)",
                    "=>" => "(=> FORMULA FORMULA)",
                    "=" => "(= TERM TERM)",
                    "ite" => "(ite FORMULA TERM TERM)",
                    "forall" | "exists" => "(forall ((NAME SORT) ...) FORMULA)",
                    _ => "a formula or a term",
                };
                let count = arguments.len();
                let message = format_args!("{word}: {count} arguments; expected {expected}");
                return problem(node.at, message);
            }
        };
        Ok((formula, Sort::Bool))
    }

    /// A symbol or a definition, with its arguments.
    fn applied(
        &mut self,
        head: &Node,
        word: &str,
        arguments: &[Node],
    ) -> Result<(Expression, Sort), Problem> {
        let (name, when) = match word.strip_suffix('\'') {
            Some(name) => (name, When::After),
            None => (word, When::Now),
        };
        let description = self.description;
        if let Some(symbol) = description.symbol(name) {
            if when == When::After {
                self.may_be_primed(head, name, symbol.is_state)?;
            }
            let arguments = self.arguments(head, word, arguments, &symbol.arguments)?;
            let symbol_name = symbol.name.clone();
            let term = Expression::Apply { symbol: symbol_name, when, arguments };
            return Ok((term, symbol.result.clone()));
        }
        if let Some(definition) = description.definition(name).filter(|_| when == When::Now) {
            for modified in &definition.modifies {
                self.may_be_primed(head, modified, true)?;
            }
            let sorts: Vec<Sort> =
                definition.parameters.iter().map(|parameter| parameter.sort.clone()).collect();
            let arguments = self.arguments(head, word, arguments, &sorts)?;
            let definition = definition.name.clone();
            return Ok((Expression::Call { definition, when, arguments }, Sort::Bool));
        }
        let expected = "expected a variable, a symbol or a definition that is known here";
        problem(head.at, format_args!("term: {word:?}; {expected}"))
    }

    fn may_be_primed(&self, head: &Node, name: &str, is_state: bool) -> Result<(), Problem> {
        if !is_state {
            let message = format_args!("term: {name}' is static; expected {name} without a prime");
            return problem(head.at, message);
        }
        match self.primes {
            Primes::Any => Ok(()),
            Primes::Of(modified) if modified.iter().any(|known| known == name) => Ok(()),
            Primes::Of(_) => {
                let message = format_args!(
                    "term: {name}' of what is not modified; expected {name} under modifies"
                );
                problem(head.at, message)
            }
            Primes::None => {
                let message =
                    format_args!("term: {name}' where there is one state; expected {name}");
                problem(head.at, message)
            }
        }
    }

    fn arguments(
        &mut self,
        head: &Node,
        word: &str,
        arguments: &[Node],
        sorts: &[Sort],
    ) -> Result<Vec<Expression>, Problem> {
        if arguments.len() != sorts.len() {
            let (found, expected) = (arguments.len(), sorts.len());
            let message = format_args!("{word}: {found} arguments; expected {expected}");
            return problem(head.at, message);
        }
        arguments.iter().zip(sorts).map(|(argument, sort)| self.of_sort(argument, sort)).collect()
    }
}
