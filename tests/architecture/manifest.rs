//! Reading what the rules need of a `Cargo.toml`.
//!
//! Manifests of this project are plain: one key a line, arrays perhaps over several lines. A parser for
//! that is shorter than the list of what a whole TOML library would bring along.

/// A manifest: its sections, and the keys and values in each.
pub(crate) struct Manifest {
    /// Its path from the root of the workspace.
    pub(crate) path: String,
    entries: Vec<Entry>,
}

/// One key of a manifest.
struct Entry {
    section: String,
    key: String,
    value: String,
    line: usize,
}

/// A dependency that a manifest declares.
pub(crate) struct Dependency<'a> {
    /// What is depended on.
    pub(crate) name: &'a str,
    /// On which line.
    pub(crate) line: usize,
    /// Whether only tests and examples use it.
    pub(crate) is_for_tests: bool,
}

impl Manifest {
    /// Reads a manifest.
    pub(crate) fn parse(path: &str, text: &str) -> Manifest {
        let mut entries: Vec<Entry> = Vec::new();
        let mut section = String::new();
        let mut is_open = false;
        for (number, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if is_open {
                if let Some(entry) = entries.last_mut() {
                    entry.value.push_str(line);
                }
            } else if line.starts_with('[') && !line.contains('=') {
                section = line.trim_matches(['[', ']']).to_string();
            } else if let Some((key, value)) = line.split_once('=') {
                let (key, value) = (key.trim().to_string(), value.trim().to_string());
                entries.push(Entry { section: section.clone(), key, value, line: number + 1 });
            }
            let value = entries.last().map(|entry| entry.value.as_str()).unwrap_or_default();
            is_open = value.starts_with('[') && !value.ends_with(']');
        }
        Manifest { path: path.into(), entries }
    }

    /// The value of a key, without quotes.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let entry = self.entries.iter().find(|e| e.section == section && e.key == key)?;
        Some(entry.value.trim_matches('"'))
    }

    /// The name of the package, if there is one.
    pub(crate) fn package(&self) -> Option<&str> {
        self.get("package", "name")
    }

    /// The folder that the manifest is in, with a slash at the end; empty for the root.
    pub(crate) fn folder(&self) -> &str {
        self.path.strip_suffix("Cargo.toml").unwrap_or(&self.path)
    }

    /// Everything that the package depends on.
    pub(crate) fn dependencies(&self) -> Vec<Dependency<'_>> {
        let mut found: Vec<Dependency<'_>> = Vec::new();
        for entry in &self.entries {
            // Also `[target.'cfg(unix)'.dependencies]`, and `[dependencies.name]` for a long one.
            let (section, inner) = match entry.section.split_once("dependencies.") {
                Some((before, name)) => (format!("{before}dependencies"), Some(name)),
                None => (entry.section.clone(), None),
            };
            let last = section.rsplit('.').next().unwrap_or_default();
            let is_dependency =
                ["dependencies", "dev-dependencies", "build-dependencies"].contains(&last);
            if !is_dependency || section.starts_with("workspace") {
                continue;
            }
            let name = inner.unwrap_or_else(|| entry.key.split('.').next().unwrap_or_default());
            if found
                .iter()
                .any(|d| d.name == name && d.is_for_tests == (last == "dev-dependencies"))
            {
                continue;
            }
            let is_for_tests = last == "dev-dependencies";
            found.push(Dependency { name: name.trim_matches('"'), line: entry.line, is_for_tests });
        }
        found
    }
}

/// Every package must forbid unsafe code, by the workspace's lints or by its own.
pub(crate) fn check_unsafe_is_forbidden(manifests: &[Manifest]) -> Vec<String> {
    let root = manifests.iter().find(|manifest| manifest.path == "Cargo.toml");
    let forbids = |manifest: &Manifest, section| {
        manifest.get(section, "unsafe_code").is_some_and(|level| level.contains("forbid"))
    };
    let by_workspace = root.is_some_and(|root| forbids(root, "workspace.lints.rust"));
    let packages = manifests.iter().filter(|manifest| manifest.package().is_some());
    packages
        .filter(|m| !(by_workspace && m.get("lints", "workspace") == Some("true")))
        .filter(|m| !forbids(m, "lints.rust"))
        .map(|m| format!("{}:1: does not forbid unsafe code; add [lints] workspace = true", m.path))
        .collect()
}

#[test]
fn manifests_are_read() {
    let text = "\
[workspace]
members = [
    \"a\", # the first
    \"b\",
]
[workspace.dependencies]
hidden = \"1\"

[package]
name = \"quorate-core\"

[dependencies]
serde.workspace = true
other = { version = \"1\", features = [\"x\"] }

[dev-dependencies]
proptest.workspace = true

[target.'cfg(unix)'.dependencies]
unix = \"1\"

[dependencies.long]
version = \"1\"
optional = true
";
    let manifest = Manifest::parse("src/core/Cargo.toml", text);
    assert_eq!(manifest.package(), Some("quorate-core"));
    assert_eq!(manifest.folder(), "src/core/");
    assert_eq!(manifest.get("workspace", "members"), Some("[\"a\",\"b\",]"));
    let found = manifest.dependencies();
    let names: Vec<_> = found.iter().map(|d| (d.name, d.is_for_tests, d.line)).collect();
    let expected = [
        ("serde", false, 13),
        ("other", false, 14),
        ("proptest", true, 17),
        ("unix", false, 20),
        ("long", false, 23),
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_package_that_does_not_forbid_unsafe_code_is_found() {
    let root = "[workspace.lints.rust]\nunsafe_code = \"forbid\"";
    let with = |root: &str, member: &str| {
        let member = format!("[package]\nname = \"m\"\n{member}");
        let manifests =
            [Manifest::parse("Cargo.toml", root), Manifest::parse("m/Cargo.toml", &member)];
        check_unsafe_is_forbidden(&manifests).len()
    };
    assert_eq!(with(root, "[lints]\nworkspace = true"), 0);
    assert_eq!(with("", "[lints.rust]\nunsafe_code = \"forbid\""), 0);
    assert_eq!(with("", "[lints]\nworkspace = true"), 1);
    assert_eq!(with(root, ""), 1);
    assert_eq!(with(root, "[lints.rust]\nunsafe_code = \"deny\""), 1);
}
