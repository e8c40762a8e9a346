//! The second opinion: the description, asked about every step of a real system.

use super::abstraction::Abstraction;
use super::evaluator::{Evaluator, Exception, States};
use super::messages::{MESSAGES, Sayings};
use super::tables::{Shape, Tables};
use super::universe::Universe;
use crate::{REPLICATION, parse};
use quorate_cluster::{Command, Envelope};
use quorate_core::{AbstractAction, Index};
use quorate_spec::{Abstract, AbstractStep, StepCheck};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The longest logs that are evaluated. Tables grow with the length of logs, by their square where two indices are
/// related.
pub const LONGEST_LOGS: u64 = 8;

/// Evaluates the description of the protocol on every step that it is told of, and on every message.
#[derive(Debug)]
pub struct Formulas {
    evaluator: Evaluator,
    abstraction: Abstraction,
    /// The number of each action, in the order of [`AbstractAction::NAMES`].
    actions: [usize; AbstractAction::NAMES.len()],
    sayings: Sayings,
    longest_logs: u64,
    counts: Counts,
}

/// What has been evaluated so far, by all threads.
#[derive(Debug, Default)]
struct Counts {
    actions: [AtomicU64; AbstractAction::NAMES.len()],
    states: AtomicU64,
    messages: AtomicU64,
    beyond: AtomicU64,
    action_nanoseconds: AtomicU64,
    state_nanoseconds: AtomicU64,
}

/// What has been evaluated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Evaluated {
    /// How many steps of each action, in the order of [`AbstractAction::NAMES`].
    pub actions: [u64; AbstractAction::NAMES.len()],
    /// In how many states, those after the steps, every invariant and every property.
    pub states: u64,
    /// How many messages.
    pub messages: u64,
    /// How many steps and messages were not evaluated, because a log was too long or the structure too large. The
    /// specification alone has looked at those.
    pub beyond: u64,
    /// How long a step took on average, in nanoseconds: to make the two structures and to evaluate the action.
    pub nanoseconds_per_action: u64,
    /// How long all invariants and properties took on average, in nanoseconds.
    pub nanoseconds_per_state: u64,
}

impl Evaluated {
    /// How many steps of any action.
    pub fn steps(&self) -> u64 {
        self.actions.iter().sum()
    }
}

/// Two states as structures.
struct Structures {
    universe: Universe,
    shape: Shape,
    before: Tables,
    after: Tables,
}

impl Formulas {
    /// For the description of the protocol, `proofs/replication.epr`.
    ///
    /// # Errors
    /// What is wrong with the description, or does not fit to the abstract protocol of `quorate-spec`.
    pub fn own() -> Result<Formulas, String> {
        Formulas::of(REPLICATION, LONGEST_LOGS)
    }

    /// For another description in the same words, and for logs of at most this length.
    ///
    /// # Errors
    /// What is wrong with the description, or does not fit to the abstract protocol of `quorate-spec`.
    pub fn of(description: &str, longest_logs: u64) -> Result<Formulas, String> {
        let description = format!("{description}\n{MESSAGES}");
        let description = parse(&description).map_err(|problem| problem.to_string())?;
        let evaluator = Evaluator::new(&description).map_err(|large| large.to_string())?;
        let abstraction = Abstraction::new(evaluator.vocabulary())?;
        let sayings = Sayings::of(&evaluator).ok_or("messages: a definition is missing")?;
        let mut actions = [0; AbstractAction::NAMES.len()];
        for (action, name) in actions.iter_mut().zip(AbstractAction::NAMES) {
            *action = evaluator.action(name).ok_or_else(|| format!("action: no {name}"))?;
        }
        let counts = Counts::default();
        Ok(Formulas { evaluator, abstraction, actions, sayings, longest_logs, counts })
    }

    /// What has been evaluated so far.
    pub fn evaluated(&self) -> Evaluated {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        let actions = std::array::from_fn(|action| read(&counts.actions[action]));
        let (steps, states) = (actions.iter().sum::<u64>(), read(&counts.states));
        Evaluated {
            actions,
            states,
            messages: read(&counts.messages),
            beyond: read(&counts.beyond),
            nanoseconds_per_action: read(&counts.action_nanoseconds) / steps.max(1),
            nanoseconds_per_state: read(&counts.state_nanoseconds) / states.max(1),
        }
    }

