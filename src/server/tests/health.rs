//! Whether a server lives, over HTTP, when its disk fails.

mod common;

use common::{Cluster, encode, wait_until};
use quorate_server::http::Http;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// The code of an answer, and its body.
fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is open");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a whole answer");
    let code = head.split(' ').nth(1).expect("a code");
    (code.to_owned(), body.to_owned())
}

#[test]
fn a_server_whose_disk_fails_is_neither_alive_nor_ready_and_says_why() {
    let cluster = Cluster::start(1);
    cluster.leader();
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let node = cluster.nodes[0].as_ref().expect("it runs");
    let http = Http::start(listener, node.watcher()).expect("it starts");
    for (path, body) in [("/healthz", "n1 runs\n"), ("/readyz", "n1 leads in term 1\n")] {
        assert_eq!(get(http.address(), path), ("200".into(), body.into()));
    }
    cluster.disks[0].fail_after(0);
    let mut connection = cluster.connect(0);
    connection.send(&encode("SET a 1"));
    wait_until("it has stopped", || get(http.address(), "/healthz").0 == "503");
    for path in ["/healthz", "/readyz"] {
        let (code, body) = get(http.address(), path);
        assert_eq!(code, "503");
        assert!(body.starts_with("n1 has stopped: ") && body.contains("storage"), "{body}");
    }
    // What the client is told is no success.
    let reply = connection.receive();
    assert!(matches!(&reply, Some(quorate_net::resp::Value::Error(_))), "{reply:?}");
}
