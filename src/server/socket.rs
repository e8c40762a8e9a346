//! A connection's bytes, without waiting for any.
//!
//! The system tells once that a socket can be read or written again; until a call finds that it cannot, it can.
//! Memory is borrowed from the thread while there is something to read or to write, so that a connection on which
//! nothing happens holds none.

use mio::net::TcpStream;
use quorate_net::resp::Requests;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

/// So much memory for writing is kept by whoever has it.
pub(crate) const OUTPUT: usize = 1024 * 1024;

/// One client's socket, and what is to be written to it.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    /// What is to be written, from `written` on.
    pub(crate) out: Vec<u8>,
    written: usize,
    /// Whether something may have arrived.
    pub(crate) can_read: bool,
    can_write: bool,
    /// Since when the client has taken nothing of what is there for it.
    pub(crate) stalled: Option<Instant>,
}

/// What a read brought.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Brought {
    Bytes,
    Nothing,
    /// Nothing will come any more.
    End,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Socket {
        let (can_read, can_write) = (true, true);
        Socket { stream, out: Vec::new(), written: 0, can_read, can_write, stalled: None }
    }

    /// Hears that it can be read or written again.
    pub(crate) fn hear(&mut self, can_read: bool, can_write: bool) {
        self.can_read |= can_read;
        self.can_write |= can_write;
    }

    /// Reads once.
    pub(crate) fn read(&mut self, requests: &mut Requests) -> io::Result<Brought> {
        match requests.read_from(&mut Patient(&self.stream)) {
            Ok(0) => Ok(Brought::End),
            Ok(_) => {
                // Where there was room for more, more was not there; the system tells when it is. Some systems
                // tell only after they were asked in vain.
                self.can_read = !(cfg!(unix) && requests.has_room());
                Ok(Brought::Bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.can_read = false;
                Ok(Brought::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    /// How many bytes are still to be written.
    pub(crate) fn unwritten(&self) -> usize {
        self.out.len() - self.written
    }

    /// Writes what can be written.
    pub(crate) fn write(&mut self, now: Instant) -> io::Result<()> {
        while self.can_write && self.unwritten() > 0 {
            match (&self.stream).write(&self.out[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    self.stalled = None;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.can_write = false;
                    self.stalled.get_or_insert(now);
                }
                Err(error) => return Err(error),
            }
        }
        if self.unwritten() == 0 {
            self.out.clear();
            self.written = 0;
        }
        Ok(())
    }

    /// Takes memory for what is to be written, if it has none.
    pub(crate) fn borrow(&mut self, memory: &mut Vec<u8>) {
        if self.out.capacity() == 0 {
            std::mem::swap(&mut self.out, memory);
        }
    }

    /// Gives the memory back, and keeps no more than what could not be written.
    pub(crate) fn give_back(&mut self, memory: &mut Vec<u8>) {
        if self.written > 0 || self.out.capacity() > 2 * self.out.len() {
            let rest = self.out[self.written..].to_vec();
            *memory = std::mem::replace(&mut self.out, rest);
            self.written = 0;
            memory.clear();
            memory.shrink_to(OUTPUT);
        }
    }

    /// Lets nothing more arrive. What has arrived can still be read.
    pub(crate) fn end_reading(&mut self) {
        // One that is gone has ended as well.
        let _ = self.stream.shutdown(Shutdown::Read);
        self.can_read = true;
    }
}

/// Reads again when a signal interrupts.
struct Patient<'a>(&'a TcpStream);

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}
