//! Reading the arguments of commands.
//!
//! Each function is called with a right number of arguments, and gives what the store is asked, or the
//! error that a user of Redis expects.

use crate::limits::TooLarge;
use crate::{Bytes, Command, Condition, Limits, Query};
use quorate_net::resp::{Request, parse_integer};
use std::borrow::Cow;

/// What is wrong with a request: a code in capitals and a text.
pub(crate) type Problem = Cow<'static, str>;

pub(crate) const SYNTAX: Problem = Cow::Borrowed("ERR syntax error");
pub(crate) const NOT_AN_INTEGER: Problem =
    Cow::Borrowed("ERR value is not an integer or out of range");

pub(crate) fn wrong_number(command: &str) -> Problem {
    format!("ERR wrong number of arguments for '{command}' command").into()
}

/// The argument at a place that the arity guarantees.
pub(crate) fn argument<'a>(request: &Request<'a>, place: usize) -> &'a [u8] {
    request.get(place).unwrap_or_default()
}

pub(crate) fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}

fn checked(bytes: &[u8], what: &'static str, limit: usize) -> Result<Bytes, Problem> {
    let length = bytes.len();
    if length > limit {
        return Err(TooLarge { what, length, limit }.to_string().into());
    }
    Ok(bytes.into())
}

fn key(request: &Request<'_>, limits: &Limits) -> Result<Bytes, Problem> {
    checked(argument(request, 1), "key", limits.key)
}

fn value(bytes: &[u8], limits: &Limits) -> Result<Bytes, Problem> {
    checked(bytes, "value", limits.value)
}

/// All arguments after the name, as keys.
fn keys(request: &Request<'_>, limits: &Limits) -> Result<Vec<Bytes>, Problem> {
    fits(request, limits)?;
    request.iter().skip(1).map(|bytes| checked(bytes, "key", limits.key)).collect()
}

/// Whether everything together is not too much for one entry.
fn fits(request: &Request<'_>, limits: &Limits) -> Result<(), Problem> {
    // Each argument takes a few bytes more for its length.
    let length = request.iter().map(|bytes| bytes.len() + 4).sum();
    let (what, limit) = ("command", limits.command);
    if length > limit {
        return Err(TooLarge { what, length, limit }.to_string().into());
    }
    Ok(())
}

fn integer(bytes: &[u8]) -> Result<i64, Problem> {
    parse_integer(bytes).ok_or(NOT_AN_INTEGER)
}

pub(crate) fn get(request: &Request<'_>, limits: &Limits) -> Result<Query, Problem> {
    key(request, limits).map(Query::Get)
}

pub(crate) fn mget(request: &Request<'_>, limits: &Limits) -> Result<Query, Problem> {
    keys(request, limits).map(Query::GetMany)
}

pub(crate) fn exists(request: &Request<'_>, limits: &Limits) -> Result<Query, Problem> {
    keys(request, limits).map(Query::Exists)
}

pub(crate) fn strlen(request: &Request<'_>, limits: &Limits) -> Result<Query, Problem> {
    key(request, limits).map(Query::Length)
}

pub(crate) fn dbsize(_: &Request<'_>, _: &Limits) -> Result<Query, Problem> {
    Ok(Query::Size)
}

/// `SET key value [NX | XX | IFEQ value] [GET]`, the options in any order \[Redis25\].
pub(crate) fn set(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    fits(request, limits)?;
    let (mut condition, mut get) = (Condition::Always, false);
    let mut options = request.iter().skip(3);
    while let Some(option) = options.next() {
        let next = if is(option, "nx") {
            Condition::IfAbsent
        } else if is(option, "xx") {
            Condition::IfPresent
        } else if is(option, "ifeq") {
            Condition::IfEqual(options.next().ok_or(SYNTAX)?.into())
        } else if is(option, "get") {
            get = true;
            continue;
        } else {
            return Err(unknown_option(option));
        };
        // Redis takes the same word twice, but not two different ones; two values to compare with are
        // different ones.
        let is_repeated = next == condition && !matches!(next, Condition::IfEqual(_));
        if condition != Condition::Always && !is_repeated {
            return Err(SYNTAX);
        }
        condition = next;
    }
    let (key, value) = (key(request, limits)?, value(argument(request, 2), limits)?);
    Ok(Command::Set { key, value, condition, get })
}

/// An option of Redis that this store lacks is named, so that nobody looks for a typing error.
fn unknown_option(option: &[u8]) -> Problem {
    let expiry = ["ex", "px", "exat", "pxat", "keepttl"];
    let conditions = ["ifne", "ifdeq", "ifdne"];
    let name = || String::from_utf8_lossy(option).to_uppercase();
    if expiry.iter().any(|word| is(option, word)) {
        format!("ERR SET option {} is not supported: keys do not expire here", name()).into()
    } else if conditions.iter().any(|word| is(option, word)) {
        format!("ERR SET option {} is not supported: use NX, XX or IFEQ", name()).into()
    } else {
        SYNTAX
    }
}

pub(crate) fn setnx(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    let (key, value) = (key(request, limits)?, value(argument(request, 2), limits)?);
    Ok(Command::SetIfAbsent { key, value })
}

pub(crate) fn getset(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    let (key, value) = (key(request, limits)?, value(argument(request, 2), limits)?);
    Ok(Command::Set { key, value, condition: Condition::Always, get: true })
}

pub(crate) fn mset(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    if request.len().is_multiple_of(2) {
        return Err(wrong_number("mset"));
    }
    fits(request, limits)?;
    let mut arguments = request.iter().skip(1);
    let mut pairs = Vec::with_capacity(request.len() / 2);
    while let (Some(name), Some(bytes)) = (arguments.next(), arguments.next()) {
        pairs.push((checked(name, "key", limits.key)?, value(bytes, limits)?));
    }
    Ok(Command::SetMany(pairs))
}

pub(crate) fn del(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    keys(request, limits).map(Command::Delete)
}

pub(crate) fn incr(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    Ok(Command::Add { key: key(request, limits)?, amount: 1 })
}

pub(crate) fn decr(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    Ok(Command::Add { key: key(request, limits)?, amount: -1 })
}

pub(crate) fn incrby(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    Ok(Command::Add { key: key(request, limits)?, amount: integer(argument(request, 2))? })
}

pub(crate) fn decrby(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    let amount = integer(argument(request, 2))?;
    let amount = amount.checked_neg().ok_or("ERR decrement would overflow")?;
    Ok(Command::Add { key: key(request, limits)?, amount })
}

pub(crate) fn append(request: &Request<'_>, limits: &Limits) -> Result<Command, Problem> {
    let (key, value) = (key(request, limits)?, value(argument(request, 2), limits)?);
    let max_length = u64::try_from(limits.value).unwrap_or(u64::MAX);
    Ok(Command::Append { key, value, max_length })
}
