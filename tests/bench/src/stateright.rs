//! The examples that come with stateright, built and run as they are.
//!
//! They are what a reader may have tried before, and search with the very engine that our models run on. They
//! are built from the package that this project depends on, in a directory beside other build output.

use crate::checker::target_directory;
use crate::child;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// At most how long an example may run.
const LIMIT: Duration = Duration::from_secs(60);

/// An example, and how it is asked to search.
pub(crate) struct Example {
    /// Its name.
    pub(crate) name: &'static str,
    /// What follows its name.
    pub(crate) arguments: &'static [&'static str],
}

/// Those that are measured. The first is exhausted; the second has no end, and its depth is what it takes
/// as a bound. Both use as many threads as there are processors.
pub(crate) const EXAMPLES: [Example; 2] = [
    Example { name: "paxos", arguments: &["check-dfs", "3"] },
    Example { name: "raft", arguments: &["check", "3", "10"] },
];

/// The built examples.
pub(crate) struct Examples {
    folder: PathBuf,
}

impl Examples {
    /// Builds the examples, from the version of stateright that this project uses.
    ///
    /// # Errors
    /// When the package is not there, or does not compile.
    pub(crate) fn build() -> Result<Examples, String> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version", "1", "--locked", "--manifest-path"]);
        // Of the packages that other systems need, cargo need not know where they are.
        cargo.arg(manifest).arg("--filter-platform").arg(host()?);
        let metadata = child::run(&mut cargo, LIMIT)?;
        let (package, version) = package(&metadata.stdout)?;
        let copy = target_directory()?.join("bench-check").join(format!("stateright-{version}"));
        copy_package(&package, &copy)?;
        let target = copy.join("target");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--release", "--locked"]).current_dir(&copy);
        cargo.args(EXAMPLES.iter().flat_map(|example| ["--example", example.name]));
        cargo.arg("--target-dir").arg(&target);
        eprintln!("-- building stateright's examples");
        let output = cargo.output().map_err(|error| format!("cargo: {error}"))?;
        if output.status.success() {
            return Ok(Examples { folder: target.join("release").join("examples") });
        }
        let why = String::from_utf8_lossy(&output.stderr);
        let why = why.trim().lines().last().unwrap_or("it said nothing");
        Err(format!("{}: cargo build: {}: {why}", copy.display(), output.status))
    }

    /// Runs an example: how many distinct states it found, and the processor seconds that it took.
    ///
    /// # Errors
    /// When it fails, does not end in time or reports nothing, or the system does not tell the time.
    pub(crate) fn run(&self, example: &Example) -> Result<(u64, f64), String> {
        let line = format!("{} {}", example.name, example.arguments.join(" "));
        eprintln!("-- stateright's example: {line}");
        let mut command = Command::new(self.folder.join(example.name));
        let ended = child::run(command.args(example.arguments), LIMIT)?;
        if !ended.status.success() {
            return Err(format!("{line}: {}", ended.status));
        }
        let distinct = distinct_in(&ended.stdout).ok_or_else(|| {
            format!("{line}: no line \"Done. states=, unique=\" in its output; expected one")
        })?;
        let seconds = ended.cpu_seconds.filter(|seconds| *seconds > 0.0);
        Ok((distinct, seconds.ok_or("this system does not tell processor times")?))
    }
}

/// The system that this one is, as cargo calls it.
fn host() -> Result<String, String> {
    let told = child::run(Command::new("rustc").arg("-vV"), LIMIT)?.stdout;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV: no line \"host: \"; expected one".to_owned())
}

/// Where the package is, and its version, in what cargo knows about this project.
fn package(metadata: &str) -> Result<(PathBuf, String), String> {
    let metadata: Value = serde_json::from_str(metadata)
        .map_err(|error| format!("cargo metadata: {error}; expected one JSON object"))?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let found = packages.find(|package| package["name"] == "stateright");
    let words = found.and_then(|found| {
        let manifest = Path::new(found["manifest_path"].as_str()?);
        Some((manifest.parent()?.to_path_buf(), found["version"].as_str()?.to_owned()))
    });
    words.ok_or_else(|| "cargo metadata: no package stateright; expected one".to_owned())
}

