//! Counterexamples: the finite structure that a solver found, in words.
//!
//! A solver names elements as it likes and writes relations as programs. Here those programs are run for all elements,
//! and elements get names that can be read: the first letter of their sort and a number, in the order that a static
//! relation puts them in if there is one.

use crate::ast::{Description, Sort, Symbol};
use crate::queries::{About, GOAL, Query};
use crate::reader::{Kind, Node};
use crate::solver;
use std::collections::BTreeMap;

/// A finite structure: everything that is true in a state, or in a state and the one after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Structure {
    /// The elements of each sort, in the order of the description.
    pub elements: Vec<(String, Vec<String>)>,
    /// The values of all symbols; those of the state after a step have a prime.
    pub tables: BTreeMap<String, Table>,
    /// The parameters of the action, and the elements of which the claim does not hold.
    pub constants: BTreeMap<String, String>,
}

/// The values of a symbol: its arguments, and its value, `true` or `false` if it is a relation.
pub type Table = Vec<(Vec<String>, String)>;

/// What is defined in an answer: a name, its parameters, and the program that computes it.
type Programs<'a> = BTreeMap<&'a str, (Vec<&'a str>, &'a Node)>;

/// The most cells a table may have. A structure with more is of no use to a reader.
const MOST_CELLS: usize = 200_000;

/// Reads the structure in what a solver said; nothing if it cannot be understood.
pub fn structure(description: &Description, said: &str) -> Option<Structure> {
    let lists = solver::model(said)?;
    let mut programs = Programs::new();
    for list in &lists {
        let [head, name, parameters, _, body] = list.items()? else { continue };
        if head.word() == Some("define-fun") {
            let parameters = parameters.items()?.iter().map(Node::head);
            programs.insert(name.word()?, (parameters.collect::<Option<_>>()?, body));
        }
    }
    let mut found = BTreeMap::new();
    for sort in &description.sorts {
        let elements = elements_of(&sort.name, said, &lists);
        found.insert(sort.name.clone(), elements);
    }
    let mut raw =
        Structure { elements: Vec::new(), tables: BTreeMap::new(), constants: BTreeMap::new() };
    for symbol in &description.symbols {
        let after = format!("{}'", symbol.name);
        for name in [symbol.name.clone(), after] {
            if let Some(program) = programs.get(name.as_str()) {
                let table = tabulate(symbol, program, &programs, &found)?;
                raw.tables.insert(name, table);
            }
        }
    }
    for (name, (parameters, body)) in &programs {
        if parameters.is_empty() && description.symbol(name.trim_end_matches('\'')).is_none() {
            let value = run(body, &BTreeMap::new(), &programs, 0)?;
            raw.constants.insert((*name).to_owned(), value);
        }
    }
    raw.elements = description
        .sorts
        .iter()
        .map(|sort| (sort.name.clone(), found.remove(&sort.name).unwrap_or_default()))
        .collect();
    Some(raw.with_readable_names(description))
}

/// The elements of a sort: z3 declares them, cvc5 names them in comments.
fn elements_of(sort: &str, said: &str, lists: &[Node]) -> Vec<String> {
    let declared = lists.iter().filter_map(|list| match list.items()? {
        [head, name, _, of] if head.word() == Some("declare-fun") && of.word() == Some(sort) => {
            name.word().map(str::to_owned)
        }
        _ => None,
    });
    let commented = said.lines().filter_map(|line| {
        let element = line.trim().strip_prefix("; rep: ")?;
        let (name, of) = element.trim_matches(['(', ')']).strip_prefix("as ")?.split_once(' ')?;
        (of == sort).then(|| name.trim_matches('|').to_owned())
    });
    declared.chain(commented).collect()
}

/// The values of a symbol for all elements.
fn tabulate(
    symbol: &Symbol,
    (parameters, body): &(Vec<&str>, &Node),
    programs: &Programs<'_>,
    elements: &BTreeMap<String, Vec<String>>,
) -> Option<Table> {
    if parameters.len() != symbol.arguments.len() {
        return None;
    }
    let mut rows: Vec<Vec<String>> = vec![Vec::new()];
    for sort in &symbol.arguments {
        let choices = match sort {
            Sort::Bool => vec!["false".to_owned(), "true".to_owned()],
            Sort::Named(name) => elements.get(name)?.clone(),
        };
        if rows.len() * choices.len() > MOST_CELLS {
            return None;
        }
        let longer = |row: Vec<String>| {
            choices
                .iter()
                .map(move |choice| [row.clone(), vec![choice.clone()]].concat())
                .collect::<Vec<_>>()
        };
        rows = rows.into_iter().flat_map(longer).collect();
    }
    let value = |row: Vec<String>| {
        let variables = parameters.iter().copied().zip(row.iter().cloned()).collect();
        let value = run(body, &variables, programs, 0)?;
        Some((row, value))
    };
    rows.into_iter().map(value).collect()
}

