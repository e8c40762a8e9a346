//! Frames: how bytes on a connection become whole messages again.
//!
//! TCP hands over a stream without seams, in pieces of any size, and its own checksum of 16 bits lets
//! about one damaged segment in 65,536 pass. So everything that servers say to each other travels in
//! frames:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the payload, little endian |
//! | 4 | CRC32C over the four length bytes and the payload, little endian |
//! | length | the payload |
//!
//! A frame longer than the limit is refused as soon as its header is there, and a claimed length
//! reserves no memory: the buffer grows only with bytes that have arrived.

use crate::buffer::ReadBuffer;
use std::fmt;
use std::io::{self, Read};

/// The number of bytes before the payload of a frame.
pub const HEADER: usize = 8;

/// Why bytes are no frame. The stream cannot be followed any further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameError {
    /// The payload is longer than the limit, or claims to be.
    TooLong {
        /// The length of the payload, in bytes.
        length: usize,
        /// The greatest length that is allowed here, in bytes.
        limit: usize,
    },
    /// The checksum does not fit the content.
    Damaged {
        /// The checksum that the frame states.
        stated: u32,
        /// The checksum of what arrived.
        computed: u32,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { length, limit } => write!(
                f,
                "a frame of {length} bytes is over the limit of {limit} bytes; give all servers the \
                 same max-frame"
            ),
            FrameError::Damaged { stated, computed } => write!(
                f,
                "a frame states checksum {stated:08x}, but its bytes have {computed:08x}; they were \
                 damaged on the way, or are no frame at all"
            ),
        }
    }
}

impl std::error::Error for FrameError {}

/// Appends one frame to a buffer. The payload is whatever `fill` appends; many frames go into one buffer,
/// and so into one write.
///
/// # Errors
/// What `fill` returns, or [`FrameError::TooLong`] if it appended more than `limit` bytes. The buffer is
/// then as it was.
pub fn append<E: From<FrameError>>(
    buffer: &mut Vec<u8>,
    limit: usize,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; HEADER]);
    let filled = fill(buffer).and_then(|()| {
        let length = buffer.len() - start - HEADER;
        match u32::try_from(length) {
            Ok(short) if length <= limit => Ok(short),
            _ => Err(FrameError::TooLong { length, limit }.into()),
        }
    });
    match filled {
        Ok(length) => {
            let length = length.to_le_bytes();
            let checksum = checksum(length, &buffer[start + HEADER..]);
            buffer[start..start + 4].copy_from_slice(&length);
            buffer[start + 4..start + HEADER].copy_from_slice(&checksum.to_le_bytes());
            Ok(())
        }
        Err(error) => {
            buffer.truncate(start);
            Err(error)
        }
    }
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), payload)
}

/// Takes frames out of a stream, in one buffer that is used again and again.
#[derive(Debug)]
pub struct Decoder {
    buffer: ReadBuffer,
    limit: usize,
}

impl Decoder {
    /// A decoder that allows payloads of up to `limit` bytes.
    pub fn new(limit: usize) -> Decoder {
        Decoder { buffer: ReadBuffer::new(), limit }
    }

    /// Reads once from a stream. Returns how many bytes came; zero is the end of the stream.
    ///
    /// # Errors
    /// What the stream returns.
    pub fn read_from(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        self.buffer.read_from(stream)
    }

    /// Takes in bytes that came some other way.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.feed(bytes);
    }

    /// The payload of the next whole frame, or nothing until more bytes are there.
    ///
    /// # Errors
    /// A frame over the limit, or one whose checksum does not fit. The same error comes again if asked
    /// again.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let Some((header, rest)) = self.buffer.waiting().split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [a, b, c, d, stated @ ..] = *header;
        let length_bytes = [a, b, c, d];
        let length = usize::try_from(u32::from_le_bytes(length_bytes)).unwrap_or(usize::MAX);
        if length > self.limit {
            return Err(FrameError::TooLong { length, limit: self.limit });
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let (stated, computed) = (u32::from_le_bytes(stated), checksum(length_bytes, payload));
        if stated != computed {
            return Err(FrameError::Damaged { stated, computed });
        }
        Ok(self.buffer.consume(HEADER + length).get(HEADER..))
    }

    /// How many bytes of memory it holds.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

#[cfg(test)]
mod tests;
