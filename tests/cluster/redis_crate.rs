//! The crate `redis`, as a program in Rust uses it.

use crate::processes::{Cluster, PATIENCE, signal, wait_until};
use redis::{
    Commands, Connection, ErrorKind, ExistenceCheck, RedisError, RedisResult, Role,
    ServerErrorKind, SetExpiry, SetOptions, cmd, pipe,
};

/// A connection in this version of the protocol.
fn connect(port: u16, version: u8) -> RedisResult<Connection> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/0?protocol=resp{version}"))?;
    let connection = client.get_connection_with_timeout(PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// The ports for clients, that of the leader first.
fn ports(cluster: &Cluster) -> Vec<u16> {
    let leader = cluster.leader();
    (0..3).map(|place| cluster.ports[(leader + place) % 3].1).collect()
}

/// The text of the error that a server answered.
fn refused<T: std::fmt::Debug>(result: RedisResult<T>) -> String {
    let error = result.expect_err("it is refused");
    assert!(!error.is_io_error(), "the connection is broken: {error}");
    format!("{} {}", error.code().unwrap_or_default(), error.detail().unwrap_or_default())
}

fn every_command(connection: &mut Connection, prefix: &str) -> RedisResult<()> {
    let key = |name: &str| format!("{prefix}:{name}");
    let (one, none) = (key("one"), key("none"));
    assert_eq!(connection.ping::<String>()?, "PONG");
    assert_eq!(cmd("ECHO").arg("a b").query::<String>(connection)?, "a b");
    connection.set::<_, _, ()>(&one, 1)?;
    assert_eq!(connection.get::<_, Option<i64>>(&one)?, Some(1));
    assert_eq!(connection.get::<_, Option<i64>>(&none)?, None);
    let options = |check| SetOptions::default().conditional_set(check);
    let mut set =
        |value, options| connection.set_options::<_, _, Option<String>>(&one, value, options);
    assert_eq!(set(2, options(ExistenceCheck::NX))?, None);
    assert_eq!(set(2, options(ExistenceCheck::XX))?.as_deref(), Some("OK"));
    assert_eq!(set(3, SetOptions::default().get(true))?.as_deref(), Some("2"));
    let if_equal = |value| redis::ValueComparison::ifeq(value);
    assert_eq!(set(9, SetOptions::default().value_comparison(if_equal("8")))?, None);
    let done = set(4, SetOptions::default().value_comparison(if_equal("3")))?;
    assert_eq!(done.as_deref(), Some("OK"));
    assert!(!connection.set_nx::<_, _, bool>(&one, 5)?);
    assert_eq!(connection.getset::<_, _, i64>(&one, 6)?, 4);
    connection.mset::<_, _, ()>(&[(key("a"), 1), (key("b"), 2)])?;
    let found: Vec<Option<i64>> = connection.mget(&[key("a"), none.clone(), key("b")])?;
    assert_eq!(found, [Some(1), None, Some(2)]);
    assert_eq!(connection.exists::<_, i64>(&[&one, &one, &none])?, 2);
    assert_eq!(connection.incr::<_, _, i64>(&one, 10)?, 16);
    assert_eq!(connection.decr::<_, _, i64>(&one, 4)?, 12);
    assert_eq!(connection.append::<_, _, i64>(&one, "34")?, 4);
    assert_eq!(connection.strlen::<_, i64>(&one)?, 4);
    assert_eq!(connection.del::<_, i64>(&[&one, &none])?, 1);
    assert!(cmd("DBSIZE").query::<i64>(connection)? >= 2);
    let every_byte: Vec<u8> = (0..=255).chain(*b"\r\n$-1\r\n").collect();
    for value in ["Grüße, 世界 🦀".as_bytes(), &every_byte, b"", &[b'v'; 100_000]] {
        let key = key("Schlüssel 🔑");
        connection.set::<_, _, ()>(&key, value)?;
        assert_eq!(connection.get::<_, Vec<u8>>(&key)?, value);
    }
    cmd("READONLY").exec(connection)?;
    connection.get::<_, Option<i64>>(&none)?;
    cmd("READWRITE").exec(connection)
}

fn refusals(connection: &mut Connection, prefix: &str) -> RedisResult<()> {
    let (text, counted) = (format!("{prefix}:text"), format!("{prefix}:counted"));
    connection.set::<_, _, ()>(&text, "abc")?;
    let expected = "ERR value is not an integer or out of range";
    assert_eq!(refused(connection.incr::<_, _, i64>(&text, 1)), expected);
    let expected = "ERR unknown command 'NOSUCH', with args beginning with: 'a' ";
    assert_eq!(refused(cmd("NOSUCH").arg("a").exec(connection)).trim_end(), expected.trim_end());
    let expiring = SetOptions::default().with_expiration(SetExpiry::EX(10));
    let error = refused(connection.set_options::<_, _, ()>(&text, "x", expiring));
    assert!(error.ends_with("keys do not expire here"), "{error}");
    // A transaction goes out at once. Nothing of it may have an effect.
    let transaction = pipe().atomic().set(&text, "changed").incr(&counted, 1).to_owned();
    let error = transaction.query::<(String, i64)>(connection).expect_err("it is refused");
    assert!(error.to_string().contains("transactions are not supported"), "{error}");
    assert_eq!(connection.get::<_, String>(&text)?, "abc");
    assert_eq!(connection.get::<_, Option<i64>>(&counted)?, None);
    let watched = redis::transaction(connection, &[&text], |connection, pipe| {
        pipe.set(&text, "changed").query::<Option<()>>(connection)
    });
    assert!(refused(watched).contains("nor is WATCH"));
    Ok(())
}

fn pipelines(connection: &mut Connection, prefix: &str) -> RedisResult<()> {
    let key = format!("{prefix}:pipelined");
    let mut many = pipe();
    for number in 0..3000 {
        many.set(&key, number).ignore().get(&key);
    }
    let found: Vec<i64> = many.query(connection)?;
    assert!(found.into_iter().eq(0..3000));
    // An error of one command is its own.
    let mut three = pipe();
    three.set(&key, "x").incr(&key, 1).get(&key).ignore_errors();
    let replies: Vec<RedisResult<String>> = three.query(connection)?;
    assert_eq!(replies.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    Ok(())
}

#[test]
fn any_server_serves_the_crate_in_both_versions_of_the_protocol() {
    let cluster = Cluster::start("redis_crate", 3);
    for version in [2, 3] {
        for (place, port) in ports(&cluster).into_iter().enumerate() {
            let prefix = format!("{version}:{place}");
            let mut connection = connect(port, version).expect("it takes connections");
            every_command(&mut connection, &prefix).expect("answered");
            refusals(&mut connection, &prefix).expect("answered");
            pipelines(&mut connection, &prefix).expect("answered");
            match cmd("ROLE").query::<Role>(&mut connection).expect("answered") {
                Role::Primary { replicas, .. } => assert_eq!((place, replicas.len()), (0, 2)),
                Role::Replica { replication_state, .. } => {
                    assert_eq!((place > 0, replication_state.as_str()), (true, "connected"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn is_try_again(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::TryAgain)
}

fn is_in_doubt(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Extension && error.code() == Some("INDOUBT")
}

/// Neither is repeated by the crate itself: what is counted is at most what was told to be in doubt.
#[test]
fn the_crate_hands_on_what_is_in_doubt_and_what_had_no_effect() {
    let cluster = Cluster::start("redis_crate_doubt", 3);
    let leader = cluster.leader();
    let mut connection = connect(cluster.ports[leader].1, 3).expect("it takes connections");
    let others = || (0..3).filter(|place| *place != leader);
    others().for_each(|place| signal("STOP", cluster.pid(place)));
    let mut asked = || connection.incr::<_, _, i64>("counted", 1).expect_err("no majority");
    let errors: Vec<RedisError> = (0..4).map(|_| asked()).collect();
    others().for_each(|place| signal("CONT", cluster.pid(place)));
    // The first was begun. When the last came, the server had noticed that nobody follows it.
    assert!(is_in_doubt(&errors[0]) && is_try_again(&errors[3]), "{errors:?}");
    assert!(errors.iter().all(|error| is_in_doubt(error) || is_try_again(error)), "{errors:?}");
    let in_doubt = errors.iter().filter(|error| is_in_doubt(error)).count();
    let mut counted = None;
    wait_until("a leader answers", || {
        counted = connection.get::<_, Option<usize>>("counted").ok();
        counted.is_some()
    });
    let counted = counted.flatten().unwrap_or(0);
    assert!(counted <= in_doubt, "{counted} of {in_doubt} in doubt");
}

#[test]
fn connections_end_with_a_killed_leader_and_no_other_does() {
    let mut cluster = Cluster::start("redis_crate_kill", 3);
    let (leader, term) = cluster.leader_after(0);
    let port = cluster.ports[leader].1;
    let follower = cluster.ports[(leader + 1) % 3].1;
    let mut here = connect(port, 3).expect("it takes connections");
    let mut there = connect(follower, 3).expect("it takes connections");
    here.set::<_, _, ()>("kept", "here").expect("done");
    there.set::<_, _, ()>("other", "there").expect("done");
    cluster.kill(leader);
    let error = here.get::<_, String>("kept").expect_err("nobody is there");
    assert!(error.is_connection_dropped(), "{error:?}");
    let error = connect(port, 3).err().expect("nobody is there");
    assert!(error.is_connection_refusal(), "{error:?}");
    // The connection to another server holds, and is served again when there is a leader.
    wait_until("the next leader takes writes", || match there.set::<_, _, ()>("after", "1") {
        Ok(()) => true,
        Err(error) => {
            assert!(is_in_doubt(&error) || is_try_again(&error), "{error:?}");
            false
        }
    });
    assert!(cluster.leader_after(0).1 > term);
    cluster.start_server(leader, &[]);
    wait_until("it takes connections", || connect(port, 3).is_ok());
    let mut here = connect(port, 3).expect("it takes connections");
    for (key, value) in [("kept", "here"), ("other", "there"), ("after", "1")] {
        wait_until("it is answered", || match here.get::<_, String>(key) {
            Ok(found) => found == value,
            Err(error) => {
                assert!(is_try_again(&error), "{error:?}");
                false
            }
        });
    }
}
