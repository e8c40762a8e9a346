//! Bytes between servers, and between clients and servers.
//!
//! The protocol knows messages, and the state machine knows commands; a network knows bytes that come in
//! pieces, late, damaged, from whoever found the port. This crate stands between them, and decides
//! nothing about what is said.
//!
//! # Reading order
//! 1. [`frame`]: how bytes become whole messages again.
//! 2. [`handshake`]: who is on the other side.
//! 3. [`peers`]: the mesh of connections between the servers of a cluster, with its threads.
//! 4. [`resp`]: the protocol of Redis, which clients speak.
//!
//! # What is deliberately absent
//! Any retry of a message: the protocol above treats what is lost as lost. Encryption, until TLS comes.
//! An asynchronous runtime: a cluster has few servers, and a thread that waits costs nothing.

mod buffer;
pub mod frame;
pub mod handshake;
pub mod peers;
pub mod resp;

/// Properties are tried on the same cases every time.
#[cfg(test)]
fn fixed() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases: 1000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x9e37_79b9_7f4a_7c15),
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}
