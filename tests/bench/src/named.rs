//! `cargo xtask models`: checks the named models and writes `models/README.md` anew.
//!
//! A model is searched depth first with two threads, for its time and memory. One that is not too large for
//! it is searched once more, breadth first with one thread, which meets every state at its distance from the
//! beginning: the greatest is the depth. Two such searches also find the same counts, or the check says so.

use crate::checker::{Checked, Checker};
use crate::readme::{Cost, costs, introduction, recorded, render};
use quorate_models::{NAMED, Named};
use std::path::PathBuf;

/// The text, from the root of the workspace.
const NAME: &str = "models/README.md";
/// How a model is searched for its time and memory.
const TIMED: [&str; 4] = ["--search", "dfs", "--threads", "2"];
/// How it is searched for its depth.
const LEVEL_BY_LEVEL: [&str; 4] = ["--search", "bfs", "--threads", "1"];
/// The most distinct states for which a depth is looked for.
const MOST_FOR_DEPTH: u64 = 5_000_000;

/// The exit code when a model could not be measured.
const FAILED: u8 = 1;
/// The exit code for an unknown model.
const USAGE_ERROR: u8 = 64;

/// Measures the named models, or all of them. Returns the exit code: 0 when all were, 1 when one could not
/// be, 64 for an unknown one. What was measured is written in any case, and of the others what was known.
pub(crate) fn run(wanted: &[String]) -> u8 {
    let known: Vec<&str> = NAMED.iter().map(|named| named.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        eprintln!("model: {unknown:?}; expected one of {}", known.join(", "));
        return USAGE_ERROR;
    }
    match write(wanted) {
        Ok(true) => 0,
        Ok(false) => FAILED,
        Err(error) => {
            eprintln!("{error}");
            FAILED
        }
    }
}

/// Writes the file. Whether everything wanted could be measured.
fn write(wanted: &[String]) -> Result<bool, String> {
    let file = readme();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("{NAME}: {error}; expected at least an introduction"))?;
    let introduction = introduction(&text)?;
    let mut costs = costs(&text);
    let checker = Checker::build()?;
    let mut is_whole = true;
    let is_wanted = |named: &&Named| wanted.is_empty() || wanted.iter().any(|n| n == named.name);
    for named in NAMED.iter().filter(is_wanted) {
        match measure(&checker, named) {
            Ok(cost) => drop(costs.insert(named.name.to_owned(), cost)),
            Err(error) => {
                eprintln!("{}: {error}", named.name);
                is_whole = false;
            }
        }
    }
    let text = render(introduction, &costs);
    std::fs::write(&file, text).map_err(|error| format!("{NAME}: {error}"))?;
    println!("{NAME}: written");
    Ok(is_whole)
}

/// Where the text is.
fn readme() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(NAME)
}

/// What a model costs.
fn measure(checker: &Checker, named: &Named) -> Result<Cost, String> {
    let name = named.name;
    let counts = recorded(named).ok_or_else(|| {
        format!("no counts; expected them; try quorate check {name} --update-counts")
    })?;
    let check = |how: &[&str]| {
        let words = [name].iter().chain(how).map(|word| (*word).to_owned()).collect::<Vec<_>>();
        checker.check(&words).and_then(Checked::complete)
    };
    let timed = check(&TIMED)?;
    let depth = match counts.distinct {
        ..=MOST_FOR_DEPTH => Some(check(&LEVEL_BY_LEVEL)?.depth),
        _ => None,
    };
    let memory = timed.peak_memory.ok_or("this system does not tell the memory of a process")?;
    Ok(Cost::new(depth, timed.seconds, memory))
}

#[cfg(test)]
mod tests {
    use super::{USAGE_ERROR, readme, run};

    #[test]
    fn an_unknown_model_is_a_usage_error_and_nothing_is_measured() {
        assert_eq!(run(&["smok".to_owned()]), USAGE_ERROR);
    }

    #[test]
    fn the_text_is_beside_the_models() {
        let models = readme().with_file_name("named");
        assert!(models.is_dir(), "{}", models.display());
    }
}
