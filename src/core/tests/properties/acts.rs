//! What happens in a random run: acts, told relative to the state of the server, so that a fair part of
//! them meets it where it is, and some of them do not.

use crate::id;
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_core::{
    Entry, Envelope, Index, Input, LogPosition, Message, Payload, Proposal, RequestId, Round,
    State, Term,
};

/// One thing that happens to server 1.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    ElectionTimeout,
    HeartbeatTimeout,
    Propose(Vec<u64>),
    Read(u64),
    /// So many of the unfinished writes become durable, if there are as many.
    Persist(usize),
    Receive {
        from: u8,
        to: u8,
        term: Which,
        body: Body,
    },
    /// The server stops and starts again; so many of the unfinished writes survive.
    Crash(usize),
}

/// A term, relative to the server's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Current,
    Older(u64),
    Newer(u64),
    Exactly(u64),
}

/// A position near the end of the server's log, with the term that is there or another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    back: u64,
    ahead: u64,
    other_term: Option<u64>,
}

/// What a message says, relative to the server's state.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    RequestVote(Place),
    VoteGranted,
    AppendEntries { previous: Place, terms: Vec<Which>, commit_ahead: u64, round: u64 },
    AppendAccepted { place: Place, round: u64 },
    AppendRejected { previous: Place, hint: Place, round: u64 },
    StaleTerm(Which),
}

impl Act {
    /// The input of this act, or nothing for a crash.
    pub(crate) fn input(&self, state: &State<u8>) -> Option<Input<u8>> {
        let proposal = |request: &u64| Proposal { request: RequestId(*request), command: 0 };
        Some(match self {
            Act::ElectionTimeout => Input::ElectionTimeout,
            Act::HeartbeatTimeout => Input::HeartbeatTimeout,
            Act::Propose(requests) => Input::Propose(requests.iter().map(proposal).collect()),
            Act::Read(request) => Input::Read(RequestId(*request)),
            Act::Persist(count) => Input::Persisted((*count).min(state.unfinished.len())),
            Act::Receive { from, to, term, body } => Input::Receive(Envelope {
                from: id(*from),
                to: id(*to),
                term: term.of(state),
                message: body.message(state),
            }),
            Act::Crash(_) => return None,
        })
    }

    /// How many unfinished writes survive a crash.
    pub(crate) fn survivors(&self) -> usize {
        if let Act::Crash(survivors) = self { *survivors } else { usize::MAX }
    }
}

impl Which {
    fn of(self, state: &State<u8>) -> Term {
        let current = state.current_term.0;
        Term(match self {
            Which::Current => current,
            Which::Older(by) => current.saturating_sub(by),
            Which::Newer(by) => current.saturating_add(by),
            Which::Exactly(term) => term,
        })
    }
}

impl Place {
    fn of(self, state: &State<u8>) -> LogPosition {
        let last = state.log.last_index().0;
        let index = Index(last.saturating_sub(self.back).saturating_add(self.ahead));
        let here = state.log.term_at(index).unwrap_or(state.log.last_position().term);
        LogPosition { term: self.other_term.map_or(here, Term), index }
    }
}

impl Body {
    fn message(&self, state: &State<u8>) -> Message<u8> {
        match self {
            Body::RequestVote(place) => Message::RequestVote { last: place.of(state) },
            Body::VoteGranted => Message::VoteGranted,
            Body::AppendEntries { previous, terms, commit_ahead, round } => {
                let entry =
                    |which: &Which| Entry { term: which.of(state), payload: Payload::Command(1) };
                let previous = previous.of(state);
                Message::AppendEntries {
                    previous,
                    entries: terms.iter().map(entry).collect(),
                    commit_index: previous.index.plus(*commit_ahead),
                    round: Round(*round),
                }
            }
            Body::AppendAccepted { place, round } => {
                Message::AppendAccepted { match_index: place.of(state).index, round: Round(*round) }
            }
            Body::AppendRejected { previous, hint, round } => Message::AppendRejected {
                previous: previous.of(state).index,
                hint: hint.of(state),
                round: Round(*round),
            },
            Body::StaleTerm(which) => Message::StaleTerm { current: which.of(state) },
        }
    }
}

/// A run of about so many acts. A fifth of them are whole elections that the server may win.
pub(crate) fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let election = Just(
        [Act::ElectionTimeout, Act::Persist(usize::MAX)]
            .into_iter()
            .chain((2..=7).map(|from| receive(from, Body::VoteGranted)))
            .collect::<Vec<Act>>(),
    );
    let one = act().prop_map(|act| vec![act]);
    vec(prop_oneof![14 => one, 1 => election], 1..most).prop_map(|acts| acts.concat())
}

/// A message in the current term, rightly addressed.
fn receive(from: u8, body: Body) -> Act {
    Act::Receive { from, to: 1, term: Which::Current, body }
}

fn act() -> impl Strategy<Value = Act> {
    let count = prop_oneof![3 => Just(1_usize), 1 => 0..4_usize, 1 => Just(usize::MAX)];
    let requests = vec(any::<u64>(), 0..4);
    let message = (2..=3_u8, body()).prop_map(|(from, body)| receive(from, body));
    let candidacy = (2..=3_u8, place()).prop_map(|(from, last)| Act::Receive {
        from,
        to: 1,
        term: Which::Newer(1),
        body: Body::RequestVote(last),
    });
    let hostile = (1..=8_u8, 1..=2_u8, which(), body());
    prop_oneof![
        2 => Just(Act::ElectionTimeout),
        2 => Just(Act::HeartbeatTimeout),
        3 => requests.prop_map(Act::Propose),
        3 => any::<u64>().prop_map(Act::Read),
        4 => count.prop_map(Act::Persist),
        16 => message,
        2 => candidacy,
        6 => hostile.prop_map(|(from, to, term, body)| Act::Receive { from, to, term, body }),
        1 => (0..3_usize).prop_map(Act::Crash),
    ]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        8 => Just(Which::Current),
        3 => (1..3_u64).prop_map(Which::Older),
        3 => (1..3_u64).prop_map(Which::Newer),
        2 => (0..6_u64).prop_map(Which::Exactly),
        1 => Just(Which::Exactly(u64::MAX)),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    let ahead = prop_oneof![10 => Just(0), 2 => 1..3_u64, 1 => Just(u64::MAX)];
    let other_term = prop_oneof![4 => Just(None), 1 => (0..6_u64).prop_map(Some)];
    (0..4_u64, ahead, other_term).prop_map(|(back, ahead, other_term)| Place {
        back,
        ahead,
        other_term,
    })
}

fn round() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0..4_u64, 1 => Just(u64::MAX)]
}

fn body() -> impl Strategy<Value = Body> {
    let append = (place(), vec(which(), 0..4), 0..5_u64, round());
    prop_oneof![
        1 => place().prop_map(Body::RequestVote),
        1 => Just(Body::VoteGranted),
        4 => append.prop_map(|(previous, terms, commit_ahead, round)| {
            Body::AppendEntries { previous, terms, commit_ahead, round }
        }),
        4 => (place(), round()).prop_map(|(place, round)| Body::AppendAccepted { place, round }),
        2 => (place(), place(), round()).prop_map(|(previous, hint, round)| {
            Body::AppendRejected { previous, hint, round }
        }),
        1 => which().prop_map(Body::StaleTerm),
    ]
}