    /// Whether this is a state in which nothing has happened, and every claim holds in it.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check_start(&self, state: &Abstract<Command>) -> Result<(), String> {
        let universe = Universe::of_state(state);
        let shape = self.abstraction.shape(&universe).map_err(|large| large.to_string())?;
        let tables = self.abstraction.structure(&shape, &universe, state);
        let tables = tables.map_err(|none| none.to_string())?;
        let in_words = |exception| exception_in_words(&self.evaluator, &universe, &exception);
        self.evaluator.axioms(&shape, &tables).map_err(in_words)?;
        self.evaluator.initial(&shape, &tables).map_err(in_words)?;
        self.evaluator.claims(&shape, &tables).map_err(in_words)
    }

    /// The states before and after a step; nothing if they are too large.
    fn structures(&self, step: &AbstractStep<'_>) -> Result<Option<Structures>, String> {
        let universe = Universe::of_step(step);
        if universe.last_index > Index(self.longest_logs) {
            return Ok(None);
        }
        let Ok(shape) = self.abstraction.shape(&universe) else { return Ok(None) };
        let structure = |state| self.abstraction.structure(&shape, &universe, state);
        let before = structure(step.before).map_err(|none| none.to_string())?;
        let after = structure(step.after).map_err(|none| none.to_string())?;
        Ok(Some(Structures { universe, shape, before, after }))
    }
}

impl StepCheck for Formulas {
    fn check_step(&self, step: &AbstractStep<'_>) -> Result<(), String> {
        let begun = Instant::now();
        let Some(structures) = self.structures(step)? else {
            self.counts.beyond.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let Structures { universe, shape, before, after } = &structures;
        let parameters = self.abstraction.parameters(universe, step);
        let parameters = parameters.map_err(|none| none.to_string())?;
        let name = step.action.name();
        let number = AbstractAction::NAMES.iter().position(|known| *known == name).unwrap_or(0);
        let states = States { shape, before, after };
        let allowed = self.evaluator.step(self.actions[number], &parameters, states);
        allowed.map_err(|refusal| format!("no step of {name}: {refusal}"))?;
        self.counts.actions[number].fetch_add(1, Ordering::Relaxed);
        let evaluated = Instant::now();
        add_time(&self.counts.action_nanoseconds, begun);
        let claims = self.evaluator.claims(shape, after);
        claims.map_err(|exception| exception_in_words(&self.evaluator, universe, &exception))?;
        self.counts.states.fetch_add(1, Ordering::Relaxed);
        add_time(&self.counts.state_nanoseconds, evaluated);
        Ok(())
    }

    fn check_message(&self, state: &Abstract<Command>, envelope: &Envelope) -> Result<(), String> {
        let universe = Universe::of_state(state);
        let shape = self.abstraction.shape(&universe);
        let fits = universe.last_index <= Index(self.longest_logs);
        let Some(shape) = shape.ok().filter(|_| fits) else {
            self.counts.beyond.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let tables = self.abstraction.structure(&shape, &universe, state);
        let tables = tables.map_err(|none| none.to_string())?;
        self.sayings.hold(&self.evaluator, (&shape, &universe, &tables), envelope)?;
        self.counts.messages.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn add_time(total: &AtomicU64, since: Instant) {
    let nanoseconds = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
    total.fetch_add(nanoseconds, Ordering::Relaxed);
}

/// A claim that does not hold, with the names that people use.
fn exception_in_words(evaluator: &Evaluator, universe: &Universe, found: &Exception) -> String {
    let sorts = &evaluator.vocabulary().sorts;
    let values = found.values.iter().map(|(variable, sort, element)| {
        format!("{variable} = {}", universe.in_words(&sorts[*sort], *element))
    });
    let values: Vec<String> = values.collect();
    format!("{} does not hold for {}", found.name, values.join(", "))
}
