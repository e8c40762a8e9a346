//! Tidy: the rules of the house, as tests.
//!
//! What a reviewer would have to look for in every change is looked for here: who may use whom, what the
//! protocol core must not know, how long files and functions get, citations that resolve. Each rule is a
//! function from text to complaints, and is itself tested on a small bad sample, so that no rule here can
//! stop finding anything unnoticed. A complaint names the place and what to do.

mod actions;
mod citations;
mod imports;
mod layout;
mod manifest;
mod names_coq;
mod names_epr;
mod purity;
mod sizes;
mod source;
mod threads;
mod words;

use source::Workspace;

/// Fails with all complaints at once.
fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn crates_use_only_what_the_import_table_allows() {
    let workspace = Workspace::read();
    let mut complaints = imports::check_members(&workspace.manifests);
    for file in &workspace.rust {
        complaints.extend(imports::check_uses(&workspace.manifests, file));
    }
    expect_none(&complaints);
}

#[test]
fn the_core_is_pure() {
    let workspace = Workspace::read();
    let core: Vec<_> = workspace.rust.iter().filter(|f| f.path.starts_with("src/core/")).collect();
    let mut complaints: Vec<String> = core.iter().flat_map(|file| purity::check(file)).collect();
    match core.iter().find(|file| file.path == "src/core/lib.rs") {
        Some(root) => complaints.extend(purity::check_root(root)),
        None => complaints.push("src/core/lib.rs: missing; the protocol core lives there".into()),
    }
    expect_none(&complaints);
}

#[test]
fn no_unsafe_code_and_no_unfinished_code_anywhere() {
    let workspace = Workspace::read();
    let mut complaints = manifest::check_unsafe_is_forbidden(&workspace.manifests);
    complaints.extend(workspace.rust.iter().flat_map(words::check));
    expect_none(&complaints);
}

#[test]
fn the_runtime_takes_threads_and_locks_from_one_place() {
    let workspace = Workspace::read();
    assert!(workspace.rust.iter().any(|file| file.path == "src/runtime/sync.rs"));
    expect_none(&workspace.rust.iter().flat_map(threads::check).collect::<Vec<_>>());
}

#[test]
fn files_and_functions_stay_short() {
    let workspace = Workspace::read();
    expect_none(&workspace.rust.iter().flat_map(sizes::check).collect::<Vec<_>>());
}

#[test]
fn every_citation_resolves() {
    let workspace = Workspace::read();
    let keys = citations::keys(&workspace.bibliography);
    assert!(keys.contains("Ongaro14"), "BIBLIOGRAPHY.md defines no [Ongaro14]");
    expect_none(
        &workspace.prose.iter().flat_map(|f| citations::check(&keys, f)).collect::<Vec<_>>(),
    );
}

#[test]
fn every_module_says_why_it_exists() {
    let workspace = Workspace::read();
    expect_none(&workspace.rust.iter().filter_map(layout::check_module_docs).collect::<Vec<_>>());
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let names = source::top_level();
    expect_none(&names.iter().filter_map(|name| layout::check_entry(name)).collect::<Vec<_>>());
}

#[test]
fn ci_builds_with_the_version_that_the_manifest_promises() {
    let workspace = Workspace::read();
    let root = source::read_file("Cargo.toml");
    let promised = manifest::Manifest::parse("Cargo.toml", &root);
    let workflow = source::read_file(".github/workflows/ci.yml");
    assert!(!workspace.manifests.is_empty());
    expect_none(&layout::check_toolchain(&promised, &workflow).into_iter().collect::<Vec<_>>());
}

#[test]
fn abstract_actions_have_one_name_each() {
    let workspace = Workspace::read();
    expect_none(&actions::check_declaration(&source::read_file("src/core/action.rs")));
    for (place, text) in workspace.texts_about_actions() {
        expect_none(&actions::check_mentions(&place, &text));
    }
}

#[test]
fn the_proofs_in_coq_speak_of_the_same_and_believe_nothing() {
    let sources = source::files_with(".v");
    assert!(sources.iter().any(|file| file.path == names_coq::PROTOCOL));
    let mut complaints: Vec<String> = sources.iter().flat_map(names_coq::check_source).collect();
    let protocol = source::read_file(names_coq::PROTOCOL);
    complaints.extend(names_coq::check_actions(&protocol));
    let theorems = source::read_file(names_coq::THEOREMS);
    complaints.extend(names_coq::check_theorems(&protocol, &theorems));
    expect_none(&complaints);
}

#[test]
fn what_the_solvers_prove_speaks_of_the_same() {
    let description = names_epr::description();
    let mut complaints = names_epr::check(&description);
    let invariant = source::read_file(names_epr::INVARIANT);
    complaints.extend(names_epr::check_invariant(&description, &invariant));
    expect_none(&complaints);
}
