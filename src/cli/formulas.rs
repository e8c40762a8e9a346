//! The formulas that solvers prove, evaluated while a model is explored or a cluster simulated.

use super::text::grouped;
use quorate_core::AbstractAction;
use quorate_proofs::evaluate::{Evaluated, Formulas, LONGEST_LOGS};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The formulas of this project's own description.
pub(super) fn prepared() -> Arc<Formulas> {
    Arc::new(Formulas::own().expect("the description that this command was built with fits"))
}

/// What was evaluated, in words.
pub(super) fn in_words(evaluated: &Evaluated) -> String {
    let Evaluated { states, messages, beyond, .. } = *evaluated;
    let microseconds = |nanoseconds: u64| format!("{:.1} us", nanoseconds as f64 / 1e3);
    let mut text = format!(
        "{} abstract actions, {} each; every invariant in {} states, {} each; {} messages",
        grouped(evaluated.steps()),
        microseconds(evaluated.nanoseconds_per_action),
        grouped(states),
        microseconds(evaluated.nanoseconds_per_state),
        grouped(messages),
    );
    if beyond > 0 {
        text.push_str(&format!(
            "; {} actions and messages NOT evaluated, with more than {LONGEST_LOGS} entries or too many terms",
            grouped(beyond)
        ));
    }
    text
}

/// What was evaluated, as one object.
pub(super) fn json(evaluated: &Evaluated) -> Value {
    let actions = AbstractAction::NAMES.into_iter().zip(evaluated.actions);
    let actions: Map<String, Value> =
        actions.map(|(name, count)| (name.to_owned(), json!(count))).collect();
    json!({
        "actions": actions,
        "states": evaluated.states,
        "messages": evaluated.messages,
        "not_evaluated": evaluated.beyond,
        "nanoseconds_per_action": evaluated.nanoseconds_per_action,
        "nanoseconds_per_state": evaluated.nanoseconds_per_state,
    })
}
