//! The metrics, in the format OpenMetrics \[OpenMetrics24\].
//!
//! Nothing is counted here. Each time somebody asks, the figures that the parts of the server keep are written
//! under their names; `METRICS.md` beside this file says what each means, and a test compares that list with
//! what a server shows.

use crate::report::Report;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use quorate_net::peers::PeerStatus;
use quorate_runtime::{Ended, FollowerStatus, Histogram, RoleName, StepDowns};
use std::fmt;

/// The type of content of what [`text()`] returns.
pub(super) const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of a server.
pub(super) fn text(report: Report) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("quorate");
    registry.register_collector(Box::new(Figures(report)));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

/// The names of how requests end, and how many ended so.
pub(super) fn outcomes(ended: &Ended) -> impl Iterator<Item = (&'static str, u64)> {
    let Ended { done, not_leader, busy, out_of_space, in_doubt, timed_out, stopped } = *ended;
    [
        ("done", done),
        ("not_leader", not_leader),
        ("busy", busy),
        ("out_of_space", out_of_space),
        ("in_doubt", in_doubt),
        ("timed_out", timed_out),
        ("stopped", stopped),
    ]
    .into_iter()
}

/// What tells samples of one metric apart.
type Labels = Vec<(&'static str, String)>;

#[derive(Debug)]
struct Figures(Report);

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out(encoder);
        self.protocol(&mut out)?;
        self.requests(&mut out)?;
        self.disk(&mut out)?;
        self.queues(&mut out)?;
        self.servers(&mut out)?;
        self.clients(&mut out)
    }
}

impl Figures {
    fn protocol(&self, out: &mut Out<'_>) -> fmt::Result {
        let Report { status, uptime, .. } = &self.0;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let labels = vec![("id", status.id.to_string()), ("version", version)];
        out.info("server", "Which server this is.", &labels)?;
        out.gauge_with_unit(
            "uptime",
            "For how long the server has served clients.",
            Unit::Seconds,
            uptime.as_secs_f64(),
        )?;
        let role =
            |role: RoleName| (vec![("role", role.to_string())], u64::from(status.role == role));
        let roles = [RoleName::Follower, RoleName::Candidate, RoleName::Leader].map(role);
        out.gauges("role", "1 for the role that the server has, 0 for the others.", &roles)?;
        out.gauge("term", "The current term.", status.term.0)?;
        let leader = status.leader.map_or(0, |leader| u64::from(leader.get()));
        out.gauge("leader", "The id of the leader, 0 while none is known.", leader)?;
        out.gauge("last_index", "The last index of the log.", status.last_index.0)?;
        out.gauge("durable_index", "How much of the log is durable.", status.durable_index.0)?;
        out.gauge("commit_index", "How much is known to be committed.", status.commit_index.0)?;
        out.gauge("last_applied", "How much is applied to the store.", status.last_applied.0)?;
        let figures = &status.figures;
        out.counter("elections_started", "How often it stood.", figures.elections_started)?;
        out.counter("elections_won", "How often it became leader.", figures.elections_won)?;
        let StepDowns { higher_term, majority_silent, disk_hung } = figures.step_downs;
        let reason = |name: &str, count| (vec![("reason", name.to_owned())], count);
        let reasons = [
            reason("higher_term", higher_term),
            reason("majority_silent", majority_silent),
            reason("disk_hung", disk_hung),
        ];
        out.counters("step_downs", "How often it stopped leading.", &reasons)?;
        let help = "Entries applied to the store, no-ops included.";
        out.counter("entries_applied", help, figures.entries_applied)
    }

    fn requests(&self, out: &mut Out<'_>) -> fmt::Result {
        let figures = &self.0.status.figures;
        let requests = &figures.requests;
        let mut samples = Vec::new();
        for (kind, ended) in [("write", &requests.writes), ("read", &requests.reads)] {
            for (outcome, count) in outcomes(ended) {
                let labels = vec![("kind", kind.to_owned()), ("outcome", outcome.to_owned())];
                samples.push((labels, count));
            }
        }
        out.counters("requests", "Requests that this server took, by how they ended.", &samples)?;
        let help = "Requests that found no room in the mailbox, and are not among the others.";
        out.counter("requests_refused", help, figures.requests_refused)?;
        let help = "From when the leader took a write until it was committed and applied.";
        out.times("commit_latency", help, &requests.write_latency)?;
        let help = "From when the leader took a read until it was confirmed and answered.";
        out.times("read_latency", help, &requests.read_latency)
    }

    fn disk(&self, out: &mut Out<'_>) -> fmt::Result {
        let Report { status, limits, .. } = &self.0;
        let disk = &status.figures.disk;
        let help =
            "From when the log was given a batch until it was durable: to write it and to sync.";
        out.times("sync_latency", help, &disk.sync_latency)?;
        let help = "How many writes of the protocol one sync made durable.";
        out.sizes("sync_writes", help, &disk.writes_per_sync)?;
        let writes = status.unfinished_writes;
        out.gauge("unfinished_writes", "How many writes the disk owes.", writes as u64)?;
        let help = "How much the log takes up.";
        out.gauge_with_unit("log", help, Unit::Bytes, status.log_bytes as f64)?;
        let help = "How much it may take up before writes are refused.";
        out.gauge_with_unit("log_limit", help, Unit::Bytes, limits.max_log_bytes as f64)
    }

