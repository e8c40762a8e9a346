//! Configuration files.

use crate::command::{self, Exit};
use std::fs;
use std::path::PathBuf;

/// Reads bytes as a configuration file.
///
/// # Panics
/// When an error is not one line that names the file and says what is expected.
pub fn configuration(bytes: &[u8]) {
    let file = file();
    fs::write(&file, bytes).expect("the directory for temporary files can be written");
    let Err(failure) = command::read(&file) else { return };
    let message = &failure.message;
    assert_eq!(failure.exit, Exit::BadData, "{message}");
    assert_eq!(message.lines().count(), 1, "{message:?}");
    assert!(message.starts_with(&format!("{}:", file.display())), "{message}");
    assert!(message.contains("; expected "), "{message}");
}

/// A file of this process, in memory where there is such a directory.
fn file() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("quorate-fuzz-{}.toml", std::process::id()))
}
