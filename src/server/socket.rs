//! A connection's bytes, without waiting for any.
//!
//! The system tells once that a socket can be read or written again; until a call finds that it cannot, it can. It
//! tells once for the last bytes and the end behind them, so where an end is known to come it is read for.
//! Memory is borrowed from the thread while there is something to read or to write, so that a connection on which
//! nothing happens holds none.

use mio::event::Event;
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
    /// The client sends nothing more: behind what has arrived is the end, of which nobody will tell.
    will_end: bool,
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
        Socket {
            stream,
            out: Vec::new(),
            written: 0,
            can_read: true,
            will_end: false,
            can_write: true,
            stalled: None,
        }
    }

    /// Hears what the system tells of it.
    pub(crate) fn hear(&mut self, event: &Event) {
        self.will_end |= event.is_read_closed() || event.is_error();
        self.can_read |= self.will_end || event.is_readable();
        self.can_write |= event.is_writable() || event.is_write_closed();
    }

    /// Reads once.
    pub(crate) fn read(&mut self, requests: &mut Requests) -> io::Result<Brought> {
        match requests.read_from(&mut Patient(&self.stream)) {
            Ok(0) => Ok(Brought::End),
            Ok(_) => {
                // Where there was room for more, more was not there; the system tells when it is. Some systems
                // tell only after they were asked in vain.
                let is_empty = cfg!(unix) && requests.has_room();
                self.can_read = self.will_end || !is_empty;
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
        (self.can_read, self.will_end) = (true, true);
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

#[cfg(test)]
mod tests {
    use super::{Brought, Socket};
    use mio::{Events, Interest, Poll, Token};
    use quorate_net::resp::{Limits, Requests};
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    /// A socket of a client that has sent these bytes and has gone, and of which the system has told all.
    fn of_one_who_went(bytes: &[u8]) -> Socket {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let mut client = TcpStream::connect(address).expect("it listens");
        let (stream, _) = listener.accept().expect("it was connected to");
        stream.set_nonblocking(true).expect("it can be set");
        let mut socket = Socket::new(mio::net::TcpStream::from_std(stream));
        client.write_all(bytes).expect("it is open");
        drop(client);
        let (mut poll, mut events) = (Poll::new().expect("a poll"), Events::with_capacity(8));
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut socket.stream, Token(0), interest).expect("it is new");
        while !socket.will_end {
            poll.poll(&mut events, Some(Duration::from_secs(30))).expect("a poll");
            assert!(!events.is_empty(), "it was not told of the end");
            for event in &events {
                socket.hear(event);
            }
        }
        socket
    }

    #[test]
    fn the_end_that_was_told_of_with_the_last_bytes_is_found() {
        let mut requests = Requests::new(Limits::default());
        let mut socket = of_one_who_went(b"PING\r\n");
        assert_eq!(socket.read(&mut requests).expect("bytes"), Brought::Bytes);
        assert!(socket.can_read, "the end behind the bytes would not be looked for");
        assert_eq!(socket.read(&mut requests).expect("the end"), Brought::End);
    }

    #[test]
    fn where_no_end_is_known_to_come_nothing_is_read_for_after_a_short_read() {
        let mut requests = Requests::new(Limits::default());
        let mut socket = of_one_who_went(b"PING\r\n");
        socket.will_end = false;
        assert_eq!(socket.read(&mut requests).expect("bytes"), Brought::Bytes);
        assert_eq!(socket.can_read, cfg!(not(unix)));
    }
}
