//! What there is: the elements of each sort, taken from the states that a structure is made of.
//!
//! The description leaves open how many nodes, terms, indices and values there are. A structure has those that its
//! states speak of: the voters; *every* majority of them, for a description that held only of the majorities met so far
//! would say too little; every term from zero, and every index from one, to the greatest that occurs; the values that
//! stand in logs. What has no element cannot be a parameter: a set of servers that is no majority, say, or index zero.

use quorate_cluster::Command;
use quorate_core::{AbstractAction, Entry, Index, Payload, ServerId, ServerSet, Term};
use quorate_spec::{Abstract, AbstractStep};
use std::fmt;

use super::tables::Element;

/// The elements of each sort: an element's number is its place here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Universe {
    /// The sort `node`.
    pub servers: Vec<ServerId>,
    /// The sort `quorum`.
    pub majorities: Vec<ServerSet>,
    /// The sort `term`: those from zero to this one.
    pub last_term: Term,
    /// The sort `index`: those from one to this one. There is always one, for sorts are not empty.
    pub last_index: Index,
    /// The sort `value`, in their order. There is always one.
    pub values: Vec<Payload<Command>>,
}

/// Something that is no element of the sort that it would have to be of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoElement {
    /// The sort.
    pub sort: &'static str,
    /// What is none of its elements.
    pub what: String,
}

impl fmt::Display for NoElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no {}", self.what, self.sort)
    }
}

impl Universe {
    /// What a state speaks of.
    pub fn of_state(state: &Abstract<Command>) -> Universe {
        let mut universe = Universe::of_voters(state);
        universe.add_state(state);
        universe.end()
    }

    /// What an action, the state before and the state after it speak of.
    pub fn of_step(step: &AbstractStep<'_>) -> Universe {
        let mut universe = Universe::of_voters(step.before);
        universe.add_state(step.before);
        universe.add_state(step.after);
        universe.add_action(step.action);
        universe.values.extend(step.payload.cloned());
        universe.end()
    }

    fn of_voters(state: &Abstract<Command>) -> Universe {
        let servers: Vec<ServerId> = state.configuration.voters().iter().collect();
        let subsets = (0..1_u32 << servers.len()).map(|bits| {
            let members = servers.iter().enumerate().filter(|(at, _)| bits & 1 << at != 0);
            members.map(|(_, server)| *server).collect::<ServerSet>()
        });
        let majorities = subsets.filter(|set| state.configuration.is_quorum(*set)).collect();
        let (last_term, last_index) = (Term::ZERO, Index(1));
        Universe { servers, majorities, last_term, last_index, values: vec![Payload::NoOp] }
    }

    fn add_term(&mut self, term: Term) {
        self.last_term = self.last_term.max(term);
    }

    fn add_index(&mut self, index: Index) {
        self.last_index = self.last_index.max(index);
    }

    fn add_log(&mut self, log: &[Entry<Command>]) {
        self.add_index(Index(log.len() as u64));
        for entry in log {
            self.add_term(entry.term);
            if let Payload::Command(_) = entry.payload {
                self.values.push(entry.payload.clone());
            }
        }
    }

    fn add_state(&mut self, state: &Abstract<Command>) {
        for node in state.nodes.values() {
            self.add_term(node.term);
            self.add_log(&node.log);
        }
        state.voted.keys().for_each(|(term, _)| self.add_term(*term));
        for ((term, _), log) in &state.candidates {
            self.add_term(*term);
            self.add_log(log);
        }
        for (term, leader) in &state.leaders {
            self.add_term(*term);
            self.add_log(&leader.log);
        }
        for ((term, _), index) in &state.acked {
            self.add_term(*term);
            self.add_index(*index);
        }
        for (term, chosen) in &state.chosen {
            self.add_term(*term);
            chosen.keys().for_each(|index| self.add_index(*index));
        }
        for ((_, index), entries) in &state.applied {
            self.add_index(*index);
            for (chooser, entry) in entries {
                self.add_term(chooser.term);
                self.add_index(chooser.index);
                self.add_term(entry.term);
                self.values.push(entry.payload.clone());
            }
        }
    }

