//! The copy of the source tree on which mutations are tried.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The source tree and its copy.
pub(crate) struct Tree {
    source: PathBuf,
    copy: PathBuf,
}

impl Tree {
    /// A copy at `copy` of the tree at `source`. Nothing is written yet.
    pub(crate) fn new(source: PathBuf, copy: PathBuf) -> Tree {
        Tree { source, copy }
    }

    /// Where the copy is.
    pub(crate) fn path(&self) -> &Path {
        &self.copy
    }

    /// Makes the copy equal to the source. Files that already are equal are left alone, so that cargo
    /// does not take them for changed.
    ///
    /// # Errors
    /// Which file could not be read or written.
    pub(crate) fn restore(&self) -> Result<(), String> {
        let files = source_files(&self.source);
        let files = files.map_err(|error| format!("{}: {error}", self.source.display()))?;
        for file in &files {
            let (from, to) = (self.source.join(file), self.copy.join(file));
            copy_if_changed(&from, &to).map_err(|error| format!("{}: {error}", to.display()))?;
        }
        let found =
            walk(&self.copy).map_err(|error| format!("{}: {error}", self.copy.display()))?;
        for file in found.difference(&files) {
            let path = self.copy.join(file);
            fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }

    /// Applies a patch to the copy.
    ///
    /// # Errors
    /// Why it does not apply.
    pub(crate) fn apply(&self, patch: &Path) -> Result<(), String> {
        git_apply(&self.copy, patch, &[])
    }
}

/// Runs `git apply` on the tree at `root`, whether or not that is part of a repository.
///
/// # Errors
/// Why the patch does not apply.
pub(crate) fn git_apply(root: &Path, patch: &Path, flags: &[&str]) -> Result<(), String> {
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let mut git = Command::new("git");
    git.arg("apply").args(flags).arg(patch).current_dir(&root);
    // Inside a repository git takes paths from that repository's root, and skips the others silently.
    git.env("GIT_CEILING_DIRECTORIES", root.parent().unwrap_or(&root));
    let output = git.output().map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(format!("the patch does not apply; adjust it to the code: {why}"))
}

/// The files of the source tree: what git tracks or would track, or without git everything but build
/// output.
fn source_files(root: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let listing = git.output().ok().filter(|output| output.status.success());
    let Some(listing) = listing else { return walk(root) };
    let names = String::from_utf8_lossy(&listing.stdout).into_owned();
    // A tracked file may have been deleted.
    let files = names.split('\0').filter(|n| !n.is_empty() && root.join(n).is_file());
    let files: BTreeSet<PathBuf> = files.map(PathBuf::from).collect();
    // A tree that is not itself tracked, inside some other repository, lists as empty.
    if files.is_empty() { walk(root) } else { Ok(files) }
}

/// Every file below a folder, relative to it, except build output and repositories.
fn walk(root: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                files.insert(path);
            } else if !is_skipped(&path) {
                folders.push(path);
            }
        }
    }
    Ok(files)
}

fn is_skipped(folder: &Path) -> bool {
    matches!(folder.components().next_back(), Some(Component::Normal(name))
        if name == "target" || name == ".git")
}

fn copy_if_changed(from: &Path, to: &Path) -> io::Result<()> {
    let content = fs::read(from)?;
    if fs::read(to).is_ok_and(|existing| existing == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, content)
}
