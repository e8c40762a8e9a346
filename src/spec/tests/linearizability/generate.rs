//! Random histories of a store: clients that really use one, and then perhaps a wrong answer.

use quorate_spec::linearizability::{
    Answer, Bytes, Call, Contents, History, KeyValue, Object, Request, bytes,
};
use std::collections::BTreeMap;

pub(crate) type StoreHistory = History<Request, Answer>;

/// What clients do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) clients: u64,
    pub(crate) operations: usize,
    pub(crate) keys: usize,
    /// How many different values there are; with 0 every write has its own.
    pub(crate) values: usize,
    /// Of how many operations in a thousand the outcome is unknown.
    pub(crate) unknown: u32,
    /// How long an operation takes at most, up to its effect, and from there.
    pub(crate) delay: u64,
    /// How often each kind of request is made, relative to the others: get, set, delete, increment,
    /// compare and set, set several, get several.
    pub(crate) kinds: [u32; 7],
}

pub(crate) const ALL_KINDS: [u32; 7] = [4, 4, 1, 1, 1, 1, 1];
pub(crate) const GET_AND_SET: [u32; 7] = [1, 1, 0, 0, 0, 0, 0];

/// A client's next turn, an effect, or a completion.
enum Event {
    Turn(u64),
    Effect { call: Call, client: u64, request: Request, is_known: bool },
    Completion { call: Call, client: u64, answer: Answer },
}

struct Generator<'a> {
    plan: Plan,
    random: &'a mut fastrand::Rng,
    /// What happens when; at the same time invocations come first and completions last.
    agenda: BTreeMap<(u64, u8, usize), Event>,
    planned: usize,
    contents: Contents,
    history: StoreHistory,
    written: usize,
}

/// A history that a real store has given rise to.
pub(crate) fn linearizable(plan: Plan, random: &mut fastrand::Rng) -> StoreHistory {
    let (agenda, contents, history) = Default::default();
    let mut generator =
        Generator { plan, random, agenda, planned: 0, contents, history, written: 0 };
    for client in 0..plan.clients {
        generator.plan_event(0, Event::Turn(client));
    }
    let mut invoked = 0;
    let mut next_client = plan.clients;
    while let Some(((time, _, _), event)) = generator.agenda.pop_first() {
        match event {
            Event::Turn(_) if invoked == plan.operations => {}
            Event::Turn(client) => {
                invoked += 1;
                generator.invoke(client, time, &mut next_client);
            }
            Event::Effect { call, client, request, is_known } => {
                let (next, answer) = KeyValue::apply(&generator.contents, &request);
                generator.contents = next.unwrap_or(std::mem::take(&mut generator.contents));
                if is_known {
                    generator.plan_event(time, Event::Completion { call, client, answer });
                }
            }
            Event::Completion { call, client, answer } => {
                generator.history.complete(call, time, answer).expect("it was invoked");
                generator.plan_event(time, Event::Turn(client));
            }
        }
    }
    generator.history
}

impl Generator<'_> {
    fn plan_event(&mut self, now: u64, event: Event) {
        let kind = match event {
            Event::Turn(_) => 0,
            Event::Effect { .. } => 1,
            Event::Completion { .. } => 2,
        };
        let at = now + self.random.u64(0..=self.plan.delay);
        self.planned += 1;
        self.agenda.insert((at, kind, self.planned), event);
    }

    fn invoke(&mut self, client: u64, time: u64, next_client: &mut u64) {
        let request = self.request();
        let call = self.history.invoke(client, request.clone(), time);
        let is_known = self.random.u32(..1000) >= self.plan.unknown;
        if is_known {
            return self.plan_event(time, Event::Effect { call, client, request, is_known });
        }
        // Nobody waits for the outcome any more; if there ever is one, it may come late.
        *next_client += 1;
        self.plan_event(time, Event::Turn(*next_client));
        if self.random.bool() {
            let late = time + self.random.u64(0..=10) * self.plan.delay;
            self.plan_event(late, Event::Effect { call, client, request, is_known });
        }
    }

    fn key(&mut self) -> Bytes {
        bytes(&format!("k{}", self.random.usize(..self.plan.keys)))
    }

    fn keys(&mut self) -> Vec<Bytes> {
        (0..self.random.usize(1..=2)).map(|_| self.key()).collect()
    }

    fn value(&mut self) -> Bytes {
        self.written += 1;
        let value = match self.plan.values {
            0 => self.written,
            values => self.random.usize(..values),
        };
        bytes(&value.to_string())
    }

    fn request(&mut self) -> Request {
        let total: u32 = self.plan.kinds.iter().sum();
        let mut ticket = self.random.u32(..total);
        let kind = self.plan.kinds.iter().position(|weight| {
            let is_hit = ticket < *weight;
            ticket = ticket.saturating_sub(*weight);
            is_hit
        });
        let key = self.key();
        match kind {
            Some(0) => Request::Get(key),
            Some(1) => Request::Set(key, self.value()),
            Some(2) => Request::Delete(self.keys()),
            Some(3) => Request::Increment(key, self.random.i64(1..=2)),
            Some(4) => Request::SetIfEqual { key, expected: self.value(), value: self.value() },
            Some(5) => {
                let keys = self.keys();
                Request::SetAll(keys.into_iter().map(|key| (key, self.value())).collect())
            }
            _ => Request::GetAll(self.keys()),
        }
    }
}

/// The history of what is told: who asked, what, when, and, if it was answered, when and what.
pub(crate) fn recorded<Op, A>(
    told: impl IntoIterator<Item = (u64, Op, u64, Option<(u64, A)>)>,
) -> History<Op, A> {
    let mut history = History::default();
    for (client, op, at, completed) in told {
        let call = history.invoke(client, op, at);
        if let Some((end, answer)) = completed {
            history.complete(call, end, answer).expect("it was invoked");
        }
    }
    history
}

/// Contents at random.
pub(crate) fn contents(plan: Plan, random: &mut fastrand::Rng) -> Contents {
    let mut contents = Contents::default();
    for key in 0..plan.keys {
        let value = random.usize(..=plan.values);
        if value < plan.values {
            contents.set(&bytes(&format!("k{key}")), &bytes(&value.to_string()));
        }
    }
    contents
}

/// The history with the answers of some operations replaced by what a store with other contents would have
/// said: mostly, but not always, wrong.
pub(crate) fn with_wrong_answers(
    history: &StoreHistory,
    plan: Plan,
    random: &mut fastrand::Rng,
) -> StoreHistory {
    changed(history, |_, at, request, answer| {
        let is_replaced = random.bool();
        let other = KeyValue::apply(&contents(plan, random), request).1;
        Some((at, if is_replaced { other } else { answer.clone() }))
    })
}

/// The history with other completions. The change is given the place, the time of completion, the request
/// and the answer of each completed operation.
pub(crate) fn changed(
    history: &StoreHistory,
    mut change: impl FnMut(usize, u64, &Request, &Answer) -> Option<(u64, Answer)>,
) -> StoreHistory {
    let mut other = StoreHistory::default();
    for (Call(place), operation) in history.operations() {
        let call = other.invoke(operation.client, operation.op.clone(), operation.invoked);
        if let Some((at, answer)) = &operation.completed
            && let Some((at, answer)) = change(place, *at, &operation.op, answer)
        {
            other.complete(call, at, answer).expect("it was invoked");
        }
    }
    other
}
