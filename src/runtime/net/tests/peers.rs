//! Meshes over loopback: what arrives, what is refused, and what happens when a server dies.

mod common;

use common::*;
use quorate_core::{Index, LogPosition, Message};
use quorate_net::frame::{self, FrameError};
use quorate_net::handshake::{Hello, Identity, introduce};
use quorate_net::peers::{Config, Mesh, StartError};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

#[test]
fn what_is_sent_arrives_in_order() {
    for count in [2, 3] {
        let servers = start_all(count);
        for term in 1..=1000 {
            for (from, to) in (1..=count).flat_map(|from| (1..=count).map(move |to| (from, to))) {
                let is_taken = servers[usize::from(from) - 1].send(vote(from, to, term));
                assert_eq!(is_taken, from != to, "{from} to {to}");
            }
        }
        for (receiver, to) in servers.iter().zip(1..) {
            for from in (1..=count).filter(|from| *from != to) {
                let expected: Vec<Parcel> = (1..=1000).map(|term| vote(from, to, term)).collect();
                receiver.received.wait_until("all votes", |seen| {
                    seen.iter().filter(|parcel| parcel.from == server(from)).eq(&expected)
                });
            }
        }
        // What has been written may arrive before its sender has counted it.
        servers[0].wait_for_status("counts", |status| status.sent == 1000 && status.writes > 0);
        let status = servers[0].status();
        assert_eq!((status.sent, status.dropped, status.lost), (1000, 0, 0), "{status:?}");
        assert!(status.writes <= 1000, "{status:?}");
    }
}

#[test]
fn a_server_that_comes_back_is_found_again() {
    let mut servers = start_all(2);
    let (second, first) = (servers.pop().expect("two"), servers.pop().expect("two"));
    assert!(first.send(vote(1, 2, 1)));
    second.received.wait_for("the first vote", |parcel| *parcel == vote(1, 2, 1));
    second.wait_for_line("accepted n1");
    first.wait_for_line("accepted n2");

    let address = second.mesh.address();
    let (config, first_address) = (second_config(&first), first.mesh.address().to_string());
    second.mesh.shutdown();
    first.wait_for_line("the connection from n2 ended: closed by the other side");
    first.wait_for_line("lost the connection to n2");
    // Nobody is there: what is sent is lost, and counted.
    first.wait_for_line("cannot connect to n2 at 127.0.0.1");
    assert!(first.send(vote(1, 2, 2)));
    first.wait_for_status("the loss", |status| status.lost >= 1 && !status.is_connected);

    let listener = std::net::TcpListener::bind(address).expect("the port is free again");
    let again = Server::start(config, listener);
    first.wait_for_line("accepted n2, incarnation 0000000000000999");
    first.wait_for_status("the new connection", |status| status.is_connected);
    assert!(first.send(vote(1, 2, 3)));
    again.received.wait_for("the third vote", |parcel| *parcel == vote(1, 2, 3));
    assert_eq!(again.received.all(), [vote(1, 2, 3)]);
    assert_eq!(again.status().address, first_address);
}

/// Server 2 as it starts for the second time.
fn second_config(first: &Server) -> Config {
    let mut config = config(2, &[(1, &first.mesh.address().to_string())]);
    config.me.incarnation = 0x999;
    config
}

#[test]
fn a_wrong_cluster_is_refused_and_both_sides_know_why() {
    let (one, two) = (listen(), listen());
    let mut stranger = config(2, &[(1, &address_of(&one))]);
    stranger.me.cluster = 0xbad;
    let first = Server::start(config(1, &[(2, &address_of(&two))]), one);
    let second = Server::start(stranger, two);
    // Each refuses the other's connection, and is told that its own was refused.
    for (server, theirs, ours) in [(&first, "0bad", "00c1"), (&second, "00c1", "0bad")] {
        let here = server.wait_for_line("did not admit");
        assert!(
            here.contains(&format!("{theirs} there")) && here.contains(&format!("{ours} here"))
        );
        let there = server.wait_for_line("cannot connect");
        assert!(
            there.contains(&format!("{ours} there")) && there.contains(&format!("{theirs} here"))
        );
        assert!(there.contains("refused by the other side"), "{there}");
        assert!(!server.status().is_connected);
    }
}

