//! What happens next: first a kind of action by its weight, then one of its actions that can happen.

use super::Plan;
use quorate_cluster::{Action, ActionKind, Choices, Cluster, Envelope, Network};
use quorate_core::{Role, ServerId};

/// How often an action of each kind is chosen, relative to the others. Messages and disks outnumber faults,
/// or nothing would ever be committed. Each episode makes some kinds rarer and others more frequent, so that
/// there are slow disks, many elections, long partitions, and not the same mixture everywhere.
const WEIGHTS: [(ActionKind, u64); ActionKind::COUNT] = [
    (ActionKind::Deliver, 100),
    (ActionKind::Sync, 60),
    (ActionKind::Propose, 15),
    (ActionKind::HeartbeatTimeout, 8),
    (ActionKind::Drop, 8),
    (ActionKind::Read, 6),
    (ActionKind::Duplicate, 5),
    (ActionKind::ElectionTimeout, 3),
    (ActionKind::Crash, 2),
    (ActionKind::Heal, 2),
    (ActionKind::Cut, 1),
    (ActionKind::Wipe, 1),
];

/// For how many actions a disk that hangs from time to time works, and then hangs.
const HANG: u64 = 64;

/// Chooses the actions of one episode.
pub(super) struct Chooser {
    /// The kinds that happen, and the sums of the weights up to each of them.
    sums: Vec<(ActionKind, u64)>,
    /// A server whose disk hangs from time to time, if one does.
    hanging_disk: Option<ServerId>,
    /// How many actions have been chosen.
    chosen: u64,
    /// The actions among which one is chosen, kept for its memory alone.
    possible: Vec<Action>,
}

impl Chooser {
    /// For an episode of this plan.
    pub(super) fn new(plan: &Plan, random: &mut fastrand::Rng) -> Chooser {
        // Server 0 does not exist: then no disk hangs.
        let hanging_disk = ServerId::new(random.u8(0..=plan.servers));
        let mut sum = 0;
        let mut sums = Vec::with_capacity(WEIGHTS.len());
        for (kind, weight) in WEIGHTS {
            // Larger clusters have more messages to deliver before something comes of it.
            let size = match kind {
                ActionKind::Deliver | ActionKind::Sync => u64::from(plan.servers.div_ceil(2)),
                _ => 2,
            };
            let scale = [1, 3, 9][random.usize(..3)];
            if plan.faults.offer(kind) {
                sum += weight * size * scale;
                sums.push((kind, sum));
            }
        }
        let hanging_disk = hanging_disk.filter(|_| plan.faults.hanging_disks);
        Chooser { sums, hanging_disk, chosen: 0, possible: Vec::new() }
    }

    /// The next action.
    pub(super) fn choose(&mut self, cluster: &Cluster, random: &mut fastrand::Rng) -> Action {
        self.chosen += 1;
        let total = self.sums.last().map_or(1, |(_, sum)| *sum);
        // Timers run out in every state, so this ends.
        loop {
            let ticket = random.u64(..total);
            let hit = self.sums.iter().find(|(_, sum)| ticket < *sum);
            let kind = hit.map_or(ActionKind::ElectionTimeout, |(kind, _)| *kind);
            if let Some(action) = self.choose_of(kind, cluster, random) {
                return action;
            }
        }
    }

    /// One action of a kind, if one can happen.
    fn choose_of(
        &mut self,
        kind: ActionKind,
        cluster: &Cluster,
        random: &mut fastrand::Rng,
    ) -> Option<Action> {
        // Of messages and writes, of which there are many, only the one chosen is named.
        let network = &cluster.network;
        match kind {
            ActionKind::Deliver => arriving(network, random).map(Action::Deliver),
            ActionKind::Duplicate => arriving(network, random).map(Action::Duplicate),
            ActionKind::Drop => in_flight(network, random).map(Action::Drop),
            ActionKind::Sync => self.sync(cluster, random),
            ActionKind::ElectionTimeout
            | ActionKind::HeartbeatTimeout
            | ActionKind::Crash
            | ActionKind::Propose
            | ActionKind::Read
            | ActionKind::Cut
            | ActionKind::Heal
            | ActionKind::Wipe => {
                self.possible.clear();
                cluster.possible_actions(&Choices::only(kind), &mut self.possible);
                self.leave_out(kind, cluster, random);
                let count = self.possible.len();
                (count > 0).then(|| self.possible.swap_remove(random.usize(..count)))
            }
        }
    }

    /// Some writes of some disk that does not hang.
    fn sync(&self, cluster: &Cluster, random: &mut fastrand::Rng) -> Option<Action> {
        let is_hanging = self.chosen / HANG % 2 == 1;
        let hanging = self.hanging_disk.filter(|_| is_hanging);
        let owed = cluster.servers.iter().filter_map(|server| {
            let (id, writes) = (server.state.id, server.disk.unfinished.len());
            (Some(id) != hanging).then_some((id, writes))
        });
        let all: usize = owed.clone().map(|(_, writes)| writes).sum();
        let mut left = (all > 0).then(|| random.usize(..all))?;
        for (server, writes) in owed {
            match left.checked_sub(writes) {
                None => return Some(Action::Sync { server, count: left + 1 }),
                Some(beyond) => left = beyond,
            }
        }
        None
    }

    /// Leaves out what has its place, but a small one: leaders whose election timer runs out, requests to
    /// servers that do not lead.
    fn leave_out(&mut self, kind: ActionKind, cluster: &Cluster, random: &mut fastrand::Rng) {
        let leads = |server: &ServerId| {
            let server = cluster.server(*server);
            server.is_some_and(|server| matches!(server.state.role, Role::Leader(_)))
        };
        match kind {
            ActionKind::ElectionTimeout if random.bool() => self.possible.retain(
                |action| !matches!(action, Action::ElectionTimeout(server) if leads(server)),
            ),
            ActionKind::Propose | ActionKind::Read if random.u8(..4) > 0 => {
                self.possible.retain(|action| match action {
                    Action::Propose { server, .. } | Action::Read { server, .. } => leads(server),
                    _ => true,
                });
            }
            _ => {}
        }
    }
}

/// A message in flight.
fn in_flight(network: &Network, random: &mut fastrand::Rng) -> Option<Envelope> {
    let all = network.in_flight.len();
    (all > 0).then(|| network.in_flight.keys().nth(random.usize(..all)).cloned())?
}

/// A message that can arrive.
fn arriving(network: &Network, random: &mut fastrand::Rng) -> Option<Envelope> {
    if network.cuts.is_empty() {
        return in_flight(network, random);
    }
    let arriving: Vec<&Envelope> = network.arriving().collect();
    (!arriving.is_empty()).then(|| arriving[random.usize(..arriving.len())].clone())
}
