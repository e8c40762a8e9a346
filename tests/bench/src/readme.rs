//! The text of `models/README.md`: what each named model is for, how far it goes, and what it costs.
//!
//! All of it but the introduction and the measured costs follows from the models themselves and from their
//! recorded counts. So the text can be written anew from these and from the costs that it holds already, and
//! a text that this would change is out of date. Costs are rounded, and no text says when it was written.

use crate::checker::differing_flags;
use quorate_models::{Bounds, Counts, Mode, NAMED, Named};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The line between the introduction, which is written by hand, and the rest.
pub(crate) const MARKER: &str =
    "<!-- What follows is written by `cargo xtask models`; edit models/named/list.rs instead. -->";
/// What stands where a cost was never measured.
const NOT_MEASURED: &str = "not measured";
/// What stands for a depth where none is looked for.
const NO_DEPTH: &str = "-";
/// Seconds below which a search is too short to be timed.
const SHORTEST: f64 = 0.1;
/// Mebibytes below which a process holds little else than what every process holds.
const SMALLEST: f64 = 64.0;

/// What a model costs, as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cost {
    depth: String,
    time: String,
    memory: String,
}

/// The costs of models, by name.
pub(crate) type Costs = BTreeMap<String, Cost>;

impl Cost {
    /// A measured cost: the distance of the farthest state if it is known, seconds, and bytes.
    pub(crate) fn new(depth: Option<u64>, seconds: f64, bytes: u64) -> Cost {
        let at_least = |value: f64, least: f64| {
            if value < least { format!("< {least}") } else { two_digits(value) }
        };
        let mebibytes = bytes as f64 / 1_048_576.0;
        Cost {
            depth: depth.map_or_else(|| NO_DEPTH.to_owned(), grouped),
            time: format!("{} s", at_least(seconds, SHORTEST)),
            memory: format!("{} MiB", at_least(mebibytes, SMALLEST)),
        }
    }

    /// Reads a cost from the cells of a row, if that is what they hold.
    fn parse(depth: &str, time: &str, memory: &str) -> Option<Cost> {
        let is_number = |text: &str| {
            let digits = text.trim_start_matches("< ").replace(',', "");
            digits.parse::<f64>().is_ok_and(f64::is_finite)
        };
        let is_depth = depth == NO_DEPTH || is_number(depth);
        let is_time = time.strip_suffix(" s").is_some_and(is_number);
        let is_memory = memory.strip_suffix(" MiB").is_some_and(is_number);
        let cost = || Cost { depth: depth.into(), time: time.into(), memory: memory.into() };
        (is_depth && is_time && is_memory).then(cost)
    }
}

/// The introduction of a text, with the marker that ends it.
///
/// # Errors
/// When there is no marker.
pub(crate) fn introduction(text: &str) -> Result<&str, String> {
    let end = text.find(MARKER).map(|start| start + MARKER.len());
    let missing =
        || format!("models/README.md: no line {MARKER:?}; expected it to end the introduction");
    Ok(&text[..end.ok_or_else(missing)?])
}

/// The costs that a text holds, of models whose counts are still those of the text.
pub(crate) fn costs(text: &str) -> Costs {
    text.lines().filter_map(cost_in).collect()
}

fn cost_in(line: &str) -> Option<(String, Cost)> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let ["", name, distinct, generated, depth, time, memory, ""] = cells[..] else { return None };
    let named = NAMED.iter().find(|named| link(named.name) == name)?;
    let counts = recorded(named)?;
    let is_current = [distinct, generated] == [counts.distinct, counts.generated].map(grouped);
    let cost = Cost::parse(depth, time, memory).filter(|_| is_current)?;
    Some((named.name.to_owned(), cost))
}

/// The text with this introduction and these costs.
pub(crate) fn render(introduction: &str, costs: &Costs) -> String {
    let mut out = format!("{introduction}\n\n## Counts and costs\n\n");
    out.push_str("| model | distinct | generated | depth | time | memory |\n");
    out.push_str("|---|---|---|---|---|---|\n");
    for named in NAMED {
        out.push_str(&row(named, costs.get(named.name)));
    }
    let least = Bounds::LEAST.in_words();
    let _ = write!(
        out,
        "\n## What each is for\n\nBeside its bounds in words, each model lists the flags by which they differ \
         from the least:\n{least}.\n"
    );
    for named in NAMED {
        out.push_str(&section(named));
    }
    out
}

/// One row of the table.
fn row(named: &Named, cost: Option<&Cost>) -> String {
    let [distinct, generated] = recorded(named).map_or_else(
        || ["not recorded".to_owned(), "not recorded".to_owned()],
        |counts| [counts.distinct, counts.generated].map(grouped),
    );
    let [depth, time, memory] =
        cost.map_or([NOT_MEASURED; 3], |cost| [&*cost.depth, &*cost.time, &*cost.memory]);
    let link = link(named.name);
    format!("| {link} | {distinct} | {generated} | {depth} | {time} | {memory} |\n")
}

