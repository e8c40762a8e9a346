//! The notation of servers, terms, logs, settings and abstract actions.

use super::reader::{write_field, write_list};
use super::{Notation, NotationError, Reader};
use crate::{Command, Entry, Log, NetworkKind, Setting};
use core::fmt;
use quorate_core::{
    AbstractAction, Configuration, Index, LogPosition, Parameters, Payload, RequestId, Round,
    ServerId, ServerSet, Spreading, Term,
};

/// The notation of numbers: decimal, behind a prefix.
macro_rules! number_notation {
    ($($type:ty, $number:ty, $prefix:literal, $make:expr, $get:expr;)*) => {$(
        impl Notation for $type {
            fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
                let get: fn(&$type) -> $number = $get;
                write!(out, "{}{}", $prefix, get(self))
            }

            fn read(reader: &mut Reader<'_>) -> Result<$type, NotationError> {
                reader.must($prefix)?;
                let make: fn(u64) -> $type = $make;
                reader.number().map(make)
            }
        }
    )*};
}

number_notation! {
    u64, u64, "", |n| n, |n| *n;
    Term, u64, "", Term, |term| term.0;
    Index, u64, "", Index, |index| index.0;
    Round, u64, "", Round, |round| round.0;
    RequestId, u64, "r", RequestId, |request| request.0;
    Command, u64, "c", Command, |command| command.0;
}

impl Notation for ServerId {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{self}")
    }

    fn read(reader: &mut Reader<'_>) -> Result<ServerId, NotationError> {
        let start = reader.clone();
        let wrong = || start.error(format!("a server, n1 to n{}", ServerId::MAX));
        reader.must("n").map_err(|_| wrong())?;
        let number = reader.number().map_err(|_| wrong())?;
        u8::try_from(number).ok().and_then(ServerId::new).ok_or_else(wrong)
    }
}

impl<T: Notation> Notation for Option<T> {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Some(value) => value.write(out),
            None => out.write_str("-"),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Option<T>, NotationError> {
        if reader.take("-") { Ok(None) } else { T::read(reader).map(Some) }
    }
}

impl<T: Notation> Notation for Vec<T> {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_list(out, "[", self, "]")
    }

    fn read(reader: &mut Reader<'_>) -> Result<Vec<T>, NotationError> {
        reader.list("[", "]")
    }
}

impl Notation for ServerSet {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let servers: Vec<ServerId> = self.iter().collect();
        write_list(out, "{", &servers, "}")
    }

    fn read(reader: &mut Reader<'_>) -> Result<ServerSet, NotationError> {
        Ok(reader.list("{", "}")?.into_iter().collect())
    }
}

impl Notation for LogPosition {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{self}")
    }

    fn read(reader: &mut Reader<'_>) -> Result<LogPosition, NotationError> {
        let index = Index::read(reader)?;
        reader.must("@")?;
        Ok(LogPosition { term: Term::read(reader)?, index })
    }
}

impl Notation for Entry {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match &self.payload {
            Payload::NoOp => write!(out, "{}:noop", self.term),
            Payload::Command(command) => write!(out, "{}:c{}", self.term, command.0),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Entry, NotationError> {
        let term = Term::read(reader)?;
        reader.must(":")?;
        let payload = if reader.take("noop") {
            Payload::NoOp
        } else {
            let start = reader.clone();
            let command = Command::read(reader);
            Payload::Command(command.map_err(|_| start.error("noop or a command like c1"))?)
        };
        Ok(Entry { term, payload })
    }
}

impl Notation for Log {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_list(out, "[", self.entries(), "]")
    }

    fn read(reader: &mut Reader<'_>) -> Result<Log, NotationError> {
        let start = reader.clone();
        let log: Log = reader.list("[", "]")?.into_iter().collect();
        if !log.is_well_formed(Term(u64::MAX)) {
            return Err(start.error("a log whose terms begin at 1 or later and never decrease"));
        }
        Ok(log)
    }
}

impl Notation for NetworkKind {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(self.name())
    }

    fn read(reader: &mut Reader<'_>) -> Result<NetworkKind, NotationError> {
        let names = NetworkKind::ALL.map(NetworkKind::name);
        reader.one_of(&names).map(|place| NetworkKind::ALL[place])
    }
}

impl Notation for Spreading {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(match self {
            Spreading::AtOnce => "at-once",
            Spreading::WithNextMessage => "with-next-message",
        })
    }

    fn read(reader: &mut Reader<'_>) -> Result<Spreading, NotationError> {
        let place = reader.one_of(&["at-once", "with-next-message"])?;
        Ok(if place == 0 { Spreading::AtOnce } else { Spreading::WithNextMessage })
    }
}

