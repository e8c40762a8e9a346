//! What must come before what, seen in advance.
//!
//! Much of what a search would find out by trying follows from values that only one operation ever supplied.
//! If a key had a value that only u supplied when r looked, then nothing that certainly gives the key
//! another value stands between u and r. So an operation w which does that, and stands before r, stands
//! before u. It stands before r if w has completed, or somebody has seen a value that only w supplied, before r
//! was invoked. (It is how Gibbons and Korach decide in one pass whether the history of one register whose
//! values are all different is linearizable \[GibbonsKorach97\].)
//!
//! This says nothing that is not true of *every* order which explains the history. So the search may refuse
//! to place u while w has not been placed, and loses no order by it. What it gains is that a wrong order of
//! writes is refused when it is tried, and not many operations later when somebody reads.

use super::object::{Left, Object, Trace};
use super::timeline::{Event, Recorded};
use std::collections::BTreeMap;

/// The place of the invocation and of the completion of an operation among the events; of the completion
/// the last place of all if it does not complete.
pub(super) type Span = (usize, usize);

/// A value of a key, as a number.
type Value = usize;

/// What is known of the value of a key.
struct Known {
    key: usize,
    /// Who may have supplied it; only whether it is none, one or more matters.
    suppliers: Vec<u32>,
    /// The last place at which somebody is invoked who saw it, and the first at which such a one completes.
    seen: Option<(usize, usize)>,
}

/// What an operation leaves at a key.
struct Leaves {
    key: usize,
    /// The value, if it is one that can be seen.
    value: Option<Value>,
    /// Whether it certainly leaves that, if it takes effect.
    is_sure: bool,
}

/// The numbers of values, and what operations leave.
struct Values {
    known: Vec<Known>,
    leaves: Vec<Vec<Leaves>>,
    /// Whether a key may have been given any value.
    is_unsure: Vec<bool>,
}

/// For each operation those that must come before it, of those that are open at the same time.
pub(super) fn precedence<O: Object>(
    operations: &[&Recorded<O>],
    keys: &[Vec<usize>],
    spans: &[Span],
    events: &[Event],
) -> Vec<Vec<u32>> {
    let values = values::<O>(operations, keys, spans);
    // When an operation has certainly taken effect.
    let effective = |op: usize| {
        let leaves = values.leaves[op].iter().filter_map(|leaves| leaves.value);
        let seen = leaves.filter_map(|value| values.seen_of_only_supplier(value));
        seen.map(|(_, completed)| completed).fold(spans[op].1, usize::min)
    };
    let effective: Vec<usize> = (0..operations.len()).map(effective).collect();
    let must_precede = |w: u32, u: u32| {
        values.leaves[u as usize].iter().any(|left| {
            let seen = left.value.and_then(|value| values.seen_of_only_supplier(value));
            let is_over = seen.is_some_and(|(invoked, _)| effective[w as usize] < invoked);
            let mut others = values.leaves[w as usize].iter();
            is_over
                && others.any(|other| {
                    other.is_sure && other.key == left.key && other.value != left.value
                })
        })
    };
    let mut before = vec![Vec::new(); operations.len()];
    let mut open: Vec<u32> = Vec::new();
    for event in events {
        match *event {
            Event::Complete(op) | Event::Retire(op) => open.retain(|other| *other != op),
            Event::Invoke(op) => {
                for other in &open {
                    if must_precede(op, *other) {
                        before[*other as usize].push(op);
                    }
                    if must_precede(*other, op) {
                        before[op as usize].push(*other);
                    }
                }
                open.push(op);
            }
        }
    }
    before
}

impl Values {
    /// Between where a value was seen, if only one operation can have supplied it.
    fn seen_of_only_supplier(&self, value: Value) -> Option<(usize, usize)> {
        let Known { key, suppliers, seen } = &self.known[value];
        seen.filter(|_| suppliers.len() == 1 && !self.is_unsure[*key])
    }
}

fn values<O: Object>(operations: &[&Recorded<O>], keys: &[Vec<usize>], spans: &[Span]) -> Values {
    let number_of_keys = keys.iter().flatten().max().map_or(0, |last| last + 1);
    let (known, leaves) = (Vec::new(), Vec::new());
    let mut values = Values { known, leaves, is_unsure: vec![false; number_of_keys] };
    let mut numbers: BTreeMap<(usize, O::Value), Value> = BTreeMap::new();
    for (op, operation) in (0..).zip(operations) {
        let answer = operation.completed.as_ref().map(|(_, answer)| answer);
        let mut leaves = Vec::new();
        for Trace { key, saw, left } in O::traces(&operation.op, answer) {
            let Some(key) = keys[op as usize].get(key).copied() else { continue };
            let mut number = |value: O::Value, known: &mut Vec<Known>| {
                *numbers.entry((key, value)).or_insert_with(|| {
                    known.push(Known { key, suppliers: Vec::new(), seen: None });
                    known.len() - 1
                })
            };
            if let Some(saw) = saw {
                let (invoked, completed) = spans[op as usize];
                let value = number(saw, &mut values.known);
                let seen = values.known[value].seen.get_or_insert((invoked, completed));
                *seen = (seen.0.max(invoked), seen.1.min(completed));
            }
            let (value, is_sure) = match left {
                Left::Same => continue,
                Left::Anything => {
                    values.is_unsure[key] = true;
                    continue;
                }
                Left::Nothing => (None, true),
                Left::Value(value) => (Some(number(value, &mut values.known)), true),
                Left::SameOr(value) => (Some(number(value, &mut values.known)), false),
            };
            if let Some(value) = value {
                values.known[value].suppliers.push(op);
            }
            leaves.push(Leaves { key, value, is_sure });
        }
        values.leaves.push(leaves);
    }
    values
}
