//! Words that occur nowhere: unsafe code and unfinished code.
//!
//! The compiler forbids unsafe code too, but an attribute in a file can no more be seen from the outside
//! than a macro that hides it.

use crate::source::{File, find_word, line_of};

/// Checks a Rust file.
pub(crate) fn check(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |at: usize, what: &str| {
        let line = line_of(&file.code, at);
        complaints.push(format!("{}:{line}: {what}", file.path));
    };
    for at in find_word(&file.code, "unsafe") {
        complain(at, "`unsafe`; this project has none, find a safe way");
    }
    for name in ["todo", "unimplemented", "dbg"] {
        for at in find_word(&file.code, name) {
            if file.code[at + name.len()..].starts_with('!') {
                complain(at, &format!("`{name}!`; finish it or take it out"));
            }
        }
    }
    complaints
}

#[test]
fn unsafe_and_unfinished_code_is_found() {
    let bad = "fn f() {\n unsafe { g() }\n todo!();\n unimplemented!(\"x\");\n dbg!(1);\n}";
    let complaints = check(&File::new("src/bad.rs", bad));
    let lines: Vec<_> = complaints.iter().map(|c| c.split(':').nth(1).unwrap_or("")).collect();
    assert_eq!(lines, ["2", "3", "4", "5"], "{complaints:?}");
    let good = "#![forbid(unsafe_code)]\n// unsafe, todo!\nfn todo() -> &str { \"dbg!\" }";
    assert_eq!(check(&File::new("src/good.rs", good)), Vec::<String>::new());
}
