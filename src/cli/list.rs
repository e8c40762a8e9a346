//! `quorate list`: what can be checked and what should happen, one line each.

use super::arguments::QUORUM_WITHOUT_LEADER;
use super::text::{grouped, labelled};
use super::{Exit, Failure, must_end, print};
use quorate_models::{ASSERTIONS, Mode, NAMED, Named};
use quorate_spec::properties::{END_TO_END, PROPERTIES};
use quorate_spec::witnesses::WITNESSES;
use quorate_spec::{COUPLED, GUARDS, REFINEMENT};

/// Runs `quorate list`.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    must_end(parser)?;
    let mut out = String::from("Models, with their distinct states, for quorate check MODEL:\n");
    let purpose = "a register with quorums and no leader: what goes wrong";
    let models = NAMED.iter().map(|model| (model.name, counts(model), model.purpose));
    for (name, counts, purpose) in models.chain([(QUORUM_WITHOUT_LEADER, String::new(), purpose)]) {
        out.push_str(&labelled(&format!("{name:21} {counts:>10}"), 33, purpose));
    }
    out.push_str("\nProperties, for --property NAME:\n");
    for property in PROPERTIES {
        // A citation is not torn apart.
        let citation = property.citation.replace(' ', "\u{a0}");
        let text = labelled(property.name, 18, &format!("{} {citation}", property.reading));
        out.push_str(&text.replace('\u{a0}', " "));
    }
    let others = [
        (REFINEMENT, "Every step is what the abstract protocol allows; with --refinement yes."),
        (COUPLED, "Servers and abstract protocol agree in every state; with --refinement yes."),
        (ASSERTIONS, "No assertion of a server fails; checked always."),
        (END_TO_END, "All that say what the protocol is for, without the local ones."),
    ];
    for (name, text) in others {
        out.push_str(&labelled(name, 18, text));
    }
    out.push_str("\nReachability witnesses, what should happen somewhere in a search:\n");
    let width = WITNESSES.iter().map(|witness| witness.name.len()).max().unwrap_or(0);
    for witness in WITNESSES {
        out.push_str(&labelled(witness.name, width, witness.reading));
    }
    out.push_str(&guards());
    print(&out)
}

/// The guards of the abstract protocol. What they say, they say with every action that happens, unless something is
/// wanting.
fn guards() -> String {
    let mut out = String::from(
        "\nGuards, exercised by every such action that happens, unless something is wanting:\n",
    );
    let width = GUARDS.iter().map(|guard| guard.full_name.len()).max().unwrap_or(0);
    for guard in GUARDS {
        let unless = guard.vacuity.map(|vacuity| format!(" Unless {}.", vacuity.reading()));
        let text = format!("{}{}", guard.reading, unless.unwrap_or_default());
        out.push_str(&labelled(guard.full_name, width, &text));
    }
    out
}

fn counts(model: &Named) -> String {
    let mode = model.bounds.mode(Mode::Fast);
    model.recorded(mode).map_or_else(String::new, |counts| grouped(counts.distinct))
}
