//! What a server has told others and its clients, and may not take back.

use crate::disk::Disk;
use quorate_core::{Effects, Input, Message, Outcome, RequestId, Role, ServerId, State, Term};
use std::collections::{BTreeMap, VecDeque};

/// The promises of one server, across its crashes.
#[derive(Default)]
pub(crate) struct Promises {
    /// For whom it has voted in each term, as told to anyone.
    votes: BTreeMap<Term, ServerId>,
    /// The newest acknowledged length in each term, since the server last started: only then does it know
    /// whom it follows, and refuse whoever else claims to lead the term.
    acknowledged: BTreeMap<Term, u64>,
    /// Requests without an outcome.
    waiting: Vec<RequestId>,
}

impl Promises {
    /// A crash excuses a server from the outcomes that it owes.
    pub(crate) fn forget_requests(&mut self) {
        self.waiting.clear();
    }

    /// Notes what a step told, and that it takes nothing back.
    pub(crate) fn record(&mut self, input: &Input<u8>, state: &State<u8>, effects: &Effects<u8>) {
        for envelope in &effects.send {
            let vote = match envelope.message {
                Message::VoteGranted => envelope.to,
                Message::RequestVote { .. } | Message::AppendEntries { .. } => state.id,
                Message::AppendAccepted { match_index, .. } => {
                    let length = self.acknowledged.entry(envelope.term).or_default();
                    *length = match_index.0.max(*length);
                    continue;
                }
                Message::AppendRejected { .. } | Message::StaleTerm { .. } => continue,
            };
            let first = *self.votes.entry(envelope.term).or_insert(vote);
            assert_eq!(first, vote, "two votes in term {}", envelope.term);
        }
        self.record_requests(input, state, effects);
    }

    /// Every request has at most one outcome, and exactly those wait that the state names.
    fn record_requests(&mut self, input: &Input<u8>, state: &State<u8>, effects: &Effects<u8>) {
        match input {
            Input::Propose(proposals) => self.waiting.extend(proposals.iter().map(|p| p.request)),
            Input::Read(request) => self.waiting.push(*request),
            Input::ElectionTimeout
            | Input::HeartbeatTimeout
            | Input::Receive(_)
            | Input::Persisted(_) => {}
        }
        for reply in &effects.reply {
            let place = self.waiting.iter().position(|request| *request == reply.request);
            let Some(place) = place else { panic!("a second outcome for {}", reply.request) };
            self.waiting.swap_remove(place);
            if let Outcome::Written(index) | Outcome::Readable(index) = reply.outcome {
                assert!(index <= state.last_applied, "answered before it was applied");
            }
        }
        let (writes, reads) = match &state.role {
            Role::Leader(leader) => (leader.writes.clone(), leader.reads.clone()),
            Role::Follower(_) | Role::Candidate(_) => (VecDeque::new(), VecDeque::new()),
        };
        let writes = writes.into_iter().map(|write| write.request);
        let mut named: Vec<_> = writes.chain(reads.into_iter().map(|read| read.request)).collect();
        let mut waiting = self.waiting.clone();
        named.sort_unstable();
        waiting.sort_unstable();
        assert_eq!(named, waiting, "every request waits or has its outcome");
    }

    /// What was promised is on the disk that survived.
    pub(crate) fn check_disk(&mut self, disk: &Disk) {
        if let Some((term, vote)) = self.votes.last_key_value() {
            assert!(*term <= disk.term(), "a promised term is lost");
            if *term == disk.term() {
                assert_eq!(disk.voted_for(), Some(*vote), "a promised vote is lost");
            }
        }
        if let Some((term, length)) = self.acknowledged.last_key_value() {
            assert!(*length == 0 || *term <= disk.term(), "the term of an acknowledgement is lost");
            let is_held = usize::try_from(*length).is_ok_and(|length| length <= disk.length());
            assert!(*term != disk.term() || is_held, "an acknowledged entry is lost");
        }
        self.acknowledged.clear();
    }
}
