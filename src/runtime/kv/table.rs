//! The commands that clients know, each said once.
//!
//! Name, arity, what it does to keys, and the function that reads its arguments stand in one row. The
//! replies of COMMAND, COMMAND COUNT, COMMAND INFO and COMMAND DOCS are made from the rows, as are the
//! errors about numbers of arguments, so none of them can disagree with what the server does.

use crate::parse::{self, Problem};
use crate::session::{Host, Session, Step};
use crate::{Command, Limits, Query};
use crate::{info, local};
use quorate_net::resp::{Request, Value};

/// One command.
pub struct Row {
    /// Its name in small letters.
    pub name: &'static str,
    /// How many arguments it takes, its name included; if negative, at least so many.
    pub arity: i32,
    /// What it does, in the words of Redis: `readonly`, `write`, `fast` and the like.
    pub flags: &'static [&'static str],
    /// The place of its first key, of its last one (counted from the end if negative), and the step
    /// between keys; zeros if it has none.
    pub keys: (i32, i32, i32),
    /// The group it belongs to.
    pub group: &'static str,
    /// The version of Redis that had it first.
    pub since: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    pub(crate) parser: Parser,
}

/// What reads the arguments of a command, once their number is right.
#[derive(Clone, Copy)]
pub(crate) enum Parser {
    /// To ask the store.
    Read(fn(&Request<'_>, &Limits) -> Result<Query, Problem>),
    /// To change the store.
    Write(fn(&Request<'_>, &Limits) -> Result<Command, Problem>),
    /// For the connection itself.
    Local(fn(&mut Session, &Request<'_>, &dyn Host) -> Result<Step, Problem>),
}

const READ: &[&str] = &["readonly", "fast"];
const WRITE: &[&str] = &["write", "denyoom"];
const WRITE_FAST: &[&str] = &["write", "denyoom", "fast"];
const CONNECTION: &[&str] = &["noscript", "loading", "stale", "fast"];
const ADMIN: &[&str] = &["admin", "noscript", "loading", "stale"];
const ONE: (i32, i32, i32) = (1, 1, 1);
const ALL: (i32, i32, i32) = (1, -1, 1);
const NONE: (i32, i32, i32) = (0, 0, 0);

impl Row {
    const fn new(name: &'static str, arity: i32, summary: &'static str, parser: Parser) -> Row {
        let (flags, keys) = match parser {
            Parser::Read(_) => (READ, ONE),
            Parser::Write(_) => (WRITE_FAST, ONE),
            Parser::Local(_) => (CONNECTION, NONE),
        };
        let group = if keys.0 == 0 { "connection" } else { "string" };
        Row { name, arity, flags, keys, group, since: "1.0.0", summary, parser }
    }

    const fn flags(self, flags: &'static [&'static str]) -> Row {
        Row { flags, ..self }
    }

    const fn keys(self, keys: (i32, i32, i32)) -> Row {
        Row { keys, ..self }
    }

    const fn group(self, group: &'static str) -> Row {
        Row { group, ..self }
    }

    const fn since(self, since: &'static str) -> Row {
        Row { since, ..self }
    }

    /// Whether a request with so many arguments, the name included, has a right number of them.
    pub fn takes(&self, arguments: usize) -> bool {
        let needed = usize::try_from(self.arity.unsigned_abs()).unwrap_or(usize::MAX);
        if self.arity < 0 { arguments >= needed } else { arguments == needed }
    }
}

use Parser::{Local, Read, Write};

/// All commands; the usual ones first, for they are looked up in this order.
pub static COMMANDS: &[Row] = &[
    Row::new("get", 2, "Returns the value of a key.", Read(parse::get)),
    Row::new("set", -3, "Gives a key a value, perhaps on a condition.", Write(parse::set))
        .flags(WRITE),
    Row::new("del", -2, "Removes keys.", Write(parse::del))
        .flags(&["write"])
        .keys(ALL)
        .group("generic"),
    Row::new("incr", 2, "Adds one to the integer of a key.", Write(parse::incr)),
    Row::new("mget", -2, "Returns the values of several keys.", Read(parse::mget)).keys(ALL),
    Row::new("mset", -3, "Gives several keys their values at once.", Write(parse::mset))
        .flags(WRITE)
        .keys((1, -1, 2))
        .since("1.0.1"),
    Row::new("exists", -2, "Counts those of the keys that have a value.", Read(parse::exists))
        .keys(ALL)
        .group("generic"),
    Row::new("strlen", 2, "Returns the length of a value.", Read(parse::strlen)).since("2.2.0"),
    Row::new("setnx", 3, "Gives a key a value unless it has one.", Write(parse::setnx)),
    Row::new("getset", 3, "Gives a key a value and returns the one before.", Write(parse::getset)),
    Row::new("incrby", 3, "Adds to the integer of a key.", Write(parse::incrby)),
    Row::new("decr", 2, "Subtracts one from the integer of a key.", Write(parse::decr)),
    Row::new("decrby", 3, "Subtracts from the integer of a key.", Write(parse::decrby)),
    Row::new("append", 3, "Adds bytes to the end of a value.", Write(parse::append)).since("2.0.0"),
    Row::new("dbsize", 1, "Returns the number of keys.", Read(parse::dbsize))
        .keys(NONE)
        .group("server"),
    Row::new("ping", -1, "Returns PONG, or its argument.", Local(local::ping)),
    Row::new("echo", 2, "Returns its argument.", Local(local::echo)),
    Row::new("hello", -1, "Chooses the version of the protocol.", Local(local::hello))
        .since("6.0.0"),
    Row::new("quit", -1, "Closes the connection.", Local(local::quit)),
    Row::new("reset", 1, "Makes the connection as it was at first.", Local(local::reset))
        .since("6.2.0"),
    Row::new("auth", -2, "Is refused: there are no users.", Local(local::auth)),
    Row::new("select", 2, "Selects database 0, the only one.", Local(local::select)),
    Row::new("client", -2, "Tells of connections, and names them.", Local(local::client))
        .since("2.4.0"),
    Row::new("readonly", 1, "Lets this connection read what may be stale.", Local(local::readonly))
        .since("3.0.0")
        .group("cluster"),
    Row::new(
        "readwrite",
        1,
        "Lets this connection read only what is not.",
        Local(local::readwrite),
    )
    .since("3.0.0")
    .group("cluster"),
    Row::new("command", -1, "Tells of commands.", Local(local::command))
        .since("2.8.13")
        .group("server"),
    Row::new("config", -2, "Tells of settings.", Local(local::config))
        .flags(ADMIN)
        .since("2.0.0")
        .group("server"),
    Row::new("info", -1, "Tells how the server is.", Local(info::info))
        .flags(&["loading", "stale"])
        .group("server"),
    Row::new("role", 1, "Tells whether the server leads.", Local(info::role))
        .since("2.8.12")
        .group("server"),
];

/// The command of this name, however it is capitalized.
pub fn find(name: &[u8]) -> Option<&'static Row> {
    COMMANDS.iter().find(|row| row.name.as_bytes().eq_ignore_ascii_case(name))
}

impl Row {
    /// What COMMAND and COMMAND INFO say of it.
    pub fn info(&self) -> Value {
        let words = |words: Vec<String>| {
            Value::Set(words.into_iter().map(|word| Value::Simple(word.into())).collect())
        };
        let is = |flag: &str| self.flags.contains(&flag);
        let group = if self.group == "generic" { "keyspace" } else { self.group };
        let group = if matches!(group, "server" | "cluster") { None } else { Some(group) };
        let access = is("write").then_some("write").or(is("readonly").then_some("read"));
        let admin = is("admin").then_some("admin");
        let speed = if is("fast") { "fast" } else { "slow" };
        let categories = [access, group, admin, Some(speed)];
        let categories = categories.into_iter().flatten().map(|name| format!("@{name}")).collect();
        let (first, last, step) = self.keys;
        let number = |number: i32| Value::Integer(i64::from(number));
        let none = || Value::Array(Vec::new());
        Value::Array(vec![
            Value::bulk(self.name),
            number(self.arity),
            words(self.flags.iter().map(|flag| (*flag).to_string()).collect()),
            number(first),
            number(last),
            number(step),
            words(categories),
            none(),
            none(),
            none(),
        ])
    }

    /// What COMMAND DOCS says of it.
    pub fn docs(&self) -> Value {
        let pairs = [("summary", self.summary), ("since", self.since), ("group", self.group)];
        let pair = |(key, value): (&str, &str)| (Value::bulk(key), Value::bulk(value));
        Value::Map(pairs.into_iter().map(pair).collect())
    }
}
