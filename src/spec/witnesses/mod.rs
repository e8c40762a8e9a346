//! Reachability witnesses: what must have happened somewhere in a search, so that nothing holds vacuously.
//!
//! A property holds of every state of a search that never elects a leader. So a search also counts what
//! it has seen, and one that has not seen what its bounds allow has proved less than it says. Each witness
//! is one sentence and one function of one [`Transition`], so a search needs to remember no more than a set
//! of bits; and each bears on some property, because it is the situation in which a broken rule would
//! show: a vote that comes too late, a crash that forgets a write, a read at a leader that is none any more.
//!
//! Which witnesses a search can reach depends on its bounds; so a caller names those that it demands.
//!
//! # Reading order
//! The list below; then `elections`, `replication`, `disks`, `clients`.

mod clients;
mod disks;
mod elections;
mod replication;

use crate::Transition;
use quorate_cluster::{Action, Effects, Envelope, State};
use quorate_core::{AbstractAction, Event, Role};

/// Something that must have happened somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Reachability {
    /// Its name.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub reading: &'static str,
    /// Whether it happened in this action. Reads servers, facts and what happened, never messages in flight.
    pub seen: fn(&Transition<'_>) -> bool,
    /// For a witness that reads other servers than the one that acts: what the step of that one alone must
    /// show. The others read the acting server, the facts and what happened.
    pub only_if: Option<fn(&Transition<'_>) -> bool>,
}

macro_rules! witnesses {
    (@only_if) => { None };
    (@only_if $chapter:ident::$part:ident) => { Some($chapter::$part) };
    ($($chapter:ident::$name:ident $(($($part:tt)+))? $reading:literal)+) => {
        /// Every witness. The place of a witness is its bit in a set of witnesses seen.
        pub const WITNESSES: &[Reachability] = &[$(Reachability {
            name: stringify!($name),
            reading: $reading,
            seen: $chapter::$name,
            only_if: witnesses!(@only_if $($($part)+)?),
        }),+];
    };
}

witnesses! {
    elections::leader_elected "A server became leader."
    elections::leader_after_leader "A server became leader after another term had one."
    elections::two_leaders_at_once (elections::leader_elected)
        "Two servers led at the same time, in different terms."
    elections::two_candidates (elections::server_stood) "Two servers stood in the same term."
    elections::candidate_gave_way "A candidate accepted another server as leader of its term."
    elections::vote_refused_for_vote "A vote was refused because it had been given."
    elections::vote_refused_for_log "A vote was refused because the candidate's log ended too early."
    elections::vote_for_shorter_log "A candidate with a shorter log of a later term got a vote."
    elections::vote_with_new_term "A server entered a term and voted in it at once."
    elections::late_vote_ignored "A vote of an earlier term reached a candidate."
    elections::repeated_vote_ignored "A vote that was counted already reached a candidate."
    elections::leader_stepped_down_higher_term "A leader stepped down because of a later term."
    elections::leader_stepped_down_majority_silent "A leader stepped down because no majority answered."
    elections::leader_stepped_down_disk_hung "A leader stepped down because its disk hung."
    elections::hung_disk_did_not_stand "A server did not stand because its disk hung."
    replication::noop_committed "A no-op was committed."
    replication::command_committed "A command was committed."
    replication::older_term_committed "A leader committed an entry of an earlier term, with its own."
    replication::commit_by_followers_alone "A leader committed an entry that its own disk does not hold."
    replication::follower_learned_commit "A follower learned of a greater commit index."
    replication::follower_applied "A follower applied an entry."
    replication::commit_ahead_of_durable "A follower knew an entry committed that its disk does not hold."
    replication::entries_truncated "A follower removed entries that conflicted."
    replication::suffix_kept "An AppendEntries matched and left alone what the log holds beyond it."
    replication::repeated_entries_ignored "An AppendEntries brought only entries that were held already."
    replication::append_rejected "A follower rejected an AppendEntries."
    replication::leader_backed_up "A leader backed up after a rejection."
    replication::late_rejection_ignored "A rejection came too late to matter."
    replication::late_acknowledgement_ignored "An acknowledgement of less than is known came late."
    replication::stale_append_answered "An AppendEntries of an earlier term was answered."
    replication::batches_pipelined "Two batches were on their way to one follower."
    disks::several_unfinished_writes "A disk owed two writes."
    disks::crash_lost_writes "A crash lost a write."
    disks::crash_lost_entries "A crash lost an entry."
    disks::crash_lost_term "A crash lowered a server's term."
    disks::crash_kept_some "A crash kept some unfinished writes and lost others."
    disks::crash_kept_unreported "A crash kept a write that had not been reported."
    disks::crash_of_leader "A leader crashed."
    disks::restart_with_vote "A server came back with the vote it had cast."
    disks::durable_entry_overwritten "An entry on a disk was replaced or removed."
    disks::majority_entry_overwritten (disks::durable_entry_overwritten)
        "An entry of an earlier term went although a majority of disks held it."
    clients::write_done "A write was done."
    clients::write_unknown "A write ended unknown."
    clients::write_busy "A write was refused as too many."
    clients::write_refused "A write was refused because the server did not lead."
    clients::write_at_old_leader "A leader took a write after a later term had one."
    clients::read_served "A read was answered."
    clients::read_served_after_round "A read was answered once a majority had confirmed the leader."
    clients::read_busy "A read was refused as too many."
    clients::read_refused "A read was refused because the server did not lead."
    clients::read_failed "A waiting read failed because leadership ended."
    clients::read_before_noop "A leader took a read before an entry of its term was committed."
    clients::read_at_old_leader "A leader took a read after a later term had one."
}

const _: () = assert!(WITNESSES.len() <= 64, "a set of witnesses is 64 bits");

/// The witnesses that happened in an action, as a set of bits: bit `i` for `WITNESSES[i]`.
pub fn seen_in(transition: &Transition<'_>) -> u64 {
    newly_seen(transition, 0)
}

/// The witnesses that happened in an action and are not in the set `already`. In a long search nearly
/// all are, and then this costs nearly nothing.
pub fn newly_seen(transition: &Transition<'_>, already: u64) -> u64 {
    let mut seen = 0;
    for (place, witness) in WITNESSES.iter().enumerate() {
        let bit = 1_u64 << place;
        if already & bit == 0 && (witness.seen)(transition) {
            seen |= bit;
        }
    }
    seen
}

/// The witnesses that read other servers and for which the step of the acting one shows what it must: whether
/// they happened, the others tell.
pub fn possible_in(transition: &Transition<'_>) -> u64 {
    let places = WITNESSES.iter().zip(0..);
    let possible =
        places.filter(|(witness, _)| witness.only_if.is_some_and(|shown| shown(transition)));
    possible.fold(0, |bits, (_, place)| bits | 1 << place)
}

/// The witness with this name.
pub fn find(name: &str) -> Option<&'static Reachability> {
    WITNESSES.iter().find(|witness| witness.name == name)
}

