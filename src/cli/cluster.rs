//! `quorate cluster`: a whole cluster on this machine, to try.

use super::ask::Facts;
use super::children::{Server, Servers};
use super::place::{Place, free_ports};
use super::settings::even;
use super::signals::stop_signals;
use super::text::shell_word;
use super::values::number;
use super::{Exit, Failure, help, note, print};
use lexopt::{Arg, Parser};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often the servers are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often other ports are tried when somebody else has taken one.
const ATTEMPTS: usize = 5;

/// What `quorate cluster` is asked to do.
#[derive(Default)]
struct Arguments {
    servers: Option<usize>,
    data: Option<PathBuf>,
}

/// Runs `quorate cluster` with what follows it.
pub(super) fn run(parser: &mut Parser) -> Result<Exit, Failure> {
    let Some(Arguments { servers, data }) = read(parser)? else { return print(&help()) };
    let (_sender, stop) = stop_signals()?;
    let place = Place::open(data.as_deref(), servers)?;
    if place.servers.is_multiple_of(2) {
        note(&format!("quorate: warning: {}", even(place.servers)));
    }
    for attempt in 1.. {
        let mut cluster = Cluster::start(&place)?;
        print(&cluster.introduction(&place))?;
        match cluster.watch(&stop)? {
            End::Asked => {
                print("stopping\n")?;
                let killed = cluster.servers.stop();
                if killed > 0 {
                    note(&format!(
                        "quorate: {killed} servers did not stop in time and were killed"
                    ));
                }
                return Ok(Exit::Holds);
            }
            End::PortTaken if attempt < ATTEMPTS => {
                note("quorate: a port was taken; choosing others")
            }
            End::PortTaken | End::AllGone => break,
        }
    }
    let what = "no server is running any more; expected some; their logs say why";
    Err(Failure::new(Exit::Failed, format_args!("{}: {what}", place.directory.display())))
}

fn read(parser: &mut Parser) -> Result<Option<Arguments>, Failure> {
    let mut arguments = Arguments::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long("data") => arguments.data = Some(parser.value()?.into()),
            Arg::Long("servers") => {
                let text = parser.value()?.to_string_lossy().into_owned();
                let servers = number(&text).filter(|servers| (1..=7).contains(servers));
                let servers = servers.ok_or_else(|| {
                    let expected = "expected a number from 1 to 7; try --servers 3";
                    Failure::usage(format_args!("--servers: {text:?}; {expected}"))
                })?;
                arguments.servers = usize::try_from(servers).ok();
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(arguments))
}

/// Why watching ended.
enum End {
    /// A signal said so.
    Asked,
    /// A server did not start because a port was in use.
    PortTaken,
    /// Every server has ended.
    AllGone,
}

/// A cluster that runs.
struct Cluster {
    servers: Servers,
    /// Who leads in which term, as last told.
    leader: Option<(String, u64)>,
    /// Whether there ever was a leader.
    has_begun: bool,
}

impl Cluster {
    fn start(place: &Place) -> Result<Cluster, Failure> {
        let ports = free_ports(place.servers).ok_or_else(|| {
            let what =
                "ports: none free on loopback; expected some between 10000 and 32000; try again";
            Failure::new(Exit::Unavailable, what)
        })?;
        place.configure(&ports)?;
        let mut servers = Servers::default();
        for (number, ports) in (1..).zip(ports) {
            let server = Server::start(&place.directory, number, ports);
            servers.0.push(server.map_err(|error| {
                let what = format_args!("n{number}: {error}; expected to start a process");
                Failure::new(Exit::Unavailable, what)
            })?);
        }
        Ok(Cluster { servers, leader: None, has_begun: false })
    }

    fn introduction(&self, place: &Place) -> String {
        let servers = self.servers.0.len();
        let noun = if servers == 1 { "server" } else { "servers" };
        let (directory, fate) = (place.directory.display(), place.fate());
        let mut out = format!("{servers} {noun} on loopback; logs in {directory}, {fate}\n");
        for Server { number, client_port, .. } in &self.servers.0 {
            out.push_str(&format!("  n{number}  redis-cli -p {client_port}\n"));
        }
        for Server { number, http_port, .. } in &self.servers.0 {
            out.push_str(&format!("  n{number}  http://127.0.0.1:{http_port}/status\n"));
        }
        out.push_str("Ctrl-C stops all\n");
        out
    }

    /// Tells who leads and who has ended, until there is nothing more to tell.
    fn watch(&mut self, stop: &Receiver<()>) -> Result<End, Failure> {
        while stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            for place in 0..self.servers.0.len() {
                let Some(status) = self.servers.0[place].ended() else { continue };
                if !self.has_begun && status.code() == Some(Exit::Unavailable as i32) {
                    return Ok(End::PortTaken);
                }
                print(&ended(&self.servers.0[place], status))?;
            }
            if !self.servers.0.iter().any(Server::is_running) {
                return Ok(End::AllGone);
            }
            self.look_for_leader()?;
        }
        Ok(End::Asked)
    }

    /// Asks all servers who leads, and tells if that has changed. Who answers in the highest term knows best.
    fn look_for_leader(&mut self) -> Result<(), Failure> {
        let facts: Vec<Facts> = self.servers.0.iter().filter_map(Server::facts).collect();
        let name_and_term = |facts: &Facts| {
            Some((facts.get("leader")?.clone(), facts.get("term")?.parse::<u64>().ok()?))
        };
        let known = facts.iter().filter_map(name_and_term).filter(|(name, _)| name != "none");
        let now = known.max_by_key(|(_, term)| *term);
        if now == self.leader {
            return Ok(());
        }
        match &now {
            Some((name, term)) => {
                print(&format!("{name} leads in term {term}\n"))?;
                if !self.has_begun {
                    let port = self.servers.0.first().map_or(0, |server| server.client_port);
                    print(&format!("try: redis-cli -p {port} set greeting hello\n"))?;
                }
                self.has_begun = true;
            }
            None => {
                print("no leader is known\n")?;
            }
        }
        self.leader = now;
        Ok(())
    }
}

/// What there is to say of a server that has ended.
fn ended(server: &Server, status: ExitStatus) -> String {
    let Server { number, config, .. } = server;
    let program = std::env::current_exe().unwrap_or_else(|_| "quorate".into());
    let word = |path: &Path| shell_word(&path.to_string_lossy());
    format!(
        "n{number} has ended: {status}; its last words: {}\n  to start it again: {} serve --config {}\n",
        server.last_line(),
        word(&program),
        word(config)
    )
}
