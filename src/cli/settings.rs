//! The settings of `quorate serve`, each said once.
//!
//! A setting has one name, which is its flag and its key in a configuration file, and one function that reads
//! its value. So both say the same of a wrong value; only where it stands differs.

use super::log_lines::{LogFormat, level};
use super::text::labelled;
use super::values::{duration, host_and_port, number, size};
use quorate_core::{Configuration, ServerId};
use quorate_runtime::{Limits, Timing};
use quorate_server::{ClientSettings, cluster_id};
use quorate_wal::Options;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use tracing_subscriber::filter::LevelFilter;

/// Where clients look for a server if nothing else is said: where Redis would be.
pub(super) const CLIENT_LISTEN: &str = "127.0.0.1:6379";
/// Where other servers look for it.
pub(super) const PEER_LISTEN: &str = "127.0.0.1:7379";
/// Where operators look at it: a port that is free. Several servers on one machine are not in each other's way,
/// and the port is told at the start.
pub(super) const HTTP_LISTEN: &str = "127.0.0.1:0";

/// What a server is told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) id: Option<ServerId>,
    pub(super) data: Option<PathBuf>,
    pub(super) cluster: Option<u128>,
    pub(super) peer_listen: String,
    pub(super) client_listen: String,
    /// Nothing if there is to be no port for operators.
    pub(super) http_listen: Option<String>,
    pub(super) log_format: LogFormat,
    pub(super) log_level: LevelFilter,
    pub(super) peers: Vec<Peer>,
    pub(super) timing: Timing,
    pub(super) limits: Limits,
    /// What one client may do, and how many there may be.
    pub(super) clients: ClientSettings,
    pub(super) log: Options,
}

/// Another server of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Peer {
    pub(super) id: ServerId,
    /// Where it listens for servers: host and port.
    pub(super) address: String,
    /// Where it listens for clients, if that is known.
    pub(super) clients: Option<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            id: None,
            data: None,
            cluster: None,
            peer_listen: PEER_LISTEN.into(),
            client_listen: CLIENT_LISTEN.into(),
            http_listen: Some(HTTP_LISTEN.into()),
            log_format: LogFormat::Human,
            log_level: LevelFilter::INFO,
            peers: Vec::new(),
            timing: Timing::default(),
            limits: Limits::default(),
            clients: ClientSettings::default(),
            log: Options::default(),
        }
    }
}

/// Why a value is none: what is expected, and a value that would be right.
pub(super) struct Wrong {
    pub(super) expected: String,
    pub(super) example: &'static str,
}

/// A setting.
pub(super) struct Setting {
    /// The flag without its dashes, and the key.
    pub(super) name: &'static str,
    /// How its value is shown in the help.
    pub(super) value: &'static str,
    pub(super) meaning: &'static str,
    /// Whether it can be given several times.
    pub(super) is_list: bool,
    /// Takes a value.
    pub(super) set: fn(&mut Settings, &str) -> Result<(), Wrong>,
}

const fn setting(
    name: &'static str,
    value: &'static str,
    meaning: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), Wrong>,
) -> Setting {
    Setting { name, value, meaning, is_list: false, set }
}

