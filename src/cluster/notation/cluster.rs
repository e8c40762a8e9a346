//! The notation of a whole cluster: a heading, then one line for each server, message, cut, waiting
//! request and fact.

use super::{Notation, NotationError, Reader};
use crate::{
    Clients, Cluster, Committed, Entry, Envelope, History, Network, Server, Waiting, WaitingKind,
};
use core::fmt;
use quorate_core::{Configuration, RequestId, ServerId, ServerSet, Term};

impl Notation for Cluster {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Cluster { servers, network, clients, history } = self;
        write!(out, "cluster network={} issued={}", network.kind.name(), clients.issued)?;
        for server in servers {
            out.write_str("\n")?;
            server.write(out)?;
        }
        for (envelope, count) in &network.in_flight {
            out.write_str("\nmessage ")?;
            envelope.write(out)?;
            if *count != 1 {
                write!(out, " x{count}")?;
            }
        }
        for (from, to) in &network.cuts {
            write!(out, "\ncut {from}>{to}")?;
        }
        for (request, waiting) in &clients.waiting {
            write!(out, "\nwaiting {request} {}", waiting.server)?;
            match waiting.kind {
                WaitingKind::Write => out.write_str(" write")?,
                WaitingKind::Read { must_see } => write!(out, " read must_see={must_see}")?,
            }
        }
        write_history(history, out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Cluster, NotationError> {
        reader.must("cluster")?;
        let network = Network::new(reader.field("network")?);
        let clients = Clients { issued: reader.field("issued")?, ..Clients::default() };
        let mut cluster =
            Cluster { servers: Vec::new(), network, clients, history: History::default() };
        while reader.take("\n") {
            read_line(reader, &mut cluster)?;
        }
        let voters: ServerSet = cluster.servers.iter().map(|server| server.state.id).collect();
        let configuration =
            Configuration::new(voters).map_err(|invalid| reader.error(invalid.to_string()))?;
        for server in &mut cluster.servers {
            server.state.configuration = configuration;
        }
        Ok(cluster)
    }
}

fn write_history(history: &History, out: &mut dyn fmt::Write) -> fmt::Result {
    for (term, leaders) in &history.leaders {
        write!(out, "\nled {term} ")?;
        leaders.write(out)?;
    }
    for ((term, voter), candidates) in &history.votes {
        write!(out, "\nvoted {term} {voter} ")?;
        candidates.write(out)?;
    }
    for committed in &history.committed {
        out.write_str("\ncommitted ")?;
        committed.entry.write(out)?;
        write!(out, " in={}", committed.term)?;
    }
    Ok(())
}

/// Reads one line and adds what it says.
fn read_line(reader: &mut Reader<'_>, cluster: &mut Cluster) -> Result<(), NotationError> {
    if reader.rest().starts_with('n') {
        let start = reader.clone();
        let server = Server::read(reader)?;
        if usize::from(server.state.id.get()) != cluster.servers.len() + 1 {
            return Err(start.error(format!("server n{}", cluster.servers.len() + 1)));
        }
        cluster.servers.push(server);
        return Ok(());
    }
    let words = ["message", "cut", "waiting", "led", "voted", "committed"];
    let kind = reader.one_of(&words)?;
    reader.must(" ")?;
    match kind {
        0 => {
            let envelope = Envelope::read(reader)?;
            let start = reader.clone();
            let count = if reader.take(" x") { reader.number()? } else { 1 };
            let count = usize::try_from(count).ok().filter(|count| *count > 0);
            let count = count.ok_or_else(|| start.error("a number of messages, at least 1"))?;
            cluster.network.in_flight.insert(envelope, count);
        }
        1 => {
            let from = ServerId::read(reader)?;
            reader.must(">")?;
            cluster.network.cuts.insert((from, ServerId::read(reader)?));
        }
        2 => {
            let request = RequestId::read(reader)?;
            reader.must(" ")?;
            let server = ServerId::read(reader)?;
            let kind = if reader.take(" write") {
                WaitingKind::Write
            } else {
                reader.must(" read")?;
                WaitingKind::Read { must_see: reader.field("must_see")? }
            };
            cluster.clients.waiting.insert(request, Waiting { server, kind });
        }
        3 => {
            let term = Term::read(reader)?;
            reader.must(" ")?;
            cluster.history.leaders.insert(term, ServerSet::read(reader)?);
        }
        4 => {
            let term = Term::read(reader)?;
            reader.must(" ")?;
            let voter = ServerId::read(reader)?;
            reader.must(" ")?;
            cluster.history.votes.insert((term, voter), ServerSet::read(reader)?);
        }
        _ => {
            let entry = Entry::read(reader)?;
            cluster.history.committed.push(Committed { entry, term: reader.field("in")? });
        }
    }
    Ok(())
}
