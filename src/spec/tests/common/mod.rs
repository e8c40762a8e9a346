//! A cluster under test: it checks every property in every state and step, and can be driven by hand or by
//! chance.
#![allow(dead_code, reason = "every test file compiles this module and uses its own part of it")]

use fastrand::Rng;
use quorate_cluster::{
    Action, Cluster, Command, Effects, Envelope, Happening, NetworkKind, Server, Setting,
};
use quorate_core::{Leader, Message, Parameters, RequestId, Role, ServerId, Spreading, Term};
use quorate_spec::witnesses::newly_seen;
use quorate_spec::{Transition, Violation, check_state, check_step};

/// Small limits, so that all of them are met.
pub(crate) const PARAMETERS: Parameters = Parameters {
    batch: 2,
    window: 3,
    max_uncommitted: 6,
    max_reads: 3,
    spreading: Spreading::AtOnce,
};

/// A server by its number.
pub(crate) fn n(number: u8) -> ServerId {
    ServerId::new(number).expect("servers are numbered from 1")
}

/// An action that has happened.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) before: Cluster,
    pub(crate) action: Action,
    pub(crate) happening: Happening,
    pub(crate) after: Cluster,
}

impl Past {
    pub(crate) fn transition(&self) -> Transition<'_> {
        let Past { before, action, happening, after } = self;
        Transition { before, action, happening, after }
    }

    /// The server's state and disk after the action, to be spoilt.
    pub(crate) fn spoil(&mut self, server: u8) -> &mut Server {
        &mut self.after.servers[usize::from(server) - 1]
    }

    /// What the step asked for, to be spoilt.
    pub(crate) fn effects(&mut self) -> &mut Effects {
        &mut self.happening.step.as_mut().expect("a step").effects
    }

    /// How the server at hand leads after the action, to be spoilt.
    pub(crate) fn leader(&mut self, server: u8) -> &mut Leader {
        match &mut self.spoil(server).state.role {
            Role::Leader(leader) => leader,
            role => panic!("n{server} is no leader: {role:?}"),
        }
    }
}

/// A cluster that runs.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) parameters: Parameters,
    /// The witnesses seen.
    pub(crate) seen: u64,
    /// The first violation.
    pub(crate) violation: Option<Violation>,
    /// Whether to remember every action.
    pub(crate) remembers: bool,
    /// What has happened, the first action first.
    pub(crate) past: Vec<Past>,
}

impl Run {
    pub(crate) fn new(servers: u8) -> Run {
        Run::with(servers, PARAMETERS)
    }

    pub(crate) fn with(servers: u8, parameters: Parameters) -> Run {
        let network = NetworkKind::Faulty;
        let cluster = Cluster::new(&Setting { servers, network, parameters });
        Run { cluster, parameters, seen: 0, violation: None, remembers: true, past: Vec::new() }
    }

    /// Lets an action happen, and judges it.
    pub(crate) fn act(&mut self, action: Action) {
        let before = self.cluster.clone();
        let happening = self.cluster.perform(&self.parameters, &action).expect("a possible action");
        let past = Past { before, action, happening, after: self.cluster.clone() };
        self.seen |= newly_seen(&past.transition(), self.seen);
        if self.violation.is_none() {
            let verdict = check_step(&past.transition()).and_then(|()| check_state(&self.cluster));
            self.violation = verdict.err();
        }
        if self.remembers {
            self.past.push(past);
        }
    }

    pub(crate) fn server(&self, server: u8) -> &Server {
        self.cluster.server(n(server)).expect("a server of this cluster")
    }

    /// The last action.
    pub(crate) fn last(&self) -> Past {
        self.past.last().cloned().expect("something has happened")
    }

    /// The last action that passes a test.
    pub(crate) fn last_where(&self, test: impl Fn(&Past) -> bool) -> Past {
        self.past.iter().rev().find(|past| test(past)).cloned().expect("such an action")
    }

    /// Panics if any property was violated.
    pub(crate) fn assert_sound(&self) {
        assert_eq!(self.violation, None);
    }

    pub(crate) fn timeout(&mut self, server: u8) {
        self.act(Action::ElectionTimeout(n(server)));
    }

    pub(crate) fn heartbeat(&mut self, server: u8) {
        self.act(Action::HeartbeatTimeout(n(server)));
    }

    /// Syncs whatever a server has not finished, all at once.
    pub(crate) fn sync(&mut self, server: u8) {
        let count = self.server(server).disk.unfinished.len();
        if count > 0 {
            self.act(Action::Sync { server: n(server), count });
        }
    }

    pub(crate) fn crash(&mut self, server: u8, keep: usize) {
        self.act(Action::Crash { server: n(server), keep });
    }

    pub(crate) fn propose(&mut self, server: u8, count: u64) {
        let first = self.cluster.next_request().0;
        let requests = (first..first + count).map(RequestId).collect();
        self.act(Action::Propose { server: n(server), requests });
    }

    pub(crate) fn read(&mut self, server: u8) {
        let request = self.cluster.next_request();
        self.act(Action::Read { server: n(server), request });
    }

    /// The messages on their way from one server to another that pass a test, the least first.
    pub(crate) fn between(
        &self,
        from: u8,
        to: u8,
        test: impl Fn(&Message<Command>) -> bool,
    ) -> Vec<Envelope> {
        let in_flight = self.cluster.network.in_flight.keys();
        let chosen = in_flight.filter(|e| (e.from, e.to) == (n(from), n(to)) && test(&e.message));
        chosen.cloned().collect()
    }

