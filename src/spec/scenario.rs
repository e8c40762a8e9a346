//! Scenarios: scripts in the notation, which a person or a counterexample wrote.
//!
//! A scenario is a text of lines. Blank lines and lines that begin with `#` are for readers; lines that
//! begin with `|` record what happened when it was last run, and are not read. The others, in this order:
//!
//! | line | meaning |
//! |---|---|
//! | `scenario version=1` | always the first |
//! | `setting servers=3 network=faulty` | size and parameters; always the second |
//! | `n1 follower term=2 log=[1:noop]` | n1 starts in this state instead of empty; before the first action |
//! | any action, as `sync n1 1` | it happens |
//! | `deliver n1>n2 AppendEntries` | the one message in flight with this direction and these words arrives; also for `duplicate` and `drop` |
//! | `deliver all n1>n2 AppendEntries` | every such message now in flight arrives, one or more; also for `duplicate` and `drop` |
//! | `elect n1 {n2,n3}` | n1 stands, these servers vote for it, and it leads; nothing that it then sends arrives |
//! | `settle`, `settle {n1,n2}` | every write becomes durable and every message arrives, among these servers, until nothing is left |
//! | `expect n1 leader term=2` | the notation of n1 has these parts; `commit=0`, `vote=-`, `writes=[]` and the like also say that it has no such part |
//! | `expect message n1>n2 VoteGranted` | such a message is in flight |
//! | `expect no message n1>n2 VoteGranted` | no such message is in flight |
//! | `expect nothing from n1` | no message from n1 is in flight |
//! | `expect r1 written at 2` | how request r1 has ended; or `waiting`, or `lost` if its server crashed |
//! | `expect violated ElectionSafety` | the last action violated this property, whatever others were violated before; only `end` follows |
//! | `end` | always the last, so that a file cut short is known |

use crate::expectation::Expectation;
use crate::start::can_start;
use core::fmt;
use quorate_cluster::notation::{Notation, Reader};
use quorate_cluster::{Action, ActionKind, Server, Setting};
use quorate_core::{ServerId, ServerSet};

/// A script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Size and parameters.
    pub setting: Setting,
    /// The servers that do not start empty.
    pub start: Vec<Server>,
    /// What is to happen, in order.
    pub instructions: Vec<Instruction>,
}

/// A line of a script that does something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// What it says.
    pub command: Command,
}

/// What a line of a script says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// An action happens.
    Perform(Action),
    /// Something happens to the one message that matches.
    Message(Handling, Pattern),
    /// Something happens to every message that matches.
    Messages(Handling, Pattern),
    /// A server stands and leads by these servers' votes.
    Elect(ServerId, ServerSet),
    /// Among these servers, or all, everything on its way arrives.
    Settle(Option<ServerSet>),
    /// Something is so.
    Expect(Expectation),
}

/// What happens to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handling {
    /// It arrives.
    Deliver,
    /// It arrives, and a copy stays.
    Duplicate,
    /// It is lost.
    Drop,
}

/// A description of one message: its direction, and words of its notation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    /// Who sent it.
    pub from: ServerId,
    /// Who is to receive it.
    pub to: ServerId,
    /// Words that stand in its notation.
    pub words: Vec<String>,
}

/// A line that cannot be read, or that cannot happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioError {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl core::error::Error for ScenarioError {}

/// The first line of every scenario.
pub(crate) const VERSION: &str = "scenario version=1";

/// The last line of every scenario.
pub(crate) const END: &str = "end";

/// Whether a line of a scenario is read: not blank, no comment, no record of what happened.
pub(crate) fn is_read(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && !line.starts_with('|')
}

