//! The pages, and the answers where there is none.
//!
//! Whether a server *lives* and whether it is *ready* are two questions. A server without a leader lives, and
//! starting it again would make matters worse; it is not ready, and whoever has a choice asks another one.

use super::metrics;
use crate::report::Report;
use quorate_core::ServerId;
use quorate_net::peers::PeerStatus;
use quorate_runtime::{Ended, FollowerStatus, Histogram};
use serde_json::{Value, json};

/// Code and phrase of an answer.
pub(super) type Code = (u16, &'static str);

const OK: Code = (200, "OK");
const UNAVAILABLE: Code = (503, "Service Unavailable");
const TEXT: &str = "text/plain; charset=utf-8";

/// What `/` shows.
const INDEX: &str = "\
/healthz   200 while the server lives, 503 with the reason when it has stopped
/readyz    200 while it lives and knows a leader, 503 with the reason otherwise
/status    how it is, as JSON
/metrics   its metrics, as OpenMetrics
";

/// An answer.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Page {
    pub(super) status: Code,
    content: &'static str,
    /// A header field that only this answer has.
    more: &'static str,
    pub(super) body: Vec<u8>,
}

impl Page {
    fn new(status: Code, content: &'static str, body: impl Into<Vec<u8>>) -> Page {
        Page { status, content, more: "", body: body.into() }
    }

    /// An answer that says in a line what is wrong.
    pub(super) fn error(status: Code, what: String) -> Page {
        Page::new(status, TEXT, what + "\n")
    }

    /// The answer to what is no request.
    pub(super) fn bad(what: String) -> Page {
        Page::error((400, "Bad Request"), what)
    }

    /// The answer to a method that there is not.
    pub(super) fn not_allowed(method: &str) -> Page {
        let what = format!("method {method:?}; expected GET or HEAD: nothing can be changed here");
        let page = Page::error((405, "Method Not Allowed"), what);
        Page { more: "Allow: GET, HEAD\r\n", ..page }
    }

    /// Everything before the body.
    pub(super) fn head(&self) -> Vec<u8> {
        let Page { status: (code, phrase), content, more, body } = self;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {code} {phrase}\r\nContent-Type: {content}\r\nContent-Length: {length}\r\n\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n{more}\r\n"
        );
        head.into_bytes()
    }
}

/// The page at a path. Looks at the server only if the page shows it.
pub(super) fn page(path: &str, look: impl FnOnce() -> Report) -> Page {
    match path {
        "/" => Page::new(OK, TEXT, INDEX),
        "/healthz" => verdict(alive(&look())),
        "/readyz" => verdict(ready(&look())),
        "/status" => {
            let report = look();
            let text = format!("{:#}\n", status(&report));
            Page::new(OK, "application/json", text)
        }
        "/metrics" => match metrics::text(look()) {
            Ok(text) => Page::new(OK, metrics::CONTENT, text),
            Err(error) => Page::error((500, "Internal Server Error"), format!("metrics: {error}")),
        },
        other => {
            let what = format!("path {other:?}; expected one of\n{INDEX}");
            Page::error((404, "Not Found"), what.trim_end().to_owned())
        }
    }
}

fn verdict(verdict: Result<String, String>) -> Page {
    match verdict {
        Ok(text) => Page::new(OK, TEXT, text + "\n"),
        Err(why) => Page::error(UNAVAILABLE, why),
    }
}

/// Whether the server runs, in words; or why not.
fn alive(report: &Report) -> Result<String, String> {
    let status = &report.status;
    match &status.stopped {
        None => Ok(format!("{} runs", status.id)),
        Some(why) => Err(format!("{} has stopped: {why}", status.id)),
    }
}

/// Whether requests have a chance here, in words; or why not.
fn ready(report: &Report) -> Result<String, String> {
    alive(report)?;
    let status = &report.status;
    let (id, term) = (status.id, status.term);
    match status.leader {
        Some(leader) if leader == id => Ok(format!("{id} leads in term {term}")),
        Some(leader) => Ok(format!("{id} follows {leader} in term {term}")),
        None => Err(format!("{id} is {} in term {term} and knows no leader", status.role)),
    }
}

/// How a server is.
fn status(report: &Report) -> Value {
    let Report { status, queues, limits, peers, clients, uptime } = report;
    let figures = &status.figures;
    let peer = |peer: &PeerStatus| {
        let follower = status.followers.iter().find(|follower| follower.server == peer.peer);
        json!({
            "server": peer.peer.to_string(),
            "address": peer.address,
            "connected": peer.is_connected,
            "waiting": peer.waiting,
            "sent": peer.sent,
            "dropped": peer.dropped,
            "lost": peer.lost,
            "received": peer.received,
            "progress": follower.map(progress),
        })
    };
    json!({
        "server": status.id.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": uptime.as_secs(),
        "role": status.role.to_string(),
        "term": status.term.0,
        "leader": status.leader.map(|leader: ServerId| leader.to_string()),
        "last_index": status.last_index.0,
        "durable_index": status.durable_index.0,
        "commit_index": status.commit_index.0,
        "last_applied": status.last_applied.0,
        "elections": {
            "started": figures.elections_started,
            "won": figures.elections_won,
            "last_step_down": status.stepped_down.map(|why| format!("{why:?}")),
        },
        "peers": peers.iter().map(peer).collect::<Vec<Value>>(),
        "disk": {
            "log_bytes": status.log_bytes,
            "max_log_bytes": limits.max_log_bytes,
            "unfinished_writes": status.unfinished_writes,
            "syncs": figures.disk.sync_latency.count(),
            "mean_sync_seconds": mean(&figures.disk.sync_latency),
        },
        "queues": {
            "requests": queues.requests,
            "max_requests": limits.client_mailbox,
            "messages": queues.messages,
            "max_messages": limits.peer_mailbox,
            "waiting_requests": status.waiting_requests,
            "max_waiting_requests": limits.waiting_requests,
            "requests_refused": figures.requests_refused,
            "messages_lost": status.messages_lost,
            "messages_refused": status.messages_refused,
        },
        "requests": {
            "writes": ended(&figures.requests.writes),
            "reads": ended(&figures.requests.reads),
            "mean_commit_seconds": mean(&figures.requests.write_latency),
            "mean_read_seconds": mean(&figures.requests.read_latency),
        },
        "clients": {
            "connected": clients.connected,
            "limit": clients.limit,
            "accepted": clients.accepted,
            "refused": clients.refused,
            "given_up": clients.given_up,
            "forwarded": clients.forwarded,
            "taken_over": clients.taken_over,
        },
        "stopped": status.stopped.as_deref(),
    })
}

fn progress(follower: &FollowerStatus) -> Value {
    json!({
        "next_index": follower.next_index.0,
        "match_index": follower.match_index.0,
        "in_flight": follower.in_flight,
        "probing": follower.is_probing,
    })
}

fn ended(ended: &Ended) -> Value {
    Value::Object(
        metrics::outcomes(ended).map(|(name, count)| (name.into(), count.into())).collect(),
    )
}

/// The mean of times in nanoseconds, in seconds; nothing if there is none.
fn mean(times: &Histogram) -> Option<f64> {
    let count = times.count();
    (count > 0).then(|| times.sum() as f64 / count as f64 / 1e9)
}
