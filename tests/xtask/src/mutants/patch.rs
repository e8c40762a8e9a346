//! A mutation as a file: a patch, with a header that says what it breaks and what must find it.
//!
//! ```text
//! # name: vote_twice_in_a_term                       the name of the file
//! # breaks: one vote per term [Ongaro14 §3.4]        the rule, with its source
//! # seen in: project#1                               where it happened
//! # check: check elections                           the arguments of the command, or the tests: see `harness`
//! # killed by: Vote Once, Election Safety            the properties that may report it
//! ```
//!
//! A line of the header that begins with more than one space continues the line before.

use super::harness;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The keys of a header, all of which must be there.
const KEYS: [&str; 5] = ["name", "breaks", "seen in", "check", "killed by"];

/// One mutation.
#[derive(Debug)]
pub(crate) struct Patch {
    /// Its file.
    pub(crate) path: PathBuf,
    /// Its name, which is the name of its file.
    pub(crate) name: String,
    /// The arguments of the command that must find it.
    pub(crate) check: Vec<String>,
    /// The properties that may report it.
    pub(crate) killed_by: Vec<String>,
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
    let mut take = |key: &str| header.remove(key).unwrap_or_default();
    let name = take("name");
    if path.file_stem().is_none_or(|stem| stem != name.as_str()) {
        return Err(format!("name: {name:?}; expected the name of the file"));
    }
    let breaks = take("breaks");
    if !breaks.contains('[') {
        return Err(format!("breaks: {breaks:?}; expected the rule and its source in brackets"));
    }
    let check: Vec<String> = take("check").split_whitespace().map(String::from).collect();
    let is_check = check.first().is_some_and(|word| word == "check");
    if !is_check && harness::tests_of(&check).is_none() {
        let expected = "the arguments of a check command, loom and its tests, or test, a package, a target and its tests";
        return Err(format!("check: {check:?}; expected {expected}"));
    }
    let killed_by = take("killed by").split(',').map(|name| name.trim().to_string()).collect();
    Ok(Patch { path: path.to_path_buf(), name, check, killed_by })
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
    match KEYS.into_iter().find(|key| header.get(key).is_none_or(String::is_empty)) {
        Some(missing) => Err(format!("{missing}: missing from the header; see {}", super::FOLDER)),
        None => Ok(header),
    }
}
