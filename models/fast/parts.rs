//! The parts of a state, and their keys.

use super::memo::{MAX_MESSAGES, Row};
use super::sorted::{RenamedKeys, Viewed};
use crate::symmetry::permutations;
use quorate_cluster::{Clients, Envelope, History, Server};
use quorate_core::{
    Configuration, Index, LogPosition, Message, Names, Renumber, Role, Round, ServerId, ServerSet,
};
use quorate_spec::Refinement;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU16, Ordering};

/// A server with its disk.
pub type Node = Server;

/// The facts that properties read: what happened, and who waits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Ghost {
    /// What happened.
    pub history: History,
    /// Who waits.
    pub clients: Clients,
    /// The abstract protocol, where steps are compared with it.
    pub refinement: Option<Refinement>,
}

impl Renumber for Ghost {
    fn renumber(&self, names: Names<'_>) -> Ghost {
        let Ghost { history, clients, refinement } = self;
        Ghost {
            history: history.renumber(names),
            clients: clients.renumber(names),
            refinement: refinement.renumber(names),
        }
    }
}

/// The ways to rename the servers, the identity first, and what is kept of them for each part.
#[derive(Clone, Debug)]
pub(super) struct Renamings<const P: usize> {
    names: Vec<Vec<ServerId>>,
    sorts: bool,
}

/// Whether servers are sorted, and renamed only where that does not tell them apart: if there are as many keys
/// as servers. Of one and of two servers there are no more ways than that.
pub(super) const fn sorts(servers: usize, keys: usize) -> bool {
    servers > 2 && keys == servers
}

impl<const P: usize> Renamings<P> {
    /// All ways to rename this many servers, or only the identity.
    ///
    /// # Panics
    /// When `P` is none of 1, the number of servers, and the number of ways.
    pub(super) fn new(servers: u8) -> Renamings<P> {
        let ids: Vec<ServerId> = (1..=servers).filter_map(ServerId::new).collect();
        let sorts = sorts(ids.len(), P);
        let names = if P == 1 { vec![ids] } else { permutations(&ids) };
        assert!(
            sorts || names.len() == P,
            "one key for each way to rename the servers, or for each"
        );
        Renamings { names, sorts }
    }

    /// The identity, as often as there are ways: to show that this is noticed.
    #[cfg(test)]
    pub(super) fn identities(servers: u8) -> Renamings<P> {
        let ids: Vec<ServerId> = (1..=servers).filter_map(ServerId::new).collect();
        let ways = permutations(&ids).len();
        Renamings { sorts: sorts(ids.len(), P), names: vec![ids; ways] }
    }

    /// The new names that each way gives to the servers in order.
    pub(super) fn names(&self) -> &[Vec<ServerId>] {
        &self.names
    }

    /// The keys of a part: one for each way to rename the servers; or, where they are sorted, how each sees it.
    pub(super) fn keys<T: Renumber + Hash + Viewed>(&self, kind: PartKind, part: &T) -> [u64; P] {
        if self.sorts {
            return part.views();
        }
        core::array::from_fn(|way| {
            let names = &self.names[way];
            let renamed = part.renumber(&|server| names[place_of(server)]);
            key(kind, &renamed)
        })
    }
}

/// What a part is: parts of different kinds never share a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum PartKind {
    Node,
    Message,
    Ghost,
}

/// A key: 64 bits from the content of a part and nothing else, so that it is the same in every search. Sums of
/// random keys are as random as the keys: two states have the same sum at the odds at which they have the same
/// fingerprint, and must have so under every name at once.
pub(super) fn key<T: Hash>(kind: PartKind, part: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind as u8, part).hash(&mut hasher);
    hasher.finish()
}

/// 128 bits from a value and nothing else.
pub(super) fn hash128<T: Hash>(value: &T) -> u128 {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        value.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0x9E37_79B9_7F4A_7C15) << 64 | half(0xC2B2_AE3D_27D4_EB4F)
}

/// Mixes a key so that sums of mixed keys say nothing of sums of keys: the finalizer of SplitMix64, one to one.
pub(super) const fn mix(key: u64) -> u64 {
    let mut mixed = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// What is kept of a node.
#[derive(Debug)]
pub(super) struct NodeData<const P: usize> {
    pub(super) node: Node,
    pub(super) keys: [u64; P],
    pub(super) renamed: RenamedKeys,
    pub(super) glance: Glance,
    /// What it does upon each input.
    pub(super) memo: Row,
}

/// What the rules for dead messages look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Glance {
    pub(super) term: u64,
    pub(super) durable_term: u64,
    pub(super) durable_vote: Option<ServerId>,
    pub(super) vote: Option<ServerId>,
    /// Whether it knows who leads its term, itself included.
    pub(super) knows_leader: bool,
    /// The end of its log.
    pub(super) last: LogPosition,
    pub(super) role: RoleKind,
    /// The votes that a candidate has counted.
    pub(super) votes: ServerSet,
    /// How many writes are unfinished.
    pub(super) unfinished: usize,
    /// For each server, what a leader knows that it has acknowledged, and the newest round it has echoed.
    pub(super) acknowledged: [(Index, Round); Configuration::MAX_VOTERS],
}

