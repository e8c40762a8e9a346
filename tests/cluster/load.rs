//! Clients that ask all the time, whoever answers, and write down what they saw.

use crate::client::Client;
use quorate_net::resp::Value;
use quorate_spec::linearizability::{
    Answer, BUDGET, Bytes, Call, History, KeyValue, Request, Verdict, bytes, check,
};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many keys are shared by all clients, of each kind.
const KEYS: usize = 4;

/// How clients behave.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    pub(crate) clients: u64,
    /// What they ask follows from it.
    pub(crate) seed: u64,
    /// How long a client waits for an answer: longer than a server may take for it.
    pub(crate) patience: Duration,
    /// How long a client rests at most before it asks again.
    pub(crate) rest: Duration,
    /// After how long they turn to new keys, so that a long history falls into parts.
    pub(crate) epoch: Duration,
}

/// What all clients share.
struct Shared {
    ports: Vec<u16>,
    habits: Habits,
    begun: Instant,
    history: Mutex<History<Request, Answer>>,
    is_over: AtomicBool,
    acknowledged: AtomicU64,
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).expect("a test is short")
    }

    /// Which keys are in use now.
    fn epoch(&self) -> u128 {
        self.begun.elapsed().as_nanos() / self.habits.epoch.as_nanos()
    }
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
    /// How many times clients turned to new keys, and once more.
    epochs: u128,
    /// Keys that were written once, and the write acknowledged, with their values.
    pub(crate) acknowledged: Vec<(String, String)>,
}

impl Load {
    /// Starts clients, each with a seed of its own, of the servers at these ports.
    pub(crate) fn start(clients: u64, ports: Vec<u16>) -> Load {
        let (patience, epoch) = (Duration::from_secs(4), Duration::from_secs(3600));
        let habits = Habits { clients, seed: 0xC1_0000, patience, rest: Duration::ZERO, epoch };
        Load::start_with(habits, ports)
    }

    /// Starts clients of these habits.
    pub(crate) fn start_with(habits: Habits, ports: Vec<u16>) -> Load {
        let shared = Arc::new(Shared {
            ports,
            habits,
            begun: Instant::now(),
            history: Mutex::default(),
            is_over: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
        });
        let client = |number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || Loader::new(number, shared).run())
        };
        let clients = (0..habits.clients).map(client).collect();
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
        let epochs = self.shared.epoch() + 1;
        let shared = Arc::into_inner(self.shared).expect("all clients have ended");
        let history = shared.history.into_inner().expect("nobody panicked");
        Record { history, epochs, acknowledged }
    }

    /// Writes down what clients have seen so far, a line for each operation.
    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        write_history(&self.shared.history.lock().unwrap_or_else(PoisonError::into_inner), file)
    }
}

fn write_history(history: &History<Request, Answer>, file: &Path) -> io::Result<()> {
    let mut out = io::BufWriter::new(File::create(file)?);
    history.operations().try_for_each(|(_, operation)| writeln!(out, "{operation}"))?;
    out.flush()
}

impl Record {
    /// Checks that one store explains everything that clients saw, what it holds at the end included. Returns
    /// how many operations there were, and how many of them were of unknown outcome.
    pub(crate) fn must_be_linearizable(mut self, client: &mut Client) -> (usize, usize) {
        let mut at = u64::MAX - 1_000_000;
        for key in (0..self.epochs).flat_map(shared_keys) {
            let call = self.history.invoke(999, Request::Get(bytes(&key)), at);
            let answer = match client.ask_until_done(&["GET", &key], &["TRYAGAIN "]) {
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
            Verdict::Linearizable { .. } => (count, count - known),
            Verdict::NotLinearizable(why) => panic!("not linearizable: {why}"),
            Verdict::Incomplete { keys, .. } => panic!("INCOMPLETE for {keys:?}: out of budget"),
        }
    }

    /// Checks that every write that was acknowledged is there.
    pub(crate) fn must_have_lost_nothing(&self, client: &mut Client) {
        assert!(self.acknowledged.len() > 100, "{} are too few", self.acknowledged.len());
        for some in self.acknowledged.chunks(100) {
            let keys = some.iter().map(|(key, _)| key.as_str());
            let words: Vec<&str> = ["MGET"].into_iter().chain(keys).collect();
            let found = client.ask_until_done(&words, &["TRYAGAIN "]);
            let expected = some.iter().map(|(_, value)| Value::bulk(value.as_str())).collect();
            assert_eq!(found, Value::Array(expected), "{words:?} were acknowledged");
        }
    }

    /// Writes down what clients saw, a line for each operation.
    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        write_history(&self.history, file)
    }
}

/// The keys of one epoch that are shared by all clients.
fn shared_keys(epoch: u128) -> impl Iterator<Item = String> {
    let one = move |key| [format!("value{epoch}:{key}"), format!("count{epoch}:{key}")];
    (0..KEYS).flat_map(one).chain(pair(epoch))
}

