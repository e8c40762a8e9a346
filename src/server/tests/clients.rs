//! Clients of three servers on loopback: any of them takes any command, whoever leads.

mod common;

use common::{Cluster, Connection, encode, wait_until};
use quorate_net::resp::Value;
use quorate_server::ClientSettings;
use std::io::Write;
use std::time::{Duration, Instant};

fn text(value: &str) -> Value {
    Value::bulk(value)
}

/// Whether a reply says that the command had no effect.
fn is_try_again(value: &Value) -> bool {
    matches!(value, Value::Error(error) if error.starts_with("TRYAGAIN "))
}

#[test]
fn any_server_takes_any_command() {
    let cluster = Cluster::start(3);
    cluster.leader();
    for place in 0..3 {
        let mut connection = cluster.connect(place);
        let key = format!("key{place}");
        assert_eq!(connection.ask(&format!("SET {key} a")), Value::OK);
        assert_eq!(connection.ask(&format!("GET {key}")), text("a"));
        assert_eq!(connection.ask(&format!("APPEND {key} bc")), Value::Integer(3));
        assert_eq!(connection.ask(&format!("STRLEN {key}")), Value::Integer(3));
        assert_eq!(connection.ask("INCR counter"), Value::Integer(place as i64 + 1));
        let error = Value::Error("ERR value is not an integer or out of range".into());
        assert_eq!(connection.ask(&format!("INCR {key}")), error);
        assert_eq!(connection.ask("PING"), Value::Simple("PONG".into()));
        // Everything is seen from everywhere at once.
        for other in 0..3 {
            assert_eq!(cluster.connect(other).ask(&format!("GET {key}")), text("abc"));
        }
    }
    assert_eq!(cluster.connect(0).ask("DBSIZE"), Value::Integer(4));
}

#[test]
fn what_is_pipelined_is_answered_in_order() {
    let cluster = Cluster::start(3);
    cluster.leader();
    for place in 0..3 {
        let mut connection = cluster.connect(place);
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for number in 0..3000 {
            let key = format!("{place}:{}", number % 7);
            bytes.extend(encode(&format!("SET {key} {number}")));
            expected.push(Value::OK);
            if number % 3 == 0 {
                bytes.extend(encode(&format!("GET {key}")));
                bytes.extend(encode("ECHO x"));
                expected.extend([text(&number.to_string()), text("x")]);
            }
        }
        // The version of the protocol changes for what comes after, and for nothing before.
        bytes.extend([encode("GET none"), encode("HELLO 3"), encode("CLIENT GETNAME")].concat());
        connection.send(&bytes);
        for (number, expected) in expected.iter().enumerate() {
            assert_eq!(connection.receive().as_ref(), Some(expected), "reply {number}");
        }
        assert_eq!(connection.receive(), Some(Value::Null));
        assert!(matches!(connection.receive(), Some(Value::Map(_))));
        assert_eq!(connection.receive(), Some(Value::Null));
    }
}

