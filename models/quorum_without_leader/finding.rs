//! How a model is searched, and what may be said afterwards.
//!
//! The searches are breadth first on one thread, so that the first violation is a shortest one, and
//! without any limit of time, depth or number of states. A search then ends for one of two reasons only:
//! every property has been decided by a discovery, or no state is left. stateright's own `is_done` and
//! `assert_properties` do not tell the two apart, so the verdict is computed here from the discoveries.
//!
//! Two traps of the checker shape this file. It overwrites a discovery when it meets another one while it
//! is still waiting for a second property, so a shortest counterexample needs a search for *one* property
//! ([`Question::Consistency`]). And it stops as soon as every property has its discovery, so a search that
//! must visit everything carries a property that is never discovered ([`Question::Facts`]).

use super::history::{History, Violation};
use stateright::{Checker, Expectation, Model, Property};
use std::fmt::Display;
use std::hash::Hash;

/// The property that the models are compared by.
pub const CONSISTENT: &str = "no read goes back";

/// The property that no state discovers, so that a search cannot end before the states do.
const NEVER: &str = "never";

/// What a search is to find out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// Whether every read is consistent; the search ends at the first violation.
    Consistency,
    /// Which statements hold; the search ends when no state is left.
    Facts,
    /// How the statement of this name comes about; the search ends at the first run that shows it.
    Example(&'static str),
}

/// A model of a replicated register that can be asked both questions.
pub trait Register:
    Model<State: RegisterState, Action: Display + Clone + PartialEq> + Send + Sync + 'static
{
    /// Says in words what went wrong on the way that these actions lead.
    fn explain(&self, actions: &[Self::Action], violation: Violation) -> String;
}

/// What a state must offer to be searched and shown.
pub trait RegisterState: Display + Clone + PartialEq + Hash + Send + Sync {
    /// What the clients have seen.
    fn history(&self) -> &History;
}

/// One step of a counterexample, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What happened; at the start, that nothing has.
    pub action: String,
    /// The replicas and the clients afterwards.
    pub state: String,
}

/// A property that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violated {
    /// Its name.
    pub property: &'static str,
    /// What went wrong on the way of the counterexample, and why.
    pub why: String,
}

/// What a search for an inconsistent read has found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How many different states were met.
    pub distinct: usize,
    /// How many states were generated, repetitions included.
    pub generated: usize,
    /// Whether every reachable state was visited; false if the search ended at a violation.
    pub exhausted: bool,
    /// The property that was violated, if one was.
    pub violated: Option<Violated>,
    /// A shortest way to the violation; its first step is the initial state.
    pub counterexample: Option<Vec<Step>>,
}

impl Finding {
    /// Whether every reachable state was visited and none violated the property.
    pub fn holds(&self) -> bool {
        self.exhausted && self.violated.is_none()
    }
}

/// Searches for an inconsistent read. The model must ask for [`Question::Consistency`].
pub fn find_inconsistency<M: Register>(model: M) -> Finding {
    let names: Vec<_> = model.properties().iter().map(|property| property.name).collect();
    assert_eq!(names, [CONSISTENT], "a shortest counterexample needs exactly one property");
    let checker = model.checker().threads(1).spawn_bfs().join();
    let path = checker.discovery(CONSISTENT).map(|path| path.into_vec());
    // The only property is not discovered, and there is no limit: then the search ran out of states.
    let exhausted = path.is_none();
    let violated = path.as_ref().map(|path| {
        let actions: Vec<M::Action> = path.iter().filter_map(|(_, next)| next.clone()).collect();
        let last = path.last().and_then(|(state, _)| state.history().violation());
        let violation = last.expect("a counterexample ends in a violation");
        Violated { property: CONSISTENT, why: checker.model().explain(&actions, violation) }
    });
    Finding {
        distinct: checker.unique_state_count(),
        generated: checker.state_count(),
        exhausted,
        violated,
        counterexample: path.map(|path| tell(&path)),
    }
}

