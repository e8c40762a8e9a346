//! Benchmarks: the project's figures, each beside its target.
//!
//! A target is a promise about the order of magnitude, on any machine of the last ten years; so what is
//! printed is the figure and its ratio to the target, best and median over several rounds. There is no
//! statistics library here: whoever hunts for a percent uses a profiler, and these numbers catch the rest.
//!
//! Beside the benchmarks that are named, the program has three jobs of their own, which run the command
//! `quorate` as a process: `--check` measures what the exhaustive check promises, `--cluster` what three servers
//! do for clients beside etcd's, and `--models` writes what each named model costs into `models/README.md`.
//!
//! These are no tests: a slow machine is no mistake. That they still run is tested, on tiny sizes.

mod check;
mod checker;
mod child;
mod clients;
mod cluster;
mod compile;
mod figure;
mod linearizability;
mod log;
mod models;
mod named;
mod operations;
mod place;
mod readme;
mod stateright;
mod summary;
mod trio;

use figure::Figure;
use std::process::ExitCode;

/// A benchmark: its name, and what measures its figures.
struct Benchmark {
    name: &'static str,
    run: fn() -> Result<Vec<Figure>, String>,
}

const BENCHMARKS: &[Benchmark] = &[
    Benchmark { name: "core", run: operations::measure },
    Benchmark { name: "clients", run: clients::measure },
    Benchmark { name: "small", run: models::measure },
    Benchmark { name: "linearizability", run: linearizability::measure },
    Benchmark { name: "log", run: log::measure },
    Benchmark { name: "build", run: compile::measure },
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    match wanted.split_first() {
        Some((job, [])) if job == "--check" => return ExitCode::from(check::run()),
        Some((job, words)) if job == "--cluster" => return ExitCode::from(cluster::run(words)),
        Some((job, names)) if job == "--models" => return ExitCode::from(named::run(names)),
        _ => (),
    }
    let names: Vec<&str> = BENCHMARKS.iter().map(|benchmark| benchmark.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        eprintln!("benchmark: {unknown:?}; expected one of {}", names.join(", "));
        return ExitCode::from(64);
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    println!("{}", figure::HEADER);
    for benchmark in BENCHMARKS.iter().filter(|benchmark| is_wanted(benchmark.name)) {
        match (benchmark.run)() {
            Ok(figures) => figures.iter().for_each(|figure| println!("{figure}")),
            Err(error) => {
                eprintln!("{}: {error}", benchmark.name);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
