//! The closed system with other names for its servers.

use crate::{Action, Clients, Cluster, Disk, History, Network, Server, Waiting};
use quorate_core::{Names, Renumber};

impl Renumber for Disk {
    fn renumber(&self, names: Names<'_>) -> Disk {
        Disk {
            voted_for: self.voted_for.renumber(names),
            unfinished: self.unfinished.iter().map(|write| write.renumber(names)).collect(),
            ..self.clone()
        }
    }
}

impl Renumber for Server {
    fn renumber(&self, names: Names<'_>) -> Server {
        Server { state: self.state.renumber(names), disk: self.disk.renumber(names) }
    }
}

impl Renumber for Network {
    fn renumber(&self, names: Names<'_>) -> Network {
        let renamed = self.in_flight.iter().map(|(e, count)| (e.renumber(names), *count));
        Network {
            kind: self.kind,
            in_flight: renamed.collect(),
            cuts: self.cuts.iter().map(|(from, to)| (names(*from), names(*to))).collect(),
        }
    }
}

impl Renumber for Clients {
    fn renumber(&self, names: Names<'_>) -> Clients {
        let renamed = self.waiting.iter().map(|(request, waiting)| {
            (*request, Waiting { server: names(waiting.server), kind: waiting.kind })
        });
        Clients { issued: self.issued, waiting: renamed.collect() }
    }
}

impl Renumber for History {
    fn renumber(&self, names: Names<'_>) -> History {
        let leaders = self.leaders.iter().map(|(term, set)| (*term, set.renumber(names)));
        let votes = self.votes.iter();
        let votes = votes.map(|((term, voter), set)| ((*term, names(*voter)), set.renumber(names)));
        History {
            leaders: leaders.collect(),
            votes: votes.collect(),
            committed: self.committed.clone(),
        }
    }
}

impl Renumber for Cluster {
    fn renumber(&self, names: Names<'_>) -> Cluster {
        let mut servers: Vec<Server> = self.servers.iter().map(|s| s.renumber(names)).collect();
        servers.sort_unstable_by_key(|server| server.state.id);
        Cluster {
            servers,
            network: self.network.renumber(names),
            clients: self.clients.renumber(names),
            history: self.history.renumber(names),
        }
    }
}

impl Renumber for Action {
    fn renumber(&self, names: Names<'_>) -> Action {
        match self {
            Action::ElectionTimeout(server) => Action::ElectionTimeout(names(*server)),
            Action::HeartbeatTimeout(server) => Action::HeartbeatTimeout(names(*server)),
            Action::Deliver(envelope) => Action::Deliver(envelope.renumber(names)),
            Action::Duplicate(envelope) => Action::Duplicate(envelope.renumber(names)),
            Action::Drop(envelope) => Action::Drop(envelope.renumber(names)),
            Action::Sync { server, count } => {
                Action::Sync { server: names(*server), count: *count }
            }
            Action::Crash { server, keep } => Action::Crash { server: names(*server), keep: *keep },
            Action::Propose { server, requests } => {
                Action::Propose { server: names(*server), requests: requests.clone() }
            }
            Action::Read { server, request } => {
                Action::Read { server: names(*server), request: *request }
            }
            Action::Cut { from, to } => Action::Cut { from: names(*from), to: names(*to) },
            Action::Heal => Action::Heal,
            Action::Wipe(server) => Action::Wipe(names(*server)),
        }
    }
}
