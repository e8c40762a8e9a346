//! Servers that are coupled with a history.

use super::choices::Choices;
use super::histories::paths;
use super::plan::Plan;
use quorate_cluster::{Command, Disk, Entry, Server, State, Write};
use quorate_core::{
    AbstractAction, Candidate, Flow, Follower, Index, Leader, Payload, Progress, RequestId, Role,
    Round, ServerId, ServerSet, Term, WaitingRead, WaitingWrite,
};
use quorate_spec::Abstract;

/// The server of one node, in one of the conditions that the history allows.
pub(super) fn make_server(
    plan: &Plan,
    state: &Abstract<Command>,
    id: ServerId,
    choices: &mut Choices,
) -> Option<Server> {
    let node = state.nodes.get(&id)?;
    let mut disk = Disk {
        term: node.term,
        voted_for: state.voted.get(&(node.term, id)).copied(),
        log: node.log.iter().cloned().collect(),
        ..Disk::default()
    };
    let mut later = state.clone();
    let most = if choices.are_each() { 1 } else { WRITES };
    while disk.unfinished.len() < most {
        let mut possible = writes(&later, id, Term(plan.terms));
        if possible.is_empty() || !choices.often(35) {
            break;
        }
        let (write, then) = possible.swap_remove(choices.below(possible.len()));
        disk.unfinished.push_back(write);
        later = then;
    }
    let Disk { term, voted_for, log, .. } = disk.settled();
    let durable = disk.confirmed();
    let history = History { state, later: &later, id, term, log: log.entries() };
    let role = history.role(&disk, choices);
    let commit_index = history.commit_index(choices);
    let last_applied = history.last_applied(commit_index.min(durable.index), choices);
    let role = match role {
        Role::Leader(leader) => Role::Leader(history.with_requests(leader, last_applied, choices)),
        other => other,
    };
    let server = State {
        id,
        configuration: state.configuration,
        current_term: term,
        voted_for,
        durable,
        unfinished: disk.remembered(),
        disk_lagging: !disk.unfinished.is_empty() && choices.free(3) == 1,
        commit_index,
        last_applied,
        role,
        log,
    };
    Some(Server { state: server, disk })
}

/// The greatest number of unfinished writes of one server: three are needed for one to be finished while another
/// one still hides what the last one leaves in place.
const WRITES: usize = 3;

/// The greatest number of entries that one write brings where more can come.
const BATCH: u64 = 3;

/// Everything that a server can have begun to write after all that it has written, and what will be so then.
fn writes(
    later: &Abstract<Command>,
    id: ServerId,
    newest: Term,
) -> Vec<(Write, Abstract<Command>)> {
    let issue = |action| {
        let mut then = later.clone();
        Some((issue(&mut then, id, action)?, then))
    };
    may_happen(later, id, newest).into_iter().filter_map(issue).collect()
}

/// The abstract actions that a write of this server can perform, as far as its own state tells.
fn may_happen(later: &Abstract<Command>, id: ServerId, newest: Term) -> Vec<AbstractAction> {
    let Some(node) = later.nodes.get(&id) else { return Vec::new() };
    let mut all = Vec::new();
    for term in (node.term.0 + 1..=newest.0).map(Term) {
        all.push(AbstractAction::BumpTerm { server: id, term });
        all.push(AbstractAction::BecomeCandidate { server: id, term });
    }
    for (term, candidate) in later.candidates.keys().copied() {
        let is_free = !later.voted.contains_key(&(term, id));
        if is_free && candidate != id && term >= node.term {
            all.push(AbstractAction::GrantVote { server: id, candidate, term });
        }
    }
    for (term, leader) in later.leaders.range(node.term..) {
        let agreeing = node.log.iter().zip(&leader.log).take_while(|(a, b)| a == b).count() as u64;
        // A leader writes at the end of its log, a follower where its own first differs.
        let goes_on = leader.server != id || agreeing == node.log.len() as u64;
        let previous = Index(agreeing);
        let most = (leader.log.len() as u64).min(agreeing + BATCH);
        for last in (agreeing + 1..=most).map(Index).filter(|_| goes_on) {
            all.push(AbstractAction::Replicate { server: id, term: *term, previous, last });
        }
    }
    all
}

/// Issues the write that performs an action, if its guards will hold.
fn issue(later: &mut Abstract<Command>, id: ServerId, action: AbstractAction) -> Option<Write> {
    later.perform(&action, None).ok()?;
    let node = later.nodes.get(&id)?;
    let truncate_to = match action {
        AbstractAction::Replicate { previous, .. } => previous,
        _ => Index(node.log.len() as u64),
    };
    let entries = node.log.get(usize::try_from(truncate_to.0).ok()?..)?.to_vec();
    let voted_for = later.voted.get(&(node.term, id)).copied();
    Some(Write { truncate_to, entries, term: node.term, voted_for, witness: action })
}

/// What a server may believe, by the history.
struct History<'a> {
    /// What has happened.
    state: &'a Abstract<Command>,
    /// What will have happened once its writes are done.
    later: &'a Abstract<Command>,
    id: ServerId,
    /// Its term and its log, once they are.
    term: Term,
    log: &'a [Entry],
}

