//! What can no longer change.

use super::Property;
use super::words::{committed_prefix, common_prefix, entry, equal_up_to, names};
use quorate_cluster::{Cluster, Server};
use quorate_core::{Index, Progress, Role, ServerSet};

/// A leader of a term holds every entry that was committed in an earlier term.
///
/// This is why elections look at logs and why no entry need ever flow back to a leader. Broken by a vote
/// for a candidate whose log is behind, by comparing lengths alone, by committing an older term's entry on
/// counting its replicas (Figure 8), and by whatever loses a committed entry from a majority of disks.
#[derive(Clone, Copy, Debug)]
pub struct LeaderCompleteness;

impl Property for LeaderCompleteness {
    const NAME: &'static str = "LeaderCompleteness";
    const CITATION: &'static str = "[Ongaro14 §3.6.3]";
    const READING: &'static str = "A leader holds every entry committed in an earlier term.";
    const END_TO_END: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        for Server { state, .. } in &cluster.servers {
            if !matches!(state.role, Role::Leader(_)) {
                continue;
            }
            for (committed, index) in cluster.history.committed.iter().zip(1..) {
                let held = state.log.get(Index(index));
                if committed.term < state.current_term && held != Some(&committed.entry) {
                    return Err(format!(
                        "{}, leader of term {}, holds {} at index {index}, where {} was committed in \
                         term {}",
                        state.id,
                        state.current_term,
                        entry(held),
                        entry(Some(&committed.entry)),
                        committed.term,
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Every committed entry, with all entries before it, is durable on a majority of disks.
///
/// Any majority that elects a leader then meets a disk that has it, whatever crashes. What a disk has been
/// asked to write does not count. Broken by acknowledging before the write is durable, by a leader that
/// counts itself too early, by removing entries that do not conflict, by taking a rejection for an
/// acknowledgement, and by losing a disk.
#[derive(Clone, Copy, Debug)]
pub struct CommittedDurable;

impl Property for CommittedDurable {
    const NAME: &'static str = "CommittedDurable";
    const CITATION: &'static str = "[Ongaro14 §3.8]";
    const READING: &'static str = "Every committed entry is durable on a majority of disks.";

    fn state(cluster: &Cluster) -> Result<(), String> {
        let committed = &cluster.history.committed;
        let Some(first) = cluster.servers.first() else { return Ok(()) };
        let majority = first.state.configuration.majority();
        let holds =
            |server: &&Server, index| committed_prefix(&server.disk.log, committed) >= index;
        let holders = |index| cluster.servers.iter().filter(move |server| holds(server, index));
        let last = cluster.history.commit_index();
        if holders(last).count() >= majority {
            return Ok(());
        }
        let mut lost = Index(1);
        while holders(lost).count() >= majority {
            lost = lost.next();
        }
        let durable: ServerSet = holders(lost).map(|server| server.state.id).collect();
        Err(format!(
            "{} at index {lost} is committed, but of {} servers it is durable on {}",
            entry(cluster.history.committed_at(lost).map(|known| &known.entry)),
            cluster.servers.len(),
            names(durable),
        ))
    }
}

/// What a server takes for committed is committed: its log up to its commit index is what a leader
/// committed.
///
/// The state machines follow the commit index, so this fails a step or more before they differ. Broken by
/// taking the leader's commit index beyond what the message identifies, and by a leader that counts what
/// was never acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct CommitKnown;

impl Property for CommitKnown {
    const NAME: &'static str = "CommitKnown";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str = "What a server takes for committed was committed by a leader.";

    fn state(cluster: &Cluster) -> Result<(), String> {
        for Server { state, .. } in &cluster.servers {
            let agree = committed_prefix(&state.log, &cluster.history.committed);
            if agree < state.commit_index {
                let index = agree.next();
                return Err(format!(
                    "{} takes index {} for committed, but holds {} at index {index}, where {} was \
                     committed",
                    state.id,
                    state.commit_index,
                    entry(state.log.get(index)),
                    entry(cluster.history.committed_at(index).map(|known| &known.entry)),
                ));
            }
        }
        Ok(())
    }
}

/// What a leader knows a follower to hold is on that follower's disk, until the follower enters a later
/// term.
///
/// The commit index counts these numbers and nothing else. Broken by acknowledging what is not yet
/// durable or not verified, and by taking any other message for an acknowledgement; it fails before
/// anything has been committed wrongly.
#[derive(Clone, Copy, Debug)]
pub struct MatchDurable;

impl Property for MatchDurable {
    const NAME: &'static str = "MatchDurable";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str = "Up to the match index the follower's disk equals the leader's log while their terms agree.";

    fn state(cluster: &Cluster) -> Result<(), String> {
        for leader in &cluster.servers {
            let Role::Leader(leadership) = &leader.state.role else { continue };
            for progress in &leadership.progress {
                if let Some(follower) = cluster.server(progress.server) {
                    holds_match(leader, follower, progress)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a follower's disk holds what its leader counts.
fn holds_match(leader: &Server, follower: &Server, progress: &Progress) -> Result<(), String> {
    let (state, disk) = (&leader.state, &follower.disk);
    let index = progress.match_index;
    // A later leader may have replaced what this one still counts.
    let is_over = disk.term > state.current_term;
    if index == Index::ZERO || is_over {
        return Ok(());
    }
    let counted = format_args!(
        "{}, leader of term {}, counts {} up to index {index}",
        state.id, state.current_term, progress.server
    );
    if disk.term < state.current_term {
        return Err(format!("{counted}, but term {} is durable there", disk.term));
    }
    if equal_up_to(&state.log, &disk.log, index) {
        return Ok(());
    }
    let missing = common_prefix(&state.log, &disk.log).next();
    Err(format!(
        "{counted}, but at index {missing} its disk holds {} where the leader's log holds {}",
        entry(disk.log.get(missing)),
        entry(state.log.get(missing)),
    ))
}
