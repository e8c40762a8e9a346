//! The abstract protocol knows its nodes by their names alone: renaming before a step or after it is the same.

mod runs;

use quorate_core::{Renumber, ServerId};
use quorate_spec::{Transition, coupled, refine};
use runs::{Run, random_action, random_setting};

#[test]
fn a_renamed_step_does_the_renamed_thing_to_the_abstract_protocol() {
    let mut rng = fastrand::Rng::with_seed(23);
    for servers in 1..=5_u8 {
        let mut run = Run::new(random_setting(&mut rng, servers));
        let mut order: Vec<u8> = (1..=servers).collect();
        rng.shuffle(&mut order);
        let names = |server: ServerId| {
            ServerId::new(order[usize::from(server.get()) - 1]).expect("numbers of servers")
        };
        for _ in 0..400 {
            let before = run.cluster.clone();
            let mut renamed = run.refinement.renumber(&names);
            let action = random_action(&mut rng, &before);
            run.perform(&action).expect("it follows the abstract protocol");

            let before = before.renumber(&names);
            let action = action.renumber(&names);
            let mut after = before.clone();
            let performed = after.perform(&run.setting.parameters, &action);
            let transition = Transition {
                before: &before,
                action: &action,
                happening: &performed.expect("possible under any names"),
                after: &after,
            };
            refine(&mut renamed.abstract_state, &transition).expect("so does the renamed step");
            assert_eq!(renamed, run.refinement.renumber(&names), "{action}");
            coupled(&renamed.abstract_state, &after).expect("so does the renamed cluster");
        }
        let history = &run.refinement.abstract_state;
        assert!(!history.leaders.is_empty(), "nothing has happened that names servers");
    }
}
