//! The id of a cluster, from what a person calls it.
//!
//! Servers know their cluster by 128 bits, so that servers of two clusters never take each other for their
//! own. A person may give these bits, or a name of which they follow.

use std::fmt;

/// The greatest length of a name, in characters.
const LONGEST: usize = 64;

/// A text that names no cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAClusterName;

impl fmt::Display for NotAClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected a name of 1 to {LONGEST} letters, digits, dots, dashes or underscores, or an id of 32 \
             hexadecimal digits"
        )
    }
}

impl std::error::Error for NotAClusterName {}

/// The id of the cluster that is called so: 32 hexadecimal digits are the id itself, and of any other name it
/// is the FNV-1a hash of 128 bits. That is no protection against somebody who looks for a second name.
///
/// # Errors
/// When the text is neither.
pub fn cluster_id(text: &str) -> Result<u128, NotAClusterName> {
    let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        return u128::from_str_radix(text, 16).map_err(|_| NotAClusterName);
    }
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(belongs) {
        return Err(NotAClusterName);
    }
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
    Ok(text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)))
}

#[cfg(test)]
mod tests {
    use super::{NotAClusterName, cluster_id};

    #[test]
    fn names_and_ids_are_told_apart() {
        assert_eq!(cluster_id("00ff0000000000000000000000000abc"), Ok(0xff << 112 | 0xabc));
        // The hash of "a" as the definition of FNV-1a publishes it.
        assert_eq!(cluster_id("a"), Ok(0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964));
        assert_ne!(cluster_id("orders"), cluster_id("order"));
        for bad in ["", "two words", "ü", &"x".repeat(65)] {
            assert_eq!(cluster_id(bad), Err(NotAClusterName), "{bad}");
        }
    }
}
