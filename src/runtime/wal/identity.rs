//! Whose log it is.
//!
//! A server that starts on another server's directory would vote a second time in a term in which the
//! other has voted, and acknowledge entries that it never had. So every file says whose it is, and every
//! checksum is also over the names of cluster and server: a sector that belongs to another log is damage.

use quorate_core::ServerId;
use std::fmt;
use std::str::FromStr;

/// The name of a cluster: 128 bits, chosen at random when the cluster is made. Written as 32 hexadecimal
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClusterId(pub u128);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no cluster id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAClusterId(String);

impl fmt::Display for NotAClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster id: {:?}; expected 32 hexadecimal digits", self.0)
    }
}

impl std::error::Error for NotAClusterId {}

impl FromStr for ClusterId {
    type Err = NotAClusterId;

    fn from_str(text: &str) -> Result<ClusterId, NotAClusterId> {
        let is_whole = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_whole.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(ClusterId).ok_or_else(|| NotAClusterId(text.into()))
    }
}

/// Whose log it is: which server of which cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity {
    /// The cluster.
    pub cluster: ClusterId,
    /// The server.
    pub server: ServerId,
}

impl Identity {
    /// Continues a checksum over this identity.
    pub(crate) fn sum(self, sum: u32) -> u32 {
        let mut bytes = [0; 17];
        bytes[..16].copy_from_slice(&self.cluster.0.to_le_bytes());
        bytes[16] = self.server.get();
        crc32c::crc32c_append(sum, &bytes)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {} of cluster {}", self.server, self.cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::ClusterId;

    #[test]
    fn a_cluster_id_is_written_as_it_is_read() {
        let id = ClusterId(0x00ff_0000_0000_0000_0000_0000_0000_0abc);
        assert_eq!(id.to_string(), "00ff0000000000000000000000000abc");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in
            ["", "12", "+0ff0000000000000000000000000abc", "00ff0000000000000000000000000abcd"]
        {
            let error = bad.parse::<ClusterId>().expect_err(bad).to_string();
            assert!(error.contains("expected 32 hexadecimal digits"), "{error}");
        }
    }
}
