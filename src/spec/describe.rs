//! A transition in words: what happened, and what is different now.

use crate::Transition;
use quorate_cluster::Server;
use quorate_cluster::notation::Written;
use quorate_core::{Event, Outcome, Refusal, Reply, StepDown};

/// What a transition did, one line for each thing: writes that became durable, messages sent, events,
/// replies, and every server that changed, with a star before each changed part.
pub fn describe(transition: &Transition<'_>) -> Vec<String> {
    let mut lines = describe_effects(transition);
    for (before, after) in transition.before.servers.iter().zip(&transition.after.servers) {
        if before != after {
            lines.push(mark_changes(before, after));
        }
    }
    lines
}

/// What a transition did, without the servers that changed.
pub(crate) fn describe_effects(transition: &Transition<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for witness in &transition.happening.synced {
        lines.push(format!("durable {}", Written(witness)));
    }
    if let Some(step) = &transition.happening.step {
        let effects = &step.effects;
        lines.extend(effects.events.iter().map(describe_event));
        lines.extend(effects.send.iter().map(|envelope| format!("sends {}", Written(envelope))));
        if let Some(applied) = &effects.apply {
            lines.push(format!("applies {} to {}", applied.first, applied.last));
        }
        lines.extend(effects.reply.iter().map(describe_reply));
    }
    lines
}

/// The line of a server, with a star before each part that was not in its line before.
pub fn mark_changes(before: &Server, after: &Server) -> String {
    mark_changed_parts(&before.to_string(), &after.to_string())
}

/// A line with a star before each part that was not in the line before.
pub(crate) fn mark_changed_parts(before: &str, after: &str) -> String {
    let old: Vec<&str> = before.split(' ').collect();
    let mark = |part: &str| if old.contains(&part) { part.to_owned() } else { format!("*{part}") };
    after.split(' ').map(mark).collect::<Vec<String>>().join(" ")
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::Performed(action) => format!("performs {}", Written(action)),
        Event::SteppedDown(why) => format!(
            "steps down: {}",
            match why {
                StepDown::HigherTerm => "a greater term exists",
                StepDown::MajoritySilent => "no majority answered",
                StepDown::DiskHung => "its disk hangs",
            }
        ),
        Event::Refused { from, why } => format!(
            "refuses what {from} sent: {}",
            match why {
                Refusal::Misaddressed => "misaddressed",
                Refusal::Malformed => "malformed",
                Refusal::NeverRequested => "never requested",
                Refusal::SecondLeader => "the term has another leader",
                Refusal::ReplacesCommitted => "it would replace a committed entry",
            }
        ),
    }
}

fn describe_reply(reply: &Reply) -> String {
    format!("answers {}: {}", reply.request, outcome_in_words(&reply.outcome))
}

/// How a request ended, in words.
pub(crate) fn outcome_in_words(outcome: &Outcome) -> String {
    match *outcome {
        Outcome::Written(index) => format!("written at {index}"),
        Outcome::Readable(index) => format!("readable at {index}"),
        Outcome::NotLeader(hint) => format!("not leader{}", describe_hint(hint)),
        Outcome::Busy => "busy".to_owned(),
        Outcome::Unknown => "unknown".to_owned(),
        Outcome::ReadFailed(hint) => format!("read failed{}", describe_hint(hint)),
    }
}

fn describe_hint(hint: Option<quorate_core::ServerId>) -> String {
    hint.map_or_else(String::new, |leader| format!(", try {leader}"))
}