/// The keys of one epoch that are written and read together.
fn pair(epoch: u128) -> [String; 2] {
    [format!("left{epoch}"), format!("right{epoch}")]
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
        let random = fastrand::Rng::with_seed(shared.habits.seed + number);
        Loader { number, shared, random, client: None, next: 0, acknowledged: Vec::new() }
    }

    fn run(mut self) -> Vec<(String, String)> {
        while !self.shared.is_over.load(Ordering::Relaxed) {
            self.next += 1;
            let epoch = self.shared.epoch();
            let key = self.random.usize(..KEYS);
            let (value_key, count_key) =
                (format!("value{epoch}:{key}"), format!("count{epoch}:{key}"));
            let value = self.value();
            match self.random.u8(..20) {
                0..6 => {
                    let request = Request::Set(bytes(&value_key), bytes(&value));
                    self.record(request, &["SET", &value_key, &value]);
                }
                6..7 => self.replace(&value_key, &value),
                7..13 => {
                    self.record(Request::Get(bytes(&value_key)), &["GET", &value_key]);
                }
                13..15 => {
                    self.record(Request::Increment(bytes(&count_key), 1), &["INCR", &count_key]);
                }
                15..17 => self.ask_pair(epoch, &value),
                _ => {
                    let key = format!("once:{}:{}", self.number, self.next);
                    if let Seen::Answered(Answer::Done) = self.ask(&["SET", &key, &value]) {
                        self.acknowledged.push((key, value));
                    }
                }
            }
            let rest = u64::try_from(self.shared.habits.rest.as_micros()).expect("it is short");
            if rest > 0 {
                thread::sleep(Duration::from_micros(self.random.u64(..rest)));
            }
        }
        self.acknowledged
    }

    /// Replaces a value that was seen, if it is still there.
    fn replace(&mut self, key: &str, value: &str) {
        let Seen::Answered(Answer::Value(Some(seen))) =
            self.record(Request::Get(bytes(key)), &["GET", key])
        else {
            return;
        };
        let expected = String::from_utf8_lossy(&seen.0).into_owned();
        let (key_bytes, value_bytes) = (bytes(key), bytes(value));
        let request = Request::SetIfEqual { key: key_bytes, expected: seen, value: value_bytes };
        self.record(request, &["SET", key, value, "IFEQ", &expected]);
    }

    /// Writes or reads two keys at once.
    fn ask_pair(&mut self, epoch: u128, value: &str) {
        let [left, right] = pair(epoch);
        let keys = [bytes(&left), bytes(&right)];
        if self.random.bool() {
            let request = Request::SetAll(keys.map(|key| (key, bytes(value))).to_vec());
            self.record(request, &["MSET", &left, value, &right, value]);
        } else {
            self.record(Request::GetAll(keys.to_vec()), &["MGET", &left, &right]);
        }
    }

    /// A value that is never written again.
    fn value(&self) -> String {
        format!("{}-{}", self.number, self.next)
    }

    /// Asks, and writes down what was seen.
    fn record(&mut self, request: Request, words: &[&str]) -> Seen {
        let is_write = !matches!(request, Request::Get(_) | Request::GetAll(_));
        let is_condition = matches!(request, Request::SetIfEqual { .. });
        let invoked = self.shared.now();
        let call: Call = {
            let mut history = self.shared.history.lock().expect("nobody panics with it");
            history.invoke(self.number, request, invoked)
        };
        let seen = match self.ask(words) {
            // The reply to a condition that does not hold is that of a key without a value.
            Seen::Answered(Answer::Value(None)) if is_condition => Seen::Answered(Answer::NotDone),
            seen => seen,
        };
        let completed = self.shared.now();
        let mut history = self.shared.history.lock().expect("nobody panics with it");
        match &seen {
            Seen::Answered(answer) => {
                history.complete(call, completed, answer.clone()).expect("it was invoked");
                self.shared.acknowledged.fetch_add(u64::from(is_write), Ordering::Relaxed);
            }
            Seen::NoEffect => history.no_effect(call).expect("it was invoked"),
            // A read without an answer says nothing.
            Seen::Unknown if !is_write => history.no_effect(call).expect("it was invoked"),
            Seen::Unknown => {}
        }
        drop(history);
        seen
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
            let patience = self.shared.habits.patience;
            let port = self.shared.ports[self.random.usize(..self.shared.ports.len())];
            let connect = || -> io::Result<Client> { Client::connect(port, patience) };
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
        Value::Bulk(_) => Seen::Answered(Answer::Value(found(value))),
        Value::Array(values) => {
            Seen::Answered(Answer::Values(values.into_iter().map(found).collect()))
        }
        Value::Error(why) if why.starts_with("TRYAGAIN ") => Seen::NoEffect,
        Value::Error(why) if why.starts_with("INDOUBT ") => Seen::Unknown,
        other => panic!("no reply of this store: {other:?}"),
    }
}

/// The value that a key has.
fn found(value: Value) -> Option<Bytes> {
    match value {
        Value::Null => None,
        Value::Bulk(value) => Some(bytes(&String::from_utf8(value).expect("values are text"))),
        other => panic!("no value of a key: {other:?}"),
    }
}
