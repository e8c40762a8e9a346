//! Choices: by chance, or each once.
//!
//! States are made by one function that asks, again and again, for a number below another. Chance answers with a
//! seed; then the number of a state is all that is needed to make it again. To list all states the same function
//! is run once for every sequence of answers, as an odometer turns: the last answer that can be greater becomes
//! one greater, and what followed it is asked anew.

/// Whoever answers.
pub(super) enum Choices {
    /// Chance.
    Chance(fastrand::Rng),
    /// The odometer.
    Each(Odometer),
}

/// A sequence of answers, each with how many answers there were.
#[derive(Default)]
pub(super) struct Odometer {
    answers: Vec<(usize, usize)>,
    given: usize,
}

impl Odometer {
    /// Turns to the next sequence; whether there is one.
    pub(super) fn turn(&mut self) -> bool {
        self.answers.truncate(self.given);
        self.given = 0;
        while let Some((answer, of)) = self.answers.pop() {
            if answer + 1 < of {
                self.answers.push((answer + 1, of));
                return true;
            }
        }
        false
    }

    fn next(&mut self, of: usize) -> usize {
        if self.given == self.answers.len() {
            self.answers.push((0, of));
        }
        let (answer, _) = self.answers[self.given];
        self.given += 1;
        answer
    }
}

impl Choices {
    /// A number below `of`, or zero if there is none.
    pub(super) fn below(&mut self, of: usize) -> usize {
        match self {
            _ if of <= 1 => 0,
            Choices::Chance(random) => random.usize(..of),
            Choices::Each(odometer) => odometer.next(of),
        }
    }

    /// A number up to `most`.
    pub(super) fn up_to(&mut self, most: u64) -> u64 {
        self.below(usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1)) as u64
    }

    /// A number below `of`; chance takes this one in so many of a hundred cases.
    pub(super) fn favouring(&mut self, favourite: usize, percent: u8, of: usize) -> usize {
        if favourite < of && self.chance(percent) == Some(true) {
            favourite
        } else {
            self.below(of)
        }
    }

    /// Yes or no; chance says yes in so many of a hundred cases.
    pub(super) fn often(&mut self, percent: u8) -> bool {
        self.chance(percent).unwrap_or_else(|| self.below(2) == 1)
    }

    /// A number below `of` on which safety cannot depend: always zero where all states are listed.
    pub(super) fn free(&mut self, of: usize) -> usize {
        if self.are_each() { 0 } else { self.below(of) }
    }

    /// Whether all answers are given, one after the other.
    pub(super) const fn are_each(&self) -> bool {
        matches!(self, Choices::Each(_))
    }

    /// What chance says to a question that is none where each answer is given.
    fn chance(&mut self, percent: u8) -> Option<bool> {
        match self {
            Choices::Chance(random) => Some(random.u8(..100) < percent),
            Choices::Each(_) => None,
        }
    }

    /// Puts things in another order; in the given one where each answer is given.
    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        if let Choices::Chance(random) = self {
            random.shuffle(all);
        }
    }
}

#[test]
fn an_odometer_gives_every_sequence_once() {
    let mut choices = Choices::Each(Odometer::default());
    let mut seen = Vec::new();
    loop {
        let first = choices.below(3);
        // The second question depends on the first answer.
        let second = choices.below(first + 1);
        seen.push((first, second, choices.often(50)));
        let Choices::Each(odometer) = &mut choices else { unreachable!("made above") };
        if !odometer.turn() {
            break;
        }
    }
    let mut distinct = seen.clone();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (12, 12));
    assert_eq!((seen[0], seen[11]), ((0, 0, false), (2, 2, true)));
}
