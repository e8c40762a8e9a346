//! Simulation: random runs of clusters that are too large to explore, with every check on every step.
//!
//! A run is a function of its seed: the same seed, servers and length give the same actions, byte for byte.
//! It consists of episodes; each begins with a new cluster, lets random actions with all faults happen to
//! it, and ends with the faults off, when the cluster must recover. What clients saw until then must be
//! linearizable.

use core::fmt;
use quorate_cluster::{Action, ActionKind, Choices, Cluster, NetworkKind, Setting};
use quorate_core::{Parameters, Role, ServerId, Spreading};
use quorate_spec::{
    ASSERTIONS, ClientHistory, LINEARIZABILITY, Refinement, Transition, Violation, guarded,
    properties, recovery, script, witnesses,
};

/// What to simulate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many servers, 1 to 7.
    pub servers: u8,
    /// The seed from which everything follows.
    pub seed: u64,
    /// How many actions in all.
    pub actions: u64,
    /// How many actions in one episode at most.
    pub episode: u64,
    /// **Unsafe**: whether disks are wiped too. The protocol does not survive that, and a simulation with
    /// wipes that goes on for long enough fails.
    pub wipes: bool,
}

/// What a simulation did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// How many actions happened.
    pub actions: u64,
    /// How many episodes.
    pub episodes: u64,
    /// How often actions of each kind happened, in the order of their declaration.
    pub fired: [u64; ActionKind::COUNT],
    /// Which reachability witnesses were seen, as bits in the order of their list.
    pub witnesses: u64,
    /// The greatest term.
    pub greatest_term: u64,
    /// How many requests of clients were answered: commands that were appended, and reads.
    pub answered: u64,
    /// Of how many the outcome stayed unknown.
    pub unknown: u64,
    /// How many entries were committed.
    pub committed: u64,
    /// The greatest number of rounds that a recovery took.
    pub recovery_rounds: u64,
}

/// A simulation that found a violation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The violation.
    pub violation: Violation,
    /// A scenario that replays the episode, to the violation if an action showed it.
    pub script: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { violation, script } = self;
        write!(f, "{}: {}\n{script}", violation.property, violation.why)
    }
}

impl core::error::Error for Failure {}

/// How often an action of each kind is chosen, relative to the others. Messages and disks outnumber faults,
/// or nothing would ever be committed. Each episode makes some kinds rarer and others more frequent, so that
/// there are slow disks, many elections, long partitions, and not the same mixture everywhere.
const WEIGHTS: [(ActionKind, u64); 12] = [
    (ActionKind::ElectionTimeout, 3),
    (ActionKind::HeartbeatTimeout, 8),
    (ActionKind::Deliver, 100),
    (ActionKind::Duplicate, 5),
    (ActionKind::Drop, 8),
    (ActionKind::Sync, 60),
    (ActionKind::Crash, 2),
    (ActionKind::Propose, 15),
    (ActionKind::Read, 6),
    (ActionKind::Cut, 1),
    (ActionKind::Heal, 2),
    // Only where the plan says so.
    (ActionKind::Wipe, 1),
];

/// For how many actions a disk that hangs from time to time works, and then hangs.
const HANG: usize = 64;

/// Runs a simulation. `observe` sees every action before it happens.
///
/// # Errors
/// When a check fails: which, and a script of the episode.
pub fn simulate(plan: &Plan, observe: &mut dyn FnMut(&Action)) -> Result<Summary, Box<Failure>> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut summary = Summary::default();
    while summary.actions < plan.actions {
        let length = plan.episode.min(plan.actions - summary.actions);
        let mut episode = Episode::begin(plan, &mut random);
        let ended = episode.run(length, &mut random, observe, &mut summary);
        ended.map_err(|violation| Box::new(episode.fail(violation)))?;
        summary.episodes += 1;
    }
    Ok(summary)
}

struct Episode {
    weights: Vec<(ActionKind, u64)>,
    /// A server whose disk hangs from time to time, if one does.
    hanging_disk: Option<ServerId>,
    setting: Setting,
    cluster: Cluster,
    refinement: Refinement,
    /// What clients saw.
    clients: ClientHistory,
    trace: Vec<Action>,
}