/// What is said about one model.
fn section(named: &Named) -> String {
    let Named { name, purpose, bounds, required } = named;
    let flags = differing_flags(bounds, &Bounds::LEAST);
    let flags = if flags.is_empty() { "none".into() } else { format!("`{}`", flags.join(" ")) };
    let required = required.iter().map(|witness| format!("`{witness}`")).collect::<Vec<_>>();
    let mode = bounds.mode(Mode::Fast);
    let modes = match (bounds.why_plain(), mode, named.recorded(Mode::Plain), recorded(named)) {
        (Some(why), ..) => format!("plain alone, because {why}"),
        (None, Mode::Fast, Some(plain), Some(fast)) => format!(
            "fast; in plain mode it has {} distinct and {} generated states, {} times as many distinct ones",
            grouped(plain.distinct),
            grouped(plain.generated),
            two_digits(plain.distinct as f64 / fast.distinct.max(1) as f64),
        ),
        _ => "fast; plain mode has not been run to its end".to_owned(),
    };
    format!(
        "\n### {name}\n\n`quorate check {name}`: {purpose}.\n\n\
         - **Explores** {}.\n- **Flags**: {flags}\n- **Must reach**: {}\n- **Mode**: {modes}\n",
        bounds.in_words(),
        required.join(", "),
    )
}

/// The name of a model as a link to what is said about it.
fn link(name: &str) -> String {
    format!("[{name}](#{name})")
}

/// The counts recorded for a model, in the mode in which it is checked.
pub(crate) fn recorded(named: &Named) -> Option<Counts> {
    named.recorded(named.bounds.mode(Mode::Fast))
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of at least 0.001, rounded to two significant digits.
fn two_digits(number: f64) -> String {
    let rounded: f64 = format!("{number:.1e}").parse().unwrap_or(number);
    if rounded >= 10.0 {
        return grouped(rounded as u64);
    }
    let decimals = if rounded >= 1.0 {
        1
    } else if rounded >= 0.1 {
        2
    } else {
        3
    };
    format!("{rounded:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{Cost, Costs, MARKER, costs, introduction, render, row, two_digits};
    use quorate_models::{Bounds, NAMED, Named};

    /// The command that writes the text.
    const COMMAND: &str = "cargo xtask models";

    const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/README.md");

    #[test]
    fn the_readme_of_the_models_is_what_the_models_say() {
        let text = std::fs::read_to_string(README).expect("models/README.md is in the tree");
        let introduction = introduction(&text).expect("its introduction ends with the marker");
        let measured = costs(&text);
        let unmeasured = NAMED.iter().map(|named| named.name);
        let unmeasured: Vec<&str> =
            unmeasured.filter(|name| !measured.contains_key(*name)).collect();
        let names = unmeasured.join(" ");
        assert!(names.is_empty(), "models/README.md: not measured: {names}; run {COMMAND} {names}");
        let now = render(introduction, &measured);
        let (old, new): (Vec<&str>, Vec<&str>) = (text.lines().collect(), now.lines().collect());
        let differs = |line: &usize| old.get(*line) != new.get(*line);
        let difference = (0..old.len().max(new.len())).find(differs);
        if let Some(line) = difference {
            let [old, new] = [old, new].map(|lines| lines.get(line).copied().unwrap_or_default());
            let line = line + 1;
            panic!("models/README.md:{line}: {old:?}\nexpected {new:?}; run {COMMAND} smoke");
        }
    }

    fn all_measured() -> Costs {
        let cost =
            |named: &Named| (named.name.to_owned(), Cost::new(Some(1_234), 1.23, 4_567 << 20));
        NAMED.iter().map(cost).collect()
    }

    #[test]
    fn costs_are_read_from_the_text_that_holds_them() {
        let text = render(MARKER, &all_measured());
        assert_eq!(costs(&text), all_measured());
        assert_eq!(render(introduction(&text).expect("it has one"), &costs(&text)), text);
        assert!(introduction("# Models\n").is_err());
    }

    #[test]
    fn a_cost_is_out_of_date_with_its_counts_and_nothing_else_is_a_cost() {
        let cost = Cost::new(None, 1.0, 1 << 20);
        let row = row(&NAMED[0], Some(&cost));
        assert_eq!(costs(&row).len(), 1);
        let distinct = super::grouped(super::recorded(&NAMED[0]).expect("recorded").distinct);
        assert!(costs(&row.replacen(&distinct, "1", 1)).is_empty());
        for (from, to) in [("1.0 s", "soon"), ("< 64 MiB", "not measured"), ("| - |", "| deep |")] {
            assert!(row.contains(from) && costs(&row.replace(from, to)).is_empty(), "{row}");
        }
    }

    #[test]
    fn a_model_without_counts_or_costs_says_so() {
        let new = Named { name: "new", bounds: Bounds::LEAST, ..NAMED[0] };
        let expected = "| [new](#new) | not recorded | not recorded | not measured | not measured \
                        | not measured |\n";
        assert_eq!(row(&new, None), expected);
        assert!(super::section(&new).contains("plain mode has not been run to its end"));
    }

    #[test]
    fn numbers_have_two_significant_digits_however_often_they_are_rounded() {
        let cases = [
            (0.0123, "0.012"),
            (0.104, "0.10"),
            (0.996, "1.0"),
            (9.94, "9.9"),
            (9.96, "10"),
            (64.777, "65"),
            (1_249.0, "1,200"),
        ];
        for (number, expected) in cases {
            let text = two_digits(number);
            assert_eq!(text, expected);
            let again: f64 = text.replace(',', "").parse().expect("a number");
            assert_eq!(two_digits(again), expected);
        }
        assert_eq!(
            Cost::new(Some(7), 0.02, 1 << 20),
            Cost { depth: "7".into(), time: "< 0.1 s".into(), memory: "< 64 MiB".into() }
        );
    }
}
