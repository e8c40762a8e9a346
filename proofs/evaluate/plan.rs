//! Laying out a search: in which order variables get their values.
//!
//! A search looks for values of some variables of which several conditions hold. A condition is asked as soon as all its
//! variables have values. A variable gets its value, in this order of preference,
//! 1. from an equation with something known: there is only one;
//! 2. from the facts of a relation that must hold: of state first, for those are few; and of several, the one of which
//!    most arguments are known;
//! 3. from its sort: every element in turn.

use super::code::{Argument, Code, Lookup, Scan, Search, Step};
use super::tables::{BOOL, Vocabulary};

/// A variable: its slot, and the number of its sort.
pub(super) type Variable = (usize, usize);

/// The search for values of these variables of which these formulas hold, those with `true`, and do not, the others.
pub(super) fn search(
    vocabulary: &Vocabulary,
    variables: &[Variable],
    formulas: impl IntoIterator<Item = (Code, bool)>,
) -> Search {
    let mut conditions = Vec::new();
    for (formula, holds) in formulas {
        flatten(formula, holds, &mut conditions);
    }
    let bits =
        |variables: &[Variable]| variables.iter().fold(0, |bits, (slot, _)| bits | 1 << slot);
    let all: u64 = bits(variables);
    let mut missing = variables.to_vec();
    let mut steps = Vec::new();
    loop {
        let open = bits(&missing);
        let is_ready = |condition: &mut Code| condition.reads() & open == 0;
        steps.extend(conditions.extract_if(.., is_ready).map(Step::Filter));
        let Some((slot, sort)) = missing.first().copied() else { break };
        let step = equation(&mut conditions, open)
            .or_else(|| scan(vocabulary, &mut conditions, open))
            .unwrap_or(Step::Range(slot, sort));
        let filled = match &step {
            Step::Let(slot, _) | Step::Range(slot, _) => 1 << slot,
            Step::Scan(scan) => scan.fills(),
            Step::Filter(_) => 0,
        };
        missing.retain(|(slot, _)| filled & 1 << slot == 0);
        steps.push(step);
    }
    Search { variables: all, steps }
}

/// Splits a formula that must hold, or must not, into conditions that must all hold.
fn flatten(formula: Code, holds: bool, conditions: &mut Vec<Code>) {
    match (formula, holds) {
        (Code::Not(part), holds) => flatten(*part, !holds, conditions),
        (Code::And(parts), true) => {
            parts.into_iter().for_each(|part| flatten(part, true, conditions));
        }
        (Code::Or(parts), false) => {
            parts.into_iter().for_each(|part| flatten(part, false, conditions));
        }
        (Code::Implies(parts), false) => {
            let [condition, conclusion] = *parts;
            flatten(condition, true, conditions);
            flatten(conclusion, false, conditions);
        }
        (other, true) => conditions.push(other),
        (other, false) => conditions.push(Code::Not(Box::new(other))),
    }
}

/// The slot, if it is an open variable.
fn open_slot(code: &Code, open: u64) -> Option<usize> {
    match code {
        Code::Slot(slot) if open & 1 << slot != 0 => Some(*slot),
        _ => None,
    }
}

/// Takes an equation between a variable and something known.
fn equation(conditions: &mut Vec<Code>, open: u64) -> Option<Step> {
    let solved = |condition: &Code| {
        let Code::Equal(sides) = condition else { return None };
        let [left, right] = &**sides;
        let solve = |side: &Code, other: &Code| {
            let slot = open_slot(side, open)?;
            (other.reads() & open == 0).then(|| (slot, other.clone()))
        };
        solve(left, right).or_else(|| solve(right, left))
    };
    let (place, (slot, code)) = conditions
        .iter()
        .enumerate()
        .find_map(|(place, condition)| Some((place, solved(condition)?)))?;
    conditions.remove(place);
    Some(Step::Let(slot, code))
}

/// Takes a relation whose facts give values to variables.
fn scan(vocabulary: &Vocabulary, conditions: &mut Vec<Code>, open: u64) -> Option<Step> {
    let rank = |condition: &Code| {
        let Code::Lookup(lookup) = condition else { return None };
        let symbol = &vocabulary.symbols[lookup.symbol];
        let is_usable =
            |argument: &Code| argument.reads() & open == 0 || open_slot(argument, open).is_some();
        let known = lookup.arguments.iter().filter(|argument| argument.reads() & open == 0).count();
        let usable = symbol.result == BOOL && lookup.arguments.iter().all(is_usable);
        usable.then_some((symbol.is_state, known))
    };
    let ranked = conditions.iter().enumerate();
    let ranked = ranked.filter_map(|(place, condition)| Some((rank(condition)?, place)));
    // Of equals, the first.
    let (_, place) = ranked.max_by_key(|(rank, place)| (*rank, usize::MAX - place))?;
    let Code::Lookup(Lookup { symbol, when, arguments }) = conditions.remove(place) else {
        return None;
    };
    let mut filled: u64 = 0;
    let mut argument = |code: Code| match open_slot(&code, open) {
        Some(slot) if filled & 1 << slot == 0 => {
            filled |= 1 << slot;
            Argument::New(slot)
        }
        Some(slot) => Argument::Same(slot),
        None => Argument::Known(code),
    };
    let arguments = arguments.into_iter().map(&mut argument).collect();
    Some(Step::Scan(Scan { symbol, when, arguments }))
}

impl Scan {
    /// The slots that it gives values to, as bits.
    fn fills(&self) -> u64 {
        let filled = self.arguments.iter().map(|argument| match argument {
            Argument::New(slot) => 1 << slot,
            Argument::Known(_) | Argument::Same(_) => 0,
        });
        filled.fold(0, |a, b| a | b)
    }
}
