//! Functions in source text that the formatter has laid out: a function ends with a brace that stands under its
//! first letter.

use std::collections::BTreeSet;

/// A function: its name, and its first and last line.
struct Function<'a> {
    name: &'a str,
    first: usize,
    last: usize,
}

/// The lines that lie in functions, counted from 1.
pub(super) fn lines_of_functions(text: &str) -> BTreeSet<usize> {
    functions(text).iter().flat_map(|function| function.first..=function.last).collect()
}

/// The name of the innermost function that has this line.
pub(super) fn function_at(text: &str, line: usize) -> &str {
    let all = functions(text);
    let around = all.iter().filter(|function| (function.first..=function.last).contains(&line));
    around.max_by_key(|function| function.first).map_or("", |function| function.name)
}

fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let Some(name) = declared(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closes = |line: &&&str| {
            line.starts_with(&" ".repeat(indent)) && line.trim() == "}" && line.len() == indent + 1
        };
        let rest = &lines[place..];
        // A function on one line, and one that a trait only declares, have no brace of their own line.
        let is_short = line.ends_with(';') || (line.contains('{') && line.ends_with('}'));
        let length = if is_short { Some(0) } else { rest.iter().position(|line| closes(&line)) };
        let Some(length) = length else { continue };
        found.push(Function { name, first: place + 1, last: place + 1 + length });
    }
    found
}

/// The name of the function that a line begins to declare.
fn declared(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let (before, after) = code.split_once("fn ")?;
    let is_declaration = before.split_whitespace().all(|word| {
        word.starts_with("pub")
            || word.ends_with(')')
            || ["const", "async", "default"].contains(&word)
    });
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    is_declaration.then(|| &after[..end])
}

#[cfg(test)]
mod tests {
    use super::{function_at, lines_of_functions};
    use std::collections::BTreeSet;

    const TEXT: &str = "struct A {\n    field: u8,\n}\n\nimpl A {\n    /// A fn of no one.\n    pub(crate) const fn one(\n        \
                        self,\n    ) -> u8 {\n        if true {\n            1\n        }\n    }\n\n    fn two() {}\n}\n\nfn three() {\n    \
                        let f = 1;\n}\n";

    #[test]
    fn only_lines_of_functions_count() {
        let expected: BTreeSet<usize> = (7..=13).chain([15]).chain(18..=20).collect();
        assert_eq!(lines_of_functions(TEXT), expected);
    }

    #[test]
    fn a_line_knows_its_function() {
        assert_eq!(function_at(TEXT, 11), "one");
        assert_eq!(function_at(TEXT, 15), "two");
        assert_eq!(function_at(TEXT, 19), "three");
        assert_eq!(function_at(TEXT, 2), "");
    }
}
