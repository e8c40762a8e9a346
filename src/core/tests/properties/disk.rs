//! A disk that performs writes in order, and the comparison of its two ways to report them.

use quorate_core::{
    Applied, Effects, Entry, Envelope, Index, Input, Log, Message, Outcome, Parameters, Reply,
    ServerId, State, Term, Write, step,
};
use std::collections::VecDeque;

/// What is durable, and the writes that are not yet.
#[derive(Default)]
pub(crate) struct Disk {
    content: Content,
    pending: VecDeque<Write<u8>>,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Content {
    term: Term,
    voted_for: Option<ServerId>,
    log: Vec<Entry<u8>>,
}

impl Content {
    fn perform(&mut self, write: Write<u8>) {
        let keep = length(write.truncate_to);
        assert!(keep <= self.log.len(), "a write leaves a gap in the log");
        self.log.truncate(keep);
        self.log.extend(write.entries);
        self.term = write.term;
        self.voted_for = write.voted_for;
    }
}

impl Disk {
    pub(crate) fn term(&self) -> Term {
        self.content.term
    }

    pub(crate) fn voted_for(&self) -> Option<ServerId> {
        self.content.voted_for
    }

    pub(crate) fn length(&self) -> usize {
        self.content.log.len()
    }

    /// Performs what a step reported and takes what it wrote.
    pub(crate) fn perform(&mut self, input: &Input<u8>, effects: &Effects<u8>) {
        if let Input::Persisted(count) = input {
            self.finish(*count);
        }
        self.pending.extend(effects.write.clone());
    }

    /// Keeps the oldest pending writes, and forgets the rest.
    pub(crate) fn crash(&mut self, survivors: usize) {
        self.finish(survivors.min(self.pending.len()));
        self.pending.clear();
    }

    /// The server as it starts again.
    pub(crate) fn recover(&self, state: &State<u8>) -> State<u8> {
        let Content { term, voted_for, log } = self.content.clone();
        let log: Log<u8> = log.into_iter().collect();
        State::recover(state.id, state.configuration, term, voted_for, log).unwrap()
    }

    fn finish(&mut self, count: usize) {
        for write in self.pending.drain(..count) {
            self.content.perform(write);
        }
    }

    /// What the server believes durable is, and what it decided is what the disk will hold in the end.
    pub(crate) fn check(&self, state: &State<u8>) {
        let durable = &state.durable;
        assert_eq!(durable.term, self.content.term);
        assert_eq!(durable.voted_for, self.content.voted_for);
        let prefix = length(durable.index);
        assert_eq!(self.content.log[..prefix], state.log.entries()[..prefix]);

        assert_eq!(self.pending.len(), state.unfinished.len());
        let mut end = self.content.clone();
        self.pending.iter().for_each(|write| end.perform(write.clone()));
        let (term, voted_for) = (state.current_term, state.voted_for);
        assert_eq!(end, Content { term, voted_for, log: state.log.entries().to_vec() });
    }
}

fn length(index: Index) -> usize {
    usize::try_from(index.0).unwrap()
}

/// Reports the oldest `count` writes at once and one by one, and compares.
pub(crate) fn compare_completions(parameters: &Parameters, before: &State<u8>, count: usize) {
    let (at_once, all) = step(parameters, before.clone(), Input::Persisted(count));
    let mut one_by_one = before.clone();
    let mut each = Vec::new();
    for _ in 0..count {
        let (state, effects) = step(parameters, one_by_one, Input::Persisted(1));
        one_by_one = state;
        each.push(effects);
    }
    assert_eq!(at_once, one_by_one);

    // The outcomes are the same: the writes' in their order, and the reads' in theirs. Between the two,
    // one step answers writes first, where one by one a read can be answered before a later write.
    let replies: Vec<Reply> = each.iter().flat_map(|effects| effects.reply.clone()).collect();
    assert_eq!(by_kind(&all.reply), by_kind(&replies));
    // Writes and timers are the same, and the same entries are applied.
    let writes = each.iter().filter_map(|effects| effects.write.clone());
    assert_eq!(all.write.clone().into_iter().collect::<Vec<_>>(), writes.collect::<Vec<_>>());
    assert_eq!(all.timers.heartbeat, each.iter().any(|effects| effects.timers.heartbeat));
    assert_eq!(all.timers.election, each.iter().any(|effects| effects.timers.election));
    let applied: Vec<Applied> = each.iter().filter_map(|effects| effects.apply).collect();
    assert_eq!(all.apply.map(|run| run.first), applied.first().map(|run| run.first));
    assert_eq!(all.apply.map(|run| run.last), applied.last().map(|run| run.last));

    // Every message sent at once is sent one by one too, in the same order; the others say
    // nothing that these do not.
    let mut expected = all.send.iter().peekable();
    for sent in each.iter().flat_map(|effects| &effects.send) {
        if expected.peek() == Some(&sent) {
            expected.next();
        } else {
            assert!(all.send.iter().any(|stronger| is_weaker(sent, stronger)), "{sent:?}");
        }
    }
    assert_eq!(expected.next(), None);
}

/// The outcomes of reads, and those of writes.
fn by_kind(replies: &[Reply]) -> (Vec<Reply>, Vec<Reply>) {
    let is_read =
        |reply: &Reply| matches!(reply.outcome, Outcome::Readable(_) | Outcome::ReadFailed(_));
    replies.iter().copied().partition(is_read)
}

/// Whether the first message says less than the second, to the same server. A commit index goes out as far
/// as its message identifies the log, so two that differ can go out as the same message twice.
fn is_weaker(weaker: &Envelope<u8>, stronger: &Envelope<u8>) -> bool {
    use Message::{AppendAccepted, AppendEntries};
    let says_less = match (&weaker.message, &stronger.message) {
        (AppendAccepted { match_index: less, .. }, AppendAccepted { match_index: more, .. }) => {
            less < more
        }
        (
            AppendEntries { entries, commit_index: less, .. },
            AppendEntries { commit_index: more, .. },
        ) => entries.is_empty() && less <= more,
        _ => false,
    };
    says_less && weaker.to == stronger.to && weaker.term == stronger.term
}