/// Adds one to the counter, which was `count`, until that is acknowledged. Returns the new count, which lost nothing
/// and counted nothing twice but what was in doubt: what was sent into a connection that was just breaking, or to a
/// leader that a busy machine took for dead.
fn increment(connection: &mut Connection, count: i64) -> i64 {
    let begun = Instant::now();
    let mut in_doubt = 0;
    loop {
        match connection.ask("INCR counter") {
            Value::Integer(new) => {
                let possible = count + 1..=count + 1 + in_doubt;
                assert!(possible.contains(&new), "{new}; expected one of {possible:?}");
                return new;
            }
            Value::Error(error) if error.starts_with("INDOUBT ") => in_doubt += 1,
            value => assert!(is_try_again(&value), "{value:?}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no leader");
    }
}

#[test]
fn the_others_go_on_when_the_leader_stops_and_nothing_acknowledged_is_lost() {
    let mut cluster = Cluster::start(3);
    let mut count = 0;
    for _ in 0..4 {
        let leader = cluster.leader();
        let other = (leader + 1) % 3;
        let mut connection = cluster.connect(other);
        for _ in 0..50 {
            count = increment(&mut connection, count);
        }
        cluster.stop_node(leader);
        count = increment(&mut connection, count);
        cluster.start_node(leader);
    }
    cluster.leader();
    for place in 0..3 {
        let mut connection = cluster.connect(place);
        let begun = Instant::now();
        // A read has no effect: whoever is told to try again, as a link broke or the leader changed, does so.
        let value = loop {
            let value = connection.ask("GET counter");
            if !is_try_again(&value) {
                break value;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "server {place} answers {value:?}");
        };
        assert_eq!(value, text(&count.to_string()));
    }
}

#[test]
fn without_a_majority_every_command_ends_and_says_what_is_known() {
    let mut cluster = Cluster::start(3);
    let leader = cluster.leader();
    assert_eq!(cluster.connect(leader).ask("SET k v"), Value::OK);
    for place in (0..3).filter(|place| *place != leader) {
        cluster.stop_node(place);
    }
    let mut connection = cluster.connect(leader);
    connection.send(&[encode("SET k w"), encode("SET k x"), encode("GET k")].concat());
    let replies: Vec<Value> = (0..3).map(|_| connection.receive().expect("it answers")).collect();
    for write in &replies[..2] {
        let Value::Error(error) = write else { panic!("{write:?}") };
        assert!(error.starts_with("INDOUBT ") || is_try_again(write), "{error}");
    }
    // It was not begun, because what it was to follow had failed.
    assert!(is_try_again(&replies[2]), "{replies:?}");
    assert!(is_try_again(&connection.ask("GET k")));
    // What needs no leader is answered.
    assert_eq!(connection.ask("PING"), Value::Simple("PONG".into()));
    assert_eq!(connection.ask("READONLY"), Value::OK);
    assert_eq!(connection.ask("GET k"), text("v"));
}

#[test]
fn large_commands_and_replies_come_through_or_are_refused() {
    let cluster = Cluster::start(3);
    let leader = cluster.leader();
    let value = "v".repeat(1024 * 1024);
    // Many at once, more than fits into a frame, from every server.
    for place in 0..3 {
        let mut connection = cluster.connect(place);
        let sets = (0..20).flat_map(|number| encode(&format!("SET k{number} {value}")));
        let gets = (0..20).flat_map(|number| encode(&format!("GET k{number}")));
        let (sets, gets): (Vec<u8>, Vec<u8>) = (sets.collect(), gets.collect());
        connection.send(&sets);
        for _ in 0..20 {
            assert_eq!(connection.receive(), Some(Value::OK));
        }
        connection.send(&gets);
        for _ in 0..20 {
            assert_eq!(connection.receive(), Some(text(&value)));
        }
        let Value::Error(error) = connection.ask("MGET k0 k1 k2 k3 k4") else { panic!("it fits") };
        assert_eq!(
            error,
            "ERR a reply of 5242880 bytes is over the limit of 4194304 bytes; ask for fewer keys"
        );
        let error = connection.ask(&format!("SET k {value}v"));
        let expected = "ERR a value of 1048577 bytes is over the limit of 1048576 bytes";
        assert_eq!(error, Value::Error(expected.into()));
    }
    assert_eq!(cluster.leader(), leader, "large commands cost no election");
}

#[test]
fn readonly_connections_read_what_is_here() {
    let cluster = Cluster::start(3);
    let leader = cluster.leader();
    assert_eq!(cluster.connect(leader).ask("SET k v"), Value::OK);
    for place in 0..3 {
        let mut connection = cluster.connect(place);
        assert_eq!(connection.ask("READONLY"), Value::OK);
        wait_until("it is applied here", || connection.ask("GET k") == text("v"));
        assert_eq!(connection.ask("READWRITE"), Value::OK);
        assert_eq!(connection.ask("GET k"), text("v"));
    }
}

#[test]
fn what_is_no_command_ends_the_connection_after_what_was_before() {
    let cluster = Cluster::start(1);
    cluster.leader();
    let mut connection = cluster.connect(0);
    connection.send(&[encode("SET k v"), b"*1\r\n:1\r\n".to_vec(), encode("SET k w")].concat());
    assert_eq!(connection.receive(), Some(Value::OK));
    let error = "ERR Protocol error: expected '$', got ':'";
    assert_eq!(connection.receive(), Some(Value::Error(error.into())));
    assert_eq!(connection.receive(), None);
    // Half a command, and a client that goes.
    let mut connection = cluster.connect(0);
    connection.send(b"*2\r\n$3\r\nDEL\r\n$1\r\n");
    drop(connection);
    let mut connection = cluster.connect(0);
    assert_eq!(connection.ask("GET k"), text("v"));
    assert_eq!(connection.ask("QUIT"), Value::OK);
    assert_eq!(connection.receive(), None);
}

#[test]
fn clients_beyond_the_limit_are_told_so() {
    let settings = ClientSettings { connections: 2, ..ClientSettings::default() };
    let cluster = Cluster::start_with(1, settings);
    cluster.leader();
    let mut both = [cluster.connect(0), cluster.connect(0)];
    for connection in &mut both {
        assert_eq!(connection.ask("PING"), Value::Simple("PONG".into()));
    }
    let Value::Text(list) = ({
        both[0].ask("HELLO 3");
        both[0].ask("CLIENT LIST")
    }) else {
        panic!("no list")
    };
    assert_eq!(list.lines().count(), 2, "{list}");
    let refused = "ERR max number of clients reached";
    assert_eq!(cluster.connect(0).receive(), Some(Value::Error(refused.into())));
    drop(both);
    wait_until("there is room again", || {
        let mut connection = cluster.connect(0);
        let _ = connection.stream.write_all(&encode("PING"));
        connection.receive() == Some(Value::Simple("PONG".into()))
    });
}

#[test]
fn clients_that_never_read_are_given_up_and_others_do_not_notice() {
    let stalled = Duration::from_millis(300);
    let cluster = Cluster::start_with(1, ClientSettings { stalled, ..ClientSettings::default() });
    cluster.leader();
    let mut deaf = cluster.connect(0);
    let value = "v".repeat(500_000);
    assert_eq!(deaf.ask(&format!("SET large {value}")), Value::OK);
    for _ in 0..100 {
        deaf.send(&encode("GET large"));
    }
    let mut connection: Connection = cluster.connect(0);
    assert_eq!(connection.ask("STRLEN large"), Value::Integer(500_000));
    wait_until("it is given up", || connection.ask("INFO clients") == info("1"));
}

fn info(clients: &str) -> Value {
    text(&format!("# Clients\r\nconnected_clients:{clients}\r\nmaxclients:10000\r\n"))
}
