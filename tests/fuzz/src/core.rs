//! Inputs of the protocol: messages as they can be decoded, and the rest of what happens to a server.
//!
//! Every state and step is held against the rules that the core's own random runs are held against, and every
//! promise against what the disk keeps across crashes.

use crate::disk::Disk;
use crate::promises::Promises;
use crate::{Numbers, id, rules};
use quorate_core::{
    Configuration, Entry, Envelope, Index, Input, LogPosition, Message, Parameters, Payload,
    Proposal, RequestId, Round, Spreading, State, Term, step,
};

/// The greatest number of acts in a run: a rule looks at the whole log.
const ACTS: usize = 400;

/// Runs one server through what the bytes say happens to it.
///
/// # Panics
/// When a step panics or breaks a rule, or a promise is not kept.
pub fn core(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let parameters = Parameters {
        batch: numbers.below(4),
        window: numbers.below(4),
        max_uncommitted: numbers.below(6) as u64,
        max_reads: numbers.below(4),
        spreading: match numbers.below(2) {
            0 => Spreading::AtOnce,
            _ => Spreading::WithNextMessage,
        },
    };
    let voters = 1 + numbers.below(7) as u8;
    let configuration = Configuration::new((1..=voters).map(id).collect()).expect("1 to 7 voters");
    let mut state: State<u8> = State::new(id(1), configuration).expect("1 is a voter");
    let (mut disk, mut promises) = (Disk::default(), Promises::default());
    for number in 0..ACTS {
        if numbers.0.is_empty() {
            return;
        }
        let Some(input) = act(&mut numbers, &state, number) else {
            promises.forget_requests();
            disk.crash(numbers.below(4));
            state = disk.recover(&state);
            promises.check_disk(&disk);
            continue;
        };
        let (after, effects) = step(&parameters, state.clone(), input.clone());
        rules::check_state(&parameters, &after);
        rules::check_step(&state, &input, &after, &effects);
        disk.perform(&input, &effects);
        disk.check(&after);
        promises.record(&input, &after, &effects);
        state = after;
    }
}

/// The next thing that happens; nothing for a crash.
fn act(numbers: &mut Numbers<'_>, state: &State<u8>, number: usize) -> Option<Input<u8>> {
    let request = |place: usize| RequestId((number * 8 + place) as u64);
    Some(match numbers.below(16) {
        0 => Input::ElectionTimeout,
        1 => Input::HeartbeatTimeout,
        2 => {
            let propose = |place| Proposal { request: request(place), command: 0 };
            Input::Propose((0..numbers.below(4)).map(propose).collect())
        }
        3 => Input::Read(request(0)),
        4 => Input::Persisted(numbers.below(4).min(state.unfinished.len())),
        5 => Input::Persisted(state.unfinished.len()),
        6 => return None,
        // A message as it was decoded, whatever it says.
        7 => match postcard::take_from_bytes::<Envelope<u8>>(numbers.0) {
            Ok((envelope, rest)) => {
                numbers.0 = rest;
                Input::Receive(envelope)
            }
            Err(_) => Input::ElectionTimeout,
        },
        // One that meets the server about where it is.
        kind => Input::Receive(Envelope {
            from: id(1 + numbers.below(8) as u8),
            to: id(if numbers.byte() == 7 { 2 } else { 1 }),
            term: term(numbers, state),
            message: message(numbers, state, kind),
        }),
    })
}

fn term(numbers: &mut Numbers<'_>, state: &State<u8>) -> Term {
    let current = state.current_term.0;
    Term(match numbers.byte() {
        0..=159 => current,
        160..=199 => current.saturating_add(1),
        200..=229 => current.saturating_sub(1),
        _ => numbers.number(),
    })
}

fn position(numbers: &mut Numbers<'_>, state: &State<u8>) -> LogPosition {
    let back = numbers.number();
    let index = match back {
        0..=7 => Index((state.log.last_index().0 + 2).saturating_sub(back)),
        far => Index(far),
    };
    let here = state.log.term_at(index).unwrap_or(state.log.last_position().term);
    let term = if numbers.byte() < 200 { here } else { Term(numbers.number()) };
    LogPosition { term, index }
}

fn message(numbers: &mut Numbers<'_>, state: &State<u8>, kind: usize) -> Message<u8> {
    match kind {
        8 => Message::RequestVote { last: position(numbers, state) },
        9 => Message::VoteGranted,
        10 | 11 => Message::AppendAccepted {
            match_index: position(numbers, state).index,
            round: Round(numbers.number()),
        },
        12 => Message::AppendRejected {
            previous: position(numbers, state).index,
            hint: position(numbers, state),
            round: Round(numbers.number()),
        },
        13 => Message::StaleTerm { current: term(numbers, state) },
        _ => {
            let previous = position(numbers, state);
            let count = numbers.below(4);
            let entry = |_| Entry { term: term(numbers, state), payload: Payload::Command(1) };
            Message::AppendEntries {
                previous,
                entries: (0..count).map(entry).collect(),
                commit_index: previous.index.plus(numbers.number()),
                round: Round(numbers.number()),
            }
        }
    }
}
