//! What has happened in several runs, as a file.
//!
//! Things are written by their names, one JSON object with a version. A name that this version does not know is refused:
//! what has another name now has perhaps another meaning. A file is written beside its place and renamed into it, so
//! that whoever is killed on the way leaves the old one.

use super::super::{Exit, Failure};
use quorate_models::{Coverage, Item, Kind};
use serde_json::{Map, Value, json};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What the file says it is.
const FORMAT: &str = "quorate coverage";

/// The version of the format.
const VERSION: u64 = 1;

/// The longest file that is read, in bytes.
const MAX_LENGTH: u64 = 1 << 20;

/// Reads a file, if there is one.
pub(super) fn read(file: &Path) -> Result<Option<Coverage>, Failure> {
    let wrong = |exit, what: &dyn std::fmt::Display| {
        let (show, hint) = (file.display(), "quorate check --coverage NEW.json");
        let expected = "expected a file that --coverage wrote";
        Failure::new(exit, format_args!("{show}: {what}; {expected}; try {hint}"))
    };
    let unread = |error: io::Error| wrong(Exit::NoInput, &error);
    let metadata = match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(unread)?,
    };
    if metadata.is_dir() {
        return Err(wrong(Exit::NoInput, &"a directory"));
    }
    if metadata.len() > MAX_LENGTH {
        let what = format!("{} bytes, more than {MAX_LENGTH}", metadata.len());
        return Err(wrong(Exit::BadData, &what));
    }
    let bytes = fs::read(file).map_err(unread)?;
    let value = serde_json::from_slice(&bytes).map_err(|error| wrong(Exit::BadData, &error))?;
    parse(&value).map(Some).map_err(|what| wrong(Exit::BadData, &what))
}

/// What a file says, or what is wrong with it.
fn parse(value: &Value) -> Result<Coverage, String> {
    if value["format"] != FORMAT {
        return Err(format!("format: {}, not {FORMAT:?}", value["format"]));
    }
    if value["version"] != VERSION {
        return Err(format!("version: {}, not {VERSION}", value["version"]));
    }
    let number = |name: &str| {
        value[name].as_u64().ok_or_else(|| format!("{name}: {}, no number of runs", value[name]))
    };
    let (runs, compared) = (number("runs")?, number("compared")?);
    if compared > runs {
        return Err(format!("compared: {compared}, more than all {runs} runs"));
    }
    let mut coverage = Coverage::of_nothing(runs, compared);
    for kind in Kind::ALL {
        let (label, names) = (kind.name(), &value["happened"][kind.name()]);
        let names =
            names.as_array().ok_or_else(|| format!("{label}: {names}, no list of names"))?;
        for name in names {
            coverage.note(find(kind, name).ok_or_else(|| {
                format!("{label}: {name}, a name that this version does not know")
            })?);
        }
    }
    Ok(coverage)
}

/// The thing of a kind that has this name.
fn find(kind: Kind, name: &Value) -> Option<Item> {
    kind.items().into_iter().find(|item| name == item.name)
}

/// What is written of it.
fn written(coverage: &Coverage) -> String {
    let names = |kind| coverage.happened(kind).iter().map(|item| item.name).collect::<Vec<&str>>();
    let happened = Kind::ALL.map(|kind| (kind.name().to_owned(), json!(names(kind))));
    let value = json!({
        "format": FORMAT,
        "version": VERSION,
        "runs": coverage.runs,
        "compared": coverage.compared,
        "happened": happened.into_iter().collect::<Map<String, Value>>(),
    });
    format!("{value:#}\n")
}

/// Writes a file, or puts it in the place of the one that is there.
pub(super) fn write(file: &Path, coverage: &Coverage) -> Result<(), Failure> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let replaced = create(&beside, &written(coverage)).and_then(|()| fs::rename(&beside, file));
    replaced.map_err(|error| {
        // What is left of it is of no use; that it cannot be removed is not what went wrong.
        let _ = fs::remove_file(&beside);
        Failure::new(Exit::CannotWrite, format_args!("{}: {error}", file.display()))
    })
}

/// Makes a file whose content survives the rename.
fn create(file: &Path, text: &str) -> io::Result<()> {
    let mut out = File::create(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{Coverage, Kind, Value, parse, written};

    /// Three runs, of two of which everything is known.
    fn some() -> Coverage {
        let mut coverage = Coverage::of_nothing(3, 2);
        for kind in Kind::ALL {
            kind.items().into_iter().step_by(2).for_each(|item| coverage.note(item));
        }
        coverage
    }

    #[test]
    fn what_is_written_is_read() {
        for coverage in [some(), Coverage::default()] {
            let value = serde_json::from_str(&written(&coverage)).expect("it is JSON");
            assert_eq!(parse(&value), Ok(coverage));
        }
    }

    #[test]
    fn whatever_is_left_out_is_noticed() {
        let whole: Value = serde_json::from_str(&written(&some())).expect("it is JSON");
        let parts = whole.as_object().expect("it is an object").keys().cloned();
        for part in parts {
            let mut lacking = whole.clone();
            lacking.as_object_mut().expect("it is an object").remove(&part);
            assert!(parse(&lacking).is_err(), "{part}");
        }
        for kind in Kind::ALL {
            let mut lacking = whole.clone();
            lacking["happened"][kind.name()] = Value::Null;
            let wrong = parse(&lacking).expect_err("a kind is missing");
            assert_eq!(wrong, format!("{}: null, no list of names", kind.name()));
        }
    }
}
