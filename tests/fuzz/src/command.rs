//! The parts of the command that read a configuration file.

#[path = "../../../src/cli/config_file.rs"]
mod config_file;
#[allow(dead_code, reason = "no lines are written here")]
#[path = "../../../src/cli/log_lines.rs"]
mod log_lines;
#[allow(dead_code, reason = "flags are not read here")]
#[path = "../../../src/cli/settings.rs"]
mod settings;
#[allow(dead_code, reason = "only errors are written here")]
#[path = "../../../src/cli/text.rs"]
mod text;
#[allow(dead_code, reason = "not every kind of number is a setting")]
#[path = "../../../src/cli/values.rs"]
mod values;

use std::fmt;
use std::path::Path;

/// Which kind of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    BadData,
    NoInput,
}

/// An error in one line.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl fmt::Display) -> Failure {
        Failure { exit, message: message.to_string() }
    }
}

/// Where lines of a server would go.
fn note(line: &str) {
    eprintln!("{line}");
}

/// Reads a configuration file.
pub(crate) fn read(file: &Path) -> Result<(), Failure> {
    config_file::read(file, &mut settings::Settings::default())
}
