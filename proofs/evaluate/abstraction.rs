//! From the abstract state of a real system to a structure.
//!
//! The abstract state of `quorate-spec` is durable state and ghost history, in maps and lists; a structure says the same
//! in relations. There is one rule for each field, and no other place where the two are compared: what is forgotten here
//! is missing from every structure, and no action that needs it is allowed any more.
//!
//! A function has a value for every argument, also where the state says nothing, of the content beyond the end of a log
//! for instance. There it is the first element. The description never asks for such a value, but it may say that it
//! stays as it is, and then it does.

use super::tables::{Element, Shape, Tables, TooLarge, Vocabulary};
use super::universe::{NoElement, Universe};
use quorate_cluster::Command;
use quorate_core::{AbstractAction, Entry, Index, LogPosition, Term};
use quorate_spec::{Abstract, AbstractStep};

macro_rules! symbols {
    ($($name:ident($($argument:ident)*) $result:ident;)*) => {
        /// The number of each symbol.
        #[derive(Clone, Debug)]
        struct Symbols {
            $($name: usize,)*
        }

        impl Symbols {
            /// The names of all symbols, with the sorts of their arguments and of their values.
            const ALL: &[(&str, &[&str], &str)] =
                &[$((stringify!($name), &[$(stringify!($argument)),*], stringify!($result)),)*];

            /// Numbers that have been looked up in the order of [`Symbols::ALL`].
            fn numbered(mut numbers: impl Iterator<Item = usize>) -> Option<Symbols> {
                Some(Symbols { $($name: numbers.next()?,)* })
            }
        }
    };
}

symbols! {
    member(node quorum) Bool;
    tle(term term) Bool;
    ile(index index) Bool;
    t0() term;
    seen(node term) Bool;
    left(node term) Bool;
    log(node index term) Bool;
    lval(node index) value;
    used(node index) Bool;
    voted(node term node) Bool;
    cand(node term) Bool;
    clog(node term index term) Bool;
    cval(node term index) value;
    cused(node term index) Bool;
    started(term) Bool;
    lead(term) node;
    vq(term) quorum;
    tlog(term index term) Bool;
    tval(term index) value;
    tused(term index) Bool;
    acked(node term index) Bool;
    chosen(term index) Bool;
    cq(term index) quorum;
    applied(node index term value term index) Bool;
}

/// Makes structures for a description of the abstract protocol.
#[derive(Clone, Debug)]
pub struct Abstraction {
    vocabulary: Vocabulary,
    symbols: Symbols,
}

impl Abstraction {
    /// Prepares for a vocabulary.
    ///
    /// # Errors
    /// What the vocabulary has and the abstract state does not, or the other way round.
    pub fn new(vocabulary: &Vocabulary) -> Result<Abstraction, String> {
        let sort = |number: &usize| vocabulary.sorts[*number].as_str();
        let mut numbers = Vec::new();
        for (name, arguments, result) in Symbols::ALL {
            let number = vocabulary
                .symbol(name)
                .ok_or_else(|| format!("symbol: no {name} in the description"))?;
            let found = &vocabulary.symbols[number];
            let fits = found.arguments.iter().map(sort).eq(arguments.iter().copied())
                && sort(&found.result) == *result;
            if !fits {
                return Err(format!("symbol: {name}; expected ({}) {result}", arguments.join(" ")));
            }
            numbers.push(number);
        }
        let is_known = |name: &str| Symbols::ALL.iter().any(|(known, _, _)| *known == name);
        if let Some(other) = vocabulary.symbols.iter().find(|symbol| !is_known(&symbol.name)) {
            let name = &other.name;
            return Err(format!("symbol: {name}; expected a part of the abstract state"));
        }
        let symbols = Symbols::numbered(numbers.into_iter());
        let symbols = symbols.ok_or("symbol: too few; expected all parts of the abstract state")?;
        Ok(Abstraction { vocabulary: vocabulary.clone(), symbols })
    }

    /// What the structures of a universe look like.
    ///
    /// # Errors
    /// When they would be too large.
    pub fn shape(&self, universe: &Universe) -> Result<Shape, TooLarge> {
        let declared = self.vocabulary.sorts.iter().skip(1);
        let sizes: Vec<usize> = declared.map(|sort| universe.size(sort).unwrap_or(1)).collect();
        Shape::new(&self.vocabulary, &sizes)
    }

