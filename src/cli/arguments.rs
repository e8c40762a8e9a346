//! Reading the arguments of `quorate check`.

mod refused;

use super::Failure;
use super::text::{labelled, out_of_domain, shell_word, unknown};
use super::values::{number, size, time};
use lexopt::{Arg, Parser};
use quorate_models::{
    BOUNDS, Bounds, Counts, Domain, Limits, Mode, NAMED, Named, Search, memory_available,
};
use quorate_spec::properties::END_TO_END;
use refused::refuse_what_checks_nothing;
use std::path::PathBuf;

/// What `quorate check` is asked to do.
#[derive(Clone, Debug)]
pub(super) struct CheckArguments {
    pub(super) model: &'static Named,
    pub(super) bounds: Bounds,
    /// Every flag that was given, with its value; empty for a flag that has none.
    pub(super) given: Vec<(&'static str, String)>,
    /// The mode that was asked for; the bounds may allow the plain one alone.
    pub(super) asked_mode: Mode,
    /// Whether every remembered step is done under all other names too.
    pub(super) validate: bool,
    /// Whether the formulas that solvers prove are evaluated on every abstract action.
    pub(super) formulas: bool,
    pub(super) search: Search,
    pub(super) threads: usize,
    pub(super) property: Option<&'static str>,
    pub(super) limits: Limits,
    pub(super) format: Format,
    pub(super) save: Option<PathBuf>,
    /// The file to which what happened is added.
    pub(super) coverage: Option<PathBuf>,
    pub(super) update_counts: bool,
}

/// How a result is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// For people.
    Human,
    /// One JSON object.
    Json,
}

/// What was asked for.
pub(super) enum Asked {
    /// The text that explains the command.
    Help,
    /// A model of the protocol.
    Protocol(Box<CheckArguments>),
    /// The demonstration of what quorums alone do.
    QuorumWithoutLeader(Format),
}

/// The name under which the demonstration is asked for.
pub(super) const QUORUM_WITHOUT_LEADER: &str = "quorum-without-leader";

/// The greatest number of threads.
pub(super) const MAX_THREADS: u64 = 1_024;

/// The flags of check that are no bounds.
const FLAGS: [&str; 14] = [
    "help",
    "plain",
    "validate",
    "formulas",
    "search",
    "threads",
    "property",
    "time-limit",
    "state-limit",
    "memory-limit",
    "format",
    "save",
    "coverage",
    "update-counts",
];

impl CheckArguments {
    fn new() -> CheckArguments {
        CheckArguments {
            model: &NAMED[0],
            bounds: NAMED[0].bounds,
            given: Vec::new(),
            asked_mode: Mode::Fast,
            validate: false,
            formulas: false,
            search: Search::Dfs,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            property: None,
            // Nine tenths of the memory available: a search stops before the system stops it.
            limits: Limits {
                memory: memory_available().map(|bytes| bytes / 10 * 9),
                ..Limits::default()
            },
            format: Format::Human,
            save: None,
            coverage: None,
            update_counts: false,
        }
    }

    /// The mode in which the bounds are explored.
    pub(super) fn mode(&self) -> Mode {
        self.bounds.mode(self.asked_mode)
    }

    /// The counts that must be found: those of the model in this mode, if its bounds are.
    pub(super) fn recorded(&self) -> Option<Counts> {
        self.model.recorded(self.mode()).filter(|_| self.bounds == self.model.bounds)
    }

