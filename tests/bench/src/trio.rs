//! Three servers in one process: a network without delay, and disks that finish at once.
//!
//! What remains is the protocol: every operation pays for its steps and messages, and for nothing else.
//! Inputs are taken one by one in the order in which they arose, without regard to whom they are for.

use quorate_core::{
    Configuration, Effects, Envelope, Input, Outcome, Parameters, Proposal, RequestId, ServerId,
    State, step_into,
};
use std::collections::VecDeque;

/// Three servers; the first leads.
pub(crate) struct Trio<C> {
    parameters: Parameters,
    servers: Vec<State<C>>,
    effects: Effects<C>,
    /// Messages not yet delivered, the oldest first.
    network: VecDeque<Envelope<C>>,
    /// How many writes have been answered.
    pub(crate) answered: usize,
    /// How many steps have been taken.
    pub(crate) steps: usize,
}

impl<C: Clone> Trio<C> {
    /// Three servers whose first has been elected and has committed its no-op.
    pub(crate) fn new() -> Trio<C> {
        let ids = || (1..=3).filter_map(ServerId::new);
        let configuration = Configuration::new(ids().collect()).expect("three voters");
        let server = |id| State::new(id, configuration).expect("a voter");
        let mut trio = Trio {
            parameters: Parameters::default(),
            servers: ids().map(server).collect(),
            effects: Effects::default(),
            network: VecDeque::new(),
            answered: 0,
            steps: 0,
        };
        trio.step(0, Input::ElectionTimeout);
        while trio.deliver() {}
        trio
    }

    /// Proposes commands to the leader, all in one step.
    pub(crate) fn propose(&mut self, first: RequestId, commands: impl Iterator<Item = C>) {
        let proposal = |(request, command)| Proposal { request: RequestId(request), command };
        let proposals = (first.0..).zip(commands).map(proposal).collect();
        self.step(0, Input::Propose(proposals));
    }

    /// Delivers the oldest message, if there is one.
    pub(crate) fn deliver(&mut self) -> bool {
        let Some(envelope) = self.network.pop_front() else { return false };
        let place = usize::from(envelope.to.get()) - 1;
        self.step(place, Input::Receive(envelope));
        true
    }

    /// Lets a server take a step, and its disk finish what the step wrote.
    fn step(&mut self, place: usize, input: Input<C>) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.steps += 1;
            step_into(&self.parameters, &mut self.servers[place], input, &mut self.effects);
            self.network.extend(self.effects.send.drain(..));
            for reply in &self.effects.reply {
                assert!(matches!(reply.outcome, Outcome::Written(_)), "{reply:?}");
            }
            self.answered += self.effects.reply.len();
            next = self.effects.write.is_some().then_some(Input::Persisted(1));
            self.effects.clear();
        }
    }
}
