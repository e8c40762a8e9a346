//! Citations: one form, and each resolves in the bibliography.

use crate::source::{File, line_of};
use std::collections::BTreeSet;

/// The keys that a bibliography defines: a key in brackets, in bold, at the beginning of an item.
pub(crate) fn keys(bibliography: &str) -> BTreeSet<String> {
    let items = bibliography.lines().filter_map(|line| line.trim_start().strip_prefix("- **["));
    items.filter_map(|item| Some(item.split_once("]**")?.0.to_string())).collect()
}

/// Checks the citations of a file; in Rust, those in comments and strings.
pub(crate) fn check(keys: &BTreeSet<String>, file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, citation) in citations(&file.text) {
        // What is not blanked out is code, in which brackets mean something else.
        if file.code.as_bytes().get(at).is_some_and(|byte| *byte == b'[') {
            continue;
        }
        let place = format!("{}:{}", file.path, line_of(&file.text, at));
        let (key, rest) = citation.split_at(key_length(citation).unwrap_or(0));
        if !keys.contains(key) {
            complaints.push(format!("{place}: [{citation}]: add {key} to BIBLIOGRAPHY.md"));
        }
        // Rustdoc takes brackets around a single word for a link, unless they are escaped.
        let is_escaped = rest == "\\" && file.text[..at].ends_with('\\');
        if !rest.is_empty() && !is_escaped && !is_section(rest) {
            complaints.push(format!("{place}: [{citation}]: write it as [{key} §3.4]"));
        }
    }
    complaints
}

/// What stands between brackets on one line and begins with a key, and where its bracket opens.
fn citations(text: &str) -> Vec<(usize, &str)> {
    let inside = |at: usize| {
        // What a quote ends is a piece of a citation, in code that puts citations together.
        let (inside, _) =
            text[at + 1..].split_once([']', '\n']).filter(|(i, _)| !i.contains('"'))?;
        key_length(inside).map(|_| (at, inside))
    };
    text.match_indices('[').filter_map(|(at, _)| inside(at)).collect()
}

/// The length of a key - a capital, letters, and a year of two digits - at the beginning of a text.
fn key_length(text: &str) -> Option<usize> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let digits = text[letters..].bytes().take_while(u8::is_ascii_digit).count();
    let end = letters + digits;
    let is_key = text.starts_with(|c: char| c.is_ascii_uppercase()) && letters >= 3 && digits == 2;
    let ends_there = !text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (is_key && ends_there).then_some(end)
}

/// Whether a text is ` §` and the number of a section.
fn is_section(text: &str) -> bool {
    let Some(number) = text.strip_prefix(" §") else { return false };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    number.split('.').all(is_number)
}

// The samples are put together here, so that this file itself cites nothing unknown.
#[test]
fn keys_are_those_of_the_items() {
    let text = format!("# Title\n`[{0}98]` is no key.\n- **[{0}14]** Text.\n  [{0}99]\n", "Name");
    assert_eq!(keys(&text).into_iter().collect::<Vec<_>>(), ["Name14"]);
}

#[test]
fn citations_that_do_not_resolve_or_have_another_form_are_found() {
    let keys = BTreeSet::from(["Ongaro14".to_string()]);
    let count = |path: &str, text: &str| check(&keys, &File::new(path, text)).len();
    for good in ["[Ongaro14]", "[Ongaro14 §3.6.2]", "[Vec<u8>] [a](b)", "[`Type32`]", "[X86]"] {
        assert_eq!(count("x.md", good), 0, "{good}");
    }
    for bad in ["Lamport97", "Ongaro15 §3", "Ongaro14, section 3", "Ongaro14 §", "Ongaro14 3.4"] {
        let (citation, code) = (format!("see [{bad}]."), format!("fn f(x: [{bad}]) {{}}"));
        // One complaint for what is wrong with the key, one for what is wrong with the rest.
        assert!(count("x.md", &citation) >= 1, "{bad}");
        assert!(count("x.rs", &format!("/// {citation}")) >= 1, "{bad}");
        assert!(count("x.rs", &format!("const X: &str = \"{citation}\";")) >= 1, "{bad}");
        assert_eq!(count("x.rs", &code), 0, "{bad}");
    }
    for (key, complaints) in [("Ongaro14", 0), ("None12", 1)] {
        assert_eq!(count("x.rs", &format!("//! See \\[{key}\\].")), complaints, "{key}");
    }
    let unknown = format!("\n[{}]", "None12");
    assert!(check(&keys, &File::new("x.md", &unknown))[0].starts_with("x.md:2: "));
}
