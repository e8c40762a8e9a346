//! What is true while leaders fail; and that the model contains what it is meant to contain.

use super::{FIRST_LEADER, LeaderAndFollower, Replica, Role, State, Term};
use crate::quorum_without_leader::history::Completed;
use crate::quorum_without_leader::replicas::ReplicaId;
use stateright::Property;

impl State {
    /// The terms that some replica believes it leads, in order of replicas.
    fn led_terms(&self) -> Vec<Term> {
        let leads = |id: &ReplicaId| matches!(self.replicas[id.0].role, Role::Leader { .. });
        ReplicaId::all().filter(leads).map(|id| self.replicas[id.0].term).collect()
    }
}

/// The moment at which quorums alone go wrong: one replica has the write, and reads come and go.
pub(in crate::quorum_without_leader) const SAME_MOMENT: &str =
    "while the leader alone holds a write, both reads return";

/// A statement about all runs or about some run.
type Statement = Property<LeaderAndFollower>;

/// The statements that a complete search decides.
pub(super) fn facts() -> Vec<Statement> {
    vec![
        Statement::sometimes(
            "with the first leader down, a new write still completes",
            |_, state| {
                let only_first = state.down() == 1 && state.is_down(FIRST_LEADER);
                only_first && state.history.since_failure().new_write
            },
        ),
        Statement::sometimes(
            "with the first leader down, a new read still completes",
            |_, state| {
                let only_first = state.down() == 1 && state.is_down(FIRST_LEADER);
                only_first && state.history.since_failure().new_read
            },
        ),
        Statement::sometimes(
            "with the first leader down, all that is left to do still completes",
            |_, state| {
                let only_first = state.down() == 1 && state.is_down(FIRST_LEADER);
                let Completed { new_write, new_read, .. } = state.history.since_failure();
                only_first && new_write && new_read && state.history.is_complete()
            },
        ),
        Statement::always("once two replicas are down, no new write completes", |_, state| {
            !(state.down() == 2 && state.history.since_failure().new_write)
        }),
        Statement::always("once two replicas are down, no new read completes", |_, state| {
            !(state.down() == 2 && state.history.since_failure().new_read)
        }),
        Statement::sometimes(
            "an operation that was under way when the second replica failed may still complete",
            |_, state| state.down() == 2 && state.history.since_failure().under_way,
        ),
        Statement::sometimes("with two replicas down, a write and a read wait", |_, state| {
            let write = state.history.write_in_progress();
            state.down() == 2 && write.is_some() && state.history.read_in_progress().is_some()
        }),
        Statement::sometimes(SAME_MOMENT, |_, state| {
            let holds_alone = |replica: &Replica| match replica.role {
                Role::Leader { held_by, .. } => {
                    Some(replica.holds.version) == state.history.write_in_progress()
                        && held_by.len() == 1
                }
                Role::Follower | Role::Candidate | Role::Down => false,
            };
            let reads_are_done =
                state.history.next_read().is_none() && state.history.read_in_progress().is_none();
            state.down() == 0 && reads_are_done && state.replicas.iter().any(holds_alone)
        }),
        Statement::sometimes("two replicas at once believe that they lead", |_, state| {
            state.led_terms().len() == 2
        }),
        Statement::always("no term has two leaders", |_, state| {
            let mut terms = state.led_terms();
            terms.sort_unstable();
            terms.windows(2).all(|pair| pair[0] < pair[1])
        }),
    ]
}
