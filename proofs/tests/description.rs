//! The description of the protocol, and descriptions that are refused.

use quorate_proofs::{REPLICATION, parse};

#[test]
fn the_protocol_is_described() {
    let description = parse(REPLICATION).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(description.actions.len(), 8);
    assert_eq!(description.properties().count(), 5);
    assert_eq!(description.invariants().count(), 30);
}
