//! Showing how far a search is: one line that is written anew on a terminal, plain lines elsewhere.

use super::text::{grouped, memory, seconds};
use quorate_models::{Counts, Progress};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How often the line on a terminal is written anew.
const TERMINAL_INTERVAL: Duration = Duration::from_millis(200);

/// How often a plain line is written.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// Where progress is shown.
pub(super) struct ProgressLine {
    is_terminal: bool,
    recorded: Option<Counts>,
    /// When the last line was written, and how many distinct states there were.
    last: (Duration, u64),
    is_written: bool,
}

impl ProgressLine {
    /// Progress towards these counts, on standard error.
    pub(super) fn new(recorded: Option<Counts>) -> ProgressLine {
        let is_terminal = std::io::stderr().is_terminal();
        ProgressLine { is_terminal, recorded, last: (Duration::ZERO, 0), is_written: false }
    }

    /// Shows how far the search is, if it is time to.
    pub(super) fn show(&mut self, progress: &Progress) {
        let interval = if self.is_terminal { TERMINAL_INTERVAL } else { PLAIN_INTERVAL };
        let (last_time, last_distinct) = self.last;
        let since = progress.elapsed.saturating_sub(last_time);
        if since < interval {
            // A second search, which shortens what the first has found, begins at nothing again.
            if progress.elapsed < last_time {
                self.last = (Duration::ZERO, 0);
            }
            return;
        }
        let distinct = progress.counts.distinct;
        let rate = distinct.saturating_sub(last_distinct) as f64 / since.as_secs_f64();
        let line = describe(progress, rate, self.recorded);
        self.last = (progress.elapsed, distinct);
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

fn describe(progress: &Progress, rate: f64, recorded: Option<Counts>) -> String {
    let Counts { distinct, generated } = progress.counts;
    let elapsed = seconds(progress.elapsed);
    let share = recorded.filter(|_| !progress.is_shortening).map_or_else(String::new, |recorded| {
        let share = distinct as f64 / recorded.distinct.max(1) as f64;
        let left = recorded.distinct.saturating_sub(distinct) as f64 / rate.max(1.0);
        format!(" {:.0} % of the record, {left:.0} s left,", share * 100.0)
    });
    let what = if progress.is_shortening { " shortening," } else { "" };
    let held = progress.memory.map_or_else(String::new, |bytes| format!(", {}", memory(bytes)));
    format!(
        "{elapsed}:{what}{share} {} distinct, {} generated, {}/s, depth {}{held}",
        grouped(distinct),
        grouped(generated),
        grouped(rate as u64),
        progress.depth,
    )
}
