//! When to look at which connection again, whatever happens until then.
//!
//! Nearly everything that is waited for comes long before its time is up. So a deadline that moves to a later time
//! changes nothing here: when the earlier one comes, the connection says how much longer it waits. A connection under
//! load costs one entry in each time for which a request can wait, and an idle one none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The deadlines of the connections of one thread.
#[derive(Default)]
pub(crate) struct Deadlines {
    entries: BinaryHeap<Reverse<(Instant, usize)>>,
    /// For each connection, the earliest of its entries.
    earliest: Vec<Option<Instant>>,
}

impl Deadlines {
    /// Looks at a connection again at this time, or before.
    pub(crate) fn want(&mut self, slot: usize, at: Instant) {
        if self.earliest.len() <= slot {
            self.earliest.resize(slot + 1, None);
        }
        let earliest = &mut self.earliest[slot];
        if earliest.is_none_or(|earliest| at < earliest) {
            *earliest = Some(at);
            self.entries.push(Reverse((at, slot)));
        }
    }

    /// When the next one comes.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse((at, _))| *at)
    }

    /// A connection to be looked at now.
    pub(crate) fn due(&mut self, now: Instant) -> Option<usize> {
        while let Some(Reverse((at, slot))) = self.entries.peek().copied()
            && at <= now
        {
            self.entries.pop();
            let earliest = &mut self.earliest[slot];
            if *earliest == Some(at) {
                *earliest = None;
                return Some(slot);
            }
            // An earlier one was wanted after it, and came.
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_connection_is_looked_at_in_time_and_once() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        assert_eq!((deadlines.next(), deadlines.due(at(9))), (None, None));
        deadlines.want(3, at(5));
        deadlines.want(1, at(4));
        // Later than what is wanted already: it will be asked for again.
        deadlines.want(3, at(7));
        assert_eq!((deadlines.next(), deadlines.due(at(3))), (Some(at(4)), None));
        deadlines.want(3, at(2));
        assert_eq!(deadlines.due(at(3)), Some(3));
        assert_eq!(deadlines.due(at(3)), None);
        deadlines.want(3, at(6));
        assert_eq!([deadlines.due(at(9)), deadlines.due(at(9))], [Some(1), Some(3)]);
        assert_eq!((deadlines.due(at(9)), deadlines.next()), (None, None));
    }
}
