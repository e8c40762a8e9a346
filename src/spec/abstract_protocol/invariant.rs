//! The inductive invariant of the abstract protocol, lemma by lemma.
//!
//! That the safety properties hold of every reachable state is proved by induction: something holds before
//! anything has happened, and every action keeps it. The safety properties alone are no such thing, for there
//! are states in which they hold, which no run reaches, and from which an action breaks them. The lemmas here
//! rule those out. Each is one that the proofs use, under the same name (`proofs/coq/Invariant.v`,
//! `proofs/replication.epr`), and here it is evaluated: on states that runs reach, where it must hold because it
//! is proved, and on states that no run reaches, from which one step of the real core must keep it.
//!
//! They come in four groups, and each needs only those before it: terms and votes; the shape of logs, and that
//! they match; what may have been chosen; what was applied.
//!
//! # The heart: what is choosable
//! An entry that the leader of a term created is *choosable* while each server of some majority has acknowledged
//! it or has not left the term, and so might yet ([`Abstract::choosable`]). It is true of an entry before
//! anything is chosen; once it is false it stays false; and no later leader may lack an entry of which it is
//! true. So the argument never has to say when something was chosen.
//!
//! # What needs no lemma here
//! Some lemmas of the proofs are true of every value of [`Abstract`], whatever happens; [`BY_TYPES`] lists them,
//! with what makes them so.

use super::{Abstract, logs};
use quorate_core::{Entry, Index, ServerId, ServerSet, Term};

/// One lemma of the inductive invariant.
#[derive(Clone, Copy, Debug)]
pub struct Lemma<C> {
    /// Its name, the same in every description of the proof.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub reading: &'static str,
    /// Why it stays true, or what needs it.
    pub reason: &'static str,
    /// Its evaluation; an error says what was found instead.
    pub holds: fn(&Abstract<C>) -> Result<(), String>,
}

/// Lemmas of the proofs that hold of every [`Abstract`], and what makes them hold.
pub const BY_TYPES: &[(&str, &str)] = &[
    ("one_vote", "`voted` maps a term and a voter to one server"),
    ("cand_once", "`candidates` maps a term and a server to one log"),
    ("tlog_started", "a leader's log stands in the leadership of its term"),
];

macro_rules! lemmas {
    ($($name:ident: $reading:literal, $reason:literal;)+) => {
        [$(Lemma {
            name: stringify!($name),
            reading: $reading,
            reason: $reason,
            holds: Abstract::$name,
        },)+]
    };
}

impl<C: PartialEq> Abstract<C> {
    /// All lemmas, in the order in which the proofs need them. What is missing is
    /// [`applied_kept`](Abstract::applied_kept), which is a safety property as well.
    pub const INVARIANT: [Lemma<C>; 16] = lemmas! {
        vote_seen: "Who voted in a term has reached it, and voted for somebody who stands in it.",
            "A vote is cast upon a candidate's request, and entering the term is part of it.";
        cand_seen: "Who stood in a term has reached it.",
            "So whoever stands in a term that is new to it stands there for the first time.";
        leader_votes: "Everyone by whom a leader was elected voted for it, and they are a majority.",
            "Two majorities have a server in common, which votes once: so a term has one leader.";
        log_term: "Every entry of a server's log is of a term that has a leader and that it has reached.",
            "Only leaders create entries, and whoever takes one enters the leader's term.";
        clog_term: "Every entry that a candidate stands with is of an earlier term that has a leader.",
            "The term was new to the candidate, so its log had nothing of it.";
        tlog_term: "Every entry of a leader's log is of its term or of an earlier one that has a leader.",
            "A leader begins with what it stood with and appends entries of its own term.";
        tlog_mono: "The terms along a leader's log never fall.",
            "So a log that ends no earlier than another's last entry can be compared by its end alone.";
        log_match: "A server's log agrees with the leader's of each of its entries' terms up to that entry.",
            "Entries are taken after a common one, so what precedes them is the same on both sides.";
        clog_match: "So does the log that a candidate stands with.",
            "It is the log that the server had.";
        tlog_match: "So does the log of a leader.",
            "It is the log that the candidate stood with, and then the leader's own.";
        ack_seen: "Who acknowledged to a leader has reached its term, and no more than its log.",
            "What is acknowledged is what was taken, and taking enters the term.";
        ack_keep: "Who acknowledged an entry that is choosable still has it.",
            "Only a later leader could make it give the entry up, and that leader has the entry.";
        vote_keep: "Who acknowledged an entry that is choosable votes later only for candidates that have it.",
            "The voter has it, so a log that ends no earlier has it too.";
        lead_keep: "Every later leader has every entry that is choosable.",
            "One of its voters acknowledged the entry before it left the term.";
        chosen_acked: "What a leader chose is of its own term, and a majority acknowledged it.",
            "That is the guard of `commit`, and acknowledgements are not taken back.";
        applied_chosen: "What a server applied is the leader's entry, at a chosen index or before it.",
            "That is the guard of `apply`, and what is chosen stays so.";
    };

