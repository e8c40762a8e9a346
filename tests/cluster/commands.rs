use crate::processes::{Cluster, alone, directory, quorate};
use quorate_net::resp::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

/// The exit code of a command, and what it printed: to standard output, and to standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = quorate().args(arguments).output().expect("the command was built");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn status_tells_of_a_server_and_says_if_there_is_none() {
    let mut cluster = Cluster::start("status", 3);
    let (leader, term) = cluster.leader_after(0);
    for place in 0..3 {
        let address = format!("127.0.0.1:{}", cluster.ports[place].1);
        let port = cluster.ports[place].1.to_string();
        let (code, stdout, _) = run(&["status", &port]);
        let role = if place == leader { "leader" } else { "follower" };
        assert_eq!(code, Some(0));
        let first = format!("n{} at {address}: {role}, term {term}", place + 1);
        assert_eq!(stdout.lines().next(), Some(first.as_str()));
        assert!(stdout.contains(&format!("  leader          n{}\n", leader + 1)), "{stdout}");
        for line in ["last index", "durable index", "commit index", "last applied", "log bytes"] {
            assert!(stdout.contains(&format!("  {line} ")), "{stdout}");
        }
    }
    // The port for servers is not the one for clients.
    let peers = format!("127.0.0.1:{}", cluster.ports[0].0);
    let (code, _, stderr) = run(&["status", &peers]);
    assert_eq!(code, Some(69), "{stderr}");
    assert!(stderr.starts_with(&format!("quorate: {peers}: ")), "{stderr}");
    let port = cluster.ports[1].1.to_string();
    cluster.kill(1);
    let (code, _, stderr) = run(&["status", &port]);
    assert_eq!(code, Some(69));
    assert!(stderr.contains("refused") && stderr.contains("; expected a running server; try "));
}

#[test]
fn status_does_not_take_anybody_for_a_server() {
    for answer in
        ["$5\r\nredis\r\n", "-NOAUTH Authentication required.\r\n", "HTTP/1.1 400\r\n\r\n", ""]
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let stranger = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody comes");
            let _ = stream.read(&mut [0; 100]);
            let _ = stream.write_all(answer.as_bytes());
        });
        let (code, _, stderr) = run(&["status", &address]);
        stranger.join().expect("it ends");
        assert_eq!(code, Some(69), "{answer:?}: {stderr}");
        let is_one_line = stderr.lines().count() == 1;
        assert!(is_one_line && stderr.contains("; expected "), "{answer:?}: {stderr}");
    }
}

/// The bytes of the only segment of a log.
fn segment(data: &Path) -> (std::path::PathBuf, Vec<u8>) {
    let file = data.join("segment-00000001.wal");
    let bytes = fs::read(&file).expect("there is a segment");
    (file, bytes)
}

#[test]
fn a_log_is_printed_and_judged_without_being_changed() {
    let mut cluster = Cluster::start("log", 1);
    let mut client = cluster.connect(0);
    client.ask(&["SET", "greeting", "hello"]).expect("answered");
    client.ask(&["INCR", "count"]).expect("answered");
    client.ask(&["DEL", "greeting", "other"]).expect("answered");
    drop(client);
    let data = cluster.data(0);
    let directory = data.to_str().expect("it is text");
    // While the server runs, and after it was killed.
    assert_eq!(run(&["log", directory]).0, Some(0));
    cluster.kill(0);
    let (file, bytes) = segment(&data);
    let (code, stdout, stderr) = run(&["log", directory]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for part in [
        "SET \"greeting\" \"hello\"",
        "INCRBY \"count\" 1",
        "DEL \"greeting\" \"other\"",
        ":noop",
        "\nsound: ",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    // A byte of the first command is changed: what follows shows that this is no torn write.
    let at = bytes.windows(8).position(|window| window == b"greeting").expect("it is there");
    let mut damaged = bytes.clone();
    damaged[at] ^= 1;
    fs::write(&file, &damaged).expect("it can be written");
    let (code, stdout, _) = run(&["log", directory]);
    assert_eq!(code, Some(65), "{stdout}");
    let last = stdout.lines().last().expect("it says something");
    assert!(last.starts_with("REFUSED: ") && last.contains("segment-00000001.wal"), "{last}");
    assert_eq!(fs::read(&file).expect("it is there"), damaged);
    // The server refuses it too, with the same words.
    let output = cluster.command(0).output().expect("the command was built");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{stderr}");
    assert!(stderr.contains(last.trim_start_matches("REFUSED: ")), "{stderr}");
    fs::write(&file, &bytes).expect("it can be written");
    cluster.start_server(0, &[]);
    cluster.leader();
    assert_eq!(cluster.connect(0).ask(&["GET", "count"]).expect("answered"), Value::bulk("1"));
}

#[test]
fn a_log_that_is_not_there_is_said_to_be() {
    let _turn = alone();
    let place = directory("no_log");
    let at = |name: &str| place.join(name).to_str().expect("it is text").to_owned();
    fs::write(place.join("file"), "").expect("it can be written");
    for (name, what) in [("none", "not there"), ("file", "a file")] {
        let (code, _, stderr) = run(&["log", &at(name)]);
        assert_eq!(code, Some(66), "{stderr}");
        assert!(stderr.contains(&format!("{name}: {what}; expected a directory")), "{stderr}");
    }
    let (code, stdout, _) = run(&["log", &at("")]);
    assert_eq!(code, Some(65), "{stdout}");
}