/// All settings.
pub(super) const SETTINGS: &[Setting] = &[
    setting("id", "N", "which server this is: 1 to 64, another one for each", |settings, text| {
        settings.id = Some(server(text, "1")?);
        Ok(())
    }),
    setting("data", "DIR", "where its log is kept", |settings, text| {
        if text.is_empty() {
            return Err(wrong("expected a directory", "data/n1"));
        }
        settings.data = Some(text.into());
        Ok(())
    }),
    setting(
        "cluster",
        "NAME",
        "the same for all servers, another one for each cluster",
        |s, text| {
            let id = cluster_id(text);
            s.cluster = Some(id.map_err(|error| wrong(error.to_string(), "orders"))?);
            Ok(())
        },
    ),
    setting("peer-listen", "ADDRESS", "where other servers connect (127.0.0.1:7379)", |s, text| {
        s.peer_listen = address(text, PEER_LISTEN)?;
        Ok(())
    }),
    setting("client-listen", "ADDRESS", "where clients connect (127.0.0.1:6379)", |s, text| {
        s.client_listen = address(text, CLIENT_LISTEN)?;
        Ok(())
    }),
    Setting {
        name: "peer",
        value: "ID=ADDRESS[,CLIENTS]",
        meaning: "another server, where it listens for servers, and where for clients; once for each",
        is_list: true,
        set: |settings, text| {
            settings.peers.push(peer(text)?);
            Ok(())
        },
    },
    setting("heartbeat", "TIME", "how often a leader reminds its followers (50ms)", |s, text| {
        s.timing.heartbeat = span(text, "50ms")?;
        Ok(())
    }),
    setting("election-min", "TIME", "the shortest wait before an election (150ms)", |s, text| {
        s.timing.election_min = span(text, "150ms")?;
        Ok(())
    }),
    setting("election-max", "TIME", "the longest wait before an election (300ms)", |s, text| {
        s.timing.election_max = span(text, "300ms")?;
        Ok(())
    }),
    setting(
        "request-timeout",
        "TIME",
        "how long a request waits for its outcome (5s)",
        |s, text| {
            s.timing.request_timeout = span(text, "5s")?;
            Ok(())
        },
    ),
    setting("max-log-bytes", "SIZE", "beyond it writes are refused, not reads (2G)", |s, text| {
        let size = size(text).filter(|size| *size >= 1 << 20);
        let expected = "expected a size of at least 1M, in bytes or like 800M or 4G";
        s.limits.max_log_bytes = size.ok_or_else(|| wrong(expected, "2G"))?;
        Ok(())
    }),
    setting(
        "max-clients",
        "N",
        "how many clients may be connected, 1 to 100000 (10000)",
        |s, text| {
            s.clients.connections = count(text, 1..=100_000, "10000")?;
            Ok(())
        },
    ),
    setting(
        "max-pipeline",
        "N",
        "how many commands of one client are under way, 1 to 4096 (1024)",
        |s, text| {
            s.clients.pipeline = count(text, 1..=4096, "1024")?;
            Ok(())
        },
    ),
    setting("max-key-bytes", "SIZE", "the longest key, 1 to 1M (64K)", |s, text| {
        s.clients.sizes.key = bytes(text, 1..=1 << 20, "1 to 1M", "64K")?;
        Ok(())
    }),
    setting("max-value-bytes", "SIZE", "the longest value, 1 to 3M (1M)", |s, text| {
        s.clients.sizes.value = bytes(text, 1..=3 << 20, "1 to 3M", "1M")?;
        Ok(())
    }),
    setting(
        "max-output-bytes",
        "SIZE",
        "replies that wait for a client before it is served on, 1K to 64M (1M)",
        |s, text| {
            s.clients.output = bytes(text, 1 << 10..=64 << 20, "1K to 64M", "1M")?;
            Ok(())
        },
    ),
    setting(
        "output-timeout",
        "TIME",
        "how long a client may read nothing before it is given up (10s)",
        |s, text| {
            s.clients.stalled = span(text, "10s")?;
            Ok(())
        },
    ),
    setting(
        "http-listen",
        "ADDRESS",
        "where operators look; none: nowhere (a free port of loopback)",
        |s, text| {
            s.http_listen = match text {
                "none" => None,
                text => Some(address(text, "127.0.0.1:8379").map_err(or_none)?),
            };
            Ok(())
        },
    ),
    setting("log-format", "human|json", "how lines on standard error look (human)", |s, text| {
        let format = LogFormat::named(text);
        s.log_format = format.ok_or_else(|| wrong("expected human or json", "json"))?;
        Ok(())
    }),
    setting("log-level", "LEVEL", "what is told: error, warn, info or debug (info)", |s, text| {
        let expected = "expected error, warn, info or debug";
        s.log_level = level(text).ok_or_else(|| wrong(expected, "info"))?;
        Ok(())
    }),
    setting("segment-bytes", "SIZE", "the length of a file of the log (64M)", |s, text| {
        let is_good = |size: &u64| size.is_multiple_of(512) && (64 << 10..=1 << 30).contains(size);
        let expected = "expected a size from 64K to 1G, a multiple of 512";
        let size = size(text).filter(is_good).ok_or_else(|| wrong(expected, "64M"))?;
        s.log = Options { segment_bytes: size };
        Ok(())
    }),
];

fn wrong(expected: impl Into<String>, example: &'static str) -> Wrong {
    Wrong { expected: expected.into(), example }
}

fn or_none(wrong: Wrong) -> Wrong {
    Wrong { expected: format!("{}, or none", wrong.expected), ..wrong }
}

fn server(text: &str, example: &'static str) -> Result<ServerId, Wrong> {
    let number = number(text).and_then(|number| u8::try_from(number).ok());
    let expected = || wrong("expected a number from 1 to 64", example);
    number.and_then(ServerId::new).ok_or_else(expected)
}

