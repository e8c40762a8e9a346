//! Three replicas, sets of them, and when a set is a majority.

use std::fmt;

/// How many replicas hold the register.
pub const REPLICAS: usize = 3;

/// How many of them are a majority: any two sets of this size have a replica in common.
pub const MAJORITY: usize = REPLICAS / 2 + 1;

/// One replica, by its place; printed as `r1`, `r2`, `r3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplicaId(pub usize);

impl ReplicaId {
    /// Every replica, in order.
    pub fn all() -> impl Iterator<Item = ReplicaId> {
        (0..REPLICAS).map(ReplicaId)
    }

    /// Every replica but this one, in order.
    pub fn others(self) -> impl Iterator<Item = ReplicaId> {
        Self::all().filter(move |other| *other != self)
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0 + 1)
    }
}

/// A set of replicas, one bit for each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ReplicaSet(u8);

impl ReplicaSet {
    /// The set of one.
    pub fn only(replica: ReplicaId) -> Self {
        ReplicaSet(1 << replica.0)
    }

    /// Adds a replica; adding it again changes nothing.
    pub fn insert(&mut self, replica: ReplicaId) {
        self.0 |= 1 << replica.0;
    }

    /// Whether the replica is in the set.
    pub fn contains(self, replica: ReplicaId) -> bool {
        self.0 & (1 << replica.0) != 0
    }

    /// How many replicas are in the set.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether nobody is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether these are more than half of all replicas.
    pub fn is_majority(self) -> bool {
        self.len() >= MAJORITY
    }

    /// The members, in order.
    pub fn members(self) -> impl Iterator<Item = ReplicaId> {
        ReplicaId::all().filter(move |replica| self.contains(*replica))
    }
}

impl FromIterator<ReplicaId> for ReplicaSet {
    fn from_iter<I: IntoIterator<Item = ReplicaId>>(replicas: I) -> Self {
        let mut set = ReplicaSet::default();
        replicas.into_iter().for_each(|replica| set.insert(replica));
        set
    }
}

impl fmt::Display for ReplicaSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.members().map(|replica| replica.to_string()).collect();
        f.write_str(&names.join(", "))
    }
}
