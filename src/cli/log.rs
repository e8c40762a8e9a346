//! `quorate log`: prints a write-ahead log and says whether it is sound, without touching it.

use super::{Exit, Failure, help};
use lexopt::Arg;
use quorate_kv::{Bytes, Command, Condition};
use quorate_wal::{RealFiles, Verdict, inspect};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// How many bytes of a key or a value are shown.
const SHOWN: usize = 64;

/// Runs `quorate log` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let mut directory: Option<PathBuf> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if directory.is_none() => directory = Some(value.into()),
            Arg::Long("help") | Arg::Short('h') => return super::print(&help()),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(directory) = directory else {
        let what = "directory: none; expected the --data of a server; try quorate log DIR";
        return Err(Failure::usage(what));
    };
    let show = directory.display();
    if !directory.is_dir() {
        let what = if directory.exists() { "a file" } else { "not there" };
        return Err(Failure::new(
            Exit::NoInput,
            format_args!("{show}: {what}; expected a directory; try the --data of a server"),
        ));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let verdict = inspect::<Command, _>(RealFiles, &directory, &command, &mut out)
        .and_then(|verdict| out.flush().map(|()| verdict));
    match verdict {
        Ok(Verdict::Sound { .. } | Verdict::Torn { .. }) => Ok(Exit::Holds),
        Ok(Verdict::Refused(_)) => Ok(Exit::BadData),
        // A reader that has gone away has seen what it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Holds),
        Err(error) => {
            Err(Failure::new(Exit::CannotWrite, format_args!("standard output: {error}")))
        }
    }
}

/// A command as a client would write it.
fn command(command: &Command) -> String {
    match command {
        Command::Set { key, value, condition, get } => {
            let condition = match condition {
                Condition::Always => String::new(),
                Condition::IfAbsent => " NX".into(),
                Condition::IfPresent => " XX".into(),
                Condition::IfEqual(expected) => format!(" IFEQ {}", text(expected)),
            };
            let get = if *get { " GET" } else { "" };
            format!("SET {} {}{condition}{get}", text(key), text(value))
        }
        Command::SetIfAbsent { key, value } => format!("SETNX {} {}", text(key), text(value)),
        Command::SetMany(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!(" {} {}", text(key), text(value)));
            format!("MSET{}", pairs.collect::<String>())
        }
        Command::Delete(keys) => {
            format!("DEL{}", keys.iter().map(|key| format!(" {}", text(key))).collect::<String>())
        }
        Command::Add { key, amount } => format!("INCRBY {} {amount}", text(key)),
        Command::Append { key, value, .. } => format!("APPEND {} {}", text(key), text(value)),
    }
}

/// Bytes as text, and how many they are if they are too many.
fn text(bytes: &Bytes) -> String {
    match bytes.get(..SHOWN) {
        Some(first) if bytes.len() > SHOWN => {
            format!("\"{}\"...({} bytes)", first.escape_ascii(), bytes.len())
        }
        _ => format!("\"{}\"", bytes.escape_ascii()),
    }
}