impl Notation for Setting {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Parameters { batch, window, max_uncommitted, max_reads, spreading } = self.parameters;
        write!(out, "setting servers={} network={}", self.servers, self.network.name())?;
        write!(out, " batch={batch} window={window} max_uncommitted={max_uncommitted}")?;
        write!(out, " max_reads={max_reads}")?;
        write_field(out, "spreading", &spreading)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Setting, NotationError> {
        reader.must("setting servers=")?;
        let start = reader.clone();
        let servers = reader.number()?;
        let most = Configuration::MAX_VOTERS;
        let in_range = u8::try_from(servers).ok().filter(|n| (1..=most).contains(&usize::from(*n)));
        let servers = in_range.ok_or_else(|| start.error(format!("1 to {most} servers")))?;
        let network = reader.field("network")?;
        let standard = Parameters::default();
        let parameters = Parameters {
            batch: read_size(reader, "batch", standard.batch)?,
            window: read_size(reader, "window", standard.window)?,
            max_uncommitted: reader
                .optional("max_uncommitted")?
                .unwrap_or(standard.max_uncommitted),
            max_reads: read_size(reader, "max_reads", standard.max_reads)?,
            spreading: reader.optional("spreading")?.unwrap_or(standard.spreading),
        };
        Ok(Setting { servers, network, parameters })
    }
}

/// Reads an optional size.
fn read_size(reader: &mut Reader<'_>, name: &str, standard: usize) -> Result<usize, NotationError> {
    if !reader.take(&format!(" {name}=")) {
        return Ok(standard);
    }
    let start = reader.clone();
    usize::try_from(reader.number()?).map_err(|_| start.error("a smaller number"))
}

impl Notation for AbstractAction {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}(", self.name())?;
        match self {
            AbstractAction::BumpTerm { server, term }
            | AbstractAction::BecomeCandidate { server, term } => write!(out, "{server},{term}")?,
            AbstractAction::GrantVote { server, candidate, term } => {
                write!(out, "{server},{candidate},{term}")?;
            }
            AbstractAction::BecomeLeader { server, term, votes } => {
                write!(out, "{server},{term},")?;
                votes.write(out)?;
            }
            AbstractAction::LeaderAppend { term, index } => write!(out, "{term},{index}")?,
            AbstractAction::Replicate { server, term, previous, last } => {
                write!(out, "{server},{term},{previous},{last}")?;
            }
            AbstractAction::Commit { term, index, acknowledged } => {
                write!(out, "{term},{index},")?;
                acknowledged.write(out)?;
            }
            AbstractAction::Apply { server, index } => write!(out, "{server},{index}")?,
        }
        out.write_str(")")
    }

    fn read(reader: &mut Reader<'_>) -> Result<AbstractAction, NotationError> {
        let kind = reader.one_of(&AbstractAction::NAMES)?;
        reader.must("(")?;
        let action = match kind {
            0 => AbstractAction::BumpTerm { server: first(reader)?, term: next(reader)? },
            1 => AbstractAction::BecomeCandidate { server: first(reader)?, term: next(reader)? },
            2 => AbstractAction::GrantVote {
                server: first(reader)?,
                candidate: next(reader)?,
                term: next(reader)?,
            },
            3 => AbstractAction::BecomeLeader {
                server: first(reader)?,
                term: next(reader)?,
                votes: next(reader)?,
            },
            4 => AbstractAction::LeaderAppend { term: first(reader)?, index: next(reader)? },
            5 => AbstractAction::Replicate {
                server: first(reader)?,
                term: next(reader)?,
                previous: next(reader)?,
                last: next(reader)?,
            },
            6 => AbstractAction::Commit {
                term: first(reader)?,
                index: next(reader)?,
                acknowledged: next(reader)?,
            },
            _ => AbstractAction::Apply { server: first(reader)?, index: next(reader)? },
        };
        reader.must(")")?;
        Ok(action)
    }
}

/// Reads the first argument of an abstract action.
fn first<T: Notation>(reader: &mut Reader<'_>) -> Result<T, NotationError> {
    T::read(reader)
}

/// Reads a further argument of an abstract action.
fn next<T: Notation>(reader: &mut Reader<'_>) -> Result<T, NotationError> {
    reader.must(",")?;
    T::read(reader)
}
