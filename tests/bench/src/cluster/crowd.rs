//! Many connections and one thread, which waits for all of them at once.
//!
//! Clients share the processors with the servers that they measure. A thread for each client would have the machine
//! switch between hundreds of them, which costs more than some servers do and hides their difference; so one thread
//! serves all, as in redis-benchmark. The price is that a reply may lie unread while others are handled: the thread
//! must not be busy all the time, which is why its share of the processors is measured and printed.

use super::speech::{Answer, Ask, Dialogue, Speech};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// How many connections can have news at a time; of the others it is told the next time.
const EVENTS: usize = 1_024;
/// How much is read at a time.
const PIECE: usize = 16_384;
/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections, which are numbered from zero on.
pub(super) struct Crowd {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    /// What was read last; kept for its memory.
    piece: Box<[u8; PIECE]>,
}

/// A connection, and what it waits for.
struct Connection {
    stream: TcpStream,
    dialogue: Dialogue,
    arrived: Vec<u8>,
    leaving: Vec<u8>,
    /// When it asked for what it has no reply to.
    asked: Option<Instant>,
}

/// What a connection has heard.
pub(super) struct Heard {
    /// Which connection.
    pub(super) number: usize,
    /// How long it took, since it was asked.
    pub(super) took: Duration,
    /// The reply, or why there will be none.
    pub(super) answer: Result<Answer, String>,
}

impl Crowd {
    /// Nobody yet.
    ///
    /// # Errors
    /// What the operating system says, as for all calls here.
    pub(super) fn new() -> Result<Crowd, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let events = Events::with_capacity(EVENTS);
        Ok(Crowd { poll, events, connections: Vec::new(), piece: Box::new([0; PIECE]) })
    }

    /// Connects one more to a port of loopback. Returns its number.
    pub(super) fn connect(&mut self, port: u16, speech: Speech) -> Result<usize, String> {
        let number = self.connections.len();
        let registry = self.poll.registry();
        let connect = || {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let stream = std::net::TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            registry.register(&mut stream, Token(number), interest)?;
            Ok(stream)
        };
        let stream = connect().map_err(|error: io::Error| format!("port {port}: {error}"))?;
        let dialogue = Dialogue::new(speech, port);
        let (arrived, leaving) = (Vec::new(), Vec::new());
        self.connections.push(Connection { stream, dialogue, arrived, leaving, asked: None });
        Ok(number)
    }

    /// Has a connection ask. It must have had the reply to what it asked before.
    pub(super) fn ask(&mut self, number: usize, ask: &Ask<'_>) -> Result<(), String> {
        let connection = self.connections.get_mut(number).ok_or("no such connection")?;
        connection.dialogue.ask(ask, &mut connection.leaving)?;
        connection.asked = Some(Instant::now());
        connection.send().map_err(|error| error.to_string())
    }

    /// Waits until some have heard something, but no longer than this. Adds what they have heard.
    pub(super) fn wait(
        &mut self,
        patience: Duration,
        heard: &mut Vec<Heard>,
    ) -> Result<(), String> {
        match self.poll.poll(&mut self.events, Some(patience)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled.map_err(|error| error.to_string())?,
        }
        for event in &self.events {
            let number = event.token().0;
            let Some(connection) = self.connections.get_mut(number) else { continue };
            let answer = match connection.look(event.is_read_closed(), self.piece.as_mut_slice()) {
                Ok(None) => continue,
                Ok(Some(answer)) => Ok(answer),
                Err(error) => Err(error),
            };
            // One that has asked nothing may be closed; nobody is hurt by that.
            if let Some(asked) = connection.asked.take() {
                heard.push(Heard { number, took: asked.elapsed(), answer });
            }
        }
        Ok(())
    }

    /// The next reply that anybody hears, where one is waited for no longer than this.
    pub(super) fn reply(&mut self, patience: Duration) -> Result<Answer, String> {
        let (begun, mut heard) = (Instant::now(), Vec::new());
        while begun.elapsed() < patience {
            self.wait(patience.saturating_sub(begun.elapsed()), &mut heard)?;
            if let Some(Heard { answer, .. }) = heard.pop() {
                return answer;
            }
        }
        Err(format!("no reply in {} ms", patience.as_millis()))
    }
}

