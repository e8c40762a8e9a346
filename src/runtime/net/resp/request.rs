//! Requests: commands as they come out of a stream.
//!
//! A command is an array of bulk strings - `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n` - or a line of words. Its
//! arguments are handed out as ranges of the buffer in which they arrived: nothing is copied, and what
//! has been understood of a command that is not whole yet is not read again.

use super::inline;
use super::integer::parse_integer;
use crate::buffer::ReadBuffer;
use std::fmt;
use std::io::{self, Read};

/// How much one client can ask this server to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The greatest length of one argument, in bytes.
    pub bulk: usize,
    /// The greatest number of arguments, the command's name included.
    pub arguments: usize,
    /// The greatest length of a line: of an inline command, or before an argument, in bytes.
    pub inline: usize,
    /// The greatest length of a whole command as it arrives, in bytes.
    pub request: usize,
}

impl Default for Limits {
    /// 4 MiB for a command and anything in it, 64 KiB for a line, 1,048,576 arguments.
    fn default() -> Limits {
        let request = 4 * 1024 * 1024;
        Limits { bulk: request, arguments: 1024 * 1024, inline: 64 * 1024, request }
    }
}

/// Room for so many arguments is kept.
const USUAL: usize = 1024;

/// Why a stream cannot be followed any further. Its text is what Redis says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProtocolError {
    /// The line that counts the arguments does not end.
    TooBigCount,
    /// The number of arguments is no number, or too great.
    InvalidCount,
    /// The line that gives the length of an argument does not end.
    TooBigLength,
    /// The length of an argument is no number, negative, or too great.
    InvalidLength,
    /// An argument begins with this byte.
    ExpectedDollar(u8),
    /// An inline command does not end.
    TooBigInline,
    /// A quote is not closed.
    UnbalancedQuotes,
    /// The whole command is too long; here is the limit in bytes.
    TooBigRequest(usize),
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol error: ")?;
        match self {
            ProtocolError::TooBigCount => f.write_str("too big mbulk count string"),
            ProtocolError::InvalidCount => f.write_str("invalid multibulk length"),
            ProtocolError::TooBigLength => f.write_str("too big bulk count string"),
            ProtocolError::InvalidLength => f.write_str("invalid bulk length"),
            ProtocolError::ExpectedDollar(byte) => {
                // One byte, as it came, unless it would end the line.
                let shown = if byte.is_ascii_control() { ' ' } else { char::from(*byte) };
                write!(f, "expected '$', got '{shown}'")
            }
            ProtocolError::TooBigInline => f.write_str("too big inline request"),
            ProtocolError::UnbalancedQuotes => f.write_str("unbalanced quotes in request"),
            ProtocolError::TooBigRequest(limit) => {
                write!(f, "a command of more than {limit} bytes")
            }
        }
    }
}

impl std::error::Error for ProtocolError {}

/// One whole command, in the buffer in which it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    bytes: &'a [u8],
    places: &'a [(u32, u32)],
}

impl<'a> Request<'a> {
    /// The number of arguments, the command's name included; at least one.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Always false: a command without a name is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The argument at this place; the command's name is at place 0.
    pub fn get(&self, place: usize) -> Option<&'a [u8]> {
        self.places.get(place).map(|place| cut(self.bytes, *place))
    }

    /// All arguments in order, the command's name first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        self.places.iter().map(move |place| cut(bytes, *place))
    }
}

fn cut(bytes: &[u8], (from, to): (u32, u32)) -> &[u8] {
    // A place is made only of bytes that are there.
    bytes.get(from as usize..to as usize).unwrap_or_default()
}

/// Takes commands out of a stream, in one buffer that is used again and again.
#[derive(Debug)]
pub struct Requests {
    buffer: ReadBuffer,
    limits: Limits,
    /// The arguments of the command that is under way, as places after the beginning of what waits; for
    /// an inline command, places in `words`.
    places: Vec<(u32, u32)>,
    /// How many arguments are still to come.
    missing: usize,
    /// How much of what waits has been understood.
    understood: usize,
    words: Vec<u8>,
}

/// What a line turned out to be.
enum Line {
    /// From where it was looked for to before its end.
    Whole(usize),
    /// Its end has not arrived.
    Partial,
    /// It is longer than the limit.
    TooLong,
}

impl Requests {
    /// Requests of a new connection.
    pub fn new(limits: Limits) -> Requests {
        // Places are numbers of 32 bits.
        let request = limits.request.min(u32::MAX as usize / 2);
        let (bulk, inline) = (limits.bulk.min(request), limits.inline.min(request));
        let limits = Limits { request, bulk, inline, ..limits };
        let buffer = ReadBuffer::new();
        let (places, words) = (Vec::new(), Vec::new());
        Requests { buffer, limits, places, missing: 0, understood: 0, words }
    }

    /// Reads once from a stream. Returns how many bytes came; zero is the end of the stream.
    ///
    /// # Errors
    /// What the stream returns.
    pub fn read_from(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        self.buffer.read_from(stream)
    }

    /// Whether the last read would have brought more if more had been there.
    pub fn has_room(&self) -> bool {
        self.buffer.has_room()
    }

    /// Takes memory to read into, if it has none.
    pub fn borrow(&mut self, memory: &mut Vec<u8>) {
        self.buffer.borrow(memory);
    }

