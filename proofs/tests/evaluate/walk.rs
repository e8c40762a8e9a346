//! Random steps of the abstract protocol: those that the specification allows, and those that it does not.

use quorate_cluster::Command;
use quorate_core::{
    AbstractAction, Configuration, Entry, Index, Payload, ServerId, ServerSet, Term,
};
use quorate_spec::{Abstract, AbstractStep, GuardFailed};

/// The terms and indices that steps name are at most these.
const LAST_TERM: u64 = 4;
const LAST_INDEX: u64 = 4;

/// An attempt to take a step.
pub(crate) struct Attempt {
    pub(crate) before: Abstract<Command>,
    pub(crate) action: AbstractAction,
    pub(crate) payload: Option<Payload<Command>>,
    /// The state after it, or the guard that forbids it.
    pub(crate) result: Result<Abstract<Command>, GuardFailed>,
}

impl Attempt {
    pub(crate) fn step<'a>(&'a self, after: &'a Abstract<Command>) -> AbstractStep<'a> {
        let Attempt { before, action, payload, .. } = self;
        AbstractStep { before, action, payload: payload.as_ref(), after }
    }
}

pub(crate) fn fresh(servers: u8) -> Abstract<Command> {
    let voters: ServerSet = (1..=servers).filter_map(ServerId::new).collect();
    Abstract::new(Configuration::new(voters).expect("few servers"))
}

/// Attempts from a state that is reached by those of them that are allowed.
pub(crate) struct Walk {
    pub(crate) state: Abstract<Command>,
    pub(crate) random: fastrand::Rng,
}

impl Walk {
    pub(crate) fn new(servers: u8, seed: u64) -> Walk {
        Walk { state: fresh(servers), random: fastrand::Rng::with_seed(seed) }
    }

    /// The next attempt. If it is allowed, the walk goes on from where it leads.
    pub(crate) fn attempt(&mut self) -> Attempt {
        let action = self.action();
        let payload = [Payload::NoOp, Payload::Command(Command(1)), Payload::Command(Command(2))];
        let payload = Some(payload[self.random.usize(..3)].clone());
        let before = self.state.clone();
        let mut after = before.clone();
        let result = after.perform(&action, payload.clone()).map(|()| after);
        if let Ok(after) = &result {
            self.state = after.clone();
        }
        Attempt { before, action, payload, result }
    }

    fn server(&mut self) -> ServerId {
        let servers: Vec<ServerId> = self.state.configuration.voters().iter().collect();
        servers[self.random.usize(..servers.len())]
    }

    fn servers(&mut self) -> ServerSet {
        let voters = self.state.configuration.voters();
        voters.iter().filter(|_| self.random.u8(..4) > 0).collect()
    }

    /// A term, often one that has a leader.
    fn term(&mut self) -> Term {
        let led: Vec<Term> = self.state.leaders.keys().copied().collect();
        match led.is_empty() || self.random.u8(..3) == 0 {
            true => Term(self.random.u64(1..=LAST_TERM)),
            false => led[self.random.usize(..led.len())],
        }
    }

    fn index(&mut self, first: u64) -> Index {
        Index(self.random.u64(first..=LAST_INDEX))
    }

