//! The formulas of a description, ready to be evaluated.

use super::code::{Code, Run};
use super::compile::Compiler;
use super::tables::{Element, Shape, Tables, TooLarge, Vocabulary};
use crate::ast::{Action, Description, Named, Variable};
use std::fmt;

/// Evaluates a description on finite structures. It keeps nothing of them: any number of threads can share it.
#[derive(Clone, Debug)]
pub struct Evaluator {
    vocabulary: Vocabulary,
    axioms: Vec<Formula>,
    initial: Vec<Formula>,
    claims: Vec<Formula>,
    actions: Vec<ActionCode>,
    definitions: Vec<Formula>,
}

/// A formula with a name.
#[derive(Clone, Debug)]
struct Formula {
    name: String,
    code: Code,
    /// The outermost variables, in the order of their slots: parameters, or those of "for all".
    variables: Vec<Variable>,
}

/// An action.
#[derive(Clone, Debug)]
struct ActionCode {
    name: String,
    guards: Vec<Formula>,
    updates: Vec<Code>,
    /// The state symbols that it leaves as they are.
    frame: Vec<usize>,
}

/// A step: a state, and the one after it.
#[derive(Clone, Copy, Debug)]
pub struct States<'a> {
    /// What the tables of both look like.
    pub shape: &'a Shape,
    /// The state before.
    pub before: &'a Tables,
    /// The state after.
    pub after: &'a Tables,
}

/// Why a step is no step of an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The guard of this name does not hold.
    Guard(String),
    /// This update, counted from 1, is not what happened.
    Update(usize),
    /// This symbol has changed, and the action does not modify it.
    Frame(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Guard(name) => write!(f, "guard {name} does not hold"),
            Refusal::Update(number) => write!(f, "update {number} is not what happened"),
            Refusal::Frame(symbol) => write!(f, "{symbol} changed, which the action leaves alone"),
        }
    }
}

/// A formula that does not hold in a state: its name, and for which values of its outermost variables, if it is one of
/// all values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exception {
    /// The name of the formula.
    pub name: String,
    /// The variables of the exception: name, number of the sort, and element.
    pub values: Vec<(String, usize, Element)>,
}

