//! Bytes that have arrived and wait to be understood.
//!
//! Memory follows what has arrived, never what somebody claims will: an idle connection holds little, a
//! busy one reads in large pieces, and what one long message needed is given back after it.

use std::io::{self, Read};

/// The least memory of a connection on which anything has arrived.
const LEAST: usize = 4 * 1024;
/// How much a busy connection asks for at a time.
const CHUNK: usize = 64 * 1024;
/// Memory beyond this is given back once what filled it has been consumed.
const KEEP: usize = 1024 * 1024;

/// A buffer that is filled at its end and consumed at its beginning.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    /// Where the first byte lies that has not been consumed.
    start: usize,
    /// Where the bytes that have arrived end; behind it lies room.
    end: usize,
    /// How much to ask for.
    room: usize,
}

impl ReadBuffer {
    pub(crate) fn new() -> ReadBuffer {
        ReadBuffer { bytes: Vec::new(), start: 0, end: 0, room: LEAST }
    }

    /// Reads once from a stream. Returns how many bytes came; zero is the end of the stream.
    pub(crate) fn read_from(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        self.make_room();
        let count = stream.read(&mut self.bytes[self.end..])?;
        self.end += count;
        if self.end == self.bytes.len() {
            self.room = (self.room * 2).min(CHUNK);
        }
        Ok(count)
    }

    /// Takes in bytes that came some other way.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        // A slice is a stream without errors that ends when it is empty.
        while !bytes.is_empty() && self.read_from(&mut bytes).is_ok() {}
    }

    /// What has arrived and has not been consumed.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Consumes so many bytes and returns them.
    pub(crate) fn consume(&mut self, count: usize) -> &[u8] {
        let from = self.start;
        self.start = (from + count).min(self.end);
        &self.bytes[from..self.start]
    }

    /// Whether there is room behind what has arrived, so that the last read was not cut short.
    pub(crate) fn has_room(&self) -> bool {
        self.end < self.bytes.len()
    }

    /// Takes memory, if it has none.
    pub(crate) fn borrow(&mut self, memory: &mut Vec<u8>) {
        if self.bytes.is_empty() {
            memory.resize(CHUNK, 0);
            std::mem::swap(&mut self.bytes, memory);
        }
    }

    /// Gives memory back that what waits does not need, and what waits moves into less.
    pub(crate) fn give_back(&mut self, memory: &mut Vec<u8>) {
        let waiting = self.end - self.start;
        if 2 * waiting >= self.bytes.len() {
            return;
        }
        let rest = self.bytes[self.start..self.end].to_vec();
        let old = std::mem::replace(&mut self.bytes, rest);
        if (memory.len()..=CHUNK).contains(&old.len()) {
            *memory = old;
        }
        (self.start, self.end) = (0, waiting);
    }

    /// How many bytes of memory it holds.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Makes room for at least one byte behind what has arrived. At most doubles what has arrived.
    fn make_room(&mut self) {
        let waiting = self.end - self.start;
        if waiting == 0 {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > KEEP {
                self.bytes = Vec::new();
            }
        } else if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, waiting);
        }
        let needed = self.room.max(2 * waiting);
        if self.end == self.bytes.len() || (waiting == 0 && self.bytes.len() < needed) {
            self.bytes.resize(needed, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_what_has_arrived() {
        let mut buffer = ReadBuffer::new();
        buffer.feed(b"x");
        assert!(buffer.capacity() <= LEAST);
        buffer.consume(1);
        let long = vec![7; 3 * KEEP];
        buffer.feed(&long);
        assert_eq!(buffer.waiting(), long);
        assert!(buffer.capacity() <= 2 * long.len() + CHUNK, "{}", buffer.capacity());
        assert_eq!(buffer.consume(long.len()), long);
        buffer.feed(b"y");
        assert!(buffer.capacity() <= CHUNK, "{}", buffer.capacity());
        assert_eq!(buffer.waiting(), b"y");
    }

    #[test]
    fn borrowed_memory_goes_back_when_little_waits() {
        let (mut buffer, mut memory) = (ReadBuffer::new(), Vec::new());
        for round in 0..3 {
            buffer.borrow(&mut memory);
            assert_eq!((buffer.capacity(), memory.capacity()), (CHUNK, 0), "round {round}");
            buffer.feed(b"whole and a par");
            assert!(buffer.has_room());
            buffer.consume(12);
            buffer.give_back(&mut memory);
            assert_eq!((buffer.waiting(), buffer.capacity()), (&b"par"[..], 3));
            assert_eq!(memory.len(), CHUNK);
            buffer.feed(b"t");
            assert_eq!(buffer.consume(9), b"part");
            // What it holds now is its own, and little; it keeps none.
            buffer.give_back(&mut memory);
            assert_eq!(buffer.capacity(), 0);
        }
        buffer.borrow(&mut memory);
        buffer.feed(&[7; CHUNK]);
        assert!(!buffer.has_room());
        // All of it waits, so all of it stays.
        buffer.give_back(&mut memory);
        assert_eq!((buffer.waiting().len(), memory.capacity()), (CHUNK, 0));
    }

    #[test]
    fn what_is_consumed_makes_room() {
        let mut buffer = ReadBuffer::new();
        for round in 0..100_000_u32 {
            buffer.feed(&round.to_le_bytes());
            buffer.feed(&[1, 2, 3]);
            assert_eq!(buffer.consume(4), round.to_le_bytes());
            assert_eq!(buffer.consume(3), [1, 2, 3]);
        }
        assert!(buffer.capacity() <= CHUNK);
    }
}
