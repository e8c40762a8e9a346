//! One episode: a new cluster, random actions, every check, and then peace.

use super::choose::Chooser;
use super::{Checks, Failure, Plan, Summary};
use quorate_cluster::{Action, Cluster, NetworkKind, Setting};
use quorate_core::{Parameters, Spreading};
use quorate_spec::{
    ASSERTIONS, ClientHistory, Refinement, StepCheck, Transition, Violation, coupled, guarded,
    properties, recovery, witnesses,
};

/// After so many actions the whole cluster is looked at.
const LOOK_AT_ALL: u64 = 64;

/// Runs one episode of a plan, with a second opinion on every abstract action if there is one. It looks for no
/// reachability witness of the set `known`, as bits in the order of their list. `observe` sees every action before it
/// happens.
///
/// # Errors
/// When a check fails: which, and what happened.
pub fn run_episode(
    plan: &Plan,
    number: u64,
    known: u64,
    opinion: Option<&dyn StepCheck>,
    observe: &mut dyn FnMut(&Action),
) -> Result<Summary, Box<Failure>> {
    // Neighbouring seeds would share episodes if the number were added to the seed.
    let mut seeds = fastrand::Rng::with_seed(plan.seed);
    let mut random =
        fastrand::Rng::with_seed(seeds.u64(..) ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let setting = random_setting(plan.servers, &mut random);
    let mut chooser = Chooser::new(plan, &mut random);
    let mut episode = Episode { known, ..Episode::begin(setting, plan.checks, opinion) };
    let mut run = || {
        for _ in 0..plan.length_of(number) {
            let action = chooser.choose(&episode.cluster, &mut random);
            observe(&action);
            episode.perform(action)?;
        }
        episode.end()
    };
    match run() {
        Ok(()) => Ok(episode.summary),
        Err(violation) => {
            let Episode { setting, actions, .. } = episode;
            Err(Box::new(Failure { episode: number, violation, setting, actions }))
        }
    }
}

/// A cluster of random parameters.
fn random_setting(servers: u8, random: &mut fastrand::Rng) -> Setting {
    let spreading = [Spreading::AtOnce, Spreading::WithNextMessage][random.usize(..2)];
    let parameters = Parameters {
        batch: random.usize(1..=4),
        window: random.usize(1..=4),
        max_uncommitted: random.u64(2..=16),
        max_reads: random.usize(1..=3),
        spreading,
    };
    Setting { servers, network: NetworkKind::Faulty, parameters }
}

/// An episode under way.
pub(super) struct Episode<'a> {
    setting: Setting,
    checks: Checks,
    opinion: Option<&'a dyn StepCheck>,
    /// The witnesses that are not looked for.
    known: u64,
    /// The cluster.
    pub(super) cluster: Cluster,
    /// The same cluster one action late: what was before the action. To let an action happen twice costs less
    /// than to copy a cluster, and shows in passing that the outcome is the same.
    before: Cluster,
    refinement: Refinement,
    /// What clients saw.
    clients: ClientHistory,
    /// What has happened.
    actions: Vec<Action>,
    summary: Summary,
}

impl<'a> Episode<'a> {
    /// Begins with a new cluster.
    pub(super) fn begin(
        setting: Setting,
        checks: Checks,
        opinion: Option<&'a dyn StepCheck>,
    ) -> Episode<'a> {
        let cluster = Cluster::new(&setting);
        Episode {
            setting,
            checks,
            opinion,
            known: 0,
            before: cluster.clone(),
            refinement: Refinement::new(&cluster),
            cluster,
            clients: ClientHistory::default(),
            actions: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// Lets an action happen, and checks what it did.
    pub(super) fn perform(&mut self, action: Action) -> Result<(), Violation> {
        let parameters = &self.setting.parameters;
        let performed = guarded(|| self.cluster.perform(parameters, &action));
        self.actions.push(action);
        let action = &self.actions[self.actions.len() - 1];
        let happening = match performed {
            Ok(Ok(happening)) => happening,
            Ok(Err(impossible)) => unreachable!("{action} was offered as possible: {impossible}"),
            Err(why) => return Err(Violation { property: ASSERTIONS, why }),
        };
        self.summary.note(action.kind(), &happening);
        let transition = Transition {
            before: &self.before,
            action,
            happening: &happening,
            after: &self.cluster,
        };
        self.summary.witnesses |=
            witnesses::newly_seen(&transition, self.known | self.summary.witnesses);
        self.clients.note(&transition);
        properties::check_step(&transition)?;
        if self.checks.refine() {
            let exercised = self.refinement.follow(&transition, self.opinion)?;
            self.summary.exercised.add(exercised);
        }
        if self.checks == Checks::All {
            properties::check_state(&self.cluster)?;
        }
        if self.summary.actions.is_multiple_of(LOOK_AT_ALL) {
            self.look_at_all()?;
        }
        let again = self.before.perform(parameters, action);
        debug_assert!(again.is_ok(), "what happened once can happen again");
        Ok(())
    }

    /// What has happened.
    pub(super) fn into_actions(self) -> Vec<Action> {
        self.actions
    }

    /// Checks the whole cluster.
    fn look_at_all(&self) -> Result<(), Violation> {
        properties::check_state(&self.cluster)?;
        match self.checks.refine() {
            true => coupled(&self.refinement.abstract_state, &self.cluster),
            false => Ok(()),
        }
    }

    /// Ends the episode: with the faults off, the cluster must recover.
    pub(super) fn end(&mut self) -> Result<(), Violation> {
        self.look_at_all()?;
        for (_, operation) in self.clients.recorded.operations() {
            let summary = &mut self.summary;
            let is_answered = operation.completed.is_some();
            *(if is_answered { &mut summary.answered } else { &mut summary.unknown }) += 1;
        }
        self.clients.check()?;
        self.summary.note_end(&self.cluster);
        self.summary.recovery_rounds = recovery::recover(&self.setting, &self.cluster)?;
        Ok(())
    }
}