fn span(text: &str, example: &'static str) -> Result<std::time::Duration, Wrong> {
    duration(text).ok_or_else(|| wrong("expected a time like 50ms, 5s or 1m", example))
}

fn count(
    text: &str,
    allowed: RangeInclusive<usize>,
    example: &'static str,
) -> Result<usize, Wrong> {
    let expected = format!("expected a number from {} to {}", allowed.start(), allowed.end());
    let count = number(text).and_then(|count| usize::try_from(count).ok());
    count.filter(|count| allowed.contains(count)).ok_or_else(|| wrong(expected, example))
}

/// A number of bytes, from a range that is also said in words.
fn bytes(
    text: &str,
    allowed: RangeInclusive<usize>,
    range: &str,
    example: &'static str,
) -> Result<usize, Wrong> {
    let expected = format!("expected a size from {range}, in bytes or like 4K or 1M");
    let size = size(text).and_then(|size| usize::try_from(size).ok());
    size.filter(|size| allowed.contains(size)).ok_or_else(|| wrong(expected, example))
}

fn address(text: &str, example: &'static str) -> Result<String, Wrong> {
    let expected = || wrong("expected a host and a port, like 127.0.0.1:7001", example);
    host_and_port(text).map(|_| text.to_owned()).ok_or_else(expected)
}

fn peer(text: &str) -> Result<Peer, Wrong> {
    const EXAMPLE: &str = "2=127.0.0.1:7002";
    let form = || {
        wrong("expected ID=HOST:PORT, perhaps with a comma and where its clients connect", EXAMPLE)
    };
    let (id, addresses) = text.split_once('=').ok_or_else(form)?;
    let id = server(id, EXAMPLE).map_err(|_| form())?;
    let (address, clients) = match addresses.split_once(',') {
        Some((address, clients)) => (address, Some(clients)),
        None => (addresses, None),
    };
    // A server cannot be found at a port that the system chooses for it.
    let is_place = |text: &str| host_and_port(text).is_some_and(|(_, port)| port > 0);
    if !is_place(address) || !clients.is_none_or(is_place) {
        return Err(form());
    }
    Ok(Peer { id, address: address.to_owned(), clients: clients.map(str::to_owned) })
}

/// What settings that are good by themselves come to together.
pub(super) struct Complete {
    pub(super) id: ServerId,
    pub(super) data: PathBuf,
    pub(super) cluster: u128,
    pub(super) configuration: Configuration,
    /// What is allowed but not wise.
    pub(super) warnings: Vec<String>,
}

impl Settings {
    /// Checks that nothing is missing, and that the settings can be together.
    ///
    /// # Errors
    /// What cannot, in a line.
    pub(super) fn complete(&self) -> Result<Complete, String> {
        let missing = |name: &str, what: &str, example: &str| {
            format!("{name}: none; expected {what}; try --{name} {example}")
        };
        let id = self.id.ok_or_else(|| missing("id", "which server this is", "1"))?;
        let data = self.data.clone();
        let data = data.ok_or_else(|| missing("data", "a directory for its log", "data/n1"))?;
        let named = "the name of the cluster, the same for all of its servers";
        let cluster = self.cluster.ok_or_else(|| missing("cluster", named, "orders"))?;
        let mut seen = vec![id];
        for Peer { id, address, .. } in &self.peers {
            if seen.contains(id) {
                return Err(format!(
                    "peer: \"{}={address}\"; expected an id that no other server has, --id included; try \
                     another one",
                    id.get()
                ));
            }
            seen.push(*id);
        }
        let servers = seen.len();
        let configuration = Configuration::new(seen.into_iter().collect()).map_err(|error| {
            format!("peer: {servers} servers with this one; {error}; try 3, 5 or 7 servers")
        })?;
        let mut warnings = Vec::new();
        if servers.is_multiple_of(2) {
            warnings.push(even(servers));
        }
        Ok(Complete { id, data, cluster, configuration, warnings })
    }
}

/// Why an odd number of servers is better.
pub(super) fn even(servers: usize) -> String {
    let (majority, tolerated, fewer) = (servers / 2 + 1, servers / 2 - 1, servers - 1);
    format!(
        "{servers} servers: a majority is {majority}, so {tolerated} may fail, as with {fewer} alone; an odd \
         number is better"
    )
}

/// The lines of the help text that list the settings.
pub(super) fn settings_help() -> String {
    let line = |setting: &Setting| {
        labelled(&format!("--{} {}", setting.name, setting.value), 27, setting.meaning)
    };
    SETTINGS.iter().map(line).collect()
}
