//! What the writes of a log amount to.
//!
//! The same rule for a write that is about to be written and for one that was read back: it must continue
//! what is there. A log that was written could otherwise turn out unreadable, which is the worst time to
//! learn of it. Only that entries do not go back behind the term of the entry before them is checked when
//! they are read alone, for it needs the log. No protocol is decided here; these are the shapes that every log
//! of the protocol has.

use crate::format::Record;
use quorate_core::{Entry, Index, Log, ServerId, Term};

/// What a write must continue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) term: Term,
    pub(crate) voted_for: Option<ServerId>,
    pub(crate) length: Index,
}

impl Bounds {
    /// The bounds after a write, if it continues these.
    pub(crate) fn after<C>(
        self,
        truncate_to: Index,
        entries: &[Entry<C>],
        term: Term,
        voted_for: Option<ServerId>,
    ) -> Result<Bounds, String> {
        if truncate_to > self.length {
            let length = self.length;
            return Err(format!("keeps {truncate_to} entries of a log of {length}"));
        }
        if term < self.term {
            return Err(format!("goes back from term {} to term {term}", self.term));
        }
        if let (true, Some(before)) = (term == self.term, self.voted_for)
            && voted_for != Some(before)
        {
            return Err(format!("changes the vote of term {term}, which was for {before}"));
        }
        let mut previous = Term(1);
        for entry in entries {
            if entry.term < previous || entry.term > term {
                let found = entry.term;
                return Err(format!(
                    "holds an entry of term {found}, not within {previous} to {term}"
                ));
            }
            previous = entry.term;
        }
        let length = truncate_to.plus(entries.len() as u64);
        Ok(Bounds { term, voted_for, length })
    }
}

/// The state that the writes read so far amount to.
pub(crate) struct Replay<C> {
    pub(crate) bounds: Bounds,
    pub(crate) log: Log<C>,
}

impl<C> Replay<C> {
    pub(crate) fn new() -> Replay<C> {
        Replay { bounds: Bounds::default(), log: Log::default() }
    }

    /// Applies a write.
    pub(crate) fn apply(&mut self, record: Record<C>) -> Result<(), String> {
        let Record { truncate_to, entries, term, voted_for } = record;
        let bounds = self.bounds.after(truncate_to, &entries, term, voted_for)?;
        let before = self.log.term_at(truncate_to).unwrap_or(Term::ZERO);
        if let Some(first) = entries.first().filter(|first| first.term < before) {
            return Err(format!(
                "puts an entry of term {} behind one of term {before}",
                first.term
            ));
        }
        self.log.truncate_after(truncate_to);
        entries.into_iter().for_each(|entry| self.log.push(entry));
        self.bounds = bounds;
        Ok(())
    }
}
