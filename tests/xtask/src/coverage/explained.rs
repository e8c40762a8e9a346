//! The lines that are known not to be reached, and why.

use std::collections::BTreeMap;

/// Lines that are not reached, each with its reason.
pub(super) struct Explained {
    /// For each file and code, whether a line with that code was not reached. Instead of code, `fn name` stands
    /// for the lines of every function of that name.
    lines: BTreeMap<(String, String), bool>,
}

impl Explained {
    /// Reads a list: a line `file | code | reason` each; blank lines and those that begin with `#` are for
    /// readers.
    ///
    /// # Errors
    /// The first line that has no reason, or that was there before.
    pub(super) fn parse(text: &str) -> Result<Explained, String> {
        let mut lines = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("line {number}: {line:?}; expected file | code | reason, once");
            let (file, rest) = line.split_once(" | ").ok_or_else(wrong)?;
            // Code may have bars of its own, a reason may not.
            let (code, reason) = rest.rsplit_once(" | ").ok_or_else(wrong)?;
            let key = (file.to_owned(), code.to_owned());
            if reason.trim().is_empty() || lines.insert(key, false).is_some() {
                return Err(wrong());
            }
        }
        Ok(Explained { lines })
    }

    /// Whether a line with this code in this function need not be reached; then it is not.
    pub(super) fn takes(&mut self, file: &str, function: &str, code: &str) -> bool {
        let keys = [code.to_owned(), format!("fn {function}")];
        keys.into_iter().any(|key| {
            let known = self.lines.get_mut(&(file.to_owned(), key));
            known.map(|used| *used = true).is_some()
        })
    }

    /// The lines that were reached after all, or that are gone.
    pub(super) fn unused(&self) -> Vec<(&str, &str)> {
        let unused = self.lines.iter().filter(|(_, used)| !**used);
        unused.map(|((file, code), _)| (file.as_str(), code.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Explained;

    #[test]
    fn an_explanation_is_used_or_stale() {
        let text = "# why\n\na.rs | fn f | nobody asks\nb.rs | x || y => 1, | for readers\n";
        let mut explained = Explained::parse(text).expect("two explanations");
        assert!(explained.takes("a.rs", "f", "}") && !explained.takes("a.rs", "g", "}"));
        assert_eq!(explained.unused(), [("b.rs", "x || y => 1,")]);
        assert!(explained.takes("b.rs", "h", "x || y => 1,"));
        assert_eq!(explained.unused(), []);
    }

    #[test]
    fn an_explanation_without_a_reason_is_refused() {
        for text in ["a.rs | f", "a.rs", "a.rs | f | ", "a.rs | f | x\na.rs | f | y"] {
            assert!(Explained::parse(text).is_err(), "{text}");
        }
    }
}
