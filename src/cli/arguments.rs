//! Reading the arguments of `quorate check`.

use super::Failure;
use lexopt::{Arg, Parser, ValueExt};
use quorate_models::{BOUNDS, Bounds, Domain, Limits, NAMED, Named, Search, memory_available};
use std::path::PathBuf;
use std::time::Duration;

/// What `quorate check` is asked to do.
#[derive(Clone, Debug)]
pub(super) struct CheckArguments {
    pub(super) model: &'static Named,
    pub(super) bounds: Bounds,
    /// The bounds that were given, as flags and values.
    pub(super) changed: Vec<(&'static str, String)>,
    pub(super) search: Search,
    pub(super) threads: usize,
    pub(super) property: Option<&'static str>,
    pub(super) limits: Limits,
    pub(super) format: Format,
    pub(super) save: Option<PathBuf>,
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

/// Which model was asked for.
pub(super) enum Asked {
    /// A model of the protocol.
    Protocol(Box<CheckArguments>),
    /// The demonstration of what quorums alone do.
    QuorumWithoutLeader(Format),
}

/// The name under which the demonstration is asked for.
pub(super) const QUORUM_WITHOUT_LEADER: &str = "quorum-without-leader";

/// The greatest number of threads.
const MAX_THREADS: u64 = 1_024;

/// The flags of check that are no bounds.
const FLAGS: [&str; 9] = [
    "search",
    "threads",
    "property",
    "time-limit",
    "state-limit",
    "memory-limit",
    "format",
    "save",
    "update-counts",
];

/// Reads what follows `quorate check`.
pub(super) fn read(parser: &mut Parser) -> Result<Asked, Failure> {
    let mut name: Option<String> = None;
    let mut arguments = CheckArguments {
        model: &NAMED[0],
        bounds: NAMED[0].bounds,
        changed: Vec::new(),
        search: Search::Bfs,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        property: None,
        limits: Limits { memory: default_memory_limit(), ..Limits::default() },
        format: Format::Human,
        save: None,
        update_counts: false,
    };
    let mut flags = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if name.is_none() => {
                name = Some(value.to_string_lossy().into_owned())
            }
            Arg::Long(flag) => {
                let flag = flag.to_owned();
                read_flag(parser, &flag, &mut arguments)?;
                flags.push(flag);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if name.as_deref() == Some(QUORUM_WITHOUT_LEADER) {
        if let Some(flag) = flags.iter().find(|flag| *flag != "format") {
            let message = "of quorum-without-leader has no such option; expected --format alone";
            return Err(Failure::usage(format_args!("--{flag}: {message}")));
        }
        return Ok(Asked::QuorumWithoutLeader(arguments.format));
    }
    if let Some(name) = &name {
        let known = NAMED.iter().map(|named| named.name).chain([QUORUM_WITHOUT_LEADER]);
        let found = quorate_models::find(name);
        arguments.model = found.ok_or_else(|| Failure::usage(unknown("model", name, known)))?;
    }
    apply_bounds(&mut arguments)?;
    Ok(Asked::Protocol(Box::new(arguments)))
}

/// Starts from the model's bounds and sets those that were given.
fn apply_bounds(arguments: &mut CheckArguments) -> Result<(), Failure> {
    arguments.bounds = arguments.model.bounds;
    for (flag, value) in &arguments.changed {
        let bounds = BOUNDS.iter().filter(|bound| bound.flag == *flag);
        for bound in bounds {
            bound.parse(&mut arguments.bounds, value).map_err(Failure::usage)?;
        }
    }
    if arguments.update_counts && arguments.bounds != arguments.model.bounds {
        let name = arguments.model.name;
        return Err(Failure::usage(format_args!(
            "--update-counts: the bounds are not those of {name}; expected a model without bounds of its own"
        )));
    }
    Ok(())
}

fn read_flag(
    parser: &mut Parser,
    flag: &str,
    arguments: &mut CheckArguments,
) -> Result<(), Failure> {
    if let Some(bound) = BOUNDS.iter().find(|bound| bound.flag == flag) {
        let value = text_value(parser)?;
        // A wrong value is reported for the flag, whatever model is named later.
        bound.parse(&mut arguments.bounds.clone(), &value).map_err(Failure::usage)?;
        arguments.changed.push((bound.flag, value));
        return Ok(());
    }
    if !FLAGS.contains(&flag) {
        let known = FLAGS.into_iter().chain(BOUNDS.iter().map(|bound| bound.flag));
        return Err(Failure::usage(unknown("option", flag, known)));
    }
    if flag == "update-counts" {
        arguments.update_counts = true;
        return Ok(());
    }
    if flag == "save" {
        arguments.save = Some(parser.value()?.into());
        return Ok(());
    }
    let value = text_value(parser)?;
    let wrong =
        |expected: &str| Failure::usage(format_args!("--{flag}: {value:?}; expected {expected}"));
    match flag {
        "search" => {
            let found = [("bfs", Search::Bfs), ("dfs", Search::Dfs)]
                .into_iter()
                .find_map(|(name, search)| (name == value).then_some(search));
            arguments.search = found.ok_or_else(|| wrong("bfs or dfs"))?;
        }
        "format" => {
            let found = [("human", Format::Human), ("json", Format::Json)]
                .into_iter()
                .find_map(|(name, format)| (name == value).then_some(format));
            arguments.format = found.ok_or_else(|| wrong("human or json"))?;
        }
        "threads" => {
            let number = number(&value).filter(|number| (1..=MAX_THREADS).contains(number));
            let number = number.ok_or_else(|| wrong("a number from 1 to 1024"))?;
            arguments.threads = usize::try_from(number).unwrap_or(1);
        }
        "property" => arguments.property = Some(find_property(&value)?),
        "time-limit" => {
            let time = time(&value).ok_or_else(|| wrong("a time like 90, 90s, 5m or 2h"))?;
            arguments.limits.time = Some(time);
        }
        "state-limit" => {
            let states = number(&value).filter(|states| *states > 0);
            let states = states.ok_or_else(|| wrong("a number of states, at least 1"))?;
            arguments.limits.states = Some(states);
        }
        _ => {
            let size = size(&value).ok_or_else(|| wrong("a size like 800M or 4G"))?;
            arguments.limits.memory = Some(size);
        }
    }
    Ok(())
}

fn text_value(parser: &mut Parser) -> Result<String, Failure> {
    Ok(parser.value()?.string()?)
}

/// The property of this name.
fn find_property(name: &str) -> Result<&'static str, Failure> {
    let mut known = quorate_models::property_names();
    let found = known.find(|known| *known == name);
    found.ok_or_else(|| Failure::usage(unknown("property", name, quorate_models::property_names())))
}

/// The message that something has an unknown name, with the known ones and the nearest of them.
pub(super) fn unknown(
    what: &str,
    value: &str,
    known: impl IntoIterator<Item = &'static str>,
) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let distance =
        |name: &&&str| strsim::damerau_levenshtein(&name.to_lowercase(), &value.to_lowercase());
    let nearest = known.iter().min_by_key(distance).filter(|name| distance(name) <= 4);
    let hint = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    format!("{what}: {value:?}; expected one of {}{hint}", known.join(", "))
}

/// A decimal number; underscores may group its digits.
fn number(text: &str) -> Option<u64> {
    let is_grouped = !text.starts_with('_') && !text.ends_with('_');
    is_grouped.then(|| text.replace('_', "").parse().ok()).flatten()
}

/// A time in seconds, or with a unit.
fn time(text: &str) -> Option<Duration> {
    let (digits, scale) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3_600.0),
        _ => (text, 1.0),
    };
    let seconds: f64 = digits.parse().ok()?;
    Duration::try_from_secs_f64(seconds * scale).ok().filter(|time| !time.is_zero())
}

