//! Renumbered servers: every name is another one, and nothing else is different.

use quorate_core::{Effects, Renumber, ServerId, State};
use std::fmt::Write as _;

/// By how much every server's number is raised. The order of the names stays, and so the order of all lists.
const BY: u8 = 8;

fn raised(server: ServerId) -> ServerId {
    ServerId::new(server.get() + BY).unwrap()
}

fn lowered(server: ServerId) -> ServerId {
    ServerId::new(server.get() - BY).unwrap()
}

/// The other end of the first seven, so that the order of the names is reversed.
fn reversed(server: ServerId) -> ServerId {
    ServerId::new(8 - server.get()).unwrap()
}

/// The text with every number that follows `opening` changed.
fn changed(text: &str, opening: &str, change: impl Fn(u64) -> u64) -> String {
    let mut pieces = text.split(opening);
    let mut out = String::from(pieces.next().unwrap());
    for piece in pieces {
        let (number, rest) = piece.split_once(')').unwrap();
        write!(out, "{opening}{}){rest}", change(number.parse().unwrap())).unwrap();
    }
    out
}

/// What is printed of a value whose names are raised: the same text with other names.
fn raised_text(text: &str) -> String {
    let text = changed(text, "ServerId(", |number| number + u64::from(BY));
    changed(&text, "ServerSet(", |bits| bits << BY)
}

/// Every name that a state and effects hold is renumbered, nothing else is, and the way back leads back.
pub(crate) fn check(state: &State<u8>, effects: &Effects<u8>) {
    let other = state.renumber(&raised);
    assert_eq!(format!("{other:?}"), raised_text(&format!("{state:?}")));
    assert_eq!(other.renumber(&lowered), *state);
    assert_eq!(state.renumber(&reversed).renumber(&reversed), *state);
    let other = effects.renumber(&raised);
    assert_eq!(format!("{other:?}"), raised_text(&format!("{effects:?}")));
}