    fn action(&mut self) -> AbstractAction {
        let (server, term) = (self.server(), self.term());
        match self.random.u8(..14) {
            0 => AbstractAction::BumpTerm { server, term },
            1 => AbstractAction::BecomeCandidate { server, term },
            2 | 3 => {
                let standing: Vec<(Term, ServerId)> =
                    self.state.candidates.keys().copied().collect();
                let candidate = match standing.is_empty() || self.random.u8(..4) == 0 {
                    true => (term, self.server()),
                    false => standing[self.random.usize(..standing.len())],
                };
                AbstractAction::GrantVote { server, candidate: candidate.1, term: candidate.0 }
            }
            4 | 5 => {
                let votes = self.state.voted.iter().map(|((t, v), c)| (*t, *v, *c));
                let votes: Vec<(Term, ServerId, ServerId)> = votes.collect();
                match votes.is_empty() || self.random.u8(..3) == 0 {
                    true => AbstractAction::BecomeLeader { server, term, votes: self.servers() },
                    false => {
                        let (term, _, server) = votes[self.random.usize(..votes.len())];
                        let cast = votes.iter().filter(|vote| vote.0 == term && vote.2 == server);
                        let votes = cast.map(|vote| vote.1).collect();
                        AbstractAction::BecomeLeader { server, term, votes }
                    }
                }
            }
            6 | 7 => {
                let next = self.state.leaders.get(&term).map_or(1, |l| l.log.len() as u64 + 1);
                let index = match self.random.u8(..3) {
                    0 => self.index(1),
                    _ => Index(next.min(LAST_INDEX)),
                };
                AbstractAction::LeaderAppend { term, index }
            }
            8..=10 => {
                let (previous, last) = (self.index(0), self.index(1));
                let previous = if self.random.bool() { previous } else { Index::ZERO };
                AbstractAction::Replicate { server, term, previous, last }
            }
            11 | 12 => {
                let index = self.index(1);
                let acknowledged = match self.random.u8(..3) {
                    0 => self.servers(),
                    _ => {
                        let acked = self.state.acked.iter();
                        let enough = acked.filter(|((t, _), i)| *t == term && **i >= index);
                        enough.map(|((_, server), _)| *server).collect()
                    }
                };
                AbstractAction::Commit { term, index, acknowledged }
            }
            _ => AbstractAction::Apply { server, index: self.index(1) },
        }
    }
}

/// A state that no run need reach: its parts are what chance says. But nobody has voted in a term that it has not
/// reached, and nothing has been applied: a map can replace what a relation can only add to, and those are the places
/// where that could happen.
pub(crate) fn any_state(servers: u8, random: &mut fastrand::Rng) -> Abstract<Command> {
    let mut state = fresh(servers);
    let voters: Vec<ServerId> = state.configuration.voters().iter().collect();
    let majorities: Vec<ServerSet> = (0..1_u32 << voters.len())
        .map(|bits| {
            let members = voters.iter().enumerate().filter(|(at, _)| bits & 1 << at != 0);
            members.map(|(_, server)| *server).collect()
        })
        .filter(|set| state.configuration.is_quorum(*set))
        .collect();
    let log = |random: &mut fastrand::Rng| -> Vec<Entry<Command>> {
        let entry = |random: &mut fastrand::Rng| Entry {
            term: Term(random.u64(1..=3)),
            payload: Payload::Command(Command(random.u64(1..=2))),
        };
        (0..random.usize(..=3)).map(|_| entry(random)).collect()
    };
    for node in state.nodes.values_mut() {
        node.term = Term(random.u64(..=3));
        node.log = log(random);
    }
    for term in (1..=3).map(Term) {
        let one = |random: &mut fastrand::Rng| voters[random.usize(..voters.len())];
        for voter in &voters {
            if random.bool() && state.nodes[voter].term >= term {
                state.voted.insert((term, *voter), one(random));
            }
            if random.u8(..3) == 0 {
                state.candidates.insert((term, *voter), log(random));
            }
            if random.bool() {
                state.acked.insert((term, *voter), Index(random.u64(1..=3)));
            }
        }
        if random.bool() {
            let votes = majorities[random.usize(..majorities.len())];
            let leadership =
                quorate_spec::Leadership { server: one(random), votes, log: log(random) };
            state.leaders.insert(term, leadership);
            if random.bool() {
                let chosen = state.chosen.entry(term).or_default();
                let by = majorities[random.usize(..majorities.len())];
                chosen.insert(Index(random.u64(1..=3)), by);
            }
        }
    }
    state
}

/// Shows steps to `look`: 200 of each of so many walks of up to five servers, and ten from each of so many states, which no
/// steps need lead to.
pub(crate) fn attempts((walks, states): (u64, u64), seed: u64, mut look: impl FnMut(&Attempt)) {
    for seed in 0..walks {
        let mut walk = Walk::new(1 + (seed % 5) as u8, seed);
        (0..200).for_each(|_| look(&walk.attempt()));
    }
    let mut random = fastrand::Rng::with_seed(seed);
    for seed in 0..states {
        let state = any_state(3, &mut random);
        let mut walk = Walk { state, ..Walk::new(3, seed) };
        (0..10).for_each(|_| look(&walk.attempt()));
    }
}
