//! Properties of the core under random and hostile inputs, against naive models, and of its disk.
//!
//! Every run is a function of a fixed seed: a failure repeats itself until its cause is gone.
#![allow(clippy::unwrap_used, reason = "what a test builds is valid, or the test is wrong")]
#![allow(clippy::indexing_slicing, reason = "a wrong index is a failed test")]
#![allow(clippy::arithmetic_side_effects, reason = "an overflow is a failed test")]

mod acts;
mod disk;
mod models;
mod promises;
mod renaming;
mod rules;

use acts::{Act, acts};
use disk::Disk;
use promises::Promises;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use quorate_core::{
    Configuration, Effects, Input, Parameters, ServerId, Spreading, State, step, step_into,
};

/// The configuration of every property: so many cases, always the same ones.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x9e37_79b9_7f4a_7c15),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

/// The server with this number.
fn id(number: u8) -> ServerId {
    ServerId::new(number).unwrap()
}

/// Small limits, so that short runs reach them.
fn parameters() -> impl Strategy<Value = Parameters> {
    let spreading = prop_oneof![Just(Spreading::AtOnce), Just(Spreading::WithNextMessage)];
    (0..4_usize, 0..4_usize, 0..6_u64, 0..4_usize, spreading).prop_map(
        |(batch, window, max_uncommitted, max_reads, spreading)| Parameters {
            batch,
            window,
            max_uncommitted,
            max_reads,
            spreading,
        },
    )
}

/// Server 1 of a cluster of 1 to 7, its disk, and what it has promised.
struct Run {
    parameters: Parameters,
    state: State<u8>,
    disk: Disk,
    promises: Promises,
}

impl Run {
    fn new(parameters: Parameters, voters: u8) -> Run {
        let configuration = Configuration::new((1..=voters).map(id).collect()).unwrap();
        let state = State::new(id(1), configuration).unwrap();
        Run { parameters, state, disk: Disk::default(), promises: Promises::default() }
    }

    /// Performs an act and checks every rule; what the step did, unless the act was a crash.
    fn perform(&mut self, act: &Act) -> Option<(Input<u8>, Effects<u8>)> {
        let Some(input) = act.input(&self.state) else {
            self.promises.forget_requests();
            self.disk.crash(act.survivors());
            self.state = self.disk.recover(&self.state);
            self.promises.check_disk(&self.disk);
            return None;
        };
        let before = self.state.clone();
        let (after, effects) = step(&self.parameters, before.clone(), input.clone());
        rules::check_state(&self.parameters, &after);
        rules::check_step(&before, &input, &after, &effects);
        self.disk.perform(&input, &effects);
        self.disk.check(&after);
        self.promises.record(&input, &after, &effects);
        self.state = after;
        Some((input, effects))
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// No input makes a server panic, break a rule of its own state, or break a promise - not even across
    /// crashes that lose unfinished writes.
    #[test]
    fn no_input_breaks_a_rule(
        parameters in parameters(), voters in 1..=7_u8, acts in acts(60),
    ) {
        let mut run = Run::new(parameters, voters);
        for act in &acts {
            run.perform(act);
        }
    }

    /// A step is a function: the same state and input give the same state and effects, and what the memory
    /// of the effects held before has no part in it.
    #[test]
    fn a_step_is_a_function(parameters in parameters(), voters in 1..=7_u8, acts in acts(30)) {
        let mut run = Run::new(parameters, voters);
        let mut reused = Effects::default();
        for act in &acts {
            let mut state = run.state.clone();
            let Some((input, effects)) = run.perform(act) else { continue };
            reused.clear();
            step_into(&run.parameters, &mut state, input, &mut reused);
            prop_assert_eq!(&state, &run.state);
            prop_assert_eq!(&reused, &effects);
        }
    }

    /// Whatever a server is or does can be told with other names for the servers; and effects are empty if and
    /// only if they are those of a step that does nothing.
    #[test]
    fn names_are_names(parameters in parameters(), voters in 1..=7_u8, acts in acts(40)) {
        let mut run = Run::new(parameters, voters);
        for act in &acts {
            let Some((_, effects)) = run.perform(act) else { continue };
            renaming::check(&run.state, &effects);
            prop_assert_eq!(effects.is_empty(), effects == Effects::default());
        }
    }

    /// To report k writes at once gives the state of reporting them one by one. What it does is the same
    /// too, but for intermediate news: one by one, a server also sends acknowledgements and commit indices
    /// that its own later ones exceed, and answers a read before it answers a later write.
    #[test]
    fn writes_reported_at_once_are_writes_reported_one_by_one(
        parameters in parameters(), voters in 1..=7_u8, acts in acts(40),
    ) {
        let mut run = Run::new(parameters, voters);
        for act in &acts {
            for count in 2..=run.state.unfinished.len() {
                disk::compare_completions(&run.parameters, &run.state, count);
            }
            run.perform(act);
        }
    }

    /// Whatever a server knows, hears or does can be written down and read back.
    #[test]
    fn everything_survives_serialization(
        parameters in parameters(), voters in 1..=7_u8, acts in acts(20),
    ) {
        let mut run = Run::new(parameters, voters);
        for act in &acts {
            let Some((input, effects)) = run.perform(act) else { continue };
            let text = serde_json::to_string(&(&run.state, &input, &effects, &run.parameters)).unwrap();
            let read: (State<u8>, Input<u8>, Effects<u8>, Parameters) =
                serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, (run.state.clone(), input, effects, run.parameters));
        }
    }
}

/// The random runs are not vacuous: they see leaders commit and apply, reads served, entries replaced,
/// messages refused, and every way to step down.
#[test]
fn the_random_runs_reach_what_they_are_to_check() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::new(cases(1));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let strategy = (parameters(), 1..=7_u8, acts(60));
        let (parameters, voters, acts) = strategy.new_tree(&mut runner).unwrap().current();
        let mut run = Run::new(parameters, voters);
        for act in &acts {
            let before = run.state.clone();
            let Some((_, effects)) = run.perform(act) else { continue };
            rules::note_reached(&before, &effects, &mut seen);
        }
    }
    for witness in rules::WITNESSES {
        assert!(seen.contains(witness), "never reached: {witness}; reached: {seen:?}");
    }
}
