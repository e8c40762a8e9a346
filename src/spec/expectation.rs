//! What a script claims about the state that it has reached.

use crate::describe::outcome_in_words;
use crate::scenario::Pattern;
use quorate_cluster::Cluster;
use quorate_cluster::notation::Notation;
use quorate_core::{Outcome, RequestId, ServerId};
use std::collections::BTreeMap;

/// A claim of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// The notation of a server has these parts.
    Server(ServerId, Vec<String>),
    /// Such a message is in flight.
    Message(Pattern),
    /// No such message is in flight.
    NoMessage(Pattern),
    /// No message from this server is in flight.
    NothingFrom(ServerId),
    /// How a request has ended, in words; or that it waits, or is lost.
    Request(RequestId, String),
    /// The last action violated this property.
    Violated(String),
}

/// What the parts that a server's notation leaves out would be.
const LEFT_OUT: [&str; 11] = [
    "applied=0",
    "commit=0",
    "heard={}",
    "leader=-",
    "reads=[]",
    "round=0",
    "verified=0",
    "vote=-",
    "votes={}",
    "waiting=[]",
    "writes=[]",
];

impl Expectation {
    /// Reads what follows the word `expect`.
    pub(crate) fn parse(words: &[&str]) -> Result<Expectation, String> {
        let server = |text: &str| ServerId::from_notation(text).map_err(|error| error.to_string());
        let pattern = |words: &[&str]| {
            Pattern::parse(words).ok_or_else(|| "which message; expected a direction".to_owned())
        };
        match words {
            ["violated", property] => {
                let known: Vec<&str> = crate::property_names().collect();
                if !known.contains(property) {
                    return Err(format!("{property}; expected one of {}", known.join(", ")));
                }
                Ok(Expectation::Violated((*property).to_owned()))
            }
            ["nothing", "from", id] => Ok(Expectation::NothingFrom(server(id)?)),
            ["message", words @ ..] => Ok(Expectation::Message(pattern(words)?)),
            ["no", "message", words @ ..] => Ok(Expectation::NoMessage(pattern(words)?)),
            [request, outcome @ ..] if request.starts_with('r') && !outcome.is_empty() => {
                let request = RequestId::from_notation(request).map_err(|e| e.to_string())?;
                Ok(Expectation::Request(request, outcome.join(" ")))
            }
            [id, parts @ ..] if !parts.is_empty() => {
                Ok(Expectation::Server(server(id)?, words_of(&parts.join(" "))))
            }
            _ => Err("expected what: a server and parts of its notation, `message` or \
                      `no message` and a direction, `nothing from` a server, a request and its \
                      outcome, or `violated` and a property"
                .to_owned()),
        }
    }

    /// Looks whether the claim is true.
    ///
    /// # Errors
    /// When it is not: what is true instead.
    pub(crate) fn check(
        &self,
        cluster: &Cluster,
        outcomes: &BTreeMap<RequestId, Outcome>,
    ) -> Result<(), String> {
        let mut in_flight = cluster.network.in_flight.keys();
        match self {
            Expectation::Server(id, parts) => {
                let server = cluster.server(*id).ok_or(format!("there is no server {id}"))?;
                let notation = server.to_string();
                let known = words_of(&notation);
                match parts.iter().find(|part| !has_part(&known, part)) {
                    Some(missing) => Err(format!("expected {missing}, but it is {notation}")),
                    None => Ok(()),
                }
            }
            Expectation::Message(pattern) => match in_flight.find(|e| pattern.matches(e)) {
                Some(_) => Ok(()),
                None => {
                    Err(format!("no such message; in flight: {}", everything_in_flight(cluster)))
                }
            },
            Expectation::NoMessage(pattern) => match in_flight.find(|e| pattern.matches(e)) {
                Some(envelope) => Err(format!("in flight: {}", envelope.to_notation())),
                None => Ok(()),
            },
            Expectation::NothingFrom(id) => match in_flight.find(|e| e.from == *id) {
                Some(envelope) => {
                    Err(format!("expected nothing from {id}: {}", envelope.to_notation()))
                }
                None => Ok(()),
            },
            Expectation::Request(request, expected) => {
                let actual = fate(*request, cluster, outcomes);
                if actual == *expected {
                    return Ok(());
                }
                Err(format!("expected {request} {expected}, but it is {actual}"))
            }
            // Whether it was is known only at the end.
            Expectation::Violated(_) => Ok(()),
        }
    }
}

/// The messages in flight, in one line.
pub(crate) fn everything_in_flight(cluster: &Cluster) -> String {
    let list: Vec<String> = cluster.network.in_flight.keys().map(Notation::to_notation).collect();
    if list.is_empty() { "nothing".to_owned() } else { list.join("; ") }
}

/// What has become of a request, in words.
fn fate(request: RequestId, cluster: &Cluster, outcomes: &BTreeMap<RequestId, Outcome>) -> String {
    if let Some(outcome) = outcomes.get(&request) {
        return outcome_in_words(outcome);
    }
    let fate = if cluster.clients.waiting.contains_key(&request) {
        "waiting"
    } else if request < cluster.next_request() {
        "lost"
    } else {
        "not issued"
    };
    fate.to_owned()
}

/// Whether a part is among those of a notation, or is what a part that was left out would be.
fn has_part(known: &[String], part: &str) -> bool {
    let name = part.split_inclusive('=').next().unwrap_or_default();
    let is_left_out = || !known.iter().any(|known| known.starts_with(name));
    known.iter().any(|known| known == part) || (LEFT_OUT.contains(&part) && is_left_out())
}

/// The parts of a server's notation: what spaces separate, except within parentheses.
fn words_of(notation: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let separates = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ' ' && depth == 0
    };
    notation.split(separates).map(str::to_owned).collect()
}
