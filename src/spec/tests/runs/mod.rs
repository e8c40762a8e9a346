//! Random runs of a closed system: everything that can happen, in an order that a seed decides.

#![allow(dead_code, reason = "every test file uses its own part")]

use quorate_cluster::{Action, Cluster, Happening, NetworkKind, Setting};
use quorate_core::{Parameters, RequestId, ServerId, Spreading};
use quorate_spec::{Refinement, Scenario, Transition, Violation};

/// The server with this number.
pub(crate) fn n(number: u8) -> ServerId {
    ServerId::new(number).expect("a number of a server")
}

/// A system of some servers whose messages may do anything.
pub(crate) fn setting(servers: u8) -> Setting {
    Setting { servers, network: NetworkKind::Faulty, parameters: Parameters::default() }
}

/// A system with random limits.
pub(crate) fn random_setting(rng: &mut fastrand::Rng, servers: u8) -> Setting {
    let spreading = if rng.bool() { Spreading::AtOnce } else { Spreading::WithNextMessage };
    let parameters = Parameters {
        batch: rng.usize(1..4),
        window: rng.usize(1..4),
        spreading,
        ..Parameters::default()
    };
    // Half of the networks are faulty, the others of any kind.
    let kind = NetworkKind::ALL[rng.usize(0..NetworkKind::ALL.len())];
    let network = if rng.bool() { NetworkKind::Faulty } else { kind };
    Setting { servers, network, parameters }
}

/// A scenario in which so many servers begin like this, in the notation; those left out have never run.
pub(crate) fn beginning(count: u8, servers: &[&str]) -> Scenario {
    let head = format!("scenario version=1\nsetting servers={count} network=faulty");
    let text = format!("{head}\n{}\nend\n", servers.join("\n"));
    Scenario::parse(&text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// Something that can happen, more often what leads on than what throws back.
pub(crate) fn random_action(rng: &mut fastrand::Rng, cluster: &Cluster) -> Action {
    loop {
        let server = n(rng.u8(1..=cluster.servers.len() as u8));
        let unfinished = cluster.server(server).map_or(0, |server| server.disk.unfinished.len());
        let faulty = cluster.network.kind == NetworkKind::Faulty;
        let mut envelopes = cluster.network.in_flight.keys();
        let envelope = (envelopes.len() > 0)
            .then(|| envelopes.nth(rng.usize(0..envelopes.len())).expect("in flight").clone());
        let request = cluster.next_request();
        return match (rng.u8(0..100), envelope) {
            (0..45, Some(envelope)) if !cluster.network.is_cut(&envelope) => {
                if rng.u8(0..8) == 0 {
                    Action::Duplicate(envelope)
                } else {
                    Action::Deliver(envelope)
                }
            }
            (45..50, Some(envelope)) if faulty => Action::Drop(envelope),
            (50..54, _) => Action::ElectionTimeout(server),
            (54..58, _) => Action::HeartbeatTimeout(server),
            (58..80, _) if unfinished > 0 => {
                Action::Sync { server, count: rng.usize(1..=unfinished) }
            }
            (80..83, _) => Action::Crash { server, keep: rng.usize(0..=unfinished) },
            (83..92, _) => {
                let requests = (0..rng.u64(1..3)).map(|more| RequestId(request.0 + more));
                Action::Propose { server, requests: requests.collect() }
            }
            (92..95, _) => Action::Read { server, request },
            (95..96, _) if faulty && cluster.servers.len() > 1 => {
                let to = n(rng.u8(1..=cluster.servers.len() as u8));
                Action::Cut { from: server, to }
            }
            (96..98, _) if faulty => Action::Heal,
            _ => continue,
        };
    }
}

/// A run: the system, and the abstract protocol beside it.
pub(crate) struct Run {
    pub(crate) setting: Setting,
    pub(crate) cluster: Cluster,
    pub(crate) refinement: Refinement,
}

impl Run {
    pub(crate) fn new(setting: Setting) -> Run {
        let cluster = Cluster::new(&setting);
        let refinement = Refinement::new(&cluster);
        Run { setting, cluster, refinement }
    }

    /// Lets an action happen, and follows it.
    pub(crate) fn perform(&mut self, action: &Action) -> Result<Happening, Violation> {
        self.perform_watched(action, |_| ())
    }

    /// Lets an action happen, follows it, and lets somebody look at it.
    pub(crate) fn perform_watched(
        &mut self,
        action: &Action,
        watch: impl FnOnce(&Transition<'_>),
    ) -> Result<Happening, Violation> {
        let before = self.cluster.clone();
        let happening = self.cluster.perform(&self.setting.parameters, action);
        let happening = happening.expect("the action is possible");
        let after = &self.cluster;
        let transition = Transition { before: &before, action, happening: &happening, after };
        self.refinement.check(&transition)?;
        watch(&transition);
        Ok(happening)
    }

    /// Lets actions happen that must all be fine.
    pub(crate) fn play(&mut self, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            self.perform(&action).unwrap_or_else(|violation| panic!("{action:?}: {violation:?}"));
        }
    }

    /// Makes every unfinished write durable and delivers every message, until nothing is left to do.
    pub(crate) fn settle(&mut self) {
        loop {
            let unfinished = self.cluster.servers.iter().find(|s| !s.disk.unfinished.is_empty());
            let sync = unfinished.map(|server| Action::Sync {
                server: server.state.id,
                count: server.disk.unfinished.len(),
            });
            let oldest = || self.cluster.network.in_flight.keys().next().cloned();
            let Some(action) = sync.or_else(|| oldest().map(Action::Deliver)) else { return };
            self.play([action]);
        }
    }

    /// Makes a server leader, and lets its no-op be committed everywhere.
    pub(crate) fn elect(&mut self, server: ServerId) {
        self.play([Action::ElectionTimeout(server)]);
        self.settle();
    }

    /// Lets a server be asked for commands, without more.
    pub(crate) fn propose(&mut self, server: ServerId, count: u64) {
        let first = self.cluster.next_request().0;
        let requests = (first..first + count).map(RequestId).collect();
        self.play([Action::Propose { server, requests }]);
    }
}
