//! Showing how far something is: one line that is written anew on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How often a line is written to a terminal, and elsewhere.
const INTERVALS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

/// A line of progress on standard error.
pub(super) struct OneLine {
    is_terminal: bool,
    last: Duration,
    is_written: bool,
}

impl OneLine {
    /// A line that has not been written.
    pub(super) fn new() -> OneLine {
        let is_terminal = std::io::stderr().is_terminal();
        OneLine { is_terminal, last: Duration::ZERO, is_written: false }
    }

    /// Writes the line, if it is time to.
    pub(super) fn show(&mut self, elapsed: Duration, line: impl FnOnce() -> String) {
        let [on_terminal, elsewhere] = INTERVALS;
        let interval = if self.is_terminal { on_terminal } else { elsewhere };
        if elapsed.saturating_sub(self.last) < interval {
            return;
        }
        self.last = elapsed;
        let line = line();
        let mut err = std::io::stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        let _ = if self.is_terminal {
            self.is_written = true;
            // Without automatic margins, a line too long for the terminal is cut and not wrapped.
            write!(err, "\r\x1b[K\x1b[?7l{line}\x1b[?7h").and_then(|()| err.flush())
        } else {
            writeln!(err, "{line}")
        };
    }

    /// Removes the line from a terminal.
    pub(super) fn end(&self) {
        if self.is_written {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
        }
    }
}
