//! Bounds: what an exhaustive check explores.
//!
//! Every bound is either a greatest value (of terms, of log lengths) or a budget that is kept in the state
//! (of crashes, commands, duplicates, heartbeats, reads). A step whose result would exceed a bound is not
//! taken. There is no bound on depth and none on time: within these, everything is explored.
//!
//! The table [`BOUNDS`] says each once: its flag, its range, its meaning in words. The command line, the
//! descriptions and the records of counts are made from it.

use crate::Mode;
use core::fmt;
use quorate_cluster::{NetworkKind, Setting, SyncGranularity};
use quorate_core::{Parameters, Spreading};

/// What is explored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// How many servers there are.
    pub servers: u8,
    /// What the network does with messages.
    pub network: NetworkKind,
    /// The greatest term.
    pub max_term: u64,
    /// The greatest length of a log.
    pub max_log: u64,
    /// How many times servers may stand for election.
    pub elections: u64,
    /// How many crashes there may be, each keeping any prefix of the unfinished writes.
    pub crashes: u64,
    /// **Unsafe**: how many times a server may lose everything it ever wrote. The protocol does not survive
    /// this; the bound exists to show that, and that the check sees it.
    pub wipes: u64,
    /// How many commands clients may propose, each to a leader.
    pub commands: u64,
    /// How many reads clients may issue, each to a leader.
    pub reads: u64,
    /// How many messages may arrive twice.
    pub duplicates: u64,
    /// How many heartbeats leaders may send.
    pub heartbeats: u64,
    /// The greatest number of entries in a message.
    pub batch: u64,
    /// The greatest number of batches on their way to one follower.
    pub window: u64,
    /// When followers learn of commits.
    pub spreading: Spreading,
    /// How many unfinished writes become durable at once.
    pub sync: SyncGranularity,
    /// Whether the election timers of leaders run out.
    pub leader_timeouts: bool,
    /// Whether every step is compared with the abstract protocol, whose history is then part of the state.
    pub refinement: bool,
}

/// A bound: where it is set, what it may be, what it means.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The name of its flag, without dashes.
    pub flag: &'static str,
    /// What it may be.
    pub domain: Domain,
    /// What it bounds, in words.
    pub meaning: &'static str,
    get: fn(&Bounds) -> u64,
    set: fn(&mut Bounds, u64),
}

/// A budget without end: nothing is counted, so it makes no states.
pub const ANY: u64 = u64::MAX;

/// The values that a bound may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Domain {
    /// Numbers from the first to the second.
    Number(u64, u64),
    /// Numbers from 0 to this one, or [`ANY`].
    Budget(u64),
    /// These words.
    Word(&'static [&'static str]),
}

/// A value that a bound cannot have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutOfDomain {
    /// The flag of the bound.
    pub flag: &'static str,
    /// The value.
    pub value: String,
    /// What it may be.
    pub domain: Domain,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Number(least, most) => write!(f, "a number from {least} to {most}"),
            Domain::Budget(most) => write!(f, "a number from 0 to {most}, or any"),
            Domain::Word(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

impl fmt::Display for OutOfDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{}: {:?}; expected {}", self.flag, self.value, self.domain)
    }
}

impl core::error::Error for OutOfDomain {}

const YES_NO: &[&str] = &["no", "yes"];

/// Shorthand for a numeric bound of [`BOUNDS`].
macro_rules! number {
    ($flag:literal, $field:ident: $type:ty, $least:literal..=$most:literal, $meaning:literal) => {
        Bound {
            flag: $flag,
            domain: Domain::Number($least, $most),
            meaning: $meaning,
            get: |bounds| u64::from(bounds.$field),
            // The domain has been checked, so the value fits.
            set: |bounds, value| bounds.$field = <$type>::try_from(value).unwrap_or(<$type>::MAX),
        }
    };
}

/// Shorthand for a budget of [`BOUNDS`].
macro_rules! budget {
    ($flag:literal, $field:ident, $meaning:literal) => {
        Bound {
            flag: $flag,
            domain: Domain::Budget(1_000),
            meaning: $meaning,
            get: |bounds| bounds.$field,
            set: |bounds, value| bounds.$field = value,
        }
    };
}

