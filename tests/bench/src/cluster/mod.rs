//! What three servers do for clients, all on this machine: time of a durable write, writes and linearizable
//! reads in a second, and how long nobody leads when the leader is killed.
//!
//! Such figures say little without the machine, so each is measured beside what this machine allows at best:
//! [`limit`] makes the same writes durable in two of three logs in this process, without sockets, protocol or
//! store. Servers and limit take turns, and their ratio is what can be compared.
//!
//! A load needs a port where RESP is spoken, and no more: what else speaks it is measured by the same
//! clients.

mod client;
mod failover;
mod latency;
mod limit;
mod load;
mod servers;

use crate::checker::build_command;
use crate::figure::{Figure, Goal, HEADER};
use crate::place::Place;
use crate::summary::Summary;
use latency::Measured;
use limit::Logs;
use load::Work;
use servers::Servers;
use std::path::Path;
use std::time::Duration;

/// How many clients ask at a time.
const CLIENTS: [usize; 3] = [1, 64, 256];
/// How often everything is measured.
const ROUNDS: usize = 3;
/// How long clients write in each round.
const WRITING: Duration = Duration::from_millis(2_000);
/// How long they read.
const READING: Duration = Duration::from_millis(1_000);
/// How long the logs alone are written to.
const ALONE: Duration = Duration::from_millis(1_000);
/// How often the leader is killed.
const KILLS: usize = 5;

/// The median time of a durable write of a single client, in milliseconds.
const ONE_WRITE: Goal = Goal::at_most(0.45);
/// Durable writes of 64 clients, in thousands a second.
const WRITES: Goal = Goal::at_least(25.0);
/// The median time without a leader, in milliseconds.
const FAILOVER: Goal = Goal::at_most(600.0);

/// What some number of clients measured, one of each a round.
#[derive(Default)]
struct Rounds {
    clients: usize,
    writes: Vec<Measured>,
    reads: Vec<Measured>,
    /// The logs alone, with as many writes waiting as there are clients.
    limit: Vec<Measured>,
}

/// Measures everything and prints it. Returns the exit code: 0 when everything was measured, 3 when something
/// could not be. A missed target is no failure.
pub(crate) fn run() -> u8 {
    let mut summary = Summary::default();
    println!("{HEADER}");
    let program = build_command();
    let program = program.as_deref().map_err(String::clone);
    let figures =
        program.clone().and_then(|program| in_place("load", |at| under_load(program, at)));
    summary.take("load", figures);
    let figures =
        program.and_then(|program| in_place("failover", |at| without_leader(program, at)));
    summary.take("failover", figures);
    summary.end()
}

/// Measures in a directory that goes away afterwards.
fn in_place(
    name: &str,
    measure: impl FnOnce(&Path) -> Result<Vec<Figure>, String>,
) -> Result<Vec<Figure>, String> {
    let place = Place::new(&format!("bench-cluster-{name}"))?;
    measure(place.path())
}

/// Writes and reads, and the memory that the servers hold afterwards.
fn under_load(program: &Path, directory: &Path) -> Result<Vec<Figure>, String> {
    let servers = Servers::start(program, directory)?;
    let mut logs = Logs::start(&directory.join("alone"))?;
    let (leader, term) = servers.leader()?;
    let port = servers.port(leader);
    load::fill(port)?;
    let mut all = CLIENTS.map(|clients| Rounds { clients, ..Rounds::default() });
    for round in 1..=ROUNDS {
        eprintln!("-- round {round} of {ROUNDS}");
        for rounds in &mut all {
            rounds.limit.push(logs.run(rounds.clients, ALONE)?);
            rounds.writes.push(load::run(port, rounds.clients, Work::Set, WRITING)?);
            rounds.reads.push(load::run(port, rounds.clients, Work::Get, READING)?);
        }
    }
    let now = servers.leader()?;
    if now != (leader, term) {
        return Err(format!(
            "n{} leads in term {}; expected n{} in term {term}, as in the beginning",
            now.0 + 1,
            now.1,
            leader + 1
        ));
    }
    let mut figures: Vec<Figure> = all.iter().flat_map(Rounds::figures).collect();
    let writes = all.iter().flat_map(|rounds| &rounds.writes).map(Measured::count).sum();
    figures.extend(memory(&servers, leader, writes)?);
    Ok(figures)
}

