//! The text notation: one way to write everything in a closed system, for printing and for parsing.
//!
//! Each type says both directions in one place ([`Notation`]), so that what is printed can be read back.
//! Terms, indices and rounds are plain numbers; the rest looks like this:
//!
//! | what | notation |
//! |---|---|
//! | server, request, command | `n1`, `r1`, `c1` |
//! | set of servers | `{n1,n2}` |
//! | end of a log: index and term | `3@2` |
//! | log, each entry with its term | `[1:noop,1:c1,2:noop]` |
//! | message from n1 to n2 in term 2 | `n1>n2@2 RequestVote last=3@1` |
//! | action | `deliver n1>n2@2 RequestVote last=3@1`, `sync n2 1`, `crash n1 keep=0` |
//! | server | `n1 follower term=2 vote=n2 log=[1:noop] commit=1` |
//!
//! A server's fields stand in a fixed order, and those that have the value they begin with, or that follow
//! from other fields, are left out.

mod action;
mod basic;
mod cluster;
mod message;
mod reader;
mod server;

pub use reader::{NotationError, Reader};

use core::fmt;

/// Something with a notation.
pub trait Notation: Sized {
    /// Writes the notation of this value.
    ///
    /// # Errors
    /// When `out` fails.
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result;

    /// Reads a value from its notation, and leaves what follows it.
    ///
    /// # Errors
    /// When the text does not begin with such a value: where, what was expected and what was found.
    fn read(reader: &mut Reader<'_>) -> Result<Self, NotationError>;

    /// The notation of this value.
    fn to_notation(&self) -> String {
        Written(self).to_string()
    }

    /// Reads a value from a text that holds nothing else.
    ///
    /// # Errors
    /// When the text is not the notation of such a value.
    fn from_notation(text: &str) -> Result<Self, NotationError> {
        let mut reader = Reader::new(text);
        let value = Self::read(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

/// A value displayed in its notation.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a, T>(pub &'a T);

impl<T: Notation> fmt::Display for Written<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

/// `Display` and `FromStr` of types of this crate: their notation.
macro_rules! display_and_parse_by_notation {
    ($($type:ty),*) => {$(
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::notation::Notation::write(self, f)
            }
        }

        impl core::str::FromStr for $type {
            type Err = $crate::notation::NotationError;

            fn from_str(text: &str) -> Result<$type, $crate::notation::NotationError> {
                <$type as $crate::notation::Notation>::from_notation(text)
            }
        }
    )*};
}

display_and_parse_by_notation!(
    crate::Action,
    crate::Cluster,
    crate::Command,
    crate::Server,
    crate::Setting
);
