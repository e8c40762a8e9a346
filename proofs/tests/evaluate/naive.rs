//! The evaluator against the plain meaning of formulas: every quantifier tries every element.

use crate::walk::Walk;
use quorate_proofs::ast::{Action, Claim, Description, Expression, Named, Sort, Variable, When};
use quorate_proofs::evaluate::{Element, Evaluator, Shape, States, Tables, Vocabulary};
use quorate_proofs::{REPLICATION, parse};

/// The plain meaning of formulas in two states.
struct Meaning<'a> {
    description: &'a Description,
    vocabulary: &'a Vocabulary,
    states: States<'a>,
}

type Values<'a> = Vec<(&'a str, Element)>;

impl<'a> Meaning<'a> {
    fn of(&self, term: &'a Expression, values: &Values<'a>, moved: When) -> Element {
        let one = |part: &'a Expression| self.of(part, values, moved);
        let all = |parts: &'a [Expression]| parts.iter().map(one).collect::<Vec<Element>>();
        let truth = u8::from;
        match term {
            Expression::Constant(value) => truth(*value),
            Expression::Variable(name) => {
                let known = values.iter().rev().find(|(known, _)| known == name);
                known.expect("it is bound").1
            }
            Expression::Apply { symbol, when, arguments } => {
                let number = self.vocabulary.symbol(symbol).expect("it is declared");
                let is_state = self.vocabulary.symbols[number].is_state;
                let when = (*when).max(moved);
                let States { shape, before, after } = self.states;
                let tables = if is_state && when == When::After { after } else { before };
                tables.at(shape, number, shape.cell(number, &all(arguments)))
            }
            Expression::Call { definition, when, arguments } => {
                let known = self.description.definition(definition).expect("it is defined");
                let names = known.parameters.iter().map(|parameter| parameter.name.as_str());
                let values = names.zip(all(arguments)).collect();
                self.of(&known.body, &values, (*when).max(moved))
            }
            Expression::Not(part) => truth(one(part) == 0),
            Expression::And(parts) => truth(all(parts).iter().all(|value| *value == 1)),
            Expression::Or(parts) => truth(all(parts).contains(&1)),
            Expression::Implies(a, b) => truth(one(a) <= one(b)),
            Expression::Equal(a, b) => truth(one(a) == one(b)),
            Expression::IfThenElse(condition, yes, no) => {
                if one(condition) == 1 {
                    one(yes)
                } else {
                    one(no)
                }
            }
            Expression::Forall(bound, body) => {
                truth(self.each(bound, values).all(|values| self.of(body, &values, moved) == 1))
            }
            Expression::Exists(bound, body) => {
                truth(self.each(bound, values).any(|values| self.of(body, &values, moved) == 1))
            }
        }
    }

    /// All values of some variables, each after the values that are known.
    fn each(
        &self,
        bound: &'a [Variable],
        known: &Values<'a>,
    ) -> impl Iterator<Item = Values<'a>> + use<'a> {
        let sizes: Vec<usize> = bound.iter().map(|bound| self.size(&bound.sort)).collect();
        let known = known.clone();
        (0..sizes.iter().product()).map(move |mut number: usize| {
            let mut values = known.clone();
            for (bound, size) in bound.iter().zip(&sizes) {
                values.push((&bound.name, (number % size) as Element));
                number /= size;
            }
            values
        })
    }

    fn size(&self, sort: &Sort) -> usize {
        self.states.shape.size(self.vocabulary.sort(sort))
    }
}

/// Tables of which chance says what is true, more or less often.
fn any_tables(vocabulary: &Vocabulary, shape: &Shape, random: &mut fastrand::Rng) -> Tables {
    let mut tables = Tables::new(shape);
    for (number, symbol) in vocabulary.symbols.iter().enumerate() {
        let rarely = random.usize(1..6);
        for cell in 0..shape.cells(number) {
            let value = random.usize(..shape.size(symbol.result));
            let is_set = symbol.result != 0 || random.usize(..rarely) == 0;
            tables.put(shape, number, cell, if is_set { value as Element } else { 0 });
        }
    }
    tables
}

/// A description in which there is one claim, and one action of one update that says nothing of other symbols.
fn only(
    description: &Description,
    claim: &Claim,
    action: &Action,
    update: &Expression,
) -> Description {
    let state = description.symbols.iter().filter(|symbol| symbol.is_state);
    let modifies = state.map(|symbol| symbol.name.clone()).collect();
    let updates = vec![update.clone()];
    let action = Action { guards: Vec::new(), modifies, updates, ..action.clone() };
    Description { claims: vec![claim.clone()], actions: vec![action], ..description.clone() }
}

