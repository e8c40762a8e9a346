//! Servers are known by their names alone: renumbering before an action or after it is the same.

use quorate_cluster::{Choices, Cluster, NetworkKind, Setting};
use quorate_core::{Parameters, Renumber, ServerId, Spreading};

#[test]
fn a_renumbered_action_does_the_renumbered_thing() {
    let mut random = fastrand::Rng::with_seed(17);
    for servers in 1..=5_u8 {
        for _ in 0..10 {
            let parameters = Parameters {
                batch: random.usize(1..3),
                window: random.usize(1..3),
                max_uncommitted: 6,
                max_reads: 2,
                spreading: [Spreading::AtOnce, Spreading::WithNextMessage][random.usize(..2)],
            };
            let setting = Setting { servers, network: NetworkKind::Faulty, parameters };
            let mut order: Vec<u8> = (1..=servers).collect();
            random.shuffle(&mut order);
            let names = |server: ServerId| {
                let name = ServerId::new(order[usize::from(server.get()) - 1]);
                name.expect("numbers of servers")
            };
            let mut cluster = Cluster::new(&setting);
            let mut possible = Vec::new();
            for _ in 0..300 {
                cluster.possible_actions(&Choices::all(), &mut possible);
                let action = possible.swap_remove(random.usize(..possible.len()));
                possible.clear();
                let mut renumbered = cluster.renumber(&names);
                cluster.perform(&parameters, &action).expect("possible");
                let other = action.renumber(&names);
                renumbered.perform(&parameters, &other).expect("possible under any names");
                assert_eq!(renumbered, cluster.renumber(&names), "{action}");
            }
        }
    }
}
