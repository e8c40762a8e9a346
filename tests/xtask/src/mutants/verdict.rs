//! What a check said about a mutation, and whether that counts as finding it.

use serde_json::Value;

/// The exit code of a check that found a violation.
const VIOLATED: i32 = 1;

/// How a check ended.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Its exit code, unless a signal ended it.
    exit_code: Option<i32>,
    /// Its report, if that could be read.
    report: Option<Value>,
    /// The end of what it printed, for messages.
    tail: String,
}

/// A mutation that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kill {
    /// The violated property.
    pub(crate) property: String,
    /// How many distinct states were visited before.
    pub(crate) states: Option<u64>,
    /// How many actions the counterexample has.
    pub(crate) length: Option<u64>,
}

/// A check that found no violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pass {
    /// How many distinct states it visited, if it counts any.
    pub(crate) states: Option<u64>,
}

impl Verdict {
    /// Reads how a check ended from its exit code and output.
    pub(crate) fn new(exit_code: Option<i32>, stdout: &str, stderr: &str) -> Verdict {
        let is_report =
            |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
        // The report is all of the output, or its last line.
        let report = is_report(stdout).or_else(|| stdout.lines().rev().find_map(is_report));
        let text = if stderr.trim().is_empty() { stdout } else { stderr };
        let mut tail: Vec<&str> = text.trim().lines().rev().take(3).collect();
        tail.reverse();
        Verdict { exit_code, report, tail: tail.join(" | ") }
    }

    /// Whether everything holds, as it must without the mutation.
    ///
    /// # Errors
    /// What the check said instead.
    pub(crate) fn pass(&self) -> Result<Pass, String> {
        match (self.exit_code, &self.report) {
            (Some(0), Some(report)) => Ok(Pass { states: states(report) }),
            (Some(0), None) => Err(format!("no JSON report; expected one object: {}", self.tail)),
            (code, _) => {
                let code = describe(code);
                Err(format!("it ended with {code}; expected 0; repair that first: {}", self.tail))
            }
        }
    }

    /// Whether everything was explored and no property is violated. A mutation may well change how many states
    /// there are, and what happens in them.
    ///
    /// # Errors
    /// What the check said instead.
    pub(crate) fn no_harm(&self) -> Result<Pass, String> {
        let report =
            self.report.as_ref().filter(|_| [Some(0), Some(VIOLATED)].contains(&self.exit_code));
        let Some(report) = report else {
            let code = describe(self.exit_code);
            return Err(format!("the check ended with {code}; expected an end: {}", self.tail));
        };
        let verdict = verdict(report);
        if ["exhausted", "count changed", "vacuous"].iter().any(|end| same_name(end, verdict)) {
            return Ok(Pass { states: states(report) });
        }
        let property = violated(report);
        Err(format!("verdict: {verdict:?} {property}; expected that nothing is violated"))
    }

    /// The kill, if a property that the mutation names was violated, or a witness that it names not reached.
    ///
    /// # Errors
    /// Why this does not count as found.
    pub(crate) fn kill(&self, killed_by: &[String]) -> Result<Kill, String> {
        if self.exit_code == Some(0) {
            return Err(
                "it SURVIVED: everything holds; a check is missing, or the patch is no mistake"
                    .into(),
            );
        }
        if self.exit_code != Some(VIOLATED) {
            let code = describe(self.exit_code);
            return Err(format!("the check ended with {code}; expected {VIOLATED}: {}", self.tail));
        }
        let Some(report) = &self.report else {
            return Err(format!("no JSON report; expected one object: {}", self.tail));
        };
        let is_named = |property: &str| killed_by.iter().any(|name| same_name(name, property));
        let expected = killed_by.join(", ");
        let states = states(report);
        match verdict(report) {
            found if same_name(found, "violated") => {
                let property = violated(report);
                if !is_named(&property) {
                    let found = format!("property: {property:?} was violated");
                    return Err(format!("{found}; expected one of {expected}"));
                }
                let length = report.pointer("/violation/length").and_then(Value::as_u64);
                Ok(Kill { property, states, length })
            }
            // Nothing is wrong, for what must happen never does.
            found if same_name(found, "vacuous") => {
                let missing = report.get("missing").and_then(Value::as_array);
                let mut missing = missing.into_iter().flatten().filter_map(Value::as_str);
                match missing.find(|name| is_named(name)) {
                    Some(name) => {
                        Ok(Kill { property: format!("{name} missing"), states, length: None })
                    }
                    None => Err(format!("verdict: {found:?}; expected one of {expected}")),
                }
            }
            found => Err(format!("verdict: {found:?}; expected VIOLATED")),
        }
    }
}

/// The verdict of a report.
fn verdict(report: &Value) -> &str {
    report.get("verdict").and_then(Value::as_str).unwrap_or_default()
}

/// The violated property of a report.
fn violated(report: &Value) -> String {
    let property = report.pointer("/violation/property").and_then(Value::as_str);
    property.unwrap_or_default().to_string()
}

/// The distinct states of a report.
fn states(report: &Value) -> Option<u64> {
    report.get("distinct").and_then(Value::as_u64)
}

/// An exit code in words.
fn describe(exit_code: Option<i32>) -> String {
    exit_code.map_or("a signal".into(), |code| format!("exit code {code}"))
}

/// Whether two names are equal but for their spelling: `Vote Once` and `vote_once` are.
fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    letters(one) == letters(other)
}
