use crate::client::Client;
use crate::processes::{Cluster, PATIENCE, Process, alone, directory, free_ports, quorate, signal};
use crate::processes::{facts, wait_until};
use quorate_net::resp::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

/// Runs a command that must not go on running.
fn output(mut command: Command) -> Output {
    let mut process = Process(command.spawn().expect("the command was built"));
    let status = process.ended();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err) = (process.0.stdout.take(), process.0.stderr.take());
    out.expect("it is piped").read_to_end(&mut stdout).expect("it can be read");
    err.expect("it is piped").read_to_end(&mut stderr).expect("it can be read");
    Output { status, stdout, stderr }
}

/// Checks that a command ends with this code and an error of one line that says all of this.
fn must_be_refused(command: Command, code: i32, parts: &[&str]) {
    let output = output(command);
    let stderr = String::from_utf8(output.stderr).expect("it is text");
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let line = stderr.lines().last().unwrap_or_default();
    assert!(line.starts_with("quorate: "), "{stderr}");
    for part in parts {
        assert!(line.contains(part), "{line}: does not say {part:?}");
    }
}

/// A server of its own, with these arguments too.
fn serve(arguments: &[&str]) -> Command {
    let mut command = quorate();
    let ports = free_ports(2);
    command.args(["serve", "--id", "1", "--cluster", "test", "--segment-bytes", "1M"]);
    command.arg(format!("--peer-listen=127.0.0.1:{}", ports[0]));
    command.arg(format!("--client-listen=127.0.0.1:{}", ports[1]));
    command.args(arguments);
    command
}

#[test]
fn a_directory_belongs_to_one_server_of_one_cluster() {
    let cluster = Cluster::start("one_directory", 1);
    let data = cluster.data(0);
    let data = data.to_str().expect("it is text");
    // While somebody has it.
    must_be_refused(serve(&["--data", data]), 69, &[data, "in use by another process"]);
    must_be_refused(serve(&["--data", data, "--init"]), 69, &["in use by another process"]);
    let mut cluster = cluster;
    cluster.kill(0);
    must_be_refused(serve(&["--data", data, "--init"]), 73, &[data, "already holds a log"]);
    let other = ["--data", data, "--cluster", "other"];
    must_be_refused(
        serve(&other),
        65,
        &["segment-00000001.wal", "belongs to server n1 of cluster"],
    );
    let swapped = ["--data", data, "--id", "2"];
    must_be_refused(serve(&swapped), 65, &["belongs to server n1", "expected server n2"]);
    // What was refused is unchanged.
    cluster.start_server(0, &[]);
    cluster.leader();
}

