//! The notation of actions: a verb, then whom or what it concerns.

use super::reader::write_field;
use super::{Notation, NotationError, Reader};
use crate::{Action, ActionKind};
use core::fmt;
use quorate_core::{RequestId, ServerId};

impl Notation for Action {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(self.name())?;
        match self {
            Action::ElectionTimeout(server)
            | Action::HeartbeatTimeout(server)
            | Action::Wipe(server) => write!(out, " {server}"),
            Action::Deliver(envelope) | Action::Duplicate(envelope) | Action::Drop(envelope) => {
                out.write_str(" ")?;
                envelope.write(out)
            }
            Action::Sync { server, count } => write!(out, " {server} {count}"),
            Action::Crash { server, keep } => {
                write!(out, " {server}")?;
                write_field(out, "keep", &(*keep as u64))
            }
            Action::Propose { server, requests } => {
                write!(out, " {server} ")?;
                for (place, request) in requests.iter().enumerate() {
                    write!(out, "{}{request}", if place == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Action::Read { server, request } => write!(out, " {server} {request}"),
            Action::Cut { from, to } => write!(out, " {from}>{to}"),
            Action::Heal => Ok(()),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Action, NotationError> {
        let kinds: Vec<ActionKind> = ActionKind::all().collect();
        let names: Vec<&str> = ActionKind::all().map(ActionKind::name).collect();
        let kind = kinds[reader.one_of(&names)?];
        if kind != ActionKind::Heal {
            reader.must(" ")?;
        }
        Ok(match kind {
            ActionKind::ElectionTimeout => Action::ElectionTimeout(Notation::read(reader)?),
            ActionKind::HeartbeatTimeout => Action::HeartbeatTimeout(Notation::read(reader)?),
            ActionKind::Deliver => Action::Deliver(Notation::read(reader)?),
            ActionKind::Duplicate => Action::Duplicate(Notation::read(reader)?),
            ActionKind::Drop => Action::Drop(Notation::read(reader)?),
            ActionKind::Sync => {
                let server = ServerId::read(reader)?;
                reader.must(" ")?;
                Action::Sync { server, count: read_count(reader)? }
            }
            ActionKind::Crash => {
                let server = ServerId::read(reader)?;
                reader.must(" keep=")?;
                Action::Crash { server, keep: read_count(reader)? }
            }
            ActionKind::Propose => {
                let server = ServerId::read(reader)?;
                reader.must(" ")?;
                let mut requests = vec![RequestId::read(reader)?];
                while reader.take(",") {
                    requests.push(RequestId::read(reader)?);
                }
                Action::Propose { server, requests }
            }
            ActionKind::Read => {
                let server = ServerId::read(reader)?;
                reader.must(" ")?;
                Action::Read { server, request: RequestId::read(reader)? }
            }
            ActionKind::Cut => {
                let from = ServerId::read(reader)?;
                reader.must(">")?;
                Action::Cut { from, to: ServerId::read(reader)? }
            }
            ActionKind::Heal => Action::Heal,
            ActionKind::Wipe => Action::Wipe(Notation::read(reader)?),
        })
    }
}

/// Reads a number of writes.
fn read_count(reader: &mut Reader<'_>) -> Result<usize, NotationError> {
    let start = reader.clone();
    usize::try_from(reader.number()?).map_err(|_| start.error("a smaller number"))
}
