//! Commands for the connection itself and about the server; no key is touched.

use crate::parse::{NOT_AN_INTEGER, Problem, SYNTAX, argument, is, wrong_number};
use crate::session::{Host, Session, Step, shown};
use crate::table::{self, Row};
use quorate_net::resp::{Protocol, Request, Value, parse_integer};

type Outcome = Result<Step, Problem>;

/// The version of Redis whose manners these are.
pub(crate) const MANNERS: &str = "7.0.0";

fn answer(value: Value) -> Outcome {
    Ok(Step::Answer(value))
}

pub(crate) fn ping(_: &mut Session, request: &Request<'_>, _: &dyn Host) -> Outcome {
    match request.len() {
        1 => answer(Value::Simple("PONG".into())),
        2 => answer(Value::Bulk(argument(request, 1).to_vec())),
        _ => Err(wrong_number("ping")),
    }
}

pub(crate) fn echo(_: &mut Session, request: &Request<'_>, _: &dyn Host) -> Outcome {
    answer(Value::Bulk(argument(request, 1).to_vec()))
}

pub(crate) fn quit(_: &mut Session, _: &Request<'_>, _: &dyn Host) -> Outcome {
    Ok(Step::Quit(Value::OK))
}

pub(crate) fn reset(session: &mut Session, _: &Request<'_>, _: &dyn Host) -> Outcome {
    session.protocol = Protocol::Resp2;
    session.is_readonly = false;
    session.is_refusing = false;
    session.name.clear();
    answer(Value::Simple("RESET".into()))
}

pub(crate) fn select(_: &mut Session, request: &Request<'_>, _: &dyn Host) -> Outcome {
    match parse_integer(argument(request, 1)) {
        Some(0) => answer(Value::OK),
        Some(_) => Err("ERR DB index is out of range".into()),
        None => Err(NOT_AN_INTEGER),
    }
}

/// `AUTH [user] password`: what Redis says when it has no passwords.
pub(crate) fn auth(_: &mut Session, request: &Request<'_>, _: &dyn Host) -> Outcome {
    Err(match request.len() {
        2 => "ERR AUTH <password> called without any password configured for the default user. \
              Are you sure your configuration is correct?"
            .into(),
        3 => "WRONGPASS invalid username-password pair or user is disabled.".into(),
        _ => SYNTAX,
    })
}

pub(crate) fn readonly(session: &mut Session, _: &Request<'_>, _: &dyn Host) -> Outcome {
    session.is_readonly = true;
    answer(Value::OK)
}

pub(crate) fn readwrite(session: &mut Session, _: &Request<'_>, _: &dyn Host) -> Outcome {
    session.is_readonly = false;
    answer(Value::OK)
}

/// `HELLO [version [AUTH user password] [SETNAME name]]`. Nothing changes if anything is wrong.
pub(crate) fn hello(session: &mut Session, request: &Request<'_>, host: &dyn Host) -> Outcome {
    let protocol = match request.get(1).map(parse_integer) {
        None => session.protocol,
        Some(Some(2)) => Protocol::Resp2,
        Some(Some(3)) => Protocol::Resp3,
        Some(Some(_)) => return Err("NOPROTO unsupported protocol version".into()),
        Some(None) => {
            return Err("ERR Protocol version is not an integer or out of range".into());
        }
    };
    let mut name = None;
    let mut options = request.iter().skip(2);
    while let Some(option) = options.next() {
        let left = options.len();
        if is(option, "setname") && left >= 1 {
            name = options.next();
        } else if is(option, "auth") && left >= 2 {
            return Err(
                "WRONGPASS this server has no users and no passwords; leave AUTH out".into()
            );
        } else {
            let option = shown(option, 128);
            return Err(format!("ERR Syntax error in HELLO option '{option}'").into());
        }
    }
    if let Some(name) = name {
        session.name = checked_name(name, "Client names")?;
    }
    session.protocol = protocol;
    let number = if protocol == Protocol::Resp2 { 2 } else { 3 };
    let role = if host.info().is_leader { "master" } else { "replica" };
    let id = i64::try_from(session.id).unwrap_or(i64::MAX);
    answer(Value::Map(vec![
        (Value::bulk("server"), Value::bulk("quorate")),
        (Value::bulk("version"), Value::bulk(MANNERS)),
        (Value::bulk("proto"), Value::Integer(number)),
        (Value::bulk("id"), Value::Integer(id)),
        (Value::bulk("mode"), Value::bulk("standalone")),
        (Value::bulk("role"), Value::bulk(role)),
        (Value::bulk("modules"), Value::Array(Vec::new())),
    ]))
}

