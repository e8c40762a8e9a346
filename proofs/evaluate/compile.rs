//! Turning formulas into [`Code`]: names become numbers, definitions are put in the place of their names.

use super::code::{Code, Lookup, MOST_VARIABLES, Update};
use super::plan::{Variable, search};
use super::tables::{TooLarge, Vocabulary};
use crate::ast::{Description, Expression, Variable as Bound, When};

/// What a name means where it is used.
type Meanings<'a> = Vec<(&'a str, Code)>;

/// Turns the formulas of a description into code.
pub(super) struct Compiler<'a> {
    pub(super) description: &'a Description,
    pub(super) vocabulary: &'a Vocabulary,
}

impl<'a> Compiler<'a> {
    /// The code of a formula whose parameters stand in the first slots.
    pub(super) fn formula(
        &self,
        parameters: &'a [Bound],
        formula: &'a Expression,
    ) -> Result<Code, TooLarge> {
        let meanings = parameters.iter().enumerate();
        let meanings: Meanings<'a> =
            meanings.map(|(slot, bound)| (bound.name.as_str(), Code::Slot(slot))).collect();
        self.code(formula, &meanings, meanings.len(), When::Now)
    }

    /// The code of a term. Slots from `free` on are nobody's; [`When::After`] moves everything to the state after.
    fn code(
        &self,
        term: &'a Expression,
        meanings: &Meanings<'a>,
        free: usize,
        moved: When,
    ) -> Result<Code, TooLarge> {
        let one = |part: &'a Expression| self.code(part, meanings, free, moved);
        let boxed = |part: &'a Expression| one(part).map(Box::new);
        let all = |parts: &'a [Expression]| parts.iter().map(one).collect::<Result<Vec<_>, _>>();
        let pair = |a: &'a Expression, b: &'a Expression| Ok::<_, TooLarge>([one(a)?, one(b)?]);
        Ok(match term {
            Expression::Constant(value) => Code::Constant(u8::from(*value)),
            Expression::Variable(name) => {
                let known = meanings.iter().rev().find(|(known, _)| known == name);
                known.map(|(_, code)| code.clone()).expect("variables of a description are bound")
            }
            Expression::Apply { symbol, when, arguments } => {
                let known = self.vocabulary.symbol(symbol);
                let symbol = known.expect("symbols of a description are declared");
                let is_state = self.vocabulary.symbols[symbol].is_state;
                let when = if is_state { (*when).max(moved) } else { When::Now };
                Code::Lookup(Lookup { symbol, when, arguments: all(arguments)? })
            }
            Expression::Call { definition, when, arguments } => {
                let known = self.description.definition(definition);
                let known = known.expect("definitions of a description are declared");
                let names = known.parameters.iter().map(|parameter| parameter.name.as_str());
                let meanings: Meanings<'a> = names.zip(all(arguments)?).collect();
                self.code(&known.body, &meanings, free, (*when).max(moved))?
            }
            Expression::Not(part) => Code::Not(boxed(part)?),
            Expression::And(parts) => Code::And(all(parts)?),
            Expression::Or(parts) => Code::Or(all(parts)?),
            Expression::Implies(a, b) => Code::Implies(Box::new(pair(a, b)?)),
            Expression::Equal(a, b) => Code::Equal(Box::new(pair(a, b)?)),
            Expression::IfThenElse(condition, yes, no) => {
                Code::Choose(Box::new([one(condition)?, one(yes)?, one(no)?]))
            }
            Expression::Forall(bound, body) => {
                let (variables, body) = self.quantified(bound, body, meanings, free, moved)?;
                self.forall(&variables, body)
            }
            Expression::Exists(bound, body) => {
                let (variables, body) = self.quantified(bound, body, meanings, free, moved)?;
                Code::Exists(search(self.vocabulary, &variables, [(body, true)]))
            }
        })
    }

