//! Transactions, which there are none of, and how they are refused.
//!
//! A library sends MULTI, the commands and EXEC at once, without waiting. If MULTI were an unknown command,
//! those behind it would take effect one by one, and the error of EXEC would read as if nothing had. So a
//! transaction goes as in Redis one goes whose commands are all wrong, which every library knows: MULTI is
//! answered OK, each command is refused and says why, and EXEC discards what there is, which is nothing.
//! An error of MULTI itself is not known to all: the crate `redis` counts from it and ends below zero.

use crate::parse::{Problem, argument, is};
use crate::session::{Session, Step};
use quorate_net::resp::{Request, Value};

const NESTED: Problem = Problem::Borrowed("ERR MULTI calls can not be nested");
const INSIDE: Problem = Problem::Borrowed(
    "ERR transactions are not supported; nothing between MULTI and EXEC or DISCARD has an effect",
);
const EXEC: Problem = Problem::Borrowed(
    "EXECABORT Transaction discarded because transactions are not supported; nothing had an effect",
);
const WATCH: Problem =
    Problem::Borrowed("ERR transactions are not supported, nor is WATCH; try SET with IFEQ");

/// What becomes of a request behind a MULTI; nothing if it is one that does more than end that.
pub(crate) fn inside(
    session: &mut Session,
    request: &Request<'_>,
) -> Option<Result<Step, Problem>> {
    let is = |word: &str| is(argument(request, 0), word);
    if is("reset") || is("quit") {
        return None;
    }
    session.is_refusing = !(is("exec") || is("discard"));
    Some(match () {
        () if is("exec") => Err(EXEC),
        () if is("discard") => Ok(Step::Answer(Value::OK)),
        () if is("multi") => Err(NESTED),
        () => Err(INSIDE),
    })
}

/// What becomes of a request that belongs to transactions, anywhere else; nothing if it does not.
pub(crate) fn outside(
    session: &mut Session,
    request: &Request<'_>,
) -> Option<Result<Step, Problem>> {
    let is = |word: &str| is(argument(request, 0), word);
    session.is_refusing = is("multi");
    match () {
        () if is("multi") => Some(Ok(Step::Answer(Value::OK))),
        () if is("watch") => Some(Err(WATCH)),
        () if is("exec") => Some(Err("ERR EXEC without MULTI".into())),
        () if is("discard") => Some(Err("ERR DISCARD without MULTI".into())),
        () => None,
    }
}
