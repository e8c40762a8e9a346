//! Running a scenario on the core, with every check after every action.
//!
//! A script cannot pass in a bad state: after each action every property, the refinement and the coupling
//! predicates are checked, and the first violation ends the run. A script that expects a violation of one
//! property runs until that one is violated; what others are violated on the way is recorded, and is what
//! is reported if the expected violation does not come.

use crate::describe::describe_effects;
use crate::expectation::{Expectation, everything_in_flight};
use crate::scenario::{Command, Handling, Instruction, Pattern, Scenario, ScenarioError};
use crate::{
    ASSERTIONS, PropertyInfo, Refinement, Transition, Violation, coupled, guarded, properties,
};
use quorate_cluster::notation::Notation;
use quorate_cluster::{Action, Cluster, Entry, Envelope, History, Impossible};
use quorate_core::{Outcome, Payload, RequestId, Role, ServerId, ServerSet};
use std::collections::BTreeMap;

/// A system that runs with every check after every action.
#[derive(Clone, Debug)]
pub struct Watched {
    setting: quorate_cluster::Setting,
    cluster: Cluster,
    /// The abstract protocol beside it, until they part.
    refinement: Option<Refinement>,
    outcomes: BTreeMap<RequestId, Outcome>,
    /// The property that is blamed first.
    expected: Option<String>,
}

/// What an action did in a system that is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// What happened, in lines, without the servers that changed.
    pub did: Vec<String>,
    /// The line of each server that changed, before and after.
    pub changed: Vec<(String, String)>,
    /// The property that was violated, if one was: the one that the scenario expects to be violated, or
    /// else the first.
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
        let refinement = Refinement::new(&cluster);
        cluster.history = History::assumed_of(&cluster, |server| {
            let (log, committed) = (server.log.entries(), server.commit_index);
            let state = &refinement.abstract_state;
            Some(state.chooser_of_prefix(log, committed, server.current_term)?.term)
        });
        let refinement = Some(refinement);
        cluster.clients.issued = newest_command(&cluster);
        let commands = scenario.instructions.iter().map(|instruction| &instruction.command);
        let mut expected = commands.filter_map(|command| match command {
            Command::Expect(Expectation::Violated(property)) => Some(property.clone()),
            _ => None,
        });
        let expected = expected.next();
        let outcomes = BTreeMap::new();
        Watched { setting: scenario.setting, cluster, refinement, outcomes, expected }
    }

    /// Checks the state in which a scenario begins.
    fn check_start(&self) -> Result<(), Violation> {
        properties::check_state(&self.cluster)?;
        let refinement = self.refinement.as_ref();
        refinement.map_or(Ok(()), |beside| coupled(&beside.abstract_state, &self.cluster))
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
        let happening = match guarded(|| self.cluster.perform(&self.setting.parameters, action)) {
            Ok(performed) => performed?,
            Err(why) => {
                let violation = Some(Violation { property: ASSERTIONS, why });
                return Ok(Observed { did: Vec::new(), changed: Vec::new(), violation });
            }
        };
        let replies = happening.step.iter().flat_map(|step| &step.effects.reply);
        self.outcomes.extend(replies.map(|reply| (reply.request, reply.outcome)));
        let after = &self.cluster;
        let transition = Transition { before: &before, action, happening: &happening, after };
        let refinement = self.refinement.as_mut();
        let diverged = refinement.and_then(|refinement| refinement.check(&transition).err());
        if diverged.is_some() {
            self.refinement = None;
        }
        let violation = violation_in(&transition, diverged, self.expected.as_deref());
        let servers = before.servers.iter().zip(&after.servers);
        let changed = servers.filter(|(before, after)| before != after);
        Ok(Observed {
            did: describe_effects(&transition),
            changed: changed.map(|(old, new)| (old.to_string(), new.to_string())).collect(),
            violation,
        })
    }
}

/// The property that a transition violates, given how it parted from the abstract protocol: the expected
/// one, or else the first.
fn violation_in(
    transition: &Transition<'_>,
    diverged: Option<Violation>,
    expected: Option<&str>,
) -> Option<Violation> {
    let violates = |property: &PropertyInfo| {
        let kept = (property.step)(transition).and_then(|()| (property.state)(transition.after));
        kept.err().map(|why| Violation { property: property.name, why })
    };
    let is_expected = |violation: &Violation| expected == Some(violation.property);
    let blamed = diverged.clone().filter(is_expected);
    blamed
        .or_else(|| violates(properties::find(expected?)?))
        .or_else(|| properties::check_step(transition).err())
        .or_else(|| properties::check_state(transition.after).err())
        .or(diverged)
}

