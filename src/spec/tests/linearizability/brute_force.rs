//! A checker as simple as the definition: every order of the operations, on the whole object at once.
//!
//! It shares nothing with the real one but the object's `apply`.

use quorate_spec::linearizability::{History, Object, Operation};

/// Whether some order of the operations explains the history.
pub(crate) fn is_linearizable<O: Object>(history: &History<O::Op, O::Answer>) -> bool {
    let operations: Vec<_> = history.operations().map(|(_, operation)| operation).collect();
    let mut keys: Vec<O::Key> =
        operations.iter().flat_map(|operation| O::keys(&operation.op)).collect();
    keys.sort();
    keys.dedup();
    some_order_explains::<O>(&O::initial(&keys), &operations)
}

/// Whether the rest of the operations can follow in some order.
fn some_order_explains<O: Object>(state: &O::State, rest: &[&Operation<O::Op, O::Answer>]) -> bool {
    // Those of unknown outcome need not take effect.
    if rest.iter().all(|operation| operation.completed.is_none()) {
        return true;
    }
    (0..rest.len()).any(|place| {
        let first = rest[place];
        let is_too_early = rest
            .iter()
            .any(|other| other.completed.as_ref().is_some_and(|(at, _)| *at < first.invoked));
        let (next, given) = O::apply(state, &first.op);
        let is_answered_so = first.completed.as_ref().is_none_or(|(_, answer)| *answer == given);
        let mut others = rest.to_vec();
        others.remove(place);
        !is_too_early
            && is_answered_so
            && some_order_explains::<O>(next.as_ref().unwrap_or(state), &others)
    })
}

/// Follows an order, which must explain its operations and must not contradict time.
pub(crate) fn follow<O: Object>(order: &[&Operation<O::Op, O::Answer>]) -> Result<(), String> {
    let mut keys: Vec<O::Key> = order.iter().flat_map(|operation| O::keys(&operation.op)).collect();
    keys.sort();
    keys.dedup();
    let mut state = O::initial(&keys);
    let mut latest_invocation = 0;
    for operation in order {
        let (next, given) = O::apply(&state, &operation.op);
        if let Some((at, answer)) = &operation.completed {
            if *answer != given {
                return Err(format!("{}: answered {answer}, but should be {given}", operation.op));
            }
            if *at < latest_invocation {
                return Err(format!(
                    "{}: it had completed before an earlier one began",
                    operation.op
                ));
            }
        }
        latest_invocation = latest_invocation.max(operation.invoked);
        state = next.unwrap_or(state);
    }
    Ok(())
}
