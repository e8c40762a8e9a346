//! The abstract protocol: what leader and follower replication is, once messages, disks and timers are
//! taken away.
//!
//! Two things are left. A **node** has a term and a log, both durable. A **history** is a fact that stays
//! true once it is true: who voted for whom, who stood with which log, who became leader and what its log
//! is, who acknowledged how much, what is chosen, what was applied. A message of the real protocol only
//! repeats such facts, so it may be late, lost or doubled; a server's volatile state only anticipates or
//! remembers them.
//!
//! Eight actions change this state. Each has named guards ([`GUARDS`]; [`Exercised`] says which of them a run has
//! put to use) and one update, and is relation for
//! relation the action of the same name in the description that the solvers prove: what is proved there
//! of any number of servers holds of whatever is shown to follow these actions [AbadiLamport91].
//!
//! | here | relation | reading |
//! |---|---|---|
//! | [`Node::term`] | `seen`, `left` | the current term is at least, is greater than |
//! | [`Node::log`] | `log`, `lval`, `used` | what the node holds |
//! | [`Abstract::voted`] | `voted` | for whom a node voted in a term |
//! | [`Abstract::candidates`] | `cand`, `clog`, `cval`, `cused` | who stood in a term, and its log then |
//! | [`Abstract::leaders`] | `started`, `lead`, `vq`, `tlog`, `tval`, `tused` | who leads a term, and its log |
//! | [`Abstract::acked`] | `acked` | how much of a leader's log a node said it holds |
//! | [`Abstract::chosen`] | `chosen`, `cq` | what a leader committed, and who had acknowledged it |
//! | [`Abstract::applied`] | `applied` | what a node applied, and what had chosen it |
//!
//! # What is deliberately absent
//! Handlers, roles, and every field of a server's state but the durable ones. Of the core only the
//! vocabulary is used, not even its log; a mistake there cannot hide itself here.
//!
//! [AbadiLamport91]: <https://doi.org/10.1016/0304-3975(91)90224-P>

mod actions;
mod conditions;
mod exercised;
mod guards;
mod invariant;
pub(crate) mod logs;
mod safety;

pub use exercised::{Exercised, Vacuity, place_of};
pub use guards::{GUARDS, Guard, GuardFailed};
pub use invariant::{BY_TYPES, Lemma};

use quorate_core::{
    AbstractAction, Configuration, Entry, Index, LogPosition, Payload, ServerId, ServerSet, Term,
};
use std::collections::BTreeMap;

/// The state of the abstract protocol; `C` is the type of the commands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Abstract<C> {
    /// Who votes: the sort of nodes, and what its quorums are.
    pub configuration: Configuration,
    /// The durable state of each node.
    pub nodes: BTreeMap<ServerId, Node<C>>,
    /// For whom a node voted in a term. The guards make this a function: nobody votes twice.
    pub voted: BTreeMap<(Term, ServerId), ServerId>,
    /// Who stood for election in a term, with its log at that moment.
    pub candidates: BTreeMap<(Term, ServerId), Vec<Entry<C>>>,
    /// The leader of each term that has one.
    pub leaders: BTreeMap<Term, Leadership<C>>,
    /// How much of the log of the leader of a term a node has acknowledged: everything up to this index.
    pub acked: BTreeMap<(Term, ServerId), Index>,
    /// Which entries the leader of a term has committed by counting, and who had acknowledged each. What
    /// precedes such an entry in the leader's log is chosen with it.
    pub chosen: BTreeMap<Term, BTreeMap<Index, ServerSet>>,
    /// Which entry a node applied at an index, by what had chosen it: a position in the log of the leader
    /// of the position's term.
    pub applied: BTreeMap<(ServerId, Index), BTreeMap<LogPosition, Entry<C>>>,
}

/// The durable state of one node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Node<C> {
    /// Its current term.
    pub term: Term,
    /// Its log, the entry at index 1 first.
    pub log: Vec<Entry<C>>,
}

/// The leadership of one term.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Leadership<C> {
    /// The leader.
    pub server: ServerId,
    /// Whose votes made it leader.
    pub votes: ServerSet,
    /// Its log: everything it ever proposed in this term, after what it stood with.
    pub log: Vec<Entry<C>>,
}

impl<C> Abstract<C> {
    /// The state before anything has happened.
    pub fn new(configuration: Configuration) -> Abstract<C> {
        let node = |server| (server, Node { term: Term::ZERO, log: Vec::new() });
        Abstract {
            configuration,
            nodes: configuration.voters().iter().map(node).collect(),
            voted: BTreeMap::new(),
            candidates: BTreeMap::new(),
            leaders: BTreeMap::new(),
            acked: BTreeMap::new(),
            chosen: BTreeMap::new(),
            applied: BTreeMap::new(),
        }
    }

    /// How much of the log of the leader of `term` the server has acknowledged.
    pub fn acked_index(&self, term: Term, server: ServerId) -> Index {
        self.acked.get(&(term, server)).copied().unwrap_or_default()
    }

    /// What chose the entries up to `index` first: in the smallest term that chose any entry not before
    /// it, the first such entry.
    pub fn chooser_of(&self, index: Index) -> Option<LogPosition> {
        self.chosen.iter().find_map(|(term, indices)| {
            let (chosen, _) = indices.range(index..).next()?;
            Some(LogPosition { term: *term, index: *chosen })
        })
    }
}

impl<C: PartialEq> Abstract<C> {
    /// What chose the first `index` entries of `log` by the end of `term`: a chosen entry not before
    /// them, in the log of a leader that agrees with `log` so far.
    pub fn chooser_of_prefix(
        &self,
        log: &[Entry<C>],
        index: Index,
        term: Term,
    ) -> Option<LogPosition> {
        self.chosen.range(..=term).find_map(|(term, indices)| {
            let (chosen, _) = indices.range(index..).next()?;
            let leader = self.leaders.get(term)?;
            logs::agree(log, &leader.log, index)
                .then_some(LogPosition { term: *term, index: *chosen })
        })
    }
}

impl<C: Clone> Abstract<C> {
    /// Performs an action if its guards hold; otherwise nothing changes.
    ///
    /// `payload` is the value that [`AbstractAction::LeaderAppend`] appends; other actions ignore it. What
    /// chose the entry that [`AbstractAction::Apply`] applies is looked up with [`Abstract::chooser_of`].
    ///
    /// # Errors
    /// The first guard that does not hold, with the values that it found.
    pub fn perform(
        &mut self,
        action: &AbstractAction,
        payload: Option<Payload<C>>,
    ) -> Result<(), GuardFailed> {
        match *action {
            AbstractAction::BumpTerm { server, term } => self.bump_term(server, term),
            AbstractAction::BecomeCandidate { server, term } => self.become_candidate(server, term),
            AbstractAction::GrantVote { server, candidate, term } => {
                self.grant_vote(server, candidate, term)
            }
            AbstractAction::BecomeLeader { server, term, votes } => {
                self.become_leader(server, term, votes)
            }
            AbstractAction::LeaderAppend { term, index } => {
                self.leader_append(term, index, conditions::value_is_given(term, index, payload)?)
            }
            AbstractAction::Replicate { server, term, previous, last } => {
                self.replicate(server, term, previous, last)
            }
            AbstractAction::Commit { term, index, acknowledged } => {
                self.commit(term, index, acknowledged)
            }
            AbstractAction::Apply { server, index } => {
                self.apply(server, index, conditions::some_chooser(index, self.chooser_of(index))?)
            }
        }
    }
}
