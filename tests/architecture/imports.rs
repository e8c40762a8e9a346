//! The import table: which crate may use which.
//!
//! The direction of these arrows is what makes the project's claim possible. The core knows nobody, so
//! that checker, simulation and cluster can all call the very same function; the environment does not
//! know the meaning, so that it cannot help a property to hold; a program that embeds the runtime does
//! not pull in the checker.

use crate::manifest::Manifest;
use crate::source::{File, line_of};

/// One row of the table.
struct Row {
    package: &'static str,
    /// The crates of this project that it may use.
    may_use: &'static [&'static str],
    /// If given, the only crates from elsewhere that it may use outside its tests.
    only_from_elsewhere: Option<&'static [&'static str]>,
}

const fn row(package: &'static str, may_use: &'static [&'static str]) -> Row {
    Row { package, may_use, only_from_elsewhere: None }
}

const TABLE: &[Row] = &[
    Row { package: "quorate-core", may_use: &[], only_from_elsewhere: Some(&["serde"]) },
    row("quorate-cluster", &["quorate-core"]),
    row("quorate-spec", &["quorate-core", "quorate-cluster"]),
    Row {
        package: "quorate-search",
        may_use: &[],
        only_from_elsewhere: Some(&["stateright", "loom"]),
    },
    row("quorate-models", &["quorate-core", "quorate-cluster", "quorate-spec", "quorate-search"]),
    row("quorate-proofs", &["quorate-core", "quorate-cluster", "quorate-spec"]),
    row("quorate-wal", &["quorate-core"]),
    row("quorate-net", &["quorate-core"]),
    row("quorate-kv", &["quorate-net"]),
    row("quorate-runtime", &["quorate-core", "quorate-cluster"]),
    row(
        "quorate-server",
        &["quorate-core", "quorate-runtime", "quorate-wal", "quorate-net", "quorate-kv"],
    ),
    // The root package joins them.
    row(
        "quorate",
        &[
            "quorate-core",
            "quorate-cluster",
            "quorate-spec",
            "quorate-models",
            "quorate-proofs",
            "quorate-runtime",
            "quorate-wal",
            "quorate-net",
            "quorate-kv",
            "quorate-server",
        ],
    ),
    row(
        "quorate-bench",
        &[
            "quorate-core",
            "quorate-models",
            "quorate-spec",
            "quorate-wal",
            "quorate-net",
            "quorate-kv",
        ],
    ),
    // It feeds whatever reads bytes, the parts of the command among them.
    row(
        "quorate-fuzz",
        &[
            "quorate-core",
            "quorate-cluster",
            "quorate-models",
            "quorate-runtime",
            "quorate-wal",
            "quorate-net",
            "quorate-kv",
            "quorate-server",
        ],
    ),
    // It runs the others as commands.
    row("xtask", &[]),
];

/// The only crates that may use the model checker.
const CHECKERS: &[&str] = &["quorate-search", "quorate-models", "quorate"];

/// Checks every manifest against the table.
pub(crate) fn check_members(manifests: &[Manifest]) -> Vec<String> {
    manifests.iter().flat_map(check_member).collect()
}

fn check_member(manifest: &Manifest) -> Vec<String> {
    let Some(package) = manifest.package() else { return Vec::new() };
    let Some(row) = TABLE.iter().find(|row| row.package == package) else {
        let path = &manifest.path;
        let what = "is not in the import table; add a row in tests/architecture/imports.rs";
        return vec![format!("{path}:1: {package} {what}")];
    };
    let mut complaints = Vec::new();
    for dependency in manifest.dependencies() {
        let (name, place) = (dependency.name, format!("{}:{}", manifest.path, dependency.line));
        let is_ours = TABLE.iter().any(|row| row.package == name);
        let allowed = match row.only_from_elsewhere {
            _ if is_ours => row.may_use.contains(&name),
            Some(only) if !dependency.is_for_tests => only.contains(&name),
            _ => name != "stateright" || CHECKERS.contains(&package),
        };
        if !allowed {
            complaints.push(format!(
                "{place}: {package} must not depend on {name}; move what needs it to a crate that may"
            ));
        }
    }
    complaints
}

/// Checks the crates that a Rust file names against the table.
pub(crate) fn check_uses(manifests: &[Manifest], file: &File) -> Vec<String> {
    let owner = manifests
        .iter()
        .filter(|m| m.package().is_some() && file.path.starts_with(m.folder()))
        .max_by_key(|m| m.folder().len());
    let package = owner.and_then(Manifest::package).unwrap_or_default();
    let Some(row) = TABLE.iter().find(|row| row.package == package) else { return Vec::new() };
    let mut complaints = Vec::new();
    for used in TABLE.iter().filter(|used| used.package != package) {
        let name = used.package.replace('-', "_");
        if row.may_use.contains(&used.package) {
            continue;
        }
        for at in crate::source::find_word(&file.code, &name) {
            // `quorate` and `xtask` are also ordinary words; a path begins with them.
            if file.code[at + name.len()..].trim_start().starts_with("::") {
                let line = line_of(&file.code, at);
                complaints.push(format!(
                    "{}:{line}: {package} must not use {name}; see tests/architecture/imports.rs",
                    file.path
                ));
            }
        }
    }
    complaints
}

#[cfg(test)]
fn member(package: &str, dependencies: &str) -> Manifest {
    let folder = package.trim_start_matches("quorate-");
    let text = format!("[package]\nname = \"{package}\"\n{dependencies}");
    Manifest::parse(&format!("src/{folder}/Cargo.toml"), &text)
}

#[test]
fn forbidden_dependencies_are_found() {
    let cases = [
        ("quorate-core", "[dependencies]\nserde = \"1\"\n[dev-dependencies]\nproptest = \"1\"", 0),
        ("quorate-core", "[dependencies]\nlog = \"1\"", 1),
        ("quorate-core", "[dev-dependencies]\nquorate-spec.workspace = true", 1),
        ("quorate-cluster", "[dependencies]\nquorate-core.workspace = true\nserde = \"1\"", 0),
        ("quorate-cluster", "[dependencies]\nquorate-spec.workspace = true", 1),
        ("quorate-cluster", "[dependencies]\nquorate-runtime = { path = \"../runtime\" }", 1),
        ("quorate-spec", "[dependencies]\nstateright.workspace = true", 1),
        ("quorate-models", "[dependencies]\nstateright = \"1\"\nquorate-spec = \"0.1\"", 0),
        ("quorate-models", "[target.'cfg(unix)'.dependencies]\nquorate-runtime = \"0.1\"", 1),
        ("quorate-runtime", "[dependencies.stateright]\nversion = \"1\"", 1),
        ("quorate-new", "", 1),
    ];
    for (package, dependencies, expected) in cases {
        let complaints = check_members(&[member(package, dependencies)]);
        assert_eq!(complaints.len(), expected, "{package}: {dependencies}: {complaints:?}");
    }
    let complaint = &check_members(&[member("quorate-core", "[dependencies]\nlog = \"1\"")])[0];
    assert!(complaint.starts_with("src/core/Cargo.toml:4: quorate-core must not depend on log"));
}

#[test]
fn forbidden_uses_are_found() {
    let manifests = [
        Manifest::parse("Cargo.toml", "[package]\nname = \"quorate\""),
        member("quorate-core", ""),
        member("quorate-cluster", ""),
    ];
    let count = |path: &str, text: &str| check_uses(&manifests, &File::new(path, text)).len();
    assert_eq!(count("src/cluster/lib.rs", "use quorate_core::State;"), 0);
    assert_eq!(count("src/cluster/lib.rs", "/// quorate_spec::Property\nfn f() {}"), 0);
    assert_eq!(count("src/cluster/lib.rs", "use quorate_spec::Property;"), 1);
    assert_eq!(count("src/cluster/lib.rs", "fn f() { quorate_runtime ::run() }"), 1);
    assert_eq!(count("src/core/a/b.rs", "use quorate_cluster::Cluster;"), 1);
    assert_eq!(count("src/core/a/b.rs", "use quorate::Cluster;"), 1);
    assert_eq!(count("src/cli/check.rs", "use quorate_models::smoke;"), 0);
}
