//! Running a scenario on the core, with every check after every action.
//!
//! A script cannot pass in a bad state: after each action every property, the refinement and the coupling
//! predicates are checked, and the first violation ends the run. A script that expects a violation of one
//! property runs until that one is violated; what others are violated on the way is recorded, and is what
//! is reported if the expected violation does not come.

use crate::scenario::{
    Command, END, Handling, Instruction, Pattern, Scenario, ScenarioError, VERSION,
};
use crate::{
    ASSERTIONS, PropertyInfo, Refinement, Transition, Violation, describe, guarded, properties,
};
use quorate_cluster::notation::Notation;
use quorate_cluster::{Action, Cluster, Envelope, History};
use quorate_core::ServerSet;
use std::collections::BTreeMap;

/// A system that runs with every check after every action.
#[derive(Clone, Debug)]
pub struct Watched {
    setting: quorate_cluster::Setting,
    cluster: Cluster,
    /// The abstract protocol beside it, until they part.
    refinement: Option<Refinement>,
    /// The property that is blamed first.
    expected: Option<String>,
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
        let refinement = Some(Refinement::new(&cluster));
        let expected =
            scenario.instructions.iter().find_map(|instruction| match &instruction.command {
                Command::ExpectViolated(property) => Some(property.clone()),
                _ => None,
            });
        Watched { setting: scenario.setting, cluster, refinement, expected }
    }

    /// The cluster as it is now.
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Lets an action happen and checks everything. What happened, in lines, and a violation: of the
    /// property that the scenario expects to be violated, or else the first.
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
        let refinement = self.refinement.as_mut();
        let diverged = refinement.and_then(|refinement| refinement.check(&transition).err());
        if diverged.is_some() {
            self.refinement = None;
        }
        let expected = self.expected.as_deref();
        let violation = diverged
            .clone()
            .filter(|violation| expected == Some(violation.property))
            .or_else(|| violation_of(properties::find(expected?)?, &transition))
            .or_else(|| properties::check_step(&transition).err())
            .or_else(|| properties::check_state(after).err())
            .or(diverged);
        Ok((describe(&transition), violation))
    }
}

/// Whether a transition violates one property.
fn violation_of(property: &PropertyInfo, transition: &Transition<'_>) -> Option<Violation> {
    let broken = (property.step)(transition).and_then(|()| (property.state)(transition.after));
    broken.err().map(|why| Violation { property: property.name, why })
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
    /// The violation that the run is about, if there is one: the one that ended it, or else the first.
    pub violation: Option<Violation>,
    /// Violations of other properties than the expected one, and how many actions had been performed; of
    /// each property the first.
    pub on_the_way: Vec<(usize, Violation)>,
    /// The property that the script says is violated, if it says so.
    pub expected: Option<String>,
    /// The cluster at the end.
    pub end: Cluster,
}

/// Runs a scenario to its end, or to a violation: the expected one, or else the first.
///
/// # Errors
/// When an action cannot happen, or an expectation is not met: the line, and why.
pub fn replay(scenario: &Scenario) -> Result<Replay, ScenarioError> {
    let mut run = Run {
        watched: Watched::begin(scenario),
        performed: Vec::new(),
        violation: None,
        on_the_way: Vec::new(),
    };
    let start = properties::check_state(run.watched.cluster()).err();
    run.note(start);
    for Instruction { line, command } in &scenario.instructions {
        if run.violation.is_none() {
            run.follow(*line, command).map_err(|reason| ScenarioError { line: *line, reason })?;
        }
    }
    let Run { watched, performed, violation, on_the_way } = run;
    let violation =
        violation.or_else(|| on_the_way.first().map(|(_, violation)| violation.clone()));
    let Watched { cluster: end, expected, .. } = watched;
    Ok(Replay { performed, violation, on_the_way, expected, end })
}

struct Run {
    watched: Watched,
    performed: Vec<Performed>,
    /// The violation that ends the run.
    violation: Option<Violation>,
    on_the_way: Vec<(usize, Violation)>,
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
        self.note(violation);
        Ok(())
    }

    /// Ends the run with a violation, unless another one is expected.
    fn note(&mut self, violation: Option<Violation>) {
        let Some(violation) = violation else { return };
        let ends = match self.watched.expected.as_deref() {
            // What a server was changing when its assertion failed means nothing any more.
            Some(expected) => expected == violation.property || violation.property == ASSERTIONS,
            None => true,
        };
        if ends {
            self.violation = Some(violation);
        } else if self.on_the_way.iter().all(|(_, known)| known.property != violation.property) {
            self.on_the_way.push((self.performed.len(), violation));
        }
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
    let mut by_line: BTreeMap<usize, Vec<(usize, &Performed)>> = BTreeMap::new();
    for (number, performed) in (1..).zip(&run.performed) {
        by_line.entry(performed.line).or_default().push((number, performed));
    }
    let mut out = String::new();
    let last = run.performed.last().map(|performed| performed.line);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with('|') {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        for (place, performed) in by_line.get(&number).into_iter().flatten() {
            let notation = performed.action.to_string();
            if notation != line.trim() {
                out.push_str(&format!("  | {notation}\n"));
            }
            for did in &performed.did {
                out.push_str(&format!("  |   {did}\n"));
            }
            for (_, violation) in run.on_the_way.iter().filter(|(known, _)| known == place) {
                out.push_str(&format!("  | violates {}: {}\n", violation.property, violation.why));
            }
        }
        let ended = run.violation.as_ref().filter(|violation| {
            last == Some(number) && run.on_the_way.iter().all(|(_, known)| known != *violation)
        });
        if let Some(violation) = ended {
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
