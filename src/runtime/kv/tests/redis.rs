//! The same commands, asked of a real redis-server and of this store: the replies must be the same bytes.
//!
//! Ignored, because it needs the program `redis-server` (7.0 or later): run it with
//! `cargo test -p quorate-kv --test redis -- --ignored`.

use quorate_kv::{Host, Info, Limits, Session, Step, Store};
use quorate_net::resp::{self, Requests, decode};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Alone;

impl Host for Alone {
    fn info(&self) -> Info {
        Info { is_leader: true, ..Info::default() }
    }

    fn clients_but(&self, _: u64) -> Vec<String> {
        Vec::new()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("save", String::new())]
    }
}

/// A redis-server that ends with the test.
struct Redis {
    process: Child,
    stream: TcpStream,
}

impl Redis {
    fn start() -> Redis {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let arguments = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port"];
        let mut process = Command::new("redis-server")
            .args(arguments)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server can be run");
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => return Redis { process, stream },
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
                Err(error) => {
                    let _ = process.kill();
                    panic!("redis-server does not answer: {error}");
                }
            }
        }
    }

    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        self.stream.write_all(request).expect("it is open");
        let (mut reply, mut piece) = (Vec::new(), [0; 4096]);
        while decode(&reply).expect("it is a reply").is_none() {
            let count = self.stream.read(&mut piece).expect("it answers");
            assert!(count > 0, "closed after {}", String::from_utf8_lossy(&reply));
            reply.extend_from_slice(&piece[..count]);
        }
        reply
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What this store answers.
fn ask(session: &mut Session, store: &mut Store, request: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut requests = Requests::new(resp::Limits::default());
    requests.feed(request);
    match requests.next_request() {
        Ok(Some(request)) => match session.take(&request, &Alone) {
            Step::Answer(value) | Step::Quit(value) => value.write(session.protocol(), &mut out),
            Step::Read(query) => store.query(&query).write(session.protocol(), &mut out),
            Step::Write(command) => store.apply(&command).write(session.protocol(), &mut out),
        },
        Ok(None) => panic!("not whole: {}", String::from_utf8_lossy(request)),
        Err(error) => resp::write_error(&mut out, &format!("ERR {error}")),
    }
    out
}

/// Whole commands, as inline ones.
const LINES: &[&str] = &[
    "get k",
    "set k v",
    "get k",
    "GET k",
    "set k w nx",
    "set k w xx",
    "set n 1 xx",
    "get n",
    "set k x get",
    "set n 1 nx get",
    "set n 2 nx get",
    "set k v xx nx",
    "set k v foo",
    "set k",
    "set",
    "set k v get get",
    "set k v nx nx",
    "setnx k y",
    "setnx m 10",
    "getset m 11",
    "getset new 1",
    "mget k nosuch m",
    "mget",
    "mset a 1 b 2 a 3",
    "mset a",
    "mset a 1 b",
    "mget a b",
    "exists a a b zz",
    "exists",
    "del a a zz",
    "del",
    "dbsize",
    "dbsize x",
    "strlen k",
    "strlen zz",
    "strlen",
    "incr m",
    "incr fresh",
    "incr k",
    "incrby m 5",
    "incrby m x",
    "incrby m 1.5",
    "incrby m 01",
    "incrby m +1",
    "decr m",
    "decrby m 7",
    "decrby m -9223372036854775808",
    "set big 9223372036854775807",
    "incr big",
    "decrby big -1",
    "incrby big -9223372036854775808",
    "set small -9223372036854775808",
    "decr small",
    "incrby small -1",
    "set spaced \" 1\"",
    "incr spaced",
    "set zero -0",
    "incr zero",
    "set empty \"\"",
    "incr empty",
    "append k abc",
    "append created abc",
    "append empty \"\"",
    "get created",
    "strlen k",
    "set bin \"\\x00\\xff\\r\\n\"",
    "get bin",
    "append bin \"\\x01\"",
    "get bin",
    "ping",
    "ping a",
    "ping a b",
    "echo a",
    "echo",
    "nosuch a b c",
    "nosuch",
    "\"no\\r\\nsuch\" \"a\\r\\nb\"",
    "select 0",
    "select 99",
    "select x",
    "client getname",
    "client setname bob",
    "client getname",
    "client setname \"a b\"",
    "client setname",
    "client nosuch",
    "client no-evict on",
    "client no-evict x",
    "client no-evict",
    "auth p",
    "auth u p",
    "auth u p q",
    "auth",
    "exec",
    "discard",
    "client",
    "command nosuch",
    "command info get strlen",
    "command info nosuch",
    "command list a",
    "config get save",
    "config get",
    "config nosuch",
    "hello 4",
    "hello x",
    "hello 3 foo",
    "hello 2 auth u",
    "hello 3 setname \"a b\"",
    "reset x",
    "reset",
    "client getname",
    "role x",
    "info nosuch",
    "quit",
];

#[test]
#[ignore = "needs the program redis-server"]
fn replies_are_those_of_redis() {
    let mut redis = Redis::start();
    let (mut session, mut store) =
        (Session::new(1, "127.0.0.1:1".into(), Limits::default()), Store::new());
    let (mut differences, mut same) = (Vec::new(), 0);
    for line in LINES {
        let request = format!("{line}\r\n");
        let theirs = redis.ask(request.as_bytes());
        let ours = ask(&mut session, &mut store, request.as_bytes());
        if comparable(line, &theirs) == comparable(line, &ours) {
            same += 1;
        } else {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            differences.push(format!(
                "{line}\n  redis {:?}\n  ours  {:?}",
                text(&theirs),
                text(&ours)
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(same, LINES.len());
}

/// Redis tells of each command also how to find its keys; this table says it in numbers only.
fn comparable(line: &str, reply: &[u8]) -> Vec<u8> {
    let text = reply.escape_ascii().to_string();
    if !line.starts_with("command info") {
        return text.into_bytes();
    }
    let before_tips = text.split("*3\\r\\n+@").next().unwrap_or_default();
    before_tips.as_bytes().to_vec()
}

/// What ends the connection in Redis has the same words here.
#[test]
#[ignore = "needs the program redis-server"]
fn errors_of_the_protocol_are_those_of_redis() {
    let long = "x".repeat(70_000);
    let cases = [
        "*x\r\n".to_string(),
        "*01\r\n".into(),
        "*2147483648\r\n".into(),
        "*1\r\n$-1\r\n".into(),
        "*1\r\n$x\r\n".into(),
        "*1\r\n$\r\n".into(),
        "*1\r\n$9999999999\r\n".into(),
        "*1\r\n:1\r\n".into(),
        "*1\r\n$3\r\nfoox\r\n".into(),
        format!("*{long}"),
        format!("*1\r\n${long}"),
        long.clone(),
        "get \"a\r\n".into(),
        "*0\r\n*-1\r\n\r\n  \r\nPING\r\n".into(),
    ];
    for case in cases {
        let mut redis = Redis::start();
        let theirs = redis.ask(case.as_bytes());
        let (mut session, mut store) =
            (Session::new(1, "127.0.0.1:1".into(), Limits::default()), Store::new());
        let ours = ask(&mut session, &mut store, case.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&ours), text(&theirs), "{}", &case[..case.len().min(40)]);
    }
}
