//! The specification in Rust and the description in logic allow the same steps.

use crate::walk::{Attempt, Walk, attempts, fresh};
use quorate_core::AbstractAction;
use quorate_proofs::evaluate::{
    Abstraction, Element, Evaluator, Formulas, LONGEST_LOGS, Shape, States, Tables, Universe,
};
use quorate_proofs::{REPLICATION, parse};
use quorate_spec::StepCheck;
use std::collections::BTreeMap;

/// What makes structures of steps, and evaluates them.
pub(crate) struct Judge {
    pub(crate) evaluator: Evaluator,
    pub(crate) abstraction: Abstraction,
}

/// A step as the evaluator sees it.
pub(crate) struct Seen {
    pub(crate) action: usize,
    pub(crate) parameters: Vec<Element>,
    pub(crate) shape: Shape,
    pub(crate) before: Tables,
    pub(crate) after: Tables,
}

impl Seen {
    pub(crate) fn states(&self) -> States<'_> {
        States { shape: &self.shape, before: &self.before, after: &self.after }
    }
}

impl Judge {
    pub(crate) fn of(description: &str) -> Judge {
        let description = parse(description).unwrap_or_else(|problem| panic!("{problem}"));
        let evaluator = Evaluator::new(&description).expect("not too large");
        let abstraction = Abstraction::new(evaluator.vocabulary()).expect("the same vocabulary");
        Judge { evaluator, abstraction }
    }

    /// An attempt as a step; nothing if a parameter is no element of its sort. What is not allowed leads nowhere: then
    /// the state after is the one before.
    pub(crate) fn see(&self, attempt: &Attempt) -> Option<Seen> {
        let after = attempt.result.as_ref().unwrap_or(&attempt.before);
        let step = attempt.step(after);
        let universe = Universe::of_step(&step);
        let parameters = self.abstraction.parameters(&universe, &step).ok()?;
        let shape = self.abstraction.shape(&universe).expect("few elements");
        let structure = |state| self.abstraction.structure(&shape, &universe, state);
        let before = structure(&attempt.before).expect("its own elements");
        let after = structure(after).expect("its own elements");
        let action = self.evaluator.action(attempt.action.name()).expect("the same actions");
        Some(Seen { action, parameters, shape, before, after })
    }
}

/// Guards that the sorts of the parameters stand for.
const SAID_BY_SORTS: [&str; 4] =
    ["is_a_node", "votes_are_a_quorum", "acknowledgers_are_a_quorum", "value_is_given"];

/// Guards that no attempt can break: every server that is named is one, every append has a value, and what is looked up
/// as the chooser of an index is not before it.
const NEVER_BROKEN: [&str; 3] = ["is_a_node", "value_is_given", "index_not_after_chosen"];

/// How often each action was allowed, and each guard forbade one.
#[derive(Default)]
struct Counts {
    allowed: [u64; AbstractAction::NAMES.len()],
    forbidden: BTreeMap<(&'static str, &'static str), u64>,
}

/// Asks both about an attempt.
fn compare(judge: &Judge, attempt: &Attempt, counts: &mut Counts) {
    let name = attempt.action.name();
    let seen = judge.see(attempt);
    match &attempt.result {
        Ok(_) => {
            let seen = seen.expect("what is allowed has elements");
            let step = judge.evaluator.step(seen.action, &seen.parameters, seen.states());
            assert_eq!(step, Ok(()), "{:?}", attempt.action);
            let place = AbstractAction::NAMES.iter().position(|known| *known == name);
            counts.allowed[place.expect("it has a name")] += 1;
        }
        Err(failed) => {
            *counts.forbidden.entry((name, failed.guard)).or_default() += 1;
            let Some(seen) = seen else { return };
            assert!(!SAID_BY_SORTS.contains(&failed.guard), "{:?}: {failed}", attempt.action);
            let mut guards = judge.evaluator.guards(seen.action, &seen.parameters, seen.states());
            let broken = guards.find(|(_, holds)| !holds).map(|(guard, _)| guard);
            assert_eq!(broken, Some(failed.guard), "{:?}: {failed}", attempt.action);
        }
    }
}

#[test]
fn both_allow_the_same_steps_for_the_same_reason() {
    let judge = Judge::of(REPLICATION);
    let mut counts = Counts::default();
    attempts((300, 3_000), 1, |attempt| compare(&judge, attempt, &mut counts));
    let Counts { allowed, forbidden } = counts;
    println!("allowed {allowed:?}, forbidden {forbidden:?}");
    assert!(allowed.iter().all(|count| *count > 100), "{allowed:?}");
    let never = quorate_spec::GUARDS.iter().filter(|guard| {
        let is_known = forbidden.contains_key(&(guard.action, guard.name));
        !is_known && !NEVER_BROKEN.contains(&guard.name)
    });
    let never: Vec<_> = never.map(|guard| (guard.action, guard.name)).collect();
    assert!(never.is_empty(), "guards that never forbade anything: {never:?}");
}

#[test]
fn steps_pass_with_every_claim_and_are_counted() {
    let formulas = Formulas::of(REPLICATION, 3).expect("the description fits");
    for servers in 1..=7 {
        formulas.check_start(&fresh(servers)).expect("nothing has happened");
    }
    let mut taken = 0;
    for seed in 0..60 {
        let mut walk = Walk::new(3 + (seed % 3) as u8, seed);
        for _ in 0..200 {
            let attempt = walk.attempt();
            if let Ok(after) = &attempt.result {
                taken += 1;
                let step = formulas.check_step(&attempt.step(after));
                step.unwrap_or_else(|why| panic!("{:?}: {why}", attempt.action));
            }
        }
    }
    let evaluated = formulas.evaluated();
    println!("{evaluated:?}");
    assert!(evaluated.beyond > 0, "some logs are longer than three entries");
    assert_eq!(evaluated.steps() + evaluated.beyond, taken);
    assert_eq!(evaluated.states, evaluated.steps());
    const { assert!(LONGEST_LOGS > 3) };
}
