//! Every property holds in runs by chance, and fails when it should, in the right words.

mod common;
#[path = "properties/spoilt.rs"]
mod spoilt;

use common::{Run, by_chance, n};
use fastrand::Rng;
use quorate_cluster::Action;
use quorate_core::Term;
use quorate_spec::properties::{END_TO_END, check_server, find};
use quorate_spec::{PROPERTIES, Property, check_state, check_step, for_each_property};
use std::any::type_name;
use std::collections::BTreeSet;

#[test]
fn hold_in_runs_by_chance() {
    for servers in 1..=5 {
        by_chance(servers, 8, 800);
    }
}

/// Each spoilt action breaks the property that it is meant to break, and the words say how.
#[test]
fn fail_when_they_should() {
    for case in spoilt::cases() {
        let property = find(case.property).expect(case.property);
        let step = (property.step)(&case.past.transition());
        let verdict = step.and_then(|()| (property.state)(&case.past.after));
        assert_eq!(verdict, Err(case.why.to_owned()), "{}", property.name);
    }
}

/// What breaks one property is no secret to the check of all, though another may be blamed.
#[test]
fn the_check_of_all_misses_nothing() {
    for case in spoilt::cases() {
        let step = check_step(&case.past.transition());
        let verdict = step.and_then(|()| check_state(&case.past.after));
        assert!(verdict.is_err(), "{}: {}", case.property, case.why);
    }
}

/// What a state shows is seen in it without the action that led there: counterexamples begin in states, and checks
/// of whole clusters have nothing else.
#[test]
fn what_a_state_shows_is_seen_in_it() {
    let shown: BTreeSet<&str> = spoilt::cases()
        .iter()
        .filter(|case| (find(case.property).expect(case.property).state)(&case.past.after).is_err())
        .map(|case| case.property)
        .collect();
    let expected = [
        "AppliedKept",
        "CommitKnown",
        "CommittedDurable",
        "ElectionSafety",
        "LeaderCompleteness",
        "LeaderVotes",
        "LogMatching",
        "LogTerms",
        "MatchDurable",
        "NextGtMatch",
        "OneOutcome",
        "StateMachineSafety",
        "VoteOnce",
    ];
    assert_eq!(shown, BTreeSet::from(expected));
}

/// A check asks for everything, for one property, or for those that say what the protocol is for.
#[test]
fn a_property_is_asked_for_by_its_name_or_what_it_is_for() {
    let asked = |name: &str, by| find(name).expect(name).is_asked(by);
    for (by, election_safety, vote_once) in [
        (None, true, true),
        (Some("ElectionSafety"), true, false),
        (Some("VoteOnce"), false, true),
        (Some(END_TO_END), true, false),
        (Some("NoSuchProperty"), false, false),
    ] {
        let both = (asked("ElectionSafety", by), asked("VoteOnce", by));
        assert_eq!(both, (election_safety, vote_once), "{by:?}");
    }
}

#[test]
fn every_property_has_a_case_that_fails() {
    let failing: BTreeSet<&str> = spoilt::cases().iter().map(|case| case.property).collect();
    let all: BTreeSet<&str> = PROPERTIES.iter().map(|property| property.name).collect();
    assert_eq!(failing, all);
}

/// A local property sees in the one server what it sees in the whole action, and the check of one server
/// sees it too.
#[test]
fn local_properties_are_local() {
    for case in spoilt::cases() {
        let property = find(case.property).expect(case.property);
        let step = (property.step)(&case.past.transition());
        if property.local && step.is_err() {
            let transition = case.past.transition();
            let change = transition.server_change().expect("a server acted");
            assert_eq!((property.server)(&change), step, "{}", property.name);
            assert!(check_server(&change).is_err(), "{}", property.name);
        }
    }
}

/// The check of one server, which is all that a remembered step is checked by, sees what a state would show.
#[test]
fn local_properties_see_in_the_server_what_a_state_shows() {
    let local = |case: &spoilt::Case| find(case.property).expect(case.property);
    // What VoteOnce reads in a state is the history of votes, which no server holds.
    let is_meant = |case: &&spoilt::Case| local(case).local && case.property != "VoteOnce";
    for case in spoilt::cases().iter().filter(is_meant) {
        let transition = case.past.transition();
        let change = transition.server_change();
        let seen = change.is_some_and(|change| (local(case).server)(&change).is_err());
        let in_states = (local(case).state)(&case.past.after).is_err();
        assert!(seen || !in_states, "{}: {}", case.property, case.why);
    }
}

/// What a leader knows of followers belongs to one leadership.
#[test]
fn a_new_leadership_knows_nothing_of_followers() {
    let cases = spoilt::cases();
    let fell = cases.into_iter().find(|case| case.property == "MatchMonotonic").expect("a case");
    let mut past = fell.past;
    past.spoil(1).state.current_term = Term(2);
    let property = find("MatchMonotonic").expect("a property");
    assert_eq!((property.step)(&past.transition()), Ok(()));
}

/// The list can be used from another crate, and every name is that of its type.
#[test]
fn names_are_those_of_the_types() {
    macro_rules! names {
        ($($property:ty),+ $(,)?) => {
            [$((<$property as Property>::NAME, type_name::<$property>())),+]
        };
    }
    let names = for_each_property!(names);
    assert_eq!(names.len(), PROPERTIES.len());
    for (name, path) in names {
        assert_eq!(path.rsplit("::").next(), Some(name));
        assert_eq!(find(name).map(|property| property.name), Some(name));
    }
    assert_eq!(find("no such property").map(|property| property.name), None);
}

#[test]
fn names_are_unique_and_each_has_its_source_and_reading() {
    let names: BTreeSet<&str> = PROPERTIES.iter().map(|property| property.name).collect();
    assert_eq!(names.len(), PROPERTIES.len());
    for property in PROPERTIES {
        let (name, citation) = (property.name, property.citation);
        assert!(citation.starts_with("[Ongaro14 §") && citation.ends_with(']'), "{name}");
        assert!(property.reading.ends_with('.'), "{name}");
    }
}

/// A server that loses its disk and comes back under the same id votes twice, and a term has two leaders.
#[test]
fn a_wiped_disk_breaks_elections() {
    let mut run = Run::new(3);
    run.win(1, &[2]);
    run.assert_sound();
    run.act(Action::Wipe(n(2)));
    let violation = run.violation.take().expect("the durable term fell");
    assert_eq!(violation.property, "TermMonotonic");
    run.win(3, &[2]);
    let violation = run.violation.take().expect("a second vote");
    assert_eq!(violation.property, "VoteOnce");
    assert_eq!(violation.why, "n2 voted for n1 and n3 in term 1");
    let leaders = find("ElectionSafety").expect("a property");
    assert_eq!(
        (leaders.state)(&run.cluster),
        Err("n1 and n3 both became leader of term 1".to_owned())
    );
}

#[test]
fn runs_with_wiped_disks_break_something() {
    for seed in 0..5 {
        let mut rng = Rng::with_seed(seed);
        let mut run = Run::new(3);
        run.remembers = false;
        for _ in 0..400 {
            if rng.u8(..50) == 0 {
                run.act(Action::Wipe(n(rng.u8(1..=3))));
            } else {
                run.act_by_chance(&mut rng);
            }
        }
        assert!(run.violation.is_some(), "seed {seed}");
    }
}
