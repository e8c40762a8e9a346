//! Programs of Redis as clients: redis-cli, redis-benchmark, and a script that uses the library redis-py.
//!
//! Ignored, because they need these programs: `cargo xtask test redis-tools redis-py` installs and runs them.

use crate::processes::{Cluster, PATIENCE, Process, signal, wait_until};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

/// What a program prints, given this input. It must end by itself, and well.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut process = Process(command.spawn().expect("the program is there"));
    let mut out = process.0.stdout.take().expect("it is piped");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text)
    });
    let mut stdin = process.0.stdin.take().expect("it is piped");
    stdin.write_all(input).expect("it reads");
    drop(stdin);
    let status = process.ended();
    let text = reader.join().expect("it does not panic").expect("it is text");
    assert!(status.success(), "{program} {arguments:?}: {status}: {text}");
    text
}

/// The port for clients of a server, as text.
fn port(cluster: &Cluster, place: usize) -> String {
    cluster.ports[place].1.to_string()
}

#[test]
#[ignore = "needs the program redis-cli"]
fn redis_cli_talks_with_any_server() {
    let cluster = Cluster::start("redis_cli", 3);
    let leader = cluster.leader();
    for place in 0..3 {
        let port = port(&cluster, place);
        for version in ["-2", "-3"] {
            let cli = |words: &[&str]| {
                let arguments = [&["-p", &port, version, "--no-raw"], words].concat();
                run("redis-cli", &arguments, b"").trim_end().to_owned()
            };
            assert_eq!(cli(&["set", "k", "a b"]), "OK");
            assert_eq!(cli(&["get", "k"]), "\"a b\"");
            assert_eq!(cli(&["get", "none"]), "(nil)");
            assert_eq!(cli(&["strlen", "k"]), "(integer) 3");
            assert_eq!(cli(&["mget", "k", "none"]), "1) \"a b\"\n2) (nil)");
            assert_eq!(cli(&["incr", "k"]), "(error) ERR value is not an integer or out of range");
            let unknown = "(error) ERR unknown command 'lpush', with args beginning with: 'k' 'v' ";
            assert_eq!(cli(&["lpush", "k", "v"]), unknown.trim_end());
            assert_eq!(cli(&["del", "k"]), "(integer) 1");
            let role = if place == leader { "1) \"master\"" } else { "1) \"slave\"" };
            assert_eq!(cli(&["role"]).lines().next(), Some(role));
        }
        let info = run("redis-cli", &["-p", &port, "info", "replication"], b"");
        let role = if place == leader { "role:master" } else { "role:slave" };
        assert!(info.contains(role), "{info}");
        let followers: Vec<&str> =
            info.lines().filter(|line| line.contains("state=online")).collect();
        assert_eq!(followers.len(), if place == leader { 2 } else { 0 }, "{info}");
        // What has any bytes comes from standard input, and goes to standard output.
        let bytes = "Grüße\n世界 🦀\t\u{0}";
        run("redis-cli", &["-p", &port, "-x", "set", "bytes"], bytes.as_bytes());
        assert_eq!(run("redis-cli", &["-p", &port, "get", "bytes"], b""), format!("{bytes}\n"));
        // A transaction is refused, and the commands in it have no effect.
        let lines = b"set k before\nmulti\nset k after\nexec\nget k\n";
        let replies = run("redis-cli", &["-p", &port], lines);
        let replies: Vec<&str> = replies.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(replies.len(), 5, "{replies:?}");
        assert!(replies[2].starts_with("ERR transactions are not supported"), "{replies:?}");
        assert!(replies[3].starts_with("EXECABORT Transaction discarded"), "{replies:?}");
        assert_eq!(replies[4], "before");
    }
}