    fn add_action(&mut self, action: &AbstractAction) {
        match *action {
            AbstractAction::BumpTerm { term, .. }
            | AbstractAction::BecomeCandidate { term, .. }
            | AbstractAction::GrantVote { term, .. }
            | AbstractAction::BecomeLeader { term, .. } => self.add_term(term),
            AbstractAction::LeaderAppend { term, index }
            | AbstractAction::Commit { term, index, .. } => {
                self.add_term(term);
                self.add_index(index);
            }
            AbstractAction::Replicate { term, previous, last, .. } => {
                self.add_term(term);
                self.add_index(previous);
                self.add_index(last);
            }
            AbstractAction::Apply { index, .. } => self.add_index(index),
        }
    }

    fn end(mut self) -> Universe {
        self.values.sort_unstable();
        self.values.dedup();
        self
    }

    /// The element that a server is.
    ///
    /// # Errors
    /// When it is no voter.
    pub fn node(&self, server: ServerId) -> Result<Element, NoElement> {
        let place = self.servers.iter().position(|known| *known == server);
        element("node", place, || server.to_string())
    }

    /// The element that a set of servers is.
    ///
    /// # Errors
    /// When it is no majority.
    pub fn quorum(&self, servers: ServerSet) -> Result<Element, NoElement> {
        let place = self.majorities.iter().position(|known| *known == servers);
        element("quorum", place, || in_words(servers))
    }

    /// The element that a term is.
    ///
    /// # Errors
    /// When nothing speaks of so late a term.
    pub fn term(&self, term: Term) -> Result<Element, NoElement> {
        let place = usize::try_from(term.0).ok().filter(|_| term <= self.last_term);
        element("term", place, || format!("term {term}"))
    }

    /// The element that an index is.
    ///
    /// # Errors
    /// When it is zero, or nothing speaks of so great an index.
    pub fn index(&self, index: Index) -> Result<Element, NoElement> {
        let place = index.0.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        element("index", place.filter(|_| index <= self.last_index), || format!("index {index}"))
    }

    /// The element that the content of an entry is.
    ///
    /// # Errors
    /// When nothing speaks of it.
    pub fn value(&self, payload: &Payload<Command>) -> Result<Element, NoElement> {
        let place = self.values.binary_search(payload).ok();
        element("value", place, || format!("{payload:?}"))
    }

    /// How many elements a sort has, by its name.
    pub(super) fn size(&self, sort: &str) -> Option<usize> {
        let count = |last: u64| usize::try_from(last).unwrap_or(usize::MAX);
        Some(match sort {
            "node" => self.servers.len(),
            "quorum" => self.majorities.len(),
            "term" => count(self.last_term.0).saturating_add(1),
            "index" => count(self.last_index.0),
            "value" => self.values.len(),
            _ => return None,
        })
    }

    /// An element of a sort as people call it.
    pub(super) fn in_words(&self, sort: &str, element: Element) -> String {
        let at = usize::from(element);
        let known = match sort {
            "node" => self.servers.get(at).map(ToString::to_string),
            "quorum" => self.majorities.get(at).map(|servers| in_words(*servers)),
            "term" => Some(element.to_string()),
            "index" => Some((at + 1).to_string()),
            "value" => self.values.get(at).map(|value| format!("{value:?}")),
            _ => None,
        };
        known.unwrap_or_else(|| (element != 0).to_string())
    }
}

fn in_words(servers: ServerSet) -> String {
    let names: Vec<String> = servers.iter().map(|server| server.to_string()).collect();
    format!("{{{}}}", names.join(", "))
}

fn element(
    sort: &'static str,
    place: Option<usize>,
    what: impl Fn() -> String,
) -> Result<Element, NoElement> {
    let place = place.and_then(|place| Element::try_from(place).ok());
    place.ok_or_else(|| NoElement { sort, what: what() })
}
