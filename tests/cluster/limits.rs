//! What one client, or very many, may ask of a server; and that whatever they do leaves nothing behind.

use crate::client::Client;
use crate::observe::{http_port, metrics};
use crate::processes::{Cluster, PATIENCE, wait_for, wait_until};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use quorate_net::resp::{self, Value};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// What a process has of the system.
#[derive(Clone, Copy, Debug)]
struct Use {
    threads: usize,
    files: usize,
    /// In KiB.
    resident: usize,
}

fn count(directory: String) -> usize {
    fs::read_dir(directory).map_or(0, Iterator::count)
}

fn used(cluster: &Cluster) -> Use {
    let pid = cluster.pid(0);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
    Use {
        threads: count(format!("/proc/{pid}/task")),
        files: count(format!("/proc/{pid}/fd")),
        resident: resident.expect("Linux says so"),
    }
}

/// What a server has when it serves one client and nobody else. A connection is there for its client before the
/// server has taken it, and for the server after its client has gone.
fn used_for_one_client(cluster: &Cluster) -> Use {
    let http = http_port(cluster, 0);
    wait_until("one client is served", || connected(http) == 1.0);
    used(cluster)
}

/// How many clients a server serves.
fn connected(http: u16) -> f64 {
    metrics(http).value("quorate_client_connections", "", &[])
}

/// Waits until a server has no more of anything than before, apart from so many KiB that its allocator keeps.
fn wait_until_nothing_is_left(cluster: &Cluster, before: Use, kept: usize) {
    wait_for(|| {
        let now = used(cluster);
        let is_less = now.threads <= before.threads && now.files <= before.files;
        let is_as_before = is_less && now.resident <= before.resident + kept;
        let left = || format!("something is left, apart from {kept} KiB: {now:?} after {before:?}");
        if is_as_before { Ok(()) } else { Err(left()) }
    });
}

