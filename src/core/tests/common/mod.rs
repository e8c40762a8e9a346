//! What the tests of the rules share: one server under test, and short ways to write inputs and to read
//! effects.
//!
//! The server under test is always server 1. Its commands are numbers; an entry is written as its term.
#![allow(dead_code, reason = "each test crate uses its own part of this module")]
#![allow(clippy::unwrap_used, reason = "what a test builds is valid, or the test is wrong")]

use quorate_core::{
    Configuration, Effects, Entry, Envelope, Event, Flow, Follower, Index, Input, Leader,
    LogPosition, Message, Outcome, Parameters, Payload, Progress, Proposal, Refusal, RequestId,
    Role, Round, ServerId, State, StepDown, Term, step,
};

pub(crate) type Command = u8;
pub(crate) type Done = Effects<Command>;

/// The server with this number.
pub(crate) fn id(number: u8) -> ServerId {
    ServerId::new(number).unwrap()
}

/// The voters 1 to `voters`.
pub(crate) fn cluster(voters: u8) -> Configuration {
    Configuration::new((1..=voters).map(id).collect()).unwrap()
}

/// The position of the entry at `index`, of `term`.
pub(crate) fn at(index: u64, term: u64) -> LogPosition {
    LogPosition { term: Term(term), index: Index(index) }
}

/// Entries of these terms.
pub(crate) fn entries(terms: &[u64]) -> Vec<Entry<Command>> {
    let entry = |term: &u64| Entry { term: Term(*term), payload: Payload::Command(0) };
    terms.iter().map(entry).collect()
}

pub(crate) fn request_vote(last: LogPosition) -> Message<Command> {
    Message::RequestVote { last }
}

/// AppendEntries of entries of these terms after `previous`, in no read round.
pub(crate) fn append(previous: LogPosition, terms: &[u64], commit: u64) -> Message<Command> {
    append_in_round(previous, terms, commit, 0)
}

pub(crate) fn append_in_round(
    previous: LogPosition,
    terms: &[u64],
    commit: u64,
    round: u64,
) -> Message<Command> {
    let (commit_index, round) = (Index(commit), Round(round));
    Message::AppendEntries { previous, entries: entries(terms), commit_index, round }
}

pub(crate) fn accepted(match_index: u64, round: u64) -> Message<Command> {
    Message::AppendAccepted { match_index: Index(match_index), round: Round(round) }
}

pub(crate) fn rejected(previous: u64, hint: LogPosition, round: u64) -> Message<Command> {
    Message::AppendRejected { previous: Index(previous), hint, round: Round(round) }
}

pub(crate) fn stale_term(current: u64) -> Message<Command> {
    Message::StaleTerm { current: Term(current) }
}

/// A write that asks for nothing but its place in the log.
pub(crate) fn proposal(request: u64) -> Proposal<Command> {
    Proposal { request: RequestId(request), command: 7 }
}

/// Server 1, stepped by the test.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) state: State<Command>,
    pub(crate) parameters: Parameters,
}

impl Server {
    /// A server that has never run, in a cluster of `voters`.
    pub(crate) fn new(voters: u8) -> Server {
        Server::restarted(voters, 0, None, &[])
    }

    /// A server that starts with this term, vote and log on its disk.
    pub(crate) fn restarted(voters: u8, term: u64, vote: Option<u8>, log: &[u64]) -> Server {
        let log = entries(log).into_iter().collect();
        let state = State::recover(id(1), cluster(voters), Term(term), vote.map(id), log).unwrap();
        Server { state, parameters: Parameters::default() }
    }

    /// A follower of server 2 in `term`, its term durable, with this log, none of it verified yet.
    pub(crate) fn follower(voters: u8, term: u64, log: &[u64]) -> Server {
        let mut server = Server::restarted(voters, term, Some(2), log);
        server.receive(2, term, append(at(0, 0), &[], 0));
        server
    }

    /// A candidate whose own vote is durable, in the term after the last one of its log.
    pub(crate) fn candidate(voters: u8, log: &[u64]) -> Server {
        let mut server = Server::restarted(voters, log.last().copied().unwrap_or(0), None, log);
        server.timeout();
        server.sync();
        server
    }

    /// A leader that has just been elected, in the term after the last one of `log`; its no-op is not yet
    /// durable.
    pub(crate) fn elected(voters: u8, log: &[u64]) -> Server {
        Server::elected_within(Parameters::default(), voters, log)
    }

    pub(crate) fn elected_within(parameters: Parameters, voters: u8, log: &[u64]) -> Server {
        let mut server = Server::candidate(voters, log);
        server.parameters = parameters;
        let term = server.term();
        (2..=voters).for_each(|peer| drop(server.receive(peer, term, Message::VoteGranted)));
        assert!(server.is_leader());
        server
    }

    /// A leader whose whole log is durable everywhere, committed and applied.
    pub(crate) fn settled(voters: u8, log: &[u64]) -> Server {
        Server::settled_within(Parameters::default(), voters, log)
    }

