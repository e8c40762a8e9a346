//! The command `quorate`.

fn main() {
    println!("quorate {}: leader and follower replication", env!("CARGO_PKG_VERSION"));
}
