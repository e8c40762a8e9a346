//! Whether a query is decidable.
//!
//! Solvers need not answer questions with quantifiers. They do when there are, from any finite number of elements, only
//! finitely many to be made: whatever a function or an existential quantifier under universal ones makes of elements of
//! some sorts must be of a sort that leads back to none of them. Then there is a counterexample only if there is a
//! finite one, and looking at all instances ends [PadonEtAl17]. So the sorts are put in a graph, with an edge from
//! the sort of each argument to the sort of what is made of it; a query is decidable if there is no cycle.
//!
//! An existential quantifier depends on those universal variables alone that occur free in what it binds. Both kinds
//! swap under a negation, and a formula that is compared with another occurs both ways.
//!
//! [PadonEtAl17]: <https://doi.org/10.1145/3140568>

use crate::ast::{Description, Expression, Sort, Variable};
use std::collections::{BTreeMap, BTreeSet};

/// A formula that a query asserts, and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assertion {
    /// Where it comes from.
    pub origin: String,
    /// The formula; variables that nothing binds are constants.
    pub formula: Expression,
}

/// Why one sort must come before another.
type Edges = BTreeMap<(Sort, Sort), String>;

/// The sorts of which the value of each variable in scope is made: for a universal one its own.
type Scope = BTreeMap<String, BTreeSet<Sort>>;

/// Puts the sorts of a query in an order in which everything is made of earlier ones.
///
/// # Errors
/// A cycle, in words: the query may not be decidable.
pub fn stratify(description: &Description, assertions: &[Assertion]) -> Result<Vec<Sort>, String> {
    let mut graph = Graph { description, edges: Edges::new() };
    for symbol in &description.symbols {
        for argument in &symbol.arguments {
            graph.edge(argument, &symbol.result, &symbol.name);
        }
    }
    for axiom in &description.axioms {
        graph.walk(&axiom.formula, true, &Scope::new(), &axiom.name);
    }
    for assertion in assertions {
        graph.walk(&assertion.formula, true, &Scope::new(), &assertion.origin);
    }
    let sorts = description.sorts.iter().map(|sort| Sort::Named(sort.name.clone()));
    in_order(sorts.collect(), &graph.edges)
}

/// Takes again and again the first sort that is made of none of the others.
fn in_order(mut sorts: Vec<Sort>, edges: &Edges) -> Result<Vec<Sort>, String> {
    let mut out = Vec::new();
    while !sorts.is_empty() {
        let depends = |sort: &Sort| {
            sorts.iter().any(|from| edges.contains_key(&(from.clone(), sort.clone())))
        };
        let Some(at) = sorts.iter().position(|sort| !depends(sort)) else {
            let is_left = |edge: &(Sort, Sort)| sorts.contains(&edge.0) && sorts.contains(&edge.1);
            // What leads nowhere is in no circle.
            if let Some(at) = sorts
                .iter()
                .position(|sort| !edges.keys().any(|edge| edge.0 == *sort && is_left(edge)))
            {
                sorts.remove(at);
                continue;
            }
            let why = edges.iter().filter(|(edge, _)| is_left(edge)).map(|((from, to), origin)| {
                let (from, to) = (crate::smt::sort(from), crate::smt::sort(to));
                format!("{origin} makes a {to} of each {from}")
            });
            return Err(why.collect::<Vec<_>>().join(", "));
        };
        out.push(sorts.remove(at));
    }
    Ok(out)
}

struct Graph<'a> {
    description: &'a Description,
    edges: Edges,
}

impl Graph<'_> {
    fn edge(&mut self, from: &Sort, to: &Sort, origin: &str) {
        if *from != Sort::Bool && *to != Sort::Bool {
            let edge = (from.clone(), to.clone());
            self.edges.entry(edge).or_insert_with(|| origin.to_owned());
        }
    }

    /// Adds what a formula makes of what, when it is asserted or, if not `holds`, denied.
    fn walk(&mut self, formula: &Expression, holds: bool, scope: &Scope, origin: &str) {
        match formula {
            Expression::Constant(_) | Expression::Variable(_) => {}
            Expression::Not(part) => self.walk(part, !holds, scope, origin),
            Expression::And(parts) | Expression::Or(parts) => {
                parts.iter().for_each(|part| self.walk(part, holds, scope, origin));
            }
            Expression::Implies(a, b) => {
                self.walk(a, !holds, scope, origin);
                self.walk(b, holds, scope, origin);
            }
            Expression::Equal(a, b) => {
                self.both_ways(a, scope, origin);
                self.both_ways(b, scope, origin);
            }
            Expression::IfThenElse(condition, yes, no) => {
                self.both_ways(condition, scope, origin);
                self.walk(yes, holds, scope, origin);
                self.walk(no, holds, scope, origin);
            }
            Expression::Apply { arguments, .. } => {
                arguments.iter().for_each(|argument| self.both_ways(argument, scope, origin));
            }
            Expression::Call { definition, arguments, .. } => {
                arguments.iter().for_each(|argument| self.both_ways(argument, scope, origin));
                let Some(known) = self.description.definition(definition) else { return };
                let parameters = known.parameters.iter().zip(arguments);
                let inside = parameters.map(|(parameter, argument)| {
                    (parameter.name.clone(), made_of(argument, scope))
                });
                self.walk(&known.body, holds, &inside.collect(), origin);
            }
            Expression::Forall(variables, body) => {
                self.quantified(variables, body, (holds, holds), scope, origin);
            }
            Expression::Exists(variables, body) => {
                self.quantified(variables, body, (!holds, holds), scope, origin);
            }
        }
    }

    fn both_ways(&mut self, formula: &Expression, scope: &Scope, origin: &str) {
        self.walk(formula, true, scope, origin);
        self.walk(formula, false, scope, origin);
    }

    fn quantified(
        &mut self,
        variables: &[Variable],
        body: &Expression,
        (is_universal, holds): (bool, bool),
        scope: &Scope,
        origin: &str,
    ) {
        let mut inside = scope.clone();
        let outside = made_of(body, scope);
        for variable in variables {
            let sorts = if is_universal {
                BTreeSet::from([variable.sort.clone()])
            } else {
                outside.iter().for_each(|from| self.edge(from, &variable.sort, origin));
                outside.clone()
            };
            inside.insert(variable.name.clone(), sorts);
        }
        self.walk(body, holds, &inside, origin);
    }
}

/// The sorts of the universal variables of the scope that a formula depends on.
fn made_of(formula: &Expression, scope: &Scope) -> BTreeSet<Sort> {
    let mut found = BTreeSet::new();
    formula.visit(&mut |part| {
        if let Expression::Variable(name) = part {
            found.extend(scope.get(name).into_iter().flatten().cloned());
        }
    });
    found
}