#[test]
fn an_address_of_oneself_is_noticed() {
    let listener = listen();
    let own = address_of(&listener);
    let first = Server::start(config(1, &[(2, &own)]), listener);
    let line = first.wait_for_line("cannot connect to n2");
    assert!(line.contains("n1 is also the id of the server it talks to"), "{line}");
}

/// A connection to a server, as if from server `me`, open for parcels.
fn connect_as(me: Identity, to: &Server, number: u8) -> TcpStream {
    let mut stream = TcpStream::connect(to.mesh.address()).expect("it listens");
    introduce(&mut stream, &me, server(number)).expect("they fit");
    stream
}

/// A frame around a payload.
fn framed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let fill = |out: &mut Vec<u8>| {
        out.extend_from_slice(payload);
        Ok::<(), FrameError>(())
    };
    frame::append(&mut bytes, usize::MAX, fill).expect("no limit");
    bytes
}

/// A frame around a parcel.
fn framed_parcel(parcel: &Parcel) -> Vec<u8> {
    let mut payload = vec![3];
    payload.extend(postcard::to_allocvec(parcel).expect("it can be encoded"));
    framed(&payload)
}

/// Everything that the other side says until it closes.
fn read_to_end(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it is closed");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn what_no_server_sends_is_refused_and_both_sides_know_why() {
    // Nobody listens at the peer's own address, so that the connections of this test are the only ones.
    let first = Server::start(config(1, &[(2, "127.0.0.1:1")]), listen());
    let over = u32::try_from(8 * 1024 * 1024 + 1).expect("it fits").to_le_bytes();
    let mut damaged = framed_parcel(&vote(2, 1, 1));
    *damaged.last_mut().expect("not empty") ^= 1;
    let cases = [
        ([&over[..], &[0; 4]].concat(), "8388609 bytes is over the limit of 8388608 bytes"),
        (damaged, "checksum"),
        (framed(b""), "unknown kind None"),
        (framed(b"\x63"), "unknown kind Some(99)"),
        (framed(b"\x03\xff\xff\xff"), "cannot be decoded"),
        (framed_parcel(&vote(3, 1, 1)), "from n3 to n1 on the connection from n2 to n1"),
        (framed_parcel(&vote(2, 3, 1)), "from n2 to n3 on the connection from n2 to n1"),
        (framed(b"\x02bye"), "the other side refused: bye"),
    ];
    for (number, (bytes, text)) in cases.into_iter().enumerate() {
        let mut stream = connect_as(identity(2), &first, 1);
        stream.write_all(&framed_parcel(&vote(2, 1, 1000))).expect("it is open");
        stream.write_all(&bytes).expect("it is open");
        let there = read_to_end(stream);
        assert!(there.contains(text), "{there}");
        first.wait_for_line(text);
        // What came before is believed; what is wrong is not.
        first.received.wait_until("good parcels", |seen| seen.len() == number + 1);
        assert!(first.received.all().iter().all(|parcel| *parcel == vote(2, 1, 1000)));
    }
}

#[test]
fn whoever_is_no_server_is_told_so() {
    let first = Server::start(config(1, &[]), listen());
    let mut stream = TcpStream::connect(first.mesh.address()).expect("it listens");
    stream.write_all(b"*1\r\n$4\r\nPING\r\n").expect("it is open");
    assert!(read_to_end(stream).contains("clients use the client port"));
    let line = first.wait_for_line("did not admit a connection from 127.0.0.1:");
    assert!(line.contains("this port is for the servers of a cluster"), "{line}");
    let stranger = TcpStream::connect(first.mesh.address()).expect("it listens");
    let error = introduce(&mut &stranger, &identity(2), server(1)).expect_err("no peer");
    assert!(error.to_string().contains("n2 is not among the servers"), "{error}");
}

