//! What a description of a protocol consists of.
//!
//! A description is a vocabulary (sorts, symbols, axioms, definitions), a start, actions, and what is claimed.
//! Everything here has been checked: names are resolved, sorts fit, no variable hides another, and only updates
//! speak of two states. So whoever walks over an [`Expression`] - to print it for a solver, to evaluate it on a
//! finite structure - has nothing left to refuse.

/// A whole description, in the order of its file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// What there is: sorts of elements that nothing else is known of.
    pub sorts: Vec<SortName>,
    /// Relations and functions.
    pub symbols: Vec<Symbol>,
    /// What is assumed of the static symbols.
    pub axioms: Vec<Named>,
    /// Names for formulas.
    pub definitions: Vec<Definition>,
    /// What is true before anything has happened: all of these.
    pub initial: Vec<Named>,
    /// What can happen.
    pub actions: Vec<Action>,
    /// The groups that the claims are in.
    pub groups: Vec<Group>,
    /// What is claimed to be true in every state.
    pub claims: Vec<Claim>,
}

/// A sort that the description declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SortName {
    /// Its name.
    pub name: String,
    /// What its elements are.
    pub reading: String,
}

/// The sort of a term.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sort {
    /// True or false; a term of this sort is a formula.
    Bool,
    /// A declared sort.
    Named(String),
}

/// A relation (its result is [`Sort::Bool`]) or a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// The sorts of its arguments; none for a constant.
    pub arguments: Vec<Sort>,
    /// The sort of its value.
    pub result: Sort,
    /// Whether actions can change it. What is not state is the same in all states.
    pub is_state: bool,
    /// What it says, in one sentence.
    pub reading: String,
}

/// A formula with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The formula.
    pub formula: Expression,
}

/// A variable: a parameter, or bound by a quantifier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its sort.
    pub sort: Sort,
}

/// A name for a formula with parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<Variable>,
    /// What it says, in one sentence.
    pub reading: String,
    /// The state symbols of which it says what they become. If there is none it speaks of one state.
    pub modifies: Vec<String>,
    /// The formula.
    pub body: Expression,
}

/// An action: it may happen with any parameters of which the guards hold, and then every update holds of the
/// state before and the state after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<Variable>,
    /// What it is, in one sentence.
    pub reading: String,
    /// The state symbols that it may change. Every other stays as it is, whatever its arguments.
    pub modifies: Vec<String>,
    /// When it may happen; formulas of the state before.
    pub guards: Vec<Named>,
    /// What it does; formulas of both states.
    pub updates: Vec<Expression>,
}

/// A group of claims.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What its claims are about.
    pub reading: String,
}

/// Something that is claimed to be true in every state that the actions can reach.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// The name of its group.
    pub group: String,
    /// What it says, in one sentence.
    pub reading: String,
    /// Why it is so.
    pub reason: String,
    /// Whether it is a part of the inductive invariant: true at the start, and kept by every action together
    /// with all other parts. What is not follows from that invariant.
    pub is_inductive: bool,
    /// Whether it is one of the properties for whose sake all this is done.
    pub is_property: bool,
    /// The formula, of one state.
    pub formula: Expression,
}

/// Which state a symbol is looked up in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum When {
    /// The state in question; in an update, the one before the action.
    Now,
    /// The state after the action, which an update writes with a prime.
    After,
}

/// A formula or a term. A formula is a term of sort [`Sort::Bool`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expression {
    /// True or false.
    Constant(bool),
    /// The variable of this name that is in scope.
    Variable(String),
    /// A symbol, with as many arguments as it has. A static one is always looked up [`When::Now`].
    Apply {
        /// The symbol's name.
        symbol: String,
        /// In which state.
        when: When,
        /// Its arguments.
        arguments: Vec<Expression>,
    },
    /// A definition, with as many arguments as it has parameters. [`When::After`], its whole body speaks of
    /// the state after the action; never so if the definition speaks of two states itself.
    Call {
        /// The definition's name.
        definition: String,
        /// In which state.
        when: When,
        /// Its arguments.
        arguments: Vec<Expression>,
    },
    /// It does not hold.
    Not(Box<Expression>),
    /// All hold; true if there is none.
    And(Vec<Expression>),
    /// At least one holds; false if there is none.
    Or(Vec<Expression>),
    /// If the first holds, so does the second.
    Implies(Box<Expression>, Box<Expression>),
    /// Both are the same; of formulas, both hold or neither.
    Equal(Box<Expression>, Box<Expression>),
    /// The second if the first holds, else the third.
    IfThenElse(Box<Expression>, Box<Expression>, Box<Expression>),
    /// It holds of all elements.
    Forall(Vec<Variable>, Box<Expression>),
    /// It holds of some elements.
    Exists(Vec<Variable>, Box<Expression>),
}