    /// The witnesses that must be reached. With bounds of one's own they may be out of reach.
    pub(super) fn required(&self) -> &'static [&'static str] {
        // The comparison with the abstract protocol makes more states, but nothing else happens in them.
        let bounds = Bounds { refinement: self.model.bounds.refinement, ..self.bounds };
        if bounds == self.model.bounds { self.model.required } else { &[] }
    }

    /// The flags given that say what is checked, not how.
    pub(super) fn subject(&self) -> String {
        let is_subject = |flag: &str| {
            ["property", "plain", "formulas"].contains(&flag)
                || BOUNDS.iter().any(|bound| bound.flag == flag)
        };
        let flags = self.given.iter().filter(|(flag, _)| is_subject(flag));
        flags.map(|(flag, value)| written(flag, value)).collect()
    }

    /// The command that asks for the same with some flags set to other values.
    pub(super) fn command_with(&self, instead: &[(&'static str, String)]) -> String {
        let is_kept = |flag: &str| instead.iter().all(|(other, _)| *other != flag);
        let kept = self.given.iter().filter(|(flag, _)| is_kept(flag));
        let flags: String = kept.chain(instead).map(|(flag, value)| written(flag, value)).collect();
        format!("quorate check {}{flags}", self.model.name)
    }
}

/// A flag as it is written behind a command.
fn written(flag: &str, value: &str) -> String {
    let value = if value.is_empty() { String::new() } else { format!(" {}", shell_word(value)) };
    format!(" --{flag}{value}")
}

/// Reads what follows `quorate check`.
pub(super) fn read(parser: &mut Parser) -> Result<Asked, Failure> {
    let mut name: Option<String> = None;
    let mut arguments = CheckArguments::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
            Arg::Value(value) => {
                let value = value.to_string_lossy().into_owned();
                if let Some(name) = name {
                    return Err(Failure::usage(format_args!(
                        "argument: {value:?}; expected options alone after the model {name:?}; try quorate \
                         help"
                    )));
                }
                name = Some(value);
            }
            Arg::Long(flag) => {
                let flag = flag.to_owned();
                read_flag(parser, &flag, &mut arguments)?;
            }
            Arg::Short(flag) => return Err(unknown_flag(&format!("-{flag}"))),
        }
    }
    if name.as_deref() == Some(QUORUM_WITHOUT_LEADER) {
        if let Some((flag, _)) = arguments.given.iter().find(|(flag, _)| *flag != "format") {
            return Err(Failure::usage(format_args!(
                "option: \"--{flag}\"; expected --format alone with {QUORUM_WITHOUT_LEADER}; try quorate \
                 check {QUORUM_WITHOUT_LEADER}"
            )));
        }
        return Ok(Asked::QuorumWithoutLeader(arguments.format));
    }
    if let Some(name) = &name {
        let known = NAMED.iter().map(|named| named.name).chain([QUORUM_WITHOUT_LEADER]);
        arguments.model = quorate_models::find(name)
            .ok_or_else(|| Failure::usage(unknown("model", name, known, "quorate list")))?;
    }
    apply_bounds(&mut arguments)?;
    refuse_what_checks_nothing(&mut arguments)?;
    Ok(Asked::Protocol(Box::new(arguments)))
}

/// Starts from the model's bounds and sets those that were given.
fn apply_bounds(arguments: &mut CheckArguments) -> Result<(), Failure> {
    arguments.bounds = arguments.model.bounds;
    for (flag, value) in &arguments.given {
        let mut bounds = BOUNDS.iter().filter(|bound| bound.flag == *flag);
        bounds.try_for_each(|bound| {
            let set = bound.parse(&mut arguments.bounds, value);
            set.map_err(|wrong| Failure::usage(out_of_domain(&wrong)))
        })?;
    }
    Ok(())
}

fn unknown_flag(flag: &str) -> Failure {
    let known = FLAGS.into_iter().chain(BOUNDS.iter().map(|bound| bound.flag));
    let known = known.map(|flag| format!("--{flag}"));
    Failure::usage(unknown("option", flag, known, "quorate help"))
}

