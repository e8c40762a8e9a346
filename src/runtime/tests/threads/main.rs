//! The threads of the runtime, in every order.
//!
//! Compiled with `--cfg quorate_loom`, each body below runs once for every order in which its threads can take
//! their locks and be woken, up to orders that cannot be told apart \[NorrisDemsky13\]. A deadlock, a thread
//! that never ends, or a failed assertion in any of them fails the test. Each test states how often a thread
//! may be interrupted where it could have gone on; without such a bound all orders are tried, and only then
//! the test is called exhaustive. Compiled without, the same bodies run many times on real threads.
//!
//! What runs is the runtime's own code: mailbox, driver, log thread, start and shutdown. Only disk, network
//! and clock are replaced, by those of `quorate_runtime::memory`.
//!
//! `cargo xtask test loom` runs them; `models/mutants` holds mistakes that they must find.

mod letterbox;
mod mailbox;
mod outcomes;
mod servers;

#[path = "../common/mod.rs"]
mod common;

/// How many interruptions an order may have.
#[derive(Clone, Copy)]
enum Interruptions {
    /// Any number: all orders are tried.
    Any,
    /// At most so many.
    AtMost(usize),
}

/// Runs the body in every order.
#[cfg(quorate_loom)]
fn in_every_order(interruptions: Interruptions, body: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = match interruptions {
        Interruptions::Any => None,
        Interruptions::AtMost(bound) => Some(bound),
    };
    // What is not tried must not be left out unnoticed, whatever the environment says.
    (model.max_duration, model.max_permutations) = (None, None);
    // How many lock operations one run may have before it counts as endless.
    model.max_branches = 20_000;
    let orders = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = std::sync::Arc::clone(&orders);
    let begun = std::time::Instant::now();
    model.check(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        body();
    });
    let orders = orders.load(std::sync::atomic::Ordering::Relaxed);
    println!("{orders} orders in {:.1} s", begun.elapsed().as_secs_f64());
}

/// Runs the body many times.
#[cfg(not(quorate_loom))]
fn in_every_order(interruptions: Interruptions, body: impl Fn() + Send + Sync + 'static) {
    let _bound = match interruptions {
        Interruptions::Any => None,
        Interruptions::AtMost(bound) => Some(bound),
    };
    for _ in 0..300 {
        body();
    }
}