    fn queues(&self, out: &mut Out<'_>) -> fmt::Result {
        let Report { status, queues, .. } = &self.0;
        let help = "Requests in the mailbox of the driver.";
        out.gauge("mailbox_requests", help, queues.requests as u64)?;
        let help = "Messages of other servers in the mailbox of the driver.";
        out.gauge("mailbox_messages", help, queues.messages as u64)?;
        let help = "Requests that wait for their outcome.";
        out.gauge("waiting_requests", help, status.waiting_requests as u64)?;
        let help = "How many requests and messages the driver took at a time.";
        out.sizes("batch_arrivals", help, &status.figures.arrivals_per_batch)?;
        let help = "Messages of the protocol handed to the connections.";
        out.counter("messages_sent", help, status.figures.messages_sent)?;
        let help = "Messages of the protocol taken from the mailbox.";
        out.counter("messages_received", help, status.figures.messages_received)?;
        let help = "Messages of other servers that found no room.";
        out.counter("messages_lost", help, status.messages_lost)?;
        let help = "Messages that no server sends which follows the protocol.";
        out.counter("messages_refused", help, status.messages_refused)
    }

    fn servers(&self, out: &mut Out<'_>) -> fmt::Result {
        let Report { status, peers, .. } = &self.0;
        let each = |value: fn(&PeerStatus) -> u64| -> Vec<(Labels, u64)> {
            let sample = |peer: &PeerStatus| (vec![("peer", peer.peer.to_string())], value(peer));
            peers.iter().map(sample).collect()
        };
        let help = "1 while a connection to this server is open.";
        out.gauges("peer_connected", help, &each(|peer| u64::from(peer.is_connected)))?;
        let help = "Packets that wait to be sent to it.";
        out.gauges("peer_waiting", help, &each(|peer| peer.waiting as u64))?;
        let help = "Packets handed to the operating system for it.";
        out.counters("peer_sent", help, &each(|peer| peer.sent))?;
        let help = "Packets not taken in for it, because too many waited.";
        out.counters("peer_dropped", help, &each(|peer| peer.dropped))?;
        let help = "Packets taken in for it that could not be sent.";
        out.counters("peer_lost", help, &each(|peer| peer.lost))?;
        out.counters("peer_received", "Packets received from it.", &each(|peer| peer.received))?;
        let help = "Writes to its socket, each of one packet or more.";
        out.counters("peer_writes", help, &each(|peer| peer.writes))?;
        let follower = |value: fn(&FollowerStatus) -> u64| -> Vec<(Labels, u64)> {
            let sample = |f: &FollowerStatus| (vec![("follower", f.server.to_string())], value(f));
            status.followers.iter().map(sample).collect()
        };
        let help = "On a leader: how much of its log is known to be durable there.";
        out.gauges("follower_match_index", help, &follower(|f| f.match_index.0))?;
        let help = "On a leader: batches of entries that it has not acknowledged yet.";
        out.gauges("follower_in_flight", help, &follower(|f| f.in_flight as u64))
    }

    fn clients(&self, out: &mut Out<'_>) -> fmt::Result {
        let clients = &self.0.clients;
        let help = "Clients that are connected.";
        out.gauge("client_connections", help, clients.connected as u64)?;
        let help = "How many may be.";
        out.gauge("client_connections_limit", help, clients.limit as u64)?;
        out.counter("clients_accepted", "Clients that were let in.", clients.accepted)?;
        let help = "Clients that were not, because there were too many.";
        out.counter("clients_refused", help, clients.refused)?;
        let help = "Clients that were given up, because they read nothing.";
        out.counter("clients_given_up", help, clients.given_up)?;
        let help = "Requests forwarded to the leader, once for every attempt.";
        out.counter("requests_forwarded", help, clients.forwarded)?;
        let help = "Requests that other servers forwarded to this one.";
        out.counter("requests_taken_over", help, clients.taken_over)
    }
}

/// Where metrics are written.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn info(&mut self, name: &str, help: &str, labels: &Labels) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(labels)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn gauge_with_unit(&mut self, name: &str, help: &str, unit: Unit, value: f64) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, Some(&unit), MetricType::Gauge)?;
        encoder.encode_gauge(&value)
    }

    fn gauges(&mut self, name: &str, help: &str, samples: &[(Labels, u64)]) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        samples.iter().try_for_each(|(labels, v)| encoder.encode_family(labels)?.encode_gauge(v))
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn counters(&mut self, name: &str, help: &str, samples: &[(Labels, u64)]) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        samples.iter().try_for_each(|(labels, value)| {
            encoder.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(value, None)
        })
    }

    /// A histogram of times in nanoseconds, written in seconds.
    fn times(&mut self, name: &str, help: &str, times: &Histogram) -> fmt::Result {
        self.histogram(name, help, Some(&Unit::Seconds), times, |nanoseconds| nanoseconds / 1e9)
    }

    fn sizes(&mut self, name: &str, help: &str, sizes: &Histogram) -> fmt::Result {
        self.histogram(name, help, None, sizes, |size| size)
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        histogram: &Histogram,
        scale: fn(f64) -> f64,
    ) -> fmt::Result {
        let bound = |bound: Option<u64>| bound.map_or(f64::INFINITY, |bound| scale(bound as f64));
        let buckets: Vec<(f64, u64)> =
            histogram.buckets().map(|(upper, count)| (bound(upper), count)).collect();
        let mut encoder = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        let (sum, count) = (scale(histogram.sum() as f64), histogram.count());
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}
