//! The small vocabulary of the protocol: servers, sets of servers, terms, indices, rounds, requests.
//!
//! Every type is a newtype with only the operations that its meaning has: an [`Index`] has a next one
//! and a previous one, a [`Term`] has a next one until the last, and neither can be added to the other.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The identity of one server: a number from 1 to [`ServerId::MAX`], never reused within a cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct ServerId(u8);

impl ServerId {
    /// The greatest number that can name a server.
    pub const MAX: u8 = 64;

    /// The server with this number, or nothing when it is outside 1 to [`ServerId::MAX`].
    pub const fn new(number: u8) -> Option<ServerId> {
        if number >= 1 && number <= ServerId::MAX { Some(ServerId(number)) } else { None }
    }

    /// The number of this server, from 1 to [`ServerId::MAX`].
    pub const fn get(self) -> u8 {
        self.0
    }

    const fn bit(self) -> u64 {
        1_u64.rotate_left(self.0.saturating_sub(1) as u32)
    }
}

impl From<ServerId> for u8 {
    fn from(server: ServerId) -> u8 {
        server.0
    }
}

impl TryFrom<u8> for ServerId {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<ServerId, &'static str> {
        ServerId::new(number).ok_or("a server id is a number from 1 to 64")
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A set of servers. Iterates in increasing order of id, so that nothing depends on how it was built.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct ServerSet(u64);

impl ServerSet {
    /// The set without members.
    pub const EMPTY: ServerSet = ServerSet(0);

    /// The set with this one member.
    pub const fn only(server: ServerId) -> ServerSet {
        ServerSet(server.bit())
    }

    /// Adds a server; adding it twice is adding it once.
    pub fn insert(&mut self, server: ServerId) {
        self.0 |= server.bit();
    }

    /// Whether the server is a member.
    pub const fn contains(self, server: ServerId) -> bool {
        self.0 & server.bit() != 0
    }

    /// The number of members.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members of both sets.
    pub const fn intersection(self, other: ServerSet) -> ServerSet {
        ServerSet(self.0 & other.0)
    }

    /// The members in increasing order.
    pub fn iter(self) -> impl Iterator<Item = ServerId> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let lowest = rest.trailing_zeros();
            // Removes the lowest member, and nothing from the empty set.
            rest &= rest.wrapping_sub(1);
            u8::try_from(lowest).ok().and_then(|place| ServerId::new(place.saturating_add(1)))
        })
    }
}

impl FromIterator<ServerId> for ServerSet {
    fn from_iter<I: IntoIterator<Item = ServerId>>(servers: I) -> ServerSet {
        let mut set = ServerSet::EMPTY;
        servers.into_iter().for_each(|server| set.insert(server));
        set
    }
}

/// A term: the logical clock of the protocol. Each begins with an election and has at most one leader
/// [Ongaro14 §3.3]. [`Term::ZERO`] is the term before any election.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Term(pub u64);

impl Term {
    /// The term before any election; no entry and no leader is ever of this term.
    pub const ZERO: Term = Term(0);

    /// The next term, or nothing after the last representable one.
    pub fn next(self) -> Option<Term> {
        self.0.checked_add(1).map(Term)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The position of an entry in a log, counted from 1. [`Index::ZERO`] is the position before the first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Index(pub u64);

impl Index {
    /// The position before the first entry.
    pub const ZERO: Index = Index(0);

    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Index {
        self.plus(1)
    }

    /// The position before this one; before zero there is only zero.
    #[must_use]
    pub const fn previous(self) -> Index {
        Index(self.0.saturating_sub(1))
    }

    /// The position `count` entries further on.
    #[must_use]
    pub const fn plus(self, count: u64) -> Index {
        Index(self.0.saturating_add(count))
    }

    /// How many entries this position is beyond `other`, or zero when it is not.
    pub const fn beyond(self, other: Index) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number of a round in which a leader confirms its leadership for reads [Ongaro14 §6.4]. Counted
/// from 1 within one term; [`Round::ZERO`] says that no read has needed a round yet.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Round(pub u64);

impl Round {
    /// No round yet.
    pub const ZERO: Round = Round(0);

    /// The round after this one.
    #[must_use]
    pub const fn next(self) -> Round {
        Round(self.0.saturating_add(1))
    }
}

/// The caller's name for one request. The core only hands it back with the outcome.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// The last entry of a log, as elections compare logs: a greater term first, then a greater index
/// [Ongaro14 §3.6.1]. The field order makes the derived order exactly that comparison.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct LogPosition {
    /// The term of the entry, or [`Term::ZERO`] for an empty log.
    pub term: Term,
    /// Its index, or [`Index::ZERO`] for an empty log.
    pub index: Index,
}

impl LogPosition {
    /// Whether index and term are both zero or both not.
    pub const fn is_well_formed(self) -> bool {
        (self.index.0 == 0) == (self.term.0 == 0)
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.index, self.term)
    }
}
