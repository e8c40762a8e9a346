//! Texts in the notation: scenarios and counterexamples that somebody pastes.

use quorate_cluster::notation::{Notation, NotationError, Reader};
use quorate_cluster::{Action, Cluster, Command, Envelope, Server, Setting};
use std::fmt::Debug;

/// Reads bytes as a text in the notation of every type.
///
/// # Panics
/// When what was read is not read back as the same from what it is written as, or an error names no place.
pub fn notation(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    read::<Action>(&text);
    read::<Cluster>(&text);
    read::<Server>(&text);
    read::<Setting>(&text);
    read::<Command>(&text);
    read::<Envelope>(&text);
}

fn read<T: Notation + Debug + PartialEq>(text: &str) {
    match T::from_notation(text) {
        Ok(value) => {
            let written = value.to_notation();
            assert_eq!(T::from_notation(&written).as_ref(), Ok(&value), "{text:?}: {written}");
        }
        Err(NotationError { line, column, expected, .. }) => {
            assert!(line >= 1 && column >= 1 && !expected.is_empty(), "{text:?}");
            assert!(line <= 1 + text.matches('\n').count(), "{text:?}: line {line}");
        }
    }
    // A reader leaves what follows a value.
    let mut reader = Reader::new(text);
    let _ = T::read(&mut reader);
}
