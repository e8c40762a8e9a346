//! A client of one server.

use quorate_net::resp::{Value, decode, write_array, write_bulk};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// A connection, which asks one thing at a time.
pub(super) struct Client {
    stream: TcpStream,
    /// What has arrived and was not read.
    arrived: Vec<u8>,
    /// The request; kept for its memory.
    request: Vec<u8>,
}

impl Client {
    /// Connects to a port of loopback. Nothing is waited for longer than `patience`.
    ///
    /// # Errors
    /// What the operating system says, as for all calls here.
    pub(super) fn connect(port: u16, patience: Duration) -> io::Result<Client> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Client { stream, arrived: Vec::new(), request: Vec::new() })
    }

    /// The reply to a command.
    pub(super) fn ask(&mut self, words: &[&[u8]]) -> io::Result<Value> {
        self.ask_all(&[words]).map(|mut replies| replies.pop().unwrap_or(Value::Null))
    }

    /// The replies to commands that leave together.
    pub(super) fn ask_all(&mut self, commands: &[&[&[u8]]]) -> io::Result<Vec<Value>> {
        self.request.clear();
        for words in commands {
            write_array(&mut self.request, words.len());
            words.iter().for_each(|word| write_bulk(&mut self.request, word));
        }
        self.stream.write_all(&self.request)?;
        commands.iter().map(|_| self.receive()).collect()
    }

    /// The next reply.
    fn receive(&mut self) -> io::Result<Value> {
        let mut piece = [0; 4_096];
        loop {
            if let Some((value, length)) = decode(&self.arrived).map_err(io::Error::other)? {
                self.arrived.drain(..length);
                return Ok(value);
            }
            match self.stream.read(&mut piece)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.arrived.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// Sets a key.
    ///
    /// # Errors
    /// Also when the reply is anything but that it is done.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        match self.ask(&[b"SET", key, value])? {
            reply if reply == Value::OK => Ok(()),
            other => Err(io::Error::other(format!("SET: {other:?}; expected OK"))),
        }
    }
}
