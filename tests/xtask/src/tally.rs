//! What has passed, what has failed, and what could not run.

/// The exit code when something failed.
const FAILED: u8 = 1;
/// The exit code when nothing failed but something could not run.
const NOT_RUN: u8 = 3;

/// What running the steps has shown so far.
#[derive(Default, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed; a command without a test harness is one test.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// What could not run. It is never counted as passed.
    pub(crate) not_run: Vec<NotRun>,
}

/// Something that could not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotRun {
    /// Which step or mutation.
    pub(crate) name: String,
    /// Why it could not.
    pub(crate) why: String,
    /// What to do so that it can.
    pub(crate) how: String,
}

impl Tally {
    /// Counts one test.
    pub(crate) fn count(&mut self, passed: bool) {
        *(if passed { &mut self.passed } else { &mut self.failed }) += 1;
    }

    /// Adds what another tally has counted.
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.not_run.extend(other.not_run);
    }

    /// The closing lines: what could not run, and then the counts, alone on the last line.
    pub(crate) fn summary(&self) -> String {
        let mut lines: Vec<String> = self
            .not_run
            .iter()
            .map(|n| format!("NOT RUN {}: {}; to run it: {}", n.name, n.why, n.how))
            .collect();
        lines.push(format!("{} passed, {} failed", self.passed, self.failed));
        lines.join("\n")
    }

    /// The exit code of the whole run.
    pub(crate) fn exit_code(&self) -> u8 {
        match (self.failed, self.not_run.is_empty()) {
            (0, true) => 0,
            (0, false) => NOT_RUN,
            _ => FAILED,
        }
    }
}

/// The numbers of passed and failed tests of one command, as its test harnesses report them.
#[derive(Default)]
pub(crate) struct HarnessCounts {
    passed: u64,
    failed: u64,
}

impl HarnessCounts {
    /// Takes in one line of output.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some((passed, failed)) = harness_counts(line) {
            self.passed += passed;
            self.failed += failed;
        }
    }

    /// What the command counts as, given whether it succeeded.
    ///
    /// A command without a test harness is one test. One that breaks outside its tests - it does not
    /// compile, or a harness dies before it can count - is one failure on top of what was counted.
    pub(crate) fn finish(self, succeeded: bool) -> Tally {
        let mut tally = Tally { passed: self.passed, failed: self.failed, not_run: Vec::new() };
        if !succeeded && self.failed == 0 {
            tally.count(false);
        } else if self.passed + self.failed == 0 {
            tally.count(true);
        }
        tally
    }
}

/// The numbers of passed and failed tests in a closing line of the standard test harness.
fn harness_counts(line: &str) -> Option<(u64, u64)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let mut parts = counts.split("; ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some((passed, failed))
}

#[cfg(test)]
mod tests {
    use super::{HarnessCounts, NotRun, Tally, harness_counts};

    fn not_run() -> NotRun {
        NotRun { name: "lint".into(), why: "clippy is missing".into(), how: "install it".into() }
    }

    #[test]
    fn counts_come_from_the_harness_line_alone() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out";
        assert_eq!(harness_counts(line), Some((12, 3)));
        assert_eq!(harness_counts("12 passed; 3 failed"), None);
    }

    fn finished(lines: &[&str], succeeded: bool) -> (u64, u64) {
        let mut counts = HarnessCounts::default();
        lines.iter().for_each(|line| counts.read(line));
        let tally = counts.finish(succeeded);
        (tally.passed, tally.failed)
    }

    #[test]
    fn a_command_without_a_harness_is_one_test() {
        assert_eq!(finished(&["anything"], true), (1, 0));
        assert_eq!(finished(&["anything"], false), (0, 1));
    }

    #[test]
    fn several_harnesses_add_up() {
        let lines = [
            "test result: ok. 2 passed; 0 failed; x",
            "test result: FAILED. 3 passed; 1 failed; x",
        ];
        assert_eq!(finished(&lines, false), (5, 1));
        // A harness that fails and a command that claims success do not cancel.
        assert_eq!(finished(&lines, true), (5, 1));
    }

    #[test]
    fn a_break_outside_the_tests_is_a_failure() {
        assert_eq!(finished(&["test result: ok. 7 passed; 0 failed; x"], false), (7, 1));
    }

    #[test]
    fn the_exit_code_says_failed_before_not_run() {
        let with = |passed, failed, not_run| Tally { passed, failed, not_run }.exit_code();
        assert_eq!(with(4, 0, vec![]), 0);
        assert_eq!(with(4, 1, vec![]), 1);
        assert_eq!(with(4, 1, vec![not_run()]), 1);
        assert_eq!(with(4, 0, vec![not_run()]), 3);
        assert_eq!(with(0, 0, vec![not_run()]), 3);
    }

    #[test]
    fn the_last_line_is_the_counts_alone() {
        let mut tally = Tally { passed: 4, failed: 1, not_run: vec![not_run()] };
        tally.add(Tally { passed: 2, failed: 0, not_run: vec![] });
        let expected = "NOT RUN lint: clippy is missing; to run it: install it\n6 passed, 1 failed";
        assert_eq!(tally.summary(), expected);
    }
}
