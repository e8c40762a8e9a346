//! A mutation as a file: a patch, with a header that says what it breaks and what must find it.
//!
//! ```text
//! # name: vote_twice_in_a_term                       the name of the file
//! # catalogue: B05                                   its number in the catalogue, or the rule that it stands for
//! # breaks: one vote per term [Ongaro14 §3.4]        the rule, with its source
//! # seen in: project#1                               where it happened
//! # check: check elections                           the arguments of the command, or the tests: see `harness`
//! # killed by: Vote Once, Election Safety            the properties, or witnesses, that may report it
//! # end to end check: check standard                 if another check than the first is needed for the next line
//! # end to end: Election Safety                      those that do with the local properties switched off, or
//! # end to end: none: why no harm is done            that nothing does, and why
//! ```
//!
//! A mutation of the runtime, which tests find, has no lines about end to end. One that changes nothing has, instead
//! of the last three, a line `equivalent: why`; then the check must end as it does without it, with as many states.
//! A line of the header that begins with more than one space continues the line before.

use super::harness;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The keys of a header.
const KEYS: [&str; 9] = [
    "name",
    "catalogue",
    "breaks",
    "seen in",
    "check",
    "killed by",
    "end to end check",
    "end to end",
    "equivalent",
];

/// The keys that every header has.
const NEEDED: [&str; 5] = ["name", "catalogue", "breaks", "seen in", "check"];

/// The flag with which a check asks for some properties alone.
const PROPERTY: &str = "--property";

/// What switches the local properties off.
pub(crate) const LOCAL_OFF: [&str; 2] = [PROPERTY, "end-to-end"];

/// The word with which a header says that no property finds a mutation.
const NONE: &str = "none:";

/// One mutation.
#[derive(Debug)]
pub(crate) struct Patch {
    /// Its file.
    pub(crate) path: PathBuf,
    /// Its name, which is the name of its file.
    pub(crate) name: String,
    /// Its number in the catalogue of known mistakes, or the rule that it stands for.
    pub(crate) catalogue: String,
    /// Where it happened.
    pub(crate) seen_in: String,
    /// The arguments of the command that must find it, or that must find no difference.
    pub(crate) check: Vec<String>,
    /// What must come of it.
    pub(crate) expected: Expected,
    /// What must come of it with the local properties switched off, unless tests find it.
    pub(crate) end_to_end: Option<EndToEnd>,
}

impl Patch {
    /// The checks that it names. Each must pass without the mutation, with every property.
    pub(crate) fn checks(&self) -> impl Iterator<Item = &[String]> {
        let end_to_end = self.end_to_end.as_ref().map(|end_to_end| &end_to_end.check[..]);
        std::iter::once(&self.check[..]).chain(end_to_end)
    }

    /// Why nothing finds it, or nothing that speaks end to end, if so.
    pub(crate) fn why_nothing(&self) -> Option<&str> {
        match (&self.expected, &self.end_to_end) {
            (Expected::Equivalent(why), _) => Some(why),
            (Expected::Killed(_), Some(EndToEnd { expected: Harm::None(why), .. })) => Some(why),
            (Expected::Killed(_), _) => None,
        }
    }
}

/// What must come of a mutation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// One of these properties, tests or witnesses reports it.
    Killed(Vec<String>),
    /// Nothing, for this reason.
    Equivalent(String),
}

/// What must come of a mutation with the local properties switched off.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EndToEnd {
    /// The arguments of the command, to which [`LOCAL_OFF`] is added.
    pub(crate) check: Vec<String>,
    /// What must come of it.
    pub(crate) expected: Harm,
}

/// Whether a mutation does harm that a client can see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// One of these properties reports it.
    Killed(Vec<String>),
    /// None does, for this reason.
    None(String),
}

/// Reads every patch of a folder, in the order of their names.
///
/// # Errors
/// What is wrong with the folder or one of its patches.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Patch>, String> {
    let in_folder = |error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(in_folder)? {
        let path = entry.map_err(in_folder)?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: no *.patch file; expected the mutations", folder.display()));
    }
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Patch, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(path, &text).map_err(|problem| format!("{}: {problem}", path.display()))
}

