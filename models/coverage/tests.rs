//! Some small runs together show everything that can happen, but for what is explained. So no property, refinement or
//! witness of the quick checks holds for want of what it is about.

use super::{Coverage, EXPLAINED, Item, Kind};
use crate::simulation::{Checks, Faults, Plan, simulate};
use crate::{Bounds, Options, Stopper, Verdict, check, find};

/// What the runs below do not show although others do, and which.
const ELSEWHERE: [(&str, &str); 1] = [(
    "majority_entry_overwritten",
    "the models figure-8 and synchronous require it, and take longer; chance hardly meets it",
)];

/// A small check: a model, and what is different in its bounds.
type Small = (&'static str, fn(&mut Bounds));

const CHECKS: [Small; 4] = [
    ("smoke", |bounds| bounds.refinement = true),
    ("single", |_| ()),
    ("pair", |_| ()),
    ("refinement", |bounds| (bounds.crashes, bounds.commands) = (0, 0)),
];

/// What happened in a check that must end well.
fn checked((name, change): Small) -> Coverage {
    let mut bounds = find(name).expect("the model exists").bounds;
    change(&mut bounds);
    let report = check(&bounds, &Options::default(), &mut |_| {});
    assert!(matches!(report.verdict, Verdict::Exhausted), "{name}: {:?}", report.verdict);
    Coverage::of_check(&report).expect("nothing is violated")
}

/// What happened in a simulation that must end well.
fn simulated(servers: u8, checks: Checks) -> Coverage {
    let plan =
        Plan { servers, seed: 1, actions: 40_000, episode: 500, faults: Faults::ALL, checks };
    let outcome = simulate(&plan, 2, &Stopper::default(), None, &mut |_| ());
    assert!(outcome.is_complete(&plan), "{:?}", outcome.failure);
    Coverage::of_simulation(&outcome.summary, checks)
}

/// What is missing without an explanation, and what is explained and happened.
fn complaints(coverage: &Coverage) -> Vec<String> {
    let is_elsewhere = |item: &Item| ELSEWHERE.iter().any(|(name, _)| *name == item.name);
    let missing = coverage.missing().into_iter().filter(|item| !is_elsewhere(item));
    let missing = missing.map(|item| format!("{}: {} never happened", item.kind.name(), item.name));
    let happened = Kind::ALL.into_iter().flat_map(|kind| coverage.happened(kind));
    let wrong = happened.filter(|item| item.explanation().is_some() || is_elsewhere(item));
    let wrong =
        wrong.map(|item| format!("{}: {} is listed and happened", item.kind.name(), item.name));
    missing.chain(wrong).collect()
}

/// Everything that the runs must show.
fn complete() -> Coverage {
    let mut coverage = Coverage::of_nothing(1, 1);
    let items = Kind::ALL.into_iter().flat_map(Kind::items);
    let is_elsewhere = |item: &Item| ELSEWHERE.iter().any(|(name, _)| *name == item.name);
    items
        .filter(|item| item.explanation().is_none() && !is_elsewhere(item))
        .for_each(|item| coverage.note(item));
    coverage
}

#[test]
fn small_runs_together_show_everything() {
    let mut together = Coverage::default();
    CHECKS.into_iter().for_each(|small| together.add(&checked(small)));
    [3, 5].into_iter().for_each(|servers| together.add(&simulated(servers, Checks::All)));
    assert_eq!((together.runs, together.compared), (6, 6));
    let complaints = complaints(&together);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn whatever_is_missing_is_noticed() {
    let complete = complete();
    assert_eq!(complaints(&complete), [""; 0]);
    for kind in Kind::ALL {
        for item in complete.happened(kind) {
            let mut lacking = complete.clone();
            lacking.happened.remove(&item);
            let expected = format!("{}: {} never happened", kind.name(), item.name);
            assert_eq!(complaints(&lacking), [expected]);
        }
    }
}

#[test]
fn an_explanation_of_what_happens_is_noticed() {
    let complete = complete();
    for (name, reason) in EXPLAINED.iter().copied().chain(ELSEWHERE) {
        let mut items = Kind::ALL.into_iter().flat_map(Kind::items);
        let item = items.find(|item| item.name == name).expect("what is explained exists");
        assert!(!reason.is_empty());
        let mut more = complete.clone();
        more.note(item);
        let expected = format!("{}: {name} is listed and happened", item.kind.name());
        assert_eq!(complaints(&more), [expected]);
    }
}

#[test]
fn no_two_kinds_have_anything_of_one_name() {
    let mut names: Vec<&str> =
        Kind::ALL.into_iter().flat_map(Kind::items).map(|item| item.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn runs_that_compare_nothing_show_no_guards() {
    let steps = simulated(3, Checks::Steps);
    assert_eq!((steps.runs, steps.compared), (1, 0));
    assert_eq!(steps.happened(Kind::Abstract), []);
    assert_eq!(steps.happened(Kind::Guard), []);
    assert!(!steps.happened(Kind::Action).is_empty() && !steps.happened(Kind::Witness).is_empty());
    let plain = checked(("pair", |bounds| bounds.refinement = false));
    assert_eq!((plain.compared, plain.happened(Kind::Guard)), (0, vec![]));
}

#[test]
fn both_modes_exercise_the_same_guards() {
    let bounds = find("pair").expect("the model exists").bounds;
    let [plain, fast] = [crate::Mode::Plain, crate::Mode::Fast].map(|mode| {
        let report = check(&bounds, &Options { mode, ..Options::default() }, &mut |_| {});
        report.exercised.expect("steps are compared")
    });
    assert_eq!(plain, fast);
}

#[test]
fn a_run_that_is_violated_is_not_merged() {
    let bounds = Bounds { max_log: 2, elections: 2, wipes: 1, ..Bounds::LEAST };
    let options = Options { property: Some("VoteOnce"), ..Options::default() };
    let report = check(&bounds, &options, &mut |_| {});
    assert!(matches!(report.verdict, Verdict::Violated(_)));
    assert_eq!(Coverage::of_check(&report), None);
}
