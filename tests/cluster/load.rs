//! Clients that ask all the time, whoever answers, and write down what they saw.

use crate::client::Client;
use quorate_net::resp::Value;
use quorate_spec::linearizability::{
    Answer, BUDGET, Call, History, KeyValue, Request, Verdict, bytes, check,
};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a client waits for an answer: longer than a server may take for it.
const PATIENCE: Duration = Duration::from_secs(4);
/// How many keys are shared by all clients, of each kind.
const KEYS: usize = 4;

/// What all clients share.
struct Shared {
    ports: Vec<u16>,
    begun: Instant,
    history: Mutex<History<Request, Answer>>,
    is_over: AtomicBool,
    acknowledged: AtomicU64,
}

/// What became of a request.
enum Seen {
    Answered(Answer),
    /// It certainly had no effect.
    NoEffect,
    Unknown,
}

/// Clients under way.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Vec<(String, String)>>>,
}

/// What clients saw.
pub(crate) struct Record {
    history: History<Request, Answer>,
    /// Keys that were written once, and the write acknowledged, with their values.
    pub(crate) acknowledged: Vec<(String, String)>,
}

impl Load {
    /// Starts clients, each with a seed of its own, of the servers at these ports.
    pub(crate) fn start(clients: u64, ports: Vec<u16>) -> Load {
        let shared = Arc::new(Shared {
            ports,
            begun: Instant::now(),
            history: Mutex::default(),
            is_over: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
        });
        let client = |number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || Loader::new(number, shared).run())
        };
        let clients = (0..clients).map(client).collect();
        Load { shared, clients }
    }

    /// How many writes have been acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until so many more writes have been acknowledged.
    pub(crate) fn wait_for(&self, more: u64) {
        let goal = self.acknowledged() + more;
        crate::processes::wait_until("writes are acknowledged", || self.acknowledged() >= goal);
    }

    /// Ends all clients.
    pub(crate) fn end(self) -> Record {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let written = self.clients.into_iter().map(|client| client.join().expect("it ends"));
        let acknowledged = written.flatten().collect();
        let shared = Arc::into_inner(self.shared).expect("all clients have ended");
        Record { history: shared.history.into_inner().expect("nobody panicked"), acknowledged }
    }
}

impl Record {
    /// Checks that one store explains everything that clients saw, what it holds at the end included.
    pub(crate) fn must_be_linearizable(mut self, client: &mut Client) {
        let mut at = u64::MAX - 100;
        for key in shared_keys() {
            let call = self.history.invoke(999, Request::Get(bytes(&key)), at);
            let answer = match client.ask(&["GET", &key]).expect("it answers") {
                Value::Bulk(value) => Some(bytes(std::str::from_utf8(&value).expect("text"))),
                Value::Null => None,
                other => panic!("GET {key}: {other:?}"),
            };
            self.history.complete(call, at + 1, Answer::Value(answer)).expect("it was invoked");
            at += 2;
        }
        let (count, known) = self.history.operations().fold((0, 0), |(all, known), (_, op)| {
            (all + 1, known + usize::from(op.completed.is_some()))
        });
        println!("{count} operations, {} of unknown outcome", count - known);
        assert!(known > 500, "{known} operations are too few to show anything");
        match check::<KeyValue>(&self.history, BUDGET) {
            Verdict::Linearizable { .. } => {}
            Verdict::NotLinearizable(why) => panic!("not linearizable: {why}"),
            Verdict::Incomplete { keys, .. } => panic!("not known for {keys:?}: out of budget"),
        }
    }

    /// Checks that every write that was acknowledged is there.
    pub(crate) fn must_have_lost_nothing(&self, client: &mut Client) {
        assert!(self.acknowledged.len() > 100, "{} are too few", self.acknowledged.len());
        for (key, value) in &self.acknowledged {
            let found = client.ask(&["GET", key]).expect("it answers");
            assert_eq!(found, Value::bulk(value.as_str()), "{key} was acknowledged");
        }
    }
}

fn shared_keys() -> impl Iterator<Item = String> {
    (0..KEYS).flat_map(|key| [format!("value{key}"), format!("count{key}")])
}

