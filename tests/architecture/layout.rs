//! Where things are, and that each says why it is there.

use crate::manifest::Manifest;
use crate::source::File;

/// What the top level holds, besides files whose names begin with a dot.
const TOP_LEVEL: &[&str] = &[
    "ARCHITECTURE.md",
    "BIBLIOGRAPHY.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "models",
    "proofs",
    "rustfmt.toml",
    "src",
    "target",
    "tests",
];

/// Checks one entry of the top level.
pub(crate) fn check_entry(name: &str) -> Option<String> {
    let belongs = name.starts_with('.') || TOP_LEVEL.contains(&name);
    (!belongs).then(|| format!("{name}: not a part of the top level; move it to where it belongs"))
}

/// Checks that a file begins with why it exists. Tests are named after what they show instead.
pub(crate) fn check_module_docs(file: &File) -> Option<String> {
    let has_docs = file.text.starts_with("//!");
    (!has_docs && !file.is_test())
        .then(|| format!("{}:1: does not begin with `//!`; say why this module exists", file.path))
}

/// Checks that the workflow installs the Rust version that the manifest promises.
pub(crate) fn check_toolchain(root: &Manifest, workflow: &str) -> Option<String> {
    let Some(version) = root.get("workspace.package", "rust-version") else {
        return Some("Cargo.toml:1: no rust-version; say which version CI builds with".into());
    };
    let installs = workflow.contains(&format!("rustup toolchain install {version} "));
    let uses = workflow.contains(&format!("rustup override set {version}\n"));
    let place = ".github/workflows/ci.yml:1";
    (!installs || !uses)
        .then(|| format!("{place}: does not build with Rust {version}; Cargo.toml says it does"))
}

#[test]
fn strange_entries_are_found() {
    assert!(check_entry("notes.txt").is_some());
    assert!(check_entry("benches").is_some());
    assert!(check_entry("src").is_none() && check_entry(".gitignore").is_none());
}

#[test]
fn modules_without_docs_are_found() {
    assert!(check_module_docs(&File::new("src/core/x.rs", "use a::b;\n//! Late.")).is_some());
    assert!(check_module_docs(&File::new("src/core/x.rs", "//! Why.\nuse a::b;")).is_none());
    assert!(check_module_docs(&File::new("src/core/tests.rs", "use a::b;")).is_none());
}

#[test]
fn another_toolchain_is_found() {
    let root = Manifest::parse(
        "Cargo.toml",
        "[workspace.package]\nrust-version = \"1.95\" # what CI builds",
    );
    let workflow = |version: &str| {
        format!(
            "rustup toolchain install {version} --profile minimal\nrustup override set {version}\n"
        )
    };
    assert!(check_toolchain(&root, &workflow("1.95")).is_none());
    assert!(check_toolchain(&root, &workflow("1.94")).is_some());
    assert!(check_toolchain(&Manifest::parse("Cargo.toml", ""), &workflow("1.95")).is_some());
}