/// Finds a shortest run that shows a statement about some run: each step with what it led to, the initial
/// state first. Nothing if there is none. The model must ask for [`Question::Example`].
pub fn find_example<M: Register>(model: M) -> Option<Vec<Step>> {
    let names: Vec<_> = model.properties().iter().map(|property| property.name).collect();
    let [statement] = names[..] else { panic!("a shortest example needs exactly one property") };
    let checker = model.checker().threads(1).spawn_bfs().join();
    checker.discovery(statement).map(|path| tell(&path.into_vec()))
}

/// Puts a path into words: each action with the state after it.
fn tell<S: Display, A: Display>(path: &[(S, Option<A>)]) -> Vec<Step> {
    // stateright pairs a state with the action that leaves it; here an action goes with its result.
    let befores = std::iter::once(None).chain(path.iter().map(|(_, next)| next.as_ref()));
    let step = |((state, _), before): (&(S, Option<A>), Option<&A>)| Step {
        action: before.map_or("start".to_string(), |action| action.to_string()),
        state: state.to_string(),
    };
    path.iter().zip(befores).map(step).collect()
}

/// A statement about all runs or about some run, and whether it is true.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// The statement.
    pub statement: &'static str,
    /// Whether the search has found it true.
    pub holds: bool,
}

/// What a complete search has decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// How many different states there are.
    pub distinct: usize,
    /// How many states were generated, repetitions included.
    pub generated: usize,
    /// The statements, in the order in which the model lists them.
    pub facts: Vec<Fact>,
}

impl Facts {
    /// Whether every statement is true.
    pub fn hold(&self) -> bool {
        self.facts.iter().all(|fact| fact.holds)
    }

    /// Whether one statement is true; `None` if the model does not make it.
    pub fn holds(&self, statement: &str) -> Option<bool> {
        self.facts.iter().find(|fact| fact.statement == statement).map(|fact| fact.holds)
    }
}

/// Decides every statement of the model by visiting all its states. The model must ask for
/// [`Question::Facts`].
pub fn establish<M: Register>(model: M) -> Facts {
    let checker = model.checker().threads(1).spawn_bfs().join();
    let discoveries = checker.discoveries();
    let properties = checker.model().properties();
    assert!(properties.iter().any(|property| property.name == NEVER), "the search could end early");
    // `never` is not discovered, and there is no limit: then the search ran out of states.
    assert!(!discoveries.contains_key(NEVER), "no state is to be discovered by `never`");
    let decide = |property: &Property<M>| Fact {
        statement: property.name,
        // A discovery is an example for "some run", and a counterexample for "no run".
        holds: match property.expectation {
            Expectation::Sometimes => discoveries.contains_key(property.name),
            Expectation::Always => !discoveries.contains_key(property.name),
            Expectation::Eventually => unreachable!("no model here states an `eventually`"),
        },
    };
    Facts {
        distinct: checker.unique_state_count(),
        generated: checker.state_count(),
        facts: properties.iter().filter(|property| property.name != NEVER).map(decide).collect(),
    }
}

/// The properties that a question needs: `facts` are the model's statements.
pub(super) fn properties<M: Register>(
    question: Question,
    facts: Vec<Property<M>>,
) -> Vec<Property<M>> {
    match question {
        // One property, so that its first discovery is kept and ends the search.
        Question::Consistency => {
            vec![Property::<M>::always(CONSISTENT, |_, state| {
                state.history().violation().is_none()
            })]
        }
        // All statements, and the one that keeps the search going until no state is left.
        Question::Facts => {
            let mut all = facts;
            all.push(Property::sometimes(NEVER, |_, _| false));
            all
        }
        // That statement alone, so that its first discovery is kept and ends the search.
        Question::Example(statement) => {
            facts.into_iter().filter(|property| property.name == statement).collect()
        }
    }
}