fn read_flag(
    parser: &mut Parser,
    flag: &str,
    arguments: &mut CheckArguments,
) -> Result<(), Failure> {
    if let Some(bound) = BOUNDS.iter().find(|bound| bound.flag == flag) {
        let value = text_value(parser, flag)?;
        // A wrong value is reported for the flag, whatever model is named later.
        bound
            .parse(&mut arguments.bounds.clone(), &value)
            .map_err(|wrong| Failure::usage(out_of_domain(&wrong)))?;
        arguments.given.push((bound.flag, value));
        return Ok(());
    }
    let Some(flag) = FLAGS.into_iter().find(|known| *known == flag) else {
        return Err(unknown_flag(&format!("--{flag}")));
    };
    let value = match flag {
        "update-counts" => {
            arguments.update_counts = true;
            String::new()
        }
        "plain" => {
            arguments.asked_mode = Mode::Plain;
            String::new()
        }
        "validate" => {
            arguments.validate = true;
            String::new()
        }
        "formulas" => {
            arguments.formulas = true;
            String::new()
        }
        "save" | "coverage" => {
            let file = PathBuf::from(parser.value()?);
            let value = file.display().to_string();
            let place = if flag == "save" { &mut arguments.save } else { &mut arguments.coverage };
            *place = Some(file);
            value
        }
        _ => {
            let value = text_value(parser, flag)?;
            set_flag(flag, &value, arguments)?;
            value
        }
    };
    arguments.given.push((flag, value));
    Ok(())
}

/// Sets what a flag with a value is for.
fn set_flag(flag: &str, value: &str, arguments: &mut CheckArguments) -> Result<(), Failure> {
    let wrong = |expected: &str| Failure::usage(format_args!("--{flag}: {value:?}; {expected}"));
    match flag {
        "search" => {
            arguments.search = one_of(flag, value, [("bfs", Search::Bfs), ("dfs", Search::Dfs)])?;
        }
        "format" => {
            let formats = [("human", Format::Human), ("json", Format::Json)];
            arguments.format = one_of(flag, value, formats)?;
        }
        "threads" => {
            let number = number(value).filter(|number| (1..=MAX_THREADS).contains(number));
            let number = number.ok_or_else(|| wrong("expected a number from 1 to 1024; try 1"))?;
            arguments.threads = usize::try_from(number).unwrap_or(1);
        }
        "property" => {
            let known = || quorate_models::property_names().chain([END_TO_END]);
            let found = known().find(|known| *known == value).ok_or_else(|| {
                Failure::usage(unknown("property", value, known(), "quorate list"))
            })?;
            arguments.property = Some(found);
        }
        "time-limit" => {
            let time = time(value);
            let time = time.ok_or_else(|| wrong("expected a time like 90s, 5m or 2h; try 5m"))?;
            arguments.limits.time = Some(time);
        }
        "state-limit" => {
            let states = number(value).filter(|states| *states > 0);
            let expected = "expected a number of states, at least 1; try 1_000_000";
            arguments.limits.states = Some(states.ok_or_else(|| wrong(expected))?);
        }
        _ => {
            let size = size(value);
            let size = size.ok_or_else(|| wrong("expected a size like 800M or 4G; try 4G"))?;
            arguments.limits.memory = Some(size);
        }
    }
    Ok(())
}

/// The meaning of a word.
pub(super) fn one_of<T: Copy, const N: usize>(
    flag: &str,
    value: &str,
    known: [(&str, T); N],
) -> Result<T, Failure> {
    let found = known.iter().find(|(name, _)| *name == value).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let names = known.iter().map(|(name, _)| *name);
        Failure::usage(unknown(&format!("--{flag}"), value, names, "quorate help"))
    })
}

/// The value of a flag.
pub(super) fn text_value(parser: &mut Parser, flag: &str) -> Result<String, Failure> {
    parser.value()?.into_string().map_err(|value| {
        Failure::usage(format_args!("--{flag}: {value:?}; expected UTF-8; try quorate help"))
    })
}

/// The lines of the help text that list the bounds.
pub(super) fn bounds_help() -> String {
    let line = |bound: &quorate_models::Bound| {
        let domain = match bound.domain {
            Domain::Number(..) => "N".to_owned(),
            Domain::Budget(_) => "N|any".to_owned(),
            Domain::Word(words) => words.join("|"),
        };
        labelled(&format!("--{} {domain}", bound.flag), 40, bound.meaning)
    };
    BOUNDS.iter().map(line).collect()
}
