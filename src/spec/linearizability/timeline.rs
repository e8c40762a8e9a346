//! One part of a history as a sequence of events, and for how long each operation matters.
//!
//! An operation is *open* from its invocation to its completion. One whose outcome is unknown never
//! completes; it could take effect at the very end. Were it open for ever, every such operation would double
//! the number of configurations. But mostly it soon stops to matter.
//!
//! # Retiring
//! An operation of unknown outcome *retires* when every operation that could notice its effect
//! ([`Object::notices`]) has completed, or has itself retired. From then on it need not be placed, if it has
//! not been:
//!
//! Let a continuation place retired operations, and take the last one it places, u. No operation that it
//! places after u could notice u, for those that could have completed, so they are placed already, or have
//! retired. By the contract of `notices` the operation after u has the same answer without u before it, and
//! its state afterwards is the same, or is the same once u follows. In the first case u can be taken
//! out; in the second it moves one place to the end, where nothing follows and it can be taken out too. (If
//! u is several operations in one, they are taken out one by one, the last first.) So step by step all retired
//! operations are taken out, and the continuation is still one.
//!
//! One that nothing could notice is left out from the beginning: a read of unknown outcome, for instance, or
//! the write of a value that nobody read.

use super::history::Operation;
use super::object::Object;
use super::precedence::precedence;
use std::collections::{BTreeSet, BinaryHeap};

/// The operation of an object, as recorded.
pub(super) type Recorded<O> = Operation<<O as Object>::Op, <O as Object>::Answer>;

/// What happens next in a history; operations are named by their places in the part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// An operation begins.
    Invoke(u32),
    /// It is answered.
    Complete(u32),
    /// It matters no more; its outcome is unknown.
    Retire(u32),
}

/// A part of a history.
pub(super) struct Timeline<'a, O: Object> {
    /// The operations.
    pub(super) operations: Vec<&'a Recorded<O>>,
    /// What happens, in order.
    pub(super) events: Vec<Event>,
    /// For each operation the number of its bit while it is open; those that are open at the same time have
    /// different ones, separately for known and unknown outcomes.
    pub(super) slots: Vec<usize>,
    /// How many bits there are for operations with known outcomes, and how many for the others.
    pub(super) widths: (usize, usize),
    /// For each operation its keys, as numbers.
    pub(super) keys: Vec<Vec<usize>>,
    /// For each operation those that must be placed before it.
    pub(super) before: Vec<Vec<u32>>,
    /// For each operation whether it has an answer which says that it changed nothing.
    pub(super) is_free: Vec<bool>,
    /// For each operation the place of its first event.
    pub(super) begins: Vec<usize>,
    /// For each operation the place of its last event.
    pub(super) ends: Vec<usize>,
}

impl<'a, O: Object> Timeline<'a, O> {
    /// The part of a history with these keys, in order.
    pub(super) fn new(keys: &[O::Key], operations: Vec<&'a Recorded<O>>) -> Timeline<'a, O> {
        let lasting = in_order::<O>(&operations);
        let mut spans = vec![(0, usize::MAX); operations.len()];
        for (place, event) in lasting.iter().enumerate() {
            match *event {
                Event::Invoke(op) => spans[op as usize].0 = place,
                Event::Complete(op) => spans[op as usize].1 = place,
                Event::Retire(_) => {}
            }
        }
        let retirements = retirements::<O>(&operations, &lasting);
        let mut retired_after = vec![Vec::new(); lasting.len()];
        for (op, retires) in (0..).zip(&retirements) {
            retires.iter().for_each(|after| retired_after[*after].push(Event::Retire(op)));
        }
        let mut events = Vec::with_capacity(lasting.len());
        for (event, retired) in lasting.into_iter().zip(retired_after) {
            let is_dropped = matches!(event, Event::Invoke(op) if retirements[op as usize].is_none()
                && operations[op as usize].completed.is_none());
            if !is_dropped {
                events.push(event);
            }
            events.extend(retired);
        }
        let keys: Vec<Vec<usize>> = operations
            .iter()
            .map(|operation| {
                let place = |key: O::Key| keys.binary_search(&key).unwrap_or(keys.len());
                O::keys(&operation.op).into_iter().map(place).collect()
            })
            .collect();
        let is_free = |operation: &&Recorded<O>| {
            let answer = answer::<O>(operation);
            answer.is_some_and(|answer| O::changes_nothing(&operation.op, answer))
        };
        let before = precedence::<O>(&operations, &keys, &spans, &events);
        let mut timeline = Timeline {
            keys,
            before,
            is_free: operations.iter().map(is_free).collect(),
            slots: vec![0; operations.len()],
            begins: vec![0; operations.len()],
            ends: vec![0; operations.len()],
            operations,
            events,
            widths: (0, 0),
        };
        timeline.assign_slots();
        timeline
    }

    /// The answer of an operation, if it is known.
    pub(super) fn answer(&self, op: u32) -> Option<&'a O::Answer> {
        answer::<O>(self.operations[op as usize])
    }