    /// The structure that a state is.
    ///
    /// # Errors
    /// When the state speaks of something that is no element of the universe.
    pub fn structure(
        &self,
        shape: &Shape,
        universe: &Universe,
        state: &Abstract<Command>,
    ) -> Result<Tables, NoElement> {
        let tables = Tables::new(shape);
        let mut making = Making { symbols: &self.symbols, shape, universe, tables };
        making.orders_and_majorities()?;
        making.nodes(state)?;
        making.elections(state)?;
        making.acknowledged_and_chosen(state)?;
        making.applied(state)?;
        Ok(making.tables)
    }

    /// The parameters of the action that was taken, in the order of the description.
    ///
    /// # Errors
    /// When one is no element of the universe; then the action was none of the description's.
    pub fn parameters(
        &self,
        universe: &Universe,
        step: &AbstractStep<'_>,
    ) -> Result<Vec<Element>, NoElement> {
        let of = universe;
        Ok(match *step.action {
            AbstractAction::BumpTerm { server, term }
            | AbstractAction::BecomeCandidate { server, term } => {
                vec![of.node(server)?, of.term(term)?]
            }
            AbstractAction::GrantVote { server, candidate, term } => {
                vec![of.node(server)?, of.node(candidate)?, of.term(term)?]
            }
            AbstractAction::BecomeLeader { server, term, votes } => {
                vec![of.node(server)?, of.term(term)?, of.quorum(votes)?]
            }
            AbstractAction::LeaderAppend { term, index } => {
                let missing = || NoElement { sort: "value", what: "nothing".to_owned() };
                let value = of.value(step.payload.ok_or_else(missing)?)?;
                vec![of.term(term)?, of.index(index)?, value]
            }
            AbstractAction::Replicate { server, term, previous, last } => {
                let (node, last) = (of.node(server)?, of.index(last)?);
                let term_before = entry_at(&step.before.nodes[&server].log, previous);
                let (has_previous, place) = match previous {
                    Index::ZERO => (0, 0),
                    previous => (1, of.index(previous)?),
                };
                let term_before = of.term(term_before.map_or(Term::ZERO, |entry| entry.term))?;
                vec![node, of.term(term)?, has_previous, place, term_before, last]
            }
            AbstractAction::Commit { term, index, acknowledged } => {
                vec![of.term(term)?, of.index(index)?, of.quorum(acknowledged)?]
            }
            AbstractAction::Apply { server, index } => {
                let node = of.node(server)?;
                let entry = entry_at(&step.before.nodes[&server].log, index);
                let created = entry.map_or(Term::ZERO, |entry| entry.term);
                // What has chosen it is not a part of the action, as nothing depends on which of several it is. If
                // nothing has, it might have been the leader who made the entry.
                let itself = LogPosition { term: created, index };
                let chooser = step.before.chooser_of(index).unwrap_or(itself);
                let created = of.term(created)?;
                let index = of.index(index)?;
                vec![node, index, created, of.term(chooser.term)?, of.index(chooser.index)?]
            }
        })
    }
}

fn entry_at(log: &[Entry<Command>], index: Index) -> Option<&Entry<Command>> {
    log.get(usize::try_from(index.0.checked_sub(1)?).ok()?)
}

/// A structure that is being made.
struct Making<'a> {
    symbols: &'a Symbols,
    shape: &'a Shape,
    universe: &'a Universe,
    tables: Tables,
}

/// The relations that describe a log: which entries, what they carry, how far it reaches.
type LogSymbols = (usize, usize, usize);

