//! What the protocol core must not know.
//!
//! A step is a function. Clocks, randomness, hash order, floating point, interior mutability, threads
//! and output would each make it something else, and every check of it a check of something else.

use crate::source::{File, find_word, line_of};

/// Words that do not occur in the core outside its tests, and what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("std", "use core or alloc"),
    ("HashMap", "use a BTreeMap or a sorted Vec"),
    ("HashSet", "use a BTreeSet or a ServerSet"),
    ("Instant", "make time an input"),
    ("SystemTime", "make time an input"),
    ("Duration", "make time an input"),
    ("rand", "make the choice an input"),
    ("f32", "use integers"),
    ("f64", "use integers"),
    ("Cell", "take &mut State"),
    ("RefCell", "take &mut State"),
    ("OnceCell", "take &mut State"),
    ("Mutex", "take &mut State"),
    ("RwLock", "take &mut State"),
    ("Atomic", "take &mut State"),
    ("AtomicU64", "take &mut State"),
    ("AtomicUsize", "take &mut State"),
    ("AtomicBool", "take &mut State"),
    ("static", "pass it as a parameter"),
    ("thread_local", "pass it as a parameter"),
    ("println", "report an Event"),
    ("eprintln", "report an Event"),
    ("print", "report an Event"),
    ("extern", "depend on core, alloc and serde alone"),
];

/// Checks a file of the core.
pub(crate) fn check(file: &File) -> Vec<String> {
    // The one crate that has to be named, and a lifetime that is no variable.
    let code = file.product_code().replace("extern crate alloc", "                  ");
    let code = code.replace("'static", "       ");
    let mut complaints = Vec::new();
    for (word, instead) in FORBIDDEN {
        for at in find_word(&code, word) {
            let line = line_of(&code, at);
            complaints.push(format!("{}:{line}: `{word}` in the core; {instead}", file.path));
        }
    }
    complaints
}

/// Checks the root of the core.
pub(crate) fn check_root(file: &File) -> Option<String> {
    let is_no_std = file.code.contains("#![no_std]");
    (!is_no_std).then(|| format!("{}:1: the core is not no_std; add #![no_std]", file.path))
}

#[test]
fn impure_code_is_found() {
    for (word, _) in FORBIDDEN {
        let complaints = check(&File::new("src/core/bad.rs", &format!("fn f() {{\n {word}\n}}")));
        assert_eq!(complaints.len(), 1, "{word}");
        assert!(complaints[0].starts_with("src/core/bad.rs:2: "), "{complaints:?}");
    }
    let fine = "\
extern crate alloc;
/// Not std, and not a HashMap.
fn f() -> &'static str { \"println\" }
#[cfg(test)]
mod tests {
    use std::collections::HashMap;
}
";
    assert_eq!(check(&File::new("src/core/good.rs", fine)), Vec::<String>::new());
}

#[test]
fn a_core_with_std_is_found() {
    assert!(check_root(&File::new("src/core/lib.rs", "//! `#![no_std]`\nmod x;")).is_some());
    assert!(check_root(&File::new("src/core/lib.rs", "//! Core.\n#![no_std]\nmod x;")).is_none());
}