    /// Gives the memory back, and keeps no more than what waits needs.
    pub fn give_back(&mut self, memory: &mut Vec<u8>) {
        self.buffer.give_back(memory);
    }

    /// Takes in bytes that came some other way.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.feed(bytes);
    }

    /// Whether a part of a command waits for the rest.
    pub fn is_waiting(&self) -> bool {
        !self.buffer.waiting().is_empty()
    }

    /// How many bytes of memory it holds.
    pub fn capacity(&self) -> usize {
        let places = self.places.capacity() * size_of::<(u32, u32)>();
        self.buffer.capacity() + places + self.words.capacity()
    }

    /// The next whole command, or nothing until more bytes are there.
    ///
    /// # Errors
    /// Bytes that are no command. The same error comes again if asked again.
    pub fn next_request(&mut self) -> Result<Option<Request<'_>>, ProtocolError> {
        while self.missing == 0 {
            self.places.clear();
            self.places.shrink_to(USUAL);
            match self.buffer.waiting().first() {
                None => return Ok(None),
                Some(b'*') => {
                    if !self.take_count()? {
                        return Ok(None);
                    }
                }
                Some(_) => {
                    let Some(length) = self.take_inline()? else { return Ok(None) };
                    self.buffer.consume(length);
                    if !self.places.is_empty() {
                        return Ok(Some(Request { bytes: &self.words, places: &self.places }));
                    }
                }
            }
        }
        while self.missing > 0 {
            if !self.take_argument()? {
                return Ok(None);
            }
        }
        let length = std::mem::take(&mut self.understood);
        Ok(Some(Request { bytes: self.buffer.consume(length), places: &self.places }))
    }

    /// Takes the line that counts the arguments. False until it is whole.
    fn take_count(&mut self) -> Result<bool, ProtocolError> {
        let waiting = self.buffer.waiting();
        let end = match find_line(waiting, 0, self.limits.inline) {
            Line::Whole(end) => end,
            Line::Partial => return Ok(false),
            Line::TooLong => return Err(ProtocolError::TooBigCount),
        };
        let count = parse_integer(&waiting[1..end]).ok_or(ProtocolError::InvalidCount)?;
        // Redis skips a command without arguments, whatever the number below one.
        let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
        if count > self.limits.arguments {
            return Err(ProtocolError::InvalidCount);
        }
        if count == 0 {
            self.buffer.consume(end + 2);
        } else {
            self.understood = end + 2;
            self.missing = count;
        }
        Ok(true)
    }

    /// Takes one argument. False until it is whole.
    fn take_argument(&mut self) -> Result<bool, ProtocolError> {
        let (waiting, at) = (self.buffer.waiting(), self.understood);
        let end = match find_line(waiting, at, self.limits.inline) {
            Line::Whole(end) => end,
            Line::Partial => return Ok(false),
            Line::TooLong => return Err(ProtocolError::TooBigLength),
        };
        match waiting.get(at) {
            Some(b'$') => {}
            other => return Err(ProtocolError::ExpectedDollar(other.copied().unwrap_or(0))),
        }
        let length = parse_integer(waiting.get(at + 1..end).unwrap_or_default());
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| *length <= self.limits.bulk);
        let length = length.ok_or(ProtocolError::InvalidLength)?;
        let from = end + 2;
        let after = from + length + 2;
        if after > self.limits.request {
            return Err(ProtocolError::TooBigRequest(self.limits.request));
        }
        if waiting.len() < after {
            return Ok(false);
        }
        // The limit of a request fits into 31 bits.
        self.places.push((from as u32, (from + length) as u32));
        self.understood = after;
        self.missing -= 1;
        Ok(true)
    }

    /// Takes a line of words, and returns how many bytes it is. Nothing until it is whole.
    fn take_inline(&mut self) -> Result<Option<usize>, ProtocolError> {
        let waiting = self.buffer.waiting();
        let searched = &waiting[..waiting.len().min(self.limits.inline + 1)];
        let Some(end) = searched.iter().position(|byte| *byte == b'\n') else {
            let is_too_long = waiting.len() > self.limits.inline;
            return if is_too_long { Err(ProtocolError::TooBigInline) } else { Ok(None) };
        };
        let line = waiting[..end].strip_suffix(b"\r").unwrap_or(&waiting[..end]);
        self.words.clear();
        self.words.shrink_to(self.limits.inline);
        let places = &mut self.places;
        // A line fits into 32 bits, and words are no longer than their line.
        let word = |from: usize, to: usize| places.push((from as u32, to as u32));
        if !inline::split(line, &mut self.words, word) {
            return Err(ProtocolError::UnbalancedQuotes);
        }
        Ok(Some(end + 1))
    }
}

/// Looks for the end of the line that begins at `at`: a carriage return, and one byte after it.
fn find_line(bytes: &[u8], at: usize, limit: usize) -> Line {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.iter().take(limit.saturating_add(1)).position(|byte| *byte == b'\r') {
        Some(length) if length + 1 < rest.len() => Line::Whole(at + length),
        Some(_) => Line::Partial,
        None if rest.len() > limit => Line::TooLong,
        None => Line::Partial,
    }
}

#[cfg(test)]
mod tests;