impl Description {
    /// The symbol of this name.
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.name == name)
    }

    /// The definition of this name.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.name == name)
    }

    /// The action of this name.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The claim of this name.
    pub fn claim(&self, name: &str) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.name == name)
    }

    /// The parts of the inductive invariant.
    pub fn invariants(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| claim.is_inductive)
    }

    /// The properties.
    pub fn properties(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| claim.is_property)
    }

    /// Whether a formula speaks of one of these state symbols, by itself or through a definition.
    pub fn mentions(&self, formula: &Expression, symbols: &[String]) -> bool {
        let mut found = false;
        formula.visit(&mut |part| match part {
            Expression::Apply { symbol, .. } => found |= symbols.contains(symbol),
            Expression::Call { definition, .. } => {
                found |= self
                    .definition(definition)
                    .is_some_and(|definition| self.mentions(&definition.body, symbols));
            }
            _ => {}
        });
        found
    }
}

impl Expression {
    /// The same of the state after the action: primes every symbol, and every definition that is used.
    ///
    /// Primed static symbols and definitions of static symbols only mean what they mean without.
    #[must_use]
    pub fn after(&self) -> Expression {
        self.rebuild(&mut |part| match part {
            Expression::Apply { symbol, arguments, .. } => {
                Expression::Apply { symbol, when: When::After, arguments }
            }
            Expression::Call { definition, arguments, .. } => {
                Expression::Call { definition, when: When::After, arguments }
            }
            other => other,
        })
    }

    /// Calls `see` on this expression, and then on everything in it.
    pub fn visit(&self, see: &mut impl FnMut(&Expression)) {
        see(self);
        self.parts().into_iter().for_each(|part| part.visit(see));
    }

    /// The expressions that this one is directly made of.
    pub fn parts(&self) -> Vec<&Expression> {
        match self {
            Expression::Constant(_) | Expression::Variable(_) => Vec::new(),
            Expression::Apply { arguments: parts, .. }
            | Expression::Call { arguments: parts, .. }
            | Expression::And(parts)
            | Expression::Or(parts) => parts.iter().collect(),
            Expression::Not(part) | Expression::Forall(_, part) | Expression::Exists(_, part) => {
                vec![part]
            }
            Expression::Implies(a, b) | Expression::Equal(a, b) => vec![a, b],
            Expression::IfThenElse(condition, yes, no) => vec![condition, yes, no],
        }
    }

    /// The same expression with every part replaced by what `change` makes of it, the innermost first.
    #[must_use]
    pub fn rebuild(&self, change: &mut impl FnMut(Expression) -> Expression) -> Expression {
        use Expression::{And, Apply, Call, Equal, Exists, Forall, IfThenElse, Implies, Not, Or};
        let mut one = |part: &Expression| Box::new(part.rebuild(change));
        let rebuilt = match self {
            Expression::Constant(_) | Expression::Variable(_) => self.clone(),
            Not(a) => Not(one(a)),
            Implies(a, b) => Implies(one(a), one(b)),
            Equal(a, b) => Equal(one(a), one(b)),
            IfThenElse(a, b, c) => IfThenElse(one(a), one(b), one(c)),
            Forall(variables, a) => Forall(variables.clone(), one(a)),
            Exists(variables, a) => Exists(variables.clone(), one(a)),
            And(parts) => And(parts.iter().map(|part| part.rebuild(change)).collect()),
            Or(parts) => Or(parts.iter().map(|part| part.rebuild(change)).collect()),
            Apply { symbol, when, arguments } => Apply {
                symbol: symbol.clone(),
                when: *when,
                arguments: arguments.iter().map(|part| part.rebuild(change)).collect(),
            },
            Call { definition, when, arguments } => Call {
                definition: definition.clone(),
                when: *when,
                arguments: arguments.iter().map(|part| part.rebuild(change)).collect(),
            },
        };
        change(rebuilt)
    }
}
