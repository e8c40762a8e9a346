//! What travels between servers, and how it becomes bytes.

use crate::frame::{self, FrameError};
use postcard::ser_flavors::Flavor;
use quorate_core::{Envelope, Index, LogPosition, Message, ServerId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// The first byte of a frame that carries a parcel.
const PARCEL: u8 = 3;
/// The whole content of a frame that says only that the sender is there.
pub(super) const KEEPALIVE: u8 = 4;

/// Something that one server sends to another.
pub trait Parcel: Serialize + DeserializeOwned + Send + 'static {
    /// Who sends it.
    fn sender(&self) -> ServerId;

    /// Who is to receive it.
    fn receiver(&self) -> ServerId;

    /// Two parcels that together say the same as this one, in this order, or nothing when there are no
    /// such two. One that does not fit into a frame is sent in such parts.
    fn halves(&self) -> Option<(Self, Self)>
    where
        Self: Sized;
}

impl<C: Clone + Serialize + DeserializeOwned + Send + 'static> Parcel for Envelope<C> {
    fn sender(&self) -> ServerId {
        self.from
    }

    fn receiver(&self) -> ServerId {
        self.to
    }

    /// Half of the entries each. Both parts are facts if the whole is one: they state the same entries of
    /// the same log, and neither speaks of a commit index beyond the last entry that it identifies.
    fn halves(&self) -> Option<(Self, Self)> {
        let Message::AppendEntries { previous, entries, commit_index, round } = &self.message
        else {
            return None;
        };
        let (first, second) = entries.split_at(entries.len() / 2);
        let last = first.last()?;
        let count = u64::try_from(first.len()).ok()?;
        let middle = LogPosition { term: last.term, index: previous.index.plus(count) };
        let part = |previous: LogPosition, entries: &[_], commit_index: Index| Envelope {
            from: self.from,
            to: self.to,
            term: self.term,
            message: Message::AppendEntries {
                previous,
                entries: entries.to_vec(),
                commit_index,
                round: *round,
            },
        };
        let committed = (*commit_index).min(middle.index);
        Some((part(*previous, first, committed), part(middle, second, *commit_index)))
    }
}

/// Why a parcel cannot be sent.
#[derive(Debug)]
pub(super) enum Unsendable {
    Frame(FrameError),
    Encoding(postcard::Error),
}

impl From<FrameError> for Unsendable {
    fn from(error: FrameError) -> Unsendable {
        Unsendable::Frame(error)
    }
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsendable::Frame(error) => write!(f, "{error}"),
            Unsendable::Encoding(error) => write!(f, "it cannot be encoded: {error}"),
        }
    }
}

/// Appends a parcel to a buffer, in as many frames of at most `limit` bytes as it needs.
pub(super) fn encode<M: Parcel>(
    buffer: &mut Vec<u8>,
    limit: usize,
    parcel: &M,
) -> Result<(), Unsendable> {
    let outcome = frame::append(buffer, limit, |out| {
        out.push(PARCEL);
        let appender = Appender { end: out.len().saturating_add(limit), out };
        postcard::serialize_with_flavor(parcel, appender).map_err(Unsendable::Encoding)
    });
    // Only the appender's limit fills a buffer that grows.
    let is_too_long = matches!(
        outcome,
        Err(Unsendable::Frame(FrameError::TooLong { .. })
            | Unsendable::Encoding(postcard::Error::SerializeBufferFull))
    );
    if !is_too_long {
        return outcome;
    }
    match parcel.halves() {
        Some((first, second)) => {
            encode(buffer, limit, &first)?;
            encode(buffer, limit, &second)
        }
        None => {
            Err(Unsendable::Frame(FrameError::TooLong { length: limit.saturating_add(1), limit }))
        }
    }
}

/// What a frame on an open connection says.
pub(super) enum Said<M> {
    /// A parcel.
    Parcel(M),
    /// Only that the sender is there.
    Keepalive,
    /// The sender ends the connection for this reason.
    Refused(String),
}

/// Reads the payload of a frame; what is wrong with it, if it is of no use.
pub(super) fn decode<M: Parcel>(payload: &[u8]) -> Result<Said<M>, String> {
    match payload.split_first() {
        Some((&PARCEL, content)) => match postcard::take_from_bytes(content) {
            Ok((parcel, [])) => Ok(Said::Parcel(parcel)),
            Ok((_, rest)) => Err(format!("{} bytes after the end of a message", rest.len())),
            Err(error) => Err(format!("a message cannot be decoded: {error}")),
        },
        Some((&KEEPALIVE, [])) => Ok(Said::Keepalive),
        other => match crate::handshake::reason(payload) {
            Some(reason) => Ok(Said::Refused(reason)),
            None => Err(format!("a frame of unknown kind {:?}", other.map(|(kind, _)| kind))),
        },
    }
}

/// Takes what serialization writes, until a limit.
struct Appender<'a> {
    out: &'a mut Vec<u8>,
    /// The greatest length of `out`.
    end: usize,
}

impl Flavor for Appender<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if bytes.len() > self.end.saturating_sub(self.out.len()) {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
