//! What to simulate.

use quorate_cluster::ActionKind;

/// What to simulate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many servers, 1 to 7.
    pub servers: u8,
    /// The seed from which everything follows.
    pub seed: u64,
    /// How many actions in all.
    pub actions: u64,
    /// How many actions in one episode at most, at least 1.
    pub episode: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// What is checked when.
    pub checks: Checks,
}

impl Plan {
    /// How many episodes that makes.
    pub const fn episodes(&self) -> u64 {
        self.actions.div_ceil(self.episode)
    }

    /// How many actions an episode has: as many as each other, but for the last.
    pub fn length_of(&self, episode: u64) -> u64 {
        self.episode.min(self.actions.saturating_sub(episode.saturating_mul(self.episode)))
    }
}

/// What is checked when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checks {
    /// After each action what the step of a server shows of it; the whole cluster after every 64th action and
    /// at the end of an episode. A damage that heals within that time goes unseen.
    Steps,
    /// After each action also that it is a sequence of abstract actions, and that the server that acted is
    /// coupled to them; whether all servers are, when the whole cluster is looked at.
    Refinement,
    /// After each action also every property of the whole cluster.
    All,
}

impl Checks {
    /// All, the quickest first.
    pub const ALL: [Checks; 3] = [Checks::Steps, Checks::Refinement, Checks::All];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Checks::Steps => "steps",
            Checks::Refinement => "refinement",
            Checks::All => "all",
        }
    }

    /// Whether actions are compared with the abstract protocol.
    pub const fn refine(self) -> bool {
        match self {
            Checks::Steps => false,
            Checks::Refinement | Checks::All => true,
        }
    }
}

/// A set of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Faults {
    /// Servers crash, and any part of their unfinished writes survives.
    pub crashes: bool,
    /// Messages are lost.
    pub loss: bool,
    /// Messages arrive more than once.
    pub duplication: bool,
    /// Directions between two servers are cut, and healed.
    pub partitions: bool,
    /// A disk hangs from time to time.
    pub hanging_disks: bool,
    /// **Unsafe**: disks are wiped. The protocol does not survive that, and a simulation with wipes that goes
    /// on for long enough fails.
    pub wipes: bool,
}

/// The name of a fault, and where it stands.
type Named = (&'static str, fn(&mut Faults) -> &mut bool);

impl Faults {
    /// No fault. Messages still overtake each other, and disks are slow.
    pub const NONE: Faults = Faults {
        crashes: false,
        loss: false,
        duplication: false,
        partitions: false,
        hanging_disks: false,
        wipes: false,
    };

    /// Every fault that the protocol survives.
    pub const ALL: Faults = Faults {
        crashes: true,
        loss: true,
        duplication: true,
        partitions: true,
        hanging_disks: true,
        wipes: false,
    };

    /// Every fault by name.
    pub const NAMED: [Named; 6] = [
        ("crashes", |faults| &mut faults.crashes),
        ("loss", |faults| &mut faults.loss),
        ("duplication", |faults| &mut faults.duplication),
        ("partitions", |faults| &mut faults.partitions),
        ("hanging-disks", |faults| &mut faults.hanging_disks),
        ("wipes", |faults| &mut faults.wipes),
    ];

    /// The names of the faults in this set.
    pub fn names(mut self) -> Vec<&'static str> {
        Faults::NAMED.iter().filter(|(_, of)| *of(&mut self)).map(|(name, _)| *name).collect()
    }

    /// Whether actions of this kind happen with these faults.
    pub const fn offer(&self, kind: ActionKind) -> bool {
        match kind {
            ActionKind::Crash => self.crashes,
            ActionKind::Drop => self.loss,
            ActionKind::Duplicate => self.duplication,
            ActionKind::Cut | ActionKind::Heal => self.partitions,
            ActionKind::Wipe => self.wipes,
            ActionKind::ElectionTimeout
            | ActionKind::HeartbeatTimeout
            | ActionKind::Deliver
            | ActionKind::Sync
            | ActionKind::Propose
            | ActionKind::Read => true,
        }
    }
}