impl Connection {
    /// Sends as much as the other side takes now. The rest goes when it takes more.
    fn send(&mut self) -> io::Result<()> {
        while !self.leaving.is_empty() {
            match self.stream.write(&self.leaving) {
                Ok(count) => drop(self.leaving.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends and reads what can be, and returns the reply if it is complete. Nothing is told twice: so what is there
    /// is read to its end, also the end of the stream where that has come.
    fn look(&mut self, is_closed: bool, piece: &mut [u8]) -> Result<Option<Answer>, String> {
        self.send().map_err(|error| error.to_string())?;
        let mut has_ended = false;
        while !has_ended {
            match self.stream.read(piece) {
                Ok(0) => has_ended = true,
                Ok(count) => {
                    self.arrived.extend_from_slice(&piece[..count]);
                    // A stream that goes on and had less than was asked for has no more now, by epoll(7).
                    if count < piece.len() && !is_closed {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(error.to_string()),
            }
        }
        match self.dialogue.answer(&mut self.arrived)? {
            None if has_ended => Err("closed before the reply".into()),
            answer => Ok(answer),
        }
    }
}

/// What one server answers to one request.
///
/// # Errors
/// When it does not answer in time.
pub(super) fn ask_once(
    port: u16,
    speech: Speech,
    ask: &Ask<'_>,
    patience: Duration,
) -> Result<Answer, String> {
    let mut crowd = Crowd::new()?;
    let number = crowd.connect(port, speech)?;
    crowd.ask(number, ask)?;
    crowd.reply(patience).map_err(|error| format!("port {port}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Crowd, ask_once};
    use crate::cluster::speech::{Answer, Ask, Speech};
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A server that answers the requests on so many connections, the first of all, then the next, and closes them.
    fn server(
        connections: usize,
        replies: &'static [&'static [u8]],
    ) -> (u16, thread::JoinHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let serve = move || {
            let accepted = (0..connections).map(|_| listener.accept().expect("a client").0);
            let mut streams: Vec<_> = accepted.collect();
            for reply in replies {
                for stream in &mut streams {
                    assert!(stream.read(&mut [0; 4_096]).expect("a request") > 0);
                    stream.write_all(reply).expect("sent");
                }
            }
        };
        (port, thread::spawn(serve))
    }

    #[test]
    fn everybody_hears_the_reply_and_that_there_is_none() {
        let (port, server) = server(3, &[b"+OK\r\n", b"$1\r"]);
        let mut crowd = Crowd::new().expect("a poll");
        for number in 0..3 {
            assert_eq!(crowd.connect(port, Speech::Resp), Ok(number));
            crowd.ask(number, &Ask::Set(b"k", b"v")).expect("sent");
        }
        for expected in [true, false] {
            let (begun, mut heard) = (Instant::now(), Vec::new());
            while heard.len() < 3 {
                assert!(begun.elapsed() < PATIENCE, "{} replies", heard.len());
                crowd.wait(PATIENCE, &mut heard).expect("polled");
            }
            heard.sort_by_key(|heard| heard.number);
            for (number, heard) in heard.iter().enumerate() {
                assert_eq!(heard.number, number);
                assert_eq!(heard.answer == Ok(Answer::Stored), expected, "{:?}", heard.answer);
                assert_eq!(heard.answer.is_ok(), expected);
                if expected {
                    crowd.ask(number, &Ask::Get(b"k")).expect("sent");
                }
            }
        }
        server.join().expect("it has served");
    }

    #[test]
    fn a_server_that_says_nothing_is_waited_for_no_longer_than_said() {
        let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = silent.local_addr().expect("bound").port();
        let patience = Duration::from_millis(20);
        let result = ask_once(port, Speech::Grpc, &Ask::View, patience);
        assert_eq!(result, Err(format!("port {port}: no reply in 20 ms")));
    }
}
