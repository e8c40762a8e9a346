//! What is measured, and how often: what the command line says.

use super::systems::Kind;

/// How often everything under load is measured unless something else is said.
const ROUNDS: usize = 5;
/// The name of the limit, beside those of the systems.
const LIMIT: &str = "limit";

/// A part of the figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Writes and reads of several numbers of clients.
    Load,
    /// What servers hold after a million writes.
    Memory,
    /// How long nobody takes writes after the leader was killed.
    Failover,
}

const PARTS: [(&str, Part); 3] =
    [("load", Part::Load), ("memory", Part::Memory), ("failover", Part::Failover)];

/// What is measured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// How often everything under load.
    pub(super) rounds: usize,
    parts: Vec<Part>,
    systems: Vec<Kind>,
    /// Whether the limit is measured as well.
    pub(super) has_limit: bool,
}

impl Plan {
    /// Reads `[--rounds N] [--only PART,...] [--systems NAME,...]`; everything if nothing is said.
    ///
    /// # Errors
    /// What is wrong, and what was expected.
    pub(super) fn read(words: &[String]) -> Result<Plan, String> {
        let parts = PARTS.map(|(_, part)| part).to_vec();
        let systems = Kind::ALL.to_vec();
        let mut plan = Plan { rounds: ROUNDS, parts, systems, has_limit: true };
        let mut words = words.iter();
        while let Some(flag) = words.next() {
            let text = words.next().map(String::as_str).unwrap_or_default();
            match flag.as_str() {
                "--rounds" => {
                    let number = text.parse().ok().filter(|rounds| (1..=100).contains(rounds));
                    plan.rounds =
                        number.ok_or_else(|| format!("--rounds: {text:?}; expected 1 to 100"))?;
                }
                "--only" => plan.parts = read_list(flag, text, &PARTS)?,
                "--systems" => {
                    let named = Kind::ALL.map(|kind| (kind.name(), Some(kind)));
                    let known: Vec<_> = named.into_iter().chain([(LIMIT, None)]).collect();
                    let chosen = read_list(flag, text, &known)?;
                    plan.has_limit = chosen.contains(&None);
                    plan.systems = chosen.into_iter().flatten().collect();
                }
                _ => {
                    return Err(format!(
                        "option: {flag:?}; expected --rounds N, --only PART,... or --systems NAME,..."
                    ));
                }
            }
        }
        Ok(plan)
    }

    /// Whether a part is measured.
    pub(super) fn has_part(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Whether a system is measured.
    pub(super) fn has_system(&self, kind: Kind) -> bool {
        self.systems.contains(&kind)
    }

    /// The systems that are measured, in the order in which they are told.
    pub(super) fn systems(&self) -> impl Iterator<Item = Kind> + '_ {
        Kind::ALL.into_iter().filter(|kind| self.has_system(*kind))
    }
}

/// The things that are named, with commas between their names.
fn read_list<T: Copy>(flag: &str, text: &str, known: &[(&str, T)]) -> Result<Vec<T>, String> {
    let find = |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, thing)| *thing);
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let expected = || format!("{flag}: {text:?}; expected some of {}", names.join(","));
    text.split(',').map(|name| find(name).ok_or_else(expected)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Part, Plan};
    use crate::cluster::systems::Kind;

    fn plan(line: &str) -> Result<Plan, String> {
        Plan::read(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn everything_is_measured_unless_less_is_said() {
        let all = plan("").expect("nothing is wrong");
        assert_eq!((all.rounds, all.has_limit, all.systems().count()), (5, true, 3));
        assert!([Part::Load, Part::Memory, Part::Failover].iter().all(|part| all.has_part(*part)));
        let some = plan("--systems etcd,quorate --rounds 2 --only failover,load").expect("good");
        assert_eq!(some.systems().collect::<Vec<_>>(), [Kind::Quorate, Kind::Etcd]);
        assert_eq!((some.rounds, some.has_limit, some.has_part(Part::Memory)), (2, false, false));
        assert!(plan("--systems limit").is_ok_and(|plan| plan.has_limit));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, told) in [
            ("--rounds", "--rounds: \"\"; expected 1 to 100"),
            ("--rounds 0", "--rounds: \"0\"; expected 1 to 100"),
            ("--only laod", "--only: \"laod\"; expected some of load,memory,failover"),
            ("--systems etcd,", "--systems: \"etcd,\"; expected some of quorate,etcd,redis,limit"),
            (
                "load",
                "option: \"load\"; expected --rounds N, --only PART,... or --systems NAME,...",
            ),
        ] {
            assert_eq!(plan(line), Err(told.into()), "{line}");
        }
    }
}
