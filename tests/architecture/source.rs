//! Reading the workspace, and telling code from comments and strings.

use crate::manifest::Manifest;
use std::fs;
use std::path::{Path, PathBuf};

/// One file.
pub(crate) struct File {
    /// Its path from the root of the workspace, with forward slashes.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
    /// For a Rust file: its text with comments and strings blanked out; positions and lines are the same.
    pub(crate) code: String,
}

impl File {
    /// A file with the given text.
    pub(crate) fn new(path: &str, text: &str) -> File {
        let code = if path.ends_with(".rs") { blank(text) } else { String::new() };
        File { path: path.into(), text: text.into(), code }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let is_test_name = |name: &str| name == "tests.rs" || name.ends_with("_tests.rs");
        let folders = &parts[..parts.len() - 1];
        // xtask is a program that happens to live among the tests.
        let in_tests = folders.contains(&"tests") && !self.path.starts_with("tests/xtask/");
        in_tests || parts.last().is_some_and(|name| is_test_name(name))
    }

    /// The code without the modules that are compiled only for tests.
    pub(crate) fn product_code(&self) -> String {
        if self.is_test() { String::new() } else { without_test_modules(&self.code) }
    }
}

/// Everything that the rules look at.
pub(crate) struct Workspace {
    /// The manifests of the root package and of every member.
    pub(crate) manifests: Vec<Manifest>,
    /// Every Rust file.
    pub(crate) rust: Vec<File>,
    /// Every file that may cite: Rust, Markdown, patches, scenarios and proofs.
    pub(crate) prose: Vec<File>,
    /// The bibliography.
    pub(crate) bibliography: String,
}

impl Workspace {
    /// Reads the workspace that this test belongs to.
    pub(crate) fn read() -> Workspace {
        let paths = all_paths();
        let with = |endings: &[&str]| -> Vec<File> {
            let is_wanted = |path: &&String| endings.iter().any(|ending| path.ends_with(ending));
            paths.iter().filter(is_wanted).map(|path| File::new(path, &read_file(path))).collect()
        };
        let is_manifest = |path: &&String| *path == "Cargo.toml" || path.ends_with("/Cargo.toml");
        let manifests = paths.iter().filter(is_manifest);
        let rust = with(&[".rs"]);
        assert!(rust.len() > 10, "found only {} Rust files; the walk is broken", rust.len());
        Workspace {
            manifests: manifests.map(|path| Manifest::parse(path, &read_file(path))).collect(),
            rust,
            prose: with(&[".rs", ".md", ".patch", ".txt", ".v", ".epr", ".smt2"]),
            bibliography: read_file("BIBLIOGRAPHY.md"),
        }
    }

    /// The places that describe the abstract protocol outside the core, each with its whole text.
    pub(crate) fn texts_about_actions(&self) -> Vec<(String, String)> {
        let spec = self.rust.iter().filter(|file| file.path.starts_with("src/spec/"));
        let mut texts =
            vec![("src/spec".to_string(), spec.map(|f| f.product_code()).collect::<String>())];
        for path in all_paths() {
            if path.ends_with(".epr") || (path.starts_with("proofs/") && path.ends_with(".v")) {
                let text = read_file(&path);
                texts.push((path, text));
            }
        }
        texts
    }
}

/// The files whose names end like this.
pub(crate) fn files_with(ending: &str) -> Vec<File> {
    let paths = all_paths().into_iter().filter(|path| path.ends_with(ending));
    paths.map(|path| File::new(&path, &read_file(&path))).collect()
}

/// The names at the top level.
pub(crate) fn top_level() -> Vec<String> {
    let entries = fs::read_dir(root()).unwrap_or_else(|e| panic!("{}: {e}", root().display()));
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The text of a file of the workspace.
pub(crate) fn read_file(path: &str) -> String {
    let full = root().join(path);
    fs::read_to_string(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()))
}

/// The root of the workspace: what cargo says now, for the tree may have moved since this was compiled.
fn root() -> PathBuf {
    let now = std::env::var_os("CARGO_MANIFEST_DIR");
    now.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// The paths of all files, except build output and whatever begins with a dot.
fn all_paths() -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let full = root().join(&folder);
        let entries = fs::read_dir(&full).unwrap_or_else(|e| panic!("{}: {e}", full.display()));
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            let path = folder.join(&name);
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else {
                paths.push(with_slashes(&path));
            }
        }
    }
    paths.sort();
    paths
}

