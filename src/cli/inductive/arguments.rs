//! Reading the arguments of `quorate inductive`.

use super::super::Failure;
use super::super::arguments::{Format, MAX_THREADS, one_of, text_value};
use super::super::text::unknown;
use super::super::values::number;
use lexopt::{Arg, Parser};
use quorate_cluster::Command;
use quorate_models::inductive::{Plan, States};
use quorate_spec::Abstract;

/// What `quorate inductive` is asked to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct InductiveArguments {
    pub(super) plan: Plan,
    /// The one state that is looked at, if not all are.
    pub(super) only: Option<u64>,
    pub(super) threads: usize,
    pub(super) format: Format,
}

/// A flag: its name, what its value looks like, and what it is for.
pub(super) type Flag = (&'static str, &'static str, &'static str);

/// The flags.
pub(super) const FLAGS: [Flag; 9] = [
    ("servers", "N", "how many servers, 1 to 5 (3)"),
    ("terms", "N", "the greatest term in a history, 1 to 6 (3)"),
    ("logs", "N", "the greatest length of a log, 1 to 6 (3)"),
    ("seed", "N", "the number from which all chance follows (1)"),
    ("states", "N|all", "how many states are made up by chance, or all of this size (10_000)"),
    (
        "without",
        "LEMMA",
        "leave one lemma of the invariant out, and make up states in which it is broken",
    ),
    ("only", "N", "look at this one state"),
    ("threads", "N", "how many threads share the states (all processors)"),
    ("format", "human|json", "how the result is printed (human)"),
];

impl InductiveArguments {
    /// The command that looks at the same, with what matters for it: this seed, and one state or all.
    pub(super) fn command(&self, seed: u64, only: Option<u64>) -> String {
        let Plan { servers, terms, logs, states, without, .. } = self.plan;
        let size = format!("--servers {servers} --terms {terms} --logs {logs}");
        let mut command = match states {
            States::Random(count) => {
                format!("quorate inductive {size} --seed {seed} --states {count}")
            }
            States::All => format!("quorate inductive {size} --states all"),
        };
        if let Some(lemma) = without {
            command.push_str(&format!(" --without {lemma}"));
        }
        if let Some(only) = only {
            command.push_str(&format!(" --only {only}"));
        }
        command
    }
}

/// Reads what follows `quorate inductive`; nothing if help is asked for.
pub(super) fn read(parser: &mut Parser) -> Result<Option<InductiveArguments>, Failure> {
    let states = States::Random(10_000);
    let plan = Plan { servers: 3, terms: 3, logs: 3, seed: 1, states, without: None };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut arguments = InductiveArguments { plan, only: None, threads, format: Format::Human };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
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
    let Plan { states, without, .. } = arguments.plan;
    if let (States::All, Some(lemma)) = (states, without) {
        return Err(Failure::usage(format_args!(
            "--without: {lemma:?}; expected states of chance, for no list has those in which a lemma is broken; \
             try --states 10_000"
        )));
    }
    match (arguments.only, arguments.plan.count()) {
        (Some(only), Some(count)) if only >= count => Err(Failure::usage(format_args!(
            "--only: {only}; expected one of the {count} states, counted from 0; try 0"
        ))),
        _ => Ok(Some(arguments)),
    }
}

fn unknown_flag(flag: &str) -> Failure {
    let known = FLAGS.iter().map(|(known, _, _)| format!("--{known}"));
    Failure::usage(unknown("option", flag, known, "quorate help"))
}

fn set(arguments: &mut InductiveArguments, flag: &str, value: &str) -> Result<(), Failure> {
    let wrong = |expected: &str| Failure::usage(format_args!("--{flag}: {value:?}; {expected}"));
    let within = |least: u64, most: u64, expected: &str| {
        let number = number(value).filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| wrong(expected))
    };
    let plan = &mut arguments.plan;
    match flag {
        "servers" => {
            let servers = within(1, 5, "expected a number from 1 to 5; try 3")?;
            plan.servers = u8::try_from(servers).unwrap_or(3);
        }
        "terms" => plan.terms = within(1, 6, "expected a number from 1 to 6; try 3")?,
        "logs" => plan.logs = within(1, 6, "expected a number from 1 to 6; try 3")?,
        "seed" => plan.seed = within(0, u64::MAX, "expected a number below 2^64; try 1")?,
        "states" if value == "all" => plan.states = States::All,
        "states" => {
            let expected = "expected a number of states or all; try 10_000";
            plan.states = States::Random(within(1, u64::MAX, expected)?);
        }
        "without" => {
            let known = Abstract::<Command>::INVARIANT.map(|lemma| (lemma.name, lemma.name));
            plan.without = Some(one_of(flag, value, known)?);
        }
        "only" => {
            let expected = "expected the number of a state; try 0";
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
