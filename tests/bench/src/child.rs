//! Other programs: running them to their end, and what processor time they took.
//!
//! A program is run alone, so that what the system adds up for all ended children of this process is,
//! between two looks, the time of that program. It is a sum over all its threads.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(5);
/// The unit in which Linux gives processor times to programs, in parts of a second.
const TICKS: f64 = 100.0;

/// A program that has ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How.
    pub(crate) status: ExitStatus,
    /// What it printed on its standard output.
    pub(crate) stdout: String,
    /// The processor time that it took, in seconds, where the system tells.
    pub(crate) cpu_seconds: Option<f64>,
}

/// Runs a program; its standard error is shown. One that takes longer than the limit is ended.
///
/// # Errors
/// When it cannot be started, or did not end in time.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Ended, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let before = children_seconds();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let output = child.stdout.take();
    // It is read while the program runs, which would otherwise wait for a reader.
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        output.map_or(Ok(0), |mut output| output.read_to_end(&mut bytes)).map(|_| bytes)
    });
    let status = wait(&mut child, limit).map_err(|error| format!("{name}: {error}"))?;
    let bytes = reader.join().map_err(|_| format!("{name}: its output could not be read"))?;
    let bytes = bytes.map_err(|error| format!("{name}: {error}"))?;
    let status = status.ok_or_else(|| {
        format!("{name}: not done after {} s; expected less", limit.as_secs_f64())
    })?;
    let cpu_seconds = children_seconds().zip(before).map(|(after, before)| after - before);
    Ok(Ended { status, stdout: String::from_utf8_lossy(&bytes).into_owned(), cpu_seconds })
}

/// Waits for a program; nothing if it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(GLANCE);
    }
}

/// The processor seconds of all children of this process that have ended, where the system tells.
fn children_seconds() -> Option<f64> {
    seconds_in(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// The processor seconds of ended children in the text of a `/proc/PID/stat`: user and system time, its
/// fields 16 and 17 by the manual page proc_pid_stat(5), of which the second may hold anything in parentheses.
fn seconds_in(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / TICKS)
}

#[cfg(test)]
mod tests {
    use super::{run, seconds_in};
    use std::process::Command;
    use std::time::{Duration, Instant};

    #[test]
    fn processor_times_are_found_behind_a_name_of_any_form() {
        let stat =
            "4242 (a (b) c 1 2) S 1 4242 4242 0 -1 4194304 100 200 0 0 7 3 150 25 20 0 1 0 99 0";
        assert_eq!(seconds_in(stat), Some(1.75));
        assert_eq!(seconds_in("4242 (x) S 1 2 3"), None);
        assert_eq!(seconds_in(&stat.replace("150", "-1")), None);
        assert_eq!(seconds_in(""), None);
    }

    #[test]
    fn what_a_program_prints_and_how_it_ends_is_told() {
        let mut command = Command::new("cargo");
        let ended = run(command.arg("--version"), Duration::from_secs(60)).expect("cargo is there");
        assert!(ended.status.success() && ended.stdout.starts_with("cargo "), "{ended:?}");
        let ended = run(&mut Command::new("false"), Duration::from_secs(60));
        assert!(!ended.expect("it runs").status.success());
        let missing = run(&mut Command::new("quorate-no-such-program"), Duration::from_secs(60));
        assert!(missing.expect_err("it is missing").starts_with("quorate-no-such-program: "));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let begun = Instant::now();
        let result = run(Command::new("sleep").arg("600"), Duration::from_millis(10));
        assert_eq!(result.expect_err("it sleeps"), "sleep: not done after 0.01 s; expected less");
        assert!(begun.elapsed() < Duration::from_secs(300));
    }
}
