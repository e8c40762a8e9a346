//! The notation of a server: one line for its core and its disk.

use super::reader::{write_field, write_list, write_unless_default};
use super::{Notation, NotationError, Reader};
use crate::{Disk, Entry, Log, Server, State, Write};
use core::fmt;
use quorate_core::{
    Candidate, Configuration, Durable, Flow, Follower, Leader, Progress, Role, ServerId, ServerSet,
    Term, UnfinishedWrite, WaitingRead, WaitingWrite,
};
use std::collections::VecDeque;

impl Notation for Server {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Server { state, disk } = self;
        let role = match &state.role {
            Role::Follower(_) => "follower",
            Role::Candidate(_) => "candidate",
            Role::Leader(_) => "leader",
        };
        write!(out, "{} {role}", state.id)?;
        write_field(out, "term", &state.current_term)?;
        write_unless_default(out, "vote", &state.voted_for)?;
        write_field(out, "log", &state.log)?;
        write_unless_default(out, "commit", &state.commit_index)?;
        write_unless_default(out, "applied", &state.last_applied)?;
        match &state.role {
            Role::Follower(follower) => {
                write_unless_default(out, "leader", &follower.leader)?;
                write_unless_default(out, "verified", &follower.verified)?;
            }
            Role::Candidate(candidate) => write_unless_default(out, "votes", &candidate.votes)?,
            Role::Leader(leader) => write_leader(leader, out)?,
        }
        if state.disk_lagging {
            out.write_str(" lagging")?;
        }
        write_disk(state, disk, out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Server, NotationError> {
        let id = ServerId::read(reader)?;
        reader.must(" ")?;
        let kind = reader.one_of(&["follower", "candidate", "leader"])?;
        let current_term = reader.field("term")?;
        let voted_for = reader.optional("vote")?.unwrap_or_default();
        let log: Log = reader.field("log")?;
        let commit_index = reader.optional("commit")?.unwrap_or_default();
        let last_applied = reader.optional("applied")?.unwrap_or_default();
        let role = match kind {
            0 => Role::Follower(Follower {
                leader: reader.optional("leader")?.unwrap_or_default(),
                verified: reader.optional("verified")?.unwrap_or_default(),
            }),
            1 => {
                Role::Candidate(Candidate { votes: reader.optional("votes")?.unwrap_or_default() })
            }
            _ => Role::Leader(read_leader(reader)?),
        };
        let disk_lagging = reader.take(" lagging");
        let standard = Disk { term: current_term, voted_for, log: log.clone(), ..Disk::default() };
        let mut disk = reader.optional("disk")?.unwrap_or(standard);
        disk.unfinished = reader.optional::<Vec<Write>>("writes")?.unwrap_or_default().into();
        let durable = reader.optional("durable")?.unwrap_or_else(|| disk.confirmed());
        let remembered = reader.optional::<Vec<UnfinishedWrite>>("remembered")?;
        let unfinished = remembered.map_or_else(|| disk.remembered(), VecDeque::from);
        // Alone, a server knows of no other; a cluster's notation says who votes.
        let configuration = Configuration::new(ServerSet::only(id))
            .map_err(|invalid| reader.error(invalid.to_string()))?;
        let state = State {
            id,
            configuration,
            current_term,
            voted_for,
            log,
            durable,
            unfinished,
            disk_lagging,
            commit_index,
            last_applied,
            role,
        };
        Ok(Server { state, disk })
    }
}

/// Writes what the disk holds, as far as it does not follow from the core's state.
fn write_disk(state: &State, disk: &Disk, out: &mut dyn fmt::Write) -> fmt::Result {
    let holds_the_same = disk.term == state.current_term
        && disk.voted_for == state.voted_for
        && disk.log == state.log;
    if !holds_the_same {
        write_field(out, "disk", disk)?;
    }
    if !disk.unfinished.is_empty() {
        write_list(out, " writes=[", &disk.unfinished, "]")?;
    }
    if state.durable != disk.confirmed() {
        write_field(out, "durable", &state.durable)?;
    }
    if state.unfinished != disk.remembered() {
        write_list(out, " remembered=[", &state.unfinished, "]")?;
    }
    Ok(())
}

fn write_leader(leader: &Leader, out: &mut dyn fmt::Write) -> fmt::Result {
    let Leader { first_index, progress, heard, round, writes, reads } = leader;
    write_field(out, "first", first_index)?;
    write_unless_default(out, "heard", heard)?;
    write_unless_default(out, "round", round)?;
    if !writes.is_empty() {
        write_list(out, " waiting=[", writes, "]")?;
    }
    if !reads.is_empty() {
        write_list(out, " reads=[", reads, "]")?;
    }
    for peer in progress {
        out.write_str(" ")?;
        peer.write(out)?;
    }
    Ok(())
}

fn read_leader(reader: &mut Reader<'_>) -> Result<Leader, NotationError> {
    let first_index = reader.field("first")?;
    let heard = reader.optional("heard")?.unwrap_or_default();
    let round = reader.optional("round")?.unwrap_or_default();
    let writes = reader.optional::<Vec<WaitingWrite>>("waiting")?.unwrap_or_default();
    let reads = reader.optional::<Vec<WaitingRead>>("reads")?.unwrap_or_default();
    let mut progress = Vec::new();
    while reader.rest().starts_with(" n") {
        reader.must(" ")?;
        progress.push(Progress::read(reader)?);
    }
    let (writes, reads) = (writes.into(), reads.into());
    Ok(Leader { first_index, progress, heard, round, writes, reads })
}

impl Notation for Progress {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Progress { server, next_index, match_index, round, flow } = self;
        write!(out, "{server}(next={next_index}")?;
        write_unless_default(out, "match", match_index)?;
        write_unless_default(out, "round", round)?;
        match flow {
            Flow::Streaming { in_flight } if in_flight.is_empty() => {}
            Flow::Streaming { in_flight } => write_list(out, " in_flight=[", in_flight, "]")?,
            Flow::Probing { waiting: false } => out.write_str(" probing")?,
            Flow::Probing { waiting: true } => out.write_str(" probe_sent")?,
        }
        out.write_str(")")
    }

