//! What a read must see.

use super::Property;
use super::requests::waiting_for;
use crate::Transition;
use quorate_cluster::WaitingKind;
use quorate_core::Outcome;

/// A read is answered from a state machine that reflects everything committed when the read was issued.
///
/// With writes answered only once committed, this makes reads linearizable: no client sees less than
/// anybody saw before it asked. Broken by reading without confirming leadership, by a confirmation that is
/// older than the read, by a read index taken before the term's first entry is committed, and by answering
/// before that index is applied.
#[derive(Clone, Copy, Debug)]
pub struct ReadNeverStale;

impl Property for ReadNeverStale {
    const NAME: &'static str = "ReadNeverStale";
    const CITATION: &'static str = "[Ongaro14 §6.4]";
    const READING: &'static str =
        "A read is answered with everything applied that was committed when it was issued.";
    const END_TO_END: bool = true;

    fn step(transition: &Transition<'_>) -> Result<(), String> {
        let Some(step) = &transition.happening.step else { return Ok(()) };
        let Some(server) = transition.after.server(step.server) else { return Ok(()) };
        let applied = server.state.last_applied;
        for reply in &step.effects.reply {
            let Outcome::Readable(index) = reply.outcome else { continue };
            // An answer that nobody waits for is another property's matter.
            let waiting = waiting_for(transition, reply.request);
            let Some(WaitingKind::Read { must_see }) = waiting.map(|waiting| waiting.kind) else {
                continue;
            };
            if index < must_see || applied < index {
                return Err(format!(
                    "{} answered read {} for index {index} with {applied} applied, though {must_see} \
                     was committed when it was issued",
                    step.server, reply.request,
                ));
            }
        }
        Ok(())
    }
}
