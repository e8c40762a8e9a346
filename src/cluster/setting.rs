//! What stays the same while a closed system runs.

use crate::NetworkKind;
use quorate_core::{Configuration, Parameters, ServerId, ServerSet};

/// The size and the parameters of a closed system.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Setting {
    /// How many servers there are, 1 to 7; they are n1, n2, ...
    pub servers: u8,
    /// What the network does with messages.
    pub network: NetworkKind,
    /// The limits within which the servers work.
    pub parameters: Parameters,
}

impl Setting {
    /// The servers in order.
    pub fn ids(&self) -> impl Iterator<Item = ServerId> + use<> {
        (1..=self.servers).filter_map(ServerId::new)
    }

    /// The configuration of all servers.
    ///
    /// # Panics
    /// When the number of servers is not 1 to 7.
    pub fn configuration(&self) -> Configuration {
        let voters: ServerSet = self.ids().collect();
        Configuration::new(voters).expect("a setting has 1 to 7 servers")
    }
}