    fn read(reader: &mut Reader<'_>) -> Result<Progress, NotationError> {
        let server = ServerId::read(reader)?;
        reader.must("(next=")?;
        let next_index = Notation::read(reader)?;
        let match_index = reader.optional("match")?.unwrap_or_default();
        let round = reader.optional("round")?.unwrap_or_default();
        let flow = if reader.take(" probing") {
            Flow::Probing { waiting: false }
        } else if reader.take(" probe_sent") {
            Flow::Probing { waiting: true }
        } else {
            let in_flight: Option<Vec<_>> = reader.optional("in_flight")?;
            Flow::Streaming { in_flight: in_flight.unwrap_or_default().into() }
        };
        reader.must(")")?;
        Ok(Progress { server, next_index, match_index, round, flow })
    }
}

impl Notation for WaitingWrite {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}@{}", self.request, self.index)
    }

    fn read(reader: &mut Reader<'_>) -> Result<WaitingWrite, NotationError> {
        let request = Notation::read(reader)?;
        reader.must("@")?;
        Ok(WaitingWrite { index: Notation::read(reader)?, request })
    }
}

impl Notation for WaitingRead {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}@{}#{}", self.request, self.read_index, self.round.0)
    }

    fn read(reader: &mut Reader<'_>) -> Result<WaitingRead, NotationError> {
        let request = Notation::read(reader)?;
        reader.must("@")?;
        let read_index = Notation::read(reader)?;
        reader.must("#")?;
        Ok(WaitingRead { request, read_index, round: Notation::read(reader)? })
    }
}

/// Writes a term and a vote: `@2/n1`.
fn write_ballot(term: Term, voted_for: Option<ServerId>, out: &mut dyn fmt::Write) -> fmt::Result {
    write!(out, "@{term}/")?;
    voted_for.write(out)
}

/// Reads a term and a vote.
fn read_ballot(reader: &mut Reader<'_>) -> Result<(Term, Option<ServerId>), NotationError> {
    reader.must("@")?;
    let term = Notation::read(reader)?;
    reader.must("/")?;
    Ok((term, Notation::read(reader)?))
}

/// The durable part of a disk; its unfinished writes are a field of their own.
impl Notation for Disk {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        self.log.write(out)?;
        write_ballot(self.term, self.voted_for, out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Disk, NotationError> {
        let log = Log::read(reader)?;
        let (term, voted_for) = read_ballot(reader)?;
        Ok(Disk { term, voted_for, log, unfinished: VecDeque::new() })
    }
}

impl Notation for Durable {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        self.index.write(out)?;
        write_ballot(self.term, self.voted_for, out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Durable, NotationError> {
        let index = Notation::read(reader)?;
        let (term, voted_for) = read_ballot(reader)?;
        Ok(Durable { term, voted_for, index })
    }
}

impl Notation for Write {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}+", self.truncate_to)?;
        self.entries.write(out)?;
        write_ballot(self.term, self.voted_for, out)?;
        out.write_str(":")?;
        self.witness.write(out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Write, NotationError> {
        let truncate_to = Notation::read(reader)?;
        reader.must("+")?;
        let entries = Vec::<Entry>::read(reader)?;
        let (term, voted_for) = read_ballot(reader)?;
        reader.must(":")?;
        Ok(Write { truncate_to, entries, term, voted_for, witness: Notation::read(reader)? })
    }
}

impl Notation for UnfinishedWrite {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}..{}", self.truncate_to, self.length)?;
        write_ballot(self.term, self.voted_for, out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<UnfinishedWrite, NotationError> {
        let truncate_to = Notation::read(reader)?;
        reader.must("..")?;
        let length = Notation::read(reader)?;
        let (term, voted_for) = read_ballot(reader)?;
        Ok(UnfinishedWrite { truncate_to, length, term, voted_for })
    }
}
