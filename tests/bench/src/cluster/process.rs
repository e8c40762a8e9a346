//! Servers as processes: they are started, killed, and asked of the system what they cost.
//!
//! None outlives this program: each is killed when its handle goes, and by the system when this program ends in
//! any other way. For the latter they are started through `setpriv` of util-linux, which becomes the server itself.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// The unit in which Linux gives processor times to programs, in parts of a second.
const TICKS: f64 = 100.0;

/// How often ports were looked for.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// A server that runs.
pub(super) struct Process(Child);

impl Process {
    /// Starts a program with these arguments. What it says is added to a file.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        said: &Path,
    ) -> Result<Process, String> {
        let text = |error: std::io::Error| format!("{}: {error}", program.display());
        let said = File::options().create(true).append(true).open(said).map_err(text)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments);
        // Settings from outside would make it another server than the one that is described.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ETCD_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(said.try_clone().map_err(text)?).stderr(said);
        command.spawn().map(Process).map_err(|error| {
            format!("setpriv: {error}; install util-linux with the system's package manager")
        })
    }

    /// The memory that it holds now, in bytes, if the system tells.
    pub(super) fn memory(&self) -> Option<u64> {
        resident_in(&fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?)
    }

    /// The processor time that it has taken, in seconds, if the system tells.
    pub(super) fn seconds(&self) -> Option<f64> {
        seconds_in(&fs::read_to_string(format!("/proc/{}/stat", self.0.id())).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processor time that the calling thread has taken, in seconds, if the system tells.
pub(super) fn own_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

/// So many ports that are free, from outside the range from which the system chooses.
///
/// # Errors
/// When there are not as many.
pub(super) fn free_ports(count: usize) -> Result<Vec<u16>, String> {
    // Programs that look at the same time should not look at the same ports, nor one program twice: servers that
    // have just been started may not have taken theirs yet.
    let time = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut random = fastrand::Rng::with_seed(u64::from(std::process::id()) << 32 | time);
    let candidates = std::iter::repeat_with(|| random.u16(10_000..32_000)).take(10_000);
    let listeners = candidates.filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    // All are held until all are found, so that they differ.
    let bound: Vec<TcpListener> = listeners.take(count).collect();
    let ports: Result<Vec<u16>, _> =
        bound.iter().map(|listener| listener.local_addr().map(|address| address.port())).collect();
    let ports = ports.map_err(|error| format!("ports: {error}"))?;
    if ports.len() < count {
        return Err("ports: none free on loopback; expected some between 10000 and 32000".into());
    }
    Ok(ports)
}

/// The resident memory in the text of a `/proc/PID/status`, in bytes: there in kB, by the manual page
/// proc_pid_status(5).
fn resident_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kilobytes << 10)
}

/// The processor seconds of all threads in the text of a `/proc/PID/stat`: user and system time, its fields 14 and
/// 15 by the manual page proc_pid_stat(5), of which the second may hold anything in parentheses.
fn seconds_in(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / TICKS)
}

#[cfg(test)]
mod tests {
    use super::{Process, free_ports, own_seconds, resident_in, seconds_in};
    use crate::place::Place;
    use std::path::Path;

    #[test]
    fn resident_memory_is_read() {
        assert_eq!(resident_in("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t   2048 kB\n"), Some(2 << 20));
        for wrong in ["", "VmRSS:\t x kB", "VmRSS:\t 1 MB", "VmHWM:\t 9 kB"] {
            assert_eq!(resident_in(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn processor_times_are_found_behind_a_name_of_any_form() {
        let stat = "42 (a (b) c 1 2) S 1 42 42 0 -1 4194304 100 200 0 0 150 25 7 3 20 0 1 0 99 0";
        assert_eq!(seconds_in(stat), Some(1.75));
        assert_eq!(seconds_in("42 (x) S 1 2 3"), None);
        assert_eq!(seconds_in(""), None);
    }

    #[test]
    fn all_ports_differ() {
        let mut ports = free_ports(12).expect("free");
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 12);
    }

    #[test]
    fn a_process_is_the_program_itself_and_ends_with_its_handle() {
        let place = Place::new("bench-process-test").expect("the build directory can be written");
        let process = Process::start(Path::new("sleep"), &["600"], &place.path().join("said"));
        let process = process.expect("setpriv is there");
        let of = format!("/proc/{}", process.0.id());
        // It may not have become the program yet.
        let is_it = || std::fs::read_to_string(format!("{of}/comm")).is_ok_and(|c| c == "sleep\n");
        while !is_it() {
            std::thread::yield_now();
        }
        assert!(process.memory().is_some_and(|bytes| bytes > 0));
        assert!(process.seconds().is_some_and(|seconds| seconds < 60.0));
        drop(process);
        assert!(!Path::new(&of).exists());
        assert!(own_seconds().is_some_and(|seconds| seconds > 0.0));
    }
}
