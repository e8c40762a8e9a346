//! Reading the arguments of `quorate simulate`.

use super::super::Failure;
use super::super::arguments::{Format, MAX_THREADS, one_of, text_value};
use super::super::text::{shell_word, unknown};
use super::super::values::number;
use lexopt::{Arg, Parser};
use quorate_models::simulation::{Checks, Faults, Plan};
use std::path::PathBuf;

/// What `quorate simulate` is asked to do.
#[derive(Clone, Debug)]
pub(super) struct SimulateArguments {
    pub(super) plan: Plan,
    /// The one episode that is run, if not all are.
    pub(super) only: Option<u64>,
    pub(super) threads: usize,
    pub(super) format: Format,
    pub(super) save: Option<PathBuf>,
    /// The file to which what happened is added.
    pub(super) coverage: Option<PathBuf>,
    /// Whether the formulas that solvers prove are evaluated on every abstract action.
    pub(super) formulas: bool,
}

/// A flag: its name, what its value looks like, and what it is for.
pub(super) type Flag = (&'static str, &'static str, &'static str);

/// The flags.
pub(super) const FLAGS: [Flag; 12] = [
    ("servers", "N", "how many servers, 1 to 7 (3)"),
    ("seed", "N", "the number from which all chance follows (1)"),
    ("steps", "N", "how many actions in all (1_000_000)"),
    ("episode", "N", "how many actions until the faults end and the cluster must recover (1_000)"),
    ("faults", "LIST", "all, none, or some of them, like crashes,loss (all)"),
    ("checks", "LEVEL", "what every action is checked for: steps, refinement or all (all)"),
    (
        "formulas",
        "",
        "evaluate the formulas that solvers prove, too, while logs have up to 8 entries",
    ),
    ("only", "N", "run this one episode"),
    ("threads", "N", "how many threads share the episodes (all processors)"),
    ("format", "human|json", "how the result is printed (human)"),
    ("save", "FILE", "save a failure, with as few actions as possible, for quorate replay"),
    ("coverage", "FILE", "add what happened to a file, and say what never has in all its runs"),
];

impl SimulateArguments {
    /// The command that simulates the same, with what matters for it: this seed, and one episode or all.
    pub(super) fn command(&self, seed: u64, only: Option<u64>) -> String {
        let Plan { servers, actions, episode, faults, checks, .. } = self.plan;
        let faults = faults_in_words(faults, ",");
        let (checks, faults) = (checks.name(), shell_word(&faults));
        let mut command = format!(
            "quorate simulate --servers {servers} --seed {seed} --steps {actions} --episode {episode} --faults \
             {faults} --checks {checks}"
        );
        if self.formulas {
            command.push_str(" --formulas");
        }
        if let Some(only) = only {
            command.push_str(&format!(" --only {only}"));
        }
        command
    }
}

/// The names of faults, or one word for all of them or none.
pub(super) fn faults_in_words(faults: Faults, between: &str) -> String {
    match faults.names() {
        names if names.is_empty() => "none".to_owned(),
        names => names.join(between),
    }
}

/// Reads what follows `quorate simulate`; nothing if help is asked for.
pub(super) fn read(parser: &mut Parser) -> Result<Option<SimulateArguments>, Failure> {
    let plan = Plan {
        servers: 3,
        seed: 1,
        actions: 1_000_000,
        episode: 1_000,
        faults: Faults::ALL,
        checks: Checks::All,
    };
    let mut arguments = SimulateArguments {
        plan,
        only: None,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        format: Format::Human,
        save: None,
        coverage: None,
        formulas: false,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long("formulas") => arguments.formulas = true,
            Arg::Long("save") => arguments.save = Some(PathBuf::from(parser.value()?)),
            Arg::Long("coverage") => arguments.coverage = Some(PathBuf::from(parser.value()?)),
            Arg::Long(flag) => {
                let flag = flag.to_owned();
                let Some((flag, _, _)) = FLAGS.iter().find(|(known, _, _)| *known == flag) else {
                    return Err(unknown_flag(&format!("--{flag}")));
                };
                let value = text_value(parser, flag)?;
                set(&mut arguments, flag, &value)?;
            }
            Arg::Short(flag) => return Err(unknown_flag(&format!("-{flag}"))),
            other @ Arg::Value(_) => return Err(other.unexpected().into()),
        }
    }
    if arguments.formulas && !arguments.plan.checks.refine() {
        return Err(Failure::usage(
            "--formulas: --checks \"steps\"; expected checks that compare with the abstract protocol; try --checks all",
        ));
    }
    let episodes = arguments.plan.episodes();
    match arguments.only {
        Some(only) if only >= episodes => Err(Failure::usage(format_args!(
            "--only: {only}; expected one of the {episodes} episodes, counted from 0; try 0"
        ))),
        _ => Ok(Some(arguments)),
    }
}

fn unknown_flag(flag: &str) -> Failure {
    let known = FLAGS.iter().map(|(known, _, _)| format!("--{known}"));
    Failure::usage(unknown("option", flag, known, "quorate help"))
}

fn set(arguments: &mut SimulateArguments, flag: &str, value: &str) -> Result<(), Failure> {
    let wrong = |expected: &str| Failure::usage(format_args!("--{flag}: {value:?}; {expected}"));
    let within = |least: u64, most: u64, expected: &str| {
        let number = number(value).filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| wrong(expected))
    };
    let plan = &mut arguments.plan;
    match flag {
        "servers" => {
            let servers = within(1, 7, "expected a number from 1 to 7; try 3")?;
            plan.servers = u8::try_from(servers).unwrap_or(3);
        }
        "seed" => plan.seed = within(0, u64::MAX, "expected a number below 2^64; try 1")?,
        "steps" => {
            plan.actions = within(1, u64::MAX, "expected a number of actions; try 1_000_000")?;
        }
        "episode" => {
            let expected = "expected a number of actions from 1 to 1_000_000; try 1_000";
            plan.episode = within(1, 1_000_000, expected)?;
        }
        "faults" => plan.faults = faults(value)?,
        "checks" => {
            let known = Checks::ALL.map(|checks| (checks.name(), checks));
            plan.checks = one_of(flag, value, known)?;
        }
        "only" => {
            let expected = "expected the number of an episode; try 0";
            arguments.only = Some(within(0, u64::MAX, expected)?);
        }
        "threads" => {
            let threads = within(1, MAX_THREADS, "expected a number from 1 to 1024; try 1")?;
            arguments.threads = usize::try_from(threads).unwrap_or(1);
        }
        _ => {
            let formats = [("human", Format::Human), ("json", Format::Json)];
            arguments.format = one_of(flag, value, formats)?;
        }
    }
    Ok(())
}

/// Reads a set of faults.
fn faults(text: &str) -> Result<Faults, Failure> {
    match text {
        "all" => return Ok(Faults::ALL),
        "none" => return Ok(Faults::NONE),
        _ => {}
    }
    let mut faults = Faults::NONE;
    for name in text.split(',') {
        let Some((_, of)) = Faults::NAMED.iter().find(|(known, _)| *known == name) else {
            let known = Faults::NAMED.iter().map(|(known, _)| *known).chain(["all", "none"]);
            return Err(Failure::usage(unknown("--faults", name, known, "quorate help")));
        };
        *of(&mut faults) = true;
    }
    Ok(faults)
}
