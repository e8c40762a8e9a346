//! The servers of `quorate cluster`, as processes of their own.
//!
//! A process that is left behind would hold ports and a log, so each has two reasons to end: it is told to, and
//! its standard input ends when this process does, however that happens.

use super::ask::{Facts, info};
use super::place::Ports;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server is asked how it is.
const ASK: Duration = Duration::from_millis(500);
/// How often to look whether a process has ended.
const LOOK: Duration = Duration::from_millis(10);
/// How long servers may take to end after they were told to: their clients' requests may take so long.
const PATIENCE: Duration = Duration::from_secs(15);

/// One server.
pub(super) struct Server {
    pub(super) number: usize,
    /// The port for clients, on loopback.
    pub(super) client_port: u16,
    /// The port for operators.
    pub(super) http_port: u16,
    /// Its configuration file.
    pub(super) config: PathBuf,
    /// Where it writes what happens.
    pub(super) log: PathBuf,
    process: Child,
    has_ended: bool,
}

impl Server {
    /// Starts a server from its configuration file.
    pub(super) fn start(directory: &Path, number: usize, ports: Ports) -> io::Result<Server> {
        let config = directory.join(format!("n{number}.toml"));
        let log = directory.join(format!("n{number}.log"));
        let lines = File::options().create(true).append(true).open(&log)?;
        let process = Command::new(std::env::current_exe()?)
            .args(["serve", "--stop-on-eof", "--config"])
            .arg(&config)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(lines)
            // Ctrl-C is for this process, which then tells the servers.
            .process_group(0)
            .spawn()?;
        let Ports { client: client_port, http: http_port, .. } = ports;
        Ok(Server { number, client_port, http_port, config, log, process, has_ended: false })
    }

    /// Whether it is still running, as far as is known.
    pub(super) fn is_running(&self) -> bool {
        !self.has_ended
    }

    /// How it ended, once, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        if self.has_ended {
            return None;
        }
        let status = self.process.try_wait().ok().flatten()?;
        self.has_ended = true;
        Some(status)
    }

    /// What it says of itself, if it answers.
    pub(super) fn facts(&self) -> Option<Facts> {
        info(&format!("127.0.0.1:{}", self.client_port), ASK).ok()
    }

    /// The last thing that it said.
    pub(super) fn last_line(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().last().unwrap_or("nothing").to_owned()
    }

    /// Ends at once, if it has not ended before.
    fn kill(&mut self) {
        // That it has ended by itself is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.has_ended = true;
    }
}

/// The servers, none of which outlives this.
#[derive(Default)]
pub(super) struct Servers(pub(super) Vec<Server>);

impl Servers {
    /// Tells all servers to stop, and waits for them. Returns how many had to be killed.
    pub(super) fn stop(&mut self) -> usize {
        for server in &mut self.0 {
            drop(server.process.stdin.take());
        }
        let until = Instant::now() + PATIENCE;
        let mut killed = 0;
        for server in &mut self.0 {
            while server.is_running() && server.ended().is_none() {
                if Instant::now() >= until {
                    server.kill();
                    killed += 1;
                }
                thread::sleep(LOOK);
            }
        }
        killed
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Server::kill);
    }
}
