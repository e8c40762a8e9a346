//! What goes into a step and what comes out of it.
//!
//! The caller's whole duty: perform the writes in the order they come out and report one only when it is
//! durable; apply before it delivers the replies of the same step; start the timers it is told to, and the
//! election timer when the server starts.
//! Messages may be sent at once, late, twice or never. There is no other ordering rule to break: whatever
//! must wait for a write, the core itself holds back until the write is reported.

use crate::action::AbstractAction;
use crate::basic::{Index, RequestId, ServerId, Term};
use crate::log::Entry;
use crate::message::Envelope;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The limits within which a server works. None of them matters for safety.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Parameters {
    /// The greatest number of entries in one AppendEntries, at least 1.
    pub batch: usize,
    /// The greatest number of unacknowledged batches for one follower, at least 1.
    pub window: usize,
    /// The greatest number of entries that a leader has beyond what is committed and durable on its own
    /// disk; more writes are refused as busy.
    pub max_uncommitted: u64,
    /// The greatest number of waiting reads; more are refused as busy.
    pub max_reads: usize,
    /// When followers learn that the commit index has advanced.
    pub spreading: Spreading,
}

/// When a leader tells its followers that the commit index has advanced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Spreading {
    /// At once, with a message of its own where no other goes out in the same step.
    AtOnce,
    /// With whatever AppendEntries is sent next.
    WithNextMessage,
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters {
            batch: 64,
            window: 16,
            max_uncommitted: 16_384,
            max_reads: 16_384,
            spreading: Spreading::AtOnce,
        }
    }
}

/// Something that happens to a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Input<C> {
    /// The election timer ran out. May come at any moment; safety never depends on when.
    ElectionTimeout,
    /// The heartbeat timer ran out.
    HeartbeatTimeout,
    /// A message arrived.
    Receive(Envelope<C>),
    /// Clients ask for these commands to be replicated, in this order.
    Propose(Vec<Proposal<C>>),
    /// A client asks for a linearizable read.
    Read(RequestId),
    /// The oldest so many unfinished writes are durable.
    Persisted(usize),
}

/// A command and the request it came with.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Proposal<C> {
    /// The caller's name for the request.
    pub request: RequestId,
    /// The command.
    pub command: C,
}

/// Everything that a step asks of its caller.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Effects<C> {
    /// A write to perform after all earlier ones, and to report by [`Input::Persisted`].
    pub write: Option<Write<C>>,
    /// Messages to send.
    pub send: Vec<Envelope<C>>,
    /// Entries to hand to the state machine, before the replies.
    pub apply: Option<Applied>,
    /// Outcomes to deliver.
    pub reply: Vec<Reply>,
    /// Timers to start anew.
    pub timers: Timers,
    /// What happened, for whoever watches.
    pub events: Vec<Event>,
}

/// One atomic change of a server's persistent state.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Write<C> {
    /// How many entries of the log stay.
    pub truncate_to: Index,
    /// The entries that follow them.
    pub entries: Vec<Entry<C>>,
    /// The term after the write.
    pub term: Term,
    /// The vote after the write.
    pub voted_for: Option<ServerId>,
    /// The abstract action that happens when the write becomes durable.
    pub witness: AbstractAction,
}

/// A run of entries that is committed and durable here, and so may be applied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Applied {
    /// The first of them.
    pub first: Index,
    /// The last of them.
    pub last: Index,
}

/// The outcome of one request. Every request gets exactly one unless the server that took it crashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The request.
    pub request: RequestId,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The write is committed and applied at this index.
    Written(Index),
    /// The read may be answered from the state machine; everything up to this index was needed.
    Readable(Index),
    /// The write had no effect: this server is not leader, but perhaps that one is.
    NotLeader(Option<ServerId>),
    /// The request had no effect: too many are waiting here. It may be asked again later.
    Busy,
    /// Leadership was lost; the write may or may not take effect.
    Unknown,
    /// The read cannot be answered here, but perhaps there.
    ReadFailed(Option<ServerId>),
}

/// Which timers to start anew, each with its own (random) duration chosen by the caller.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Timers {
    /// The election timer.
    pub election: bool,
    /// The heartbeat timer.
    pub heartbeat: bool,
}

/// Something worth telling whoever watches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Event {
    /// An abstract action that needs no write.
    Performed(AbstractAction),
    /// A leader stopped leading.
    SteppedDown(StepDown),
    /// A message was refused.
    Refused {
        /// Who claims to have sent it.
        from: ServerId,
        /// Why.
        why: Refusal,
    },
}

/// Why a leader stopped leading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum StepDown {
    /// A greater term exists.
    HigherTerm,
    /// No majority answered between two election timeouts [Ongaro14 §6.2].
    MajoritySilent,
    /// The same write was unfinished at two election timeouts.
    DiskHung,
}

/// Why a message was refused: no server that follows the protocol sends such a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Refusal {
    /// It is addressed to another server, or comes from the receiver itself or from no voter.
    Misaddressed,
    /// Its fields contradict each other.
    Malformed,
    /// It answers a request of a term that has not begun here, grants a vote that has not been asked for
    /// yet, or acknowledges entries that do not exist.
    NeverRequested,
    /// It claims leadership of a term that has another leader.
    SecondLeader,
    /// It would replace a committed entry, or one that its own leader has vouched for in this term. Its
    /// term, and that its sender leads it, are believed all the same.
    ReplacesCommitted,
}

impl<C> Default for Effects<C> {
    fn default() -> Effects<C> {
        Effects {
            write: None,
            send: Vec::new(),
            apply: None,
            reply: Vec::new(),
            timers: Timers::default(),
            events: Vec::new(),
        }
    }
}

impl<C> Effects<C> {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        let Effects { write, send, apply, reply, timers, events } = self;
        write.is_none()
            && send.is_empty()
            && apply.is_none()
            && reply.is_empty()
            && *timers == Timers::default()
            && events.is_empty()
    }

    /// Forgets everything but keeps the memory, for callers that take many steps.
    pub fn clear(&mut self) {
        self.write = None;
        self.send.clear();
        self.apply = None;
        self.reply.clear();
        self.timers = Timers::default();
        self.events.clear();
    }

    pub(crate) fn perform(&mut self, action: AbstractAction) {
        self.events.push(Event::Performed(action));
    }

    pub(crate) fn refuse(&mut self, from: ServerId, why: Refusal) {
        self.events.push(Event::Refused { from, why });
    }

    pub(crate) fn answer(&mut self, request: RequestId, outcome: Outcome) {
        self.reply.push(Reply { request, outcome });
    }
}
