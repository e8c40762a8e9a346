//! What is said of rounds, on rounds that were never run.

use super::super::latency::Measured;
use super::super::load::Sample;
use super::super::rounds::{Rounds, Subject, Turns};
use super::super::systems::Kind;
use std::time::Duration;

fn measured(count: usize, milliseconds: u64) -> Measured {
    Measured::new(vec![Duration::from_millis(milliseconds); count], Duration::from_secs(1))
}

/// A round in which so many requests took so long each.
fn sample(count: usize, milliseconds: u64) -> Sample {
    Sample { measured: measured(count, milliseconds), clients: Some(0.1), servers: Some(0.4) }
}

/// A system with two rounds of each kind, of so many requests each.
fn subject(kind: Kind, [first, second]: [usize; 2]) -> Subject {
    let two = || vec![sample(first, 2), sample(second, 4)];
    let turns = Turns { samples: [(); 3].map(|()| [two(), two()]), disturbed: Vec::new() };
    Subject { kind, memory: Ok(vec![30.0, 20.4, 20.6]), turns }
}

fn rounds() -> Rounds {
    let limit = [(); 3].map(|()| vec![measured(80_000, 1), measured(80_000, 1)]);
    let subjects =
        vec![subject(Kind::Quorate, [20_000, 40_000]), subject(Kind::Etcd, [2_000, 5_000])];
    Rounds { subjects, limit: Some(Ok(limit)) }
}

#[test]
fn systems_are_compared_round_by_round() {
    let figures = rounds().beside(Kind::Etcd).expect("both were measured");
    let find = |name: &str| {
        let figure = figures.iter().find(|figure| figure.name == name);
        figure.unwrap_or_else(|| panic!("{name} is missing"))
    };
    assert_eq!(find("SET, 64 clients: rate by etcd").rounds, [10.0, 8.0]);
    assert_eq!(find("SET, 64 clients: rate by etcd").is_met(), Some(true));
    assert_eq!(find("SET, 1 client: p50 by etcd").rounds, [1.0, 1.0]);
    assert_eq!(find("SET, 1 client: p50 by etcd").is_met(), Some(false));
    let promised = figures.iter().filter(|figure| figure.is_met().is_some());
    let promised: Vec<&str> = promised.map(|figure| figure.name.as_str()).collect();
    assert_eq!(
        promised,
        [
            "SET, 1 client: p50 by etcd",
            "SET, 64 clients: rate by etcd",
            "SET, 64 clients: p99 by etcd",
            "SET, 256 clients: rate by etcd",
            "SET, 256 clients: p99 by etcd",
            "GET, 64 clients: rate by etcd",
            "GET, 256 clients: rate by etcd",
        ]
    );
}

#[test]
fn servers_are_compared_with_the_limit_of_the_same_round() {
    let figures = rounds().beside_limit().expect("both were measured");
    assert_eq!(figures.len(), 6);
    assert_eq!(figures[2].name, "SET, 64 clients: p50 by the limit");
    assert_eq!(figures[2].rounds, [2.0, 4.0]);
    assert_eq!(figures[3].name, "SET, 64 clients: rate of the limit by ours");
    assert_eq!(figures[3].rounds, [4.0, 2.0]);
}

#[test]
fn what_was_not_measured_is_compared_with_nothing() {
    let mut rounds = rounds();
    rounds.subjects[1].memory = Err("etcd is missing".into());
    assert_eq!(rounds.beside(Kind::Etcd).err(), Some("etcd was not measured".into()));
    assert_eq!(rounds.beside(Kind::Redis).err(), Some("redis was not measured".into()));
    assert_eq!(rounds.alone().map(|figures| figures.len()), Ok(2));
    assert!(!rounds.tables().contains("etcd"));
    rounds.limit = Some(Err("a disk is full".into()));
    assert_eq!(rounds.beside_limit().err(), Some("a disk is full".into()));
    rounds.subjects[0].memory = Err("it does not compile".into());
    assert!(rounds.alone().is_err() && rounds.beside_limit().is_err());
}

#[test]
fn tables_tell_medians_and_what_a_request_costs() {
    let tables = rounds().tables();
    let line = |title: &str, who: &str| {
        let after = tables.split(title).nth(1).expect("a title");
        let line = after.lines().find(|line| line.trim_start().starts_with(who));
        line.expect("a line").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // Half a second of processor time, a fifth of it the clients', for 20,000 and for 40,000 requests.
    assert_eq!(
        line("SET, 64 clients", "quorate"),
        "quorate 40.0 20.0 to 40.0 4.00 4.00 20.0 5.0 20 %"
    );
    assert_eq!(line("SET, 64 clients", "the limit"), "the limit 80.0 80.0 to 80.0 1.00 1.00");
    let memory = "memory of etcd after 0.02 M writes: 30, 20, 21 MiB\n";
    assert!(rounds().memory().ends_with(memory), "{}", rounds().memory());
    assert!(!tables.split("GET, 1 client").nth(1).expect("a title").contains("the limit"));
}