    /// Whether every lemma holds, but for the one of this name.
    ///
    /// # Errors
    /// The name of the first that does not, and what was found.
    pub fn check_invariant_but(
        &self,
        left_out: Option<&str>,
    ) -> Result<(), (&'static str, String)> {
        let lemmas = Self::INVARIANT.iter().filter(|lemma| Some(lemma.name) != left_out);
        lemmas
            .into_iter()
            .try_for_each(|lemma| (lemma.holds)(self).map_err(|found| (lemma.name, found)))
    }

    /// Whether the inductive invariant holds.
    ///
    /// # Errors
    /// The name of the first lemma that does not, and what was found.
    pub fn check_invariant(&self) -> Result<(), (&'static str, String)> {
        self.check_invariant_but(None)
    }

    /// The servers that have acknowledged to the leader of a term its log up to an index, or may yet because
    /// they have not left the term.
    pub fn may_acknowledge(&self, term: Term, index: Index) -> ServerSet {
        let may = |(id, node): (&ServerId, &super::Node<C>)| {
            (node.term <= term || self.acked_index(term, *id) >= index).then_some(*id)
        };
        self.nodes.iter().filter_map(may).collect()
    }

    /// Whether the entry at an index of a leader's log is of its own term, and is chosen or still can be.
    pub fn choosable(&self, term: Term, index: Index) -> bool {
        let leader = self.leaders.get(&term);
        leader.is_some_and(|leader| logs::term_at(&leader.log, index) == Some(term))
            && self.configuration.is_quorum(self.may_acknowledge(term, index))
    }

    /// Whether a log has the entry that the leader of a term created at an index, if that is choosable.
    fn keeps_choosable(&self, term: Term, index: Index, log: &[Entry<C>]) -> bool {
        logs::term_at(log, index) == Some(term) || !self.choosable(term, index)
    }

    /// The indices of the entries that the leader of a term created, up to one of them.
    fn created(&self, term: Term, last: Index) -> impl Iterator<Item = Index> + '_ {
        let log = self.leaders.get(&term).map_or(&[][..], |leader| &leader.log);
        let last = last.min(logs::last_index(log));
        (1..=last.0).map(Index).filter(move |index| logs::term_at(log, *index) == Some(term))
    }
}

/// Terms and votes.
impl<C: PartialEq> Abstract<C> {
    fn vote_seen(&self) -> Result<(), String> {
        self.voted.iter().try_for_each(|((term, voter), candidate)| {
            ensure(self.has_reached(*voter, *term), || {
                format!("{voter} voted in term {term}, which it has not reached")
            })?;
            ensure(self.candidates.contains_key(&(*term, *candidate)), || {
                format!("{voter} voted for {candidate}, which does not stand in term {term}")
            })
        })
    }

    fn cand_seen(&self) -> Result<(), String> {
        self.candidates.keys().try_for_each(|(term, server)| {
            ensure(self.has_reached(*server, *term), || {
                format!("{server} stood in term {term}, which it has not reached")
            })
        })
    }

    fn leader_votes(&self) -> Result<(), String> {
        self.leaders.iter().try_for_each(|(term, leader)| {
            let server = leader.server;
            ensure(self.configuration.is_quorum(leader.votes), || {
                format!("{server} leads term {term} by {} votes", leader.votes.len())
            })?;
            leader.votes.iter().try_for_each(|voter| {
                ensure(self.voted.get(&(*term, voter)) == Some(&server), || {
                    format!("{server} leads term {term} by a vote that {voter} did not cast")
                })
            })
        })
    }

    fn has_reached(&self, server: ServerId, term: Term) -> bool {
        self.nodes.get(&server).is_some_and(|node| node.term >= term)
    }
}

/// The shape of logs, and that they match.
impl<C: PartialEq> Abstract<C> {
    fn log_term(&self) -> Result<(), String> {
        self.nodes.iter().try_for_each(|(id, node)| {
            self.terms_until(&node.log, node.term).map_err(|found| format!("{id} has {found}"))
        })
    }

    fn clog_term(&self) -> Result<(), String> {
        self.candidates.iter().try_for_each(|((term, id), log)| {
            let newest = Term(term.0.saturating_sub(1));
            self.terms_until(log, newest)
                .map_err(|found| format!("{id} stands in term {term} with {found}"))
        })
    }

    fn tlog_term(&self) -> Result<(), String> {
        self.leaders.iter().try_for_each(|(term, leader)| {
            self.terms_until(&leader.log, *term)
                .map_err(|found| format!("the leader of term {term} has {found}"))
        })
    }

    /// Every entry is of a term that has a leader and is not after `newest`.
    fn terms_until(&self, log: &[Entry<C>], newest: Term) -> Result<(), String> {
        log.iter().try_for_each(|entry| {
            let (term, led) = (entry.term, self.leaders.contains_key(&entry.term));
            ensure(led, || format!("an entry of term {term}, which has no leader"))?;
            ensure(term <= newest, || format!("an entry of term {term}, after term {newest}"))
        })
    }

    fn tlog_mono(&self) -> Result<(), String> {
        self.leaders.iter().try_for_each(|(term, leader)| {
            ensure(leader.log.is_sorted_by_key(|entry| entry.term), || {
                format!("the terms fall along the log of the leader of term {term}")
            })
        })
    }