/// Runs a program of a solver. Functions may call others, but not for ever.
fn run(
    program: &Node,
    variables: &BTreeMap<&str, String>,
    programs: &Programs<'_>,
    depth: usize,
) -> Option<String> {
    const DEEPEST_CALL: usize = 50;
    let truth = |value: bool| Some(value.to_string());
    let one = |part: &Node| run(part, variables, programs, depth);
    let items = match &program.kind {
        Kind::Text(_) => return None,
        Kind::List(items) => items.as_slice(),
        Kind::Word(word) => {
            if let Some(value) = variables.get(word.as_str()) {
                return Some(value.clone());
            }
            return match programs.get(word.as_str()) {
                Some((_, body)) if depth < DEEPEST_CALL => {
                    run(body, &BTreeMap::new(), programs, depth + 1)
                }
                Some(_) => None,
                None => Some(word.clone()),
            };
        }
    };
    match (items.first()?.word()?, &items[1..]) {
        ("as", [element, _]) => element.word().map(str::to_owned),
        ("not", [part]) => truth(one(part)? != "true"),
        ("=", [a, b]) => truth(one(a)? == one(b)?),
        ("=>", [a, b]) => truth(one(a)? != "true" || one(b)? == "true"),
        ("ite", [condition, yes, no]) => one(if one(condition)? == "true" { yes } else { no }),
        (word @ ("and" | "or"), parts) => {
            for part in parts {
                if (one(part)? == "true") == (word == "or") {
                    return truth(word == "or");
                }
            }
            truth(word == "and")
        }
        ("let", [bindings, body]) => {
            let mut inside = variables.clone();
            for binding in bindings.items()? {
                let [name, value] = binding.items()? else { return None };
                inside.insert(name.word()?, one(value)?);
            }
            run(body, &inside, programs, depth)
        }
        (name, arguments) if depth < DEEPEST_CALL => {
            let (parameters, body) = programs.get(name)?;
            let values = arguments.iter().map(one).collect::<Option<Vec<_>>>()?;
            let inside = parameters.iter().copied().zip(values).collect();
            run(body, &inside, programs, depth + 1)
        }
        _ => None,
    }
}

impl Structure {
    /// The rows in which a relation holds.
    fn rows(&self, name: &str) -> Vec<&[String]> {
        let table = self.tables.get(name).map(Vec::as_slice).unwrap_or_default();
        table.iter().filter(|(_, value)| value == "true").map(|(row, _)| row.as_slice()).collect()
    }

    /// Puts the elements of each sort in order and gives them names.
    fn with_readable_names(self, description: &Description) -> Structure {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut elements = Vec::new();
        for (sort, raw) in &self.elements {
            let of_sort = Sort::Named(sort.clone());
            let order = description.symbols.iter().find(|symbol| is_order(symbol, &of_sort));
            let mut ordered = raw.clone();
            if let Some(order) = order {
                let pairs = self.rows(&order.name);
                let before = |a: &String| pairs.iter().filter(|pair| pair[1] == *a).count();
                ordered.sort_by_key(before);
            }
            // A constant names the first.
            let is_first =
                |symbol: &Symbol| symbol.arguments.is_empty() && symbol.result == of_sort;
            let from = usize::from(!description.symbols.iter().any(is_first));
            let letter = sort.chars().next().unwrap_or('x');
            let readable: Vec<String> =
                (from..).take(ordered.len()).map(|number| format!("{letter}{number}")).collect();
            names.extend(ordered.into_iter().zip(readable.iter().cloned()));
            elements.push((sort.clone(), readable));
        }
        let name = |raw: &String| names.get(raw).unwrap_or(raw).clone();
        let rename = |table: &Table| -> Table {
            let mut rows: Table = table
                .iter()
                .map(|(row, value)| (row.iter().map(name).collect(), name(value)))
                .collect();
            rows.sort();
            rows
        };
        Structure {
            elements,
            tables: self
                .tables
                .iter()
                .map(|(symbol, table)| (symbol.clone(), rename(table)))
                .collect(),
            constants: self
                .constants
                .iter()
                .map(|(known, raw)| (known.clone(), name(raw)))
                .collect(),
        }
    }