/// All bounds, in the order in which they are described.
pub const BOUNDS: &[Bound] = &[
    number!("servers", servers: u8, 1..=7, "servers"),
    Bound {
        flag: "network",
        domain: Domain::Word(&["facts", "in-flight"]),
        meaning: "what the network does with messages",
        get: |bounds| u64::from(bounds.network == NetworkKind::InFlight),
        set: |bounds, value| {
            bounds.network = if value == 0 { NetworkKind::Facts } else { NetworkKind::InFlight };
        },
    },
    number!("max-term", max_term: u64, 1..=1_000, "greatest term"),
    number!("max-log", max_log: u64, 1..=1_000, "greatest length of a log, no-ops included"),
    budget!("elections", elections, "times that servers stand for election"),
    budget!("crashes", crashes, "crashes, each keeping any prefix of what is unfinished"),
    number!("wipes", wipes: u64, 0..=1_000, "UNSAFE: disks that lose everything; expect a violation"),
    number!("commands", commands: u64, 0..=1_000, "commands proposed to leaders"),
    number!("reads", reads: u64, 0..=1_000, "reads issued to leaders"),
    number!("duplicates", duplicates: u64, 0..=1_000, "messages that arrive twice"),
    number!("heartbeats", heartbeats: u64, 0..=1_000, "heartbeats"),
    number!("batch", batch: u64, 1..=1_000, "entries in one message at most"),
    number!("window", window: u64, 1..=1_000, "batches on their way to one follower at most"),
    Bound {
        flag: "spreading",
        domain: Domain::Word(&["at-once", "with-next-message"]),
        meaning: "when followers learn of commits",
        get: |bounds| u64::from(bounds.spreading == Spreading::WithNextMessage),
        set: |bounds, value| {
            bounds.spreading =
                if value == 0 { Spreading::AtOnce } else { Spreading::WithNextMessage };
        },
    },
    Bound {
        flag: "sync",
        domain: Domain::Word(&["whole-queue", "one-write", "any-prefix", "at-once"]),
        meaning: "how many unfinished writes become durable at once",
        get: |bounds| bounds.sync as u64,
        set: |bounds, value| {
            bounds.sync = SyncGranularity::ALL[usize::try_from(value).unwrap_or(0).min(3)];
        },
    },
    Bound {
        flag: "leader-timeouts",
        domain: Domain::Word(YES_NO),
        meaning: "whether the election timers of leaders run out",
        get: |bounds| u64::from(bounds.leader_timeouts),
        set: |bounds, value| bounds.leader_timeouts = value == 1,
    },
    Bound {
        flag: "refinement",
        domain: Domain::Word(YES_NO),
        meaning: "whether every step is compared with the abstract protocol",
        get: |bounds| u64::from(bounds.refinement),
        set: |bounds, value| bounds.refinement = value == 1,
    },
];

impl Bound {
    /// The value of this bound, as it is written behind its flag.
    pub fn show(&self, bounds: &Bounds) -> String {
        let value = (self.get)(bounds);
        match self.domain {
            Domain::Budget(_) if value == ANY => "any".to_owned(),
            Domain::Number(..) | Domain::Budget(_) => value.to_string(),
            Domain::Word(words) => words[usize::try_from(value).unwrap_or(0)].to_owned(),
        }
    }

    /// Sets this bound to a value as it is written behind its flag.
    ///
    /// # Errors
    /// When the bound cannot have this value.
    pub fn parse(&self, bounds: &mut Bounds, text: &str) -> Result<(), OutOfDomain> {
        let value = match self.domain {
            Domain::Budget(_) if text == "any" => Some(ANY),
            Domain::Budget(most) => text.parse().ok().filter(|value| *value <= most),
            Domain::Number(least, most) => {
                text.parse().ok().filter(|value| (least..=most).contains(value))
            }
            Domain::Word(words) => {
                words.iter().position(|word| *word == text).map(|place| place as u64)
            }
        };
        let (flag, domain) = (self.flag, self.domain);
        let value = value.ok_or_else(|| OutOfDomain { flag, value: text.to_owned(), domain })?;
        (self.set)(bounds, value);
        Ok(())
    }
}