impl Scenario {
    /// Reads a script.
    ///
    /// # Errors
    /// When a line is not what it should be: which, and why.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        let fail = |line, reason: String| ScenarioError { line, reason };
        let mut lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| is_read(line));
        let last_line = text.lines().count().max(1);
        let mut next = |expected: &str| {
            lines.next().ok_or_else(|| fail(last_line, format!("the end; expected {expected}")))
        };
        let (line, version) = next(VERSION)?;
        if version != VERSION {
            return Err(fail(
                line,
                format!("{version}; expected {VERSION}, the only version known"),
            ));
        }
        let (line, setting) = next("a setting")?;
        let setting = Setting::from_notation(setting).map_err(|e| fail(line, e.to_string()))?;
        let mut scenario = Scenario { setting, start: Vec::new(), instructions: Vec::new() };
        loop {
            let (line, text) = next(&format!("`{END}`: the scenario has been cut short"))?;
            if text == END {
                break;
            }
            if scenario.has_ended() {
                let expected = format!("`{END}` after `expect violated`");
                return Err(fail(line, format!("{text}; expected {expected}")));
            }
            let begins_as_server = ServerId::read(&mut Reader::new(text)).is_ok();
            if begins_as_server {
                let server = Server::from_notation(text).map_err(|e| fail(line, e.to_string()))?;
                scenario.add_start(line, server)?;
            } else {
                let command = Command::parse(text).map_err(|reason| fail(line, reason))?;
                scenario.instructions.push(Instruction { line, command });
            }
        }
        match lines.next() {
            Some((line, more)) => {
                Err(fail(line, format!("{more}; expected nothing after `{END}`")))
            }
            None => Ok(scenario),
        }
    }

    /// Whether the last instruction is one that nothing can follow: after a violation nothing more happens.
    fn has_ended(&self) -> bool {
        let last = self.instructions.last().map(|instruction| &instruction.command);
        matches!(last, Some(Command::Expect(Expectation::Violated(_))))
    }

    fn add_start(&mut self, line: usize, mut server: Server) -> Result<(), ScenarioError> {
        let id = server.state.id;
        let fail = |reason: String| Err(ScenarioError { line, reason });
        if !self.instructions.is_empty() {
            return fail(format!("{id} cannot start in a state after the first action"));
        }
        if !self.setting.ids().any(|known| known == id) {
            let servers = self.setting.servers;
            return fail(format!("there is no server {id}; the setting has n1 to n{servers}"));
        }
        if self.start.iter().any(|known| known.state.id == id) {
            return fail(format!("{id} already has a state to start in"));
        }
        if let Err(why) = can_start(&server, &self.setting) {
            return fail(why);
        }
        server.state.configuration = self.setting.configuration();
        self.start.push(server);
        Ok(())
    }
}

/// What lines begin with, besides actions.
const SHORTHANDS: [&str; 4] = ["elect", "settle", "expect", END];

impl Command {
    /// Reads one line that is neither a setting nor a server.
    fn parse(text: &str) -> Result<Command, String> {
        let set = |text: &str| ServerSet::from_notation(text).map_err(|error| error.to_string());
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["settle"] => Ok(Command::Settle(None)),
            ["settle", among] => Ok(Command::Settle(Some(set(among)?))),
            ["settle", ..] => Err("settle whom; expected nothing more or a set".to_owned()),
            ["elect", id, voters] => {
                let candidate = ServerId::from_notation(id).map_err(|error| error.to_string())?;
                Ok(Command::Elect(candidate, set(voters)?))
            }
            ["elect", ..] => Err("elect whom; expected a server and a set of voters".to_owned()),
            ["expect", ref claim @ ..] => Expectation::parse(claim).map(Command::Expect),
            [verb @ ("deliver" | "duplicate" | "drop"), ref what @ ..] => {
                Command::parse_message(text, verb, what)
            }
            [verb, ..] if ActionKind::all().all(|kind| kind.name() != verb) => {
                let known = ActionKind::all().map(ActionKind::name).chain(SHORTHANDS);
                let known: Vec<&str> = known.collect();
                Err(format!("{verb}; expected one of {}", known.join(", ")))
            }
            _ => Action::from_notation(text).map(Command::Perform).map_err(|e| e.to_string()),
        }
    }

    /// Reads what happens to a message, or to several.
    fn parse_message(text: &str, verb: &str, what: &[&str]) -> Result<Command, String> {
        let handling = match verb {
            "deliver" => Handling::Deliver,
            "duplicate" => Handling::Duplicate,
            _ => Handling::Drop,
        };
        if let ["all", pattern @ ..] = what {
            let pattern = Pattern::parse(pattern).ok_or("which messages; expected a direction")?;
            return Ok(Command::Messages(handling, pattern));
        }
        // A message is written out, or described by its direction and some words.
        match (Action::from_notation(text), Pattern::parse(what)) {
            (Ok(action), _) => Ok(Command::Perform(action)),
            (Err(_), Some(pattern)) => Ok(Command::Message(handling, pattern)),
            (Err(error), None) => Err(error.to_string()),
        }
    }
}

impl Pattern {
    /// Reads a direction and words.
    pub(crate) fn parse(words: &[&str]) -> Option<Pattern> {
        let (direction, words) = words.split_first()?;
        let (from, to) = direction.split_once('>')?;
        let (from, to) = (ServerId::from_notation(from).ok()?, ServerId::from_notation(to).ok()?);
        Some(Pattern { from, to, words: words.iter().map(|word| (*word).to_owned()).collect() })
    }

    /// Whether a message is so described.
    pub fn matches(&self, envelope: &quorate_cluster::Envelope) -> bool {
        if (envelope.from, envelope.to) != (self.from, self.to) {
            return false;
        }
        let notation = envelope.to_notation();
        let parts: Vec<&str> = notation.split(' ').collect();
        let term = format!("@{}", envelope.term);
        self.words.iter().all(|word| parts.contains(&word.as_str()) || *word == term)
    }
}
