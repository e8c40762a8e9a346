use crate::processes::{Cluster, signal, wait_until};
use quorate_cluster::notation::Notation;
use quorate_core::AbstractAction;
use serde_json::Value;

/// Ends a server as an operator does.
fn stop(cluster: &mut Cluster, place: usize) {
    let mut process = cluster.servers[place].take().expect("it runs");
    signal("TERM", process.0.id());
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn elections_and_connections_are_told_in_a_line_each() {
    let mut cluster = Cluster::start("lines", 3);
    let (leader, term) = cluster.leader_after(0);
    let (name, follower) = (format!("n{}", leader + 1), (leader + 1) % 3);
    let tells = |cluster: &Cluster, place: usize, line: &str| {
        wait_until(line, || cluster.lines(place).lines().any(|found| found.contains(line)));
    };
    let first = cluster.lines(leader);
    let begins = format!(" INFO  {name} quorate {} serves clients on ", env!("CARGO_PKG_VERSION"));
    assert!(first.contains(&begins), "{first}");
    tells(&cluster, leader, &format!("INFO  {name} become_candidate({name},{term})"));
    tells(&cluster, leader, &format!("INFO  {name} become_leader({name},{term},{{n"));
    let follows = format!("INFO  n{} follower term={term} leader={name}", follower + 1);
    tells(&cluster, follower, &follows);
    tells(&cluster, follower, &format!(" connected to {name}, "));
    cluster.kill(leader);
    tells(&cluster, follower, &format!("WARN  n{} lost the connection to {name}: ", follower + 1));
    let (next, term) = cluster.leader_after(term);
    tells(&cluster, next, &format!("become_leader(n{},{term},", next + 1));
    stop(&mut cluster, next);
    let lines = cluster.lines(next);
    let last = lines.lines().last().expect("it says something");
    assert!(last.ends_with(&format!("INFO  n{} has stopped", next + 1)), "{last}");
}

#[test]
fn lines_for_programs_are_all_json() {
    let options = ["--log-format", "json", "--log-level", "debug"];
    let mut cluster = Cluster::start_with("json_lines", 2, &options);
    let leader = cluster.leader();
    stop(&mut cluster, 1 - leader);
    stop(&mut cluster, leader);
    let (mut messages, mut actions) = (Vec::new(), 0);
    for place in 0..2 {
        for line in cluster.lines(place).lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            let text = |key: &str| value[key].as_str().unwrap_or_else(|| panic!("{key}: {line}"));
            let timestamp = text("timestamp");
            assert!(timestamp.len() == 24 && timestamp.ends_with('Z'), "{line}");
            assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&text("level")), "{line}");
            assert_eq!(text("server"), format!("n{}", place + 1));
            actions += usize::from(AbstractAction::from_notation(text("message")).is_ok());
            messages.push(text("message").to_owned());
        }
    }
    // Somebody stood and won, and the other one voted.
    assert!(actions >= 3, "{messages:?}");
    for part in
        ["2 servers: a majority is 2", "serves clients on", "let a client in", "has stopped"]
    {
        assert!(messages.iter().any(|message| message.contains(part)), "{part}: {messages:?}");
    }
    // What ends a server is told in the same form.
    let mut command = cluster.command(0);
    command.args(["--http-listen", &format!("127.0.0.1:{}", cluster.ports[1].0)]);
    let taken = std::net::TcpListener::bind(("127.0.0.1", cluster.ports[1].0)).expect("it is free");
    let output = command.output().expect("the command was built");
    drop(taken);
    let stderr = String::from_utf8(output.stderr).expect("it is text");
    let last: Value =
        serde_json::from_str(stderr.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!((output.status.code(), last["level"].as_str()), (Some(69), Some("ERROR")));
    assert!(last["message"].as_str().is_some_and(|why| why.starts_with("--http-listen: ")));
}

#[test]
fn a_level_hides_what_is_less_serious() {
    let mut cluster = Cluster::start_with("quiet", 1, &["--log-level", "warn"]);
    stop(&mut cluster, 0);
    assert_eq!(cluster.lines(0), "");
    cluster.start_server(0, &["--log-level", "info", "--http-listen", "none"]);
    cluster.leader();
    assert!(cluster.lines(0).contains(" and http on no port, "), "{}", cluster.lines(0));
}
