//! What servers say to each other.

use super::{Property, ServerChange};
use quorate_core::Event;

/// No server ever has to refuse a message as impossible.
///
/// The core refuses by rule what no server that follows the protocol would send: a second leader of a
/// term, entries that would replace committed ones, an answer to a question never asked. In a closed
/// system nobody else sends, so a refusal is the first sign of a broken rule, often long before two state
/// machines differ - and proof that the rules of refusal never hit an innocent message.
#[derive(Clone, Copy, Debug)]
pub struct NoRefusal;

impl Property for NoRefusal {
    const NAME: &'static str = "NoRefusal";
    const CITATION: &'static str = "[Ongaro14 §2.1]";
    const READING: &'static str = "No server receives a message that it must refuse as impossible.";
    const LOCAL: bool = true;

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        let Some(effects) = change.effects else { return Ok(()) };
        for event in &effects.events {
            if let Event::Refused { from, why } = event {
                let state = &change.after.state;
                let (id, term) = (state.id, state.current_term);
                return Err(format!("{id} in term {term} refused a message of {from}: {why:?}"));
            }
        }
        Ok(())
    }
}