impl Making<'_> {
    fn set(&mut self, symbol: usize, arguments: &[Element], value: Element) {
        self.tables.set(self.shape, symbol, arguments, value);
    }

    fn holds(&mut self, symbol: usize, arguments: &[Element]) {
        self.set(symbol, arguments, 1);
    }

    fn orders_and_majorities(&mut self) -> Result<(), NoElement> {
        let (symbols, universe) = (self.symbols, self.universe);
        let last_term = universe.term(universe.last_term)?;
        for term in 0..=last_term {
            (term..=last_term).for_each(|later| self.holds(symbols.tle, &[term, later]));
        }
        let last_index = universe.index(universe.last_index)?;
        for index in 0..=last_index {
            (index..=last_index).for_each(|later| self.holds(symbols.ile, &[index, later]));
        }
        self.set(symbols.t0, &[], universe.term(Term::ZERO)?);
        for (quorum, members) in (0..).zip(&universe.majorities) {
            for server in members.iter() {
                self.holds(symbols.member, &[universe.node(server)?, quorum]);
            }
        }
        Ok(())
    }

    /// A log, of whatever the owner is: `entries` are looked up by owner, index and term.
    fn log(
        &mut self,
        (entries, content, reach): LogSymbols,
        owner: &[Element],
        log: &[Entry<Command>],
    ) -> Result<(), NoElement> {
        for (index, entry) in (1..).map(Index).zip(log) {
            let index = self.universe.index(index)?;
            let term = self.universe.term(entry.term)?;
            let value = self.universe.value(&entry.payload)?;
            let at = |more: &[Element]| [owner, more].concat();
            self.holds(entries, &at(&[index, term]));
            self.set(content, &at(&[index]), value);
            self.holds(reach, &at(&[index]));
        }
        Ok(())
    }

    fn nodes(&mut self, state: &Abstract<Command>) -> Result<(), NoElement> {
        let symbols = self.symbols;
        for (server, node) in &state.nodes {
            let (server, current) = (self.universe.node(*server)?, self.universe.term(node.term)?);
            (0..=current).for_each(|term| self.holds(symbols.seen, &[server, term]));
            (0..current).for_each(|term| self.holds(symbols.left, &[server, term]));
            self.log((symbols.log, symbols.lval, symbols.used), &[server], &node.log)?;
        }
        Ok(())
    }

    fn elections(&mut self, state: &Abstract<Command>) -> Result<(), NoElement> {
        let (symbols, universe) = (self.symbols, self.universe);
        for ((term, voter), candidate) in &state.voted {
            let vote = [universe.node(*voter)?, universe.term(*term)?, universe.node(*candidate)?];
            self.holds(symbols.voted, &vote);
        }
        for ((term, candidate), log) in &state.candidates {
            let standing = [universe.node(*candidate)?, universe.term(*term)?];
            self.holds(symbols.cand, &standing);
            self.log((symbols.clog, symbols.cval, symbols.cused), &standing, log)?;
        }
        for (term, leader) in &state.leaders {
            let term = universe.term(*term)?;
            self.holds(symbols.started, &[term]);
            self.set(symbols.lead, &[term], universe.node(leader.server)?);
            self.set(symbols.vq, &[term], universe.quorum(leader.votes)?);
            self.log((symbols.tlog, symbols.tval, symbols.tused), &[term], &leader.log)?;
        }
        Ok(())
    }

    fn acknowledged_and_chosen(&mut self, state: &Abstract<Command>) -> Result<(), NoElement> {
        let (symbols, universe) = (self.symbols, self.universe);
        for ((term, server), last) in &state.acked {
            let (server, term) = (universe.node(*server)?, universe.term(*term)?);
            for index in 0..=universe.index(*last)? {
                self.holds(symbols.acked, &[server, term, index]);
            }
        }
        for (term, indices) in &state.chosen {
            for (index, acknowledged) in indices {
                let place = [universe.term(*term)?, universe.index(*index)?];
                self.holds(symbols.chosen, &place);
                self.set(symbols.cq, &place, universe.quorum(*acknowledged)?);
            }
        }
        Ok(())
    }

    fn applied(&mut self, state: &Abstract<Command>) -> Result<(), NoElement> {
        let (symbols, universe) = (self.symbols, self.universe);
        for ((server, index), entries) in &state.applied {
            for (chooser, entry) in entries {
                let applied = [
                    universe.node(*server)?,
                    universe.index(*index)?,
                    universe.term(entry.term)?,
                    universe.value(&entry.payload)?,
                    universe.term(chooser.term)?,
                    universe.index(chooser.index)?,
                ];
                self.holds(symbols.applied, &applied);
            }
        }
        Ok(())
    }
}