/// Two states in which chance rules, and now and then the second is the first with one cell changed.
fn any_states(
    vocabulary: &Vocabulary,
    shape: &Shape,
    random: &mut fastrand::Rng,
) -> (Tables, Tables) {
    let before = any_tables(vocabulary, shape, random);
    if random.bool() {
        return (before, any_tables(vocabulary, shape, random));
    }
    let mut after = before.clone();
    let symbol = random.usize(..vocabulary.symbols.len());
    let result = shape.size(vocabulary.symbols[symbol].result);
    let cell = random.usize(..shape.cells(symbol));
    after.put(shape, symbol, cell, random.usize(..result) as Element);
    (before, after)
}

#[test]
fn searches_find_what_trying_everything_finds() {
    let description = parse(REPLICATION).expect("it is well formed");
    let mut random = fastrand::Rng::with_seed(1);
    let mut outcomes = [0_u64; 2];
    let updates: Vec<(&Action, &Expression)> = description
        .actions
        .iter()
        .flat_map(|action| action.updates.iter().map(move |update| (action, update)))
        .collect();
    let rounds = description.claims.len().max(updates.len());
    for round in 0..rounds {
        let claim = &description.claims[round % description.claims.len()];
        let (action, update) = updates[round % updates.len()];
        let one = only(&description, claim, action, update);
        let evaluator = Evaluator::new(&one).expect("not too large");
        let vocabulary = evaluator.vocabulary();
        for _ in 0..40 {
            let sizes: Vec<usize> = description.sorts.iter().map(|_| random.usize(1..=2)).collect();
            let shape = Shape::new(vocabulary, &sizes).expect("few elements");
            let (before, after) = any_states(vocabulary, &shape, &mut random);
            let states = States { shape: &shape, before: &before, after: &after };
            let meaning = Meaning { description: &description, vocabulary, states };
            let holds = meaning.of(&claim.formula, &Vec::new(), When::Now) == 1;
            assert_eq!(evaluator.claims(&shape, &before).is_ok(), holds, "{}", claim.name);
            outcomes[usize::from(holds)] += 1;
            let sorts = action.parameters.iter().map(|p| meaning.size(&p.sort));
            let parameters: Vec<Element> =
                sorts.map(|size| random.usize(..size) as Element).collect();
            let names = action.parameters.iter().map(|p| p.name.as_str());
            let values = names.zip(parameters.iter().copied()).collect();
            let holds = meaning.of(update, &values, When::Now) == 1;
            let found = evaluator.step(0, &parameters, states).is_ok();
            assert_eq!(found, holds, "{} {update:?}", action.name);
            outcomes[usize::from(holds)] += 1;
        }
    }
    println!("{outcomes:?}");
    assert!(outcomes.iter().all(|count| *count > 300), "{outcomes:?}");
}

#[test]
fn steps_with_one_cell_changed_are_seen_as_trying_everything_sees_them() {
    let judge = crate::agreement::Judge::of(REPLICATION);
    let description = parse(REPLICATION).expect("it is well formed");
    let vocabulary = judge.evaluator.vocabulary();
    let mut random = fastrand::Rng::with_seed(2);
    let mut outcomes = [0_u64; 2];
    for seed in 0..6 {
        let mut walk = Walk::new(3, seed);
        for _ in 0..100 {
            let attempt = walk.attempt();
            let Some(mut seen) = judge.see(&attempt).filter(|_| attempt.result.is_ok()) else {
                continue;
            };
            let symbol = random.usize(..vocabulary.symbols.len());
            // It has so many cells that trying everything takes long.
            if vocabulary.symbols[symbol].name == "applied" {
                continue;
            }
            let size = seen.shape.size(vocabulary.symbols[symbol].result);
            let cell = random.usize(..seen.shape.cells(symbol));
            seen.after.put(&seen.shape, symbol, cell, random.usize(..size) as Element);
            let action = &description.actions[seen.action];
            let states = seen.states();
            let meaning = Meaning { description: &description, vocabulary, states };
            let names = action.parameters.iter().map(|p| p.name.as_str());
            let values: Values<'_> = names.zip(seen.parameters.iter().copied()).collect();
            let all = |formula: &Expression| meaning.of(formula, &values, When::Now) == 1;
            let guards = action.guards.iter().all(|Named { formula, .. }| all(formula));
            let state = vocabulary.symbols.iter().enumerate().filter(|(_, s)| s.is_state);
            let mut frame = state.filter(|(_, s)| !action.modifies.contains(&s.name));
            let kept = frame.all(|(n, _)| seen.before.agree(&seen.after, &seen.shape, n));
            let holds = guards && kept && action.updates.iter().all(all);
            let found = judge.evaluator.step(seen.action, &seen.parameters, states).is_ok();
            assert_eq!(found, holds, "{:?}", attempt.action);
            outcomes[usize::from(holds)] += 1;
        }
    }
    println!("{outcomes:?}");
    assert!(outcomes.iter().all(|count| *count > 30), "{outcomes:?}");
}