fn error(client: &mut Client, words: &[&str]) -> String {
    match client.ask(words).expect("answered") {
        Value::Error(why) => why.into_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn clients_beyond_the_limit_are_told_so() {
    let cluster = Cluster::start_with("max_clients", 1, &["--max-clients", "5"]);
    let http = http_port(&cluster, 0);
    let refused = || metrics(http).value("quorate_clients_refused", "_total", &[]);
    let before = refused();
    let mut clients: Vec<Client> = Vec::new();
    wait_until("five are let in", || {
        let mut client = cluster.connect(0);
        let is_in = client.ask(&["PING"]).is_ok_and(|reply| reply == Value::Simple("PONG".into()));
        clients.extend(is_in.then_some(client));
        clients.len() == 5
    });
    let mut sixth = cluster.connect(0);
    let reply = sixth.receive().expect("it says why");
    assert_eq!(reply, Value::Error("ERR max number of clients reached".into()));
    assert!(sixth.receive().is_err(), "it is still open");
    assert!(refused() > before);
    for client in &mut clients {
        assert_eq!(client.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    }
    drop(clients.pop());
    wait_until("there is room again", || {
        cluster.connect(0).ask(&["PING"]).is_ok_and(|reply| reply == Value::Simple("PONG".into()))
    });
}

#[test]
fn keys_and_values_beyond_their_limits_are_refused_and_nothing_else_is() {
    let limits = ["--max-key-bytes", "10", "--max-value-bytes", "20"];
    let cluster = Cluster::start_with("sizes", 3, &limits);
    let (key, value) = ("k".repeat(10), "v".repeat(20));
    let (long_key, long_value) = (format!("{key}k"), format!("{value}v"));
    for place in 0..3 {
        let mut client = cluster.connect(place);
        assert_eq!(client.ask(&["SET", &key, &value]).expect("answered"), Value::OK);
        let expected = "ERR a key of 11 bytes is over the limit of 10 bytes";
        for words in [
            &["GET", &long_key][..],
            &["SET", &long_key, "v"],
            &["MSET", "a", "1", &long_key, "2"],
            &["MGET", "a", &long_key],
            &["DEL", &key, &long_key],
            &["INCR", &long_key],
        ] {
            assert_eq!(error(&mut client, words), expected, "{words:?}");
        }
        let expected = "ERR a value of 21 bytes is over the limit of 20 bytes";
        for words in [&["SET", &key, &long_value][..], &["MSET", "a", "1", &key, &long_value]] {
            assert_eq!(error(&mut client, words), expected, "{words:?}");
        }
        let expected = "ERR string exceeds maximum allowed size of 20 bytes";
        assert_eq!(error(&mut client, &["APPEND", &key, "v"]), expected);
        // Nothing of these has happened.
        assert_eq!(client.ask(&["GET", &key]).expect("answered"), Value::bulk(value.as_str()));
        assert_eq!(client.ask(&["EXISTS", "a"]).expect("answered"), Value::Integer(0));
        let told = client.ask(&["CONFIG", "GET", "max-key-bytes"]).expect("answered");
        assert_eq!(told, Value::Array(vec![Value::bulk("max-key-bytes"), Value::bulk("10")]));
    }
}

/// However many commands arrive at once: they wait their turn, and each is answered in its place.
#[test]
fn pipelines_beyond_the_limit_wait_their_turn() {
    const MANY: i64 = 20_000;
    let limits = ["--max-pipeline", "7", "--max-output-bytes", "1K"];
    let cluster = Cluster::start_with("pipelines", 1, &limits);
    let mut client = cluster.connect(0);
    let mut writer = client.stream.try_clone().expect("it is open");
    let writing = thread::spawn(move || {
        let commands = b"INCR a\r\nGET a\r\n".repeat(MANY as usize);
        writer.write_all(&commands).expect("it is read in time");
    });
    for number in 1..=MANY {
        assert_eq!(client.receive().expect("answered"), Value::Integer(number));
        assert_eq!(client.receive().expect("answered"), Value::bulk(number.to_string()));
    }
    writing.join().expect("all is written");
}

/// A pipeline without an end from a client that never reads: it is stopped by its own socket, others do not notice,
/// and after a while it is given up.
#[test]
fn clients_that_never_read_cost_little_and_are_given_up() {
    let options = ["--output-timeout", "2s", "--max-output-bytes", "64K"];
    let cluster = Cluster::start_with("never_read", 1, &options);
    let http = http_port(&cluster, 0);
    let mut good = cluster.connect(0);
    let value = "v".repeat(50_000);
    assert_eq!(good.ask(&["SET", "large", &value]).expect("answered"), Value::OK);
    let before = used_for_one_client(&cluster);
    let deaf = |commands: Vec<u8>| {
        let mut stream = TcpStream::connect(("127.0.0.1", cluster.ports[0].1)).expect("it listens");
        stream.set_write_timeout(Some(PATIENCE)).expect("it can be set");
        thread::spawn(move || {
            let begun = Instant::now();
            // Until the server closes it.
            while stream.write_all(&commands).is_ok() {
                assert!(begun.elapsed() < PATIENCE, "it is never stopped");
            }
        })
    };
    let lines = ["GET large\r\n", "PING\r\n", "ECHO a\r\n", "READONLY\r\nGET large\r\n"];
    let clients: Vec<_> = lines.iter().map(|line| deaf(line.repeat(100).into_bytes())).collect();
    let mut most = 0;
    let given_up = || metrics(http).value("quorate_clients_given_up", "_total", &[]);
    wait_until("they are given up", || {
        assert_eq!(good.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
        most = most.max(used(&cluster).resident);
        given_up() == clients.len() as f64
    });
    clients.into_iter().for_each(|client| client.join().expect("it has ended"));
    assert!(most < before.resident + 32 * 1024, "{most} KiB, after {before:?}");
    assert!(cluster.lines(0).contains("gave up clients that read nothing for 2s"));
    wait_until_nothing_is_left(&cluster, before, 16 * 1024);
}

/// Lets this process have so many open files, or as many as it may.
fn open_files(wanted: u64) -> u64 {
    let (now, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("the system says so");
    let raised = now.max(wanted.min(most));
    setrlimit(Resource::RLIMIT_NOFILE, raised, most).expect("it may be raised so far");
    raised
}

#[test]
fn thousands_of_idle_clients_cost_little_and_leave_nothing() {
    // Tests that run at the same time need some too.
    let count = usize::try_from(open_files(2_500) - 500).expect("small").min(2_000);
    assert!(count >= 500, "this process may open {count} files more; try ulimit -n 2500");
    let cluster = Cluster::start("idle", 1);
    let http = http_port(&cluster, 0);
    let mut good = cluster.connect(0);
    let before = used_for_one_client(&cluster);
    let mut idle: Vec<Client> = Vec::new();
    for number in 0..count {
        let mut client = cluster.connect(0);
        if number % 2 == 0 {
            assert_eq!(client.ask(&["PING"]).expect("answered"), Value::Simple("PONG".into()));
            // And then only half a command.
            client.stream.write_all(b"*2\r\n$3\r\nGET\r\n$100\r\nk").expect("it is open");
        }
        idle.push(client);
    }
    wait_until("all are let in", || connected(http) == 1.0 + count as f64);
    // Whoever asks for the figures has a thread for a moment.
    wait_until("no idle client has a thread", || used(&cluster).threads <= before.threads);
    let during = used(&cluster);
    let each = during.resident.saturating_sub(before.resident) * 1024 / count;
    println!("{count} idle clients, {each} bytes each; {before:?}, {during:?}");
    assert!(each < 16 * 1024, "{each} bytes for each idle client");
    assert_eq!(good.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    drop(idle);
    wait_until("all have gone", || connected(http) == 1.0);
    wait_until_nothing_is_left(&cluster, before, 16 * 1024);
    assert_eq!(good.ask(&["GET", "a"]).expect("answered"), Value::bulk("1"));
}

/// Everything that a client can get wrong, on one connection, of which none is the end of it.
#[test]
fn wrong_commands_are_told_what_is_wrong_and_the_connection_goes_on() {
    let cluster = Cluster::start("wrong_commands", 3);
    for place in 0..3 {
        let mut client = cluster.connect(place);
        assert_eq!(client.ask(&["SET", "text", "abc"]).expect("answered"), Value::OK);
        for (words, expected) in [
            (&["NOSUCH", "a"][..], "ERR unknown command 'NOSUCH', with args beginning with: 'a' "),
            (
                &["LPUSH", "k", "v"],
                "ERR unknown command 'LPUSH', with args beginning with: 'k' 'v' ",
            ),
            (&[""], "ERR unknown command '', with args beginning with: "),
            (&["GET"], "ERR wrong number of arguments for 'get' command"),
            (&["SET", "k"], "ERR wrong number of arguments for 'set' command"),
            (&["MSET", "a", "1", "b"], "ERR wrong number of arguments for 'mset' command"),
            (&["INCR", "text"], "ERR value is not an integer or out of range"),
            (&["INCRBY", "n", "1.5"], "ERR value is not an integer or out of range"),
            (&["SET", "k", "v", "NX", "XX"], "ERR syntax error"),
            (&["SELECT", "1"], "ERR DB index is out of range"),
            (&["CONFIG", "NOSUCH"], "ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP."),
            (&["HELLO", "9"], "NOPROTO unsupported protocol version"),
        ] {
            assert_eq!(error(&mut client, words), expected, "{words:?}");
        }
        let name = "x".repeat(1 << 20);
        assert!(error(&mut client, &[&name, &name]).len() < 400, "it repeats all of it");
        assert_eq!(client.ask(&["GET", "text"]).expect("answered"), Value::bulk("abc"));
    }
}

/// Bytes of any kind end at most the connection on which they came.
#[test]
fn bytes_of_any_kind_leave_nothing() {
    let cluster = Cluster::start("any_bytes", 1);
    let mut good = cluster.connect(0);
    assert_eq!(good.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    let before = used_for_one_client(&cluster);
    let mut random = fastrand::Rng::with_seed(5);
    let parts: [&[u8]; 8] = [
        b"*3\r\n",
        b"$3\r\n",
        b"GET",
        b"\r\n",
        b"*-1\r\n",
        b"$99999999\r\n",
        b"\"",
        b"*1000000\r\n",
    ];
    for number in 0..500 {
        let mut bytes = Vec::new();
        for _ in 0..random.usize(1..30) {
            let length = random.usize(..40);
            match random.bool() {
                true => bytes.extend_from_slice(parts[random.usize(..parts.len())]),
                false => bytes.extend((0..length).map(|_| random.u8(..))),
            }
        }
        let mut stream = TcpStream::connect(("127.0.0.1", cluster.ports[0].1)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_millis(1))).expect("it can be set");
        let _ = stream.write_all(&bytes);
        if let Err(error) = stream.read_to_end(&mut Vec::new()) {
            let kind = error.kind();
            let is_good = matches!(kind, ErrorKind::WouldBlock | ErrorKind::ConnectionReset);
            assert!(is_good, "{number}: {error}");
        }
    }
    // One that claims much and sends little.
    let mut claims = cluster.connect(0);
    let mut out = Vec::new();
    resp::write_array(&mut out, 1_000_000);
    out.extend_from_slice(b"$4000000\r\nx");
    claims.stream.write_all(&out).expect("it is open");
    assert_eq!(good.ask(&["GET", "a"]).expect("answered"), Value::bulk("1"));
    drop(claims);
    wait_until_nothing_is_left(&cluster, before, 8 * 1024);
}
