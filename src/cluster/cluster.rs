//! The closed system itself, and how actions change it.

use crate::notation::Written;
use crate::{
    Action, Clients, Command, Disk, Effects, Envelope, History, Network, Setting, State,
    WaitingKind,
};
use core::fmt;
use quorate_core::{AbstractAction, Input, Parameters, Proposal, RequestId, ServerId, step_into};

/// Servers, network, clients and history: everything that an exhaustive check must tell apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cluster {
    /// The servers: n1 first, then n2, ...
    pub servers: Vec<Server>,
    /// The messages on their way.
    pub network: Network,
    /// The requests that wait.
    pub clients: Clients,
    /// What has happened.
    pub history: History,
}

/// A server: the state of its core, and its disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Server {
    /// The state of its core.
    pub state: State,
    /// Its disk.
    pub disk: Disk,
}

/// What one action did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Happening {
    /// The abstract actions of the writes that became durable, in order. They happened before the step.
    pub synced: Vec<AbstractAction>,
    /// The step that a server took, if one did.
    pub step: Option<ServerStep>,
}

/// A step of one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerStep {
    /// Who took it.
    pub server: ServerId,
    /// What it asked for.
    pub effects: Effects,
}

/// Why an action cannot happen in a state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Impossible {
    /// No server has this id.
    NoSuchServer(ServerId),
    /// No such message is on its way.
    NotInFlight(Envelope),
    /// Nothing arrives in this direction.
    IsCut(ServerId, ServerId),
    /// More writes were named than are unfinished, or none.
    Writes {
        /// How many were named.
        named: usize,
        /// How many are unfinished.
        unfinished: usize,
    },
    /// The request does not bear the next number.
    Request {
        /// The request named.
        named: RequestId,
        /// The one that is next.
        next: RequestId,
    },
    /// No request was named.
    NoRequest,
    /// A network of this kind has no such action.
    WrongNetwork(&'static str),
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Impossible::NoSuchServer(server) => write!(f, "there is no server {server}"),
            Impossible::NotInFlight(envelope) => write!(f, "not in flight: {}", Written(envelope)),
            Impossible::IsCut(from, to) => write!(f, "nothing arrives from {from} at {to}: cut"),
            Impossible::Writes { named, unfinished } => {
                write!(f, "{named} writes named; {unfinished} are unfinished")
            }
            Impossible::Request { named, next } => {
                write!(f, "request {named} named; the next one is {next}")
            }
            Impossible::NoRequest => write!(f, "no request named"),
            Impossible::WrongNetwork(kind) => {
                write!(f, "a network of kind {kind} has no such action")
            }
        }
    }
}

impl core::error::Error for Impossible {}

impl Cluster {
    /// A cluster that has never run.
    ///
    /// # Panics
    /// When the setting has not 1 to 7 servers.
    pub fn new(setting: &Setting) -> Cluster {
        let configuration = setting.configuration();
        let server = |id| Server {
            state: State::new(id, configuration).expect("every server of a setting is a voter"),
            disk: Disk::default(),
        };
        Cluster {
            servers: setting.ids().map(server).collect(),
            network: Network::new(setting.network),
            clients: Clients::default(),
            history: History::default(),
        }
    }

    /// The server with this id, if there is one.
    pub fn server(&self, id: ServerId) -> Option<&Server> {
        self.servers.get(usize::from(id.get()).checked_sub(1)?)
    }

    /// The number that the next request must bear.
    pub const fn next_request(&self) -> RequestId {
        RequestId(self.clients.issued + 1)
    }

    /// Lets an action happen, and says what it did.
    ///
    /// # Errors
    /// When it cannot happen in this state; then nothing has changed.
    pub fn perform(
        &mut self,
        parameters: &Parameters,
        action: &Action,
    ) -> Result<Happening, Impossible> {
        match action {
            Action::ElectionTimeout(id) => self.step(parameters, *id, Input::ElectionTimeout),
            Action::HeartbeatTimeout(id) => self.step(parameters, *id, Input::HeartbeatTimeout),
            Action::Deliver(envelope) => {
                self.can_arrive(envelope)?;
                self.take(envelope)?;
                self.step(parameters, envelope.to, Input::Receive(envelope.clone()))
            }
            Action::Duplicate(envelope) => {
                self.can_arrive(envelope)?;
                if !self.network.carries(envelope) {
                    return Err(Impossible::NotInFlight(envelope.clone()));
                }
                self.step(parameters, envelope.to, Input::Receive(envelope.clone()))
            }
            Action::Drop(envelope) => self.lose(envelope),
            Action::Sync { server, count } => self.sync(parameters, *server, *count),
            Action::Crash { server, keep } => self.crash(*server, *keep),
            Action::Propose { server, requests } => self.propose(parameters, *server, requests),
            Action::Read { server, request } => self.read(parameters, *server, *request),
            Action::Cut { from, to } => self.cut(*from, *to),
            Action::Heal => self.heal(),
            Action::Wipe(id) => self.wipe(*id),
        }
    }

    /// A server's place in the vector.
    fn place(&self, id: ServerId) -> Result<usize, Impossible> {
        let place = usize::from(id.get()).saturating_sub(1);
        if place < self.servers.len() { Ok(place) } else { Err(Impossible::NoSuchServer(id)) }
    }

