//! Which batches count.
//!
//! Batch n is written only after the sync of batch n-1 has returned, so the one batch that a crash can
//! leave damaged is the last. From this follows everything that recovery decides:
//!
//! - Batches that stand one behind the other and are numbered without a gap count.
//! - What ends them is a torn write, unless *any* header of a later batch is found behind it. Such a header
//!   is proof that the damaged batch was once durable, and perhaps acknowledged: that is corruption, and to
//!   go on would be to forget. It need not have a right content: it was written after the sync.
//! - The first batch is never torn: the log came into being with it.

use crate::format::{FIRST, Place};
use crate::scan::{Found, is_blank_from};

/// The chain of batches that count, as far as it is known.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The number of the next batch.
    next: u64,
    /// Where the chain ends: behind its last batch. Before the first batch, where that begins.
    end: Place,
    /// Whether the rest of the end's segment holds no trace of a batch.
    is_blank_behind: bool,
    /// The next batch with a damaged content, if its header was found.
    torn: Option<Place>,
}

/// What a found batch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Link {
    /// The next batch: its content counts.
    Next,
    /// The next batch, damaged. Torn, unless a later one is found.
    Torn,
}

/// A later batch was found behind a damaged one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Broken {
    /// Where the damage is.
    pub(crate) at: Place,
    /// What is wrong there.
    pub(crate) found: String,
    /// What must be there.
    pub(crate) expected: String,
}

impl Chain {
    /// A chain without a batch yet.
    pub(crate) fn new() -> Chain {
        let end = Place { segment: 1, offset: FIRST };
        Chain { next: 1, end, is_blank_behind: false, torn: None }
    }

    /// The number of the batch to be written next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Where the last batch ends.
    pub(crate) fn end(&self) -> Place {
        self.end
    }

    /// Adds a batch that was found.
    pub(crate) fn add(&mut self, found: &Found<'_>) -> Result<Link, Broken> {
        let beginning = Place { segment: self.end.segment + 1, offset: FIRST };
        let is_in_place = found.place == self.end || (found.place == beginning && self.next > 1);
        let is_next = found.header.number == self.next && is_in_place && self.torn.is_none();
        match (is_next, found.is_sound) {
            (true, true) => {
                self.next += 1;
                self.end = Place { segment: found.place.segment, offset: found.end() };
                self.is_blank_behind = false;
                Ok(Link::Next)
            }
            (true, false) => {
                self.torn = Some(found.place);
                Ok(Link::Torn)
            }
            (false, _) => Err(self.broken(found)),
        }
    }

    /// Takes note that a segment has been scanned.
    pub(crate) fn finish_segment(&mut self, segment: u64, bytes: &[u8]) {
        if segment == self.end.segment {
            self.is_blank_behind = is_blank_from(bytes, self.end.offset);
        }
    }

    /// The damage that a batch at a wrong place is evidence of.
    fn broken(&self, found: &Found<'_>) -> Broken {
        let beginning = Place { segment: self.end.segment + 1, offset: FIRST };
        let guess = if self.is_blank_behind { beginning } else { self.end };
        let (number, place) = (found.header.number, found.place);
        Broken {
            at: self.torn.unwrap_or(guess),
            found: format!(
                "no sound batch, but batch {number} follows at offset {} of segment {}",
                place.offset, place.segment
            ),
            expected: format!(
                "batch {}, which was durable before any later one was written",
                self.next
            ),
        }
    }
}
