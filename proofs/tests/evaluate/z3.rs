//! The evaluator against z3: the same finite structures, written out for the solver.
//!
//! Sorts become enumerations, and every symbol a function that is given by its cases, so a formula is true or false, and
//! z3 only computes which. It is ignored unless asked for, since it needs the program:
//! `cargo test -p quorate-proofs --test evaluate -- --ignored`.

use crate::agreement::{Judge, Seen};
use crate::walk::{Walk, any_state};
use quorate_proofs::ast::{Action, Claim, Definition, Description, Sort, Symbol, When};
use quorate_proofs::evaluate::{Abstraction, Element, Shape, Universe};
use quorate_proofs::{REPLICATION, parse, smt};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// An element of a sort as z3 knows it.
fn element(sort: &Sort, element: usize) -> String {
    match sort {
        Sort::Bool => (element != 0).to_string(),
        Sort::Named(name) => format!("{name}{element}"),
    }
}

/// The sorts with their elements.
fn sorts(description: &Description, judge: &Judge, shape: &Shape) -> String {
    let mut out = String::new();
    for known in &description.sorts {
        let sort = Sort::Named(known.name.clone());
        let size = shape.size(judge.evaluator.vocabulary().sort(&sort));
        let elements = (0..size).map(|number| format!("({})", element(&sort, number)));
        let elements = elements.collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "(declare-datatypes (({} 0)) (({elements})))", known.name);
    }
    out
}

/// A symbol with its values: those that are not the first element, case by case.
fn symbol(judge: &Judge, number: usize, known: &Symbol, when: When, seen: &Seen) -> String {
    let shape = &seen.shape;
    let tables = if when == When::After { &seen.after } else { &seen.before };
    let size = |sort: &Sort| shape.size(judge.evaluator.vocabulary().sort(sort));
    let parameters = known.arguments.iter().enumerate();
    let parameters = parameters.map(|(at, sort)| format!("(x{at} {})", smt::sort(sort)));
    let parameters = parameters.collect::<Vec<_>>().join(" ");
    let sizes: Vec<usize> = known.arguments.iter().map(size).collect();
    let mut value = element(&known.result, 0);
    for cell in 0..shape.cells(number) {
        let found = usize::from(tables.at(shape, number, cell));
        if found == 0 {
            continue;
        }
        let mut rest = cell;
        let mut fits = String::from("true");
        for (at, (sort, size)) in known.arguments.iter().zip(&sizes).enumerate().rev() {
            let _ = write!(fits, " (= x{at} {})", element(sort, rest % size));
            rest /= size;
        }
        value = format!("(ite (and {fits}) {} {value})", element(&known.result, found));
    }
    let prime = if when == When::After { "'" } else { "" };
    let result = smt::sort(&known.result);
    format!("(define-fun |{}{prime}| ({parameters}) {result} {value})\n", known.name)
}

/// The definitions, of one state twice.
fn definitions(description: &Description) -> String {
    let one = |known: &Definition, when: When| {
        let body = if when == When::After { known.body.after() } else { known.body.clone() };
        let parameters = known.parameters.iter();
        let parameters = parameters.map(|p| format!("({} {})", p.name, smt::sort(&p.sort)));
        let parameters = parameters.collect::<Vec<_>>().join(" ");
        let prime = if when == When::After { "'" } else { "" };
        let body = smt::expression(description, &body);
        format!("(define-fun |{}{prime}| ({parameters}) Bool {body})\n", known.name)
    };
    let mut out = String::new();
    for known in &description.definitions {
        out.push_str(&one(known, When::Now));
        if known.modifies.is_empty() {
            out.push_str(&one(known, When::After));
        }
    }
    out
}

/// Two states for z3.
fn states(judge: &Judge, description: &Description, seen: &Seen) -> String {
    let mut out = sorts(description, judge, &seen.shape);
    for (number, known) in description.symbols.iter().enumerate() {
        out.push_str(&symbol(judge, number, known, When::Now, seen));
        if known.is_state {
            out.push_str(&symbol(judge, number, known, When::After, seen));
        }
    }
    out + &definitions(description)
}

/// The question whether a step is one of an action.
fn step(description: &Description, action: &Action, parameters: &[Element]) -> String {
    let mut out = String::new();
    for (known, value) in action.parameters.iter().zip(parameters) {
        let (sort, value) = (smt::sort(&known.sort), element(&known.sort, usize::from(*value)));
        let _ = writeln!(out, "(define-fun {} () {sort} {value})", known.name);
    }
    let guards = action.guards.iter().map(|guard| guard.formula.clone());
    let parts = guards.chain(action.updates.iter().cloned());
    for part in parts.chain(smt::frame(description, &action.modifies)) {
        out.push_str(&smt::assertion(description, &part));
    }
    out + "(check-sat)\n"
}