impl Evaluator {
    /// Prepares a description.
    ///
    /// # Errors
    /// When a symbol has too many arguments, or a formula too many variables.
    pub fn new(description: &Description) -> Result<Evaluator, TooLarge> {
        let vocabulary = Vocabulary::of(description)?;
        let compiler = Compiler { description, vocabulary: &vocabulary };
        let named = |named: &'_ [Named]| -> Result<Vec<Formula>, TooLarge> {
            named.iter().map(|named| compiler.closed(&named.name, &named.formula)).collect()
        };
        let claims = description.claims.iter();
        let claims = claims.map(|claim| compiler.closed(&claim.name, &claim.formula));
        let claims = claims.collect::<Result<Vec<_>, _>>()?;
        let (axioms, initial) = (named(&description.axioms)?, named(&description.initial)?);
        let actions = description.actions.iter().map(|action| compiler.action(action));
        let actions = actions.collect::<Result<Vec<_>, _>>()?;
        let of_one_state = description.definitions.iter().filter(|known| known.modifies.is_empty());
        let definitions = of_one_state.map(|known| {
            let code = compiler.formula(&known.parameters, &known.body)?;
            Ok(Formula { name: known.name.clone(), code, variables: known.parameters.clone() })
        });
        let definitions = definitions.collect::<Result<Vec<_>, _>>()?;
        Ok(Evaluator { axioms, initial, claims, actions, definitions, vocabulary })
    }

    /// The sorts and symbols.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The number of the action of this name.
    pub fn action(&self, name: &str) -> Option<usize> {
        self.actions.iter().position(|action| action.name == name)
    }

    /// The number of the definition of one state of this name.
    pub fn definition(&self, name: &str) -> Option<usize> {
        self.definitions.iter().position(|definition| definition.name == name)
    }

    /// The name of the definition of this number.
    pub fn definition_name(&self, definition: usize) -> &str {
        &self.definitions[definition].name
    }

    /// The names of the guards of an action, each with whether it holds of these parameters in the state before.
    pub fn guards(
        &self,
        action: usize,
        parameters: &[Element],
        states: States<'_>,
    ) -> impl Iterator<Item = (&str, bool)> {
        let mut run = begin(parameters, states);
        let guards = self.actions[action].guards.iter();
        guards.map(move |guard| (guard.name.as_str(), run.holds(&guard.code)))
    }

    /// Whether a step is one of this action with these parameters: every guard holds before it, every update says what
    /// happened, and what the action does not modify stays as it is.
    ///
    /// # Errors
    /// The first of these that is not so.
    pub fn step(
        &self,
        action: usize,
        parameters: &[Element],
        states: States<'_>,
    ) -> Result<(), Refusal> {
        let mut run = begin(parameters, states);
        let action = &self.actions[action];
        for guard in &action.guards {
            if !run.holds(&guard.code) {
                return Err(Refusal::Guard(guard.name.clone()));
            }
        }
        for (number, update) in (1..).zip(&action.updates) {
            if !run.holds(update) {
                return Err(Refusal::Update(number));
            }
        }
        let States { shape, before, after } = states;
        let changed = action.frame.iter().find(|symbol| !before.agree(after, shape, **symbol));
        match changed {
            Some(symbol) => Err(Refusal::Frame(self.vocabulary.symbols[*symbol].name.clone())),
            None => Ok(()),
        }
    }

    /// Whether the definition of this number holds of these parameters in a state.
    pub fn holds(
        &self,
        definition: usize,
        parameters: &[Element],
        shape: &Shape,
        state: &Tables,
    ) -> bool {
        let states = States { shape, before: state, after: state };
        begin(parameters, states).holds(&self.definitions[definition].code)
    }

    /// Whether every axiom holds: whether the static symbols are what a description takes them for.
    ///
    /// # Errors
    /// The first that does not.
    pub fn axioms(&self, shape: &Shape, state: &Tables) -> Result<(), Exception> {
        all_hold(&self.axioms, &self.vocabulary, shape, state)
    }

    /// Whether this is a state in which nothing has happened.
    ///
    /// # Errors
    /// The first formula that does not hold.
    pub fn initial(&self, shape: &Shape, state: &Tables) -> Result<(), Exception> {
        all_hold(&self.initial, &self.vocabulary, shape, state)
    }

    /// Whether every invariant and every property holds.
    ///
    /// # Errors
    /// The first that does not.
    pub fn claims(&self, shape: &Shape, state: &Tables) -> Result<(), Exception> {
        all_hold(&self.claims, &self.vocabulary, shape, state)
    }
}

fn begin<'a>(parameters: &[Element], states: States<'a>) -> Run<'a> {
    let mut run = Run::new(states.shape, states.before, states.after);
    run.slots[..parameters.len()].copy_from_slice(parameters);
    run
}

fn all_hold(
    formulas: &[Formula],
    vocabulary: &Vocabulary,
    shape: &Shape,
    state: &Tables,
) -> Result<(), Exception> {
    let mut run = Run::new(shape, state, state);
    let Some(broken) = formulas.iter().find(|formula| !run.holds(&formula.code)) else {
        return Ok(());
    };
    // A search that ends with an exception leaves it in the slots.
    let values = broken.variables.iter().zip(run.slots);
    let values = values.map(|(v, element)| (v.name.clone(), vocabulary.sort(&v.sort), element));
    Err(Exception { name: broken.name.clone(), values: values.collect() })
}

impl<'a> Compiler<'a> {
    /// A formula without parameters.
    fn closed(&self, name: &str, formula: &'a crate::ast::Expression) -> Result<Formula, TooLarge> {
        let variables = match formula {
            crate::ast::Expression::Forall(variables, _) => variables.clone(),
            _ => Vec::new(),
        };
        Ok(Formula { name: name.to_owned(), code: self.formula(&[], formula)?, variables })
    }

    fn action(&self, action: &'a Action) -> Result<ActionCode, TooLarge> {
        let guards = action.guards.iter().map(|guard| {
            let code = self.formula(&action.parameters, &guard.formula)?;
            Ok(Formula { name: guard.name.clone(), code, variables: action.parameters.clone() })
        });
        let updates = action.updates.iter();
        let updates = updates.map(|update| self.formula(&action.parameters, update));
        let symbols = self.vocabulary.symbols.iter().enumerate();
        let unmodified = symbols
            .filter(|(_, symbol)| symbol.is_state && !action.modifies.contains(&symbol.name));
        Ok(ActionCode {
            name: action.name.clone(),
            guards: guards.collect::<Result<_, _>>()?,
            updates: updates.collect::<Result<_, _>>()?,
            frame: unmodified.map(|(number, _)| number).collect(),
        })
    }
}
