//! Three servers as processes of their own, with what a server is by default.
//!
//! None outlives this: each is killed when its handle goes, and each ends by itself when its standard input
//! does, however this program ended.

use super::client::Client;
use quorate_net::resp::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many servers there are.
pub(super) const COUNT: usize = 3;
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server is asked how it is.
const ASK: Duration = Duration::from_millis(500);
/// How often.
const LOOK: Duration = Duration::from_millis(10);

/// A server that runs.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The servers; in messages the first is n1.
pub(super) struct Servers {
    program: PathBuf,
    directory: PathBuf,
    /// For each: the port for servers, and the port for clients.
    ports: Vec<(u16, u16)>,
    processes: Vec<Option<Process>>,
}

impl Servers {
    /// Starts servers with empty logs below a directory.
    ///
    /// # Errors
    /// When one cannot be started.
    pub(super) fn start(program: &Path, directory: &Path) -> Result<Servers, String> {
        let mut servers = Servers {
            program: program.into(),
            directory: directory.into(),
            ports: free_ports()?,
            processes: Vec::new(),
        };
        for place in 0..COUNT {
            let process = servers.spawn(place, &["--init"])?;
            servers.processes.push(Some(process));
        }
        Ok(servers)
    }

    /// Starts a server that was killed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start_again(&mut self, place: usize) -> Result<(), String> {
        self.processes[place] = Some(self.spawn(place, &[])?);
        Ok(())
    }

    /// Kills a server as kill -9 does.
    ///
    /// # Errors
    /// When it does not run.
    pub(super) fn kill(&mut self, place: usize) -> Result<(), String> {
        let process = self.processes[place].take();
        process.map(drop).ok_or_else(|| format!("n{}: not running", place + 1))
    }

    /// The port for clients.
    pub(super) fn port(&self, place: usize) -> u16 {
        self.ports[place].1
    }

    fn spawn(&self, place: usize, more: &[&str]) -> Result<Process, String> {
        let text = |error: std::io::Error| format!("n{}: {error}", place + 1);
        let lines = File::options().create(true).append(true).open(self.log(place));
        let mut command = Command::new(&self.program);
        command.args(["serve", "--stop-on-eof", "--cluster", "bench"]).args(more);
        command.args(["--id", &(place + 1).to_string(), "--data"]);
        command.arg(self.directory.join(format!("n{}", place + 1)));
        for (other, (peers, clients)) in self.ports.iter().enumerate() {
            let (peers, clients) = (format!("127.0.0.1:{peers}"), format!("127.0.0.1:{clients}"));
            match other == place {
                true => command.args(["--peer-listen", &peers, "--client-listen", &clients]),
                false => command.args(["--peer", &format!("{}={peers},{clients}", other + 1)]),
            };
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(lines.map_err(text)?);
        command.spawn().map(Process).map_err(text)
    }

    fn log(&self, place: usize) -> PathBuf {
        self.directory.join(format!("n{}.log", place + 1))
    }

    /// What a server says of itself, if it answers.
    fn facts(&self, place: usize) -> Option<BTreeMap<String, String>> {
        let mut client = Client::connect(self.port(place), ASK).ok()?;
        let Value::Bulk(bytes) = client.ask(&[b"INFO", b"quorate"]).ok()? else { return None };
        Some(read_facts(&String::from_utf8_lossy(&bytes)))
    }

    /// Waits until all servers agree who leads. Returns the place of the leader, and the term.
    ///
    /// # Errors
    /// When they do not in time; then with the last words of each.
    pub(super) fn leader(&self) -> Result<(usize, u64), String> {
        self.wait_for("a leader", || {
            let views: Option<Vec<(usize, u64)>> =
                (0..COUNT).map(|place| leader_in(&self.facts(place)?)).collect();
            let views = views?;
            let first = *views.first()?;
            views.iter().all(|view| *view == first).then_some(first)
        })
    }

    /// Waits until a server has applied everything that the leader has committed by now.
    ///
    /// # Errors
    /// When it does not in time.
    pub(super) fn wait_until_caught_up(&self, place: usize) -> Result<(), String> {
        let number = |place, name: &str| self.facts(place)?.get(name)?.parse::<u64>().ok();
        let (leader, _) = self.leader()?;
        let committed =
            self.wait_for("the commit index of the leader", || number(leader, "commit_index"))?;
        self.wait_for("a server that has caught up", || {
            number(place, "last_applied").filter(|applied| *applied >= committed)
        })?;
        Ok(())
    }

    /// The memory that a server holds now, in bytes.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(super) fn memory(&self, place: usize) -> Result<u64, String> {
        let untold = || "this system does not tell the memory of a process".to_owned();
        let process = self.processes[place].as_ref().ok_or_else(untold)?;
        let status = fs::read_to_string(format!("/proc/{}/status", process.0.id()));
        status.ok().and_then(|status| resident_in(&status)).ok_or_else(untold)
    }

    fn wait_for<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T, String> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(found) = look() {
                return Ok(found);
            }
            thread::sleep(LOOK);
        }
        let last = |place| {
            let text = fs::read_to_string(self.log(place)).unwrap_or_default();
            format!("n{}: {}", place + 1, text.lines().last().unwrap_or("nothing"))
        };
        let last: Vec<String> = (0..COUNT).map(last).collect();
        let seconds = PATIENCE.as_secs();
        Err(format!(
            "no sign of {what} in {seconds} s; the servers' last words: {}",
            last.join("; ")
        ))
    }
}

