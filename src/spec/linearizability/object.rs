//! What an object is: the sequential specification that a concurrent history is compared with.

use core::fmt::Display;
use core::hash::Hash;

/// A sequential object: operations that, one after the other, change a state and are answered.
///
/// Answers are a function of the state. The last four functions only make the search shorter: their
/// defaults are always right, and what an implementation may say is their contract.
pub trait Object {
    /// What operations act on. Operations that have no key in common must not influence each other.
    type Key: Clone + Ord + Display;
    /// What clients ask.
    type Op: Display;
    /// What they are answered.
    type Answer: PartialEq + Display;
    /// A value that a key can have in the eyes of [`Object::traces`].
    type Value: Ord;
    /// The state of some keys.
    type State: Clone + Eq + Hash + Display;

    /// The keys on which the effect and the answer of an operation depend, and which it changes.
    fn keys(op: &Self::Op) -> Vec<Self::Key>;

    /// The state of these keys before the first operation.
    fn initial(keys: &[Self::Key]) -> Self::State;

    /// The state after an operation, or nothing if it is the same, and the operation's answer.
    fn apply(state: &Self::State, op: &Self::Op) -> (Option<Self::State>, Self::Answer);

    /// Whether an operation that is answered this has not changed the state, whatever the state was.
    ///
    /// It may be affirmed only if in every state in which `op` is answered `answer` the state stays as it is.
    fn changes_nothing(_op: &Self::Op, _answer: &Self::Answer) -> bool {
        false
    }

    /// Whether `by` could tell that `of` took effect at some time before it. `answer` is what `by` was
    /// answered, if that is known.
    ///
    /// It may be denied only if `of` is the same as some operations one after the other, perhaps only itself,
    /// for each of which the following holds in *every* state s: if after `of` the operation `by`
    /// would be answered `answer` (or if that is not known), then in s itself it would be answered the same,
    /// and the state after `of` and then `by` is the one after `by` alone, or after `by` and then `of`.
    fn notices(_by: &Self::Op, _answer: Option<&Self::Answer>, _of: &Self::Op) -> bool {
        true
    }

    /// What an operation with this answer, if the answer is known, certainly saw and left. Every key that
    /// it may change must be named, and no value that is there before the first operation.
    fn traces(_op: &Self::Op, _answer: Option<&Self::Answer>) -> Vec<Trace<Self::Value>> {
        Vec::new()
    }

    /// Whether operations could lead from this state to one in which `op` is answered `answer`.
    ///
    /// It may be denied only if no operations of the object whatsoever lead there.
    fn reaches(_state: &Self::State, _op: &Self::Op, _answer: &Self::Answer) -> bool {
        true
    }
}

/// What an operation saw and left at one of its keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trace<V> {
    /// The place of the key in [`Object::keys`].
    pub key: usize,
    /// The value that the key certainly had immediately before, if that is known.
    pub saw: Option<V>,
    /// What it leaves if it takes effect.
    pub left: Left<V>,
}

/// What an operation leaves at a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left<V> {
    /// What was there.
    Same,
    /// This value.
    Value(V),
    /// No value.
    Nothing,
    /// What was there, or this value.
    SameOr(V),
    /// Whatever; nothing is known.
    Anything,
}
