//! Threads and locks of the runtime: only through its module `sync`.
//!
//! What is not taken from there, loom does not see, and a test that tries every order has not tried that one.

use crate::source::{File, line_of};

/// The one file that may name the real things.
const SYNC: &str = "src/runtime/sync.rs";

/// Crates of their own below the runtime, which loom does not run.
const OTHER_CRATES: &[&str] = &["src/runtime/wal/", "src/runtime/net/"];

/// What else of `std::sync` may be used: it neither waits nor makes anyone wait.
const HARMLESS: &str = "Arc";

/// Checks a file, if it is one of the runtime's.
pub(crate) fn check(file: &File) -> Vec<String> {
    let is_runtime = file.path.starts_with("src/runtime/") && file.path != SYNC;
    if !is_runtime || OTHER_CRATES.iter().any(|folder| file.path.starts_with(folder)) {
        return Vec::new();
    }
    let code = file.product_code();
    let mut complaints = Vec::new();
    for path in ["std::sync::", "std::thread", "std::{", "loom::"] {
        for (at, _) in code.match_indices(path) {
            let name = &code[at + path.len()..];
            let is_harmless = path == "std::sync::"
                && name
                    .strip_prefix(HARMLESS)
                    .is_some_and(|rest| rest.starts_with([';', ':', '<']));
            if !is_harmless {
                let line = line_of(&code, at);
                let what = "in the runtime; threads and locks come from its module sync";
                complaints.push(format!("{}:{line}: `{path}` {what}", file.path));
            }
        }
    }
    complaints
}

#[test]
fn threads_and_locks_that_loom_does_not_see_are_found() {
    let found = |path: &str, text: &str| check(&File::new(path, text)).len();
    for bad in [
        "use std::sync::Mutex;",
        "use std::sync::{Arc, Mutex};",
        "use std::sync::atomic::AtomicU64;",
        "use std::thread;",
        "fn f() { std::thread::spawn(g); }",
        "use std::{sync, thread};",
        "use loom::sync::Mutex;",
    ] {
        assert_eq!(found("src/runtime/driver.rs", bad), 1, "{bad}");
        assert_eq!(found(SYNC, bad), 0, "{bad}");
        assert_eq!(found("src/runtime/tests/cluster.rs", bad), 0, "{bad}");
        assert_eq!(found("src/core/step.rs", bad), 0, "{bad}");
    }
    let good = "use crate::sync::Mutex;\nuse std::sync::Arc;\n// std::thread\nfn f(thread: u8) {}";
    assert_eq!(found("src/runtime/driver.rs", good), 0);
}
