//! Who votes, and what a majority is.
//!
//! Any two majorities of the same voters share a server; every safety argument of the protocol rests on
//! that one fact [Ongaro14 §3.4]. It is computed here and nowhere else.

use crate::basic::{Index, ServerId, ServerSet};
use core::fmt;
use serde::{Deserialize, Serialize};

/// The voters of a cluster: 1 to [`Configuration::MAX_VOTERS`] servers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "ServerSet", into = "ServerSet")]
pub struct Configuration {
    voters: ServerSet,
}

/// A set of voters that cannot form a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidConfiguration {
    /// How many voters the set has.
    pub voters: usize,
}

impl fmt::Display for InvalidConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = Configuration::MAX_VOTERS;
        write!(f, "voters: {}; expected 1 to {most} servers", self.voters)
    }
}

impl core::error::Error for InvalidConfiguration {}

impl Configuration {
    /// The greatest number of voters.
    pub const MAX_VOTERS: usize = 7;

    /// A configuration of these voters.
    ///
    /// # Errors
    /// When there is no voter or more than [`Configuration::MAX_VOTERS`].
    pub const fn new(voters: ServerSet) -> Result<Configuration, InvalidConfiguration> {
        if voters.is_empty() || voters.len() > Configuration::MAX_VOTERS {
            return Err(InvalidConfiguration { voters: voters.len() });
        }
        Ok(Configuration { voters })
    }

    /// The voters.
    pub const fn voters(&self) -> ServerSet {
        self.voters
    }

    /// The voters other than `server`, in increasing order.
    pub fn peers_of(&self, server: ServerId) -> impl Iterator<Item = ServerId> + use<> {
        self.voters.iter().filter(move |voter| *voter != server)
    }

    /// How many voters make a majority: more than half of them.
    pub const fn majority(&self) -> usize {
        self.voters.len().div_euclid(2).saturating_add(1)
    }

    /// Whether the voters among `servers` are a majority.
    pub const fn is_quorum(&self, servers: ServerSet) -> bool {
        servers.intersection(self.voters).len() >= self.majority()
    }

    /// The greatest index that a majority has reached, given how far each voter has.
    pub fn majority_index(&self, reached: impl Fn(ServerId) -> Index) -> Index {
        let mut indices = [Index::ZERO; Configuration::MAX_VOTERS];
        for (slot, voter) in indices.iter_mut().zip(self.voters.iter()) {
            *slot = reached(voter);
        }
        indices.sort_unstable_by(|a, b| b.cmp(a));
        indices.get(self.majority().saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl TryFrom<ServerSet> for Configuration {
    type Error = InvalidConfiguration;

    fn try_from(voters: ServerSet) -> Result<Configuration, InvalidConfiguration> {
        Configuration::new(voters)
    }
}

impl From<Configuration> for ServerSet {
    fn from(configuration: Configuration) -> ServerSet {
        configuration.voters
    }
}
