//! Reading what callgrind writes: the lines that cost something.
//!
//! The format is that of valgrind's manual, "Callgrind Format Specification": `fl=`, `fi=` and `fe=` name the file
//! of the lines that follow, a name stands in full once and by its number afterwards, and a line of costs
//! begins with a line number, which may be given by its distance from the one before.

use super::Lines;
use std::collections::BTreeMap;

/// Adds every line of a file below a folder that cost something.
pub(super) fn add_reached(text: &str, folder: &str, reached: &mut Lines) {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut file = "";
    let mut line = 0;
    for row in text.lines() {
        if let Some((kind, value)) = row.split_once('=') {
            // Files and callees' files share their numbers; functions and objects have their own.
            if ["fl", "fi", "fe", "cfi", "cfl"].contains(&kind) {
                let name = resolve(value, &mut names);
                if !kind.starts_with('c') {
                    file = name;
                }
            }
            continue;
        }
        let Some(position) = row.split(' ').next() else { continue };
        let Some(now) = moved(line, position) else { continue };
        line = now;
        if let Some(at) = file.rfind(folder) {
            reached.entry(file[at..].to_owned()).or_default().insert(line);
        }
    }
}

/// The name that `(3) name` defines or `(3)` stands for.
fn resolve<'a>(value: &'a str, names: &mut BTreeMap<&'a str, &'a str>) -> &'a str {
    match value.split_once(' ') {
        Some((number, name)) => {
            names.insert(number, name);
            name
        }
        None => names.get(value).copied().unwrap_or_default(),
    }
}

/// The line that a position means, after another line.
fn moved(line: usize, position: &str) -> Option<usize> {
    match position.chars().next()? {
        '+' => line.checked_add(position[1..].parse().ok()?),
        '-' => line.checked_sub(position[1..].parse().ok()?),
        '*' => Some(line),
        '0'..='9' => position.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, add_reached};
    use std::collections::BTreeSet;

    #[test]
    fn files_and_lines_are_told_by_number_and_by_distance() {
        let text = "version: 1\nfl=(1) /x/src/core/step.rs\nfn=(7) step\n10 3\n+2 1\n* 4\n\
                    cfi=(2) /x/src/core/log.rs\ncfn=(8) push\ncalls=1 40\n-1 9\nfi=(2)\n5 1\nfe=(1)\n20 2\n\
                    fl=(3) /x/other/y.rs\n9 9\ntotals: 20\n";
        let mut reached = Lines::new();
        add_reached(text, "src/core/", &mut reached);
        let lines = |file: &str| reached.get(file).cloned().unwrap_or_default();
        assert_eq!(lines("src/core/step.rs"), BTreeSet::from([10, 11, 12, 20]));
        assert_eq!(lines("src/core/log.rs"), BTreeSet::from([5]));
        assert_eq!(reached.len(), 2);
    }
}