#[test]
fn what_a_server_needs_must_be_there() {
    let _turn = alone();
    let place = directory("needs");
    let at = |name: &str| place.join(name).to_str().expect("it is text").to_owned();
    must_be_refused(serve(&["--data", &at("none")]), 66, &["holds no log", "--init"]);
    fs::create_dir(place.join("empty")).expect("it can be made");
    must_be_refused(serve(&["--data", &at("empty")]), 66, &["holds no log", "--init"]);
    fs::write(place.join("file"), "").expect("it can be written");
    let below = at("file/n1");
    must_be_refused(serve(&["--data", &below, "--init"]), 73, &[&below, "cannot create"]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let address = taken.local_addr().expect("it is bound").to_string();
    for flag in ["--peer-listen", "--client-listen", "--http-listen"] {
        let arguments = ["--data", &at("new"), "--init", flag, &address];
        must_be_refused(serve(&arguments), 69, &[flag, &address, "in use", "try another port"]);
    }
    assert!(
        !place.join("new").exists(),
        "a port that is taken is noticed before anything is written"
    );
    must_be_refused(serve(&["--config", &at("no.toml")]), 66, &["no.toml", "configuration file"]);
    fs::write(place.join("bad.toml"), "id = 1\n\nheartbeat = \"5\"\n").expect("it can be written");
    let expected = ["bad.toml:3: heartbeat: \"5\"; expected a time like 50ms", "try heartbeat ="];
    must_be_refused(serve(&["--config", &at("bad.toml")]), 65, &expected);
}

#[test]
fn a_server_of_another_cluster_is_refused_on_both_sides() {
    let mut cluster = Cluster::start("other_cluster", 3);
    let leader = cluster.leader();
    let stranger = (leader + 1) % 3;
    cluster.kill(stranger);
    fs::remove_dir_all(cluster.data(stranger)).expect("it can be removed");
    cluster.start_server(stranger, &["--init", "--cluster", "other"]);
    let refusal = "give all servers of a cluster the same cluster id";
    wait_until("both sides say so", || {
        cluster.lines(stranger).contains(refusal) && cluster.lines(leader).contains(refusal)
    });
    let leader = cluster.leader();
    let mut client = cluster.connect(leader);
    assert_eq!(client.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    let facts = facts(cluster.ports[stranger].1).expect("it answers");
    assert_eq!((facts["commit_index"].as_str(), facts["leader"].as_str()), ("0", "none"));
}

#[test]
fn signals_and_the_end_of_input_stop_a_server_that_finishes_what_it_has() {
    let mut cluster = Cluster::start("signals", 1);
    for (round, how) in ["TERM", "INT", "end of input"].into_iter().enumerate() {
        let mut client = cluster.connect(0);
        assert_eq!(client.ask(&["SET", "round", how]).expect("answered"), Value::OK);
        let mut process = cluster.servers[0].take().expect("it runs");
        match how {
            "end of input" => drop(process.0.stdin.take()),
            name => signal(name, process.0.id()),
        }
        assert_eq!(process.ended().code(), Some(0), "{how}");
        let stops = cluster.lines(0).matches("n1 has stopped").count();
        assert_eq!(stops, round + 1, "{}", cluster.lines(0));
        cluster.start_server(0, &[]);
        cluster.leader();
        let found = cluster.connect(0).ask(&["GET", "round"]).expect("answered");
        assert_eq!(found, Value::bulk(how));
    }
}

#[test]
fn bytes_that_are_no_command_end_one_connection_and_nothing_else() {
    let cluster = Cluster::start("no_command", 1);
    let mut good = cluster.connect(0);
    for bytes in ["*1\r\n$x\r\n", "*99999999\r\n", "*2\r\n$-5\r\n", "*1\r\n:5\r\n"] {
        let mut bad = cluster.connect(0);
        bad.stream.write_all(bytes.as_bytes()).expect("it is open");
        let reply = bad.receive().expect("it says what is wrong");
        assert!(matches!(&reply, Value::Error(why) if why.starts_with("ERR ")), "{reply:?}");
        assert!(bad.receive().is_err(), "{bytes:?}: the connection is still open");
    }
    // Half a command, and nobody there any more.
    for half in ["*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nx", "*2\r\n$3", "*"] {
        let mut gone = cluster.connect(0);
        gone.stream.write_all(half.as_bytes()).expect("it is open");
        drop(gone);
    }
    // The port for servers takes no clients, and says so.
    let mut wrong = Client::connect(cluster.ports[0].0, PATIENCE).expect("it listens");
    wrong.stream.write_all(&[b'x'; 100]).expect("it is open");
    let mut answer = Vec::new();
    let _ = wrong.stream.read_to_end(&mut answer);
    assert!(String::from_utf8_lossy(&answer).contains("clients use the client port"));
    assert_eq!(good.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    assert_eq!(good.ask(&["GET", "a"]).expect("answered"), Value::bulk("1"));
}

#[test]
fn a_log_at_its_limit_refuses_writes_and_answers_reads() {
    let mut cluster = Cluster::start_with("limit", 3, &["--max-log-bytes", "1M"]);
    let value = "x".repeat(100_000);
    let mut client = cluster.connect(cluster.leader());
    let mut refusal = None;
    for _ in 0..50 {
        match client.ask(&["SET", "a", &value]).expect("answered") {
            Value::Simple(_) => {}
            other => {
                refusal = Some(other);
                break;
            }
        }
    }
    let Some(Value::Error(why)) = refusal else { panic!("{refusal:?}") };
    assert!(why.starts_with("OOM log limit reached"), "{why}");
    assert_eq!(client.ask(&["GET", "a"]).expect("answered"), Value::bulk(value.as_str()));
    // Elections go on.
    let (leader, term) = cluster.leader_after(0);
    cluster.kill(leader);
    let (next, _) = cluster.leader_after(term);
    let found = cluster.connect(next).ask(&["GET", "a"]).expect("answered");
    assert_eq!(found, Value::bulk(value.as_str()));
}