/// Ports that are free, from outside the range from which the system chooses.
fn free_ports() -> Result<Vec<(u16, u16)>, String> {
    // Programs that look at the same time should not look at the same ports.
    let mut random = fastrand::Rng::with_seed(u64::from(std::process::id()));
    let candidates = std::iter::repeat_with(|| random.u16(10_000..32_000)).take(10_000);
    let listeners = candidates.filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    // All are held until all are found, so that they differ.
    let bound: Vec<TcpListener> = listeners.take(2 * COUNT).collect();
    let ports: Vec<u16> = bound
        .iter()
        .map(|listener| listener.local_addr().map(|address| address.port()))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("ports: {error}"))?;
    if ports.len() < 2 * COUNT {
        return Err("ports: none free on loopback; expected some between 10000 and 32000".into());
    }
    Ok(ports.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

/// The facts in a reply to INFO, by name.
fn read_facts(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The place of the leader and the term, if a leader is known.
fn leader_in(facts: &BTreeMap<String, String>) -> Option<(usize, u64)> {
    let number: usize = facts.get("leader")?.strip_prefix('n')?.parse().ok()?;
    Some((number.checked_sub(1)?, facts.get("term")?.parse().ok()?))
}

/// The resident memory in the text of a `/proc/PID/status`, in bytes: there in kB, by the manual page
/// proc_pid_status(5).
fn resident_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::{COUNT, free_ports, leader_in, read_facts, resident_in};

    #[test]
    fn a_leader_is_read_from_what_servers_say() {
        let leader = |text: &str| leader_in(&read_facts(text));
        assert_eq!(leader("# Quorate\r\nterm:7\r\nleader:n2\r\n"), Some((1, 7)));
        for unknown in
            ["", "leader:n2", "term:7\nleader:none", "term:7\nleader:n0", "term:x\nleader:n1"]
        {
            assert_eq!(leader(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn resident_memory_is_read() {
        assert_eq!(resident_in("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t   2048 kB\n"), Some(2 << 20));
        for wrong in ["", "VmRSS:\t x kB", "VmRSS:\t 1 MB", "VmHWM:\t 9 kB"] {
            assert_eq!(resident_in(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn all_ports_differ() {
        let mut ports: Vec<u16> =
            free_ports().expect("free").into_iter().flat_map(|(a, b)| [a, b]).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 2 * COUNT);
    }
}