/// One client.
struct Loader {
    number: u64,
    shared: Arc<Shared>,
    random: fastrand::Rng,
    client: Option<Client>,
    next: u64,
    acknowledged: Vec<(String, String)>,
}

impl Loader {
    fn new(number: u64, shared: Arc<Shared>) -> Loader {
        let random = fastrand::Rng::with_seed(0xC1_0000 + number);
        Loader { number, shared, random, client: None, next: 0, acknowledged: Vec::new() }
    }

    fn run(mut self) -> Vec<(String, String)> {
        while !self.shared.is_over.load(Ordering::Relaxed) {
            self.next += 1;
            let key = self.random.usize(..KEYS);
            match self.random.u8(..10) {
                0..4 => {
                    let (key, value) = (format!("value{key}"), self.value());
                    let request = Request::Set(bytes(&key), bytes(&value));
                    self.record(request, &["SET", &key, &value]);
                }
                4..7 => {
                    let key = format!("value{key}");
                    self.record(Request::Get(bytes(&key)), &["GET", &key]);
                }
                7..8 => {
                    let key = format!("count{key}");
                    self.record(Request::Increment(bytes(&key), 1), &["INCR", &key]);
                }
                _ => {
                    let (key, value) =
                        (format!("once:{}:{}", self.number, self.next), self.value());
                    if let Seen::Answered(Answer::Done) = self.ask(&["SET", &key, &value]) {
                        self.acknowledged.push((key, value));
                    }
                }
            }
        }
        self.acknowledged
    }

    /// A value that is never written again.
    fn value(&self) -> String {
        format!("{}-{}", self.number, self.next)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.shared.begun.elapsed().as_nanos()).expect("a test is short")
    }

    /// Asks, and writes down what was seen.
    fn record(&mut self, request: Request, words: &[&str]) {
        let is_write = !matches!(request, Request::Get(_));
        let invoked = self.now();
        let call: Call = {
            let mut history = self.shared.history.lock().expect("nobody panics with it");
            history.invoke(self.number, request, invoked)
        };
        let seen = self.ask(words);
        let completed = self.now();
        let mut history = self.shared.history.lock().expect("nobody panics with it");
        match seen {
            Seen::Answered(answer) => {
                history.complete(call, completed, answer).expect("it was invoked");
                self.shared.acknowledged.fetch_add(u64::from(is_write), Ordering::Relaxed);
            }
            Seen::NoEffect => history.no_effect(call).expect("it was invoked"),
            // A read without an answer says nothing.
            Seen::Unknown if !is_write => history.no_effect(call).expect("it was invoked"),
            Seen::Unknown => {}
        }
    }

    /// Asks some server.
    fn ask(&mut self, words: &[&str]) -> Seen {
        let Some(client) = self.connected() else {
            // Nothing was sent. Whoever is down comes back.
            thread::sleep(Duration::from_millis(2));
            return Seen::NoEffect;
        };
        match client.ask(words) {
            Ok(value) => seen(value),
            Err(_) => {
                self.client = None;
                Seen::Unknown
            }
        }
    }

    /// The connection, or a new one to some server; now and then another one.
    fn connected(&mut self) -> Option<&mut Client> {
        if self.client.is_none() || self.random.u16(..200) == 0 {
            let port = self.shared.ports[self.random.usize(..self.shared.ports.len())];
            let connect = || -> io::Result<Client> { Client::connect(port, PATIENCE) };
            self.client = connect().ok();
        }
        self.client.as_mut()
    }
}

/// What a reply says.
fn seen(value: Value) -> Seen {
    match value {
        Value::Simple(_) => Seen::Answered(Answer::Done),
        Value::Integer(number) => Seen::Answered(Answer::Number(number)),
        Value::Null => Seen::Answered(Answer::Value(None)),
        Value::Bulk(value) => {
            let text = String::from_utf8(value).expect("values are text");
            Seen::Answered(Answer::Value(Some(bytes(&text))))
        }
        Value::Error(why) if why.starts_with("TRYAGAIN ") => Seen::NoEffect,
        Value::Error(why) if why.starts_with("INDOUBT ") => Seen::Unknown,
        other => panic!("no reply of this store: {other:?}"),
    }
}
