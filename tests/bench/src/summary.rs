//! What has been measured so far, printed as it comes, and the exit code that follows.
//!
//! A missed target is no failure, for a slow machine is no mistake. What could not run is said, and is never
//! taken for measured.

use crate::figure::Figure;
use std::fmt::Display;

/// The exit code when something could not be measured.
const NOT_RUN: u8 = 3;

/// What has been measured, as it is printed.
#[derive(Default)]
pub(crate) struct Summary {
    met: usize,
    missed: usize,
    not_run: usize,
}

impl Summary {
    /// Prints figures, or why there are none.
    pub(crate) fn take(&mut self, name: &str, figures: Result<Vec<Figure>, impl Display>) {
        match figures {
            Ok(figures) => {
                for figure in figures {
                    println!("{figure}");
                    match figure.is_met() {
                        Some(true) => self.met += 1,
                        Some(false) => self.missed += 1,
                        None => (),
                    }
                }
            }
            Err(why) => {
                println!("NOT RUN {name}: {why}");
                self.not_run += 1;
            }
        }
    }

    /// Prints the closing line and returns the exit code.
    pub(crate) fn end(&self) -> u8 {
        let Summary { met, missed, not_run } = self;
        println!("targets: {met} met, {missed} missed; not run: {not_run}");
        if *not_run == 0 { 0 } else { NOT_RUN }
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;
    use crate::figure::{Figure, Goal};

    #[test]
    fn what_could_not_run_is_counted_and_a_missed_target_is_no_failure() {
        let figure = |goal| Figure { name: "x".into(), rounds: vec![2.0], unit: "us", goal };
        let goals = [Some(Goal::at_most(1.0)), Some(Goal::at_least(3.0)), Some(Goal::at_most(2.0))];
        let mut summary = Summary::default();
        summary.take("x", Ok::<_, String>(goals.map(figure).to_vec()));
        summary.take("y", Ok::<_, String>(vec![figure(None)]));
        assert_eq!((summary.met, summary.missed, summary.end()), (1, 2, 0));
        summary.take("z", Err("there is no such thing"));
        assert_eq!((summary.not_run, summary.end()), (1, 3));
    }
}
