//! Files and functions that can be read in one go.

use crate::source::{File, find_word, item_end, line_of};

/// The most lines that a file of product code may have.
const FILE: usize = 400;
/// The most lines that a file of tests may have.
const TEST_FILE: usize = 600;
/// The most lines that a function may have, from its name to its closing brace.
const FUNCTION: usize = 70;

/// Checks a Rust file and its functions.
pub(crate) fn check(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let (limit, lines) = (if file.is_test() { TEST_FILE } else { FILE }, file.text.lines().count());
    if lines > limit {
        complaints.push(format!(
            "{}:{limit}: {lines} lines in one file; at most {limit}, split it by subject",
            file.path
        ));
    }
    for at in find_word(&file.code, "fn") {
        let item = &file.code[at..];
        let name: String = item[2..]
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        // A function pointer has no name, and no body.
        if name.is_empty() {
            continue;
        }
        let lines = item[..item_end(item)].lines().count();
        if lines > FUNCTION {
            let line = line_of(&file.code, at);
            complaints.push(format!(
                "{}:{line}: fn {name} has {lines} lines; at most {FUNCTION}, name its parts",
                file.path
            ));
        }
    }
    complaints
}

#[cfg(test)]
fn function(lines: usize) -> String {
    format!("/// {{\nfn long(f: fn(u8)) {{\n{}}}\n", "    x();\n".repeat(lines - 2))
}

#[test]
fn long_functions_are_found() {
    assert!(check(&File::new("src/good.rs", &function(FUNCTION))).is_empty());
    let complaints = check(&File::new("src/bad.rs", &function(FUNCTION + 1)));
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].starts_with("src/bad.rs:2: fn long has 71 lines"), "{complaints:?}");
    // A function without a body does not reach into the next one.
    let declared = format!("fn short(x: [u8; 2]);\n{}", "// x\n".repeat(FUNCTION));
    assert!(check(&File::new("src/good.rs", &declared)).is_empty());
}

#[test]
fn long_files_are_found() {
    let text = "x\n".repeat(FILE + 1);
    assert_eq!(check(&File::new("src/bad.rs", &text)).len(), 1);
    assert!(check(&File::new("src/good.rs", &text[2..])).is_empty());
    assert!(check(&File::new("tests/good.rs", &text)).is_empty());
    assert_eq!(check(&File::new("tests/bad.rs", &"x\n".repeat(TEST_FILE + 1))).len(), 1);
}