    /// The variables of a quantifier, and the code of what it says of them.
    fn quantified(
        &self,
        bound: &'a [Bound],
        body: &'a Expression,
        meanings: &Meanings<'a>,
        free: usize,
        moved: When,
    ) -> Result<(Vec<Variable>, Code), TooLarge> {
        let end = free + bound.len();
        if end > MOST_VARIABLES {
            let what = format!("{end} variables in one formula; at most {MOST_VARIABLES}");
            return Err(TooLarge { what });
        }
        let sorts = bound.iter().map(|bound| self.vocabulary.sort(&bound.sort));
        let variables: Vec<Variable> = (free..).zip(sorts).collect();
        let mut meanings = meanings.clone();
        let names = bound.iter().map(|bound| bound.name.as_str());
        meanings.extend(names.zip((free..).map(Code::Slot)));
        Ok((variables, self.code(body, &meanings, end, moved)?))
    }

    /// That something is so for all values of variables.
    fn forall(&self, variables: &[Variable], body: Code) -> Code {
        self.unchanged(variables, &body)
            .or_else(|| self.updated(variables, &body))
            .unwrap_or_else(|| Code::Forall(search(self.vocabulary, variables, [(body, false)])))
    }

    /// Recognises `(forall (x ...) (= (s' x ...) (s x ...)))`.
    fn unchanged(&self, variables: &[Variable], body: &Code) -> Option<Code> {
        let (symbol, old) = new_value(variables, body)?;
        is_old_value(old, symbol, variables).then_some(Code::Unchanged(symbol))
    }

    /// Recognises what says how a symbol changes: `(forall (x ...) (= (s' x ...) (ite CHANGED NEW (s x ...))))`, or
    /// for a relation that only grows `(forall (x ...) (= (s' x ...) (or (s x ...) CHANGED)))`.
    fn updated(&self, variables: &[Variable], body: &Code) -> Option<Code> {
        let (symbol, value) = new_value(variables, body)?;
        let (changed, new) = match value {
            Code::Choose(parts) if is_old_value(&parts[2], symbol, variables) => {
                (parts[0].clone(), parts[1].clone())
            }
            Code::Or(parts) => {
                let (old, grown) = parts.split_first()?;
                if !is_old_value(old, symbol, variables) {
                    return None;
                }
                let changed = match grown {
                    [grown] => grown.clone(),
                    grown => Code::Or(grown.to_vec()),
                };
                (changed, Code::Constant(1))
            }
            _ => return None,
        };
        let slots = variables.iter().map(|(slot, _)| Code::Slot(*slot));
        let found = Lookup { symbol, when: When::After, arguments: slots.collect() };
        let is_new = Code::Equal(Box::new([Code::Lookup(found), new]));
        let wrong = search(self.vocabulary, variables, [(changed.clone(), true), (is_new, false)]);
        let first = variables.first().map_or(0, |(slot, _)| *slot);
        Some(Code::Updated(Box::new(Update { symbol, first, changed, wrong })))
    }
}

/// Of an equation between the value after a step of a symbol of exactly these variables and something else: the symbol,
/// and the other side.
fn new_value<'c>(variables: &[Variable], body: &'c Code) -> Option<(usize, &'c Code)> {
    let Code::Equal(sides) = body else { return None };
    let [Code::Lookup(found), value] = &**sides else { return None };
    let fits = found.when == When::After && are_the_variables(&found.arguments, variables);
    fits.then_some((found.symbol, value))
}

/// Whether this is the value before the step of a symbol of exactly these variables.
fn is_old_value(code: &Code, symbol: usize, variables: &[Variable]) -> bool {
    matches!(code, Code::Lookup(found) if found.symbol == symbol
        && found.when == When::Now
        && are_the_variables(&found.arguments, variables))
}

fn are_the_variables(arguments: &[Code], variables: &[Variable]) -> bool {
    let slots = variables.iter().map(|(slot, _)| Code::Slot(*slot));
    arguments.iter().cloned().eq(slots)
}
