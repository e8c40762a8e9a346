//! Shutdown leaves no thread. Alone in its file, because it counts the threads of the whole process.
#![cfg(target_os = "linux")]

mod common;

use common::*;
use std::time::{Duration, Instant};

fn threads_of_meshes() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    let names = tasks.flatten().filter_map(name).map(|name| name.trim().to_string());
    names.filter(|name| name.starts_with("peer-")).collect()
}

#[test]
fn shutdown_leaves_no_thread() {
    for _ in 0..3 {
        let servers = start_all(3);
        for (server, number) in servers.iter().zip(1..) {
            for peer in (1..=3).filter(|peer| *peer != number) {
                server.wait_for_line(&format!("connected to n{peer}"));
                server.wait_for_line(&format!("accepted n{peer}"));
            }
        }
        // Three listeners, six writers, six readers.
        assert_eq!(threads_of_meshes().len(), 15, "{:?}", threads_of_meshes());
        for server in servers {
            server.mesh.shutdown();
        }
        // A thread that was waited for has done its work, and the system takes its entry away a moment later.
        let begun = Instant::now();
        while !threads_of_meshes().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", threads_of_meshes());
            std::thread::yield_now();
        }
    }
}