/// What z3 answers to questions that are asked one after the other.
fn ask(questions: &[String]) -> Vec<bool> {
    let text = questions.join("(reset)\n");
    let mut z3 = Command::new("z3")
        .arg("-in")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("z3 is there: apt-get install z3");
    let mut input = z3.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = z3.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("z3 reads everything");
    let said = String::from_utf8(output.stdout).expect("it is text");
    let answer = |line: &str| match line {
        "sat" => true,
        "unsat" => false,
        other => panic!("z3 says {other:?}"),
    };
    let answers: Vec<bool> = said.lines().map(answer).collect();
    assert_eq!(answers.len(), questions.len(), "one answer to each question");
    answers
}

#[test]
#[ignore = "needs z3"]
fn z3_allows_the_same_steps() {
    let judge = Judge::of(REPLICATION);
    let description = parse(REPLICATION).expect("it is well formed");
    let mut random = fastrand::Rng::with_seed(4);
    let (mut questions, mut expected) = (Vec::new(), Vec::new());
    let mut count_by_action = vec![0; description.actions.len()];
    for seed in 0..600 {
        let state = any_state(3, &mut random);
        let mut walk = match seed % 2 {
            0 => Walk::new(3, seed),
            _ => Walk { state, ..Walk::new(3, seed) },
        };
        for _ in 0..60 {
            let attempt = walk.attempt();
            let Some(mut seen) = judge.see(&attempt) else { continue };
            let count = &mut count_by_action[seen.action];
            // Fewer of those that nothing but a guard forbids.
            if *count >= 40 || (attempt.result.is_err() && random.u8(..20) > 0) {
                continue;
            }
            *count += 1;
            let symbols = &judge.evaluator.vocabulary().symbols;
            if random.u8(..3) == 0 {
                let symbol = random.usize(..symbols.len());
                let size = seen.shape.size(symbols[symbol].result);
                let cell = random.usize(..seen.shape.cells(symbol));
                if symbols[symbol].is_state {
                    seen.after.put(&seen.shape, symbol, cell, random.usize(..size) as Element);
                }
            }
            let action = &description.actions[seen.action];
            let question = step(&description, action, &seen.parameters);
            questions.push(states(&judge, &description, &seen) + &question);
            expected
                .push(judge.evaluator.step(seen.action, &seen.parameters, seen.states()).is_ok());
        }
    }
    let allowed = expected.iter().filter(|allowed| **allowed).count();
    println!("{} steps, {allowed} allowed, {count_by_action:?}", expected.len());
    assert!(allowed > 100 && expected.len() - allowed > 60, "{allowed} of {}", expected.len());
    assert!(count_by_action.iter().all(|count| *count > 10), "{count_by_action:?}");
    assert_eq!(ask(&questions), expected);
}

#[test]
#[ignore = "needs z3"]
fn z3_finds_the_same_claims_true() {
    let description = parse(REPLICATION).expect("it is well formed");
    let mut random = fastrand::Rng::with_seed(5);
    let (mut questions, mut expected, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..description.claims.len() * 6 {
        let claim: &Claim = &description.claims[round % description.claims.len()];
        let alone = Description { claims: vec![claim.clone()], ..description.clone() };
        let evaluator = quorate_proofs::evaluate::Evaluator::new(&alone).expect("not too large");
        let abstraction = Abstraction::new(evaluator.vocabulary()).expect("the same vocabulary");
        let state = any_state(3, &mut random);
        let universe = Universe::of_state(&state);
        let shape = abstraction.shape(&universe).expect("few elements");
        let tables = abstraction.structure(&shape, &universe, &state).expect("its own elements");
        expected.push(evaluator.claims(&shape, &tables).is_ok());
        names.push(&claim.name);
        let judge = Judge { evaluator, abstraction };
        let (before, after) = (tables.clone(), tables);
        let seen = Seen { action: 0, parameters: Vec::new(), shape, before, after };
        let question = smt::assertion(&description, &claim.formula) + "(check-sat)\n";
        questions.push(states(&judge, &description, &seen) + &question);
    }
    let holding = expected.iter().filter(|holds| **holds).count();
    println!("{} claims, {holding} true", expected.len());
    assert!(holding > 20 && expected.len() - holding > 20);
    for ((name, answer), expected) in names.iter().zip(ask(&questions)).zip(expected) {
        assert_eq!(answer, expected, "{name}");
    }
}
