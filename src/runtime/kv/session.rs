//! What a connection remembers, and what becomes of a request on it.
//!
//! A [`Session`] is the state of one connection, apart from its bytes and from what it waits for. It
//! takes one request at a time and says whether the store is to be asked, or what the answer is.

use crate::info::Info;
use crate::parse::{self, Problem};
use crate::table::{self, Parser};
use crate::transaction;
use crate::{Command, Limits, Query};
use quorate_net::resp::{Protocol, Request, Value};

/// What is to be done about a request.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// This is the answer.
    Answer(Value),
    /// The store is to be asked.
    Read(Query),
    /// The command is to be replicated.
    Write(Command),
    /// This is the answer, and the last one: then the connection is closed.
    Quit(Value),
}

/// What a session can ask of the server it belongs to.
pub trait Host {
    /// How the server is.
    fn info(&self) -> Info;

    /// A line for each connection but the one with this number, as CLIENT LIST gives it.
    fn clients_but(&self, number: u64) -> Vec<String>;

    /// The settings that CONFIG GET tells of, with their values.
    fn settings(&self) -> Vec<(&'static str, String)>;
}

/// The state of one connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    pub(crate) id: u64,
    pub(crate) address: String,
    pub(crate) name: Vec<u8>,
    pub(crate) library: Vec<u8>,
    pub(crate) library_version: Vec<u8>,
    pub(crate) protocol: Protocol,
    pub(crate) is_readonly: bool,
    /// Whether there was a MULTI, and neither EXEC nor DISCARD has come since.
    pub(crate) is_refusing: bool,
    limits: Limits,
}

impl Session {
    /// The session of a new connection: its number, which no other connection of this server has had, and
    /// the address of its client.
    pub fn new(id: u64, address: String, limits: Limits) -> Session {
        Session {
            id,
            address,
            name: Vec::new(),
            library: Vec::new(),
            library_version: Vec::new(),
            protocol: Protocol::Resp2,
            is_readonly: false,
            is_refusing: false,
            limits,
        }
    }

    /// The version of the protocol that the client speaks by now: in it, the answer to the request that was
    /// last taken is to be written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether reads may be answered from what this server has applied: the client said READONLY.
    pub fn is_readonly(&self) -> bool {
        self.is_readonly
    }

    /// Takes a request.
    pub fn take(&mut self, request: &Request<'_>, host: &dyn Host) -> Step {
        self.understand(request, host).unwrap_or_else(|why| Step::Answer(Value::Error(why)))
    }

    fn understand(&mut self, request: &Request<'_>, host: &dyn Host) -> Result<Step, Problem> {
        if self.is_refusing
            && let Some(refused) = transaction::inside(self, request)
        {
            return refused;
        }
        let Some(row) = table::find(parse::argument(request, 0)) else {
            let refused = transaction::outside(self, request);
            return refused.unwrap_or_else(|| Err(unknown_command(request)));
        };
        if !row.takes(request.len()) {
            return Err(parse::wrong_number(row.name));
        }
        match row.parser {
            Parser::Read(parse) => parse(request, &self.limits).map(Step::Read),
            Parser::Write(parse) => parse(request, &self.limits).map(Step::Write),
            Parser::Local(act) => act(self, request, host),
        }
    }

    /// The connection as CLIENT LIST tells of it.
    pub fn describe(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let protocol = match self.protocol {
            Protocol::Resp2 => 2,
            Protocol::Resp3 => 3,
        };
        format!(
            "id={} addr={} name={} flags={} db=0 resp={protocol} lib-name={} lib-ver={}",
            self.id,
            self.address,
            text(&self.name),
            if self.is_readonly { "r" } else { "N" },
            text(&self.library),
            text(&self.library_version),
        )
    }
}

/// The most bytes of a name or of arguments that an error repeats.
const SHOWN: usize = 128;

/// As Redis says it: the name and the arguments, as far as they fit.
fn unknown_command(request: &Request<'_>) -> Problem {
    let mut arguments = String::new();
    for argument in request.iter().skip(1) {
        if arguments.len() >= SHOWN {
            break;
        }
        arguments.push_str(&format!("'{}' ", shown(argument, SHOWN - arguments.len())));
    }
    let name = shown(parse::argument(request, 0), SHOWN);
    format!("ERR unknown command '{name}', with args beginning with: {arguments}").into()
}

/// The beginning of some bytes as text, until a zero byte.
pub(crate) fn shown(bytes: &[u8], most: usize) -> String {
    let end = bytes.iter().take(most).position(|byte| *byte == 0);
    let end = end.unwrap_or(bytes.len().min(most));
    let text = String::from_utf8_lossy(&bytes[..end]);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
pub(crate) mod tests;
