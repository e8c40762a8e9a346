//! Running commands: their output streams through while it is read.

use crate::workspace_root;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a command from the root of the workspace, passing its standard output through line by line.
/// Whether it succeeded.
///
/// # Errors
/// When it could not be started.
pub(crate) fn stream(command: &mut Command, see: impl FnMut(&str)) -> std::io::Result<bool> {
    stream_in(&workspace_root(), command, see)
}

/// Runs a command from this folder, passing its standard output through line by line. Whether it succeeded.
///
/// # Errors
/// When it could not be started.
pub(crate) fn stream_in(
    folder: &Path,
    command: &mut Command,
    mut see: impl FnMut(&str),
) -> std::io::Result<bool> {
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        // Bytes that are no text are passed on all the same: not reading on would block the command.
        while output.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            see(text.trim_end_matches(['\r', '\n']));
            print!("{text}");
            line.clear();
        }
    }
    Ok(child.wait()?.success())
}

#[cfg(test)]
mod tests {
    use super::stream;
    use std::process::Command;

    #[test]
    fn output_is_seen_line_by_line() {
        let mut lines = Vec::new();
        let cargo = stream(Command::new("cargo").arg("--version"), |line| lines.push(line.into()));
        assert!(cargo.is_ok_and(|succeeded| succeeded));
        let lines: Vec<String> = lines;
        assert!(lines.len() == 1 && lines[0].starts_with("cargo "), "{lines:?}");
    }

    #[test]
    fn a_failure_is_no_success_and_a_missing_program_is_an_error() {
        let failure = stream(&mut Command::new("false"), |_| ());
        assert!(failure.is_ok_and(|succeeded| !succeeded));
        assert!(stream(&mut Command::new("quorate-no-such-program"), |_| ()).is_err());
    }
}
