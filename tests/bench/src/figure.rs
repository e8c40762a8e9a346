//! A figure: what was measured, beside what was promised.

use std::fmt;

/// What stands above the figures.
pub(crate) const HEADER: &str =
    "figure                                           best     median  unit  target  best/target";

/// One measured quantity, of which less is better.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// The measured values, one a round.
    pub(crate) rounds: Vec<f64>,
    /// Their unit.
    pub(crate) unit: &'static str,
    /// The greatest value that keeps the promise, if one was made.
    pub(crate) target: Option<f64>,
}

impl Figure {
    /// The least value and the middle one; of none, not a number.
    fn best_and_median(&self) -> (f64, f64) {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        (at(0), at(sorted.len() / 2))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (best, median) = self.best_and_median();
        write!(f, "{:<42} {best:>10.3} {median:>10.3}  {:<4}", self.name, self.unit)?;
        match self.target {
            Some(target) => write!(f, "  {target:>6}  {:>10.2}x", best / target),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, HEADER};

    #[test]
    fn a_figure_shows_its_best_and_middle_round_and_their_ratio_to_the_target() {
        let rounds = vec![3.0, 1.0, 2.0];
        let mut figure = Figure { name: "x".into(), rounds, unit: "us", target: Some(4.0) };
        let words = |figure: &Figure| {
            let text = figure.to_string();
            text.split_whitespace().map(String::from).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words(&figure), "x 1.000 2.000 us 4 0.25x");
        assert_eq!(figure.to_string().len(), HEADER.len());
        figure.target = None;
        assert_eq!(words(&figure), "x 1.000 2.000 us");
    }
}