impl Episode {
    /// Begins with a new cluster of random parameters.
    fn begin(plan: &Plan, random: &mut fastrand::Rng) -> Episode {
        let spreading = [Spreading::AtOnce, Spreading::WithNextMessage][random.usize(..2)];
        let parameters = Parameters {
            batch: random.usize(1..=4),
            window: random.usize(1..=4),
            max_uncommitted: random.u64(2..=16),
            max_reads: random.usize(1..=3),
            spreading,
        };
        let servers = plan.servers;
        // Server 0 does not exist: then no disk hangs.
        let hanging_disk = ServerId::new(random.u8(0..=servers));
        let offered = |kind: ActionKind| plan.wipes || kind != ActionKind::Wipe;
        let weights = WEIGHTS.iter().filter(|(kind, _)| offered(*kind));
        // Larger clusters have more messages to deliver before something comes of it.
        let size = |kind: ActionKind| match kind {
            ActionKind::Deliver | ActionKind::Sync => u64::from(servers.div_ceil(2)),
            _ => 2,
        };
        let mut scale = |kind: ActionKind| size(kind) * [1, 3, 9][random.usize(..3)];
        let weights = weights.map(|(kind, weight)| (*kind, weight * scale(*kind))).collect();
        let setting = Setting { servers, network: NetworkKind::Faulty, parameters };
        let cluster = Cluster::new(&setting);
        let refinement = Refinement::new(&cluster);
        let (clients, trace) = (ClientHistory::default(), Vec::new());
        Episode { weights, hanging_disk, setting, cluster, refinement, clients, trace }
    }

    fn run(
        &mut self,
        length: u64,
        random: &mut fastrand::Rng,
        observe: &mut dyn FnMut(&Action),
        summary: &mut Summary,
    ) -> Result<(), Violation> {
        for _ in 0..length {
            let action = self.choose(random);
            observe(&action);
            self.perform(action, summary)?;
        }
        for (_, operation) in self.clients.recorded.operations() {
            let count = if operation.completed.is_some() {
                &mut summary.answered
            } else {
                &mut summary.unknown
            };
            *count += 1;
        }
        self.clients.check()?;
        summary.committed += self.cluster.history.committed.len() as u64;
        let rounds = recovery::recover(&self.setting, &self.cluster)?;
        summary.recovery_rounds = summary.recovery_rounds.max(rounds);
        Ok(())
    }

    /// The failure that a violation is.
    fn fail(&self, violation: Violation) -> Failure {
        // That a cluster does not recover, that a server's own assertion fails, or that clients saw more than
        // one object, no action shows.
        let unshown = [recovery::RECOVERABILITY, ASSERTIONS, LINEARIZABILITY];
        let shown_by_action = !unshown.contains(&violation.property);
        let expected = shown_by_action.then_some(violation.property);
        let script = script(&self.setting, &self.trace, expected);
        Failure { violation, script }
    }

    /// Chooses a kind of action by its weight, then one of its actions that can happen.
    fn choose(&self, random: &mut fastrand::Rng) -> Action {
        let total: u64 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut possible = Vec::new();
        loop {
            let mut ticket = random.u64(..total);
            let chosen = self.weights.iter().find(|(_, weight)| {
                let hit = ticket < *weight;
                ticket = ticket.saturating_sub(*weight);
                hit
            });
            let Some((kind, _)) = chosen else { continue };
            self.cluster.possible_actions(&Choices::only(*kind), &mut possible);
            // Leaders' own timeouts and requests to followers have their place, but a small one.
            if *kind == ActionKind::ElectionTimeout && random.bool() {
                possible.retain(|action| !concerns_leader(&self.cluster, action));
            }
            let hangs_now = self.trace.len() / HANG % 2 == 1;
            if *kind == ActionKind::Sync && hangs_now {
                possible.retain(|action| !concerns_disk_of(self.hanging_disk, action));
            }
            if !possible.is_empty() {
                return possible.swap_remove(random.usize(..possible.len()));
            }
        }
    }

    fn perform(&mut self, action: Action, summary: &mut Summary) -> Result<(), Violation> {
        let before = self.cluster.clone();
        let performed = guarded(|| self.cluster.perform(&self.setting.parameters, &action));
        self.trace.push(action);
        let after = &self.cluster;
        let action = &self.trace[self.trace.len() - 1];
        let happening = match performed {
            Ok(Ok(happening)) => happening,
            Ok(Err(impossible)) => unreachable!("{action} was offered as possible: {impossible}"),
            Err(why) => return Err(Violation { property: ASSERTIONS, why }),
        };
        let transition = Transition { before: &before, action, happening: &happening, after };
        summary.actions += 1;
        summary.fired[action.kind() as usize] += 1;
        summary.witnesses |= witnesses::newly_seen(&transition, summary.witnesses);
        let terms = after.servers.iter().map(|server| server.state.current_term.0);
        summary.greatest_term = summary.greatest_term.max(terms.max().unwrap_or(0));
        properties::check_step(&transition)?;
        properties::check_state(after)?;
        self.clients.note(&transition);
        self.refinement.check(&transition)
    }
}

fn concerns_disk_of(server_with_it: Option<ServerId>, action: &Action) -> bool {
    matches!(action, Action::Sync { server, .. } if Some(*server) == server_with_it)
}

fn concerns_leader(cluster: &Cluster, action: &Action) -> bool {
    let Action::ElectionTimeout(server) = action else { return false };
    let server = cluster.server(*server);
    server.is_some_and(|server| matches!(server.state.role, Role::Leader(_)))
}
