//! A state of the abstract protocol, made up action by action.

#![allow(dead_code, reason = "every test file uses its own part")]

use crate::runs::n;
use quorate_cluster::Command;
use quorate_core::{AbstractAction, Configuration, Index, Payload, ServerSet, Term};
use quorate_spec::{Abstract, Node};

pub(crate) type State = Abstract<Command>;

pub(crate) fn set<const N: usize>(numbers: [u8; N]) -> ServerSet {
    numbers.into_iter().map(n).collect()
}

pub(crate) fn command(number: u64) -> Option<Payload<Command>> {
    Some(Payload::Command(Command(number)))
}

/// Three servers. n1 leads term 1, its log is two entries long, n1 and n2 hold and have acknowledged the
/// first, which is chosen and applied at n1. n3 stands in term 2 with an empty log and its own vote.
pub(crate) fn state() -> State {
    let (one, two) = (Term(1), Term(2));
    let (n1, n2) = (n(1), n(2));
    let mut state = Abstract::new(Configuration::new(set([1, 2, 3])).expect("three voters"));
    let mut perform = |action, payload| state.perform(&action, payload).expect("it may happen");
    perform(AbstractAction::BecomeCandidate { server: n1, term: one }, None);
    perform(AbstractAction::GrantVote { server: n2, candidate: n1, term: one }, None);
    perform(AbstractAction::BecomeLeader { server: n1, term: one, votes: set([1, 2]) }, None);
    for index in [Index(1), Index(2)] {
        perform(AbstractAction::LeaderAppend { term: one, index }, command(index.0));
    }
    let (previous, last) = (Index(0), Index(1));
    perform(AbstractAction::Replicate { server: n1, term: one, previous, last }, None);
    perform(AbstractAction::Replicate { server: n2, term: one, previous, last }, None);
    let acknowledged = set([1, 2]);
    perform(AbstractAction::Commit { term: one, index: last, acknowledged }, None);
    perform(AbstractAction::Apply { server: n1, index: last }, None);
    perform(AbstractAction::BecomeCandidate { server: n(3), term: two }, None);
    state
}

/// A server's node, to be changed by hand.
pub(crate) fn node(state: &mut State, server: u8) -> &mut Node<Command> {
    state.nodes.get_mut(&n(server)).expect("a node")
}
