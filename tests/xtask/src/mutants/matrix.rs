//! The kill matrix: which mutation was found, by which property, after how much work.
//!
//! Each mutation is checked twice: with every property, and with those alone that say what the protocol is for. The
//! second tells what harm the mistake does in the end; the first how much sooner the local properties see it. The
//! same lines are printed and written into the page beside the patches.

use super::patch::{Expected, Patch};
use super::verdict::Kill;
use std::path::Path;

/// What came of one check of a mutation, as it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was found.
    Killed(Kill),
    /// It was not found and must not be, among so many states.
    Nothing(Option<u64>),
}

/// What came of a mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// With every property.
    pub(crate) all: Found,
    /// With those alone that speak end to end, unless tests find it.
    pub(crate) end_to_end: Option<Found>,
}

impl Outcome {
    /// What came of it, in words.
    pub(crate) fn in_words(&self) -> String {
        let words = |found: &Found| match found {
            Found::Killed(kill) => format!("killed by {}", kill.property),
            Found::Nothing(_) => "not killed, as it says".to_string(),
        };
        let end_to_end = self.end_to_end.as_ref().map(words);
        let end_to_end = end_to_end.map(|words| format!(", end to end {words}"));
        words(&self.all) + &end_to_end.unwrap_or_default()
    }
}

/// Where the lines of the matrix begin and end in the page.
const MARKS: [&str; 2] = ["<!-- matrix -->\n", "<!-- end of matrix -->"];

/// The columns.
const HEADER: [&str; 10] = [
    "catalogue",
    "mutation",
    "seen in",
    "check",
    "property",
    "states",
    "length",
    "end to end",
    "states",
    "length",
];

/// In the place of the property: the mutation is not found as its header says.
const NOT_KILLED: &str = "NOT KILLED";

/// In the place of the property: the mutation was not tried since its header was written.
const NOT_RUN: &str = "not run";

fn number(number: Option<u64>) -> String {
    number.map_or("-".to_string(), |number| number.to_string())
}

/// The three cells for one check.
fn cells(found: Option<&Found>, nothing: &str) -> [String; 3] {
    match found {
        Some(Found::Killed(kill)) => {
            [kill.property.clone(), number(kill.states), number(kill.length)]
        }
        Some(Found::Nothing(states)) => [nothing.to_string(), number(*states), "-".to_string()],
        None => ["-", "-", "-"].map(String::from),
    }
}

/// The row of one mutation; nothing for one that was not found as it must be.
fn row(patch: &Patch, outcome: Option<&Outcome>) -> [String; 10] {
    let nothing = match &patch.expected {
        Expected::Killed(_) => "none",
        Expected::Equivalent(_) => "EQUIVALENT",
    };
    let [property, states, length] = match outcome {
        Some(outcome) => cells(Some(&outcome.all), nothing),
        None => [NOT_KILLED, "-", "-"].map(String::from),
    };
    let [harm, harm_states, harm_length] =
        cells(outcome.and_then(|outcome| outcome.end_to_end.as_ref()), "none");
    let check = patch.check.join(" ");
    let check = check.strip_prefix("check ").unwrap_or(&check).to_string();
    let (catalogue, name, seen_in) =
        (patch.catalogue.clone(), patch.name.clone(), patch.seen_in.clone());
    [catalogue, name, seen_in, check, property, states, length, harm, harm_states, harm_length]
}

/// The table as it is printed: without the sources, which are long.
pub(crate) fn printed(rows: &[(&Patch, Option<Outcome>)]) -> String {
    let columns = [1, 3, 4, 5, 6, 7, 8, 9];
    let header = HEADER.map(String::from);
    let rows = rows.iter().map(|(patch, outcome)| row(patch, outcome.as_ref()));
    let table: Vec<[String; 10]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| table.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let line = |row: &[String; 10]| {
        let cells = columns.iter().map(|column| format!("{:<1$}", row[*column], width(*column)));
        cells.collect::<Vec<String>>().join("  ").trim_end().to_string()
    };
    table.iter().map(line).collect::<Vec<String>>().join("\n")
}

/// The page with these rows in its table. Rows of other mutations stay as they were, unless the header says something
/// else by now: then the row says that this was not run.
///
/// # Errors
/// When the page does not say where the table is.
pub(crate) fn page(
    text: &str,
    rows: &[(&Patch, Option<Outcome>)],
    existing: &[Patch],
) -> Result<String, String> {
    let [begin, end] = MARKS;
    let parts = text.split_once(begin).and_then(|(before, rest)| {
        rest.split_once(end).map(|(table, after)| (before, table, after))
    });
    let Some((before, old, after)) = parts else {
        return Err(format!("expected the lines {:?} and {end:?}", begin.trim_end()));
    };
    let mut table =
        format!("| {} |\n| {} |\n", HEADER.join(" | "), HEADER.map(|_| "---").join(" | "));
    for patch in existing {
        let row = match rows.iter().find(|(tried, _)| tried.name == patch.name) {
            Some((_, outcome)) => written(patch, row(patch, outcome.as_ref())),
            None => match old.lines().find(|row| row.starts_with(&row_begin(patch))) {
                Some(kept) => format!("{kept}\n"),
                None => format!("{}{NOT_RUN} | - | - | - | - | - |\n", row_begin(patch)),
            },
        };
        table.push_str(&row);
    }
    Ok(format!("{before}{begin}{table}{end}{after}"))
}

/// A row as it stands in the page, where names are links and checks are code.
fn written(patch: &Patch, row: [String; 10]) -> String {
    format!("{}{} |\n", row_begin(patch), row[4..].join(" | "))
}

/// The begin of a row in the page: all that the header of the patch says.
fn row_begin(patch: &Patch) -> String {
    let [catalogue, name, seen_in, check, ..] = row(patch, None);
    format!("| {catalogue} | [`{name}`]({name}.patch) | {seen_in} | `{check}` | ")
}

/// Whether the page has a row for every mutation that says what its header says, and that it is as it must be.
///
/// # Errors
/// Which row is missing, wrong or too many.
#[cfg(test)]
pub(crate) fn agrees(text: &str, patches: &[Patch]) -> Result<(), String> {
    let begins: Vec<String> = patches.iter().map(row_begin).collect();
    let rows: Vec<&str> = text.lines().filter(|line| line.contains(".patch) |")).collect();
    for begin in &begins {
        match rows.iter().find(|row| row.starts_with(begin.as_str())) {
            None => return Err(format!("no row begins {begin:?}; run cargo xtask mutants")),
            Some(row) if row.contains(NOT_KILLED) => return Err(format!("not killed: {row:?}")),
            Some(row) if row.contains(NOT_RUN) => {
                return Err(format!("{row:?}; run cargo xtask mutants"));
            }
            Some(_) => {}
        }
    }
    match rows.iter().find(|row| !begins.iter().any(|begin| row.starts_with(begin.as_str()))) {
        Some(row) => Err(format!("no patch belongs to the row {row:?}; run cargo xtask mutants")),
        None => Ok(()),
    }
}

/// Writes the rows of these mutations into the page.
///
/// # Errors
/// When the page cannot be read or written, or has no place for it.
pub(crate) fn write(
    file: &Path,
    rows: &[(&Patch, Option<Outcome>)],
    existing: &[Patch],
) -> Result<(), String> {
    let at = |problem: String| format!("{}: {problem}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| at(error.to_string()))?;
    let text = page(&text, rows, existing).map_err(at)?;
    std::fs::write(file, text).map_err(|error| at(error.to_string()))
}
