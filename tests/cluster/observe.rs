use crate::open_metrics::Metrics;
use crate::processes::{Cluster, PATIENCE, facts, wait_until};
use quorate_net::resp::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The answer to a request.
struct Answer {
    code: u16,
    /// The header, in lower case.
    head: String,
    body: String,
}

/// Sends bytes, and reads to the end.
fn exchange(port: u16, bytes: &[u8]) -> Answer {
    try_exchange(port, bytes).expect("it answers in time, and with text")
}

/// Sends bytes, and reads to the end; an error if the server has no room.
fn try_exchange(port: u16, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let no_head = || std::io::Error::other(format!("no empty line ends the head: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(no_head)?;
    let code = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let answer =
        Answer { code: code.expect(head), head: head.to_lowercase(), body: body.to_owned() };
    assert!(answer.head.contains("\r\nconnection: close"), "{head}");
    Ok(answer)
}

fn get(port: u16, path: &str) -> Answer {
    exchange(port, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
}

pub(crate) fn metrics(port: u16) -> Metrics {
    let answer = get(port, "/metrics");
    assert_eq!(answer.code, 200, "{}", answer.body);
    let content = "\r\ncontent-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(answer.head.contains(content), "{}", answer.head);
    Metrics::read(&answer.body).unwrap_or_else(|wrong| panic!("{wrong}\n{}", answer.body))
}

/// Where a server that runs says that operators find it.
pub(crate) fn http_port(cluster: &Cluster, place: usize) -> u16 {
    let mut port = None;
    wait_until("the server says where", || {
        let lines = cluster.lines(place);
        let told = lines.rsplit_once("http on 127.0.0.1:").map(|(_, rest)| rest);
        port = told.and_then(|rest| rest.split(',').next()?.parse().ok());
        port.is_some()
    });
    port.expect("found")
}

/// What the documentation says: for each name type, unit, labels and meaning.
fn documented() -> BTreeMap<String, [String; 4]> {
    let text = include_str!("../../src/server/http/METRICS.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `quorate_"));
    let row = |row: &str| {
        let cells: Vec<&str> = row.trim_end_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{row}");
        let name = format!("quorate_{}", cells[0].trim_end_matches('`'));
        (name, [1, 2, 3, 4].map(|place| cells[place].replace('`', "")))
    };
    rows.map(row).collect()
}

/// What a server shows, in the same form.
fn shown(metrics: &Metrics) -> BTreeMap<String, [String; 4]> {
    let row = |(name, metric): (&String, &crate::open_metrics::Metric)| {
        let labels = metric.samples.first().map(|sample| sample.labels.keys());
        let labels = labels.into_iter().flatten().filter(|label| *label != "le");
        let labels: Vec<&str> = labels.map(String::as_str).collect();
        let row = [&metric.kind, &metric.unit, &labels.join(", "), &metric.help];
        (name.clone(), row.map(String::clone))
    };
    metrics.0.iter().map(row).collect()
}

#[test]
fn every_metric_is_documented_and_every_documented_one_is_shown() {
    let cluster = Cluster::start("metrics_documented", 3);
    let (leader, follower) = (cluster.leader(), (cluster.leader() + 1) % 3);
    let documented = documented();
    assert!(documented.len() > 40, "the table was not found");
    assert_eq!(shown(&metrics(http_port(&cluster, leader))), documented);
    // Only leaders know how far others are.
    for (name, row) in shown(&metrics(http_port(&cluster, follower))) {
        let mut expected = documented[&name].clone();
        if expected[2] == "follower" {
            expected[2].clear();
        }
        assert_eq!(row, expected, "{name}");
    }
}

#[test]
fn metrics_count_what_clients_have_done() {
    // Elections would disturb what is counted.
    let patient = ["--election-min", "5s", "--election-max", "6s"];
    let cluster = Cluster::start_with("metrics_count", 3, &patient);
    let (leader, term) = cluster.leader_after(0);
    let follower = (leader + 1) % 3;
    let ports = [leader, follower].map(|place| http_port(&cluster, place));
    let done = [("kind", "write"), ("outcome", "done")];
    // A leader counts the entry of its election when its own disk has it, which may be after the others'.
    wait_until("the entry of the election is applied", || {
        let now = metrics(ports[0]);
        now.value("quorate_last_applied", "", &[]) == now.value("quorate_last_index", "", &[])
            && now.value("quorate_last_index", "", &[]) > 0.0
    });
    let before = ports.map(metrics);
    let (mut here, mut there) = (cluster.connect(leader), cluster.connect(follower));
    for number in 0..30 {
        let client = if number < 20 { &mut here } else { &mut there };
        assert_eq!(client.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    }
    (0..7).for_each(|_| drop(here.ask(&["GET", "a"]).expect("answered")));
    assert_eq!(cluster.leader_after(0), (leader, term), "nothing disturbed the test");
    let after = ports.map(metrics);
    let grown = |place: usize, name: &str, suffix: &str, labels: &[(&str, &str)]| {
        after[place].value(name, suffix, labels) - before[place].value(name, suffix, labels)
    };
    assert_eq!(grown(0, "quorate_requests", "_total", &done), 30.0);
    assert_eq!(grown(0, "quorate_requests", "_total", &[("kind", "read"), done[1]]), 7.0);
    assert_eq!(grown(0, "quorate_commit_latency_seconds", "_count", &[]), 30.0);
    assert_eq!(grown(0, "quorate_read_latency_seconds", "_count", &[]), 7.0);
    assert_eq!(grown(0, "quorate_commit_index", "", &[]), 30.0);
    assert_eq!(grown(0, "quorate_entries_applied", "_total", &[]), 30.0);
    assert_eq!(grown(0, "quorate_requests_taken_over", "_total", &[]), 10.0);
    assert_eq!(grown(1, "quorate_requests_forwarded", "_total", &[]), 10.0);
    assert!(grown(1, "quorate_clients_accepted", "_total", &[]) >= 1.0);
    // A commit takes some time, and at most that of the test.
    let (sum, syncs) = ("quorate_commit_latency_seconds", "quorate_sync_latency_seconds");
    assert!(grown(0, sum, "_sum", &[]) > 0.0 && grown(0, sum, "_sum", &[]) < 60.0);
    for (place, after) in after.iter().enumerate() {
        let count = grown(place, syncs, "_count", &[]);
        // A leader answers only what is on its own disk; a follower may be late, and then takes several at once.
        let least = if place == 0 { 30.0 } else { 1.0 };
        assert!(count >= least, "{count} syncs of 30 writes one after the other");
        let writes = grown(place, "quorate_sync_writes", "_sum", &[]);
        assert!(writes >= count, "{writes} writes in {count} syncs");
        assert!(after.value("quorate_log_bytes", "", &[]) >= least * 512.0);
    }
    let role = |place: usize, role| after[place].value("quorate_role", "", &[("role", role)]);
    assert_eq!([role(0, "leader"), role(1, "leader"), role(1, "follower")], [1.0, 0.0, 1.0]);
    assert_eq!(after[1].value("quorate_leader", "", &[]), (leader + 1) as f64);
    assert!(after[0].value("quorate_elections_won", "_total", &[]) >= 1.0);
    let name = format!("n{}", follower + 1);
    wait_until("the leader knows that the follower has everything", || {
        let now = metrics(ports[0]);
        let labels = [("follower", name.as_str())];
        now.value("quorate_follower_match_index", "", &labels)
            == now.value("quorate_last_index", "", &[])
    });
}

#[test]
fn status_says_what_info_says_and_more() {
    let cluster = Cluster::start("status_page", 3);
    let leader = cluster.leader();
    for place in 0..3 {
        let answer = get(http_port(&cluster, place), "/status");
        assert_eq!(answer.code, 200);
        let status: serde_json::Value = serde_json::from_str(&answer.body).expect("it is JSON");
        let facts = facts(cluster.ports[place].1).expect("it answers");
        for (name, fact) in [("server", "server"), ("role", "quorate_role"), ("leader", "leader")] {
            assert_eq!(status[name].as_str(), Some(facts[fact].as_str()), "{name}");
        }
        for name in ["term", "last_index", "durable_index"] {
            assert_eq!(status[name].to_string(), facts[name], "{name}");
        }
        let peers = status["peers"].as_array().expect("a list");
        assert_eq!(peers.len(), 2);
        for peer in peers {
            assert_eq!(peer["connected"], true, "{peer}");
            assert_eq!(peer["progress"].is_object(), place == leader, "{peer}");
        }
        assert!(status["disk"]["syncs"].as_u64() > Some(0), "{status}");
        assert_eq!(status["queues"]["max_messages"], 4096);
        assert_eq!(status["stopped"], serde_json::Value::Null);
    }
}

#[test]
fn a_server_without_a_leader_lives_and_is_not_ready() {
    let mut cluster = Cluster::start("readiness", 3);
    let leader = cluster.leader();
    let port = http_port(&cluster, leader);
    let ready = get(port, "/readyz");
    let name = format!("n{}", leader + 1);
    assert_eq!(ready.code, 200);
    assert!(ready.body.starts_with(&format!("{name} leads in term ")), "{}", ready.body);
    (0..3).filter(|place| *place != leader).for_each(|place| cluster.kill(place));
    wait_until("it is not ready", || get(port, "/readyz").code == 503);
    let why = get(port, "/readyz").body;
    assert!(why.starts_with(&name) && why.ends_with("knows no leader\n"), "{why}");
    let alive = get(port, "/healthz");
    assert_eq!((alive.code, alive.body), (200, format!("{name} runs\n")));
    let reason = [("reason", "majority_silent")];
    assert_eq!(metrics(port).value("quorate_step_downs", "_total", &reason), 1.0);
    (0..3).filter(|place| *place != leader).for_each(|place| cluster.start_server(place, &[]));
    wait_until("it is ready", || get(port, "/readyz").code == 200);
}

/// A follower that is cut off is no more ready than a leader is, and as alive.
#[test]
fn a_follower_that_hears_nobody_lives_and_is_not_ready() {
    let mut cluster = Cluster::start("readiness_follower", 3);
    let leader = cluster.leader();
    let alone = (leader + 1) % 3;
    let port = http_port(&cluster, alone);
    let expected = format!("n{} follows n{} in term ", alone + 1, leader + 1);
    wait_until("it follows", || get(port, "/readyz").body.starts_with(&expected));
    (0..3).filter(|place| *place != alone).for_each(|place| cluster.kill(place));
    wait_until("it is not ready", || get(port, "/readyz").code == 503);
    let why = get(port, "/readyz").body;
    assert!(why.starts_with(&format!("n{} is ", alone + 1)), "{why}");
    assert!(why.ends_with("knows no leader\n"), "{why}");
    assert_eq!(get(port, "/healthz").code, 200);
    cluster.start_server(leader, &[]);
    wait_until("two of three are enough", || get(port, "/readyz").code == 200);
}

#[test]
fn bad_requests_are_told_what_is_wrong() {
    let cluster = Cluster::start("bad_http", 1);
    let port = http_port(&cluster, 0);
    let host = "HTTP/1.1\r\nHost: a\r\n";
    let large = format!("GET / {host}Large: {}", "a".repeat(1 << 20));
    let many = format!("GET / {host}{}\r\n", "a: b\r\n".repeat(100));
    let bad = [
        (format!("GET /nothing {host}\r\n"), 404, "expected one of"),
        (format!("GET /status/ {host}\r\n"), 404, "/status"),
        (format!("POST /status {host}Content-Length: 3\r\n\r\nabc"), 405, "expected GET or HEAD"),
        (format!("DELETE / {host}\r\n"), 405, "expected GET or HEAD"),
        ("*1\r\n$4\r\nPING\r\n".into(), 400, "no request of HTTP/1.1"),
        ("\x16\x03\x01\x02\x00\x01\x00".into(), 400, "no request of HTTP/1.1"),
        ("GET / HTTP/1.1\r\n\r\n".into(), 400, "Host"),
        (large, 431, "at most 8192 bytes"),
        (many, 431, "64 fields"),
    ];
    for (request, code, part) in bad {
        let answer = exchange(port, request.as_bytes());
        let begin: String = request.chars().take(40).collect();
        assert_eq!(answer.code, code, "{begin:?}: {}", answer.body);
        assert!(answer.body.contains(part), "{begin:?}: {}", answer.body);
        assert_eq!(answer.head.contains("\r\nallow: get, head"), code == 405, "{begin:?}");
    }
    let head = exchange(port, format!("HEAD /metrics {host}\r\n").as_bytes());
    assert_eq!((head.code, head.body.as_str()), (200, ""));
    assert!(!head.head.contains("\r\ncontent-length: 0"), "{}", head.head);
    // Half a request, and nothing more ever.
    let mut half = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    half.write_all(b"GET / HT").expect("it is open");
    half.shutdown(Shutdown::Write).expect("it is open");
    let mut text = String::new();
    half.read_to_string(&mut text).expect("it answers");
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    assert_eq!(get(port, "/").code, 200);
}

/// How many connections a server keeps at its port for HTTP, each with a thread.
const MOST_CONNECTED: usize = 32;

#[test]
fn connections_that_are_idle_or_slow_hold_nothing() {
    let cluster = Cluster::start("idle_http", 1);
    let port = http_port(&cluster, 0);
    let threads = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", cluster.pid(0)));
        tasks.map_or(0, Iterator::count)
    };
    let before = threads();
    let mut idle: Vec<TcpStream> = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        if number % 2 == 0 {
            // It may have had to make room already.
            let _ = stream.write_all(b"GET /status HTTP/1.1\r\nHost: ");
        }
        idle.push(stream);
        if number % 20 == 19 {
            // The threads of those that made room must notice first, and a busy machine lets them wait.
            let request = b"GET /readyz HTTP/1.1\r\nHost: quorate\r\n\r\n";
            let is_ready = || try_exchange(port, request).is_ok_and(|answer| answer.code == 200);
            wait_until("an honest client is answered", is_ready);
            // Only as many as may be connected stay, however many have come.
            wait_until("those that made room have ended", || threads() <= before + MOST_CONNECTED);
        }
    }
    // One that goes on for ever is ended all the same.
    let mut slow = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let begun = Instant::now();
    while slow.write_all(b"a").is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it is still open");
        std::thread::sleep(Duration::from_millis(50));
    }
    wait_until("their threads have ended", || threads() <= before);
    let mut client = cluster.connect(0);
    assert_eq!(client.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    assert_eq!(get(port, "/healthz").code, 200);
}
