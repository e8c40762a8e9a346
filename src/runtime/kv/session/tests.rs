use super::*;
use crate::{Bytes, Condition};
use quorate_net::resp::{self, Requests};

/// Properties are tried on the same cases every time.
pub(crate) fn fixed() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases: 1000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x9e37_79b9_7f4a_7c15),
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}

struct Follower;

impl Host for Follower {
    fn info(&self) -> Info {
        let leader = Some((2, "10.0.0.2".to_string(), 7002));
        Info { server: 1, role: "follower".into(), term: 3, leader, ..Info::default() }
    }

    fn clients_but(&self, _: u64) -> Vec<String> {
        vec!["id=1 the other".into()]
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("save", String::new()), ("appendonly", "yes".into())]
    }
}

struct Leader;

impl Host for Leader {
    fn info(&self) -> Info {
        let follower = crate::Follower { host: "10.0.0.2".into(), port: 7002, acknowledged: 9 };
        let followers = vec![follower];
        Info { server: 1, is_leader: true, commit_index: 10, followers, keys: 3, ..Info::default() }
    }

    fn clients_but(&self, _: u64) -> Vec<String> {
        Vec::new()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

fn session() -> Session {
    Session::new(7, "127.0.0.1:5000".into(), Limits { key: 20, value: 30, command: 200 })
}

fn take_bytes(session: &mut Session, words: &[&[u8]], host: &dyn Host) -> Step {
    let mut bytes = Vec::new();
    resp::write_array(&mut bytes, words.len());
    words.iter().for_each(|word| resp::write_bulk(&mut bytes, word));
    let mut requests = Requests::new(resp::Limits::default());
    requests.feed(&bytes);
    let request = requests.next_request().expect("it is a command").expect("it is whole");
    session.take(&request, host)
}

fn take(session: &mut Session, words: &[&str]) -> Step {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    take_bytes(session, &words, &Follower)
}

/// What a client on a new connection reads, for a command that the session itself answers.
fn answer(words: &[&str]) -> String {
    match take(&mut session(), words) {
        Step::Answer(value) | Step::Quit(value) => written(&value),
        other => panic!("{words:?}: {other:?}"),
    }
}

fn written(value: &Value) -> String {
    let mut out = Vec::new();
    value.write(Protocol::Resp2, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn commands_are_read_into_what_the_store_is_asked() {
    let key = || Bytes::from("k");
    let set = |condition, get| Command::Set { key: key(), value: "v".into(), condition, get };
    let add = |amount| Command::Add { key: key(), amount };
    let cases = [
        ("SET k v", set(Condition::Always, false)),
        ("set k v nx", set(Condition::IfAbsent, false)),
        ("set k v NX nx GET get", set(Condition::IfAbsent, true)),
        ("set k v GET XX", set(Condition::IfPresent, true)),
        ("set k v IFEQ nx", set(Condition::IfEqual("nx".into()), false)),
        ("getset k v", set(Condition::Always, true)),
        ("setnx k v", Command::SetIfAbsent { key: key(), value: "v".into() }),
        ("mset k v j w", Command::SetMany(vec![(key(), "v".into()), ("j".into(), "w".into())])),
        ("del k j", Command::Delete(vec![key(), "j".into()])),
        ("incr k", add(1)),
        ("decr k", add(-1)),
        ("incrby k -5", add(-5)),
        ("decrby k -5", add(5)),
        ("incrby k -9223372036854775808", add(i64::MIN)),
        ("append k v", Command::Append { key: key(), value: "v".into(), max_length: 30 }),
    ];
    for (line, command) in cases {
        assert_eq!(take(&mut session(), &words(line)), Step::Write(command), "{line}");
    }
    let cases = [
        ("GET k", Query::Get(key())),
        ("mget k k", Query::GetMany(vec![key(), key()])),
        ("exists k", Query::Exists(vec![key()])),
        ("strlen k", Query::Length(key())),
        ("dbsize", Query::Size),
    ];
    for (line, query) in cases {
        assert_eq!(take(&mut session(), &words(line)), Step::Read(query), "{line}");
    }
    let binary: &[u8] = &[0, 255, b'\r', b'\n'];
    let step = take_bytes(&mut session(), &[b"set", binary, binary], &Follower);
    let Step::Write(Command::Set { key, value, .. }) = step else { panic!("{step:?}") };
    assert_eq!((&*key, &*value), (binary, binary));
}

/// Compared with what redis-server 7.0.15 answers, but for SET's options and the sizes, which are ours.
#[test]
fn what_is_wrong_is_said_as_redis_says_it() {
    let cases = [
        ("nosuch a b", "ERR unknown command 'nosuch', with args beginning with: 'a' 'b' "),
        ("nosuch", "ERR unknown command 'nosuch', with args beginning with: "),
        ("get", "ERR wrong number of arguments for 'get' command"),
        ("GET a b", "ERR wrong number of arguments for 'get' command"),
        ("mset a 1 b", "ERR wrong number of arguments for 'mset' command"),
        ("ping a b", "ERR wrong number of arguments for 'ping' command"),
        ("set k v xx nx", "ERR syntax error"),
        ("set k v foo", "ERR syntax error"),
        ("set k v ifeq", "ERR syntax error"),
        ("set k v ifeq a nx", "ERR syntax error"),
        ("set k v ifeq a ifeq b", "ERR syntax error"),
        ("set k v ex 10", "ERR SET option EX is not supported: keys do not expire here"),
        ("set k v ifne a", "ERR SET option IFNE is not supported: use NX, XX or IFEQ"),
        ("incrby k x", "ERR value is not an integer or out of range"),
        ("decrby k -9223372036854775808", "ERR decrement would overflow"),
        ("client nosuch", "ERR unknown subcommand 'nosuch'. Try CLIENT HELP."),
        ("client setname", "ERR wrong number of arguments for 'client|setname' command"),
        ("client", "ERR wrong number of arguments for 'client' command"),
        ("command nosuch", "ERR unknown subcommand 'nosuch'. Try COMMAND HELP."),
        ("command list a", "ERR syntax error"),
        ("auth u p", "WRONGPASS invalid username-password pair or user is disabled."),
        ("auth u p q", "ERR syntax error"),
        ("client no-evict maybe", "ERR syntax error"),
        ("config get", "ERR wrong number of arguments for 'config|get' command"),
        ("select 1", "ERR DB index is out of range"),
        ("select x", "ERR value is not an integer or out of range"),
        ("hello 4", "NOPROTO unsupported protocol version"),
        ("hello x", "ERR Protocol version is not an integer or out of range"),
        ("hello 3 foo", "ERR Syntax error in HELLO option 'foo'"),
        ("hello 2 auth u", "ERR Syntax error in HELLO option 'auth'"),
        ("get 123456789012345678901", "ERR a key of 21 bytes is over the limit of 20 bytes"),
        (
            "set k 1234567890123456789012345678901",
            "ERR a value of 31 bytes is over the limit of 30 bytes",
        ),
    ];
    for (line, error) in cases {
        assert_eq!(answer(&words(line)), format!("-{error}\r\n"), "{line}");
    }
    let many = ["mget"; 60];
    assert_eq!(answer(&many), "-ERR a command of 480 bytes is over the limit of 200 bytes\r\n");
    let (x, y) = ("x".repeat(100), "y".repeat(100));
    let expected = format!("args beginning with: '{x}' '{}' \r\n", "y".repeat(25));
    assert!(answer(&["nosuch", &x, &y]).ends_with(&expected));
    let spaced = answer(&["no\r\nsuch", "a\r\nb"]);
    assert_eq!(spaced, "-ERR unknown command 'no  such', with args beginning with: 'a  b' \r\n");
    let names = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
    assert_eq!(answer(&["client", "setname", "a b"]), names);
    assert_eq!(answer(&["hello", "3", "setname", "a b"]), names);
}

#[test]
fn connections_are_told_about_themselves() {
    let mut session = session();
    let mut ask = |line: &str| match take(&mut session, &words(line)) {
        Step::Answer(value) => written(&value),
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(ask("ping"), "+PONG\r\n");
    assert_eq!(ask("ping a"), "$1\r\na\r\n");
    assert_eq!(ask("echo a"), "$1\r\na\r\n");
    assert_eq!(ask("client id"), ":7\r\n");
    assert_eq!(ask("client getname"), "$-1\r\n");
    assert_eq!(ask("client setname bob"), "+OK\r\n");
    assert_eq!(ask("client getname"), "$3\r\nbob\r\n");
    assert_eq!(ask("client setinfo lib-name mine"), "+OK\r\n");
    assert!(
        ask("client info")
            .contains("id=7 addr=127.0.0.1:5000 name=bob flags=N db=0 resp=2 lib-name=mine")
    );
    let list = ask("client list");
    assert!(list.contains("\r\nid=7 addr=") && list.ends_with("\nid=1 the other\n\r\n"), "{list}");
    assert_eq!(ask("config get save"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    assert_eq!(ask("config get a* nosuch"), "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n");
    assert_eq!(ask("select 0"), "+OK\r\n");
    assert_eq!(ask("client no-evict ON"), "+OK\r\n");
    assert_eq!(ask("client no-touch off"), "+OK\r\n");
    assert_eq!(ask("reset"), "+RESET\r\n");
    assert_eq!(ask("client getname"), "$-1\r\n");
    assert!(
        ask("info replication").contains("role:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:7002")
    );
    assert_eq!(ask("info nosuch"), "$0\r\n\r\n");
    let all = ask("info");
    let mut names: Vec<&str> =
        all.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|one, other| one != other), "a name comes twice: {all}");
    assert!(all.contains("term:3\r\nleader:n2\r\n"));
    assert_eq!(
        ask("role"),
        "*5\r\n$5\r\nslave\r\n$8\r\n10.0.0.2\r\n:7002\r\n$9\r\nconnected\r\n:0\r\n"
    );
    let mut of_leader = |words: &[&[u8]]| match take_bytes(&mut session, words, &Leader) {
        Step::Answer(value) => written(&value),
        other => panic!("{other:?}"),
    };
    let expected = "$169\r\n# Replication\r\nrole:master\r\nconnected_slaves:1\r\n\
        slave0:ip=10.0.0.2,port=7002,state=online,offset=9\r\nmaster_repl_offset:10\r\n\r\n\
        # Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n\r\n";
    assert_eq!(of_leader(&[b"info", b"replication", b"KEYSPACE"]), expected);
    let expected =
        "*3\r\n$6\r\nmaster\r\n:10\r\n*1\r\n*3\r\n$8\r\n10.0.0.2\r\n$4\r\n7002\r\n$1\r\n9\r\n";
    assert_eq!(of_leader(&[b"role"]), expected);
    assert_eq!(take(&mut session, &["quit", "now"]), Step::Quit(Value::OK));
}

/// What a client that does not wait for answers sends as a transaction has no effect.
#[test]
fn transactions_are_refused_as_a_whole() {
    let mut session = session();
    let mut ask = |line: &str| match take(&mut session, &words(line)) {
        Step::Answer(value) => written(&value),
        other => panic!("{line} is asked of the store: {other:?}"),
    };
    assert!(ask("watch k").starts_with("-ERR transactions are not supported, nor is WATCH"));
    assert_eq!(ask("exec"), "-ERR EXEC without MULTI\r\n");
    assert_eq!(ask("discard"), "-ERR DISCARD without MULTI\r\n");
    for end in ["exec", "discard", "reset"] {
        assert_eq!(ask("multi"), "+OK\r\n");
        for inside in ["set k v", "get k", "ping", "nosuch", "get"] {
            let refused = ask(inside);
            assert!(refused.starts_with("-ERR transactions are not supported; "), "{refused}");
        }
        assert_eq!(ask("multi"), "-ERR MULTI calls can not be nested\r\n");
        assert!(ask("set k v").starts_with("-ERR transactions"));
        let expected = match end {
            "exec" => "-EXECABORT Transaction discarded because ",
            "discard" => "+OK\r\n",
            _ => "+RESET\r\n",
        };
        assert!(ask(end).starts_with(expected), "{end}");
        assert_eq!(ask("ping"), "+PONG\r\n");
    }
    assert_eq!(ask("multi"), "+OK\r\n");
    assert_eq!(take(&mut session, &["quit"]), Step::Quit(Value::OK));
}

#[test]
fn hello_changes_the_version_or_nothing() {
    let mut session = session();
    take(&mut session, &words("hello 3 setname"));
    take(&mut session, &words("hello 3 setname bob auth a b"));
    assert_eq!((session.protocol(), &*session.name), (Protocol::Resp2, &b""[..]));
    let step = take(&mut session, &words("hello 3 setname bob"));
    assert_eq!((session.protocol(), &*session.name), (Protocol::Resp3, &b"bob"[..]));
    let Step::Answer(Value::Map(pairs)) = step else { panic!("{step:?}") };
    assert!(pairs.contains(&(Value::bulk("proto"), Value::Integer(3))));
    assert!(pairs.contains(&(Value::bulk("role"), Value::bulk("replica"))));
    take(&mut session, &["hello"]);
    assert_eq!(session.protocol(), Protocol::Resp3);
    take(&mut session, &["readonly"]);
    assert!(session.is_readonly());
    take(&mut session, &["readwrite"]);
    assert!(!session.is_readonly());
    take(&mut session, &["readonly"]);
    take(&mut session, &["reset"]);
    assert_eq!((session.protocol(), session.is_readonly()), (Protocol::Resp2, false));
}

#[test]
fn the_table_tells_of_itself() {
    assert_eq!(answer(&words("command count")), format!(":{}\r\n", table::COMMANDS.len()));
    let info = "*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n*0\r\n*0\r\n";
    assert_eq!(answer(&words("command info GET nosuch")), format!("*2\r\n{info}$-1\r\n"));
    assert!(
        answer(&words("command docs get"))
            .starts_with("*2\r\n$3\r\nget\r\n*6\r\n$7\r\nsummary\r\n")
    );
    assert_eq!(answer(&words("command docs nosuch")), "*0\r\n");
    for row in table::COMMANDS {
        assert_eq!(row.name, row.name.to_lowercase());
        let same = table::COMMANDS.iter().filter(|other| other.name == row.name);
        assert_eq!(same.count(), 1, "{}", row.name);
        let arguments = usize::try_from(row.arity.unsigned_abs()).expect("small");
        assert!(row.takes(arguments) && !row.takes(arguments - 1), "{}", row.name);
        assert_eq!(row.takes(arguments + 1), row.arity < 0, "{}", row.name);
    }
}
