//! Every message that is true of a history.

use super::choices::Choices;
use super::histories::paths;
use quorate_cluster::{Command, Entry, Envelope};
use quorate_core::{Index, LogPosition, Message, Round, ServerId, Term};
use quorate_spec::{Abstract, Leadership};

/// The greatest number of a round in a message.
const ROUNDS: usize = 3;

/// Every message that states a fact, to every server it can be addressed to. Of what no fact speaks - rounds,
/// what a rejection hints at, the term that a stale leader is told - each message has one value.
pub(super) fn true_messages(state: &Abstract<Command>, choices: &mut Choices) -> Vec<Envelope> {
    let mut all = Vec::new();
    for ((term, from), log) in &state.candidates {
        let last = last_position(log);
        for to in state.configuration.peers_of(*from) {
            all.push(Envelope {
                from: *from,
                to,
                term: *term,
                message: Message::RequestVote { last },
            });
        }
    }
    for ((term, from), to) in state.voted.iter().filter(|((_, from), to)| from != *to) {
        all.push(Envelope { from: *from, to: *to, term: *term, message: Message::VoteGranted });
    }
    for (term, leader) in &state.leaders {
        for peer in state.configuration.peers_of(leader.server) {
            add_entries(state, *term, leader, peer, choices, &mut all);
            add_answers(state, *term, leader, peer, choices, &mut all);
        }
    }
    all
}

fn last_position(log: &[Entry]) -> LogPosition {
    let term = log.last().map_or(Term::ZERO, |entry| entry.term);
    LogPosition { term, index: Index(log.len() as u64) }
}

/// What a leader may send: every part of its log, with nothing committed, with what is as far as the part reaches,
/// and with all that is.
fn add_entries(
    state: &Abstract<Command>,
    term: Term,
    leader: &Leadership<Command>,
    to: ServerId,
    choices: &mut Choices,
    all: &mut Vec<Envelope>,
) {
    let is_chosen =
        |index: &usize| state.chooser_of_prefix(&leader.log, Index(*index as u64), term).is_some();
    let committed = (1..=leader.log.len()).rev().find(is_chosen).unwrap_or(0);
    for begin in 0..=leader.log.len() {
        for end in begin..=leader.log.len() {
            let mut commits = vec![0, committed.min(end), committed];
            commits.dedup();
            for commit in commits {
                let message = Message::AppendEntries {
                    previous: last_position(&leader.log[..begin]),
                    entries: leader.log[begin..end].to_vec(),
                    commit_index: Index(commit as u64),
                    round: Round(choices.free(ROUNDS) as u64),
                };
                all.push(Envelope { from: leader.server, to, term, message });
            }
        }
    }
}

/// What a follower may answer.
fn add_answers(
    state: &Abstract<Command>,
    term: Term,
    leader: &Leadership<Command>,
    from: ServerId,
    choices: &mut Choices,
    all: &mut Vec<Envelope>,
) {
    let to = leader.server;
    let mut answer = |message| all.push(Envelope { from, to, term, message });
    for index in (0..=state.acked_index(term, from).0).map(Index) {
        let round = Round(choices.free(ROUNDS) as u64);
        answer(Message::AppendAccepted { match_index: index, round });
    }
    let hints: Vec<LogPosition> = paths(state, term).into_iter().map(last_position).collect();
    for previous in (1..=leader.log.len() as u64).map(Index) {
        let fitting: Vec<_> = hints.iter().filter(|hint| hint.index <= previous).collect();
        let hint = *fitting[choices.free(fitting.len())];
        let round = Round(choices.free(ROUNDS) as u64);
        answer(Message::AppendRejected { previous, hint, round });
    }
    answer(Message::StaleTerm { current: Term(term.0 + 1 + choices.free(2) as u64) });
}
