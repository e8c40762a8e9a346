//! What is asked of a solver.
//!
//! A claim is true in every reachable state if it is true at the start and every action keeps it. Each query is one
//! small part of that, and asks for a state, or a step, that contradicts it; the answer must be that there is none:
//!
//! | query | asks for | must be |
//! |---|---|---|
//! | `init.INVARIANT` | a start in which the invariant does not hold | impossible |
//! | `ACTION.INVARIANT` | a state with all invariants, and the action there, after which this one does not hold | impossible |
//! | `property.PROPERTY` | a state with all invariants in which the property does not hold | impossible |
//! | `happens.ACTION` | a state with all invariants, and the action there, that changes it | possible |
//!
//! An invariant that speaks of nothing that an action modifies is kept by it without being asked.

use crate::ast::{Action, Claim, Description, Expression, Variable};
use crate::smt;
use crate::stratification::Assertion;

/// A question, and what its answer must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query {
    /// Its name.
    pub name: String,
    /// What it asks about.
    pub about: About,
    /// The whole question in SMT-LIB, up to `(check-sat)`.
    pub text: String,
    /// What is asserted beside the axioms, for the check that the question is decidable.
    pub assertions: Vec<Assertion>,
}

/// What a query asks about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum About {
    /// Whether an invariant is true at the start.
    Start {
        /// The invariant.
        claim: String,
    },
    /// Whether an action keeps an invariant.
    Step {
        /// The action.
        action: String,
        /// The invariant.
        claim: String,
    },
    /// Whether a property follows from the invariants.
    Property {
        /// The property.
        claim: String,
    },
    /// Whether an action can happen at all.
    Happens {
        /// The action.
        action: String,
    },
    /// Whether an axiom is true of what it is meant for.
    Axiom {
        /// The axiom.
        axiom: String,
        /// Whether it needs the theory of finite sets, which of the two solvers cvc5 alone has.
        needs_sets: bool,
    },
}

impl Query {
    /// Whether there must be such a state, rather than none.
    pub fn must_be_possible(&self) -> bool {
        matches!(self.about, About::Happens { .. })
    }

    /// Whether it needs the theory of finite sets, which of the two solvers cvc5 alone has.
    pub fn needs_sets(&self) -> bool {
        matches!(self.about, About::Axiom { needs_sets: true, .. })
    }

    /// The claim that it is about, if it is about one.
    pub fn claim(&self) -> Option<&str> {
        match &self.about {
            About::Start { claim } | About::Step { claim, .. } | About::Property { claim } => {
                Some(claim)
            }
            About::Happens { .. } | About::Axiom { .. } => None,
        }
    }

    /// Whether it is meant by this word: its whole name, or an action, claim or kind in it.
    pub fn is_meant_by(&self, word: &str) -> bool {
        self.name == word || self.name.split('.').any(|part| part == word)
    }
}

/// The constants of a goal are its variables with this before them.
pub(crate) const GOAL: &str = "goal.";

/// All queries of a description, in the order of its claims: those of the start, of each action, of the properties,
/// and of what can happen. The axioms are in [`crate::axioms`].
pub fn queries(description: &Description) -> Vec<Query> {
    let mut out = Vec::new();
    for claim in description.invariants() {
        out.push(start(description, claim));
    }
    for action in &description.actions {
        let touched = |claim: &&Claim| description.mentions(&claim.formula, &action.modifies);
        out.extend(
            description.invariants().filter(touched).map(|claim| step(description, action, claim)),
        );
    }
    for claim in description.properties().filter(|claim| !claim.is_inductive) {
        out.push(property(description, claim));
    }
    out.extend(description.actions.iter().map(|action| happens(description, action)));
    out
}

/// How many pairs of an action and an invariant need no query, for the one does not modify what the other is about.
pub fn untouched(description: &Description) -> usize {
    let pairs = description
        .actions
        .iter()
        .flat_map(|action| description.invariants().map(move |claim| (action, claim)));
    pairs.filter(|(action, claim)| !description.mentions(&claim.formula, &action.modifies)).count()
}

/// A query while it is put together.
struct Draft<'a> {
    description: &'a Description,
    text: String,
    assertions: Vec<Assertion>,
}

