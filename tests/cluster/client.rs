//! A client that speaks RESP, and never waits for ever.

use quorate_net::resp::{self, Value, decode};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    arrived: Vec<u8>,
}

impl Client {
    /// Connects to a port of loopback. No answer is waited for longer than `patience`.
    pub(crate) fn connect(port: u16, patience: Duration) -> io::Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Client { stream, arrived: Vec::new() })
    }

    /// The next reply.
    pub(crate) fn receive(&mut self) -> io::Result<Value> {
        loop {
            if let Some((value, length)) = decode(&self.arrived).map_err(io::Error::other)? {
                self.arrived.drain(..length);
                return Ok(value);
            }
            let mut piece = [0; 65536];
            match self.stream.read(&mut piece)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.arrived.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// Sends a command.
    pub(crate) fn send(&mut self, words: &[&str]) -> io::Result<()> {
        let mut out = Vec::new();
        resp::write_array(&mut out, words.len());
        words.iter().for_each(|word| resp::write_bulk(&mut out, word.as_bytes()));
        self.stream.write_all(&out)
    }

    /// The reply to a command.
    pub(crate) fn ask(&mut self, words: &[&str]) -> io::Result<Value> {
        self.send(words)?;
        self.receive()
    }

    /// The reply to a command that may be repeated, asked again for as long as the reply is an error that begins like
    /// one of these: a busy machine may have an election at any time.
    pub(crate) fn ask_until_done(&mut self, words: &[&str], again: &[&str]) -> Value {
        let begun = Instant::now();
        loop {
            match self.ask(words).expect("it answers") {
                Value::Error(error) if again.iter().any(|why| error.starts_with(why)) => {
                    assert!(begun.elapsed() < Duration::from_secs(20), "{words:?}: {error}");
                    thread::sleep(Duration::from_millis(10));
                }
                value => return value,
            }
        }
    }
}
