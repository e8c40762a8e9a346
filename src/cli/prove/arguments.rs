//! Reading the arguments of `quorate prove`.

use super::super::Failure;
use super::super::arguments::{MAX_THREADS, text_value};
use super::super::text::unknown;
use super::super::values::{number, time};
use lexopt::{Arg, Parser};
use quorate_proofs::prove::SEEDS;
use quorate_proofs::solver::{Limits, Solver};
use std::path::PathBuf;

/// What `quorate prove` is asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ProveArguments {
    /// The description, if it is not the protocol's own.
    pub(super) file: Option<PathBuf>,
    /// The solvers that may be asked, in this order.
    pub(super) solvers: Vec<Solver>,
    /// The seeds that z3 is asked with.
    pub(super) seeds: Vec<u32>,
    /// The queries that are asked, if not all are.
    pub(super) query: Option<String>,
    /// The mutation that the description suffers first.
    pub(super) mutation: Option<String>,
    /// Where the queries are kept.
    pub(super) keep: Option<PathBuf>,
    pub(super) limits: Limits,
    pub(super) threads: usize,
}

/// A flag: its name, what its value looks like, and what it is for.
pub(super) type Flag = (&'static str, &'static str, &'static str);

/// The flags.
pub(super) const FLAGS: [Flag; 7] = [
    ("solver", "z3|cvc5|both", "whom to ask; both: cvc5 where z3 does not answer (both)"),
    ("query", "NAME", "ask this query alone, or those of an action, an invariant or a property"),
    (
        "mutation",
        "NAME",
        "break the protocol first, and ask what must fail then: one of proofs/mutants.epr",
    ),
    ("keep", "DIR", "keep the queries there, in SMT-LIB"),
    ("seeds", "LIST", "what z3's choices follow from, tried in turn (1,2,3)"),
    ("time-limit", "TIME", "give up on a solver after this time for one query (10m)"),
    ("threads", "N", "how many queries are asked at once (all processors)"),
];

/// The words for the solvers, and which they are.
const SOLVERS: [(&str, &[Solver]); 3] =
    [("z3", &[Solver::Z3]), ("cvc5", &[Solver::Cvc5]), ("both", &[Solver::Z3, Solver::Cvc5])];

/// Reads what follows `quorate prove`; nothing if help is asked for.
pub(super) fn read(parser: &mut Parser) -> Result<Option<ProveArguments>, Failure> {
    let mut arguments = ProveArguments {
        file: None,
        solvers: vec![Solver::Z3, Solver::Cvc5],
        seeds: SEEDS.to_vec(),
        query: None,
        mutation: None,
        keep: None,
        limits: Limits::default(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long("keep") => arguments.keep = Some(PathBuf::from(parser.value()?)),
            Arg::Long(flag) => {
                let flag = flag.to_owned();
                let Some((flag, _, _)) = FLAGS.iter().find(|(known, _, _)| *known == flag) else {
                    return Err(unknown_flag(&format!("--{flag}")));
                };
                let value = text_value(parser, flag)?;
                set(&mut arguments, flag, &value)?;
            }
            Arg::Short(flag) => return Err(unknown_flag(&format!("-{flag}"))),
            Arg::Value(file) if arguments.file.is_none() => {
                arguments.file = Some(PathBuf::from(file));
            }
            other @ Arg::Value(_) => return Err(other.unexpected().into()),
        }
    }
    if let (Some(file), Some(_)) = (&arguments.file, &arguments.mutation) {
        let file = file.display();
        let message =
            format_args!("--mutation: {file} beside it; expected no file; try --mutation alone");
        return Err(Failure::usage(message));
    }
    Ok(Some(arguments))
}

fn unknown_flag(flag: &str) -> Failure {
    let known = FLAGS.iter().map(|(known, _, _)| format!("--{known}"));
    Failure::usage(unknown("option", flag, known, "quorate help"))
}

fn set(arguments: &mut ProveArguments, flag: &str, value: &str) -> Result<(), Failure> {
    let wrong = |expected: &str| Failure::usage(format_args!("--{flag}: {value:?}; {expected}"));
    match flag {
        "solver" => {
            let Some((_, solvers)) = SOLVERS.iter().find(|(known, _)| *known == value) else {
                let known = SOLVERS.map(|(known, _)| known);
                return Err(Failure::usage(unknown("--solver", value, known, "both")));
            };
            arguments.solvers = solvers.to_vec();
        }
        "query" => arguments.query = Some(value.to_owned()),
        "mutation" => arguments.mutation = Some(value.to_owned()),
        "seeds" => {
            let seed = |seed: &str| number(seed).and_then(|seed| u32::try_from(seed).ok());
            let seeds: Option<Vec<u32>> = value.split(',').map(seed).collect();
            arguments.seeds =
                seeds.ok_or_else(|| wrong("expected numbers below 2^32 with commas; try 1,2,3"))?;
        }
        "time-limit" => {
            let limit =
                time(value).ok_or_else(|| wrong("expected a time like 90s, 5m; try 10m"))?;
            arguments.limits.time = limit;
        }
        "threads" => {
            let threads = number(value).filter(|threads| (1..=MAX_THREADS).contains(threads));
            let threads = threads.and_then(|threads| usize::try_from(threads).ok());
            arguments.threads =
                threads.ok_or_else(|| wrong("expected a number from 1 to 1024; try 2"))?;
        }
        _ => return Err(unknown_flag(&format!("--{flag}"))),
    }
    Ok(())
}