    pub(crate) fn settled_within(parameters: Parameters, voters: u8, log: &[u64]) -> Server {
        let mut server = Server::elected_within(parameters, voters, log);
        server.sync();
        let (term, last) = (server.term(), server.last_index());
        (2..=voters).for_each(|peer| drop(server.receive(peer, term, accepted(last, 0))));
        assert_eq!(server.state.last_applied, Index(last));
        server
    }

    pub(crate) fn step(&mut self, input: Input<Command>) -> Done {
        let (state, done) = step(&self.parameters, self.state.clone(), input);
        self.state = state;
        done
    }

    pub(crate) fn receive(&mut self, from: u8, term: u64, message: Message<Command>) -> Done {
        let (from, to) = (id(from), self.state.id);
        self.step(Input::Receive(Envelope { from, to, term: Term(term), message }))
    }

    pub(crate) fn timeout(&mut self) -> Done {
        self.step(Input::ElectionTimeout)
    }

    pub(crate) fn heartbeat(&mut self) -> Done {
        self.step(Input::HeartbeatTimeout)
    }

    /// One write with this request.
    pub(crate) fn propose(&mut self, request: u64) -> Done {
        self.step(Input::Propose(vec![proposal(request)]))
    }

    pub(crate) fn read(&mut self, request: u64) -> Done {
        self.step(Input::Read(RequestId(request)))
    }

    /// The oldest unfinished write becomes durable.
    pub(crate) fn sync_one(&mut self) -> Done {
        self.step(Input::Persisted(1))
    }

    /// Everything unfinished becomes durable.
    pub(crate) fn sync(&mut self) -> Done {
        self.step(Input::Persisted(self.state.unfinished.len()))
    }

    pub(crate) fn term(&self) -> u64 {
        self.state.current_term.0
    }

    pub(crate) fn vote(&self) -> Option<u8> {
        self.state.voted_for.map(ServerId::get)
    }

    /// The terms of the log.
    pub(crate) fn log(&self) -> Vec<u64> {
        self.state.log.entries().iter().map(|entry| entry.term.0).collect()
    }

    pub(crate) fn last_index(&self) -> u64 {
        self.state.log.last_index().0
    }

    pub(crate) fn commit_index(&self) -> u64 {
        self.state.commit_index.0
    }

    pub(crate) fn last_applied(&self) -> u64 {
        self.state.last_applied.0
    }

    pub(crate) fn is_candidate(&self) -> bool {
        matches!(self.state.role, Role::Candidate(_))
    }

    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.state.role, Role::Leader(_))
    }

    pub(crate) fn as_follower(&self) -> &Follower {
        let Role::Follower(follower) = &self.state.role else { panic!("not a follower") };
        follower
    }

    pub(crate) fn as_leader(&self) -> &Leader {
        let Role::Leader(leader) = &self.state.role else { panic!("not a leader") };
        leader
    }

    pub(crate) fn progress(&self, peer: u8) -> &Progress {
        self.as_leader().progress_of(id(peer)).unwrap()
    }

    pub(crate) fn is_probing(&self, peer: u8) -> bool {
        matches!(self.progress(peer).flow, Flow::Probing { .. })
    }
}

/// The messages to one server.
pub(crate) fn sent_to(done: &Done, peer: u8) -> Vec<Message<Command>> {
    let to_peer = done.send.iter().filter(|envelope| envelope.to == id(peer));
    to_peer.map(|envelope| envelope.message.clone()).collect()
}

/// The previous position, the terms of the entries, and the commit index of every AppendEntries to a server.
pub(crate) fn appends_to(done: &Done, peer: u8) -> Vec<(LogPosition, Vec<u64>, u64)> {
    let parts = |message| match message {
        Message::AppendEntries { previous, entries, commit_index, .. } => {
            Some((previous, entries.iter().map(|entry| entry.term.0).collect(), commit_index.0))
        }
        Message::RequestVote { .. }
        | Message::VoteGranted
        | Message::AppendAccepted { .. }
        | Message::AppendRejected { .. }
        | Message::StaleTerm { .. } => None,
    };
    sent_to(done, peer).into_iter().filter_map(parts).collect()
}

/// Why the message was refused, if it was.
pub(crate) fn refused(done: &Done) -> Option<Refusal> {
    done.events.iter().find_map(|event| match event {
        Event::Refused { why, .. } => Some(*why),
        Event::Performed(_) | Event::SteppedDown(_) => None,
    })
}

/// Why the server stopped leading, if it did.
pub(crate) fn stepped_down(done: &Done) -> Option<StepDown> {
    done.events.iter().find_map(|event| match event {
        Event::SteppedDown(why) => Some(*why),
        Event::Performed(_) | Event::Refused { .. } => None,
    })
}

/// The outcomes, in order.
pub(crate) fn outcomes(done: &Done) -> Vec<(u64, Outcome)> {
    done.reply.iter().map(|reply| (reply.request.0, reply.outcome)).collect()
}

/// The first and last index applied.
pub(crate) fn applied(done: &Done) -> Option<(u64, u64)> {
    done.apply.map(|run| (run.first.0, run.last.0))
}