/// The greatest number of a command that some server has: it was proposed, so requests are numbered on
/// from there.
fn newest_command(cluster: &Cluster) -> u64 {
    let number = |entry: &Entry| match entry.payload {
        Payload::NoOp => 0,
        Payload::Command(command) => command.0,
    };
    let servers = cluster.servers.iter();
    let entries = servers.flat_map(|server| {
        let unfinished = server.disk.unfinished.iter().flat_map(|write| &write.entries);
        server.disk.log.entries().iter().chain(unfinished)
    });
    entries.map(number).max().unwrap_or(0)
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
    /// The violation that the run is about, if there is one: the one that ended it, or else the first.
    pub violation: Option<Violation>,
    /// Violations of other properties than the expected one, and the lines of the script in which they
    /// happened, 0 for the start. Of each property the first.
    pub on_the_way: Vec<(usize, Violation)>,
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

/// Runs a scenario to its end, or to a violation: the expected one, or else the first.
///
/// # Errors
/// When an action cannot happen, or an expectation is not met: the line, and why.
pub fn replay(scenario: &Scenario) -> Result<Replay, ScenarioError> {
    let watched = Watched::begin(scenario);
    let start = watched.check_start().err();
    let mut run = Run { watched, performed: Vec::new(), violation: None, on_the_way: Vec::new() };
    run.note(0, start);
    for Instruction { line, command } in &scenario.instructions {
        if run.violation.is_none() {
            let followed = run.follow(*line, command);
            // What a line was to do after a violation is not missed.
            if let Err(reason) = followed
                && run.violation.is_none()
            {
                return Err(ScenarioError { line: *line, reason });
            }
        }
    }
    let Run { watched, performed, violation, on_the_way } = run;
    let Watched { cluster: end, expected, .. } = watched;
    let violation = violation.or_else(|| on_the_way.first().map(|(_, first)| first.clone()));
    Ok(Replay { performed, violation, on_the_way, expected, end })
}

struct Run {
    watched: Watched,
    performed: Vec<Performed>,
    /// The violation that ends the run.
    violation: Option<Violation>,
    on_the_way: Vec<(usize, Violation)>,
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
                }
                Ok(())
            }
            Command::Elect(candidate, voters) => self.elect(line, *candidate, *voters),
            Command::Settle(among) => self.settle(line, *among),
            Command::Expect(claim) => claim.check(&self.watched.cluster, &self.watched.outcomes),
        }
    }

    /// Lets an action happen, unless something is violated already.
    fn perform(&mut self, line: usize, action: Action) -> Result<(), String> {
        if self.violation.is_some() {
            return Ok(());
        }
        let performed = self.watched.perform(&action);
        let Observed { did, changed, violation } =
            performed.map_err(|impossible| format!("{action}: {impossible}"))?;
        self.performed.push(Performed { line, action, did, changed });
        self.note(line, violation);
        Ok(())
    }

    /// Ends the run with a violation, unless another one is expected.
    fn note(&mut self, line: usize, violation: Option<Violation>) {
        let Some(violation) = violation else { return };
        let property = violation.property;
        let ends = match self.watched.expected.as_deref() {
            // What a server was changing when its assertion failed means nothing any more.
            Some(expected) => [expected, ASSERTIONS].contains(&property),
            None => true,
        };
        if ends {
            self.violation = Some(violation);
        } else if self.on_the_way.iter().all(|(_, known)| known.property != property) {
            self.on_the_way.push((line, violation));
        }
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

    /// Lets a server stand and lead by some servers' votes.
    fn elect(&mut self, line: usize, candidate: ServerId, voters: ServerSet) -> Result<(), String> {
        self.perform(line, Action::ElectionTimeout(candidate))?;
        self.finish_writes(line, candidate)?;
        let server = self.watched.cluster.server(candidate).map(|server| &server.state);
        let term = server.map(|state| state.current_term).unwrap_or_default();
        for voter in voters.iter() {
            let pattern = |from, to, name: &str| {
                let words = vec![format!("@{term}"), name.to_owned()];
                Pattern { from, to, words }
            };
            let request = self.find(&pattern(candidate, voter, "RequestVote"))?;
            self.perform(line, Action::Deliver(request))?;
            self.finish_writes(line, voter)?;
            let vote = self.find(&pattern(voter, candidate, "VoteGranted"))?;
            self.perform(line, Action::Deliver(vote))?;
        }
        let server = self.watched.cluster.server(candidate).map(|server| &server.state.role);
        let leads = matches!(server, Some(Role::Leader(_)));
        if leads { Ok(()) } else { Err(format!("{candidate} does not lead with these votes")) }
    }

    /// Makes every unfinished write of a server durable.
    fn finish_writes(&mut self, line: usize, server: ServerId) -> Result<(), String> {
        let cluster = &self.watched.cluster;
        let count = cluster.server(server).map_or(0, |server| server.disk.unfinished.len());
        if count == 0 { Ok(()) } else { self.perform(line, Action::Sync { server, count }) }
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