impl History<'_> {
    /// One of the roles that the server can have; chance favours those that do most.
    fn role(&self, disk: &Disk, choices: &mut Choices) -> Role {
        if let Some(first_index) = self.leads_from(disk)
            && choices.often(75)
        {
            return self.leader(first_index, choices);
        }
        if self.stands() && choices.often(75) {
            return self.candidate(choices);
        }
        self.follower(choices)
    }

    fn follower(&self, choices: &mut Choices) -> Role {
        let Some(leadership) = self.state.leaders.get(&self.term) else {
            return Role::Follower(Follower::default());
        };
        let percent = if leadership.server == self.id { 10 } else { 80 };
        if !choices.often(percent) {
            return Role::Follower(Follower::default());
        }
        let agreeing = self.log.iter().zip(&leadership.log).take_while(|(a, b)| a == b).count();
        let verified = Index(choices.favouring(agreeing, 50, agreeing + 1) as u64);
        Role::Follower(Follower { leader: Some(leadership.server), verified })
    }

    /// Whether it can be a candidate.
    fn stands(&self) -> bool {
        let standing = self.later.candidates.get(&(self.term, self.id));
        let leads = self.state.leaders.get(&self.term).is_some_and(|l| l.server == self.id);
        !leads && standing.is_some_and(|log| log == self.log)
    }

    fn candidate(&self, choices: &mut Choices) -> Role {
        let mut votes = ServerSet::EMPTY;
        for ((term, voter), candidate) in &self.state.voted {
            if (*term, *candidate) == (self.term, self.id) && choices.often(60) {
                votes.insert(*voter);
            }
        }
        Role::Candidate(Candidate { votes })
    }

    /// If it can be leader, the index at which its term begins.
    fn leads_from(&self, disk: &Disk) -> Option<Index> {
        let leadership = self.state.leaders.get(&self.term)?;
        let first = self.log.iter().position(|entry| entry.term == self.term)?;
        let (first, last) = (Index(first as u64 + 1), Index(self.log.len() as u64));
        let (durable, acked) = (disk.confirmed().index, self.state.acked_index(self.term, self.id));
        let counts_itself = durable < first || durable <= acked;
        let will_count =
            disk.unfinished.is_empty() || self.later.acked_index(self.term, self.id) == last;
        let leads = leadership.server == self.id && leadership.log == self.log;
        (leads && counts_itself && will_count).then_some(first)
    }

    fn leader(&self, first_index: Index, choices: &mut Choices) -> Role {
        let last = Index(self.log.len() as u64);
        let round = Round(choices.free(3) as u64);
        let peers = self.state.configuration.peers_of(self.id);
        let progress = peers.map(|peer| self.progress(peer, last, round, choices)).collect();
        let all = self.state.configuration.voters().iter();
        let heard: ServerSet = all.filter(|_| choices.free(2) == 1).collect();
        let (writes, reads) = Default::default();
        Role::Leader(Leader { first_index, progress, heard, round, writes, reads })
    }

    fn progress(
        &self,
        server: ServerId,
        last: Index,
        round: Round,
        choices: &mut Choices,
    ) -> Progress {
        let acked = self.state.acked_index(self.term, server).min(last).0;
        let match_index = Index(choices.favouring(acked as usize, 50, acked as usize + 1) as u64);
        // How many of the entries that are not counted have been sent.
        let sent = choices.free(usize::try_from(last.beyond(match_index)).unwrap_or(0) + 1) as u64;
        let next_index = match_index.plus(sent).next();
        let flow = match choices.free(4) {
            0 | 1 => {
                let open = (sent > 0 && choices.free(2) == 1).then(|| next_index.previous());
                Flow::Streaming { in_flight: open.into_iter().collect() }
            }
            probing => Flow::Probing { waiting: probing == 3 },
        };
        let round = Round(choices.free(usize::try_from(round.0).unwrap_or(0) + 1) as u64);
        Progress { server, next_index, match_index, round, flow }
    }

    /// How much the server takes for committed.
    fn commit_index(&self, choices: &mut Choices) -> Index {
        let is_chosen = |index: &u64| {
            self.state.chooser_of_prefix(self.log, Index(*index), self.term).is_some()
        };
        let most = (1..=self.log.len() as u64).rev().find(is_chosen).unwrap_or(0) as usize;
        Index(choices.favouring(most, 40, most + 1) as u64)
    }

    /// How much it has applied.
    fn last_applied(&self, ready: Index, choices: &mut Choices) -> Index {
        let applied = |index: &u64| {
            let known = self.state.applied.get(&(self.id, Index(*index)));
            let entry = self.log.get(*index as usize - 1);
            known.is_some_and(|known| known.values().any(|known| Some(known) == entry))
        };
        let most = (1..=ready.0).take_while(applied).count();
        Index(choices.favouring(most, 60, most + 1) as u64)
    }

    /// Requests that wait, of clients that asked for this leader's own commands, and a read.
    fn with_requests(&self, mut leader: Leader, applied: Index, choices: &mut Choices) -> Leader {
        for (index, entry) in (1..).map(Index).zip(self.log) {
            if let Payload::Command(Command(number)) = entry.payload
                && entry.term == self.term
                && index > applied
                && choices.free(2) == 1
            {
                leader.writes.push_back(WaitingWrite { index, request: RequestId(number) });
            }
        }
        if choices.free(3) == 1 {
            let read_index = Index(choices.free(self.log.len()) as u64 + 1);
            let round =
                Round(choices.free(usize::try_from(leader.round.0).unwrap_or(0) + 1) as u64).next();
            leader.reads.push_back(WaitingRead { request: RequestId(READ), read_index, round });
        }
        leader
    }
}

/// The number of the read that waits: no entry bears it.
const READ: u64 = 1_000;

/// The greatest number of a command in a history.
pub(super) fn commands(state: &Abstract<Command>) -> u64 {
    let newest = state.leaders.keys().max().copied().unwrap_or_default();
    let entries = paths(state, newest).into_iter().flatten();
    let numbers = entries.filter_map(|entry| match entry.payload {
        Payload::Command(Command(number)) => Some(number),
        Payload::NoOp => None,
    });
    numbers.max().unwrap_or(0)
}