/// Reads a patch from its text.
///
/// # Errors
/// What is wrong with its header.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Patch, String> {
    let mut header = read_header(text)?;
    if !text.lines().any(|line| line.starts_with("--- ")) {
        return Err("no patch after the header; expected a unified diff".into());
    }
    let name = header.remove("name").unwrap_or_default();
    if path.file_stem().is_none_or(|stem| stem != name.as_str()) {
        return Err(format!("name: {name:?}; expected the name of the file"));
    }
    let rule = header.remove("breaks").unwrap_or_default();
    if !rule.contains('[') {
        return Err(format!("breaks: {rule:?}; expected the rule and its source in brackets"));
    }
    let check = words(&header.remove("check").unwrap_or_default());
    if !is_check(&check) && harness::tests_of(&check).is_none() {
        let expected = "the arguments of a check command, loom and its tests, or test, a package, a target and its tests";
        return Err(format!("check: {check:?}; expected {expected}"));
    }
    let expected = read_expected(&mut header)?;
    let end_to_end = read_end_to_end(&mut header, &check, &expected)?;
    let mut take = |key: &str| header.remove(key).unwrap_or_default();
    let (catalogue, seen_in) = (take("catalogue"), take("seen in"));
    let path = path.to_path_buf();
    Ok(Patch { path, name, catalogue, seen_in, check, expected, end_to_end })
}

/// Whether these are the arguments of a check, and not of tests.
fn is_check(words: &[String]) -> bool {
    words.first().is_some_and(|word| word == "check")
}

/// Whether a check asks for some properties alone.
fn asks_for_some(words: &[String]) -> bool {
    words.iter().any(|word| word == PROPERTY)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_string()).collect()
}

/// What must come of the check.
fn read_expected(header: &mut BTreeMap<&'static str, String>) -> Result<Expected, String> {
    match (header.remove("killed by"), header.remove("equivalent")) {
        (Some(killed_by), None) => Ok(Expected::Killed(names(&killed_by))),
        (None, Some(why)) => Ok(Expected::Equivalent(why)),
        (None, None) => Err("killed by: missing from the header, and equivalent too".into()),
        (Some(_), Some(_)) => {
            Err("equivalent: said of a mutation that is killed; expected one of the two".into())
        }
    }
}

/// What must come of the check with the local properties switched off.
fn read_end_to_end(
    header: &mut BTreeMap<&'static str, String>,
    check: &[String],
    expected: &Expected,
) -> Result<Option<EndToEnd>, String> {
    let is_killed = matches!(expected, Expected::Killed(_));
    let is_due = is_check(check) && !asks_for_some(check) && is_killed;
    let own_check = header.remove("end to end check");
    let told = match header.remove("end to end") {
        Some(told) if is_due => told,
        Some(_) => {
            let why = "equivalent, found by tests, or checked for one property";
            return Err(format!("end to end: said of a mutation that is {why}"));
        }
        None if is_due => return Err("end to end: missing from the header".into()),
        None => return Ok(None),
    };
    let words = own_check.map_or_else(|| check.to_vec(), |text| words(&text));
    if !is_check(&words) || asks_for_some(&words) {
        let expected = "the arguments of a check, without a property";
        return Err(format!("end to end check: {words:?}; expected {expected}"));
    }
    let expected = match told.strip_prefix(NONE) {
        Some(why) if !why.trim().is_empty() => Harm::None(why.trim().to_string()),
        Some(_) => return Err("end to end: none; expected a reason after it".into()),
        None => Harm::Killed(names(&told)),
    };
    Ok(Some(EndToEnd { check: words, expected }))
}

/// The lines before the diff, by key.
fn read_header(text: &str) -> Result<BTreeMap<&'static str, String>, String> {
    let mut header: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut latest = None;
    for line in text.lines().take_while(|line| line.starts_with('#')) {
        let body = line.trim_start_matches('#');
        if body.starts_with("  ") {
            let Some(value) = latest.and_then(|key| header.get_mut(key)) else {
                return Err(format!("{line:?}: continues nothing; expected a key first"));
            };
            value.push(' ');
            value.push_str(body.trim());
            continue;
        }
        let key = KEYS.into_iter().find_map(|key| {
            let value = body.trim_start().strip_prefix(key)?.strip_prefix(':')?;
            Some((key, value.trim().to_string()))
        });
        let Some((key, value)) = key else {
            return Err(format!("{line:?}: unknown key; expected one of {}", KEYS.join(", ")));
        };
        if header.insert(key, value).is_some() {
            return Err(format!("{key}: said twice"));
        }
        latest = Some(key);
    }
    if let Some((empty, _)) = header.iter().find(|(_, value)| value.is_empty()) {
        return Err(format!("{empty}: empty; see {}", super::FOLDER));
    }
    match NEEDED.into_iter().find(|key| !header.contains_key(key)) {
        Some(missing) => Err(format!("{missing}: missing from the header; see {}", super::FOLDER)),
        None => Ok(header),
    }
}
