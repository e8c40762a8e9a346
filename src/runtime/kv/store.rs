//! The store: what commands do.
//!
//! Keys are in order, so that nothing depends on a hasher, and nobody can choose keys that collide. All
//! values are bytes; one that spells an integer can be added to.

use crate::{Bytes, Command, Condition, Failure, Query, Reply};
use quorate_net::resp::parse_integer;
use std::collections::BTreeMap;

/// Keys with their values.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Store {
    values: BTreeMap<Bytes, Bytes>,
}

impl Store {
    /// A store without keys.
    pub fn new() -> Store {
        Store::default()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Does what a command says, and answers it. A command that fails changes nothing.
    pub fn apply(&mut self, command: &Command) -> Reply {
        match command {
            Command::Set { key, value, condition, get } => self.set(key, value, condition, *get),
            Command::SetIfAbsent { key, value } => {
                let is_absent = !self.values.contains_key(key);
                if is_absent {
                    self.put(key, value.clone());
                }
                Reply::Integer(i64::from(is_absent))
            }
            Command::SetMany(pairs) => {
                for (key, value) in pairs {
                    self.put(key, value.clone());
                }
                Reply::Done
            }
            Command::Delete(keys) => {
                count(keys.iter().filter(|key| self.values.remove(*key).is_some()).count())
            }
            Command::Add { key, amount } => self.add(key, *amount),
            Command::Append { key, value, max_length } => self.append(key, value, *max_length),
        }
    }

    /// Answers a query.
    pub fn query(&self, query: &Query) -> Reply {
        match query {
            Query::Get(key) => value(self.values.get(key)),
            Query::GetMany(keys) => {
                Reply::Values(keys.iter().map(|key| self.values.get(key).cloned()).collect())
            }
            Query::Exists(keys) => {
                count(keys.iter().filter(|key| self.values.contains_key(*key)).count())
            }
            Query::Length(key) => count(self.values.get(key).map_or(0, |value| value.len())),
            Query::Size => count(self.values.len()),
        }
    }

    fn set(&mut self, key: &Bytes, new: &Bytes, condition: &Condition, get: bool) -> Reply {
        let before = self.values.get(key).cloned();
        let holds = match condition {
            Condition::Always => true,
            Condition::IfAbsent => before.is_none(),
            Condition::IfPresent => before.is_some(),
            Condition::IfEqual(expected) => before.as_ref() == Some(expected),
        };
        if holds {
            self.put(key, new.clone());
        }
        match (get, holds) {
            (true, _) => value(before.as_ref()),
            (false, true) => Reply::Done,
            (false, false) => Reply::Nothing,
        }
    }

    fn add(&mut self, key: &Bytes, amount: i64) -> Reply {
        let before = self.values.get(key).map_or(Some(0), |value| parse_integer(value));
        let Some(before) = before else { return Reply::Failed(Failure::NotAnInteger) };
        let Some(sum) = before.checked_add(amount) else {
            return Reply::Failed(Failure::Overflow);
        };
        self.put(key, sum.to_string().into_bytes().into());
        Reply::Integer(sum)
    }

    fn append(&mut self, key: &Bytes, more: &Bytes, max_length: u64) -> Reply {
        let before = self.values.get(key).map_or(&[][..], |value| value);
        let length = before.len() + more.len();
        if u64::try_from(length).unwrap_or(u64::MAX) > max_length {
            return Reply::Failed(Failure::TooLong(max_length));
        }
        let whole = if before.is_empty() { more.clone() } else { [before, more].concat().into() };
        self.put(key, whole);
        count(length)
    }

    /// A key that is there already keeps the memory that it has: the log need not be kept for its sake.
    fn put(&mut self, key: &Bytes, value: Bytes) {
        match self.values.get_mut(key) {
            Some(place) => *place = value,
            None => {
                self.values.insert(key.clone(), value);
            }
        }
    }
}

fn value(value: Option<&Bytes>) -> Reply {
    value.map_or(Reply::Nothing, |value| Reply::Value(value.clone()))
}

fn count(count: usize) -> Reply {
    Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
