//! `quorate serve`: one server of a cluster, until it is told to stop.

use super::log_lines::LogLines;
use super::open_files::room_for_clients;
use super::settings::{Complete, Peer, SETTINGS, Settings};
use super::signals::{stop_signals, stop_when_input_ends};
use super::text::unknown;
use super::values::host_and_port;
use super::watch::{tell_connection, tell_notices, watch};
use super::{Exit, Failure, config_file, help, print};
use lexopt::{Arg, Parser};
use quorate_core::ServerId;
use quorate_net::{handshake, peers};
use quorate_runtime::{Config, Recovered};
use quorate_server::http::Http;
use quorate_server::{ClientSettings, Command, DiskStorage, Node, NodeConfig};
use quorate_wal::{ClusterId, Identity, Options, RealFiles, Wal, WalError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;

/// What `quorate serve` is asked to do.
#[derive(Default)]
struct Arguments {
    settings: Settings,
    init: bool,
    stop_on_eof: bool,
}

/// The flags of serve that are no settings.
const FLAGS: [&str; 4] = ["config", "init", "stop-on-eof", "help"];

/// Runs `quorate serve` with what follows it.
pub(super) fn run(parser: &mut Parser) -> Result<Exit, Failure> {
    let Some(arguments) = read(parser)? else {
        return print(&help());
    };
    let complete = arguments.settings.complete().map_err(Failure::usage)?;
    let (format, level) = (arguments.settings.log_format, arguments.settings.log_level);
    let lines = LogLines::begin(complete.id, format, level);
    let lines = lines.map_err(|error| no_thread(&error))?;
    match serve(&arguments, &complete, &lines) {
        // Programs read all lines, so the last one is like the others.
        Err(failure) if lines.are_for_programs() => {
            tracing::error!("{}", failure.message);
            Ok(failure.exit)
        }
        ended => ended,
    }
}

/// Runs a server until it is told to stop or stops by itself.
fn serve(arguments: &Arguments, complete: &Complete, lines: &LogLines) -> Result<Exit, Failure> {
    let Arguments { settings, init, stop_on_eof } = arguments;
    let config = runtime_config(settings, complete)?;
    let (sender, stop) = stop_signals()?;
    if *stop_on_eof {
        stop_when_input_ends(sender)?;
    }
    complete.warnings.iter().for_each(|warning| lines.warning(warning));
    let mut clients = client_settings(settings);
    let (room, warning) = room_for_clients(clients.connections);
    clients.connections = room;
    warning.iter().for_each(|warning| lines.warning(warning));
    // What is refused for a port in use has not touched the disk.
    let for_peers = bind("peer-listen", &settings.peer_listen, lines)?;
    let for_clients = bind("client-listen", &settings.client_listen, lines)?;
    let for_http = settings.http_listen.as_deref();
    let for_http = for_http.map(|address| bind("http-listen", address, lines)).transpose()?;
    let storage = open(complete, settings.log, *init)?;
    tracing::info!(
        "quorate {} serves clients on {}, servers on {} and http on {}, with its log in {}",
        env!("CARGO_PKG_VERSION"),
        shown(&for_clients),
        shown(&for_peers),
        for_http.as_ref().map_or_else(|| "no port".into(), shown),
        complete.data.display()
    );
    let config = NodeConfig { runtime: config, peers: peer_config(settings, complete), clients };
    let node = Node::start(config, (for_peers, for_clients), storage, tell_connection);
    let node = node.map_err(|error| Failure::new(Exit::Failed, error))?;
    tell_notices(node.client().clone()).map_err(|error| no_thread(&error))?;
    let http = for_http.map(|listener| Http::start(listener, node.watcher())).transpose();
    let http = http.map_err(|error| no_thread(&error))?;
    watch(&node, &stop, settings.limits.max_log_bytes);
    tracing::info!("stops");
    let id = complete.id;
    node.shutdown().map_err(|error| Failure::new(Exit::Failed, format_args!("{id}: {error}")))?;
    drop(http);
    tracing::info!("has stopped");
    Ok(Exit::Holds)
}

fn no_thread(error: &io::Error) -> Failure {
    Failure::new(Exit::Unavailable, format_args!("a thread could not be started: {error}"))
}

/// Reads the arguments; nothing if help was asked for.
fn read(parser: &mut Parser) -> Result<Option<Arguments>, Failure> {
    let mut arguments = Arguments::default();
    let mut given: Vec<(&str, String)> = Vec::new();
    let mut config: Option<PathBuf> = None;
    while let Some(argument) = parser.next()? {
        let flag = match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long("init") => {
                arguments.init = true;
                continue;
            }
            Arg::Long("stop-on-eof") => {
                arguments.stop_on_eof = true;
                continue;
            }
            Arg::Long("config") => {
                config = Some(parser.value()?.into());
                continue;
            }
            Arg::Long(flag) => flag.to_owned(),
            Arg::Short(flag) => return Err(unknown_flag(&format!("-{flag}"))),
            other => return Err(other.unexpected().into()),
        };
        let setting = SETTINGS.iter().find(|setting| setting.name == flag);
        let setting = setting.ok_or_else(|| unknown_flag(&format!("--{flag}")))?;
        let value = parser.value()?.into_string().map_err(|value| {
            Failure::usage(format_args!("--{flag}: {value:?}; expected UTF-8; try quorate help"))
        })?;
        given.push((setting.name, value));
    }
    if let Some(file) = config {
        config_file::read(&file, &mut arguments.settings)?;
    }
    // What flags say counts more than what a file says; a list as a whole.
    if given.iter().any(|(name, _)| *name == "peer") {
        arguments.settings.peers.clear();
    }
    for (name, value) in given {
        for setting in SETTINGS.iter().filter(|setting| setting.name == name) {
            (setting.set)(&mut arguments.settings, &value).map_err(|wrong| {
                Failure::usage(format_args!(
                    "--{name}: {value:?}; {}; try --{name} {}",
                    wrong.expected, wrong.example
                ))
            })?;
        }
    }
    Ok(Some(arguments))
}

