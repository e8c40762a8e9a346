//! What the abstract protocol guarantees.
//!
//! These are theorems: they follow from the guards, for any number of servers, and are proved elsewhere.
//! They are evaluated here as well, so that a guard that is too weak, or an assumed history that never
//! could have happened, shows itself at once.

use super::{Abstract, logs};
use quorate_core::{Entry, Index, ServerId, ServerSet, Term};
use std::collections::BTreeMap;

/// A safety property of the abstract protocol: its name and its evaluation.
type Safety<C> = (&'static str, fn(&Abstract<C>) -> Result<(), String>);

impl<C: PartialEq> Abstract<C> {
    /// All safety properties.
    pub const SAFETY: [Safety<C>; 5] = [
        ("election_safety", Abstract::election_safety),
        ("log_matching", Abstract::log_matching),
        ("leader_completeness", Abstract::leader_completeness),
        ("state_machine_safety", Abstract::state_machine_safety),
        ("applied_kept", Abstract::applied_kept),
    ];

    /// Evaluates all of [`Abstract::SAFETY`].
    ///
    /// # Errors
    /// The name of the first that does not hold, and what was found.
    pub fn check_safety(&self) -> Result<(), String> {
        Self::SAFETY.iter().try_for_each(|(name, holds)| {
            holds(self).map_err(|found| format!("{name} does not hold: {found}"))
        })
    }

    /// Nobody but the leader of a term has a majority of its votes [Ongaro14 §3.4].
    ///
    /// # Errors
    /// What was found instead.
    pub fn election_safety(&self) -> Result<(), String> {
        let mut votes: BTreeMap<(Term, ServerId), ServerSet> = BTreeMap::new();
        for ((term, voter), candidate) in &self.voted {
            votes.entry((*term, *candidate)).or_default().insert(*voter);
        }
        for ((term, candidate), voters) in &votes {
            let leader = self.leaders.get(term).filter(|leader| leader.server != *candidate);
            if let Some(leader) = leader
                && self.configuration.is_quorum(*voters)
            {
                let leader = leader.server;
                return Err(format!("{leader} leads term {term}; a majority chose {candidate}"));
            }
        }
        Ok(())
    }

    /// Two logs with an entry of the same term at the same index are equal up to it [Ongaro14 §3.5].
    ///
    /// # Errors
    /// What was found instead.
    pub fn log_matching(&self) -> Result<(), String> {
        for (first, a) in &self.nodes {
            for (second, b) in self.nodes.range(first..).skip(1) {
                let common = last_common(&a.log, &b.log);
                if !logs::agree(&a.log, &b.log, common) {
                    return Err(format!(
                        "the logs of {first} and {second} have the same term at {common}, but differ before"
                    ));
                }
            }
        }
        Ok(())
    }

    /// What a leader has chosen is in the log of every leader of a later term [Ongaro14 §3.6].
    ///
    /// # Errors
    /// What was found instead.
    pub fn leader_completeness(&self) -> Result<(), String> {
        for (term, indices) in &self.chosen {
            let Some((index, _)) = indices.last_key_value() else { continue };
            let Some(leader) = self.leaders.get(term) else {
                return Err(format!("term {term} chose index {index} without a leader"));
            };
            for (later, other) in self.leaders.range(term..) {
                if !logs::agree(&leader.log, &other.log, *index) {
                    return Err(format!(
                        "the leader of term {later} lacks what term {term} chose up to index {index}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// No two servers apply different entries at the same index, nor one server at two times
    /// [Ongaro14 §3.2].
    ///
    /// # Errors
    /// What was found instead.
    pub fn state_machine_safety(&self) -> Result<(), String> {
        let mut known: BTreeMap<Index, (ServerId, &Entry<C>)> = BTreeMap::new();
        for ((server, index), entries) in &self.applied {
            for entry in entries.values() {
                let (first, applied) = *known.entry(*index).or_insert((*server, entry));
                if applied != entry {
                    return Err(format!(
                        "{first} and {server} applied different entries at {index}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// An entry that a server has applied stays in its durable log, and the server in the term that
    /// chose it or a later one.
    ///
    /// # Errors
    /// What was found instead.
    pub fn applied_kept(&self) -> Result<(), String> {
        for ((server, index), entries) in &self.applied {
            let node = self.nodes.get(server);
            for (chooser, entry) in entries {
                let kept = node.is_some_and(|node| {
                    node.term >= chooser.term && logs::at(&node.log, *index) == Some(entry)
                });
                if !kept {
                    return Err(format!("{server} no longer holds what it applied at {index}"));
                }
            }
        }
        Ok(())
    }
}

/// The greatest index at which both logs have an entry of the same term.
fn last_common<C>(a: &[Entry<C>], b: &[Entry<C>]) -> Index {
    let common = a.iter().zip(b).rposition(|(a, b)| a.term == b.term);
    Index(common.map_or(0, |position| position as u64 + 1))
}
