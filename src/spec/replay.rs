//! Running a scenario on the core, with every check after every action.
//!
//! A script cannot pass in a bad state: after each action every property, the refinement and the coupling
//! predicates are checked, and the first violation ends the run.

use crate::describe::describe_effects;
use crate::expectation::{Expectation, everything_in_flight};
use crate::scenario::{Command, Handling, Instruction, Pattern, Scenario, ScenarioError};
use crate::{Refinement, Transition, Violation, properties};
use quorate_cluster::notation::Notation;
use quorate_cluster::{Action, Cluster, Envelope, History, Impossible};
use quorate_core::{Outcome, RequestId, ServerId, ServerSet};
use std::collections::BTreeMap;

/// A system that runs with every check after every action.
#[derive(Clone, Debug)]
pub struct Watched {
    setting: quorate_cluster::Setting,
    cluster: Cluster,
    refinement: Refinement,
    outcomes: BTreeMap<RequestId, Outcome>,
}

/// What an action did in a system that is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// What happened, in lines, without the servers that changed.
    pub did: Vec<String>,
    /// The line of each server that changed, before and after.
    pub changed: Vec<(String, String)>,
    /// The first property that was violated, if one was.
    pub violation: Option<Violation>,
}

impl Watched {
    /// The beginning of a scenario.
    pub fn begin(scenario: &Scenario) -> Watched {
        let mut cluster = Cluster::new(&scenario.setting);
        for server in &scenario.start {
            let place = usize::from(server.state.id.get()) - 1;
            cluster.servers[place] = server.clone();
        }
        cluster.history = History::assumed_of(&cluster);
        let refinement = Refinement::new(&cluster);
        Watched { setting: scenario.setting, cluster, refinement, outcomes: BTreeMap::new() }
    }

    /// The cluster as it is now.
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Lets an action happen and checks everything.
    ///
    /// # Errors
    /// When the action cannot happen.
    pub fn perform(&mut self, action: &Action) -> Result<Observed, Impossible> {
        let before = self.cluster.clone();
        let happening = self.cluster.perform(&self.setting.parameters, action)?;
        let replies = happening.step.iter().flat_map(|step| &step.effects.reply);
        self.outcomes.extend(replies.map(|reply| (reply.request, reply.outcome)));
        let after = &self.cluster;
        let transition = Transition { before: &before, action, happening: &happening, after };
        let checked = properties::check_step(&transition)
            .and_then(|()| properties::check_state(after))
            .and_then(|()| self.refinement.check(&transition));
        let servers = before.servers.iter().zip(&after.servers);
        let changed = servers.filter(|(before, after)| before != after);
        Ok(Observed {
            did: describe_effects(&transition),
            changed: changed.map(|(old, new)| (old.to_string(), new.to_string())).collect(),
            violation: checked.err(),
        })
    }
}

/// One action of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Performed {
    /// The line of the script that asked for it.
    pub line: usize,
    /// The action.
    pub action: Action,
    /// What it did, in lines, without the servers that changed.
    pub did: Vec<String>,
    /// The line of each server that changed, before and after.
    pub changed: Vec<(String, String)>,
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What happened, in order.
    pub performed: Vec<Performed>,
    /// The property that the last action violated, if one was.
    pub violation: Option<Violation>,
    /// The property that the script says is violated, if it says so.
    pub expected: Option<String>,
    /// The cluster at the end.
    pub end: Cluster,
}

impl Replay {
    /// Whether the run violated what the script says, and nothing if it says nothing.
    ///
    /// # Errors
    /// When it did not: what happened instead.
    pub fn as_expected(&self) -> Result<(), String> {
        match (&self.violation, &self.expected) {
            (None, None) => Ok(()),
            (Some(found), Some(expected)) if found.property == expected => Ok(()),
            (Some(found), None) => Err(format!("violated {}: {}", found.property, found.why)),
            (Some(found), Some(expected)) => Err(format!(
                "violated {}: {}; expected a violation of {expected}",
                found.property, found.why
            )),
            (None, Some(expected)) => {
                Err(format!("violated nothing; expected a violation of {expected}"))
            }
        }
    }
}

/// Runs a scenario to its end, or to the first violation.
///
/// # Errors
/// When an action cannot happen, or an expectation is not met: the line, and why.
pub fn replay(scenario: &Scenario) -> Result<Replay, ScenarioError> {
    let watched = Watched::begin(scenario);
    let violation = properties::check_state(watched.cluster()).err();
    let mut run = Run { watched, performed: Vec::new(), violation };
    let mut expected = None;
    for Instruction { line, command } in &scenario.instructions {
        if let Command::Expect(Expectation::Violated(property)) = command {
            expected = Some(property.clone());
        } else if run.violation.is_none() {
            run.follow(*line, command).map_err(|reason| ScenarioError { line: *line, reason })?;
        }
    }
    let Run { watched, performed, violation } = run;
    Ok(Replay { performed, violation, expected, end: watched.cluster })
}

