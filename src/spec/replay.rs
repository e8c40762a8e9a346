//! Running a scenario on the core, with every check after every action.
//!
//! A script cannot pass in a bad state: after each action every property, the refinement and the coupling
//! predicates are checked, and the first violation ends the run.

use crate::scenario::{
    Command, END, Handling, Instruction, Pattern, Scenario, ScenarioError, VERSION,
};
use crate::{ASSERTIONS, Refinement, Transition, Violation, describe, guarded, properties};
use quorate_cluster::notation::Notation;
use quorate_cluster::{Action, Cluster, Envelope, History};
use quorate_core::ServerSet;
use std::collections::BTreeMap;

/// A system that runs with every check after every action.
#[derive(Clone, Debug)]
pub struct Watched {
    setting: quorate_cluster::Setting,
    cluster: Cluster,
    refinement: Refinement,
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
        Watched { setting: scenario.setting, cluster, refinement }
    }

    /// The cluster as it is now.
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Lets an action happen and checks everything. What happened, in lines, and the first violation.
    ///
    /// # Errors
    /// When the action cannot happen.
    pub fn perform(
        &mut self,
        action: &Action,
    ) -> Result<(Vec<String>, Option<Violation>), quorate_cluster::Impossible> {
        let before = self.cluster.clone();
        let happening = match guarded(|| self.cluster.perform(&self.setting.parameters, action)) {
            Ok(performed) => performed?,
            Err(why) => return Ok((Vec::new(), Some(Violation { property: ASSERTIONS, why }))),
        };
        let after = &self.cluster;
        let transition = Transition { before: &before, action, happening: &happening, after };
        let checked = properties::check_step(&transition)
            .and_then(|()| properties::check_state(after))
            .and_then(|()| self.refinement.check(&transition));
        Ok((describe(&transition), checked.err()))
    }
}

/// One action of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Performed {
    /// The line of the script that asked for it.
    pub line: usize,
    /// The action.
    pub action: Action,
    /// What it did, in lines.
    pub did: Vec<String>,
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

/// Runs a scenario to its end, or to the first violation.
///
/// # Errors
/// When an action cannot happen, or an expectation is not met: the line, and why.
pub fn replay(scenario: &Scenario) -> Result<Replay, ScenarioError> {
    let mut run = Run {
        watched: Watched::begin(scenario),
        performed: Vec::new(),
        violation: properties::check_state(Watched::begin(scenario).cluster()).err(),
    };
    let mut expected = None;
    for Instruction { line, command } in &scenario.instructions {
        if let Command::ExpectViolated(property) = command {
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

/// The greatest number of actions in which a system must settle.
const SETTLE_LIMIT: usize = 10_000;

impl Run {
    /// Does what one line says.
    fn follow(&mut self, line: usize, command: &Command) -> Result<(), String> {
        match command {
            Command::Perform(action) => self.perform(line, action.clone()),
            Command::Message(handling, pattern) => {
                let envelope = self.find(pattern)?;
                self.perform(
                    line,
                    match handling {
                        Handling::Deliver => Action::Deliver(envelope),
                        Handling::Duplicate => Action::Duplicate(envelope),
                        Handling::Drop => Action::Drop(envelope),
                    },
                )
            }
            Command::Settle(among) => self.settle(line, *among),
            Command::Expect(id, parts) => {
                let server = self.watched.cluster.server(*id);
                let notation = server.ok_or(format!("there is no server {id}"))?.to_string();
                let has = |part: &&String| !notation.split(' ').any(|known| known == part.as_str());
                match parts.iter().find(has) {
                    Some(missing) => Err(format!("expected {missing}, but it is {notation}")),
                    None => Ok(()),
                }
            }
            Command::ExpectNothingFrom(id) => {
                let mut in_flight = self.watched.cluster.network.in_flight.keys();
                match in_flight.find(|envelope| envelope.from == *id) {
                    Some(envelope) => {
                        Err(format!("expected nothing from {id}: {}", envelope.to_notation()))
                    }
                    None => Ok(()),
                }
            }
            Command::ExpectViolated(_) => Ok(()),
        }
    }

    fn perform(&mut self, line: usize, action: Action) -> Result<(), String> {
        let performed = self.watched.perform(&action);
        let (did, violation) = performed.map_err(|impossible| format!("{action}: {impossible}"))?;
        self.performed.push(Performed { line, action, did });
        self.violation = violation;
        Ok(())
    }

    /// The one message in flight that a pattern describes.
    fn find(&self, pattern: &Pattern) -> Result<Envelope, String> {
        let in_flight = &self.watched.cluster.network.in_flight;
        let matching: Vec<&Envelope> = in_flight.keys().filter(|e| pattern.matches(e)).collect();
        let list = |envelopes: &mut dyn Iterator<Item = &Envelope>| {
            let list: Vec<String> = envelopes.map(Notation::to_notation).collect();
            if list.is_empty() { "nothing".to_owned() } else { list.join("; ") }
        };
        match matching[..] {
            [envelope] => Ok(envelope.clone()),
            [] => Err(format!("no such message; in flight: {}", list(&mut in_flight.keys()))),
            _ => Err(format!("several such messages: {}", list(&mut matching.into_iter()))),
        }
    }

    /// Lets every write become durable and every message arrive, among some servers.
    fn settle(&mut self, line: usize, among: Option<ServerSet>) -> Result<(), String> {
        let all = self.watched.cluster.servers.iter().map(|server| server.state.id).collect();
        let among = among.unwrap_or(all);
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

/// The text of a scenario with what happened now recorded after each line.
pub fn record(text: &str, run: &Replay) -> String {
    let mut by_line: BTreeMap<usize, Vec<&Performed>> = BTreeMap::new();
    for performed in &run.performed {
        by_line.entry(performed.line).or_default().push(performed);
    }
    let mut out = String::new();
    let last = run.performed.last().map(|performed| performed.line);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with('|') {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        for performed in by_line.get(&number).into_iter().flatten() {
            let notation = performed.action.to_string();
            if notation != line.trim() {
                out.push_str(&format!("  | {notation}\n"));
            }
            for did in &performed.did {
                out.push_str(&format!("  |   {did}\n"));
            }
        }
        if let Some(violation) = run.violation.as_ref().filter(|_| last == Some(number)) {
            out.push_str(&format!("  | VIOLATED {}: {}\n", violation.property, violation.why));
        }
    }
    out
}

/// The text of a scenario that performs these actions, and ends in a violation if one is named.
pub fn script(
    setting: &quorate_cluster::Setting,
    actions: &[Action],
    violated: Option<&str>,
) -> String {
    let heading = [VERSION.to_owned(), setting.to_string()];
    let actions = actions.iter().map(Action::to_string);
    let violated = violated.map(|property| format!("expect violated {property}"));
    let lines = heading.into_iter().chain(actions).chain(violated).chain([END.to_owned()]);
    lines.map(|line| line + "\n").collect()
}