    /// Prints the structure as the counterexample to a query: a label and what it says, line by line.
    pub fn render(&self, description: &Description, query: &Query) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        for (sort, elements) in &self.elements {
            out.push((sort.clone(), elements.join(" ")));
        }
        out.extend(self.facts(description));
        if let About::Step { action, .. } = &query.about {
            let parameters = description.action(action).map(|known| known.parameters.as_slice());
            let names = parameters.unwrap_or_default().iter().map(|known| &known.name);
            let assigned = self.assigned(names.map(|name| (name.clone(), name.clone())));
            out.push(("then".to_owned(), format!("{action} with {assigned}")));
            out.extend(self.changes(description));
        }
        if let Some(claim) = query.claim() {
            let reading = description.claim(claim).map(|known| known.reading.as_str());
            out.push(("violates".to_owned(), format!("{claim}: {}", reading.unwrap_or_default())));
            let goal = self.constants.keys().filter_map(|known| known.strip_prefix(GOAL));
            let assigned =
                self.assigned(goal.map(|name| (name.to_owned(), format!("{GOAL}{name}"))));
            out.push(("for".to_owned(), assigned));
        }
        out
    }

    /// What constants are, by the name that each is to have: `n = n1, t = t2`.
    fn assigned(&self, names: impl Iterator<Item = (String, String)>) -> String {
        let one = |(name, constant): (String, String)| {
            let value = self.constants.get(&constant).map_or("anything", String::as_str);
            format!("{name} = {value}")
        };
        names.map(one).collect::<Vec<_>>().join(", ")
    }

    /// Whether the value of a symbol tells anything: a function does if there are two values it could have.
    fn tells(&self, symbol: &Symbol) -> bool {
        match &symbol.result {
            Sort::Bool => true,
            Sort::Named(name) => {
                self.elements.iter().any(|(sort, elements)| sort == name && elements.len() > 1)
            }
        }
    }

    /// What is true in the state, or in the one before the step.
    fn facts(&self, description: &Description) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for symbol in &description.symbols {
            let is_order = matches!(symbol.arguments.first(), Some(sort) if is_order(symbol, sort));
            let is_constant = symbol.arguments.is_empty();
            let Some(table) = self.tables.get(&symbol.name).filter(|_| !is_order && !is_constant)
            else {
                continue;
            };
            let rows: Vec<String> = table.iter().filter_map(fact).collect();
            if !rows.is_empty() && self.tells(symbol) {
                out.push((symbol.name.clone(), rows.join(", ")));
            }
        }
        out
    }

    /// What a step changes: what becomes true, and what no longer is.
    fn changes(&self, description: &Description) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for symbol in description.symbols.iter().filter(|symbol| symbol.is_state) {
            let after = format!("{}'", symbol.name);
            let (Some(old), Some(new)) = (self.tables.get(&symbol.name), self.tables.get(&after))
            else {
                continue;
            };
            let old: Vec<String> = old.iter().filter_map(fact).collect();
            let new: Vec<String> = new.iter().filter_map(fact).collect();
            let gained =
                new.iter().filter(|fact| !old.contains(fact)).map(|fact| format!("+ {fact}"));
            let lost =
                old.iter().filter(|fact| !new.contains(fact)).map(|fact| format!("- {fact}"));
            let changes: Vec<String> = lost.chain(gained).collect();
            if !changes.is_empty() && self.tells(symbol) {
                out.push((after, changes.join(", ")));
            }
        }
        out
    }
}

/// A row as a fact; nothing if it says that a relation does not hold.
fn fact((row, value): &(Vec<String>, String)) -> Option<String> {
    match value.as_str() {
        "false" => None,
        "true" => Some(row.join(" ")),
        value => Some(format!("{} -> {value}", row.join(" "))),
    }
}

/// Whether a symbol compares two elements of this sort, the same in all states.
fn is_order(symbol: &Symbol, sort: &Sort) -> bool {
    !symbol.is_state
        && symbol.result == Sort::Bool
        && matches!(symbol.arguments.as_slice(), [a, b] if a == sort && b == sort)
}