/// Copies a package, unless that has been done. What is half copied has another name.
fn copy_package(package: &Path, copy: &Path) -> Result<(), String> {
    if copy.is_dir() {
        return Ok(());
    }
    let fail = |error: std::io::Error| format!("{}: {error}", copy.display());
    let half = copy.with_extension("half");
    if half.exists() {
        fs::remove_dir_all(&half).map_err(fail)?;
    }
    copy_folder(package, &half).map_err(fail)?;
    // A package below the folder of a workspace would be taken for a forgotten member of it.
    let manifest = half.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(fail)?;
    fs::write(&manifest, text + "\n[workspace]\n").map_err(fail)?;
    fs::rename(&half, copy).map_err(fail)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), &copy)?;
        }
    }
    Ok(())
}

/// The distinct states in what an example printed: those of its closing line.
fn distinct_in(output: &str) -> Option<u64> {
    let done = output.lines().rev().find_map(|line| line.strip_prefix("Done. "))?;
    let unique = done.split(", ").find_map(|part| part.strip_prefix("unique="))?;
    unique.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{copy_package, distinct_in, host, package};
    use std::fs;
    use std::path::Path;

    #[test]
    fn the_closing_line_tells_the_distinct_states() {
        let output = "Model checking Raft with 3 servers.\nChecking. states=90, unique=60, depth=4\n\
                      Done. states=100, unique=70, depth=5, sec=39\nDiscovered \"x\" example Path[1]:\n";
        assert_eq!(distinct_in(output), Some(70));
        assert_eq!(distinct_in("Checking. states=90, unique=60, depth=4\n"), None);
        assert_eq!(distinct_in("Done. states=100, depth=5, sec=39\n"), None);
        assert_eq!(distinct_in(""), None);
    }

    #[test]
    fn the_system_has_a_name() {
        assert!(host().is_ok_and(|host| host.split('-').count() >= 3));
    }

    #[test]
    fn the_package_is_found_in_what_cargo_knows() {
        let metadata = r#"{ "packages": [
            { "name": "serde", "version": "1.0.0", "manifest_path": "/x/serde/Cargo.toml" },
            { "name": "stateright", "version": "0.31.0", "manifest_path": "/x/s/Cargo.toml" }
        ] }"#;
        assert_eq!(package(metadata), Ok((Path::new("/x/s").into(), "0.31.0".into())));
        let error = package(r#"{ "packages": [] }"#).expect_err("it is not there");
        assert_eq!(error, "cargo metadata: no package stateright; expected one");
        assert!(package("").is_err());
    }

    #[test]
    fn a_copied_package_is_a_workspace_of_its_own_and_is_copied_once() {
        let folder = std::env::temp_dir().join(format!("quorate-copy-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::create_dir_all(from.join("examples")).expect("a temporary directory");
        fs::write(from.join("Cargo.toml"), "[package]\n").expect("a temporary file");
        fs::write(from.join("examples/raft.rs"), "fn main() {}").expect("a temporary file");
        assert_eq!(copy_package(&from, &to), Ok(()));
        let copied = |file: &str| fs::read_to_string(to.join(file)).expect("it was copied");
        assert_eq!(copied("Cargo.toml"), "[package]\n\n[workspace]\n");
        assert_eq!(copied("examples/raft.rs"), "fn main() {}");
        assert_eq!(copy_package(&from.join("missing"), &to), Ok(()));
        let error = copy_package(&from.join("missing"), &folder.join("other"));
        assert!(error.is_err_and(|error| error.contains("other: ")));
        fs::remove_dir_all(&folder).expect("the directory was made here");
    }
}
