//! The log and the configuration against naive models of them.

use crate::{cases, id};
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_core::{
    Configuration, Entry, Index, InvalidConfiguration, Log, LogPosition, Payload, ServerSet, Term,
};

/// Entries with terms that never decrease; the command of each is its number, so that no two are equal.
fn ordered_entries(most: usize) -> impl Strategy<Value = Vec<Entry<usize>>> {
    vec(0..3_u64, 0..most).prop_map(|steps| {
        let mut term = 1;
        let entry = |(number, step): (usize, u64)| {
            term += step;
            Entry { term: Term(term), payload: Payload::Command(number) }
        };
        steps.into_iter().enumerate().map(entry).collect()
    })
}

/// An index within a short log or far beyond it.
fn any_index() -> impl Strategy<Value = Index> {
    prop_oneof![9 => (0..12_u64).prop_map(Index), 1 => Just(Index(u64::MAX))]
}

/// The entries with their indices, one after the other.
fn counted(entries: &[Entry<usize>]) -> impl Iterator<Item = (Index, &Entry<usize>)> {
    (1..).map(Index).zip(entries)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_log_is_a_sequence_counted_from_one(
        entries in ordered_entries(9), index in any_index(), term in 0..12_u64,
    ) {
        let log: Log<usize> = entries.iter().cloned().collect();
        let here = counted(&entries).find(|(at, _)| *at == index).map(|(_, entry)| entry);
        let term_here = if index == Index::ZERO { Some(Term::ZERO) } else { here.map(|e| e.term) };
        prop_assert_eq!(log.get(index), here);
        prop_assert_eq!(log.term_at(index), term_here);
        prop_assert_eq!(log.matches(index, Term(term)), term_here == Some(Term(term)));
        prop_assert_eq!(log.last_index(), Index(entries.len() as u64));
        let last = entries.last().map_or(Term::ZERO, |entry| entry.term);
        prop_assert_eq!(log.last_position(), LogPosition { term: last, index: log.last_index() });
        prop_assert!(log.is_well_formed(last) && log.last_position().is_well_formed());
    }

    #[test]
    fn what_follows_an_index_is_what_stands_after_it(
        entries in ordered_entries(9), index in any_index(), count in 0..12_usize,
    ) {
        let log: Log<usize> = entries.iter().cloned().collect();
        let later = counted(&entries).filter(|(at, _)| *at > index).map(|(_, entry)| entry.clone());
        prop_assert_eq!(log.after(index, count), later.take(count).collect::<Vec<_>>());
    }

    #[test]
    fn the_last_position_at_most_is_found_as_if_by_looking_at_each(
        entries in ordered_entries(9), index in any_index(), term in 0..20_u64,
    ) {
        let log: Log<usize> = entries.iter().cloned().collect();
        let fits = counted(&entries).filter(|(at, entry)| *at <= index && entry.term <= Term(term));
        let last = fits.last().map(|(index, entry)| LogPosition { term: entry.term, index });
        prop_assert_eq!(log.last_at_most(index, Term(term)), last.unwrap_or_default());
    }

    #[test]
    fn to_replace_after_an_index_keeps_what_is_before_it(
        entries in ordered_entries(9), new in ordered_entries(4), keep in any_index(),
    ) {
        let mut log: Log<usize> = entries.iter().cloned().collect();
        let mut model: Vec<Entry<usize>> =
            counted(&entries).filter(|(at, _)| *at <= keep).map(|(_, entry)| entry.clone()).collect();
        log.truncate_after(keep);
        prop_assert_eq!(log.entries(), &model[..]);

        let mut log: Log<usize> = entries.into_iter().collect();
        log.replace_after(keep, &new);
        model.extend(new);
        prop_assert_eq!(log.entries(), &model[..]);
        log.push(Entry { term: Term(99), payload: Payload::NoOp });
        prop_assert_eq!(log.last_index(), Index(model.len() as u64).next());
    }

    #[test]
    fn a_log_is_well_formed_if_each_entry_is_no_older_than_the_last(
        terms in vec(0..4_u64, 0..6), newest in 0..5_u64,
    ) {
        let entry = |term: &u64| Entry { term: Term(*term), payload: Payload::Command(0) };
        let log: Log<usize> = terms.iter().map(entry).collect();
        let is_ordered = terms.is_sorted() && terms.iter().all(|term| (1..=newest).contains(term));
        prop_assert_eq!(log.is_well_formed(Term(newest)), is_ordered);
    }

    #[test]
    fn the_majority_index_is_the_greatest_that_more_than_half_have_reached(
        voters in 1..=7_usize, ids in Just((1..=64_u8).collect::<Vec<_>>()).prop_shuffle(),
        reached in vec(0..6_u64, 7),
    ) {
        let voters = &ids[..voters];
        let configuration = Configuration::new(voters.iter().copied().map(id).collect()).unwrap();
        let of = |number: u8| reached[voters.iter().position(|voter| *voter == number).unwrap()];
        let has_majority =
            |index: &u64| voters.iter().filter(|v| of(**v) >= *index).count() * 2 > voters.len();
        let greatest = (0..6_u64).filter(has_majority).max().unwrap_or(0);
        let index = configuration.majority_index(|server| Index(of(server.get())));
        prop_assert_eq!(index, Index(greatest));
    }
}

/// All subsets of the servers 1 to 7, and of two strangers with them.
fn subsets() -> impl Iterator<Item = ServerSet> {
    (0..1_u32 << 7).map(|bits| (1..=7).filter(|n| bits >> (n - 1) & 1 == 1).map(id).collect())
}

/// Every two quorums of 1 to 7 voters share a voter; nothing smaller would do; strangers do not count.
#[test]
fn two_quorums_always_intersect() {
    for voters in subsets().filter(|voters| !voters.is_empty()) {
        let configuration = Configuration::new(voters).unwrap();
        let inside: Vec<ServerSet> =
            subsets().filter(|set| set.intersection(voters) == *set).collect();
        let (quorums, others): (Vec<ServerSet>, Vec<ServerSet>) =
            inside.into_iter().partition(|set| configuration.is_quorum(*set));
        for quorum in &quorums {
            assert!(quorums.iter().all(|other| !quorum.intersection(*other).is_empty()));
        }
        for other in others {
            let complement = voters.iter().filter(|v| !other.contains(*v)).collect::<ServerSet>();
            assert!(other.len() <= complement.len(), "more than half is a quorum");
            let with_strangers: ServerSet = other.iter().chain([id(63), id(64)]).collect();
            assert!(!configuration.is_quorum(with_strangers));
        }
        let peers: ServerSet = configuration.peers_of(id(1)).collect();
        assert_eq!(peers, voters.iter().filter(|voter| *voter != id(1)).collect());
    }
}

/// Sets of no or of too many voters are no configuration, however they come in.
#[test]
fn impossible_configurations_are_refused() {
    for voters in [0, 8, 64_u8] {
        let set: ServerSet = (1..=voters).map(id).collect();
        let refused = InvalidConfiguration { voters: usize::from(voters) };
        assert_eq!(Configuration::new(set), Err(refused));
        let text = serde_json::to_string(&set).unwrap();
        assert!(serde_json::from_str::<Configuration>(&text).is_err());
    }
    assert!(serde_json::from_str::<quorate_core::ServerId>("0").is_err());
    assert!(serde_json::from_str::<quorate_core::ServerId>("65").is_err());
}
