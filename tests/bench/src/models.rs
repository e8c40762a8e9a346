//! What the default check costs in plain mode.

use crate::figure::{Figure, Goal};
use quorate_models::{Mode, Named, Options, Verdict, check, find};

/// The rounds.
const ROUNDS: usize = 3;
/// At most how many seconds the check may take.
const TARGET: f64 = 20.0;

/// Measures the model `small` with as many threads as there are processors: seconds, and microseconds for
/// each distinct state.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    let small = find("small").ok_or("there is no such model")?;
    figures(small, ROUNDS)
}

fn figures(named: &Named, rounds: usize) -> Result<Vec<Figure>, String> {
    let mode = Mode::Plain;
    let options = Options { mode, recorded: named.recorded(mode), ..Options::default() };
    let mut seconds = Vec::new();
    let mut per_state = Vec::new();
    for _ in 0..rounds {
        let report = check(&named.bounds, &options, &mut |_| ());
        if !matches!(report.verdict, Verdict::Exhausted) {
            return Err(format!("{}: {:?}", named.name, report.verdict));
        }
        let elapsed = report.elapsed.as_secs_f64();
        seconds.push(elapsed);
        per_state.push(elapsed * 1e6 / report.counts.distinct as f64);
    }
    let goal = Some(Goal::at_most(TARGET));
    let name = |what: &str| format!("{}: {what}", named.name);
    Ok(vec![
        Figure { name: name("whole check"), rounds: seconds, unit: "s", goal },
        Figure { name: name("one distinct state"), rounds: per_state, unit: "us", goal: None },
    ])
}

#[cfg(test)]
mod tests {
    use super::figures;
    use quorate_models::{Bounds, NAMED, Named};

    #[test]
    fn a_small_model_is_measured_and_an_unfinished_one_is_not() {
        let tiny = Named {
            name: "tiny",
            bounds: Bounds { servers: 1, crashes: 0, ..Bounds::LEAST },
            ..NAMED[0]
        };
        assert_eq!(figures(&tiny, 1).map(|figures| figures.len()), Ok(2));
        // It has not as many states as are recorded for this name.
        assert!(figures(&Named { name: "small", ..tiny }, 1).is_err());
    }
}
