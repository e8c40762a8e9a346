//! What a server is told when it starts.
//!
//! Every setting has a default that suits a small cluster on one network, and [`Config::validate`] says of
//! each that cannot work what is wrong with it and what would be right. None of them matters for safety.

use quorate_core::{Configuration, Parameters, ServerId};
use std::fmt;
use std::time::Duration;

/// Everything that a server is told when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which server this is.
    pub id: ServerId,
    /// Who votes. The same on all servers.
    pub configuration: Configuration,
    /// How long things take.
    pub timing: Timing,
    /// How much there may be of what waits or is kept.
    pub limits: Limits,
    /// The limits within which the protocol works.
    pub parameters: Parameters,
    /// What the random election timeouts begin with. Without one, every start has other timeouts.
    pub seed: Option<u64>,
}

/// How long things take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// How often a leader reminds its followers. Default 50 ms.
    pub heartbeat: Duration,
    /// The shortest time without a leader after which a server stands for election. Default 150 ms.
    pub election_min: Duration,
    /// The longest; each time is chosen at random between the two [Ongaro14 §3.4]. Default 300 ms.
    pub election_max: Duration,
    /// How long a request waits for its outcome. Default 5 s.
    pub request_timeout: Duration,
    /// How long after the last write a storage is told that it is idle. Default 10 ms.
    pub idle: Duration,
}

/// How much there may be of what waits or is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many requests can lie in the server's mailbox; more are [`Busy`](crate::Error::Busy). Default
    /// 16,384.
    pub client_mailbox: usize,
    /// How many messages of other servers can lie in the server's mailbox; more are lost. Default 4,096.
    pub peer_mailbox: usize,
    /// How many requests can wait for their outcome; more are [`Busy`](crate::Error::Busy). Default 65,536.
    pub waiting_requests: usize,
    /// How many writes the disk can owe; while it owes more, messages of other servers are lost. Default
    /// 4,096.
    pub unfinished_writes: usize,
    /// How many bytes the log can take up before writes are refused as
    /// [`OutOfSpace`](crate::Error::OutOfSpace). It is compared with what is durable, so what is on its way
    /// goes beyond it; a follower takes what its leader took. Default 2 GiB.
    pub max_log_bytes: u64,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            heartbeat: Duration::from_millis(50),
            election_min: Duration::from_millis(150),
            election_max: Duration::from_millis(300),
            request_timeout: Duration::from_secs(5),
            idle: Duration::from_millis(10),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            client_mailbox: 16_384,
            peer_mailbox: 4_096,
            waiting_requests: 65_536,
            unfinished_writes: 4_096,
            max_log_bytes: 2 << 30,
        }
    }
}

/// A setting that cannot work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidConfig {
    /// Which setting: the name of its field.
    pub setting: &'static str,
    /// Its value.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; expected {}", self.setting, self.value, self.expected)
    }
}

impl std::error::Error for InvalidConfig {}

/// The longest time that a setting may name: a day. Nothing in a cluster waits longer on purpose.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// A server with the default settings.
    pub fn new(id: ServerId, configuration: Configuration) -> Config {
        Config {
            id,
            configuration,
            timing: Timing::default(),
            limits: Limits::default(),
            parameters: Parameters::default(),
            seed: None,
        }
    }

    /// Checks that the settings can work, and work together.
    ///
    /// # Errors
    /// The first one that cannot.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let voters = self.configuration.voters();
        if !voters.contains(self.id) {
            let names: Vec<String> = voters.iter().map(|voter| voter.to_string()).collect();
            let expected = format!("one of the voters {}", names.join(", "));
            return Err(invalid("id", self.id, expected));
        }
        self.timing.validate()?;
        self.limits.validate()?;
        let Parameters { batch, window, max_uncommitted, max_reads, .. } = self.parameters;
        at_least_one("batch", batch)?;
        at_least_one("window", window)?;
        at_least_one("max_uncommitted", usize::try_from(max_uncommitted).unwrap_or(usize::MAX))?;
        at_least_one("max_reads", max_reads)
    }
}

impl Timing {
    fn validate(&self) -> Result<(), InvalidConfig> {
        let Timing { heartbeat, election_min, election_max, request_timeout, idle } = *self;
        let all = [
            ("heartbeat", heartbeat),
            ("election_min", election_min),
            ("election_max", election_max),
            ("request_timeout", request_timeout),
            ("idle", idle),
        ];
        for (setting, value) in all {
            if value < Duration::from_millis(1) || value > LONGEST {
                return Err(invalid(setting, in_words(value), "1ms to 24h".into()));
            }
        }
        // A follower that gives up before it is reminded would stand against a leader that is well.
        if election_min <= heartbeat {
            let expected = format!("more than heartbeat, which is {}", in_words(heartbeat));
            return Err(invalid("election_min", in_words(election_min), expected));
        }
        // Servers that always stand at the same moment would split the vote for ever.
        if election_max <= election_min {
            let expected = format!("more than election_min, which is {}", in_words(election_min));
            return Err(invalid("election_max", in_words(election_max), expected));
        }
        Ok(())
    }
}

impl Limits {
    fn validate(&self) -> Result<(), InvalidConfig> {
        at_least_one("client_mailbox", self.client_mailbox)?;
        at_least_one("peer_mailbox", self.peer_mailbox)?;
        at_least_one("waiting_requests", self.waiting_requests)?;
        at_least_one("unfinished_writes", self.unfinished_writes)?;
        let bytes = usize::try_from(self.max_log_bytes).unwrap_or(usize::MAX);
        at_least_one("max_log_bytes", bytes)
    }
}

fn at_least_one(setting: &'static str, value: usize) -> Result<(), InvalidConfig> {
    if value == 0 { Err(invalid(setting, value, "at least 1".into())) } else { Ok(()) }
}

fn invalid(setting: &'static str, value: impl fmt::Display, expected: String) -> InvalidConfig {
    InvalidConfig { setting, value: value.to_string(), expected }
}

/// A duration as people write it: `150ms`.
fn in_words(duration: Duration) -> String {
    format!("{duration:?}")
}
