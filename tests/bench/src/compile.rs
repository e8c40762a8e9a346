//! What it costs to build the core.
//!
//! Somebody who embeds the core pays for it with every clean build; its one dependency, serde, they have
//! already. So serde is built first and only the rest is timed.

use crate::figure::{Figure, Goal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The rounds.
const ROUNDS: usize = 3;
/// At most how many seconds the build may take.
const TARGET: f64 = 5.0;

/// Measures seconds for a release build of the core in an empty target directory that holds only serde.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    let mut seconds = Vec::new();
    for round in 0..ROUNDS {
        let target = fresh_directory(round)?;
        let measured = build("serde", &target).and_then(|()| {
            let begun = Instant::now();
            build("quorate-core", &target)?;
            Ok(begun.elapsed().as_secs_f64())
        });
        // What is left behind in the temporary directory does no harm.
        drop(std::fs::remove_dir_all(&target));
        seconds.push(measured?);
    }
    let name = "build: core in release, without serde".into();
    Ok(vec![Figure { name, rounds: seconds, unit: "s", goal: Some(Goal::at_most(TARGET)) }])
}

fn fresh_directory(round: usize) -> Result<PathBuf, String> {
    let name = format!("quorate-bench-{}-{round}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Builds one package and what it needs into a target directory.
fn build(package: &str, target: &Path) -> Result<(), String> {
    let mut command = Command::new("cargo");
    command.args(["build", "--quiet", "--release", "--locked", "--package", package]);
    command.arg("--target-dir").arg(target);
    command.arg("--manifest-path").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"));
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo build --package {package}: {status}")),
        Err(error) => Err(format!("cargo: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{build, fresh_directory};

    #[test]
    fn a_build_that_fails_is_an_error_and_no_figure() {
        let target = fresh_directory(0).expect("a temporary directory");
        assert!(build("quorate-no-such-package", &target).is_err());
        assert!(fresh_directory(0).is_err(), "the directory would not be empty");
        std::fs::remove_dir_all(&target).expect("the directory was made here");
    }
}