impl Rounds {
    fn figures(&self) -> Vec<Figure> {
        let noun = if self.clients == 1 { "client" } else { "clients" };
        let (p50, p99) =
            ((|one: &Measured| one.percentile(50)), (|one: &Measured| one.percentile(99)));
        let figure = |what: &str, unit, goal, rounds| {
            let name = format!("quorate, {} {noun}: {what}", self.clients);
            Figure { name, rounds, unit, goal }
        };
        let each = |of: &[Measured], value: fn(&Measured) -> f64| of.iter().map(value).collect();
        let ratios = |value: fn(&Measured) -> f64| {
            let pairs = self.writes.iter().zip(&self.limit);
            pairs.map(|(writes, limit)| value(writes) / value(limit)).collect()
        };
        let one_write = (self.clients == 1).then_some(ONE_WRITE);
        let many_writes = if self.clients == 64 { WRITES } else { Goal::more() };
        vec![
            figure("SET, p50", "ms", one_write, each(&self.writes, p50)),
            figure("SET, p99", "ms", None, each(&self.writes, p99)),
            figure("SET", "k/s", Some(many_writes), each(&self.writes, Measured::rate)),
            figure("GET, p50", "ms", None, each(&self.reads, p50)),
            figure("GET, p99", "ms", None, each(&self.reads, p99)),
            figure("GET", "k/s", Some(Goal::more()), each(&self.reads, Measured::rate)),
            figure("the limit, p50", "ms", None, each(&self.limit, p50)),
            figure("the limit", "k/s", Some(Goal::more()), each(&self.limit, Measured::rate)),
            figure("p50 of SET by limit", "x", None, ratios(p50)),
            figure("limit by SET", "x", None, ratios(|one| 1.0 / one.rate())),
        ]
    }
}

/// What the servers hold after so many writes, in MiB: the leader, and both others.
fn memory(servers: &Servers, leader: usize, writes: usize) -> Result<Vec<Figure>, String> {
    let after = format!("after {:.2} M writes", writes as f64 / 1e6);
    let (mut of_leader, mut of_others) = (Vec::new(), Vec::new());
    for place in 0..servers::COUNT {
        let memory = servers.memory(place)? as f64 / f64::from(1 << 20);
        if place == leader { of_leader.push(memory) } else { of_others.push(memory) }
    }
    let figure = |who: &str, rounds| {
        let name = format!("quorate, memory of {who} {after}");
        Figure { name, rounds, unit: "MiB", goal: None }
    };
    Ok(vec![figure("the leader", of_leader), figure("the others", of_others)])
}

/// How long there is no leader after one was killed.
fn without_leader(program: &Path, directory: &Path) -> Result<Vec<Figure>, String> {
    eprintln!("-- failover");
    let mut servers = Servers::start(program, directory)?;
    let times = failover::measure(&mut servers, KILLS)?;
    Ok(failover_figures(&times))
}

fn failover_figures(times: &[Duration]) -> Vec<Figure> {
    let all = Measured::new(times.to_vec(), Duration::ZERO);
    let figure = |what: &str, rounds, goal| Figure {
        name: format!("quorate, kill -9 to the next write, {what}"),
        rounds,
        unit: "ms",
        goal,
    };
    vec![
        figure(&format!("median of {}", times.len()), vec![all.percentile(50)], Some(FAILOVER)),
        figure("the longest", vec![all.percentile(100)], None),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Measured, Rounds, failover_figures};
    use crate::figure::Figure;
    use std::time::Duration;

    fn measured(count: usize, milliseconds: u64) -> Measured {
        Measured::new(vec![Duration::from_millis(milliseconds); count], Duration::from_secs(1))
    }

    #[test]
    fn servers_are_compared_with_the_limit_of_the_same_round() {
        let rounds = Rounds {
            clients: 64,
            writes: vec![measured(30_000, 2), measured(20_000, 4)],
            reads: vec![measured(40_000, 1)],
            limit: vec![measured(60_000, 1), measured(60_000, 1)],
        };
        let figures = rounds.figures();
        let of = |name: &str| {
            let name = format!("quorate, 64 clients: {name}");
            figures.iter().find(|figure| figure.name == name).expect("measured")
        };
        assert_eq!(of("SET").rounds, [30.0, 20.0]);
        assert_eq!(of("SET").is_met(), Some(true));
        assert_eq!(of("SET, p50").rounds, [2.0, 4.0]);
        assert_eq!(of("p50 of SET by limit").rounds, [2.0, 4.0]);
        let ratios = &of("limit by SET").rounds;
        assert!((ratios[0] - 2.0).abs() < 1e-9 && (ratios[1] - 3.0).abs() < 1e-9, "{ratios:?}");
    }

    #[test]
    fn a_promise_belongs_to_one_number_of_clients() {
        let one = |clients| Rounds { clients, writes: vec![measured(9, 1)], ..Rounds::default() };
        let promised = |clients| {
            let figures = one(clients).figures();
            let promised = figures.into_iter().filter(|figure| figure.is_met().is_some());
            promised.map(|figure| figure.name).collect::<Vec<_>>()
        };
        assert_eq!(promised(1), ["quorate, 1 client: SET, p50"]);
        assert_eq!(promised(64), ["quorate, 64 clients: SET"]);
        assert!(promised(256).is_empty());
    }

    #[test]
    fn what_counts_of_failovers_is_the_middle_one() {
        let times = [900, 300, 500, 800, 400].map(Duration::from_millis);
        let figures = failover_figures(&times);
        assert_eq!(figures.iter().map(Figure::best).collect::<Vec<_>>(), [500.0, 900.0]);
        assert_eq!(figures[0].is_met(), Some(true));
    }
}