/// A role without what it knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RoleKind {
    Follower,
    Candidate,
    Leader,
}

impl Glance {
    pub(super) fn at(node: &Node) -> Glance {
        let (role, votes) = match &node.state.role {
            Role::Follower(_) => (RoleKind::Follower, ServerSet::EMPTY),
            Role::Candidate(candidate) => (RoleKind::Candidate, candidate.votes),
            Role::Leader(_) => (RoleKind::Leader, ServerSet::EMPTY),
        };
        let mut acknowledged = [(Index::ZERO, Round::ZERO); Configuration::MAX_VOTERS];
        if let Role::Leader(leader) = &node.state.role {
            for progress in &leader.progress {
                acknowledged[place_of(progress.server)] = (progress.match_index, progress.round);
            }
        }
        Glance {
            term: node.state.current_term.0,
            durable_term: node.disk.term.0,
            durable_vote: node.disk.voted_for,
            vote: node.state.voted_for,
            knows_leader: node.state.leader_hint().is_some(),
            last: node.state.log.last_position(),
            role,
            votes,
            unfinished: node.disk.unfinished.len(),
            acknowledged,
        }
    }

    /// Whether this is the role of the server in this term.
    pub(super) fn is(&self, role: RoleKind, term: u64) -> bool {
        self.role == role && self.term == term
    }
}

/// What is kept of a message.
#[derive(Debug)]
pub(super) struct MessageData<const P: usize> {
    pub(super) envelope: Envelope,
    pub(super) keys: [u64; P],
    pub(super) renamed: RenamedKeys,
    pub(super) heading: Heading,
}

/// What the rules for dead messages look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Heading {
    pub(super) kind: MessageKind,
    pub(super) term: u64,
    pub(super) from: ServerId,
    pub(super) to: ServerId,
    /// The place of the server that sent it.
    pub(super) sender: usize,
    /// The place of the server that it is for.
    pub(super) receiver: usize,
    /// Where a candidate's log ends.
    pub(super) last: Option<LogPosition>,
    /// What an acknowledgement says.
    pub(super) acknowledges: Option<(Index, Round)>,
}

/// What a message is, without what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MessageKind {
    RequestVote,
    VoteGranted,
    AppendEntries,
    /// AppendAccepted, AppendRejected and StaleTerm: what only the leader of the term heeds.
    ToLeader,
}

impl Heading {
    pub(super) fn of(envelope: &Envelope) -> Heading {
        let kind = match &envelope.message {
            Message::RequestVote { .. } => MessageKind::RequestVote,
            Message::VoteGranted => MessageKind::VoteGranted,
            Message::AppendEntries { .. } => MessageKind::AppendEntries,
            Message::AppendAccepted { .. }
            | Message::AppendRejected { .. }
            | Message::StaleTerm { .. } => MessageKind::ToLeader,
        };
        let last = match &envelope.message {
            Message::RequestVote { last } => Some(*last),
            _ => None,
        };
        let acknowledges = match &envelope.message {
            Message::AppendAccepted { match_index, round } => Some((*match_index, *round)),
            _ => None,
        };
        let (from, to) = (envelope.from, envelope.to);
        let (sender, receiver) = (place_of(from), place_of(to));
        Heading { kind, term: envelope.term.0, from, to, sender, receiver, last, acknowledges }
    }
}

/// Between whom each message is, by its number: all that most messages are asked for, and small enough to be
/// near.
#[derive(Debug)]
pub(super) struct Ends(Box<[AtomicU16]>);

impl Ends {
    pub(super) fn new() -> Ends {
        Ends((0..MAX_MESSAGES).map(|_| AtomicU16::new(0)).collect())
    }

    /// Notes between whom a message is, before anybody else knows its number.
    pub(super) fn set(&self, message: u32, heading: &Heading) {
        let Heading { sender, receiver, .. } = *heading;
        let ends = receiver << 8 | 1 << sender | 1 << receiver;
        // There are at most seven places.
        self.0[message as usize].store(ends as u16, Ordering::Relaxed);
    }

    /// The place of the server that a message is for.
    pub(super) fn receiver(&self, message: u32) -> u8 {
        (self.0[message as usize].load(Ordering::Relaxed) >> 8) as u8
    }

    /// The places of the servers that a message is from and for.
    pub(super) fn of(&self, message: u32) -> [usize; 2] {
        let ends = self.0[message as usize].load(Ordering::Relaxed);
        let receiver = ends >> 8;
        let sender = (ends & 0xFF & !(1 << receiver)).trailing_zeros();
        [sender as usize, usize::from(receiver)]
    }

    /// Whether a message is from or for the server at a place.
    pub(super) fn concerns(&self, message: u32, place: usize) -> bool {
        self.0[message as usize].load(Ordering::Relaxed) & 1 << place != 0
    }
}

/// The place of a server in a vector of all.
pub(super) fn place_of(server: ServerId) -> usize {
    usize::from(server.get()) - 1
}

/// What is kept of the facts.
#[derive(Debug)]
pub(super) struct GhostData<const P: usize> {
    pub(super) ghost: Ghost,
    pub(super) keys: [u64; P],
    pub(super) renamed: RenamedKeys,
}
