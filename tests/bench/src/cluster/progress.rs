//! What is being done, and how long the rest takes.

/// How long the rest takes about, in seconds.
pub(super) struct Progress(f64);

impl Progress {
    /// Before anything is done.
    pub(super) fn new(seconds: f64) -> Progress {
        Progress(seconds)
    }

    /// Tells what is done now, which takes so many seconds about.
    pub(super) fn step(&mut self, what: &str, seconds: f64) {
        eprintln!("-- {what}; {} to go", shown(self.0));
        self.0 -= seconds;
    }
}

/// A time as people say it.
fn shown(seconds: f64) -> String {
    // An estimate that is used up before its time is not below nothing.
    let seconds = seconds.max(0.0).round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("about {seconds} s"),
        (minutes, seconds) => format!("about {minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn times_are_told_in_minutes_and_seconds() {
        assert_eq!(
            [-3.0, 59.4, 60.0, 185.6].map(shown),
            ["about 0 s", "about 59 s", "about 1 min 0 s", "about 3 min 6 s"]
        );
    }
}