    /// Whether an operation has a known outcome.
    pub(super) fn is_known(&self, op: u32) -> bool {
        self.answer(op).is_some()
    }

    fn assign_slots(&mut self) {
        let mut free: [BTreeSet<usize>; 2] = [BTreeSet::new(), BTreeSet::new()];
        let mut widths = [0, 0];
        for (place, event) in self.events.iter().enumerate() {
            match *event {
                Event::Invoke(op) => {
                    let kind = usize::from(!self.is_known(op));
                    let slot = free[kind].pop_first().unwrap_or(widths[kind]);
                    widths[kind] = widths[kind].max(slot + 1);
                    self.slots[op as usize] = slot;
                    self.begins[op as usize] = place;
                }
                Event::Complete(op) | Event::Retire(op) => {
                    free[usize::from(!self.is_known(op))].insert(self.slots[op as usize]);
                    self.ends[op as usize] = place;
                }
            }
        }
        self.widths = (widths[0], widths[1]);
    }
}

fn answer<O: Object>(operation: &Recorded<O>) -> Option<&O::Answer> {
    operation.completed.as_ref().map(|(_, answer)| answer)
}

/// Invocations and completions in the order of time. At the same time invocations come first, so that what
/// touches is concurrent.
fn in_order<O: Object>(operations: &[&Recorded<O>]) -> Vec<Event> {
    let mut timed = Vec::with_capacity(2 * operations.len());
    for (op, operation) in (0..).zip(operations) {
        timed.push((operation.invoked, 0, Event::Invoke(op)));
        if let Some((at, _)) = &operation.completed {
            timed.push((*at, 1, Event::Complete(op)));
        }
    }
    timed.sort_by_key(|(time, kind, _)| (*time, *kind));
    timed.into_iter().map(|(_, _, event)| event).collect()
}

/// For each operation the event after which it retires; nothing for those with a known outcome, and for
/// those that nothing could notice.
fn retirements<O: Object>(operations: &[&Recorded<O>], events: &[Event]) -> Vec<Option<usize>> {
    let notices = |by: u32, of: u32| {
        let (by, of) = (operations[by as usize], operations[of as usize]);
        O::notices(&by.op, answer::<O>(by), &of.op)
    };
    let mut retires: Vec<Option<usize>> = vec![None; operations.len()];
    // The operations of unknown outcome, each with where it is invoked.
    let mut unknown: Vec<(u32, usize)> = Vec::new();
    for (invoked, event) in events.iter().enumerate() {
        let Event::Invoke(op) = *event else { continue };
        if operations[op as usize].completed.is_none() {
            let mut later = events.iter().enumerate().skip(invoked).rev();
            // The last operation to complete that could notice it.
            let last = later.find(|(_, event)| match event {
                Event::Complete(by) => notices(*by, op),
                Event::Invoke(_) | Event::Retire(_) => false,
            });
            retires[op as usize] = last.map(|(place, _)| place);
            unknown.push((op, invoked));
        }
    }
    // What one that retires late could notice retires as late: from the last to retire to the first.
    let first = unknown.iter().filter_map(|(op, _)| Some((retires[*op as usize]?, *op)));
    let mut open: BinaryHeap<(usize, u32)> = first.collect();
    let mut is_settled = vec![false; operations.len()];
    while let Some((latest, by)) = open.pop() {
        if core::mem::replace(&mut is_settled[by as usize], true) {
            continue;
        }
        for (of, invoked) in &unknown {
            let known_until = &mut retires[*of as usize];
            let is_longer = *invoked < latest && *known_until < Some(latest);
            if is_longer && notices(by, *of) {
                *known_until = Some(latest);
                open.push((latest, *of));
            }
        }
    }
    retires
}

