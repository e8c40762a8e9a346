//! The axioms: that they are true of what they are meant for.
//!
//! A description assumes that terms and indices are in a total order and that two majorities have a node in common.
//! With a wrong axiom anything can be proved. So the axioms of `replication.epr` are proved as well, of numbers and of
//! the majorities of finite sets, in queries that are files of their own (`proofs/axioms`). An axiom that is not one of
//! these is assumed, and the report says so.

use crate::ast::{Description, Named};
use crate::forms::parse;
use crate::queries::{About, Query};

/// What is asked about an axiom.
struct Discharge {
    /// The axiom's name in the protocol's description, whose formula it must have, too.
    axiom: &'static str,
    /// The query's name.
    name: &'static str,
    text: &'static str,
    needs_sets: bool,
}

const DISCHARGES: [Discharge; 4] = [
    Discharge {
        axiom: "tle_order",
        name: "axiom.tle_order",
        text: include_str!("axioms/orders.smt2"),
        needs_sets: false,
    },
    Discharge {
        axiom: "ile_order",
        name: "axiom.ile_order",
        text: include_str!("axioms/orders.smt2"),
        needs_sets: false,
    },
    Discharge {
        axiom: "quorums_intersect",
        name: "axiom.quorums_intersect.by_counting",
        text: include_str!("axioms/majorities_by_counting.smt2"),
        needs_sets: false,
    },
    Discharge {
        axiom: "quorums_intersect",
        name: "axiom.quorums_intersect.by_sets",
        text: include_str!("axioms/majorities_by_sets.smt2"),
        needs_sets: true,
    },
];

/// The queries about the axioms of a description, and the names of the axioms that are assumed.
pub fn axioms(description: &Description) -> (Vec<Query>, Vec<String>) {
    // The protocol's own description is tested to be one.
    let known = parse(crate::REPLICATION).map(|known| known.axioms).unwrap_or_default();
    let is_known = |axiom: &&Named| known.contains(axiom);
    let query = |discharge: &Discharge| Query {
        name: discharge.name.to_owned(),
        about: About::Axiom { axiom: discharge.axiom.to_owned(), needs_sets: discharge.needs_sets },
        text: discharge.text.to_owned(),
        assertions: Vec::new(),
    };
    let asked = description.axioms.iter().filter(is_known).flat_map(|axiom| {
        DISCHARGES.iter().filter(|discharge| discharge.axiom == axiom.name).map(query)
    });
    let assumed = description.axioms.iter().filter(|axiom| !is_known(axiom));
    (asked.collect(), assumed.map(|axiom| axiom.name.clone()).collect())
}