/// Many commands are sent without waiting, and none is lost.
#[test]
#[ignore = "needs the program redis-cli"]
fn redis_cli_pipes_as_many_commands_as_it_likes() {
    let cluster = Cluster::start("redis_cli_pipe", 3);
    let follower = (cluster.leader() + 1) % 3;
    let lines: String = (0..20_000).map(|number| format!("INCRBY piped {number}\r\n")).collect();
    let told = run("redis-cli", &["-p", &port(&cluster, follower), "--pipe"], lines.as_bytes());
    assert!(told.contains("errors: 0, replies: 20000"), "{told}");
    let sum = run("redis-cli", &["-p", &port(&cluster, 0), "get", "piped"], b"");
    assert_eq!(sum.trim_end(), (0..20_000).sum::<u64>().to_string());
}

/// How fast it is does not matter here: every test must end, and without an error.
#[test]
#[ignore = "needs the program redis-benchmark"]
fn redis_benchmark_ends_without_errors() {
    const TESTS: &str = "ping_inline,ping_mbulk,set,get,incr,mset";
    let cluster = Cluster::start("redis_benchmark", 3);
    for place in 0..3 {
        let port = port(&cluster, place);
        for more in [&["-c", "20"][..], &["-c", "5", "-P", "32"], &["-c", "5", "-P", "16", "-3"]] {
            let seconds = PATIENCE.as_secs().to_string();
            let begin = [&seconds, "redis-benchmark", "-p", &port, "-t", TESTS, "-n", "1000"];
            // It does not end by itself when it is answered with errors.
            let told = run("timeout", &[&begin[..], &["-r", "100", "--csv"], more].concat(), b"");
            let rows: Vec<&str> = told.lines().filter(|line| line.starts_with('"')).collect();
            let tests = rows.iter().filter(|row| !row.starts_with("\"test\""));
            let speeds: Vec<f64> = tests
                .filter_map(|row| row.split(',').nth_back(6)?.trim_matches('"').parse().ok())
                .collect();
            assert!(speeds.len() == 6 && speeds.iter().all(|speed| *speed > 0.0), "{told}");
            assert!(!told.to_lowercase().contains("error"), "{told}");
        }
    }
}

/// Does for the script what it cannot do itself.
struct Helper {
    cluster: Cluster,
    away: Vec<usize>,
}

impl Helper {
    fn help(&mut self, wish: &str) -> String {
        match wish {
            "say who leads" => return port(&self.cluster, self.cluster.leader()),
            "stop the followers" => {
                let leader = self.cluster.leader();
                self.away = (0..3).filter(|place| *place != leader).collect();
                self.away.iter().for_each(|place| signal("STOP", self.cluster.pid(*place)));
            }
            "let the followers go on" => {
                self.away.drain(..).for_each(|place| signal("CONT", self.cluster.pid(place)));
            }
            "kill the leader" => {
                let leader = self.cluster.leader();
                self.cluster.kill(leader);
                self.away = vec![leader];
            }
            "start what was killed" => {
                self.away.drain(..).for_each(|place| self.cluster.start_server(place, &[]));
            }
            other => panic!("the script asks for {other:?}"),
        }
        "done".into()
    }
}

#[test]
#[ignore = "needs Python with the library redis-py"]
fn redis_py_is_served_in_both_versions_of_the_protocol() {
    let python =
        std::env::var("QUORATE_REDIS_PY").expect("cargo xtask test redis-py says where it is");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/redis_py.py");
    let cluster = Cluster::start("redis_py", 3);
    let leader = cluster.leader();
    let mut command = Command::new(python);
    command.arg(script).args((0..3).map(|place| port(&cluster, (leader + place) % 3)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = Process(command.spawn().expect("Python is there"));
    let mut answers = process.0.stdin.take().expect("it is piped");
    let out = BufReader::new(process.0.stdout.take().expect("it is piped"));
    let mut helper = Helper { cluster, away: Vec::new() };
    let mut last = String::new();
    for line in out.lines() {
        last = line.expect("it is text");
        if let Some(wish) = last.strip_prefix("please ") {
            let answer = helper.help(wish);
            writeln!(answers, "{answer}").expect("it reads");
        }
    }
    wait_until("the script ends", || process.0.try_wait().expect("it is ours").is_some());
    assert!(process.ended().success(), "see above");
    let checks = last.strip_prefix("passed ").and_then(|checks| checks.parse::<u32>().ok());
    assert!(checks > Some(200), "{last}");
}