    /// Delivers what is on its way from one server to another now, once each.
    pub(crate) fn deliver(&mut self, from: u8, to: u8) {
        for envelope in self.between(from, to, |_| true) {
            self.act(Action::Deliver(envelope));
        }
    }

    /// Loses whatever is on its way.
    pub(crate) fn lose_all(&mut self) {
        while let Some(envelope) = self.cluster.network.in_flight.keys().next().cloned() {
            self.act(Action::Drop(envelope));
        }
    }

    /// Delivers and syncs among some servers until nothing is left to do; what leaves the group stays on
    /// its way.
    pub(crate) fn settle(&mut self, group: &[u8]) {
        loop {
            let in_group = |id: ServerId| group.contains(&id.get());
            let mut in_flight = self.cluster.network.in_flight.keys();
            let next = in_flight.find(|e| in_group(e.from) && in_group(e.to)).cloned();
            let owing =
                group.iter().find(|s| !self.server(**s).disk.unfinished.is_empty()).copied();
            match (owing, next) {
                (Some(server), _) => self.sync(server),
                (None, Some(envelope)) => self.act(Action::Deliver(envelope)),
                (None, None) => return,
            }
        }
    }

    /// Lets a server stand and win with the votes of a group, and settles the group.
    pub(crate) fn elect(&mut self, server: u8, group: &[u8]) {
        self.timeout(server);
        self.settle(group);
        assert!(self.leads(server), "n{server} did not win: {:?}", self.server(server).state);
    }

    /// Lets a server win with the votes of just these, as few as suffice, in a term later than any of
    /// theirs; whatever else anybody says is lost.
    pub(crate) fn win(&mut self, server: u8, voters: &[u8]) {
        let newest = voters.iter().map(|voter| self.term(*voter)).max();
        loop {
            self.lose_all();
            self.timeout(server);
            self.sync(server);
            if Some(self.term(server)) > newest {
                break;
            }
        }
        for voter in voters {
            self.deliver(server, *voter);
            self.sync(*voter);
            self.deliver(*voter, server);
        }
        assert!(self.leads(server), "n{server} did not win: {:?}", self.server(server).state);
        self.sync(server);
        self.lose_all();
    }

    pub(crate) fn leads(&self, server: u8) -> bool {
        matches!(self.server(server).state.role, Role::Leader(_))
    }

    pub(crate) fn term(&self, server: u8) -> Term {
        self.server(server).state.current_term
    }

    /// One action by chance.
    pub(crate) fn act_by_chance(&mut self, rng: &mut Rng) {
        let action = loop {
            if let Some(action) = propose_by_chance(&self.cluster, rng) {
                break action;
            }
        };
        self.act(action);
    }
}

/// Runs clusters of a size by chance, each seed on its own, and judges every action. The witnesses seen.
pub(crate) fn by_chance(servers: u8, seeds: u64, steps: usize) -> u64 {
    let mut seen = 0;
    for seed in 0..seeds {
        let mut rng = Rng::with_seed(seed);
        let mut run = Run::new(servers);
        run.remembers = false;
        for step in 0..steps {
            run.act_by_chance(&mut rng);
            let violation = &run.violation;
            assert_eq!(*violation, None, "{servers} servers, seed {seed}, step {step}");
        }
        seen |= run.seen;
    }
    seen
}

/// An action that is possible in this state, or nothing when chance has chosen one that is not.
fn propose_by_chance(cluster: &Cluster, rng: &mut Rng) -> Option<Action> {
    let size = cluster.servers.len();
    let server = n(rng.u8(1..=size as u8));
    let unfinished = cluster.server(server)?.disk.unfinished.len();
    let leads = |s: &&Server| matches!(s.state.role, Role::Leader(_));
    let asked = cluster.servers.iter().filter(leads).last().map_or(server, |s| s.state.id);
    let asked = if rng.u8(..4) == 0 { server } else { asked };
    let in_flight = cluster.network.in_flight.len();
    let arriving = |rng: &mut Rng| {
        let place = (in_flight > 0).then(|| rng.usize(..in_flight))?;
        let envelope = cluster.network.in_flight.keys().nth(place)?.clone();
        (!cluster.network.is_cut(&envelope)).then_some(envelope)
    };
    match rng.u8(..100) {
        0..45 => arriving(rng).map(Action::Deliver),
        45..49 => arriving(rng).map(Action::Duplicate),
        49..54 => arriving(rng).map(Action::Drop),
        54..76 if unfinished > 0 => Some(Action::Sync { server, count: rng.usize(1..=unfinished) }),
        76..80 => Some(Action::ElectionTimeout(server)),
        80..84 => Some(Action::HeartbeatTimeout(asked)),
        84..86 => Some(Action::Crash { server, keep: rng.usize(..=unfinished) }),
        86..91 => {
            let first = cluster.next_request().0;
            let count = rng.u64(1..=4);
            let requests = (first..first + count).map(RequestId).collect();
            Some(Action::Propose { server: asked, requests })
        }
        91..95 => Some(Action::Read { server: asked, request: cluster.next_request() }),
        95 if size > 1 => Some(Action::Cut { from: server, to: n(rng.u8(1..=size as u8)) }),
        96..98 => Some(Action::Heal),
        _ => None,
    }
}
