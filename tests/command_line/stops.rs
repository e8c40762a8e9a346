use crate::session::{Run, Session, quorate};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Checks that a search was stopped, by what, and that it told what it had done.
fn must_be_incomplete(run: &Run, stopped_by: &str) {
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let verdict = format!("\nINCOMPLETE: stopped by {stopped_by}; no violation among the ");
    assert!(run.stdout.contains(&verdict), "{}", run.stdout);
    for line in ["\n  states     ", "\n  actions    ", "\n  next       quorate check elections"] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
    assert!(!run.stdout.contains("EXHAUSTED"));
}

#[test]
fn every_limit_ends_a_search_as_incomplete() {
    let mut session = Session::new("stops");
    let limit = "check elections --plain --state-limit 1000";
    must_be_incomplete(&session.run(limit), "the limit of 1000 distinct states");
    let limit = "check elections --plain --search dfs --time-limit 0.2s";
    must_be_incomplete(&session.run(limit), "the time limit of 0.2 s");
    let limit = "check elections --plain --memory-limit 1M";
    must_be_incomplete(&session.run(limit), "the memory limit of 1 MiB");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_search_as_incomplete() {
    let mut child = quorate()
        .args(["check", "elections", "--plain"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command was built");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut text = String::new();
    // Once it has said what it is about to do, it can be interrupted.
    stdout.read_line(&mut text).expect("it says what it does");
    sleep(Duration::from_millis(200));
    let interrupted = Instant::now();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("the system has a command `kill`").success());
    stdout.read_to_string(&mut text).expect("what it says is text");
    let code = child.wait().expect("it ends").code();
    let mut stderr = String::new();
    let mut errors = child.stderr.take().expect("it is piped");
    errors.read_to_string(&mut stderr).expect("what it says is text");
    assert!(interrupted.elapsed() < Duration::from_secs(30), "it took {:?}", interrupted.elapsed());
    assert_eq!(stderr, "");
    must_be_incomplete(&Run { code, stdout: text, stderr }, "an interrupt");
}

/// A search starts once more with huge pages, as the same process; whoever has decided on them otherwise is left alone.
#[cfg(target_os = "linux")]
#[test]
fn a_search_asks_for_huge_pages_unless_told_otherwise() {
    let who = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    let are_asked_for = who.is_ok_and(|who| who.contains("[madvise]"));
    for (set, expected) in [(None, are_asked_for), (Some(""), false)] {
        let mut command = quorate();
        command.args(["check", "elections", "--plain", "--time-limit", "30"]);
        command.stdout(Stdio::piped()).env_remove("GLIBC_TUNABLES");
        command.envs(set.map(|value| ("GLIBC_TUNABLES", value)));
        let mut child = command.spawn().expect("the command was built");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut text = String::new();
        stdout.read_line(&mut text).expect("it says what it does");
        assert!(text.starts_with("check elections"), "{text}");
        let environment = std::fs::read(format!("/proc/{}/environ", child.id())).expect("it runs");
        let asks = environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == b"GLIBC_TUNABLES=glibc.malloc.hugetlb=1");
        child.kill().expect("it runs");
        child.wait().expect("it was killed");
        assert_eq!(asks, expected && cfg!(target_env = "gnu"), "{set:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_accident() {
    for (arguments, code) in [("list", 0), ("check pair", 0), ("check smok", 64)] {
        let mut child = quorate()
            .args(arguments.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command was built");
        drop(child.stdout.take());
        let mut errors = child.stderr.take();
        if code == 64 {
            errors = None;
        }
        let mut stderr = String::new();
        if let Some(errors) = &mut errors {
            errors.read_to_string(&mut stderr).expect("what it says is text");
        }
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{arguments}");
        assert_eq!(stderr, "", "{arguments}");
    }
}