#[cfg(test)]
mod tests {
    use super::{Event, Object, Operation, in_order, retirements};
    use core::fmt;

    /// An operation that notices some others, by their numbers.
    struct Watch {
        number: usize,
        sees: u64,
    }

    impl fmt::Display for Watch {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", self.number)
        }
    }

    /// An object without a state, of which only who notices whom matters.
    struct Watched;

    impl Object for Watched {
        type Key = u8;
        type Op = Watch;
        type Answer = u8;
        type Value = u8;
        type State = u8;

        fn keys(_op: &Watch) -> Vec<u8> {
            Vec::new()
        }
        fn initial(_keys: &[u8]) -> u8 {
            0
        }
        fn apply(_state: &u8, _op: &Watch) -> (Option<u8>, u8) {
            (None, 0)
        }
        fn notices(by: &Watch, _answer: Option<&u8>, of: &Watch) -> bool {
            by.sees >> of.number & 1 == 1
        }
    }

    fn operation(number: usize, random: &mut fastrand::Rng) -> Operation<Watch, u8> {
        let invoked = random.u64(..20);
        let completed = random.bool().then(|| (invoked + random.u64(..8), 0));
        let sees = random.u64(..) & random.u64(..) & random.u64(..);
        Operation { client: 0, op: Watch { number, sees }, invoked, completed }
    }

    /// As the definition has it: whoever completes or retires late lets those retire late that it notices, until
    /// nothing changes any more.
    fn by_definition(operations: &[&Operation<Watch, u8>], events: &[Event]) -> Vec<Option<usize>> {
        let place = |event| events.iter().position(|other| *other == event);
        let completions = (0..operations.len() as u32).map(Event::Complete);
        let mut last: Vec<Option<usize>> = completions.map(place).collect();
        let unknown = |of: &usize| operations[*of].completed.is_none();
        loop {
            let before = last.clone();
            for of in (0..operations.len()).filter(unknown) {
                let invoked = place(Event::Invoke(of as u32));
                for (by, latest) in before.iter().enumerate() {
                    let notices = Watched::notices(&operations[by].op, None, &operations[of].op);
                    if notices && *latest > invoked {
                        last[of] = last[of].max(*latest);
                    }
                }
            }
            if last == before {
                let retires = |(of, last)| if unknown(&of) { last } else { None };
                return last.into_iter().enumerate().map(retires).collect();
            }
        }
    }

    #[test]
    fn an_operation_retires_when_nobody_can_notice_it_any_more() {
        let (mut early, mut late, mut never) = (0, 0, 0);
        for seed in 0..2_000 {
            let mut random = fastrand::Rng::with_seed(seed);
            let count = random.usize(2..12);
            let operations: Vec<_> = (0..count).map(|op| operation(op, &mut random)).collect();
            let operations: Vec<_> = operations.iter().collect();
            let events = in_order::<Watched>(&operations);
            let found = retirements::<Watched>(&operations, &events);
            let expected = by_definition(&operations, &events);
            assert_eq!(found, expected, "seed {seed}: {events:?}");
            for (retires, operation) in found.into_iter().zip(operations) {
                match retires {
                    Some(place) if place + 1 == events.len() => late += 1,
                    Some(_) => early += 1,
                    None => never += usize::from(operation.completed.is_none()),
                }
            }
        }
        assert!(early > 500 && late > 500 && never > 500, "{early} {late} {never}");
    }
}
