//! States and actions in words, and why the reads of a counterexample disagree.

use super::{Action, QuorumsOnly, State};
use crate::quorum_without_leader::finding::Register;
use crate::quorum_without_leader::history::{Version, Violation};
use crate::quorum_without_leader::replicas::{ReplicaId, ReplicaSet};
use std::fmt;

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (replica, id) in self.replicas.iter().zip(ReplicaId::all()) {
            let down = if replica.up { "" } else { " down" };
            write!(f, "{id}=v{}{down} ", replica.version)?;
        }
        write!(f, "| {}", self.history)?;
        // The answers of an unfinished read are part of the state as much as the replicas are.
        for (answer, id) in self.answers.iter().zip(ReplicaId::all()) {
            if let Some(version) = answer {
                write!(f, ", {id} answered v{version}")?;
            }
        }
        if let Some(back) = self.write_back {
            write!(f, ", writing back v{}", back.version)?;
        }
        Ok(())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::StartWrite(write) => write!(f, "the writer sends write {write} to all"),
            Action::Store { replica, write, finishes } => {
                write!(f, "{replica} stores write {write}")?;
                if *finishes { write!(f, "; write {write} returns") } else { Ok(()) }
            }
            Action::StartRead(read) => write!(f, "the reader sends read {read} to all"),
            Action::Answer { replica, read, version, newest, returns } => {
                write!(f, "{replica} answers read {read} with v{version}")?;
                match newest {
                    Some(newest) if *returns => write!(f, "; read {read} returns v{newest}"),
                    Some(newest) => write!(f, "; read {read} has to write v{newest} back"),
                    None => Ok(()),
                }
            }
            Action::StoreBack { replica, read, version, returns } => {
                write!(f, "{replica} stores v{version} for read {read}")?;
                if *returns { write!(f, "; read {read} returns v{version}") } else { Ok(()) }
            }
            Action::Fail(replica) => write!(f, "{replica} fails for good"),
        }
    }
}

impl Register for QuorumsOnly {
    fn explain(&self, actions: &[Action], violation: Violation) -> String {
        let verdict = format!("{violation}.");
        // Only the inversion needs an argument; the other violations name their own cause.
        let Violation::OlderThanRead { later, earlier } = violation else { return verdict };
        let (first, second) = (answers_to(actions, earlier.read), answers_to(actions, later.read));
        let common: ReplicaSet = ReplicaId::all()
            .filter(|replica| [&first, &second].iter().all(|answers| has(answers, *replica)))
            .collect();
        let stored = actions.iter().filter_map(|action| match action {
            Action::Store { replica, write, .. } if *write == earlier.version => Some(*replica),
            _ => None,
        });
        let stored: ReplicaSet = stored.collect();
        format!(
            "{verdict} Read {} was answered by {}, read {} by {}. The two quorums meet in {common}, as \
             any two majorities must meet, but write {} had reached only {stored}, and read {} returned \
             its value without passing it on.",
            earlier.read,
            list(&first),
            later.read,
            list(&second),
            earlier.version,
            earlier.read,
        )
    }
}

/// Who answered a read, and with what.
fn answers_to(actions: &[Action], wanted: u8) -> Vec<(ReplicaId, Version)> {
    let answer = |action: &Action| match action {
        Action::Answer { replica, read, version, .. } if *read == wanted => {
            Some((*replica, *version))
        }
        _ => None,
    };
    actions.iter().filter_map(answer).collect()
}

fn has(answers: &[(ReplicaId, Version)], replica: ReplicaId) -> bool {
    answers.iter().any(|(answered, _)| *answered == replica)
}

fn list(answers: &[(ReplicaId, Version)]) -> String {
    let words = answers.iter().map(|(replica, version)| format!("{replica} (v{version})"));
    words.collect::<Vec<_>>().join(" and ")
}
