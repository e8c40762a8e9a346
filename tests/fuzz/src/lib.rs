//! Everything that reads bytes from elsewhere, fed with all kinds of bytes.
//!
//! A server reads what other servers and clients send, the files of its log and its configuration; whoever
//! pastes a scenario hands text to the notation; and the protocol takes whatever message could be decoded.
//! None of that may panic, hang, or take memory that nobody has sent. Each function here takes bytes, hands
//! them to one of these readers, and checks what must be true of *any* bytes: mostly that two ways to the
//! same answer agree.
//!
//! `cargo fuzz` runs them under libFuzzer, which looks for bytes that reach new code; README.md says how.
//! The tests of this crate run them on the seeds and on what chance makes of those, and need no libFuzzer.
//!
//! Some readers are private parts of their crates. Their files are compiled here once more, so that no crate
//! shows more than it should.

mod clients;
mod command;
mod configuration;
mod core;
mod log;
mod notation;
mod peers;
pub mod seeds;

pub use clients::clients;
pub use configuration::configuration;
pub use core::core;
pub use log::log;
pub use notation::notation;
pub use peers::peers;

// For `parcel`, which is a part of the network crate.
use quorate_net::{frame, handshake};

#[allow(dead_code, reason = "only reading is tried here")]
#[path = "../../../src/runtime/net/peers/parcel.rs"]
mod parcel;

// For `packet`, whose outcomes are those of this machine.
#[allow(dead_code, reason = "only its type is needed here")]
#[path = "../../../src/server/machine.rs"]
mod machine;

#[allow(dead_code, reason = "only reading is tried here")]
#[path = "../../../src/server/packet.rs"]
mod packet;

// The rules that the core's own random runs are checked against.
#[path = "../../../src/core/tests/properties/disk.rs"]
#[allow(dead_code, reason = "completions are compared elsewhere")]
mod disk;
#[path = "../../../src/core/tests/properties/promises.rs"]
mod promises;
#[path = "../../../src/core/tests/properties/rules.rs"]
#[allow(dead_code, reason = "what random runs must reach is counted elsewhere")]
mod rules;

/// The server with this number.
fn id(number: u8) -> quorate_core::ServerId {
    quorate_core::ServerId::new(number).expect("a number from 1 to 64")
}

/// Takes numbers from bytes; zeros when there are no more.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                *byte
            }
            None => 0,
        }
    }

    /// A number below a limit of at most 256.
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    /// A number that is mostly small, and sometimes at the end of what there is.
    fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=247 => u64::from(small % 8),
            high => u64::MAX - u64::from(u8::MAX - high),
        }
    }
}

/// All targets, by name.
pub const TARGETS: [(&str, fn(&[u8])); 6] = [
    ("peers", peers),
    ("clients", clients),
    ("log", log),
    ("notation", notation),
    ("core", core),
    ("configuration", configuration),
];
