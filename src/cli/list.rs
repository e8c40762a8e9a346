//! `quorate list`: what can be checked, one line each.

use super::arguments::QUORUM_WITHOUT_LEADER;
use super::render::grouped;
use super::{Exit, Failure, print};
use quorate_models::{ASSERTIONS, NAMED, Named};
use quorate_spec::properties::PROPERTIES;
use quorate_spec::witnesses::WITNESSES;
use std::fmt::Write;

/// Runs `quorate list`.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    if let Some(argument) = parser.next()? {
        return Err(argument.unexpected().into());
    }
    let mut out = String::from("Models, for quorate check MODEL:\n");
    for model in NAMED {
        let _ = writeln!(out, "  {:22} {}{}", model.name, model.purpose, counts(model));
    }
    let purpose = "a replicated register with quorums and no leader: what goes wrong";
    let _ = writeln!(out, "  {QUORUM_WITHOUT_LEADER:22} {purpose}");
    out.push_str("\nProperties, for --property NAME:\n");
    for property in PROPERTIES {
        let (name, reading, citation) = (property.name, property.reading, property.citation);
        let _ = writeln!(out, "  {name:22} {reading} {citation}");
    }
    let others = [
        (
            quorate_spec::REFINEMENT,
            "every step is what the abstract protocol allows, with --refinement yes",
        ),
        (
            quorate_spec::COUPLED,
            "servers and abstract protocol agree in every state, with --refinement yes",
        ),
        (ASSERTIONS, "no assertion of a server fails"),
    ];
    for (name, reading) in others {
        let _ = writeln!(out, "  {name:22} {reading}");
    }
    out.push_str("\nReachability witnesses, each reported when it was seen:\n");
    for witness in WITNESSES {
        let _ = writeln!(out, "  {:22} {}", witness.name, witness.reading);
    }
    print(&out)
}

fn counts(model: &Named) -> String {
    model.recorded().map_or_else(String::new, |counts| {
        format!(" ({} distinct states)", grouped(counts.distinct))
    })
}
