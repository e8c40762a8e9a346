//! One state: a cluster, its history, and every message that is true of it.

use super::choices::{Choices, Odometer};
use super::edits::break_lemma;
use super::facts::true_messages;
use super::histories::make_histories;
use super::plan::Plan;
use super::servers::{commands, make_server};
use core::fmt;
use quorate_cluster::notation::{Notation, Written};
use quorate_cluster::{
    Clients, Cluster, Command, Entry, Envelope, Log, Network, NetworkKind, Server, Setting,
};
use quorate_core::{Parameters, Spreading};
use quorate_spec::{Abstract, coupled};

/// A state that satisfies the invariant and the coupling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The size and the parameters of the cluster.
    pub setting: Setting,
    /// What has happened.
    pub histories: Abstract<Command>,
    /// The servers, with some of the messages in flight.
    pub cluster: Cluster,
    /// Every message that is true of the history.
    pub messages: Vec<Envelope>,
}

/// Why something that was made up is not looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TurnedAway {
    /// A lemma or a safety property does not hold of the history; or the lemma that is left out still does.
    Invariant,
    /// A server is not coupled with the history.
    Coupling,
}

/// The state of a plan with this number, made up by chance.
///
/// # Errors
/// When what was made up is none of the states to be looked at.
pub fn make_case(plan: &Plan, number: u64) -> Result<Case, TurnedAway> {
    // Neighbouring seeds would share states if the number were added to the seed.
    let mut seeds = fastrand::Rng::with_seed(plan.seed);
    let seed = seeds.u64(..) ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    make(plan, &mut Choices::Chance(fastrand::Rng::with_seed(seed)))
}

/// Every state of a plan's size, each once, in an order that depends on nothing else.
pub struct AllCases {
    plan: Plan,
    /// The answers that make the next state, while there is one.
    next: Option<Odometer>,
}

impl AllCases {
    /// All states of the size of this plan.
    pub fn new(plan: &Plan) -> AllCases {
        AllCases { plan: *plan, next: Some(Odometer::default()) }
    }
}

impl Iterator for AllCases {
    type Item = Result<Case, TurnedAway>;

    fn next(&mut self) -> Option<Result<Case, TurnedAway>> {
        let mut choices = Choices::Each(self.next.take()?);
        let made = make(&self.plan, &mut choices);
        if let Choices::Each(mut odometer) = choices {
            self.next = odometer.turn().then_some(odometer);
        }
        Some(made)
    }
}

/// The state that these choices make.
fn make(plan: &Plan, choices: &mut Choices) -> Result<Case, TurnedAway> {
    let setting = make_setting(plan, choices);
    let mut histories = make_histories(plan, setting.configuration(), choices);
    if let Some(lemma) = plan.without {
        histories = break_lemma(plan, lemma, &histories, choices).ok_or(TurnedAway::Invariant)?;
    }
    if !is_sound(&histories, plan.without) {
        return Err(TurnedAway::Invariant);
    }
    let servers = setting.ids().map(|id| make_server(plan, &histories, id, choices));
    let servers: Option<Vec<Server>> = servers.collect();
    let clients = Clients { issued: commands(&histories), ..Clients::default() };
    let mut network = Network::new(setting.network);
    let messages = true_messages(&histories, choices);
    if !messages.is_empty() {
        for _ in 0..choices.free(IN_FLIGHT) {
            network.send(messages[choices.below(messages.len())].clone());
        }
    }
    let history = Default::default();
    let servers = servers.ok_or(TurnedAway::Coupling)?;
    let cluster = Cluster { servers, network, clients, history };
    match coupled(&histories, &cluster) {
        Ok(()) => Ok(Case { setting, histories, cluster, messages }),
        Err(_) => Err(TurnedAway::Coupling),
    }
}

/// Fewer messages than this are in flight beside the one that arrives.
const IN_FLIGHT: usize = 4;

/// Whether every lemma but one, and every safety property, holds of a history.
pub(super) fn is_sound(histories: &Abstract<Command>, without: Option<&str>) -> bool {
    histories.check_invariant_but(without).is_ok() && histories.check_safety().is_ok()
}

/// A cluster's size, and parameters of chance.
fn make_setting(plan: &Plan, choices: &mut Choices) -> Setting {
    let spreading = [Spreading::AtOnce, Spreading::WithNextMessage][choices.free(2)];
    let parameters = Parameters {
        batch: choices.free(3) + 1,
        window: choices.free(2) + 1,
        max_uncommitted: 4 - choices.free(4) as u64,
        max_reads: choices.free(2) + 1,
        spreading,
    };
    Setting { servers: plan.servers, network: NetworkKind::Facts, parameters }
}

/// The cluster in its notation, and the history: a line for each fact.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = |entries: &[Entry]| entries.iter().cloned().collect::<Log>().to_notation();
        let Abstract { voted, candidates, leaders, acked, chosen, applied, .. } = &self.histories;
        write!(f, "{}", self.cluster)?;
        for ((term, voter), candidate) in voted {
            write!(f, "\nvoted in {term}: {voter} for {candidate}")?;
        }
        for ((term, server), entries) in candidates {
            write!(f, "\nstood in {term}: {server} log={}", log(entries))?;
        }
        for (term, leader) in leaders {
            let (server, votes) = (leader.server, Written(&leader.votes));
            write!(f, "\nleader of {term}: {server} votes={votes} log={}", log(&leader.log))?;
        }
        for ((term, server), index) in acked {
            write!(f, "\nacknowledged in {term}: {server} up to {index}")?;
        }
        for (term, indices) in chosen {
            for (index, by) in indices {
                write!(f, "\nchosen in {term}: {index} by {}", Written(by))?;
            }
        }
        for ((server, index), choosers) in applied {
            for chooser in choosers.keys() {
                write!(f, "\napplied by {server}: {index}, chosen by {chooser}")?;
            }
        }
        Ok(())
    }
}
