//! The notation of messages.

use super::reader::write_field;
use super::{Notation, NotationError, Reader};
use crate::{Command, Envelope};
use core::fmt;
use quorate_core::Message;

/// The names of messages, in the order of their declaration.
const NAMES: [&str; 6] = [
    "RequestVote",
    "VoteGranted",
    "AppendEntries",
    "AppendAccepted",
    "AppendRejected",
    "StaleTerm",
];

impl Notation for Envelope {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}>{}@{} ", self.from, self.to, self.term)?;
        self.message.write(out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Envelope, NotationError> {
        let from = Notation::read(reader)?;
        reader.must(">")?;
        let to = Notation::read(reader)?;
        reader.must("@")?;
        let term = Notation::read(reader)?;
        reader.must(" ")?;
        Ok(Envelope { from, to, term, message: Message::read(reader)? })
    }
}

impl Notation for Message<Command> {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Message::RequestVote { last } => {
                out.write_str(NAMES[0])?;
                write_field(out, "last", last)
            }
            Message::VoteGranted => out.write_str(NAMES[1]),
            Message::AppendEntries { previous, entries, commit_index, round } => {
                out.write_str(NAMES[2])?;
                write_field(out, "previous", previous)?;
                write_field(out, "entries", entries)?;
                write_field(out, "commit", commit_index)?;
                write_field(out, "round", round)
            }
            Message::AppendAccepted { match_index, round } => {
                out.write_str(NAMES[3])?;
                write_field(out, "match", match_index)?;
                write_field(out, "round", round)
            }
            Message::AppendRejected { previous, hint, round } => {
                out.write_str(NAMES[4])?;
                write_field(out, "previous", previous)?;
                write_field(out, "hint", hint)?;
                write_field(out, "round", round)
            }
            Message::StaleTerm { current } => {
                out.write_str(NAMES[5])?;
                write_field(out, "current", current)
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Message<Command>, NotationError> {
        Ok(match reader.one_of(&NAMES)? {
            0 => Message::RequestVote { last: reader.field("last")? },
            1 => Message::VoteGranted,
            2 => Message::AppendEntries {
                previous: reader.field("previous")?,
                entries: reader.field("entries")?,
                commit_index: reader.field("commit")?,
                round: reader.field("round")?,
            },
            3 => Message::AppendAccepted {
                match_index: reader.field("match")?,
                round: reader.field("round")?,
            },
            4 => Message::AppendRejected {
                previous: reader.field("previous")?,
                hint: reader.field("hint")?,
                round: reader.field("round")?,
            },
            _ => Message::StaleTerm { current: reader.field("current")? },
        })
    }
}
