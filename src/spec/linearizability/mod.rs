//! Linearizability: did clients see one object?
//!
//! Clients of a replicated object ask at the same time, are answered late, or never. They must not be able
//! to tell it from a single object at which each operation takes effect at one moment between its invocation
//! and its answer: the history must be *linearizable* \[HerlihyWing90\]. The properties of the protocol imply
//! it, but they look at servers. This check looks at nothing but what clients asked, when, and what they
//! were answered; so it also sees what no property thought of, and it needs no server to ask.
//!
//! [`check()`] finds an order of the operations that explains every answer and puts no operation before one
//! that had completed when it was invoked; or says that there is none, and where every order fails; or that
//! it gave up. To find one is NP-complete \[GibbonsKorach97\], yet histories of real systems are seldom hard.
//!
//! # The search
//! It is that of Wing and Gong \[WingGong93\] with what Lowe \[Lowe17\] added: operations are placed only
//! when one of them completes and must be, and no configuration is visited twice. Some more things keep it
//! short, each argued here or where it stands:
//!
//! - A history falls into parts by the keys that operations join, each searched alone (`partition.rs`).
//! - A configuration mentions open operations only: it is a place in the sequence of events, a bit for each
//!   operation that is open there, and the number of the state (`configuration.rs`). So what is remembered
//!   grows with the length of a history and with how many operations are open at once, never with both
//!   squared.
//! - An open operation whose answer says that it changed nothing - a read, above all - is placed as soon as
//!   the state gives that answer, without a choice. If some order continues from here, take the operation out
//!   of where it stands there and put it here: it changed nothing there, and changes nothing here.
//!   (It is not enough that it changes nothing *here*. Whoever writes the value that is there already may
//!   have to do so later.)
//! - Operations of unknown outcome retire when nothing can notice them any more (`timeline.rs`), and to
//!   have placed more of them is never better (`configuration.rs`). Without that each would double the work.
//! - Where a value was seen that only one operation supplied, it follows which writes stand before that one;
//!   they are placed before it or not at all (`precedence.rs`).
//! - Before an operation that must be placed only what keys join to it is placed; what is left out commutes
//!   (`search.rs`).
//! - A configuration from which the operation that must be placed can never have its answer is left
//!   ([`Object::reaches`]).
//!
//! None of these leaves out an order without there being another, so `NotLinearizable` is exact; and what is
//! `Linearizable` comes with the order, which anyone can follow.
//!
//! # What is hard
//! What remains can be exponential. Histories in which every value is written once are checked in about the
//! time it takes to read them, with many clients at one key too. Many unknown outcomes on keys that are also
//! deleted are hard: that a key has no value says nothing about how it came to have none, and a deletion that
//! found a value does not say which. Then the budget runs out, and the verdict says so.
//!
//! # Objects
//! [`KeyValue`] is a store of byte strings, [`CommandLog`] the state machine of the closed system. Others
//! implement [`Object`].
//!
//! # Reading order
//! `history`, `object`, `partition`, `timeline`, `precedence`, `configuration`, `search`, `verdict`;
//! `key_value` and `command_log`.

mod command_log;
mod configuration;
mod history;
mod key_value;
mod object;
mod partition;
mod precedence;
mod search;
mod timeline;
mod verdict;

pub use command_log::{CommandLog, Commands, LogOperation};
pub use history::{Call, CannotRecord, History, Operation};
pub use key_value::{Answer, Bytes, Contents, KeyValue, Request, bytes};
pub use object::{Left, Object, Trace};
pub use verdict::{Refutation, Verdict};

use search::{Ending, Search};
use timeline::Timeline;

/// How many placements of operations [`check()`] tries in one part of a history before it gives up: some
/// tens of seconds, and at most some gigabytes where every one of them leads to another state.
pub const BUDGET: u64 = 20_000_000;

/// How many placements are tried to tell a refutation better.
const RETOLD: u64 = 200_000;

/// Whether a history of an object is linearizable. In each part of it - the operations on keys that belong
/// together - at most `budget` placements of operations are tried.
pub fn check<O: Object>(history: &History<O::Op, O::Answer>, budget: u64) -> Verdict {
    let operations: Vec<_> =
        history.operations().map(|(call, operation)| (call, O::keys(&operation.op))).collect();
    let mut orders = Vec::new();
    let mut gave_up: Option<Vec<String>> = None;
    for part in partition::partitions(&operations) {
        let recorded = part.calls.iter().filter_map(|call| history.get(*call)).collect();
        let mut timeline = Timeline::<O>::new(&part.keys, recorded);
        let keys = || part.keys.iter().map(ToString::to_string).collect();
        match Search::new(&timeline, budget).run(O::initial(&part.keys)) {
            Ending::Explained(order) => {
                orders.push(order.into_iter().map(|op| part.calls[op as usize]).collect());
            }
            Ending::Unexplained(mut stuck) => {
                // What precedence refuses early is told better where it shows: at the answer that is wrong.
                timeline.before.iter_mut().for_each(Vec::clear);
                let again = Search::new(&timeline, budget.min(RETOLD)).run(O::initial(&part.keys));
                if let Ending::Unexplained(later) = again {
                    stuck = later;
                }
                let refutation = Refutation::new(keys(), &part.calls, &timeline, stuck);
                return Verdict::NotLinearizable(Box::new(refutation));
            }
            Ending::GaveUp => gave_up = gave_up.or_else(|| Some(keys())),
        }
    }
    match gave_up {
        Some(keys) => Verdict::Incomplete { keys, tried: budget },
        None => Verdict::Linearizable { orders },
    }
}
