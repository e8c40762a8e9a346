//! Recoverability: from every reachable state a cluster left in peace comes back.
//!
//! Safety says that nothing wrong happens; a cluster that does nothing is safe. So from a state, with all
//! faults off, one fair schedule is played: the network is emptied and healed; then, round by round, every
//! write becomes durable and every message arrives, a leader's heartbeat timer runs out, and while there is
//! no leader, the election timer of the one server with the most complete durable log. A leader must
//! emerge, and a new command be committed, answered, and applied everywhere, within a bound.
//!
//! One server alone times out because two that always time out together may split the votes for ever: it is
//! chance that makes a real cluster recover [Ongaro14 §3.4], and chance is what the schedule stands for.

use crate::Violation;
use crate::replay::next_to_settle;
use quorate_cluster::{Action, Cluster, Network, NetworkKind, Setting};
use quorate_core::{Index, LogPosition, Outcome, RequestId, Role, ServerId};

/// The name of the property that a cluster left in peace recovers.
pub const RECOVERABILITY: &str = "Recoverability";

/// Rounds allowed beyond one election for each term by which servers differ: one for a leader of an old term
/// to learn so, one for an election, the others for heartbeats to carry the last commit everywhere.
const ROUNDS: u64 = 10;

/// Actions allowed in one round.
const ACTIONS_PER_ROUND: usize = 100_000;

/// Plays the schedule from this state. How many rounds it took.
///
/// # Errors
/// When the cluster has not recovered within the bound.
pub fn recover(setting: &Setting, cluster: &Cluster) -> Result<u64, Violation> {
    let mut schedule =
        Schedule { setting, cluster: cluster.clone(), newest: None, committed: None };
    // In a network of facts nothing ever comes to rest; peace needs one from which delivery removes.
    schedule.cluster.network = Network::new(NetworkKind::InFlight);
    let terms = || cluster.servers.iter().map(|server| server.state.current_term.0);
    // An election needs a term beyond every other server's, and each timeout raises it by one.
    let gap = terms().max().unwrap_or(0) - terms().min().unwrap_or(0);
    for round in 1..=ROUNDS + gap {
        if schedule.play_round()? {
            return Ok(round);
        }
    }
    let why = format!("not recovered after {} rounds without faults", ROUNDS + gap);
    Err(Violation { property: RECOVERABILITY, why })
}

struct Schedule<'a> {
    setting: &'a Setting,
    cluster: Cluster,
    /// The newest request of the schedule's own.
    newest: Option<RequestId>,
    /// Where its command was committed, once it was.
    committed: Option<Index>,
}

impl Schedule<'_> {
    /// Plays one round; whether the cluster has recovered after it.
    fn play_round(&mut self) -> Result<bool, Violation> {
        self.settle()?;
        match self.leader() {
            None => self.perform(&Action::ElectionTimeout(self.most_complete())),
            Some(leader) if self.committed.is_none() => {
                let requests = vec![self.cluster.next_request()];
                self.perform(&Action::Propose { server: leader, requests });
                self.perform(&Action::HeartbeatTimeout(leader));
            }
            Some(leader) => self.perform(&Action::HeartbeatTimeout(leader)),
        }
        self.settle()?;
        let all_have = |index: Index| {
            let mut servers = self.cluster.servers.iter();
            servers.all(|server| server.state.last_applied >= index)
        };
        Ok(self.committed.is_some_and(all_have))
    }

    /// The leader of the newest term, if there is one.
    fn leader(&self) -> Option<ServerId> {
        let newest = self.cluster.servers.iter().max_by_key(|server| server.state.current_term)?;
        let term = newest.state.current_term;
        let leads = |role: &Role| matches!(role, Role::Leader(_));
        let mut leaders = self.cluster.servers.iter().filter(|server| leads(&server.state.role));
        // A leader of an old term is one only until its heartbeat is answered.
        let leader = leaders.find(|server| server.state.current_term == term);
        leader
            .or_else(|| self.cluster.servers.iter().find(|s| leads(&s.state.role)))
            .map(|s| s.state.id)
    }

    fn most_complete(&self) -> ServerId {
        let position =
            |place: usize| -> LogPosition { self.cluster.servers[place].disk.log.last_position() };
        let places = 0..self.cluster.servers.len();
        let best = places.rev().max_by_key(|place| position(*place)).unwrap_or(0);
        self.cluster.servers[best].state.id
    }

    fn settle(&mut self) -> Result<(), Violation> {
        let all = self.cluster.servers.iter().map(|server| server.state.id).collect();
        for _ in 0..ACTIONS_PER_ROUND {
            let Some(action) = next_to_settle(&self.cluster, all) else { return Ok(()) };
            self.perform(&action);
        }
        let why = format!("a round did not end after {ACTIONS_PER_ROUND} actions");
        Err(Violation { property: RECOVERABILITY, why })
    }

    fn perform(&mut self, action: &Action) {
        if let Action::Propose { requests, .. } = action {
            self.newest = requests.last().copied();
        }
        let performed = self.cluster.perform(&self.setting.parameters, action);
        let Ok(happening) = performed else { unreachable!("the schedule chose {action}") };
        let replies = happening.step.map_or(Vec::new(), |step| step.effects.reply);
        for reply in replies {
            if let (true, Outcome::Written(index)) =
                (Some(reply.request) == self.newest, reply.outcome)
            {
                self.committed = Some(index);
            }
        }
    }
}