/// The witnesses of a set, in the order of [`WITNESSES`].
pub fn in_set(seen: u64) -> impl Iterator<Item = &'static Reachability> {
    let places = WITNESSES.iter().enumerate();
    places.filter(move |(place, _)| seen & (1_u64 << place) != 0).map(|(_, witness)| witness)
}

/// The witnesses that a set lacks, in the order of [`WITNESSES`].
pub fn missing_from(seen: u64) -> impl Iterator<Item = &'static Reachability> {
    in_set(!seen)
}

/// A server's step: its state before and after, and what it asked for.
struct Step<'a> {
    before: &'a State,
    after: &'a State,
    effects: &'a Effects,
}

/// The step that the action made a server take.
fn step<'a>(transition: &Transition<'a>) -> Option<Step<'a>> {
    let step = transition.happening.step.as_ref()?;
    let before = &transition.before.server(step.server)?.state;
    let after = &transition.after.server(step.server)?.state;
    Some(Step { before, after, effects: &step.effects })
}

/// The step of a server that received a message, and the message.
fn arrival<'a>(transition: &Transition<'a>) -> Option<(Step<'a>, &'a Envelope)> {
    match transition.action {
        Action::Deliver(envelope) | Action::Duplicate(envelope) => {
            Some((step(transition)?, envelope))
        }
        _ => None,
    }
}

/// Whether some abstract action that needs no write passes a test.
fn performed(transition: &Transition<'_>, test: impl Fn(&AbstractAction) -> bool) -> bool {
    let events = transition.happening.step.iter().flat_map(|step| &step.effects.events);
    events.into_iter().any(|event| matches!(event, Event::Performed(action) if test(action)))
}

/// Whether a server leads.
fn leads(state: &State) -> bool {
    matches!(state.role, Role::Leader(_))
}

/// Whether a later term than the server's has a leader.
fn is_superseded(transition: &Transition<'_>, state: &State) -> bool {
    let newest = transition.before.history.leaders.last_key_value();
    newest.is_some_and(|(term, _)| *term > state.current_term)
}
