//! `cargo xtask`: the project's own commands.
//!
//! `cargo xtask test` runs everything that a change must pass, in the order in which failures are
//! cheapest to learn about, and ends with one line that counts.

mod steps;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask test [STEP...]

  test   runs all checks of a change, or only the named steps
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, steps)) if command == "test" => steps::run(steps),
        Some((command, _)) if command == "help" || command == "--help" => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Some((command, _)) => {
            eprintln!("command: {command:?}; expected test; try cargo xtask help");
            ExitCode::from(64)
        }
        None => {
            eprint!("{USAGE}");
            ExitCode::from(64)
        }
    }
}
