//! What never goes back.
//!
//! A crash ends an incarnation: what was only in memory may then be less than before. What is durable
//! never is.

use super::{Property, ServerChange};
use quorate_cluster::{Cluster, State};
use quorate_core::Role;

/// A server's term never falls: in memory as long as it runs, on its disk ever.
///
/// Terms are the protocol's clock. Broken by a term that is not durable before it is acted upon, by a term
/// that is taken from the wrong message, and by a server that comes back with an older disk.
#[derive(Clone, Copy, Debug)]
pub struct TermMonotonic;

impl Property for TermMonotonic {
    const NAME: &'static str = "TermMonotonic";
    const CITATION: &'static str = "[Ongaro14 §3.3]";
    const READING: &'static str = "Terms never fall: in one incarnation, and on disk ever.";
    const LOCAL: bool = true;

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        let ServerChange { before, after, restarted, .. } = change;
        let id = before.state.id;
        let (was, is) = (before.state.current_term, after.state.current_term);
        if is < was && !restarted {
            return Err(format!("the term of {id} fell from {was} to {is}"));
        }
        let (was, is) = (before.disk.term, after.disk.term);
        if is < was {
            return Err(format!("the durable term of {id} fell from {was} to {is}"));
        }
        Ok(())
    }
}

/// Within one incarnation neither the commit index nor the last applied index falls.
///
/// Committed is for ever, and the state machine cannot take back. Broken by taking the leader's commit
/// index as it comes: an old message carries an old one.
#[derive(Clone, Copy, Debug)]
pub struct CommitMonotonic;

impl Property for CommitMonotonic {
    const NAME: &'static str = "CommitMonotonic";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str =
        "Within one incarnation the commit index and the last applied index never fall.";
    const LOCAL: bool = true;

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        let (before, after) = (&change.before.state, &change.after.state);
        let fell =
            |what, was, is| Err(format!("the {what} of {} fell from {was} to {is}", before.id));
        if change.restarted {
            return Ok(());
        }
        if after.commit_index < before.commit_index {
            return fell("commit index", before.commit_index, after.commit_index);
        }
        if after.last_applied < before.last_applied {
            return fell("last applied index", before.last_applied, after.last_applied);
        }
        Ok(())
    }
}

/// Within one leadership no match index falls, and no echoed round.
///
/// Acknowledgements arrive in any order; what was once acknowledged stays so. Broken by taking the newest
/// acknowledgement instead of the greatest.
#[derive(Clone, Copy, Debug)]
pub struct MatchMonotonic;

impl Property for MatchMonotonic {
    const NAME: &'static str = "MatchMonotonic";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str =
        "Within one leadership no match index falls, and no echoed round.";
    const LOCAL: bool = true;

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        let (before, after) = (&change.before.state, &change.after.state);
        let (Role::Leader(old), Role::Leader(new)) = (&before.role, &after.role) else {
            return Ok(());
        };
        if change.restarted || before.current_term != after.current_term {
            return Ok(());
        }
        for (was, is) in old.progress.iter().zip(&new.progress) {
            let fell = |what, old, new| {
                let (id, term, peer) = (before.id, before.current_term, was.server);
                Err(format!(
                    "{id}, leader of term {term}: the {what} of {peer} fell from {old} to {new}"
                ))
            };
            if is.match_index < was.match_index {
                return fell("match index", was.match_index.0, is.match_index.0);
            }
            if is.round < was.round {
                return fell("round", was.round.0, is.round.0);
            }
        }
        Ok(())
    }
}

/// A leader's next index for a follower is always beyond what that follower is known to hold.
///
/// Otherwise entries go out again and again that are acknowledged already. Broken by backing up on an old
/// rejection, and by advancing only one of the two indices.
#[derive(Clone, Copy, Debug)]
pub struct NextGtMatch;

impl Property for NextGtMatch {
    const NAME: &'static str = "NextGtMatch";
    const CITATION: &'static str = "[Ongaro14 §3.5]";
    const READING: &'static str =
        "A leader's next index for a follower is greater than its match index.";
    const LOCAL: bool = true;

    fn state(cluster: &Cluster) -> Result<(), String> {
        cluster.servers.iter().try_for_each(|server| next_gt_match(&server.state))
    }

    fn server(change: &ServerChange<'_>) -> Result<(), String> {
        next_gt_match(&change.after.state)
    }
}

fn next_gt_match(state: &State) -> Result<(), String> {
    let Role::Leader(leader) = &state.role else { return Ok(()) };
    match leader.progress.iter().find(|progress| progress.next_index <= progress.match_index) {
        None => Ok(()),
        Some(progress) => Err(format!(
            "{}, leader of term {}, would send {} index {} next although it holds index {}",
            state.id,
            state.current_term,
            progress.server,
            progress.next_index,
            progress.match_index,
        )),
    }
}
