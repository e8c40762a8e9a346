//! Formulas as they are evaluated: every name a number, every quantifier a search.
//!
//! "For all" is a search for an exception, "for some" a search for an example. A [`Search`] does not try every
//! combination: it goes through the facts that the formula starts from. `log_match`, say, has five variables, but only
//! as many exceptions are possible as there are entries in logs. How a search is laid out is found in `plan`.

use super::tables::{Element, MOST_ARGUMENTS, Shape, Tables};
use crate::ast::When;

/// The most variables that can be in scope at once.
pub(super) const MOST_VARIABLES: usize = 64;

/// A formula or a term.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Code {
    /// True, false.
    Constant(Element),
    /// What stands in this slot.
    Slot(usize),
    /// The value of a symbol.
    Lookup(Lookup),
    Not(Box<Code>),
    And(Vec<Code>),
    Or(Vec<Code>),
    Implies(Box<[Code; 2]>),
    Equal(Box<[Code; 2]>),
    /// The second if the first holds, else the third.
    Choose(Box<[Code; 3]>),
    /// The search finds something.
    Exists(Search),
    /// The search for an exception finds none.
    Forall(Search),
    /// The symbol of this number has the same values after the step.
    Unchanged(usize),
    /// A symbol changes as it should.
    Updated(Box<Update>),
}

/// A symbol with its arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Lookup {
    pub(super) symbol: usize,
    pub(super) when: When,
    pub(super) arguments: Vec<Code>,
}

/// A search for values of some variables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Search {
    /// The slots of the variables, as bits.
    pub(super) variables: u64,
    /// What is done for each combination that has come so far.
    pub(super) steps: Vec<Step>,
}

/// A step of a search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Goes on only if this holds.
    Filter(Code),
    /// The slot can only have this value.
    Let(usize, Code),
    /// The slot takes each element of this sort.
    Range(usize, usize),
    /// Some slots take each combination of which a relation holds.
    Scan(Scan),
}

/// Going through the facts of a relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scan {
    pub(super) symbol: usize,
    pub(super) when: When,
    pub(super) arguments: Vec<Argument>,
}

/// What an argument of a relation that is gone through must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Argument {
    /// It must have this value.
    Known(Code),
    /// The slot takes its value.
    New(usize),
    /// It must have the value that an argument before it gave to the slot.
    Same(usize),
}

/// For all arguments, the value of a symbol after the step is `new` where `changed` holds, and else what it was.
///
/// So where the tables differ `changed` must hold, and where `changed` holds the value must be the new one. Both are
/// few cells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Update {
    pub(super) symbol: usize,
    /// The slot of the first argument; the others follow.
    pub(super) first: usize,
    pub(super) changed: Code,
    /// Looks for arguments for which `changed` holds, and the value is not the new one.
    pub(super) wrong: Search,
}

impl Code {
    /// The slots that it reads and does not fill itself, as bits.
    pub(super) fn reads(&self) -> u64 {
        let all = |parts: &[Code]| parts.iter().fold(0, |found, part| found | part.reads());
        match self {
            Code::Constant(_) | Code::Unchanged(_) => 0,
            Code::Slot(slot) => 1 << slot,
            Code::Lookup(lookup) => all(&lookup.arguments),
            Code::Not(part) => part.reads(),
            Code::And(parts) | Code::Or(parts) => all(parts),
            Code::Implies(parts) | Code::Equal(parts) => all(&parts[..]),
            Code::Choose(parts) => all(&parts[..]),
            Code::Exists(search) | Code::Forall(search) => search.reads(),
            Code::Updated(update) => {
                (update.changed.reads() | update.wrong.reads()) & !update.wrong.variables
            }
        }
    }
}

impl Search {
    fn reads(&self) -> u64 {
        let argument = |argument: &Argument| match argument {
            Argument::Known(code) => code.reads(),
            Argument::New(_) | Argument::Same(_) => 0,
        };
        let steps = self.steps.iter().map(|step| match step {
            Step::Filter(code) | Step::Let(_, code) => code.reads(),
            Step::Range(..) => 0,
            Step::Scan(scan) => scan.arguments.iter().map(argument).fold(0, |a, b| a | b),
        });
        steps.fold(0, |a, b| a | b) & !self.variables
    }
}

/// An evaluation: two states, and what stands in the slots.
pub(super) struct Run<'a> {
    pub(super) shape: &'a Shape,
    pub(super) before: &'a Tables,
    pub(super) after: &'a Tables,
    /// The parameters, and the variables of the quantifiers around. When a claim fails, the values of its exception.
    pub(super) slots: [Element; MOST_VARIABLES],
}

