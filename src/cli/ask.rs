//! Asking a running server how it is, over its port for clients.

use super::values::host_and_port;
use quorate_net::resp::{self, Value, decode};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Why a server did not say how it is.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// Nobody answers there.
    Silence(io::Error),
    /// Somebody does, but no server of this program.
    Stranger(String),
}

/// What a server says of itself, by name.
pub(super) type Facts = BTreeMap<String, String>;

/// Asks the server at an address, and waits at most so long.
pub(super) fn info(address: &str, patience: Duration) -> Result<Facts, NoAnswer> {
    let until = Instant::now() + patience;
    let value = ask(address, &["INFO", "server", "clients", "quorate"], until)?;
    let text = match value {
        Value::Bulk(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::Error(why) => return Err(NoAnswer::Stranger(why.into_owned())),
        other => return Err(NoAnswer::Stranger(format!("{other:?}"))),
    };
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let facts: Facts = pairs.map(|(name, value)| (name.into(), value.into())).collect();
    if facts.contains_key("quorate_version") && facts.contains_key("commit_index") {
        Ok(facts)
    } else {
        Err(NoAnswer::Stranger("it does not speak of itself as one".into()))
    }
}

fn ask(address: &str, words: &[&str], until: Instant) -> Result<Value, NoAnswer> {
    let mut stream = connect(address, until).map_err(NoAnswer::Silence)?;
    let mut out = Vec::new();
    resp::write_array(&mut out, words.len());
    words.iter().for_each(|word| resp::write_bulk(&mut out, word.as_bytes()));
    stream.set_write_timeout(Some(left(until))).map_err(NoAnswer::Silence)?;
    stream.write_all(&out).map_err(NoAnswer::Silence)?;
    let (mut arrived, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        stream.set_read_timeout(Some(left(until))).map_err(NoAnswer::Silence)?;
        let count = stream.read(&mut piece).map_err(|error| {
            // What a read that took too long is called differs between systems.
            let is_late = error.kind() == io::ErrorKind::WouldBlock;
            let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
            NoAnswer::Silence(if is_late { late() } else { error })
        })?;
        arrived.extend_from_slice(&piece[..count]);
        match decode(&arrived) {
            Ok(Some((value, _))) => return Ok(value),
            Ok(None) if count > 0 && arrived.len() <= LONGEST => {}
            Ok(None) if count == 0 => {
                return Err(NoAnswer::Stranger("it closed the connection".into()));
            }
            Ok(None) => return Err(NoAnswer::Stranger("its answer has no end".into())),
            Err(why) => return Err(NoAnswer::Stranger(why)),
        }
    }
}

/// Opens a connection to the first of the places that answers.
fn connect(address: &str, until: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for place in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, left(until)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// How long is left; never nothing, which would be for ever.
fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// An address as it was given: a port alone is one of this machine.
pub(super) fn whole_address(text: &str) -> Option<String> {
    let address = match text.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => text.to_owned(),
    };
    host_and_port(&address).filter(|(_, port)| *port > 0)?;
    Some(address)
}
