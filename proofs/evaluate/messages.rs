//! Every message is a fact: which definitions of `messages.epr` must hold of it.

use super::evaluator::Evaluator;
use super::tables::{Element, Shape, Tables};
use super::universe::{NoElement, Universe};
use quorate_cluster::Envelope;
use quorate_core::{Index, LogPosition, Message};

/// What messages say, as definitions on top of the description of the protocol.
pub(super) const MESSAGES: &str = include_str!("messages.epr");

macro_rules! sayings {
    ($($name:ident)*) => {
        /// The number of each definition.
        #[derive(Clone, Debug)]
        pub(super) struct Sayings {
            $($name: usize,)*
        }

        impl Sayings {
            /// Looks the definitions up; nothing if one is missing.
            pub(super) fn of(evaluator: &Evaluator) -> Option<Sayings> {
                Some(Sayings { $($name: evaluator.definition(stringify!($name))?,)* })
            }
        }
    };
}

sayings! { stands stands_with_nothing gave_vote leads led led_with chosen_by_then holds_for }

/// A definition, and what it must hold of.
type Saying = (usize, Vec<Element>);

impl Sayings {
    /// Whether a message says what is true in a state.
    ///
    /// # Errors
    /// What is not true, or of which there is no element.
    pub(super) fn hold(
        &self,
        evaluator: &Evaluator,
        (shape, universe, state): (&Shape, &Universe, &Tables),
        envelope: &Envelope,
    ) -> Result<(), String> {
        let said = self.said(universe, envelope).map_err(|none| none.to_string())?;
        let wrong = said.into_iter().find(|(definition, parameters)| {
            !evaluator.holds(*definition, parameters, shape, state)
        });
        wrong.map_or(Ok(()), |(definition, _)| {
            Err(format!("{} is not so", evaluator.definition_name(definition)))
        })
    }

    /// What a message says.
    fn said(&self, of: &Universe, envelope: &Envelope) -> Result<Vec<Saying>, NoElement> {
        let Envelope { from, to, term, ref message } = *envelope;
        let (sender, receiver) = (of.node(from)?, of.node(to)?);
        let sent_in = of.term(term)?;
        let nothing = LogPosition::default();
        Ok(match message {
            Message::RequestVote { last } if *last == nothing => {
                vec![(self.stands_with_nothing, vec![sender, sent_in])]
            }
            Message::RequestVote { last } => {
                let (index, created) = (of.index(last.index)?, of.term(last.term)?);
                vec![(self.stands, vec![sender, sent_in, index, created])]
            }
            Message::VoteGranted => vec![(self.gave_vote, vec![sender, sent_in, receiver])],
            Message::AppendEntries { previous, entries, commit_index, .. } => {
                let mut said = vec![(self.leads, vec![sender, sent_in])];
                if *previous != nothing {
                    let (index, created) = (of.index(previous.index)?, of.term(previous.term)?);
                    said.push((self.led, vec![sent_in, index, created]));
                }
                for (place, entry) in (1..).zip(entries) {
                    let index = of.index(previous.index.plus(place))?;
                    let (created, value) = (of.term(entry.term)?, of.value(&entry.payload)?);
                    said.push((self.led_with, vec![sent_in, index, created, value]));
                }
                if *commit_index > Index::ZERO {
                    let index = of.index(*commit_index)?;
                    said.push((self.chosen_by_then, vec![sent_in, index]));
                }
                said
            }
            Message::AppendAccepted { match_index, .. } => {
                let mut said = vec![(self.leads, vec![receiver, sent_in])];
                if *match_index > Index::ZERO {
                    said.push((self.holds_for, vec![sender, sent_in, of.index(*match_index)?]));
                }
                said
            }
            Message::AppendRejected { .. } | Message::StaleTerm { .. } => {
                vec![(self.leads, vec![receiver, sent_in])]
            }
        })
    }
}
