//! A cluster under test: it checks every property in every state and step, and can be driven by hand or by
//! chance.
#![allow(dead_code, reason = "every test file compiles this module and uses its own part of it")]

use fastrand::Rng;
use quorate_cluster::{Action, Cluster, Envelope, Happening, NetworkKind, Server, Setting};
use quorate_core::{Message, Parameters, RequestId, Role, ServerId, Spreading, Term};
use quorate_spec::witnesses::newly_seen;
use quorate_spec::{Transition, Violation, check_state, check_step};

/// Small limits, so that all of them are met.
pub const PARAMETERS: Parameters = Parameters {
    batch: 2,
    window: 3,
    max_uncommitted: 6,
    max_reads: 3,
    spreading: Spreading::AtOnce,
};

/// A server by its number.
pub fn n(number: u8) -> ServerId {
    ServerId::new(number).expect("servers are numbered from 1")
}

/// An action that has happened.
#[derive(Clone, Debug)]
pub struct Past {
    pub before: Cluster,
    pub action: Action,
    pub happening: Happening,
    pub after: Cluster,
}

impl Past {
    pub fn transition(&self) -> Transition<'_> {
        let Past { before, action, happening, after } = self;
        Transition { before, action, happening, after }
    }

    /// The server's state and disk after the action, to be spoilt.
    pub fn spoil(&mut self, server: u8) -> &mut Server {
        &mut self.after.servers[usize::from(server) - 1]
    }
}

/// A cluster that runs.
#[derive(Clone, Debug)]
pub struct Run {
    pub cluster: Cluster,
    pub parameters: Parameters,
    /// The witnesses seen.
    pub seen: u64,
    /// The first violation.
    pub violation: Option<Violation>,
    /// The last action.
    pub last: Option<Past>,
}

impl Run {
    pub fn new(servers: u8) -> Run {
        Run::with(servers, PARAMETERS)
    }

    pub fn with(servers: u8, parameters: Parameters) -> Run {
        let network = NetworkKind::Faulty;
        let cluster = Cluster::new(&Setting { servers, network, parameters });
        Run { cluster, parameters, seen: 0, violation: None, last: None }
    }

    /// Lets an action happen, and judges it.
    pub fn act(&mut self, action: Action) -> &Past {
        let before = self.cluster.clone();
        let happening = self.cluster.perform(&self.parameters, &action).expect("a possible action");
        let past = Past { before, action, happening, after: self.cluster.clone() };
        self.seen |= newly_seen(&past.transition(), self.seen);
        if self.violation.is_none() {
            let verdict = check_step(&past.transition()).and_then(|()| check_state(&self.cluster));
            self.violation = verdict.err();
        }
        self.last.insert(past)
    }

    pub fn server(&self, server: u8) -> &Server {
        self.cluster.server(n(server)).expect("a server of this cluster")
    }

    /// The last action, to be spoilt.
    pub fn past(&self) -> Past {
        self.last.clone().expect("something has happened")
    }

    pub fn timeout(&mut self, server: u8) {
        self.act(Action::ElectionTimeout(n(server)));
    }

    pub fn heartbeat(&mut self, server: u8) {
        self.act(Action::HeartbeatTimeout(n(server)));
    }

    /// Syncs whatever a server has not finished, all at once.
    pub fn sync(&mut self, server: u8) {
        let count = self.server(server).disk.unfinished.len();
        if count > 0 {
            self.act(Action::Sync { server: n(server), count });
        }
    }

    pub fn crash(&mut self, server: u8, keep: usize) {
        self.act(Action::Crash { server: n(server), keep });
    }

    pub fn propose(&mut self, server: u8, count: u64) {
        let first = self.cluster.next_request().0;
        let requests = (first..first + count).map(RequestId).collect();
        self.act(Action::Propose { server: n(server), requests });
    }

    pub fn read(&mut self, server: u8) {
        let request = self.cluster.next_request();
        self.act(Action::Read { server: n(server), request });
    }

    /// The messages on their way from one server to another that pass a test, the least first.
    pub fn between(
        &self,
        from: u8,
        to: u8,
        test: impl Fn(&Message<quorate_cluster::Command>) -> bool,
    ) -> Vec<Envelope> {
        let in_flight = self.cluster.network.in_flight.keys();
        let chosen = in_flight.filter(|e| (e.from, e.to) == (n(from), n(to)) && test(&e.message));
        chosen.cloned().collect()
    }

    /// Delivers what is on its way from one server to another now, once each.
    pub fn deliver(&mut self, from: u8, to: u8) {
        for envelope in self.between(from, to, |_| true) {
            self.act(Action::Deliver(envelope));
        }
    }

    /// Loses whatever is on its way.
    pub fn lose_all(&mut self) {
        while let Some(envelope) = self.cluster.network.in_flight.keys().next().cloned() {
            self.act(Action::Drop(envelope));
        }
    }

    /// Delivers and syncs among some servers until nothing is left to do; what leaves the group stays on
    /// its way.
    pub fn settle(&mut self, group: &[u8]) {
        loop {
            let in_group = |id: ServerId| group.contains(&id.get());
            let mut in_flight = self.cluster.network.in_flight.keys();
            let next = in_flight.find(|e| in_group(e.from) && in_group(e.to)).cloned();
            let owing =
                group.iter().find(|s| !self.server(**s).disk.unfinished.is_empty()).copied();
            match (owing, next) {
                (Some(server), _) => self.sync(server),
                (None, Some(envelope)) => {
                    self.act(Action::Deliver(envelope));
                }
                (None, None) => return,
            }
        }
    }

    /// Lets a server stand and win with the votes of a group, and settles the group.
    pub fn elect(&mut self, server: u8, group: &[u8]) {
        self.timeout(server);
        self.settle(group);
        assert!(self.leads(server), "n{server} did not win: {:?}", self.server(server).state);
    }

    pub fn leads(&self, server: u8) -> bool {
        matches!(self.server(server).state.role, Role::Leader(_))
    }

    pub fn term(&self, server: u8) -> Term {
        self.server(server).state.current_term
    }

    /// One action by chance.
    pub fn act_by_chance(&mut self, rng: &mut Rng) {
        let action = loop {
            if let Some(action) = propose_by_chance(&self.cluster, rng) {
                break action;
            }
        };
        self.act(action);
    }
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