/// A size in bytes, with a unit of 1024 or one of its powers.
fn size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.char_indices().last()? {
        (at, 'K' | 'k') => (&text[..at], 10),
        (at, 'M' | 'm') => (&text[..at], 20),
        (at, 'G' | 'g') => (&text[..at], 30),
        _ => (text, 0),
    };
    number(digits)?.checked_mul(1 << shift).filter(|size| *size > 0)
}

/// Nine tenths of the memory available: a search stops before the system stops it.
fn default_memory_limit() -> Option<u64> {
    memory_available().map(|bytes| bytes / 10 * 9)
}

/// The lines of the help text that list the bounds.
pub(super) fn bounds_help() -> String {
    let line = |bound: &quorate_models::Bound| {
        let domain = match bound.domain {
            Domain::Number(..) => "N".to_owned(),
            Domain::Word(words) => words.join("|"),
        };
        let flag = format!("--{} {domain}", bound.flag);
        format!("  {flag:40} {}\n", bound.meaning)
    };
    BOUNDS.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{number, size, time, unknown};
    use std::time::Duration;

    #[test]
    fn limits_are_read_with_and_without_units() {
        assert_eq!(time("90"), Some(Duration::from_secs(90)));
        assert_eq!(time("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(time("2h"), Some(Duration::from_secs(7_200)));
        assert!(
            ["", "-1", "0", "5d", "NaN", "inf", "1e400"].iter().all(|text| time(text).is_none())
        );
        assert_eq!(size("4G"), Some(4 << 30));
        assert_eq!(size("800m"), Some(800 << 20));
        assert!(["", "G", "-1", "0", "99999999999G"].iter().all(|text| size(text).is_none()));
        assert_eq!(number("1_000_000"), Some(1_000_000));
        assert!(["", "_1", "1_", "+-1", "x"].iter().all(|text| number(text).is_none()));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_one_if_one_is_near() {
        let known = ["smoke", "elections"];
        assert_eq!(
            unknown("model", "smok", known),
            "model: \"smok\"; expected one of smoke, elections; did you mean smoke?"
        );
        assert_eq!(
            unknown("model", "xxxxxxxxx", known),
            "model: \"xxxxxxxxx\"; expected one of smoke, elections"
        );
    }
}
