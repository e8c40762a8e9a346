//! A store of byte strings under byte strings, with a small part of the operations of Redis.

use super::object::{Left, Object, Trace};
use core::fmt;
use std::sync::Arc;

/// A key or a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Bytes(pub Arc<[u8]>);

/// The bytes of a text.
pub fn bytes(text: &str) -> Bytes {
    Bytes(Arc::from(text.as_bytes()))
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// The store.
#[derive(Clone, Copy, Debug)]
pub enum KeyValue {}

/// What clients ask of the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// The value of a key: [`Answer::Value`].
    Get(Bytes),
    /// The values of several keys: [`Answer::Values`].
    GetAll(Vec<Bytes>),
    /// To set a key to a value: [`Answer::Done`].
    Set(Bytes, Bytes),
    /// To set several keys, each to its value: [`Answer::Done`]. Of two values for a key the second stays.
    SetAll(Vec<(Bytes, Bytes)>),
    /// To set a key if it has the expected value: [`Answer::Done`] or [`Answer::NotDone`].
    SetIfEqual {
        /// The key.
        key: Bytes,
        /// The value that it must have.
        expected: Bytes,
        /// The value that it then gets.
        value: Bytes,
    },
    /// To delete keys: [`Answer::Number`], of those that existed.
    Delete(Vec<Bytes>),
    /// To add to the number that is the value of a key, 0 if it has none: [`Answer::Number`], the sum;
    /// [`Answer::NotANumber`] or [`Answer::TooLarge`].
    Increment(Bytes, i64),
}

/// What clients are answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It was done.
    Done,
    /// It was not done, since the value was not the expected one.
    NotDone,
    /// A value, if the key has one.
    Value(Option<Bytes>),
    /// The value of each key.
    Values(Vec<Option<Bytes>>),
    /// A number.
    Number(i64),
    /// Not done, since the value is no decimal number of 64 bits.
    NotANumber,
    /// Not done, since the sum would not be a number of 64 bits.
    TooLarge,
}

/// What the store holds: pairs of keys and values, in the order of the keys.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Contents(Vec<(Bytes, Bytes)>);

impl Contents {
    /// The value of a key, if it has one.
    pub fn get(&self, key: &Bytes) -> Option<&Bytes> {
        let place = self.0.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        Some(&self.0[place].1)
    }

    /// Sets a key to a value.
    pub fn set(&mut self, key: &Bytes, value: &Bytes) {
        match self.0.binary_search_by(|(known, _)| known.cmp(key)) {
            Ok(place) => self.0[place].1 = value.clone(),
            Err(place) => self.0.insert(place, (key.clone(), value.clone())),
        }
    }

    /// Deletes a key; whether it had a value.
    pub fn delete(&mut self, key: &Bytes) -> bool {
        let place = self.0.binary_search_by(|(known, _)| known.cmp(key));
        place.map(|place| self.0.remove(place)).is_ok()
    }

    /// These contents after a change, unless it changes nothing.
    fn changed(&self, change: impl FnOnce(&mut Contents)) -> Option<Contents> {
        let mut after = self.clone();
        change(&mut after);
        (after != *self).then_some(after)
    }

    fn increment(&self, key: &Bytes, by: i64) -> Result<i64, Answer> {
        let number = self.get(key).map_or(Some(0), number).ok_or(Answer::NotANumber)?;
        number.checked_add(by).ok_or(Answer::TooLarge)
    }
}