fn unknown_flag(flag: &str) -> Failure {
    let known = FLAGS.into_iter().chain(SETTINGS.iter().map(|setting| setting.name));
    let known = known.map(|name| format!("--{name}"));
    Failure::usage(unknown("option", flag, known, "quorate help"))
}

fn runtime_config(settings: &Settings, complete: &Complete) -> Result<Config, Failure> {
    let mut config = Config::new(complete.id, complete.configuration);
    (config.timing, config.limits) = (settings.timing, settings.limits);
    config.validate().map_err(|wrong| {
        let setting = wrong.setting.replace('_', "-");
        let expected = wrong.expected.replace('_', "-");
        Failure::usage(format_args!(
            "{setting}: {}; expected {expected}; try quorate help",
            wrong.value
        ))
    })?;
    Ok(config)
}

fn peer_config(settings: &Settings, complete: &Complete) -> peers::Config {
    let me = handshake::Identity {
        cluster: complete.cluster,
        server: complete.id,
        // The hash of nothing with new random keys: a number that no other start has.
        incarnation: RandomState::new().build_hasher().finish(),
    };
    let address = |peer: &Peer| (peer.id, peer.address.clone());
    peers::Config::new(me, settings.peers.iter().map(address).collect())
}

fn client_settings(settings: &Settings) -> ClientSettings {
    let place = |peer: &Peer| -> Option<(ServerId, String, u16)> {
        let (host, port) = host_and_port(peer.clients.as_deref()?)?;
        Some((peer.id, host.to_owned(), port))
    };
    let servers = settings.peers.iter().filter_map(place).collect();
    ClientSettings { servers, ..settings.clients.clone() }
}

fn bind(name: &str, address: &str, lines: &LogLines) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).map_err(|error| {
        Failure::new(
            Exit::Unavailable,
            format_args!(
                "--{name}: {address:?}: {error}; expected an address of this machine whose port is free; try \
                 another port"
            ),
        )
    })?;
    if listener.local_addr().is_ok_and(|address| !address.ip().is_loopback()) {
        lines.warning(&format!(
            "--{name}: {address} can be reached from other machines; nothing is encrypted, \
             and whoever connects is believed"
        ));
    }
    Ok(listener)
}

/// Where a listener listens.
fn shown(listener: &TcpListener) -> String {
    listener.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string())
}

/// Opens the log, and makes it first if that is asked for.
fn open(
    complete: &Complete,
    options: Options,
    init: bool,
) -> Result<(DiskStorage<Command>, Recovered<Command>), Failure> {
    let Complete { id, data, cluster, .. } = complete;
    let identity = Identity { cluster: ClusterId(*cluster), server: *id };
    if init {
        Wal::<Command>::init(RealFiles, data, identity, options).map_err(refused)?;
    }
    let opened = DiskStorage::open(RealFiles, data, identity, options).map_err(refused)?;
    let (storage, recovered, notes) = opened;
    if let Some(trimmed) = &notes.trimmed {
        let (file, offset) = (trimmed.file.display(), trimmed.offset);
        tracing::warn!("trimmed a torn write: {file}, offset {offset}");
    }
    let (term, last) = (recovered.term, recovered.log.last_index());
    tracing::info!("opened its log: term {term}, last index {last}, {} bytes", notes.bytes);
    Ok((storage, recovered))
}

/// The exit code that belongs to a log that does not open.
fn refused(error: WalError) -> Failure {
    let exit = match &error {
        WalError::NotInitialised { .. } => Exit::NoInput,
        WalError::Locked { .. } => Exit::Unavailable,
        WalError::Io { .. } | WalError::AlreadyInitialised { .. } => Exit::CannotWrite,
        _ => Exit::BadData,
    };
    Failure::new(exit, error)
}
