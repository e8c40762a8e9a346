use super::{plan, report};
use crate::cli::arguments::{Asked, CheckArguments, read};
use crate::cli::check::Beside;
use crate::cli::json;
use quorate_models::{Counts, Limits, Options, Report, StopReason, check};
use std::time::Duration;

fn asked(line: &str) -> CheckArguments {
    let mut parser = lexopt::Parser::from_args(line.split_whitespace());
    match read(&mut parser) {
        Ok(Asked::Protocol(arguments)) => *arguments,
        Ok(_) => panic!("{line} asks for no model of the protocol"),
        Err(failure) => panic!("{line}: {failure:?}"),
    }
}

/// What a check finds, and the verdict and the next command that are printed for it.
fn found(arguments: &CheckArguments, options: &Options) -> (Report, String, String) {
    let found = check(&arguments.bounds, options, &mut |_| {});
    let text = report(arguments, &found, &Beside::default());
    let next = text.lines().find_map(|line| line.strip_prefix("  next       "));
    let verdict = text.lines().take_while(|line| !line.starts_with("  states"));
    let (verdict, next) = (verdict.collect::<String>(), next.unwrap_or("").to_owned());
    (found, verdict, next)
}

#[test]
fn what_never_happened_is_called_vacuous_and_named() {
    let arguments = asked("pair --threads 1");
    let required = &["leader_elected", "read_served"];
    let options = Options { required, ..Options::default() };
    let (found, verdict, next) = found(&arguments, &options);
    assert_eq!(verdict, "VACUOUS: everything was explored, but this never happened: read_served");
    assert_eq!(next, "quorate list  # says what each of these is");
    let text = report(&arguments, &found, &Beside::default());
    assert!(text.contains("\n  MISSING    read_served\n"), "{text}");
    let value = json::report(&arguments, &found, &Beside::default());
    assert_eq!(
        (&value["verdict"], &value["missing"][0]),
        (&"vacuous".into(), &"read_served".into())
    );
}

#[test]
fn a_changed_count_names_both_counts() {
    let arguments = asked("pair");
    let recorded = Some(Counts { distinct: 1_000, generated: 2_000 });
    let options = Options { recorded, ..Options::default() };
    let (found, verdict, next) = found(&arguments, &options);
    assert_eq!(
        verdict,
        "COUNT CHANGED: no violation, but 1,000 distinct and 2,000 generated states are recorded"
    );
    assert_eq!(next, "quorate check pair --update-counts  # once the change is explained");
    assert_eq!(json::report(&arguments, &found, &Beside::default())["verdict"], "count changed");
    let recorded = arguments.recorded();
    assert_eq!(recorded, Some(found.counts), "the real record is right");
}

#[test]
fn every_limit_says_what_stopped_the_search_and_how_to_go_on() {
    let cases = [
        ("time-limit 0.5s", Limits { time: Some(Duration::from_millis(1)), ..Limits::default() }),
        ("state-limit 1", Limits { states: Some(1), ..Limits::default() }),
        ("memory-limit 1M --search bfs", Limits { memory: Some(1 << 20), ..Limits::default() }),
    ];
    let expected = [
        ("the time limit of 0.001 s", "quorate check elections --time-limit 0.004s"),
        ("the limit of 1 distinct states", "quorate check elections --state-limit 10"),
        ("the memory limit of 1 MiB", "quorate check elections --memory-limit 1M --search dfs"),
    ];
    for ((flag, limits), (reason, next_command)) in cases.into_iter().zip(expected) {
        let arguments = asked(&format!("elections --{flag}"));
        let options = Options { limits, ..Options::default() };
        let (found, verdict, next) = found(&arguments, &options);
        let begin = format!("INCOMPLETE: stopped by {reason}; no violation among the ");
        assert!(verdict.starts_with(&begin), "{verdict}");
        assert_eq!(next, next_command);
        assert!(json::report(&arguments, &found, &Beside::default())["stopped_by"] == reason);
    }
}

#[test]
fn after_an_interrupt_the_same_command_is_next() {
    let arguments = asked("elections --threads 2");
    let options = Options { required: arguments.required(), ..Options::default() };
    options.stopper.interrupt();
    let (found, verdict, next) = found(&arguments, &options);
    assert!(verdict.starts_with("INCOMPLETE: stopped by an interrupt; "), "{verdict}");
    assert_eq!(next, "quorate check elections --threads 2");
    assert_eq!(found.counts, Counts { distinct: 1, generated: 1 });
    let text = report(&arguments, &found, &Beside::default());
    assert!(text.contains("  not yet    leader_elected, "), "{text}");
    assert!(!text.contains("NEVER") && !text.contains("MISSING"), "{text}");
    let stopped = quorate_models::Verdict::Incomplete(StopReason::Panicked);
    let text = report(&arguments, &Report { verdict: stopped, ..found }, &Beside::default());
    assert!(text.starts_with("INCOMPLETE: stopped by a mistake in the check itself"), "{text}");
}

#[test]
fn bounds_of_ones_own_have_no_record_and_require_nothing() {
    let own = asked("pair --crashes 0");
    assert!(own.recorded().is_none() && own.required().is_empty());
    let text = plan(&own);
    assert!(text.starts_with("check pair --crashes 0: with bounds of your own\n"), "{text}");
    // A bound that is set to what it is anyway changes nothing.
    let same = asked("pair --crashes 1");
    assert!(same.recorded().is_some() && !same.required().is_empty());
    // To look for one property alone, no abstract protocol is kept, so the states are fewer.
    let alone = asked("pair --property VoteOnce");
    assert!(alone.recorded().is_none() && !alone.required().is_empty());
    assert!(asked("pair --property Refinement").recorded().is_some());
}

#[test]
fn the_next_command_can_be_pasted() {
    let line = "pair --time-limit 90s --crashes 1 --save it.txt --update-counts";
    let arguments = asked(line);
    assert_eq!(arguments.command_with(&[]), format!("quorate check {line}"));
    let with_space = asked("pair --property VoteOnce");
    let next = with_space.command_with(&[("save", "a b.txt".to_owned())]);
    assert_eq!(next, "quorate check pair --property VoteOnce --save 'a b.txt'");
    assert_eq!(
        asked("pair --crashes 1 --crashes 2").command_with(&[("crashes", "3".to_owned())]),
        "quorate check pair --crashes 3"
    );
}
