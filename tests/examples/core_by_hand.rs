//! The core driven by hand: three servers, no threads, no clock, no disk - and everything that a runtime does.
//!
//! A step says what it wants: a write, messages, entries to apply. Here writes are durable at once and messages
//! arrive at once, so all there is to do is to hand them on until nothing is left.

use quorate_core::{
    Configuration, Effects, Index, Input, Outcome, Parameters, Payload, Proposal, RequestId,
    ServerId, ServerSet, State, step,
};
use std::collections::VecDeque;

/// Three servers, and what each is still to be told.
struct Cluster {
    servers: Vec<State<&'static str>>,
    inputs: VecDeque<(ServerId, Input<&'static str>)>,
    outcomes: Vec<Outcome>,
}

impl Cluster {
    /// Steps until nobody has anything left to be told.
    fn run(&mut self, server: ServerId, input: Input<&'static str>) {
        self.inputs.push_back((server, input));
        while let Some((server, input)) = self.inputs.pop_front() {
            let place = usize::from(server.get()) - 1;
            let state = self.servers[place].clone();
            let (state, effects) = step(&Parameters::default(), state, input);
            self.servers[place] = state;
            self.perform(server, effects);
        }
    }

    fn perform(&mut self, server: ServerId, effects: Effects<&'static str>) {
        // The disk: a real one would write, sync, and only then say so.
        let persisted = effects.write.map(|_| (server, Input::Persisted(1)));
        // The network: a real one may lose, repeat and reorder.
        let received = effects.send.into_iter().map(|e| (e.to, Input::Receive(e)));
        self.inputs.extend(persisted.into_iter().chain(received));
        self.outcomes.extend(effects.reply.iter().map(|reply| reply.outcome));
    }

    /// The commands that a server has applied.
    fn applied(&self, place: usize) -> Vec<&'static str> {
        let server = &self.servers[place];
        let entries = (1..=server.last_applied.0).filter_map(|index| server.log.get(Index(index)));
        entries
            .filter_map(|entry| match entry.payload {
                Payload::NoOp => None,
                Payload::Command(command) => Some(command),
            })
            .collect()
    }
}

pub(crate) fn main() {
    let ids: Vec<ServerId> = (1..=3).filter_map(ServerId::new).collect();
    let voters: ServerSet = ids.iter().copied().collect();
    let configuration = Configuration::new(voters).expect("three servers are a cluster");
    let server = |id: &ServerId| State::new(*id, configuration).expect("it is a voter");
    let servers = ids.iter().map(server).collect();
    let mut cluster = Cluster { servers, inputs: VecDeque::new(), outcomes: Vec::new() };

    // The first server's election timer runs out; it wins, and takes a command.
    cluster.run(ids[0], Input::ElectionTimeout);
    let proposal = Proposal { request: RequestId(1), command: "x = 1" };
    cluster.run(ids[0], Input::Propose(vec![proposal]));

    // Index 1 holds the no-op with which the term began.
    assert_eq!(cluster.outcomes, [Outcome::Written(Index(2))]);
    for (place, id) in ids.iter().enumerate() {
        assert_eq!(cluster.applied(place), ["x = 1"]);
        println!("{id} has applied {:?}", cluster.applied(place));
    }
}