    fn log_match(&self) -> Result<(), String> {
        self.nodes.iter().try_for_each(|(id, node)| {
            self.matches(&node.log).map_err(|found| format!("the log of {id} {found}"))
        })
    }

    fn clog_match(&self) -> Result<(), String> {
        self.candidates.iter().try_for_each(|((term, id), log)| {
            self.matches(log)
                .map_err(|found| format!("what {id} stands with in term {term} {found}"))
        })
    }

    fn tlog_match(&self) -> Result<(), String> {
        self.leaders.iter().try_for_each(|(term, leader)| {
            self.matches(&leader.log)
                .map_err(|found| format!("the log of the leader of term {term} {found}"))
        })
    }

    /// The log agrees with the leader's of each of its entries' terms up to that entry.
    fn matches(&self, log: &[Entry<C>]) -> Result<(), String> {
        (1..=log.len() as u64).map(Index).try_for_each(|index| {
            let Some(term) = logs::term_at(log, index) else { return Ok(()) };
            // What is known of a later entry of the same term need not be looked at again.
            if logs::term_at(log, index.next()) == Some(term) {
                return Ok(());
            }
            let leader = self.leaders.get(&term);
            let agrees = leader.is_some_and(|leader| logs::agree(log, &leader.log, index));
            ensure(agrees, || {
                format!("differs from that of the leader of term {term} up to {index}")
            })
        })
    }
}

/// What may have been chosen, and what was applied.
impl<C: PartialEq> Abstract<C> {
    fn ack_seen(&self) -> Result<(), String> {
        self.acked.iter().try_for_each(|((term, server), index)| {
            let Some(leader) = self.leaders.get(term) else {
                return Err(format!("{server} acknowledged in term {term}, which has no leader"));
            };
            ensure(self.has_reached(*server, *term), || {
                format!("{server} acknowledged in term {term}, which it has not reached")
            })?;
            ensure(*index <= logs::last_index(&leader.log), || {
                format!("{server} acknowledged {index} of a shorter log in term {term}")
            })
        })
    }

    fn ack_keep(&self) -> Result<(), String> {
        self.acked.iter().try_for_each(|((term, server), last)| {
            let Some(node) = self.nodes.get(server) else { return Ok(()) };
            self.created(*term, *last).try_for_each(|index| {
                ensure(self.keeps_choosable(*term, index, &node.log), || {
                    format!(
                        "{server} acknowledged {index}@{term}, which is choosable, and lacks it"
                    )
                })
            })
        })
    }

    fn vote_keep(&self) -> Result<(), String> {
        self.acked.iter().try_for_each(|((term, server), last)| {
            let later = self.voted.iter().filter(|((of, by), _)| by == server && of > term);
            for ((of, _), candidate) in later {
                let Some(log) = self.candidates.get(&(*of, *candidate)) else { continue };
                self.created(*term, *last).try_for_each(|index| {
                    ensure(self.keeps_choosable(*term, index, log), || {
                        format!(
                            "{server} acknowledged {index}@{term}, which is choosable, and in term {of} voted \
                             for {candidate}, which lacks it"
                        )
                    })
                })?;
            }
            Ok(())
        })
    }

    fn lead_keep(&self) -> Result<(), String> {
        self.leaders.iter().try_for_each(|(term, leader)| {
            let later = || self.leaders.range(term..).skip(1);
            self.created(*term, logs::last_index(&leader.log)).try_for_each(|index| {
                later().try_for_each(|(of, other)| {
                    ensure(self.keeps_choosable(*term, index, &other.log), || {
                        format!("the leader of term {of} lacks {index}@{term}, which is choosable")
                    })
                })
            })
        })
    }

    fn chosen_acked(&self) -> Result<(), String> {
        self.chosen.iter().try_for_each(|(term, indices)| {
            indices.iter().try_for_each(|(index, by)| {
                let created = self.created(*term, *index).any(|created| created == *index);
                ensure(created, || format!("term {term} chose {index}, which it did not create"))?;
                let acked = by.iter().all(|server| self.acked_index(*term, server) >= *index);
                ensure(acked && self.configuration.is_quorum(*by), || {
                    format!("term {term} chose {index}, which no majority acknowledged")
                })
            })
        })
    }

    fn applied_chosen(&self) -> Result<(), String> {
        self.applied.iter().try_for_each(|((server, index), choosers)| {
            choosers.iter().try_for_each(|(chooser, entry)| {
                let chosen = self.chosen.get(&chooser.term);
                let chosen = chosen.is_some_and(|chosen| chosen.contains_key(&chooser.index));
                ensure(chosen && *index <= chooser.index, || {
                    format!("{server} applied {index} by {chooser}, which did not choose it")
                })?;
                let leader = self.leaders.get(&chooser.term);
                let led = leader.and_then(|leader| logs::at(&leader.log, *index));
                ensure(led == Some(entry), || {
                    format!(
                        "{server} applied at {index} what the leader of {chooser} does not have"
                    )
                })
            })
        })
    }
}

/// Fails with what was found unless a condition holds.
fn ensure(holds: bool, found: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(found()) }
}
