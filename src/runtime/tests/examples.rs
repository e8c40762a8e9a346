//! The examples do what they say: each is run as its reader would, and checks itself.
#![cfg(not(quorate_loom))]

#[path = "../../../tests/examples/counter.rs"]
#[allow(dead_code)]
mod counter;

#[path = "../../../tests/examples/core_by_hand.rs"]
#[allow(dead_code)]
mod core_by_hand;

#[test]
fn the_counter_survives_its_leader() {
    counter::main().expect("it runs to its end");
}

#[test]
fn the_core_can_be_driven_by_hand() {
    core_by_hand::main();
}
