//! What happens in elections, for whoever keeps a log of it.
//!
//! The driver must not wait for a log: a pipe that nobody reads would stop the server. So it puts what
//! happens into a bounded box, under the lock of the status, and another thread takes it from there. When the
//! box is full, what comes is counted and forgotten.

use quorate_core::{
    AbstractAction, Effects, Event, Refusal, Role, ServerId, State, StepDown, Term,
};

/// How many notices wait for somebody to take them.
const ROOM: usize = 256;

/// Something that happened to a server, apart from its daily work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// It performs one of the abstract actions of an election: it stands, votes or wins.
    Performs(AbstractAction),
    /// It follows, in a new term or another leader.
    Follows {
        /// The term.
        term: Term,
        /// Its leader, if that is known.
        leader: Option<ServerId>,
    },
    /// It stopped leading.
    SteppedDown {
        /// The term in which it is now.
        term: Term,
        /// Why.
        why: StepDown,
    },
    /// It refused a message.
    Refused {
        /// Who claims to have sent it.
        from: ServerId,
        /// Why.
        why: Refusal,
    },
}

/// The notices that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    waiting: Vec<Notice>,
    lost: u64,
}

impl Notices {
    /// Takes over what has happened; whether there was anything.
    pub(crate) fn add(&mut self, new: &mut Vec<Notice>) -> bool {
        let (some, room) = (!new.is_empty(), ROOM.saturating_sub(self.waiting.len()));
        self.lost += new.len().saturating_sub(room) as u64;
        self.waiting.extend(new.drain(..).take(room));
        some
    }

    /// Gives away everything, and how many more there were for which there was no room.
    pub(crate) fn take(&mut self) -> (Vec<Notice>, u64) {
        (std::mem::take(&mut self.waiting), std::mem::take(&mut self.lost))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.lost == 0
    }
}

/// Sees what each step does.
pub(crate) struct Witness {
    /// The term and its leader after the last step.
    known: (Term, Option<ServerId>),
    /// What has happened since somebody took it.
    pub(crate) notices: Vec<Notice>,
}

impl Witness {
    pub(crate) fn new<C>(state: &State<C>) -> Witness {
        Witness { known: (state.current_term, state.leader_hint()), notices: Vec::new() }
    }

    /// Looks at what a step has done, before its effects are handed on.
    pub(crate) fn see<C>(&mut self, state: &State<C>, effects: &Effects<C>) {
        let term = state.current_term;
        for event in &effects.events {
            match event {
                Event::Performed(action @ AbstractAction::BecomeLeader { .. }) => {
                    self.notices.push(Notice::Performs(*action));
                }
                Event::Performed(_) => {}
                Event::SteppedDown(why) => {
                    self.notices.push(Notice::SteppedDown { term, why: *why });
                }
                Event::Refused { from, why } => {
                    self.notices.push(Notice::Refused { from: *from, why: *why });
                }
            }
        }
        let now = (term, state.leader_hint());
        let stepped_down = effects.events.iter().any(|e| matches!(e, Event::SteppedDown(_)));
        // Whoever steps down for nobody has said so.
        let has_changed = now != self.known && !(stepped_down && now.1.is_none());
        self.known = now;
        let witness = effects.write.as_ref().map(|write| write.witness);
        match witness {
            Some(
                action
                @ (AbstractAction::BecomeCandidate { .. } | AbstractAction::GrantVote { .. }),
            ) => self.notices.push(Notice::Performs(action)),
            // That it leads it has said before.
            _ if has_changed && matches!(state.role, Role::Follower(_)) => {
                self.notices.push(Notice::Follows { term, leader: now.1 });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_core::{Configuration, Input, Parameters, ServerSet, step_into};

    #[test]
    fn an_election_is_told_once() {
        let me = ServerId::new(1).expect("a server");
        let alone = Configuration::new(ServerSet::only(me)).expect("one is enough");
        let mut state = State::<u8>::new(me, alone).expect("it votes");
        let (mut witness, mut effects) = (Witness::new(&state), Effects::default());
        let inputs = [
            Input::ElectionTimeout,
            Input::Persisted(1),
            Input::Persisted(1),
            Input::ElectionTimeout,
        ];
        for input in inputs {
            step_into(&Parameters::default(), &mut state, input, &mut effects);
            witness.see(&state, &effects);
            effects.clear();
        }
        let term = Term(1);
        let expected = [
            Notice::Performs(AbstractAction::BecomeCandidate { server: me, term }),
            Notice::Performs(AbstractAction::BecomeLeader {
                server: me,
                term,
                votes: ServerSet::only(me),
            }),
        ];
        assert_eq!(witness.notices, expected);
    }

    #[test]
    fn a_box_that_nobody_empties_keeps_the_first_notices_and_counts_the_others() {
        let mut notices = Notices::default();
        let notice = |term| Notice::Follows { term: Term(term), leader: None };
        for round in 0..3 {
            assert!(notices.add(&mut (0..100).map(|n| notice(round * 100 + n)).collect()));
        }
        assert!(!notices.add(&mut Vec::new()) && !notices.is_empty());
        let (taken, lost) = notices.take();
        assert_eq!((taken.len(), taken.last(), lost), (ROOM, Some(&notice(255)), 44));
        assert!(notices.is_empty());
    }
}
