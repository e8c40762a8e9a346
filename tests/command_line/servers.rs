use crate::session::Session;

/// What every server needs, and a directory that is never made.
const SERVE: &str = "serve --id 1 --data none --cluster test";

#[test]
fn every_wrong_setting_says_what_is_allowed() {
    let mut session = Session::new("servers");
    let settings = [
        "--id 0",
        "--id 65",
        "--id one",
        "--cluster two/words",
        "--peer-listen 7001",
        "--client-listen 127.0.0.1:99999",
        "--peer 2",
        "--peer 2=127.0.0.1",
        "--peer 2=127.0.0.1:0",
        "--peer 99=127.0.0.1:7002",
        "--peer 2=127.0.0.1:7002,127.0.0.1",
        "--peer 1=127.0.0.1:7002",
        "--peer 2=127.0.0.1:7002 --peer 2=127.0.0.1:7003",
        "--peer 2=a:1 --peer 3=a:2 --peer 4=a:3 --peer 5=a:4 --peer 6=a:5 --peer 7=a:6 --peer 8=a:7",
        "--http-listen 8379",
        "--http-listen off",
        "--log-format xml",
        "--log-level loud",
        "--heartbeat 50",
        "--heartbeat 0ms",
        "--election-min soon",
        "--election-min 50ms",
        "--election-max 150ms",
        "--request-timeout 2d",
        "--request-timeout 25h",
        "--max-log-bytes 0",
        "--max-log-bytes 1K",
        "--max-clients 0",
        "--max-clients 100001",
        "--max-pipeline 4097",
        "--max-key-bytes 2M",
        "--max-output-bytes 1",
        "--output-timeout 10",
        "--segment-bytes 1000",
        "--heartbeet 50ms",
        "--init=yes",
        "--id",
        "-x",
        "more",
    ];
    for setting in settings {
        session.run(&format!("{SERVE} {setting}")).must_fail(64);
    }
    let lines = [
        "serve",
        "serve --id 1",
        "serve --id 1 --data none",
        "status a b",
        "status nowhere",
        "status 0",
        "status --fast",
        "log",
        "log a b",
        "log --fast",
        "cluster --servers 0",
        "cluster --servers 8",
        "cluster --servers many",
        "cluster --data",
        "cluster --fast",
        "cluster three",
    ];
    for line in lines {
        session.run(line).must_fail(64);
    }
    assert!(!session.directory.join("none").exists());
    session.end();
}

#[test]
fn every_wrong_line_of_a_file_is_named() {
    let mut session = Session::new("servers_file");
    let files = [
        ("key", "id = 1\nheartbeet = \"50ms\"\n"),
        ("value", "id = 1\n\nheartbeat = \"50\"\n"),
        ("type", "data = true\n"),
        ("list", "peer = \"2=127.0.0.1:7002\"\n"),
        ("item", "peer = [\n  \"2=127.0.0.1:7002\",\n  \"3\",\n]\n"),
        ("twice", "id = 1\nid = 2\n"),
        ("syntax", "id = 1\ncluster = orders\n"),
        ("table", "[server]\nid = 1\n"),
        ("init", "init = true\n"),
    ];
    for (name, text) in files {
        session.write(&format!("{name}.toml"), text);
        session.run(&format!("serve --config {name}.toml")).must_fail(65);
    }
    session.write("bytes.toml", b"id = \xff\n");
    session.run("serve --config bytes.toml").must_fail(65);
    session.run("serve --config none.toml").must_fail(66);
    session.run("serve --config .").must_fail(66);
    // A file says a part, and flags the rest; what is then wrong is neither's alone.
    session.write("good.toml", "id = 1\ncluster = \"test\"\npeer = [\"2=127.0.0.1:7002\"]\n");
    session.run("serve --config good.toml").must_fail(64);
    session.run("serve --config good.toml --data none --id 2").must_fail(64);
    session.run("serve --config good.toml --data none --heartbeat 1s").must_fail(64);
    session.end();
}

#[test]
fn what_is_not_wise_is_said() {
    let mut session = Session::new("servers_warnings");
    // Nobody can listen there, so the server ends before it has done anything.
    let line = "--peer 2=127.0.0.1:7002 --peer-listen 192.0.2.1:7001";
    let run = session.run(&format!("{SERVE} {line}"));
    assert_eq!(run.code, Some(69));
    let warning = "quorate: warning: 2 servers: a majority is 2, so 0 may fail, as with 1 alone; an odd \
                   number is better";
    assert_eq!(run.stderr.lines().next(), Some(warning));
}
