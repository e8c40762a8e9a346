//! The protocol of Redis, which clients speak: RESP, in versions 2 and 3 \[Resp25\].
//!
//! There are libraries for it in every language, and tools to try and to measure with; a protocol of our
//! own would have none. This chapter is the codec alone: [`Requests`] takes commands out of a stream, and
//! [`Value`] and the `write_` functions put replies into one. What commands mean is said elsewhere.
//!
//! Errors of the protocol are worded as Redis words them, because clients and people look for those words.
//! After one the stream cannot be followed: say it and close.

mod decode;
mod inline;
mod integer;
mod request;
mod value;

pub use decode::decode;
pub use integer::parse_integer;
pub use request::{Limits, ProtocolError, Request, Requests};
pub use value::{
    Protocol, Value, write_array, write_bulk, write_error, write_integer, write_null, write_simple,
};