fn with_slashes(path: &Path) -> String {
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// The line on which a position of a text lies, from 1.
pub(crate) fn line_of(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}

/// The positions of an identifier in code: not of a longer word that contains it.
pub(crate) fn find_word(code: &str, word: &str) -> Vec<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone = |at: usize| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    };
    code.match_indices(word).map(|(at, _)| at).filter(|at| stands_alone(*at)).collect()
}

/// Blanks out comments, strings and characters, keeping every line break and every position.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = opaque_end(bytes, at);
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    // Only whole comments and strings were replaced, so what remains is text.
    String::from_utf8(code).unwrap_or_else(|error| panic!("blanking broke the text: {error}"))
}

/// Where the comment, string or character that begins at `at` ends; `at` itself if none begins there.
fn opaque_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let length = if rest.starts_with(b"//") {
        rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
    } else if rest.starts_with(b"/*") {
        block_comment(rest)
    } else if rest.starts_with(b"\"") {
        quoted(rest, b'"')
    } else if rest.starts_with(b"'") {
        character(rest)
    } else if !in_word {
        prefixed_string(rest)
    } else {
        0
    };
    at + length
}

/// The length of a block comment; they nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a string or character with backslash escapes, from its opening quote.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The length of a character; zero for a lifetime, which has no closing quote.
fn character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        return quoted(rest, b'\'');
    }
    let first = String::from_utf8_lossy(&rest[1..rest.len().min(5)]);
    let width = first.chars().next().map_or(0, char::len_utf8);
    if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
}

/// The length of a raw, byte or C string from its prefix; zero if none begins here.
fn prefixed_string(rest: &[u8]) -> usize {
    let prefix = rest.iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    if prefix == 0 || prefix > 2 || rest.get(prefix + hashes) != Some(&b'"') {
        return 0;
    }
    if !rest[..prefix].contains(&b'r') {
        return if hashes == 0 { prefix + quoted(&rest[prefix..], b'"') } else { 0 };
    }
    let begin = prefix + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let end = rest[begin..].windows(closing.len()).position(|w| w == closing.as_bytes());
    end.map_or(rest.len(), |end| begin + end + closing.len())
}

/// Blanks out every module that is compiled only for tests.
fn without_test_modules(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let (before, marked) = rest.split_at(at);
        kept.push_str(before);
        let end = item_end(marked);
        kept.extend(marked[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &marked[end..];
    }
    kept.push_str(rest);
    kept
}

/// Where the item that begins a piece of blanked code ends: at its semicolon or closing brace.
pub(crate) fn item_end(code: &str) -> usize {
    let (mut nested, mut braces) = (0_usize, 0_usize);
    for (at, character) in code.char_indices() {
        match character {
            '(' | '[' => nested += 1,
            ')' | ']' => nested = nested.saturating_sub(1),
            ';' if nested == 0 && braces == 0 => return at + 1,
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

#[test]
fn comments_and_strings_are_blanked_and_nothing_else() {
    let cases = [
        ("a // unsafe\nb", "a b"),
        ("a /* x /* y */ z */ b", "a b"),
        (r#"f("un\"safe") g"#, "f( ) g"),
        (r##"f(r#"un"safe"#) g"##, "f( ) g"),
        (r#"f(b"x", c"y", br"\") g"#, "f( , , ) g"),
        ("let c = '\"'; d", "let c = ; d"),
        (r"let c = '\''; d", "let c = ; d"),
        ("let c = 'ä'; d", "let c = ; d"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ("number\"x\"", "number"),
        ("r#type \"open", "r#type"),
    ];
    for (text, expected) in cases {
        let code = blank(text);
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text}");
        assert_eq!((code.len(), code.lines().count()), (text.len(), text.lines().count()));
    }
}

#[test]
fn test_modules_are_no_product_code() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}\n";
    let product = File::new("src/core/x.rs", text).product_code();
    assert!(product.contains("fn a") && product.contains("fn c") && !product.contains("fn b"));
    assert_eq!(product.lines().count(), text.lines().count());
    let outside = File::new("src/core/x.rs", "#[cfg(test)]\nmod tests;\nfn c() {}").product_code();
    assert!(outside.contains("fn c") && !outside.contains("mod tests"));
    assert!(File::new("src/core/tests.rs", "fn a() {}").product_code().is_empty());
    assert!(File::new("tests/rules/vote.rs", "").is_test());
    assert!(!File::new("tests/xtask/src/main.rs", "").is_test());
}

#[test]
fn a_word_is_found_only_where_it_stands_alone() {
    assert_eq!(find_word("rand randy operand rand", "rand"), [0, 19]);
    assert_eq!(line_of("a\nb\nc", 4), 3);
}