    /// Lets a server take a step, and lets everything it asks for happen.
    fn step(
        &mut self,
        parameters: &Parameters,
        id: ServerId,
        input: Input<Command>,
    ) -> Result<Happening, Impossible> {
        let place = self.place(id)?;
        let server = &mut self.servers[place];
        let mut effects = Effects::default();
        step_into(parameters, &mut server.state, input, &mut effects);
        if let Some(write) = &effects.write {
            server.disk.issue(write.clone());
        }
        for envelope in &effects.send {
            self.network.send(envelope.clone());
        }
        for reply in &effects.reply {
            self.clients.receive(reply);
        }
        let step = ServerStep { server: id, effects };
        self.history.note(&server.state, &step);
        Ok(Happening { synced: Vec::new(), step: Some(step) })
    }

    /// Whether a message to this server can arrive in this direction, if there is one.
    fn can_arrive(&self, envelope: &Envelope) -> Result<(), Impossible> {
        self.place(envelope.to)?;
        match self.network.is_cut(envelope) {
            true => Err(Impossible::IsCut(envelope.from, envelope.to)),
            false => Ok(()),
        }
    }

    fn lose(&mut self, envelope: &Envelope) -> Result<Happening, Impossible> {
        self.must_be_faulty()?;
        self.take(envelope)?;
        Ok(Happening::default())
    }

    /// Takes a message from the network.
    fn take(&mut self, envelope: &Envelope) -> Result<(), Impossible> {
        match self.network.take(envelope) {
            true => Ok(()),
            false => Err(Impossible::NotInFlight(envelope.clone())),
        }
    }

    fn sync(
        &mut self,
        parameters: &Parameters,
        id: ServerId,
        count: usize,
    ) -> Result<Happening, Impossible> {
        let place = self.place(id)?;
        let disk = &mut self.servers[place].disk;
        let unfinished = disk.unfinished.len();
        if count == 0 || count > unfinished {
            return Err(Impossible::Writes { named: count, unfinished });
        }
        let synced = disk.sync(count);
        let happening = self.step(parameters, id, Input::Persisted(count))?;
        Ok(Happening { synced, ..happening })
    }

    fn crash(&mut self, id: ServerId, keep: usize) -> Result<Happening, Impossible> {
        let place = self.place(id)?;
        let disk = &mut self.servers[place].disk;
        let unfinished = disk.unfinished.len();
        if keep > unfinished {
            return Err(Impossible::Writes { named: keep, unfinished });
        }
        let synced = disk.crash(keep);
        self.restart(place);
        Ok(Happening { synced, step: None })
    }

    /// Starts a server anew with what its disk holds.
    fn restart(&mut self, place: usize) {
        let Server { state, disk } = &mut self.servers[place];
        let (id, configuration) = (state.id, state.configuration);
        *state = State::recover(id, configuration, disk.term, disk.voted_for, disk.log.clone())
            .expect("the server was a voter before it crashed");
        self.clients.forget_server(id);
    }

    fn propose(
        &mut self,
        parameters: &Parameters,
        id: ServerId,
        requests: &[RequestId],
    ) -> Result<Happening, Impossible> {
        self.place(id)?;
        if requests.is_empty() {
            return Err(Impossible::NoRequest);
        }
        let first = self.next_request().0;
        for (named, next) in requests.iter().zip(first..) {
            self.must_be_next(*named, RequestId(next))?;
        }
        let mut proposals = Vec::with_capacity(requests.len());
        for request in requests {
            self.clients.issue(*request, id, WaitingKind::Write);
            proposals.push(Proposal { request: *request, command: Command(request.0) });
        }
        self.step(parameters, id, Input::Propose(proposals))
    }

    fn read(
        &mut self,
        parameters: &Parameters,
        id: ServerId,
        request: RequestId,
    ) -> Result<Happening, Impossible> {
        self.place(id)?;
        self.must_be_next(request, self.next_request())?;
        let must_see = self.history.commit_index();
        self.clients.issue(request, id, WaitingKind::Read { must_see });
        self.step(parameters, id, Input::Read(request))
    }

    fn must_be_next(&self, named: RequestId, next: RequestId) -> Result<(), Impossible> {
        if named == next { Ok(()) } else { Err(Impossible::Request { named, next }) }
    }

    fn must_be_faulty(&self) -> Result<(), Impossible> {
        match self.network.kind {
            crate::NetworkKind::Faulty => Ok(()),
            kind => Err(Impossible::WrongNetwork(kind.name())),
        }
    }

    fn cut(&mut self, from: ServerId, to: ServerId) -> Result<Happening, Impossible> {
        self.must_be_faulty()?;
        self.place(from)?;
        self.place(to)?;
        self.network.cuts.insert((from, to));
        Ok(Happening::default())
    }

    fn heal(&mut self) -> Result<Happening, Impossible> {
        self.must_be_faulty()?;
        self.network.cuts.clear();
        Ok(Happening::default())
    }

    fn wipe(&mut self, id: ServerId) -> Result<Happening, Impossible> {
        let place = self.place(id)?;
        self.servers[place].disk = Disk::default();
        self.restart(place);
        Ok(Happening::default())
    }
}
