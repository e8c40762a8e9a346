//! The servers of one system, as processes of their own on loopback.

use super::crowd::ask_once;
use super::process::{Process, free_ports};
use super::speech::{Answer, Ask, View};
use super::systems::{Kind, Timing};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server is asked how it is.
const ASK: Duration = Duration::from_millis(500);
/// How often.
const LOOK: Duration = Duration::from_millis(10);

/// Where a server listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    /// For other servers.
    pub(super) peers: u16,
    /// For clients.
    pub(super) clients: u16,
}

/// Who leads, and since when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Leader {
    /// Its place among the servers.
    pub(super) place: usize,
    /// Its term.
    pub(super) term: u64,
}

/// The servers; in messages the first is n1.
pub(super) struct Servers {
    /// Of which system they are.
    pub(super) kind: Kind,
    timing: Timing,
    program: PathBuf,
    directory: PathBuf,
    ports: Vec<Ports>,
    processes: Vec<Option<Process>>,
}

impl Servers {
    /// Starts servers with empty logs below a directory, and waits until one leads.
    ///
    /// # Errors
    /// When there is no program, one does not start, or none leads.
    pub(super) fn start(kind: Kind, timing: Timing, directory: &Path) -> Result<Servers, String> {
        let ports = free_ports(2 * kind.servers())?;
        let ports = ports.chunks_exact(2).map(|pair| Ports { peers: pair[0], clients: pair[1] });
        let mut servers = Servers {
            kind,
            timing,
            program: kind.program()?,
            directory: directory.join(kind.name()),
            ports: ports.collect(),
            processes: Vec::new(),
        };
        for place in 0..kind.servers() {
            let data = servers.data(place);
            fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
            let process = servers.spawn(place, true)?;
            servers.processes.push(Some(process));
        }
        servers.leader()?;
        Ok(servers)
    }

    /// Starts a server that was killed, and waits until it has applied all that is committed by now.
    ///
    /// # Errors
    /// When it cannot be started, or does not catch up in time.
    pub(super) fn start_again(&mut self, place: usize) -> Result<(), String> {
        self.processes[place] = Some(self.spawn(place, false)?);
        let committed = self.committed()?;
        self.wait_for("a server that has caught up", || {
            self.view(place).filter(|view| view.applied >= committed)
        })?;
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

    /// The port for clients of the server at a place.
    pub(super) fn port(&self, place: usize) -> u16 {
        self.ports[place].clients
    }

    /// The ports for clients of all servers but this one.
    pub(super) fn ports_but(&self, place: usize) -> Vec<u16> {
        let others = self.ports.iter().enumerate().filter(|(other, _)| *other != place);
        others.map(|(_, ports)| ports.clients).collect()
    }

    /// Waits until all servers agree who leads.
    ///
    /// # Errors
    /// When they do not in time; then with the last words of each.
    pub(super) fn leader(&self) -> Result<Leader, String> {
        self.wait_for("a leader", || {
            let views = (0..self.ports.len()).map(|place| self.view(place));
            leader_in(&views.collect::<Option<Vec<View>>>()?)
        })
    }

    /// The memory that each server holds now, in MiB.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(super) fn memory(&self) -> Result<Vec<f64>, String> {
        let each = self.processes.iter().map(|process| process.as_ref()?.memory());
        let each = each.map(|bytes| bytes.map(|bytes| bytes as f64 / f64::from(1 << 20)));
        let untold = || "this system does not tell the memory of a process".to_owned();
        each.collect::<Option<_>>().ok_or_else(untold)
    }

    /// Up to which index the leader knows the entries of the log to be committed.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) fn committed(&self) -> Result<u64, String> {
        let Leader { place, .. } = self.leader()?;
        let view = self.view(place).ok_or_else(|| format!("n{}: no answer", place + 1))?;
        Ok(view.committed)
    }

    /// The processor time that all servers together have taken, in seconds, if the system tells.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.processes.iter().flatten().map(Process::seconds).sum()
    }

    /// What a server says of itself, if it answers.
    fn view(&self, place: usize) -> Option<View> {
        match ask_once(self.port(place), self.kind.speech(), &Ask::View, ASK) {
            Ok(Answer::View(view)) => Some(view),
            _ => None,
        }
    }

    fn spawn(&self, place: usize, is_new: bool) -> Result<Process, String> {
        let data = self.data(place);
        let words = self.kind.arguments(place, &self.ports, &data, self.timing, is_new);
        Process::start(&self.program, &words, &self.said(place))
    }

    fn data(&self, place: usize) -> PathBuf {
        self.directory.join(format!("n{}", place + 1))
    }

    fn said(&self, place: usize) -> PathBuf {
        self.directory.join(format!("n{}.log", place + 1))
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
            let text = fs::read_to_string(self.said(place)).unwrap_or_default();
            format!("n{}: {}", place + 1, text.lines().last().unwrap_or("nothing"))
        };
        let last: Vec<String> = (0..self.ports.len()).map(last).collect();
        let (name, seconds, last) = (self.kind.name(), PATIENCE.as_secs(), last.join("; "));
        Err(format!("{name}: no sign of {what} in {seconds} s; the servers' last words: {last}"))
    }
}

/// Who leads, if all servers say the same.
fn leader_in(views: &[View]) -> Option<Leader> {
    let View { leader, term, .. } = *views.first()?;
    let do_agree = views.iter().all(|view| (view.leader, view.term) == (leader, term));
    let place = views.iter().position(|view| view.me == leader)?;
    do_agree.then_some(Leader { place, term })
}

#[cfg(test)]
mod tests {
    use super::{Leader, View, leader_in};

    #[test]
    fn a_leader_is_one_of_whom_all_say_so() {
        let view = |me, leader, term| View { me, leader, term, committed: 0, applied: 0 };
        let led = |views: &[View]| leader_in(views);
        let all = [view(9, 7, 2), view(7, 7, 2), view(8, 7, 2)];
        assert_eq!(led(&all), Some(Leader { place: 1, term: 2 }));
        assert_eq!(led(&[view(1, 1, 0)]), Some(Leader { place: 0, term: 0 }));
        for (place, other) in [(0, view(9, 9, 2)), (1, view(7, 7, 3)), (1, view(6, 7, 2))] {
            let mut views = all;
            views[place] = other;
            assert_eq!(led(&views), None, "{other:?}");
        }
        assert_eq!(led(&[view(1, 0, 1), view(2, 0, 1)]), None);
        assert_eq!(led(&[]), None);
    }
}