impl Bounds {
    /// The bounds from which the named models start: one election of three servers, nothing else.
    pub const LEAST: Bounds = Bounds {
        servers: 3,
        network: NetworkKind::InFlight,
        max_term: 1,
        max_log: 1,
        elections: 1,
        crashes: 0,
        wipes: 0,
        commands: 0,
        reads: 0,
        duplicates: 0,
        heartbeats: 0,
        batch: 8,
        window: 1,
        spreading: Spreading::WithNextMessage,
        sync: SyncGranularity::WholeQueue,
        leader_timeouts: false,
        refinement: false,
    };

    /// The setting of the clusters explored.
    pub fn setting(&self) -> Setting {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let parameters = Parameters {
            batch: size(self.batch),
            window: size(self.window),
            max_uncommitted: self.max_log,
            // One waiting read fewer than there are, so that the last can be refused.
            max_reads: size(self.reads.saturating_sub(1).max(1)),
            spreading: self.spreading,
        };
        Setting { servers: self.servers, network: self.network, parameters }
    }

    /// Whether steps are compared with the abstract protocol if one property is checked, or all.
    pub(crate) fn compares(&self, property: Option<&str>) -> bool {
        let is_asked = |name: &str| {
            [quorate_spec::REFINEMENT, quorate_spec::COUPLED, quorate_spec::FORMULAS]
                .contains(&name)
        };
        self.refinement && property.is_none_or(is_asked)
    }

    /// Why these bounds can be explored in plain mode alone, if so.
    pub fn why_plain(&self) -> Option<&'static str> {
        let Bounds { elections, crashes, wipes, commands, reads, duplicates, heartbeats, .. } =
            *self;
        let budgets = [elections, crashes, wipes, commands, reads, duplicates, heartbeats];
        if budgets.iter().any(|budget| *budget >= 255 && *budget != ANY) {
            return Some("a budget is 255 or greater");
        }
        (commands + reads > 32).then_some("there are more than 32 requests")
    }

    /// The mode in which these bounds are explored if this one is asked for.
    pub fn mode(&self, asked: Mode) -> Mode {
        if self.why_plain().is_some() { Mode::Plain } else { asked }
    }

    /// What is explored, in words.
    pub fn in_words(&self) -> String {
        let count = |number: u64, one: &str, many: &str| match number {
            0 => format!("no {one}"),
            1 => format!("one {one}"),
            ANY => format!("any number of {many}"),
            _ => format!("up to {number} {many}"),
        };
        let network = match self.network {
            NetworkKind::Facts => {
                "any message lost, late, repeated or out of order, any number of times".to_owned()
            }
            NetworkKind::InFlight | NetworkKind::Faulty => format!(
                "any message lost, late or out of order; {}",
                count(self.duplicates, "duplicate", "duplicates")
            ),
        };
        let spreading = match self.spreading {
            Spreading::AtOnce => "told to followers at once",
            Spreading::WithNextMessage => "told to followers with the next message",
        };
        let crashes = match self.crashes {
            0 => "no crash".to_owned(),
            crashes => {
                let crashes = count(crashes, "crash", "crashes, each");
                format!("{crashes} keeping any prefix of the unfinished writes")
            }
        };
        let wipes = match self.wipes {
            0 => String::new(),
            wipes => format!("; UNSAFE: {} of a whole disk", count(wipes, "loss", "losses")),
        };
        let options = [
            (self.leader_timeouts, "; the election timers of leaders run out too"),
            (self.refinement, "; every step compared with the abstract protocol"),
        ];
        let options: String = options.iter().filter(|(on, _)| *on).map(|(_, text)| *text).collect();
        format!(
            "{}, terms to {}, logs to {}; {}; {crashes}; {}, {}, {}; \
             {network}; batches of {}, window {}, commits {spreading}; disks finish {}{options}{wipes}",
            count(u64::from(self.servers), "server", "servers").replace("up to ", ""),
            self.max_term,
            self.max_log,
            count(self.elections, "election", "elections"),
            count(self.commands, "command", "commands"),
            count(self.reads, "read", "reads"),
            count(self.heartbeats, "heartbeat", "heartbeats"),
            self.batch,
            self.window,
            match self.sync {
                SyncGranularity::WholeQueue => "all unfinished writes at once",
                SyncGranularity::OneWrite => "one write at a time",
                SyncGranularity::AnyPrefix => "any number of writes at once",
                SyncGranularity::AtOnce => "each write before anything else happens",
            },
        )
    }
}
