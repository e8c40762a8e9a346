//! Every witness is reached, by chance or by script.

mod common;

use common::Run;
use fastrand::Rng;
use quorate_spec::witnesses::{missing_from, newly_seen};
use quorate_spec::{WITNESSES, seen_in};
use std::collections::BTreeSet;

#[test]
fn by_chance() {
    for servers in 1..=5 {
        let mut seen = 0;
        for seed in 0..20 {
            let mut rng = Rng::with_seed(seed);
            let mut run = Run::new(servers);
            for step in 0..1500 {
                run.act_by_chance(&mut rng);
                assert_eq!(run.violation, None, "servers {servers} seed {seed} step {step}");
            }
            seen |= run.seen;
        }
        println!("{servers}: missing {:?}", missing_from(seen).map(|w| w.name).collect::<Vec<_>>());
    }
}