impl<'a> Run<'a> {
    pub(super) fn new(shape: &'a Shape, before: &'a Tables, after: &'a Tables) -> Run<'a> {
        Run { shape, before, after, slots: [0; MOST_VARIABLES] }
    }

    fn tables(&self, when: When) -> &'a Tables {
        match when {
            When::Now => self.before,
            When::After => self.after,
        }
    }

    /// Whether a formula holds.
    pub(super) fn holds(&mut self, code: &Code) -> bool {
        self.value(code) != 0
    }

    /// The value of a term.
    pub(super) fn value(&mut self, code: &Code) -> Element {
        match code {
            Code::Constant(value) => *value,
            Code::Slot(slot) => self.slots[*slot],
            Code::Lookup(lookup) => {
                let sizes = self.shape.layout(lookup.symbol).sizes;
                let arguments = lookup.arguments.iter().zip(sizes);
                let cell = arguments.fold(0, |cell, (argument, size)| {
                    cell * size + usize::from(self.value(argument))
                });
                self.tables(lookup.when).at(self.shape, lookup.symbol, cell)
            }
            Code::Not(part) => Element::from(!self.holds(part)),
            Code::And(parts) => Element::from(parts.iter().all(|part| self.holds(part))),
            Code::Or(parts) => Element::from(parts.iter().any(|part| self.holds(part))),
            Code::Implies(parts) => Element::from(!self.holds(&parts[0]) || self.holds(&parts[1])),
            Code::Equal(parts) => Element::from(self.value(&parts[0]) == self.value(&parts[1])),
            Code::Choose(parts) => {
                let chosen = if self.holds(&parts[0]) { &parts[1] } else { &parts[2] };
                self.value(chosen)
            }
            Code::Exists(search) => Element::from(self.finds(&search.steps)),
            Code::Forall(search) => Element::from(!self.finds(&search.steps)),
            Code::Unchanged(symbol) => {
                Element::from(self.before.agree(self.after, self.shape, *symbol))
            }
            Code::Updated(update) => Element::from(self.is_updated(update)),
        }
    }

    /// Whether a search finds something. If so, its slots hold what.
    fn finds(&mut self, steps: &[Step]) -> bool {
        let Some((step, rest)) = steps.split_first() else { return true };
        match step {
            Step::Filter(code) => self.holds(code) && self.finds(rest),
            Step::Let(slot, code) => {
                self.slots[*slot] = self.value(code);
                self.finds(rest)
            }
            Step::Range(slot, sort) => (0..self.shape.size(*sort)).any(|element| {
                // Less than the size of a sort, so it fits.
                self.slots[*slot] = element as Element;
                self.finds(rest)
            }),
            Step::Scan(scan) => self.finds_fact(scan, rest),
        }
    }

    /// Whether the rest of a search finds something for a fact of a relation.
    fn finds_fact(&mut self, scan: &Scan, rest: &[Step]) -> bool {
        let layout = *self.shape.layout(scan.symbol);
        let mut known = [None; MOST_ARGUMENTS];
        for (known, argument) in known.iter_mut().zip(&scan.arguments) {
            if let Argument::Known(code) = argument {
                *known = Some(self.value(code));
            }
        }
        // What begins with the same known arguments lies together.
        let leading = known.iter().take_while(|value| value.is_some()).count();
        let length: usize = layout.sizes[leading..].iter().product();
        let leads = known[..leading].iter().flatten().zip(layout.sizes);
        let begin = leads.fold(0, |cell, (value, size)| cell * size + usize::from(*value)) * length;
        let tables = self.tables(scan.when);
        let mut from = begin;
        while let Some(cell) = tables.holds_from(self.shape, scan.symbol, from, begin + length) {
            from = cell + 1;
            let found = layout.arguments(cell);
            let arguments = scan.arguments.iter().zip(found).zip(known);
            let mut fits = true;
            for ((argument, value), known) in arguments {
                match argument {
                    Argument::New(slot) => self.slots[*slot] = value,
                    Argument::Same(slot) => fits &= self.slots[*slot] == value,
                    Argument::Known(_) => fits &= known == Some(value),
                }
            }
            if fits && self.finds(rest) {
                return true;
            }
        }
        false
    }

    fn is_updated(&mut self, update: &Update) -> bool {
        let layout = *self.shape.layout(update.symbol);
        let mut from = 0;
        while let Some(cell) = self.before.differ_from(self.after, self.shape, update.symbol, from)
        {
            from = cell + 1;
            let arguments = layout.arguments(cell);
            let slots = &mut self.slots[update.first..update.first + layout.arity];
            slots.copy_from_slice(&arguments[..layout.arity]);
            if !self.holds(&update.changed) {
                return false;
            }
        }
        !self.finds(&update.wrong.steps)
    }
}
