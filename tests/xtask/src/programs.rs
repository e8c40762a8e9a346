//! The programs that steps need: whether they are there, and how to get them.
//!
//! A missing program must never look like a failed or, worse, a passed test. Cargo starts even when one
//! of its subcommands is missing, so every program is asked for its version first. What the system's
//! package manager provides is installed if this process may do so; nothing else is installed unasked.

use std::process::{Command, Stdio};

/// A program that a step needs.
#[derive(Debug)]
pub(crate) struct Program {
    /// What it is called in messages.
    pub(crate) name: &'static str,
    /// The command that succeeds if and only if the program is there.
    pub(crate) probe: &'static [&'static str],
    /// The system package that provides it, if one does.
    pub(crate) package: Option<&'static str>,
    /// How to install it by hand.
    pub(crate) install: &'static str,
}

/// Cargo itself.
pub(crate) const CARGO: Program = Program {
    name: "cargo",
    probe: &["cargo", "--version"],
    package: None,
    install: "install Rust from https://rustup.rs",
};

/// The formatter.
pub(crate) const RUSTFMT: Program = Program {
    name: "rustfmt",
    probe: &["cargo", "fmt", "--version"],
    package: None,
    install: "rustup component add rustfmt",
};

/// The linter.
pub(crate) const CLIPPY: Program = Program {
    name: "clippy",
    probe: &["cargo", "clippy", "--version"],
    package: None,
    install: "rustup component add clippy",
};

/// Git, which applies the patches of the mutations.
pub(crate) const GIT: Program = Program {
    name: "git",
    probe: &["git", "--version"],
    package: Some("git"),
    install: "install git with the system's package manager",
};

/// The server of Redis, whose replies are compared with those of this project's store.
pub(crate) const REDIS: Program = Program {
    name: "redis-server",
    probe: &["redis-server", "--version"],
    package: Some("redis-server"),
    install: "install redis-server 7.0 or later with the system's package manager",
};

/// The proof assistant Coq, which compiles the proofs and checks them again.
pub(crate) const COQ: Program = Program {
    name: "coq",
    probe: &["sh", "-c", "coqc --version && coqchk --version"],
    package: Some("coq"),
    install: "install coq 8.16 with the system's package manager",
};

/// The solver that decides the queries of the proof.
pub(crate) const Z3: Program = Program {
    name: "z3",
    probe: &["z3", "--version"],
    package: Some("z3"),
    install: "install z3 4.8 or later with the system's package manager",
};

/// The solver that finds the counterexamples, and decides what z3 does not.
pub(crate) const CVC5: Program = Program {
    name: "cvc5",
    probe: &["cvc5", "--version"],
    package: Some("cvc5"),
    install: "install cvc5 1.0 or later with the system's package manager",
};

/// Counts what every line of a program costs.
pub(crate) const VALGRIND: Program = Program {
    name: "valgrind",
    probe: &["valgrind", "--version"],
    package: Some("valgrind"),
    install: "install valgrind with the system's package manager",
};

/// Reads the debug information of a program.
pub(crate) const OBJDUMP: Program = Program {
    name: "objdump",
    probe: &["objdump", "--version"],
    package: Some("binutils"),
    install: "install binutils with the system's package manager",
};

/// What runs libFuzzer on a target.
pub(crate) const CARGO_FUZZ: Program = Program {
    name: "cargo fuzz",
    probe: &["cargo", "fuzz", "--version"],
    package: None,
    install: "cargo install cargo-fuzz --locked",
};

/// The compiler of libFuzzer.
pub(crate) const CPP: Program = Program {
    name: "c++",
    probe: &["c++", "--version"],
    package: Some("g++"),
    install: "install a C++ compiler with the system's package manager",
};

/// What gives a process a file system of its own without being root, where the machine allows that.
pub(crate) const OWN_MOUNTS: Program = Program {
    name: "leave to mount a file system (unshare --user --map-root-user --mount)",
    probe: &[
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        "mount -t tmpfs -o size=1m none /tmp",
    ],
    package: None,
    install: "install util-linux and allow user namespaces",
};

impl Program {
    /// Whether the program is there.
    fn is_there(&self) -> bool {
        succeeds_quietly(self.probe)
    }

    /// Makes sure that the program is there, installing it if that is possible.
    ///
    /// # Errors
    /// Why it is not there.
    pub(crate) fn ensure(&self) -> Result<(), String> {
        if self.is_there() {
            return Ok(());
        }
        let Some(package) = self.package else {
            return Err(format!("{} is missing", self.name));
        };
        if !may_install() {
            return Err(format!("{} is missing and this user may not install it", self.name));
        }
        println!("== {} is missing: installing the system package {package}", self.name);
        install(package);
        if self.is_there() {
            Ok(())
        } else {
            Err(format!("{} is missing and could not be installed", self.name))
        }
    }
}

/// Whether this process can install system packages.
fn may_install() -> bool {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    is_root && succeeds_quietly(&["apt-get", "--version"])
}

/// Installs a system package, with a fresh package list if need be.
fn install(package: &str) {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command.status().is_ok_and(|status| status.success())
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    if !apt(&install) && apt(&["update"]) {
        apt(&install);
    }
}

/// Whether a command can be started and succeeds; its output is not shown.
fn succeeds_quietly(command: &[&str]) -> bool {
    let Some((program, arguments)) = command.split_first() else { return false };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::{CARGO, Program};

    #[test]
    fn what_is_there_is_found() {
        assert_eq!(CARGO.ensure(), Ok(()));
    }

    #[test]
    fn a_missing_program_and_a_missing_subcommand_are_both_missing() {
        const PROBES: [&[&str]; 3] = [
            &["quorate-no-such-program", "--version"],
            // Cargo starts, and says that there is no such subcommand.
            &["cargo", "quorate-no-such-subcommand", "--version"],
            &[],
        ];
        for probe in PROBES {
            let program = Program { name: "nothing", probe, package: None, install: "" };
            assert_eq!(program.ensure(), Err("nothing is missing".into()), "{probe:?}");
        }
    }
}
