//! A figure: what was measured, beside what was promised.

use std::fmt;

/// What stands above the figures.
pub(crate) const HEADER: &str = concat!(
    "figure                                                    best     median  unit    target      aim  ",
    "  of target"
);

/// One measured quantity.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// The measured values, one a round.
    pub(crate) rounds: Vec<f64>,
    /// Their unit.
    pub(crate) unit: &'static str,
    /// What was promised, if anything was. Without this, less is better.
    pub(crate) goal: Option<Goal>,
}

/// A promise, and what is hoped for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Goal {
    better: Better,
    /// The value that just keeps the promise, if there is one.
    target: Option<f64>,
    /// The value that is hoped for, if it is another.
    aim: Option<f64>,
    /// Which value has to keep the promise.
    judged: Judged,
}

/// Which of a figure's values has to keep a promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Judged {
    /// The best one: it says what the code costs, whatever the neighbours on the machine do.
    Best,
    /// The middle one, of what is compared with something that suffers the same neighbours.
    Median,
}

/// Which of two values is the better one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Better {
    Less,
    More,
}

impl Goal {
    /// A value that is not to be exceeded.
    pub(crate) const fn at_most(target: f64) -> Goal {
        Goal { target: Some(target), better: Better::Less, ..Goal::more() }
    }

    /// A value that is to be reached.
    pub(crate) const fn at_least(target: f64) -> Goal {
        Goal { target: Some(target), ..Goal::more() }
    }

    /// No promise, of a value of which more is better.
    pub(crate) const fn more() -> Goal {
        Goal { better: Better::More, target: None, aim: None, judged: Judged::Best }
    }

    /// The same promise, with something better hoped for.
    pub(crate) const fn aiming_at(self, aim: f64) -> Goal {
        Goal { aim: Some(aim), ..self }
    }

    /// The same promise, of the median and not of the best round.
    pub(crate) const fn by_median(self) -> Goal {
        Goal { judged: Judged::Median, ..self }
    }

    /// Whether a value is as good as a demanded one; what is not a number is not.
    fn is_kept(&self, value: f64, demanded: f64) -> bool {
        match self.better {
            Better::Less => value <= demanded,
            Better::More => value >= demanded,
        }
    }
}

impl Figure {
    /// The best value and the middle one; of none, not a number.
    fn best_and_median(&self) -> (f64, f64) {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        if self.goal.is_some_and(|goal| goal.better == Better::More) {
            sorted.reverse();
        }
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        (at(0), at(sorted.len() / 2))
    }

    /// Whether the promise is kept, if there is one.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let goal = self.goal?;
        goal.target.map(|target| goal.is_kept(self.judged(goal), target))
    }

    /// The value that has to keep a promise.
    fn judged(&self, goal: Goal) -> f64 {
        let (best, median) = self.best_and_median();
        match goal.judged {
            Judged::Best => best,
            Judged::Median => median,
        }
    }
}

/// A value as it is printed. A large one is a count.
fn shown(value: f64) -> String {
    if value >= 10_000.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (best, median) = self.best_and_median();
        let (shown_best, shown_median) = (shown(best), shown(median));
        write!(f, "{:<51} {shown_best:>10} {shown_median:>10}  {:<4}", self.name, self.unit)?;
        let Some(goal) = self.goal else { return Ok(()) };
        let Some(promised) = goal.target else { return Ok(()) };
        let judged = self.judged(goal);
        let sign = match goal.better {
            Better::Less => "<=",
            Better::More => ">=",
        };
        let target = format!("{sign} {promised}");
        let aim = goal.aim.map_or_else(String::new, |aim| aim.to_string());
        let verdict = match goal.aim {
            Some(aim) if goal.is_kept(judged, aim) => "aim met",
            _ if goal.is_kept(judged, promised) => "met",
            _ => "MISSED",
        };
        write!(f, "  {target:>8}  {aim:>7}  {:>10.2}x  {verdict}", judged / promised)
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Goal, HEADER};

    fn figure(goal: Option<Goal>) -> Figure {
        Figure { name: "x".into(), rounds: vec![3.0, 1.0, 2.0], unit: "us", goal }
    }

    fn words(figure: &Figure) -> String {
        figure.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_figure_shows_its_best_and_middle_round_and_their_ratio_to_the_target() {
        let kept = figure(Some(Goal::at_most(4.0)));
        assert_eq!(words(&kept), "x 1.000 2.000 us <= 4 0.25x met");
        assert_eq!(kept.to_string().len(), HEADER.len() + "  met".len());
        assert_eq!(words(&figure(None)), "x 1.000 2.000 us");
        assert_eq!(figure(None).is_met(), None);
    }

    #[test]
    fn where_more_is_better_the_best_is_the_greatest() {
        let kept = figure(Some(Goal::at_least(3.0).aiming_at(4.0)));
        assert_eq!(words(&kept), "x 3.000 2.000 us >= 3 4 1.00x met");
        let missed = figure(Some(Goal::at_least(6.0)));
        assert_eq!(words(&missed), "x 3.000 2.000 us >= 6 0.50x MISSED");
        let hoped = figure(Some(Goal::at_least(2.0).aiming_at(2.5)));
        assert_eq!(words(&hoped), "x 3.000 2.000 us >= 2 2.5 1.50x aim met");
        let unpromised = figure(Some(Goal::more()));
        assert_eq!(words(&unpromised), "x 3.000 2.000 us");
        assert_eq!(unpromised.is_met(), None);
        assert_eq!([&kept, &missed, &hoped].map(Figure::is_met), [true, false, true].map(Some));
    }

    #[test]
    fn a_promise_of_the_median_is_kept_by_the_median() {
        let missed = figure(Some(Goal::at_most(1.5).by_median()));
        assert_eq!(words(&missed), "x 1.000 2.000 us <= 1.5 1.33x MISSED");
        let kept = figure(Some(Goal::at_least(1.5).aiming_at(2.5).by_median()));
        assert_eq!(words(&kept), "x 3.000 2.000 us >= 1.5 2.5 1.33x met");
        assert_eq!([&missed, &kept].map(Figure::is_met), [false, true].map(Some));
    }

    #[test]
    fn counts_have_no_decimals() {
        let count = Figure { rounds: vec![3_348_361.0], unit: "", ..figure(None) };
        assert_eq!(words(&count), "x 3348361 3348361");
    }

    #[test]
    fn what_was_not_measured_keeps_no_promise() {
        for goal in [Goal::at_most(1.0), Goal::at_least(1.0)] {
            let nothing = Figure { rounds: Vec::new(), ..figure(Some(goal)) };
            assert_eq!(nothing.is_met(), Some(false));
        }
    }
}