/// The number that a value is: decimal, without anything around it, not even zeros.
fn number(value: &Bytes) -> Option<i64> {
    let text = core::str::from_utf8(&value.0).ok()?;
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

impl Request {
    /// The keys, as often as they are named.
    fn named(&self) -> Vec<&Bytes> {
        match self {
            Request::Get(key) | Request::Set(key, _) | Request::Increment(key, _) => vec![key],
            Request::SetIfEqual { key, .. } => vec![key],
            Request::GetAll(keys) | Request::Delete(keys) => keys.iter().collect(),
            Request::SetAll(pairs) => pairs.iter().map(|(key, _)| key).collect(),
        }
    }

    const fn is_read(&self) -> bool {
        matches!(self, Request::Get(_) | Request::GetAll(_))
    }
}

impl Object for KeyValue {
    type Key = Bytes;
    type Op = Request;
    type Answer = Answer;
    type Value = Bytes;
    type State = Contents;

    fn keys(op: &Request) -> Vec<Bytes> {
        op.named().into_iter().cloned().collect()
    }

    fn initial(_keys: &[Bytes]) -> Contents {
        Contents::default()
    }

    fn apply(state: &Contents, op: &Request) -> (Option<Contents>, Answer) {
        match op {
            Request::Get(key) => (None, Answer::Value(state.get(key).cloned())),
            Request::GetAll(keys) => {
                (None, Answer::Values(keys.iter().map(|key| state.get(key).cloned()).collect()))
            }
            Request::Set(key, value) => {
                (state.changed(|contents| contents.set(key, value)), Answer::Done)
            }
            Request::SetAll(pairs) => {
                let set_all = |contents: &mut Contents| {
                    pairs.iter().for_each(|(key, value)| contents.set(key, value));
                };
                (state.changed(set_all), Answer::Done)
            }
            Request::SetIfEqual { key, expected, value } => match state.get(key) {
                Some(found) if found == expected => {
                    (state.changed(|contents| contents.set(key, value)), Answer::Done)
                }
                Some(_) | None => (None, Answer::NotDone),
            },
            Request::Delete(keys) => {
                let mut after = state.clone();
                let deleted = keys.iter().filter(|key| after.delete(key)).count();
                ((deleted > 0).then_some(after), Answer::Number(deleted as i64))
            }
            Request::Increment(key, by) => match state.increment(key, *by) {
                Err(refused) => (None, refused),
                Ok(sum) => {
                    let value = bytes(&sum.to_string());
                    (state.changed(|contents| contents.set(key, &value)), Answer::Number(sum))
                }
            },
        }
    }

    fn changes_nothing(op: &Request, answer: &Answer) -> bool {
        match answer {
            Answer::Value(_) | Answer::Values(_) => op.is_read(),
            Answer::NotDone | Answer::NotANumber | Answer::TooLarge => true,
            Answer::Number(deleted) => matches!(op, Request::Delete(_)) && *deleted == 0,
            Answer::Done => false,
        }
    }

    fn traces(op: &Request, answer: Option<&Answer>) -> Vec<Trace<Bytes>> {
        let trace = |saw, left| vec![Trace { key: 0, saw, left }];
        match (op, answer) {
            (Request::Get(_), Some(Answer::Value(seen))) => trace(seen.clone(), Left::Same),
            (Request::GetAll(_), Some(Answer::Values(values))) => {
                let seen = |(key, saw): (usize, &Option<Bytes>)| Trace {
                    key,
                    saw: saw.clone(),
                    left: Left::Same,
                };
                values.iter().enumerate().map(seen).collect()
            }
            (Request::Set(_, value), _) => trace(None, Left::Value(value.clone())),
            (Request::SetAll(pairs), _) => {
                let place = |key: &Bytes| pairs.iter().position(|(named, _)| named == key);
                let left = |(key, value): &(Bytes, Bytes)| Trace {
                    key: place(key).unwrap_or_default(),
                    saw: None,
                    left: Left::Value(value.clone()),
                };
                last_of_each(pairs).map(left).collect()
            }
            (Request::SetIfEqual { expected, value, .. }, Some(Answer::Done)) => {
                trace(Some(expected.clone()), Left::Value(value.clone()))
            }
            (Request::SetIfEqual { value, .. }, None) => trace(None, Left::SameOr(value.clone())),
            (Request::Delete(keys), _) => {
                let left = |key| Trace { key, saw: None, left: Left::Nothing };
                (0..keys.len()).map(left).collect()
            }
            (Request::Increment(_, by), Some(Answer::Number(sum))) => {
                // If the sum is what was added, the key may have had no value.
                let saw = sum.checked_sub(*by).filter(|saw| *saw != 0);
                let value = |number: i64| bytes(&number.to_string());
                trace(saw.map(value), Left::Value(value(*sum)))
            }
            (Request::Increment(..), None) => trace(None, Left::Anything),
            _ => Vec::new(),
        }
    }

    fn notices(by: &Request, answer: Option<&Answer>, of: &Request) -> bool {
        let one = |part: &Request| notices_part(by, answer, part);
        match of {
            Request::SetAll(pairs) => last_of_each(pairs)
                .any(|(key, value)| one(&Request::Set(key.clone(), value.clone()))),
            Request::Delete(keys) => {
                keys.iter().any(|key| one(&Request::Delete(vec![key.clone()])))
            }
            // What changes nothing nobody notices.
            Request::Get(_) | Request::GetAll(_) => false,
            Request::Set(..) | Request::SetIfEqual { .. } | Request::Increment(..) => one(of),
        }
    }
}

/// For each key the pair that stays.
fn last_of_each(pairs: &[(Bytes, Bytes)]) -> impl Iterator<Item = &(Bytes, Bytes)> {
    let is_last = |place: usize| pairs[place + 1..].iter().all(|(key, _)| *key != pairs[place].0);
    pairs.iter().enumerate().filter(move |(place, _)| is_last(*place)).map(|(_, pair)| pair)
}

/// Whether `by` could tell that `of` came before it, which changes one key.
fn notices_part(by: &Request, answer: Option<&Answer>, of: &Request) -> bool {
    let (seen, changed) = (by.named(), of.named());
    // What has other keys commutes.
    if !seen.iter().any(|key| changed.contains(key)) {
        return false;
    }
    match (by, answer) {
        // What overwrites leaves the same without it, and is answered without having looked.
        (Request::Set(..) | Request::SetAll(_), _) | (Request::Delete(_), None) => false,
        (_, None) => !by.is_read(),
        (_, Some(answer)) => !contradicts(by, answer, of),
    }
}

/// Whether `by` is never answered this immediately after `of` has had an effect on its only key.
fn contradicts(by: &Request, answer: &Answer, of: &Request) -> bool {
    let (key, left) = match of {
        Request::Set(key, value) => (key, Some(value)),
        Request::Delete(keys) => (&keys[0], None),
        // Where the value is another than the expected one, it has no effect that could be noticed.
        Request::SetIfEqual { key, value, .. } if by.is_read() => (key, Some(value)),
        _ => return false,
    };
    match (by, answer) {
        (Request::GetAll(keys), Answer::Values(values)) => {
            let mut seen = keys.iter().zip(values);
            seen.any(|(seen, value)| seen == key && value.as_ref() != left)
        }
        // Everything that it looks at is as it was left, so the answer is known.
        _ if by.named().iter().all(|named| *named == key) => {
            let mut contents = Contents::default();
            left.iter().for_each(|value| contents.set(key, value));
            KeyValue::apply(&contents, by).1 != *answer
        }
        _ => false,
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed =
            |keys: &[Bytes]| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        match self {
            Request::Get(key) => write!(f, "GET {key}"),
            Request::GetAll(keys) => write!(f, "MGET {}", listed(keys)),
            Request::Set(key, value) => write!(f, "SET {key} {value}"),
            Request::SetAll(pairs) => {
                let pairs = pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]);
                write!(f, "MSET {}", listed(&pairs.collect::<Vec<_>>()))
            }
            Request::SetIfEqual { key, expected, value } => {
                write!(f, "SET {key} {value} IFEQ {expected}")
            }
            Request::Delete(keys) => write!(f, "DEL {}", listed(keys)),
            Request::Increment(key, by) => write!(f, "INCRBY {key} {by}"),
        }
    }
}

/// A value, or that there is none.
fn value_or_nil(value: &Option<Bytes>) -> String {
    value.as_ref().map_or("nil".into(), ToString::to_string)
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Done => write!(f, "OK"),
            Answer::NotDone => write!(f, "nil"),
            Answer::Value(value) => write!(f, "{}", value_or_nil(value)),
            Answer::Values(values) => {
                let values: Vec<String> = values.iter().map(value_or_nil).collect();
                write!(f, "[{}]", values.join(" "))
            }
            Answer::Number(number) => write!(f, "{number}"),
            Answer::NotANumber => write!(f, "error: not a number"),
            Answer::TooLarge => write!(f, "error: too large"),
        }
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "nothing");
        }
        let pairs: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        write!(f, "{}", pairs.join(" "))
    }
}
