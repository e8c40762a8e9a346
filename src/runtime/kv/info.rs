//! What INFO and ROLE tell of a server.
//!
//! Libraries and tools find out by these who leads and who follows, and they look for the names and the
//! shape that Redis has: a leader is its `master`, a follower its `slave`, and how much of the log a server
//! holds is its `offset`, here an index. What has no counterpart in Redis stands in a section of its own.

use crate::local::MANNERS;
use crate::parse::{Problem, is};
use crate::session::{Host, Session, Step};
use quorate_net::resp::{Request, Value};

/// How a server is, for INFO, ROLE and HELLO.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Info {
    /// Its number.
    pub server: u8,
    /// What it is in its term, in a word.
    pub role: String,
    /// Whether it leads.
    pub is_leader: bool,
    /// Its term.
    pub term: u64,
    /// The number of the leader, and where its clients reach it: host and port.
    pub leader: Option<(u8, String, u16)>,
    /// The followers that are connected; empty unless it leads.
    pub followers: Vec<Follower>,
    /// The last index of its log.
    pub last_index: u64,
    /// How much of the log is durable here.
    pub durable_index: u64,
    /// How much of the log is committed.
    pub commit_index: u64,
    /// How much of it is applied.
    pub last_applied: u64,
    /// How many bytes the durable log takes up.
    pub log_bytes: u64,
    /// The port for clients.
    pub port: u16,
    /// How long it has been running, in seconds.
    pub uptime: u64,
    /// The connections of clients.
    pub clients: Connections,
    /// How many keys have a value, as far as the log is applied here.
    pub keys: u64,
}

/// A follower as its leader knows it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Follower {
    /// Where its clients reach it; empty if that is not known.
    pub host: String,
    /// The port there; 0 if that is not known.
    pub port: u16,
    /// How much of the log it has acknowledged: the highest index known to be durable there.
    pub acknowledged: u64,
}

/// The connections of clients, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Connections {
    /// How many there are.
    pub now: usize,
    /// How many there may be.
    pub limit: usize,
    /// How many were let in since the start.
    pub accepted: u64,
    /// How many were not, because there were too many.
    pub refused: u64,
}

/// `ROLE`, as Redis answers it: a leader lists the followers that are connected, with the index that each
/// has acknowledged; a follower says whom it follows.
pub(crate) fn role(_: &mut Session, _: &Request<'_>, host: &dyn Host) -> Result<Step, Problem> {
    let Info { is_leader, leader, followers, commit_index, last_applied, .. } = host.info();
    let number = |value: u64| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
    if is_leader {
        let follower = |Follower { host, port, acknowledged }: Follower| {
            let texts = [host, port.to_string(), acknowledged.to_string()];
            Value::Array(texts.map(Value::bulk).to_vec())
        };
        let followers = followers.into_iter().map(follower).collect();
        return Ok(Step::Answer(Value::Array(vec![
            Value::bulk("master"),
            number(commit_index),
            Value::Array(followers),
        ])));
    }
    let state = if leader.is_some() { "connected" } else { "connect" };
    let (host, port) = leader.map_or_else(Default::default, |(_, host, port)| (host, port));
    Ok(Step::Answer(Value::Array(vec![
        Value::bulk("slave"),
        Value::bulk(host),
        Value::Integer(i64::from(port)),
        Value::bulk(state),
        number(last_applied),
    ])))
}

/// `INFO`: the sections asked for, or all of them.
pub(crate) fn info(
    _: &mut Session,
    request: &Request<'_>,
    host: &dyn Host,
) -> Result<Step, Problem> {
    let info = host.info();
    let is_wanted = |section: &str| {
        let every = ["all", "everything", "default"];
        let mut asked = request.iter().skip(1);
        let named = |word: &[u8]| is(word, section) || every.iter().any(|every| is(word, every));
        request.len() == 1 || asked.any(named)
    };
    let sections = [
        ("Server", server(&info)),
        ("Clients", clients(&info)),
        ("Persistence", vec![line("loading", 0), line("aof_enabled", 1)]),
        ("Stats", stats(&info)),
        ("Replication", replication(&info)),
        ("Keyspace", keyspace(&info)),
        ("Quorate", quorate(&info)),
    ];
    let section = |(name, lines): (&str, Vec<Line>)| {
        let lines = lines.into_iter().map(|(key, value)| format!("{key}:{value}\r\n"));
        format!("# {name}\r\n{}", lines.collect::<String>())
    };
    let sections = sections.into_iter().filter(|(name, _)| is_wanted(name)).map(section);
    Ok(Step::Answer(Value::Text(sections.collect::<Vec<_>>().join("\r\n"))))
}

/// A name and what it has.
type Line = (String, String);

fn line(name: impl Into<String>, value: impl ToString) -> Line {
    (name.into(), value.to_string())
}

fn server(info: &Info) -> Vec<Line> {
    vec![
        line("redis_version", MANNERS),
        line("quorate_version", env!("CARGO_PKG_VERSION")),
        line("redis_mode", "standalone"),
        line("process_id", std::process::id()),
        line("tcp_port", info.port),
        line("uptime_in_seconds", info.uptime),
    ]
}

fn clients(info: &Info) -> Vec<Line> {
    vec![line("connected_clients", info.clients.now), line("maxclients", info.clients.limit)]
}

fn stats(info: &Info) -> Vec<Line> {
    vec![
        line("total_connections_received", info.clients.accepted),
        line("rejected_connections", info.clients.refused),
    ]
}

/// A leader lists its followers and a follower names its leader. There is no `lag`: it would be the time
/// since a follower last acknowledged, which no server keeps.
fn replication(info: &Info) -> Vec<Line> {
    let mut lines = vec![line("role", if info.is_leader { "master" } else { "slave" })];
    if !info.is_leader {
        if let Some((_, host, port)) = &info.leader {
            lines.extend([line("master_host", host), line("master_port", port)]);
        }
        let link = if info.leader.is_some() { "up" } else { "down" };
        lines.push(line("master_link_status", link));
        lines.push(line("slave_repl_offset", info.last_applied));
    }
    lines.push(line("connected_slaves", info.followers.len()));
    for (place, Follower { host, port, acknowledged }) in info.followers.iter().enumerate() {
        let value = format!("ip={host},port={port},state=online,offset={acknowledged}");
        lines.push(line(format!("slave{place}"), value));
    }
    lines.push(line("master_repl_offset", info.commit_index));
    lines
}

/// Redis does not mention a database without keys.
fn keyspace(info: &Info) -> Vec<Line> {
    if info.keys == 0 {
        return Vec::new();
    }
    vec![line("db0", format_args!("keys={},expires=0,avg_ttl=0", info.keys))]
}

/// No name here is also in another section: libraries make one table of all.
fn quorate(info: &Info) -> Vec<Line> {
    let leader = info.leader.as_ref().map_or("none".to_string(), |(id, ..)| format!("n{id}"));
    vec![
        line("server", format_args!("n{}", info.server)),
        line("quorate_role", &info.role),
        line("term", info.term),
        line("leader", leader),
        line("last_index", info.last_index),
        line("durable_index", info.durable_index),
        line("commit_index", info.commit_index),
        line("last_applied", info.last_applied),
        line("log_bytes", info.log_bytes),
    ]
}