#[test]
fn a_second_process_with_one_id_is_found_out() {
    let first = Server::start(config(1, &[(2, "127.0.0.1:1")]), listen());
    let (old, new) = (identity(2), Identity { incarnation: 0x777, ..identity(2) });
    let replaced = connect_as(old, &first, 1);
    first.wait_for_line("accepted n2, incarnation 0000000000000200");
    let mut stream = connect_as(new, &first, 1);
    // The newest connection counts, and the same start may come again.
    assert_eq!(read_to_end(replaced), "");
    first.wait_for_line("a newer connection replaced it");
    stream = {
        drop(stream);
        connect_as(new, &first, 1)
    };
    let mut late = TcpStream::connect(first.mesh.address()).expect("it listens");
    let error = introduce(&mut late, &old, server(1)).expect_err("it is replaced").to_string();
    assert!(error.contains("two processes run as n2"), "{error}");
    first.wait_for_line("did not admit");
    stream.write_all(&framed_parcel(&vote(2, 1, 9))).expect("it is open");
    first.received.wait_for("a vote of the new one", |parcel| *parcel == vote(2, 1, 9));
}

#[test]
fn a_parcel_that_does_not_fit_is_sent_in_parts() {
    let (one, two) = (listen(), listen());
    let small = |mut config: Config| {
        config.max_frame = 4096;
        config
    };
    let first = Server::start(small(config(1, &[(2, &address_of(&two))])), one);
    let second = Server::start(small(config(2, &[(1, "127.0.0.1:1")])), two);
    let commands: Vec<Vec<u8>> = (0..20_u8).map(|byte| vec![byte; 1000]).collect();
    assert!(first.send(append(1, 2, &commands)));
    // One entry alone is too much: it is dropped, and said.
    assert!(first.send(append(1, 2, &[vec![0; 5000]])));
    assert!(first.send(vote(1, 2, 4)));
    second.received.wait_for("the end", |parcel| *parcel == vote(1, 2, 4));
    first.wait_for_line("dropped a message for n2: a frame of");

    let (mut next, mut taken) =
        (LogPosition { index: Index(7), term: quorate_core::Term(2) }, vec![]);
    let parts = second.received.all();
    assert!(parts.len() > 5);
    for part in &parts[..parts.len() - 1] {
        assert!(part.is_well_formed());
        let Message::AppendEntries { previous, entries, commit_index, .. } = &part.message else {
            panic!("not a part: {part:?}");
        };
        assert_eq!(*previous, next);
        let last = previous.index.plus(u64::try_from(entries.len()).expect("few"));
        assert_eq!(*commit_index, last, "all of it is committed");
        next = LogPosition { index: last, term: quorate_core::Term(3) };
        taken.extend(entries.iter().cloned());
    }
    let Message::AppendEntries { entries, .. } = append(1, 2, &commands).message else { return };
    assert_eq!(taken, entries);
}

#[test]
fn a_peer_that_does_not_read_costs_only_its_mailbox() {
    let (one, three) = (listen(), listen());
    // It accepts connections, answers the handshake, and then reads nothing.
    let deaf = listen();
    let mut config = config(1, &[(2, &address_of(&deaf)), (3, &address_of(&three))]);
    (config.mailbox, config.timings.stalled) = (10, Duration::from_millis(300));
    let first = Server::start(config, one);
    let third = Server::start(common::config(3, &[(1, "127.0.0.1:1")]), three);
    let (mut stream, _) = deaf.accept().expect("server 1 dials");
    let mut hello = [0; 40];
    stream.read_exact(&mut hello).expect("a hello");
    let answer = Hello { from: identity(2), to: server(1) }.encode();
    stream.write_all(&framed(&[&[1], &answer[..]].concat())).expect("it is open");
    first.wait_for_line("connected to n2");

    let large = append(1, 2, &[vec![0; 1_000_000]]);
    let begun = Instant::now();
    for _ in 0..100 {
        first.send(large.clone());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "sending waited for a peer");
    first.wait_for_status("drops", |status| status.dropped > 0);
    assert!(first.send(vote(1, 3, 1)));
    third.received.wait_for("a vote", |parcel| *parcel == vote(1, 3, 1));
    first.wait_for_line("lost the connection to n2: it took nothing for 300ms");
    first.wait_for_status("what was on its way is lost", |status| status.lost > 0);
}