impl<'a> Draft<'a> {
    fn new(description: &'a Description, title: &str) -> Draft<'a> {
        let text = format!("; {title}\n(set-logic ALL)\n{}", smt::vocabulary(description));
        Draft { description, text, assertions: Vec::new() }
    }

    fn constants(&mut self, variables: &[Variable]) {
        for variable in variables {
            self.text.push_str(&smt::constant(&variable.name, &variable.sort));
        }
    }

    fn assert(&mut self, origin: &str, formula: Expression) {
        self.text.push_str(&format!("; {origin}\n{}", smt::assertion(self.description, &formula)));
        self.assertions.push(Assertion { origin: origin.to_owned(), formula });
    }

    fn invariants(&mut self) {
        for claim in self.description.invariants() {
            self.assert(&format!("invariant {}", claim.name), claim.formula.clone());
        }
    }

    fn action(&mut self, action: &Action) {
        self.constants(&action.parameters);
        for guard in &action.guards {
            self.assert(&format!("guard {}", guard.name), guard.formula.clone());
        }
        for update in &action.updates {
            self.assert(&format!("update of {}", action.name), update.clone());
        }
        for kept in smt::frame(self.description, &action.modifies) {
            self.assert("what stays as it is", kept);
        }
    }

    /// Asserts that a formula does not hold, with constants for what it says of all elements: they are named in the
    /// answer.
    fn deny(&mut self, origin: &str, formula: &Expression) {
        let formula = match formula {
            Expression::Forall(variables, body) => {
                let constants: Vec<Variable> = variables
                    .iter()
                    .map(|known| Variable {
                        name: format!("{GOAL}{}", known.name),
                        sort: known.sort.clone(),
                    })
                    .collect();
                self.constants(&constants);
                with_goal_constants(body, variables)
            }
            other => other.clone(),
        };
        self.assert(origin, Expression::Not(Box::new(formula)));
    }

    fn finish(mut self, name: String, about: About) -> Query {
        self.text.push_str("(check-sat)\n");
        Query { name, about, text: self.text, assertions: self.assertions }
    }
}

/// Replaces these variables by the constants of the goal. No variable hides another, so none is captured.
fn with_goal_constants(formula: &Expression, variables: &[Variable]) -> Expression {
    formula.rebuild(&mut |part| match part {
        Expression::Variable(name) if variables.iter().any(|known| known.name == name) => {
            Expression::Variable(format!("{GOAL}{name}"))
        }
        other => other,
    })
}

fn start(description: &Description, claim: &Claim) -> Query {
    let name = format!("init.{}", claim.name);
    let title = format!("{name}: is there a start in which this does not hold? {}", claim.reading);
    let mut draft = Draft::new(description, &title);
    for initial in &description.initial {
        draft.assert(&format!("init {}", initial.name), initial.formula.clone());
    }
    draft.deny(&format!("not {}", claim.name), &claim.formula);
    draft.finish(name, About::Start { claim: claim.name.clone() })
}

fn step(description: &Description, action: &Action, claim: &Claim) -> Query {
    let name = format!("{}.{}", action.name, claim.name);
    let title =
        format!("{name}: is there a step after which this does not hold? {}", claim.reading);
    let mut draft = Draft::new(description, &title);
    draft.invariants();
    draft.action(action);
    draft.deny(&format!("not {} afterwards", claim.name), &claim.formula.after());
    let (action, claim) = (action.name.clone(), claim.name.clone());
    draft.finish(name, About::Step { action, claim })
}

fn property(description: &Description, claim: &Claim) -> Query {
    let name = format!("property.{}", claim.name);
    let title = format!("{name}: is there a state in which this does not hold? {}", claim.reading);
    let mut draft = Draft::new(description, &title);
    draft.invariants();
    draft.deny(&format!("not {}", claim.name), &claim.formula);
    draft.finish(name, About::Property { claim: claim.name.clone() })
}

fn happens(description: &Description, action: &Action) -> Query {
    let name = format!("happens.{}", action.name);
    let title = format!("{name}: is there a step of this kind that changes something?");
    let mut draft = Draft::new(description, &title);
    draft.invariants();
    draft.action(action);
    let modified =
        description.symbols.iter().filter(|symbol| action.modifies.contains(&symbol.name));
    let changed =
        modified.map(|symbol| Expression::Not(Box::new(smt::unchanged(symbol)))).collect();
    draft.assert("something changes", Expression::Or(changed));
    draft.finish(name, About::Happens { action: action.name.clone() })
}
