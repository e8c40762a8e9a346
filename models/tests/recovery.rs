//! Every state of a small model recovers once nothing goes wrong any more.

use quorate_models::{Bounds, Mode, PlainModel, PlainState, Stopper, Tracker, find};
use quorate_spec::recovery::recover;
use stateright::Model;
use std::collections::BTreeSet;

/// Recovers from every state of a model. How many states, and the greatest number of rounds.
fn recover_from_everywhere(bounds: Bounds) -> (usize, u64) {
    let model = PlainModel::new(bounds, None, Tracker::new(Stopper::default()));
    let setting = bounds.setting();
    let mut known: BTreeSet<PlainState> = model.init_states().into_iter().collect();
    let mut open: Vec<PlainState> = known.iter().cloned().collect();
    let mut rounds = 0;
    while let Some(state) = open.pop() {
        match recover(&setting, &state.cluster) {
            Ok(taken) => rounds = rounds.max(taken),
            Err(violation) => panic!("{violation:?} from\n{}", state.cluster),
        }
        for next in model.next_states(&state) {
            if known.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    (known.len(), rounds)
}

#[test]
fn every_state_of_a_small_cluster_recovers() {
    for (name, expected, most_rounds) in
        [("single", 66_525, 2), ("pair", 8_664, 5), ("small", 38_679, 4)]
    {
        let named = find(name).expect("a named model");
        // The history of the abstract protocol makes states differ that recover alike.
        let bounds = Bounds { refinement: false, ..named.bounds };
        let (states, rounds) = recover_from_everywhere(bounds);
        println!("{name}: {states} states, {rounds} rounds");
        let recorded = named.recorded(Mode::Plain).filter(|_| bounds == named.bounds);
        assert!(recorded.is_none_or(|counts| counts.distinct == states as u64), "{name}: {states}");
        assert_eq!(states, expected, "{name}");
        assert!(rounds <= most_rounds, "{name}: {rounds} rounds");
    }
}