struct Run {
    watched: Watched,
    performed: Vec<Performed>,
    violation: Option<Violation>,
}

/// The most actions that one `settle` takes.
const SETTLE_LIMIT: usize = 10_000;

impl Run {
    fn follow(&mut self, line: usize, command: &Command) -> Result<(), String> {
        match command {
            Command::Perform(action) => self.perform(line, action.clone()),
            Command::Message(handling, pattern) => {
                let envelope = self.find(pattern)?;
                self.perform(line, handling.of(envelope))
            }
            Command::Messages(handling, pattern) => {
                for envelope in self.find_all(*handling, pattern)? {
                    self.perform(line, handling.of(envelope))?;
                    if self.violation.is_some() {
                        break;
                    }
                }
                Ok(())
            }
            Command::Settle(among) => self.settle(line, *among),
            Command::Expect(claim) => claim.check(&self.watched.cluster, &self.watched.outcomes),
        }
    }

    fn perform(&mut self, line: usize, action: Action) -> Result<(), String> {
        let performed = self.watched.perform(&action);
        let Observed { did, changed, violation } =
            performed.map_err(|impossible| format!("{action}: {impossible}"))?;
        self.performed.push(Performed { line, action, did, changed });
        self.violation = violation;
        Ok(())
    }

    fn must_exist(&self, server: ServerId) -> Result<(), String> {
        let cluster = &self.watched.cluster;
        let exists = cluster.server(server).is_some();
        let last = cluster.servers.len();
        if exists {
            Ok(())
        } else {
            Err(format!("there is no server {server}; n1 to n{last} exist"))
        }
    }

    /// The one message in flight that a pattern describes.
    fn find(&self, pattern: &Pattern) -> Result<Envelope, String> {
        self.must_exist(pattern.from)?;
        self.must_exist(pattern.to)?;
        let in_flight = &self.watched.cluster.network.in_flight;
        let matching: Vec<&Envelope> = in_flight.keys().filter(|e| pattern.matches(e)).collect();
        match matching[..] {
            [envelope] => Ok(envelope.clone()),
            [] => {
                let all = everything_in_flight(&self.watched.cluster);
                Err(format!("no such message; in flight: {all}"))
            }
            _ => {
                let list: Vec<String> = matching.into_iter().map(Notation::to_notation).collect();
                Err(format!("several such messages: {}", list.join("; ")))
            }
        }
    }

    /// Every message in flight that a pattern describes, and equal ones as often as they are there, but
    /// for duplicating once.
    fn find_all(&self, handling: Handling, pattern: &Pattern) -> Result<Vec<Envelope>, String> {
        self.must_exist(pattern.from)?;
        self.must_exist(pattern.to)?;
        let in_flight = &self.watched.cluster.network.in_flight;
        let matching = in_flight.iter().filter(|(envelope, _)| pattern.matches(envelope));
        let times = |count: usize| if handling == Handling::Duplicate { 1 } else { count };
        let all: Vec<Envelope> =
            matching.flat_map(|(envelope, count)| vec![envelope.clone(); times(*count)]).collect();
        if all.is_empty() {
            let all = everything_in_flight(&self.watched.cluster);
            return Err(format!("no such message; in flight: {all}"));
        }
        Ok(all)
    }

    /// Lets every write become durable and every message arrive, among some servers.
    fn settle(&mut self, line: usize, among: Option<ServerSet>) -> Result<(), String> {
        let all = self.watched.cluster.servers.iter().map(|server| server.state.id).collect();
        let among: ServerSet = among.unwrap_or(all);
        among.iter().try_for_each(|server| self.must_exist(server))?;
        for _ in 0..SETTLE_LIMIT {
            let Some(action) = next_to_settle(&self.watched.cluster, among) else { return Ok(()) };
            self.perform(line, action)?;
            if self.violation.is_some() {
                return Ok(());
            }
        }
        Err(format!("not settled after {SETTLE_LIMIT} actions"))
    }
}

impl Handling {
    /// The action that lets this happen to a message.
    const fn of(self, envelope: Envelope) -> Action {
        match self {
            Handling::Deliver => Action::Deliver(envelope),
            Handling::Duplicate => Action::Duplicate(envelope),
            Handling::Drop => Action::Drop(envelope),
        }
    }
}

/// The next action by which a system comes to rest: the first write, else the first message.
pub fn next_to_settle(cluster: &Cluster, among: ServerSet) -> Option<Action> {
    let members = cluster.servers.iter().filter(|server| among.contains(server.state.id));
    let mut busy = members.filter(|server| !server.disk.unfinished.is_empty());
    if let Some(server) = busy.next() {
        let count = server.disk.unfinished.len();
        return Some(Action::Sync { server: server.state.id, count });
    }
    let network = &cluster.network;
    let is_inside = |e: &&Envelope| among.contains(e.from) && among.contains(e.to);
    let mut arriving = network.in_flight.keys().filter(is_inside);
    arriving.find(|envelope| !network.is_cut(envelope)).cloned().map(Action::Deliver)
}