#[test]
fn a_silent_peer_is_given_up_and_an_idle_one_is_not() {
    let (one, two) = (listen(), listen());
    let hasty = |mut config: Config| {
        config.timings.keepalive = Duration::from_millis(20);
        config.timings.silence = Duration::from_millis(400);
        config
    };
    let first = Server::start(hasty(config(1, &[(2, &address_of(&two)), (3, "127.0.0.1:1")])), one);
    let second = Server::start(hasty(config(2, &[(1, &first.mesh.address().to_string())])), two);
    first.wait_for_line("accepted n2");
    let silent = connect_as(identity(3), &first, 1);
    assert_eq!(read_to_end(silent), "");
    first.wait_for_line("the connection from n3 ended: silent for 400ms");
    // By now the idle one has been silent for as long, but for its keepalives.
    let has_ended = |event: &quorate_net::peers::Event| event.to_string().contains("from n2 ended");
    assert!(!first.events.all().iter().any(has_ended));
    drop(second);
}

#[test]
fn a_hello_that_does_not_come_is_not_waited_for() {
    let mut config = config(1, &[]);
    config.timings.handshake = Duration::from_millis(100);
    let first = Server::start(config, listen());
    let mut slow = TcpStream::connect(first.mesh.address()).expect("it listens");
    slow.write_all(b"quo").expect("it is open");
    read_to_end(slow);
    let line = first.wait_for_line("did not admit");
    assert!(line.contains("no handshake in time"), "{line}");
}

#[test]
fn nothing_is_left_after_shutdown() {
    let (one, two) = (listen(), listen());
    let (token, address) = (Arc::new(()), one.local_addr().expect("it is bound"));
    let weak: Weak<()> = Arc::downgrade(&token);
    // One peer that is there, one that is not, and a stranger that never says who it is.
    let config = config(1, &[(2, &address_of(&two)), (3, "127.0.0.1:1")]);
    let events = Seen::new();
    let observer = Arc::clone(&events);
    let inbox = move |_: &mut Vec<Parcel>| drop(Arc::clone(&token));
    let mesh = Mesh::start(config, one, inbox, move |event| observer.push(event)).expect("good");
    let second = Server::start(common::config(2, &[(1, &address.to_string())]), two);
    let stranger = TcpStream::connect(address).expect("it listens");
    events.wait_for("a connection", |event| event.to_string().contains("connected to n2"));
    events.wait_for("a connection", |event| event.to_string().contains("accepted n2"));
    let begun = Instant::now();
    mesh.shutdown();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Each thread held what the callbacks hold.
    assert!(weak.upgrade().is_none());
    std::net::TcpListener::bind(address).expect("the port is free again");
    drop((second, stranger));
}

#[test]
fn what_contradicts_itself_is_refused_before_anything_starts() {
    let with = |change: fn(&mut Config)| {
        let mut config = config(1, &[(2, "127.0.0.1:7000")]);
        change(&mut config);
        match Mesh::<Parcel>::start(config, listen(), |_| {}, |_| {}) {
            Err(StartError::Config(why)) => why,
            Err(StartError::System(error)) => panic!("{error}"),
            Ok(_) => panic!("it started"),
        }
    };
    type Case = (fn(&mut Config), &'static str);
    let cases: [Case; 6] = [
        (|config| config.peers.push((server(1), "h:1".into())), "server id n1 is given twice"),
        (|config| config.peers.push((server(2), "h:1".into())), "server id n2 is given twice"),
        (|config| config.peers[0].1 = "example.org".into(), "\"example.org\" of n2 has no port"),
        (|config| config.peers[0].1 = "h:0".into(), "has no port"),
        (|config| config.mailbox = 0, "at least 1 parcel"),
        (|config| config.timings.silence = config.timings.keepalive, "not more than keepalive"),
    ];
    for (change, text) in cases {
        let why = with(change);
        assert!(why.contains(text), "{why}");
    }
}
