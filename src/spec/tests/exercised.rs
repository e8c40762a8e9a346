//! Which guards an action exercises: all that say something, and no other.

mod made_up;
mod runs;

use made_up::{State, set};
use quorate_core::{AbstractAction, Configuration, Index, Payload, Term};
use quorate_spec::{Abstract, Exercised, GUARDS, Vacuity, place_of};
use runs::n;
use std::collections::BTreeSet;

/// A run of three servers, action by action, in which every guard with a vacuity is exercised and is not, as far as
/// actions that may happen can. With each action the guards of it that it does not exercise.
fn run() -> Vec<(AbstractAction, &'static [&'static str])> {
    let (one, two, three) = (Term(1), Term(2), Term(3));
    let stand = |server, term| AbstractAction::BecomeCandidate { server: n(server), term };
    let grant = |server, candidate, term| AbstractAction::GrantVote {
        server: n(server),
        candidate: n(candidate),
        term,
    };
    let lead =
        |server, term, votes| AbstractAction::BecomeLeader { server: n(server), term, votes };
    let take = |server, term, previous, last| AbstractAction::Replicate {
        server: n(server),
        term,
        previous: Index(previous),
        last: Index(last),
    };
    let append = |term, index| AbstractAction::LeaderAppend { term, index: Index(index) };
    vec![
        (stand(1, one), &[]),
        (grant(2, 1, one), &["term_not_left", "vote_is_free", "log_is_up_to_date"]),
        // The abstract protocol lets it say so again.
        (grant(2, 1, one), &["log_is_up_to_date"]),
        (lead(1, one, set([1, 2])), &["not_leader_yet"]),
        (append(one, 1), &[]),
        (append(one, 2), &[]),
        (take(1, one, 0, 2), &["previous_not_after_last", "previous_matches"]),
        (take(2, one, 0, 1), &["previous_not_after_last", "previous_matches"]),
        (take(2, one, 1, 2), &[]),
        (take(3, one, 0, 1), &["term_not_left", "previous_not_after_last", "previous_matches"]),
        (AbstractAction::Commit { term: one, index: Index(1), acknowledged: set([1, 2]) }, &[]),
        (AbstractAction::Apply { server: n(1), index: Index(1) }, &[]),
        (stand(1, two), &[]),
        (grant(2, 1, two), &["vote_is_free"]),
        (AbstractAction::BumpTerm { server: n(3), term: three }, &[]),
    ]
}

fn start() -> State {
    Abstract::new(Configuration::new(set([1, 2, 3])).expect("three voters"))
}

/// The names of the guards of an action that a set lacks.
fn lacking(exercised: Exercised, action: &AbstractAction) -> Vec<&'static str> {
    let has = |name: &str| exercised.guards().any(|guard| guard.name == name);
    let guards = GUARDS.iter().filter(|guard| guard.action == action.name());
    guards.map(|guard| guard.name).filter(|name| !has(name)).collect()
}

#[test]
fn an_action_exercises_its_guards_but_for_those_that_say_nothing() {
    let mut state = start();
    let mut together = Exercised::default();
    for (action, silent) in run() {
        let exercised = state.exercised_by(&action);
        assert_eq!(lacking(exercised, &action), silent, "{action:?}");
        assert!(exercised.actions().eq([action.name()]), "{action:?}");
        let others = AbstractAction::NAMES.into_iter().filter(|name| *name != action.name());
        assert!(exercised.idle_actions().eq(others), "{action:?}");
        assert!(exercised.silent_guards().map(|guard| guard.name).eq(silent.iter().copied()));
        state.perform(&action, Some(Payload::NoOp)).unwrap_or_else(|failed| panic!("{failed}"));
        together.add(exercised);
    }
    assert_eq!(together.idle_actions().count(), 0);
    let silent: Vec<&str> = together.silent_guards().map(|guard| guard.full_name).collect();
    assert_eq!(silent, ["become_leader.not_leader_yet"]);
    // That two lead one term is what the guards rule out; in a state made up it is exercised.
    let lead = AbstractAction::BecomeLeader { server: n(2), term: Term(1), votes: set([2, 3]) };
    assert_eq!(lacking(state.exercised_by(&lead), &lead), [""; 0]);
    // A server that has entered no term has left none.
    let bump = AbstractAction::BumpTerm { server: n(3), term: Term(1) };
    assert_eq!(lacking(start().exercised_by(&bump), &bump), ["term_not_left"]);
}

#[test]
fn every_action_exercises_some_guard_whatever_is_wanting() {
    for name in AbstractAction::NAMES {
        let mut guards = GUARDS.iter().filter(|guard| guard.action == name);
        assert!(guards.any(|guard| guard.vacuity.is_none()), "{name}");
    }
}

#[test]
fn sets_of_guards_are_in_the_order_of_the_list() {
    assert!(Exercised::ALL.guards().eq(GUARDS));
    assert_eq!(Exercised::from_bits(u64::MAX), Exercised::ALL);
    assert_eq!(Exercised::ALL.bits(), (1 << GUARDS.len()) - 1);
    assert_eq!(Exercised::from_bits(6).bits(), 6);
    assert_eq!(Exercised::default().idle_actions().count(), AbstractAction::NAMES.len());
    // What never happened is named once, and not with each of its guards.
    assert_eq!(Exercised::default().silent_guards().count(), 0);
    let places = run().iter().map(|(action, _)| (place_of(action), action.name())).collect();
    let expected: BTreeSet<(usize, &str)> = (0..).zip(AbstractAction::NAMES).collect();
    assert_eq!(expected, places);
}

#[test]
fn what_is_wanting_has_a_reading_and_a_relation() {
    let vacuities: Vec<Vacuity> = GUARDS.iter().filter_map(|guard| guard.vacuity).collect();
    assert_eq!(vacuities.len(), 8);
    let readings: BTreeSet<&str> = vacuities.iter().map(|vacuity| vacuity.reading()).collect();
    let relations: BTreeSet<&str> = vacuities.iter().map(|vacuity| vacuity.relation()).collect();
    assert_eq!((readings.len(), relations.len()), (5, 5), "each its own");
    for vacuity in vacuities {
        assert!(!vacuity.reading().is_empty());
        assert!(vacuity.relation().starts_with('(') && vacuity.relation().ends_with(')'));
    }
}
