//! Flags of `quorate check` that do not go together.

use super::CheckArguments;
use crate::cli::Failure;
use quorate_cluster::NetworkKind;
use quorate_models::Mode;
use quorate_spec::{COUPLED, FORMULAS, REFINEMENT};

/// A flag that the other flags make meaningless is no wish that can be fulfilled.
pub(super) fn refuse_what_checks_nothing(arguments: &mut CheckArguments) -> Result<(), Failure> {
    let has_flag = |flag: &str| arguments.given.iter().any(|(given, _)| *given == flag);
    if let Some(property) = arguments.property {
        let needs_refinement = [REFINEMENT, COUPLED, FORMULAS].contains(&property);
        if needs_refinement && !arguments.bounds.refinement {
            return Err(Failure::usage(format_args!(
                "--property: {property:?}; expected bounds that compare with the abstract protocol; try \
                 --refinement yes"
            )));
        }
        if !needs_refinement && arguments.bounds.refinement && has_flag("refinement") {
            return Err(Failure::usage(format_args!(
                "--refinement: \"yes\"; expected a property that it checks, not {property}; try --property \
                 {REFINEMENT}"
            )));
        }
        // To look for another property alone, nothing need be compared with the abstract protocol.
        arguments.bounds.refinement = needs_refinement;
    }
    refuse_formulas_of_nothing(arguments)?;
    refuse_duplicates_of_facts(arguments)?;
    if arguments.validate && arguments.mode() == Mode::Plain {
        let why = arguments.bounds.why_plain().unwrap_or("--plain is given");
        return Err(Failure::usage(format_args!(
            "--validate: plain mode, because {why}; expected the fast mode, which alone takes states for each \
             other; try quorate check small --validate"
        )));
    }
    if arguments.update_counts {
        let name = arguments.model.name;
        let wrong = match arguments.property {
            Some(_) => Some("every property"),
            None if arguments.bounds != arguments.model.bounds => Some("the bounds of the model"),
            None => None,
        };
        if let Some(expected) = wrong {
            return Err(Failure::usage(format_args!(
                "--update-counts: {:?}; expected {expected}; try quorate check {name} --update-counts",
                arguments.subject().trim()
            )));
        }
    }
    Ok(())
}

/// In the network of facts nothing is a duplicate.
fn refuse_duplicates_of_facts(arguments: &CheckArguments) -> Result<(), Failure> {
    let given = arguments.given.iter().rfind(|(flag, _)| *flag == "duplicates");
    if let Some((_, value)) = given
        && arguments.bounds.duplicates > 0
        && arguments.bounds.network == NetworkKind::Facts
    {
        return Err(Failure::usage(format_args!(
            "--duplicates: {value:?}; expected 0 with facts, a network in which any message comes again any \
             number of times; try --network in-flight"
        )));
    }
    Ok(())
}

/// Formulas are evaluated on abstract actions, of which there are none unless steps are compared with them.
fn refuse_formulas_of_nothing(arguments: &CheckArguments) -> Result<(), Failure> {
    if arguments.property == Some(FORMULAS) && !arguments.formulas {
        return Err(Failure::usage(format_args!(
            "--property: {FORMULAS:?}; expected the formulas to be evaluated; try --formulas"
        )));
    }
    if arguments.formulas && !arguments.bounds.refinement {
        let why = match arguments.property {
            Some(property) => {
                format!("{property} alone is checked; expected a property of the comparison with")
            }
            None => "no abstract actions; expected bounds that compare with".to_owned(),
        };
        return Err(Failure::usage(format_args!(
            "--formulas: {why} the abstract protocol; try quorate check refinement --formulas"
        )));
    }
    Ok(())
}
