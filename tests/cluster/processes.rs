//! A cluster of processes. None is left behind, and only one cluster runs at a time: a machine with two
//! processors has enough to do with one.

use crate::client::Client;
use crate::proxy::Links;
use quorate_net::resp::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// No test waits longer than this for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits for a turn.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The command, ready for arguments, which stops when this process is gone.
pub(crate) fn quorate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// An empty directory for one test.
pub(crate) fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("the directory for tests can be written");
    directory
}

/// Ports that are free, from outside the range from which the system chooses.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    // Processes that look at the same time should not look at the same ports.
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut random = fastrand::Rng::with_seed(u64::from(std::process::id()) << 32 | call);
    let candidates = std::iter::repeat_with(|| random.u16(10_000..32_000)).take(10_000);
    let bound: Vec<TcpListener> = candidates
        .filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .take(count)
        .collect();
    bound.iter().map(|listener| listener.local_addr().expect("it is bound").port()).collect()
}

/// Sends a signal to a process.
pub(crate) fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.expect("the system has a command `kill`").success(), "kill -{name} {pid}");
}

/// Waits until something holds.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(|| if holds() { Ok(()) } else { Err(format!("waited in vain until {what}")) });
}

/// Waits until something holds that otherwise says why it does not.
pub(crate) fn wait_for(mut holds: impl FnMut() -> Result<(), String>) {
    let begun = Instant::now();
    while let Err(why) = holds() {
        assert!(begun.elapsed() < PATIENCE, "{why}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// What a server says of itself, if it answers.
pub(crate) fn facts(port: u16) -> Option<BTreeMap<String, String>> {
    let mut client = Client::connect(port, Duration::from_millis(500)).ok()?;
    let Value::Bulk(bytes) = client.ask(&["INFO", "server", "quorate"]).ok()? else { return None };
    let text = String::from_utf8(bytes).ok()?;
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// A process that is killed when this goes.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// Waits until the process has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the process ends", || {
            status = self.0.try_wait().expect("it is a child of this process");
            status.is_some()
        });
        status.expect("it has ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Several servers, each of which can be killed, paused and started again.
pub(crate) struct Cluster {
    pub(crate) directory: PathBuf,
    /// For each: the port for servers, and the port for clients.
    pub(crate) ports: Vec<(u16, u16)>,
    pub(crate) servers: Vec<Option<Process>>,
    /// The way from each server to each other one, unless they reach each other as they are.
    pub(crate) links: Option<Links>,
    /// Where servers have their data that have it somewhere else.
    elsewhere: BTreeMap<usize, PathBuf>,
    options: Vec<&'static str>,
    _turn: MutexGuard<'static, ()>,
}

impl Cluster {
    pub(crate) fn start(name: &str, count: usize) -> Cluster {
        Cluster::start_with(name, count, &[])
    }

    pub(crate) fn start_with(name: &str, count: usize, options: &[&'static str]) -> Cluster {
        let mut cluster = Cluster::prepare(name, count, options);
        cluster.begin();
        cluster
    }

    /// A cluster of which no server has been started.
    pub(crate) fn prepare(name: &str, count: usize, options: &[&'static str]) -> Cluster {
        let turn = alone();
        let ports = free_ports(2 * count);
        let ports = ports.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        Cluster {
            directory: directory(name),
            ports,
            servers: (0..count).map(|_| None).collect(),
            links: None,
            elsewhere: BTreeMap::new(),
            options: options.to_vec(),
            _turn: turn,
        }
    }

    /// Puts proxies between the servers, which have not been started.
    pub(crate) fn through_proxies(&mut self, seed: u64) {
        let ports: Vec<u16> = self.ports.iter().map(|(peers, _)| *peers).collect();
        self.links = Some(Links::between(&ports, seed));
    }

    /// Says where a server, which has not been started, has its data.
    pub(crate) fn keep_elsewhere(&mut self, place: usize, data: PathBuf) {
        self.elsewhere.insert(place, data);
    }

    /// Starts all servers for the first time, and waits for a leader.
    pub(crate) fn begin(&mut self) {
        (0..self.ports.len()).for_each(|place| self.start_server(place, &["--init"]));
        self.leader();
    }

    pub(crate) fn data(&self, place: usize) -> PathBuf {
        let here = || self.directory.join(format!("n{}", place + 1));
        self.elsewhere.get(&place).cloned().unwrap_or_else(here)
    }

    /// The command that runs a server.
    pub(crate) fn command(&self, place: usize) -> Command {
        let mut command = quorate();
        command.args(["serve", "--stop-on-eof", "--cluster", "test", "--segment-bytes", "1M"]);
        // Elections that a busy machine does not disturb, and outcomes before a test's patience ends.
        command.args(["--heartbeat", "50ms", "--election-min", "300ms", "--election-max", "600ms"]);
        command.args(["--request-timeout", "3s"]).args(&self.options);
        command.args(["--id", &(place + 1).to_string()]).arg("--data").arg(self.data(place));
        for (other, (peers, clients)) in self.ports.iter().enumerate() {
            let link = self.links.as_ref().filter(|_| other != place);
            let peers = link.map_or(*peers, |links| links.port(place, other));
            let (peers, clients) = (format!("127.0.0.1:{peers}"), format!("127.0.0.1:{clients}"));
            match other == place {
                true => command.args(["--peer-listen", &peers, "--client-listen", &clients]),
                false => command.args(["--peer", &format!("{}={peers},{clients}", other + 1)]),
            };
        }
        command
    }

    /// Starts a server, with more arguments than all have.
    pub(crate) fn start_server(&mut self, place: usize, more: &[&str]) {
        let file = File::options().create(true).append(true).open(self.log(place));
        let mut command = self.command(place);
        command.args(more).stderr(file.expect("the directory can be written"));
        self.servers[place] = Some(Process(command.spawn().expect("the command was built")));
    }

    fn log(&self, place: usize) -> PathBuf {
        self.directory.join(format!("n{}.log", place + 1))
    }

    /// What a server has written so far.
    pub(crate) fn lines(&self, place: usize) -> String {
        fs::read_to_string(self.log(place)).unwrap_or_default()
    }

    pub(crate) fn pid(&self, place: usize) -> u32 {
        self.servers[place].as_ref().expect("it runs").0.id()
    }

    /// Kills a server as kill -9 does.
    pub(crate) fn kill(&mut self, place: usize) {
        drop(self.servers[place].take().expect("it runs"));
    }

    pub(crate) fn is_running(&self, place: usize) -> bool {
        self.servers[place].is_some()
    }

    /// Waits until most servers say who leads and agree, in a term after `term` unless that is 0. Returns the
    /// place of the leader, and the term.
    pub(crate) fn leader_after(&self, term: u64) -> (usize, u64) {
        let mut found = None;
        wait_until("there is a leader", || {
            let facts: Vec<_> = self.ports.iter().filter_map(|(_, port)| facts(*port)).collect();
            let newest = |facts: &BTreeMap<String, String>| {
                let leader = facts.get("leader")?.strip_prefix('n')?.parse::<usize>().ok()?;
                Some((facts.get("term")?.parse::<u64>().ok()?, leader - 1))
            };
            let views: Vec<(u64, usize)> = facts.iter().filter_map(newest).collect();
            let Some(best) = views.iter().max() else { return false };
            let agree = views.iter().filter(|view| *view == best).count();
            found = Some((best.1, best.0));
            best.0 > term && 2 * agree > self.ports.len() && self.is_running(best.1)
        });
        found.expect("found")
    }

    pub(crate) fn leader(&self) -> usize {
        self.leader_after(0).0
    }

    /// Waits until a server has applied everything that the leader had committed.
    pub(crate) fn wait_until_caught_up(&self, place: usize) {
        let number = |port, name: &str| facts(port)?.get(name)?.parse::<u64>().ok();
        let leader = self.leader();
        let mut committed = None;
        wait_until("the leader says what is committed", || {
            committed = number(self.ports[leader].1, "commit_index");
            committed.is_some()
        });
        wait_until("the server has caught up", || {
            number(self.ports[place].1, "last_applied") >= committed
        });
    }

    pub(crate) fn connect(&self, place: usize) -> Client {
        let mut client = None;
        wait_until("the server takes connections", || {
            client = Client::connect(self.ports[place].1, PATIENCE).ok();
            client.is_some()
        });
        client.expect("connected")
    }
}