/// A name without spaces, so that it can stand in a line of CLIENT LIST.
fn checked_name(name: &[u8], what: &str) -> Result<Vec<u8>, Problem> {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Ok(name.to_vec());
    }
    Err(format!("ERR {what} cannot contain spaces, newlines or special characters.").into())
}

/// What Redis says about a part of a command that it does not know.
fn unknown_part(command: &str, request: &Request<'_>) -> Problem {
    let part = shown(argument(request, 1), 128);
    format!("ERR unknown subcommand '{part}'. Try {command} HELP.").into()
}

/// Whether the part of a command is this one, and its number of arguments, both names included, is right.
fn is_part(
    request: &Request<'_>,
    command: &str,
    part: &str,
    arguments: std::ops::RangeInclusive<usize>,
) -> Result<bool, Problem> {
    if !is(argument(request, 1), part) {
        return Ok(false);
    }
    if !arguments.contains(&request.len()) {
        return Err(wrong_number(&format!("{command}|{part}")));
    }
    Ok(true)
}

/// The answer to `HELP`: a line each.
fn help(lines: &[&'static str]) -> Outcome {
    answer(Value::Array(lines.iter().map(|line| Value::Simple((*line).into())).collect()))
}

pub(crate) fn client(session: &mut Session, request: &Request<'_>, host: &dyn Host) -> Outcome {
    let part = |part: &str, arguments| is_part(request, "client", part, arguments);
    if part("id", 2..=2)? {
        return answer(Value::Integer(i64::try_from(session.id).unwrap_or(i64::MAX)));
    }
    if part("getname", 2..=2)? {
        let name = session.name.clone();
        return answer(if name.is_empty() { Value::Null } else { Value::Bulk(name) });
    }
    if part("setname", 3..=3)? {
        session.name = checked_name(argument(request, 2), "Client names")?;
        return answer(Value::OK);
    }
    if part("setinfo", 4..=4)? {
        let (attribute, value) = (argument(request, 2), argument(request, 3));
        if is(attribute, "lib-name") {
            session.library = checked_name(value, "lib-name")?;
        } else if is(attribute, "lib-ver") {
            session.library_version = checked_name(value, "lib-ver")?;
        } else {
            let attribute = shown(attribute, 128);
            return Err(format!("ERR Unrecognized option '{attribute}'").into());
        }
        return answer(Value::OK);
    }
    // Nothing is evicted, and nothing is kept of when a key was last used.
    if part("no-evict", 3..=3)? || part("no-touch", 3..=3)? {
        let is_known = ["on", "off"].iter().any(|word| is(argument(request, 2), word));
        return if is_known { answer(Value::OK) } else { Err(SYNTAX) };
    }
    if part("info", 2..=2)? {
        return answer(Value::Text(session.describe() + "\n"));
    }
    if part("list", 2..=2)? {
        let lines = std::iter::once(session.describe()).chain(host.clients_but(session.id));
        let lines = lines.map(|line| line + "\n");
        return answer(Value::Text(lines.collect()));
    }
    if part("help", 2..=2)? {
        return help(&[
            "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
            "GETNAME",
            "ID",
            "INFO",
            "LIST",
            "NO-EVICT (ON|OFF)",
            "NO-TOUCH (ON|OFF)",
            "SETINFO <LIB-NAME name | LIB-VER version>",
            "SETNAME <name>",
        ]);
    }
    Err(unknown_part("CLIENT", request))
}

pub(crate) fn command(_: &mut Session, request: &Request<'_>, _: &dyn Host) -> Outcome {
    let all = || table::COMMANDS.iter();
    if request.len() == 1 {
        return answer(Value::Array(all().map(Row::info).collect()));
    }
    let part = |part: &str, arguments| is_part(request, "command", part, arguments);
    let named = || request.iter().skip(2);
    if part("count", 2..=2)? {
        return answer(Value::Integer(i64::try_from(table::COMMANDS.len()).unwrap_or(i64::MAX)));
    }
    if part("info", 2..=usize::MAX)? {
        let info = |row: Option<&Row>| row.map_or(Value::Null, Row::info);
        let rows: Vec<Value> = match request.len() {
            2 => all().map(Row::info).collect(),
            _ => named().map(|name| info(table::find(name))).collect(),
        };
        return answer(Value::Array(rows));
    }
    if part("docs", 2..=usize::MAX)? {
        let docs = |row: &Row| (Value::bulk(row.name), row.docs());
        let rows = match request.len() {
            2 => all().map(docs).collect(),
            _ => named().filter_map(table::find).map(docs).collect(),
        };
        return answer(Value::Map(rows));
    }
    if part("list", 2..=usize::MAX)? {
        if request.len() > 2 {
            return Err(SYNTAX);
        }
        return answer(Value::Array(all().map(|row| Value::bulk(row.name)).collect()));
    }
    if part("help", 2..=2)? {
        return help(&[
            "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
            "(no subcommand)",
            "COUNT",
            "DOCS [<command> ...]",
            "INFO [<command> ...]",
            "LIST",
        ]);
    }
    Err(unknown_part("COMMAND", request))
}

pub(crate) fn config(_: &mut Session, request: &Request<'_>, host: &dyn Host) -> Outcome {
    if is_part(request, "config", "get", 3..=usize::MAX)? {
        let is_wanted = |name: &str| {
            let mut patterns = request.iter().skip(2);
            patterns.any(|pattern| matches(&pattern.to_ascii_lowercase(), name.as_bytes()))
        };
        let settings = host.settings().into_iter().filter(|(name, _)| is_wanted(name));
        let pair = |(name, value): (&str, String)| (Value::bulk(name), Value::bulk(value));
        return answer(Value::Map(settings.map(pair).collect()));
    }
    if is_part(request, "config", "set", 4..=usize::MAX)? {
        let option = shown(argument(request, 2), 128);
        return Err(format!(
            "ERR CONFIG SET '{option}' is not supported: settings are given when the server starts"
        )
        .into());
    }
    if is_part(request, "config", "help", 2..=2)? {
        return help(&[
            "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
            "GET <pattern>",
        ]);
    }
    Err(unknown_part("CONFIG", request))
}

/// Whether a name is as a pattern says: `*` stands for any characters, `?` for one.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // After a star, where to go on in the pattern and which character of the name to try next: the last
    // star can be made to stand for more whenever what follows does not fit.
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((after, tried)) = star else { return false };
                star = Some((after, tried + 1));
                (at, from) = (after, tried + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[test]
fn patterns_match_whole_names() {
    let good = [("save", "save"), ("s*", "save"), ("*", "x"), ("*a*e", "save"), ("?ave", "save")];
    for (pattern, name) in good.iter().chain(&[("a*b*c", "aXbYbZc"), ("*", ""), ("**", "ab")]) {
        assert!(matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
    }
    for (pattern, name) in
        [("sav", "save"), ("save?", "save"), ("a*b", "abc"), ("", "a"), ("?", "")]
    {
        assert!(!matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
    }
}
