use crate::client::Client;
use crate::processes::{PATIENCE, Process, alone, directory, facts, quorate, signal, wait_until};
use quorate_net::resp::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

/// `quorate cluster`, and what it prints.
struct Whole {
    process: Process,
    lines: Receiver<String>,
    ports: Vec<u16>,
}

impl Whole {
    fn start(arguments: &[&str], data: Option<&Path>) -> Whole {
        let mut command = quorate();
        command.arg("cluster").args(arguments).env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
        data.map(|data| command.arg("--data").arg(data));
        let mut process = Process(command.spawn().expect("the command was built"));
        let lines = read_lines(&mut process.0);
        let mut whole = Whole { process, lines, ports: Vec::new() };
        loop {
            let line = whole.line();
            if line == "Ctrl-C stops all" {
                return whole;
            }
            let port = line.split_once("redis-cli -p ");
            whole.ports.extend(port.and_then(|(_, port)| port.parse::<u16>().ok()));
        }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("it says something")
    }

    /// The next line that contains a text.
    fn line_with(&self, part: &str) -> String {
        let begun = Instant::now();
        loop {
            let line = self.line();
            if line.contains(part) {
                return line;
            }
            assert!(begun.elapsed() < PATIENCE, "it never said {part:?}");
        }
    }

    fn pids(&self) -> Vec<u32> {
        let pid = |port: &u16| facts(*port)?.get("process_id")?.parse().ok();
        self.ports.iter().filter_map(pid).collect()
    }

    fn client(&self, place: usize) -> Client {
        Client::connect(self.ports[place], PATIENCE).expect("it listens")
    }
}

/// The reply to a command that may be repeated even when it is in doubt.
fn reply(client: &mut Client, words: &[&str]) -> Value {
    client.ask_until_done(words, &["TRYAGAIN ", "INDOUBT "])
}

fn read_lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Whether there is a process with this number that has not ended.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with(['Z', 'X']));
    state == Some(false)
}

#[test]
fn a_whole_cluster_survives_a_kill_and_keeps_its_data() {
    let _turn = alone();
    let data = directory("whole").join("data");
    let mut whole = Whole::start(&[], Some(&data));
    let leads = whole.line_with(" leads in term ");
    let hint = whole.line_with("try: ");
    assert_eq!(hint, format!("try: redis-cli -p {} set greeting hello", whole.ports[0]));
    assert_eq!(reply(&mut whole.client(1), &["SET", "a", "1"]), Value::OK);
    let pids = whole.pids();
    assert_eq!(pids.len(), 3);
    let leader: usize = leads[1..2].parse().expect("it is n1, n2 or n3");
    signal("KILL", pids[leader - 1]);
    let ended = whole.line_with(" has ended: ");
    assert!(ended.starts_with(&format!("n{leader} has ended: signal: 9")), "{ended}");
    assert!(whole.line().contains("quorate serve --config "), "it says how to start it again");
    let next = whole.line_with(" leads in term ");
    assert_ne!(next[..2], leads[..2]);
    for place in (0..3).filter(|place| place + 1 != leader) {
        let mut client = whole.client(place);
        assert_eq!(reply(&mut client, &["GET", "a"]), Value::bulk("1"));
        assert_eq!(reply(&mut client, &["SET", "b", "2"]), Value::OK);
    }
    signal("INT", whole.process.0.id());
    assert_eq!(whole.process.ended().code(), Some(0));
    assert!(!pids.iter().any(|pid| is_alive(*pid)), "a server was left behind");

    let again = Whole::start(&["--servers", "3"], Some(&data));
    again.line_with(" leads in term ");
    let mut client = again.client(leader - 1);
    assert_eq!(reply(&mut client, &["GET", "b"]), Value::bulk("2"));
    // Another number of servers would be another cluster.
    let mut command = quorate();
    let output = command.args(["cluster", "--servers", "5", "--data"]).arg(&data).output();
    let output = output.expect("the command was built");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{stderr}");
    assert!(stderr.contains("--servers: 5; expected 3"), "{stderr}");
}

#[test]
fn no_server_outlives_the_command_and_a_temporary_directory_goes() {
    let _turn = alone();
    let mut whole = Whole::start(&["--servers", "2"], None);
    whole.line_with(" leads in term ");
    let pids = whole.pids();
    assert_eq!(pids.len(), 2);
    // Nothing can be done about this, and it need not be.
    signal("KILL", whole.process.0.id());
    whole.process.ended();
    wait_until("the servers have ended", || !pids.iter().any(|pid| is_alive(*pid)));

    let temporary = directory("whole_temporary");
    let mut command = quorate();
    command.args(["cluster", "--servers", "1"]).env("TMPDIR", &temporary);
    let mut process = Process(command.spawn().expect("the command was built"));
    let lines = read_lines(&mut process.0);
    let first = lines.recv_timeout(PATIENCE).expect("it says something");
    assert!(first.contains(temporary.to_str().expect("it is text")), "{first}");
    assert!(first.ends_with(", removed at the end"), "{first}");
    let entries = || std::fs::read_dir(&temporary).expect("it is there").count();
    assert_eq!(entries(), 1);
    signal("TERM", process.0.id());
    assert_eq!(process.ended().code(), Some(0));
    assert_eq!(entries(), 0);
}

#[test]
fn a_directory_with_something_else_in_it_is_left_alone() {
    let _turn = alone();
    let data = directory("whole_other");
    std::fs::write(data.join("notes.txt"), "mine").expect("it can be written");
    let mut command = quorate();
    let output = command.args(["cluster", "--data"]).arg(&data).output();
    let output = output.expect("the command was built");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(73), "{stderr}");
    assert!(stderr.contains("holds something, but no cluster.toml; expected an empty"), "{stderr}");
    assert_eq!(std::fs::read_dir(&data).expect("it is there").count(), 1);
}
